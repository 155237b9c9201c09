//! Callers that are not Pacemaker.

use fencebox_sim::machine::Power;
use fencebox_sim::{Config, Simulator, relay, xenapi};

use crate::callers::{MACHINE, assert_fenced, cloud, orders};
use crate::support::isolated;
use crate::support::{Outcome, program, run, tree};

/// The cman daemon joins the two outputs. It sends the options of the node, the node's name, and the options of the
/// device: `agent=` and the option names of ten years ago.
fn cman(agent: &str, lines: &str) -> Outcome {
    let mut shell = isolated("/bin/sh");
    shell.args(["-c", "exec \"$0\" 2>&1"]).arg(program(agent));
    run(shell, lines)
}

#[test]
fn cman_switches_off_what_cluster_conf_names() {
    let cloud = cloud();
    let lines = format!(
        "port={MACHINE}\naction=off\nnodename=node1.example\nagent=fence_clc\nlogin=fencer\npasswd=s3cret\n\
         account=ACME\nstonith_status_sleep=0\napi_url={}\n",
        cloud.url()
    );
    assert_fenced(&cloud, &cman("fence_clc", &lines));
}

fn board_lines(board: &Simulator) -> String {
    let port = board.address().port();
    format!("agent=fence_relay\nipaddr=127.0.0.1\nipport={port}\nlogin=fencer\npasswd=s3cret\nstonith_status_sleep=0\n")
}

/// Without an action, the agent reboots. To unfence a node, cman sends the action on.
#[test]
fn cman_reboots_without_an_action_and_unfences_with_on() {
    let board = Simulator::start(relay::config()).unwrap();
    let device = board_lines(&board);
    let reboot = cman("fence_relay", &format!("port=1\nnodename=node1\n{device}"));
    reboot.assert_done("Success: Rebooted\n");
    assert_eq!(board.history("1"), [Power::On, Power::Off, Power::On]);
    let on = cman("fence_relay", &format!("port=2\naction=on\nnodename=node1\n{device}"));
    on.assert_done("Success: Powered ON\n");
    assert_eq!(board.power("2"), Some(Power::On));
    // On a failure, the joined output is one line.
    let none = cman("fence_relay", &format!("port=9\naction=off\nnodename=node1\n{device}"));
    assert_eq!((none.exit, none.stdout.lines().count()), (Some(1), 1), "{none:?}");
}

/// `option` is an old name of `action`. The Python agents no longer support it and reboot; our agents do the same, with
/// a warning that the option is ignored. With `action` in addition, the action is correct.
#[test]
fn cman_gets_a_warning_that_option_is_ignored() {
    let board = Simulator::start(relay::config()).unwrap();
    let device = board_lines(&board);
    let told = "unknown option \"option\"";
    let both = cman(
        "fence_relay",
        &format!("port=1\noption=on\naction=off\nnodename=node1\n{device}"),
    );
    assert_eq!(both.exit, Some(0), "{both:?}");
    assert!(
        both.stdout.contains(told) && both.stdout.ends_with("Success: Powered OFF\n"),
        "{both:?}"
    );
    let alone = cman("fence_relay", &format!("port=3\noption=off\nnodename=node1\n{device}"));
    assert_eq!(alone.exit, Some(0), "{alone:?}");
    assert!(
        alone.stdout.contains(told) && alone.stdout.ends_with("Success: Rebooted\n"),
        "{alone:?}"
    );
    assert_eq!(board.history("1"), [Power::On, Power::Off]);
    assert_eq!(board.history("3"), [Power::On, Power::Off, Power::On]);
}

/// Proxmox passes a line of options to a shell. One-letter options are separated from their value by a space, and the
/// agent is called by its path.
fn proxmox(agent: &str, options: &[(&str, &str)]) -> Outcome {
    let mut line = agent.to_owned();
    for (name, value) in options {
        line += &match (name.len(), *value) {
            (1, "") => format!(" -{name}"),
            (1, value) => format!(" -{name} '{value}'"),
            (_, "") => format!(" --{name}"),
            (_, value) => format!(" --{name}='{value}'"),
        };
    }
    let mut shell = isolated("/bin/sh");
    let path = format!("{}:/sbin:/bin:/usr/sbin:/usr/bin", tree().join("usr/sbin").display());
    shell.args(["-c", &line]).env("PATH", path);
    run(shell, "")
}

#[test]
fn proxmox_passes_letters_and_names() {
    let cloud = cloud();
    let url = cloud.url();
    let device = [
        ("l", "fencer"),
        ("p", "s3cret"),
        ("account", "ACME"),
        ("api-url", &*url),
        ("stonith-status-sleep", "0"),
    ];
    let by_letters = [&device[..], &[("n", MACHINE), ("o", "off")]].concat();
    assert_fenced(&cloud, &proxmox("fence_clc", &by_letters));
    let by_names = [
        &device[..],
        &[("plug", MACHINE), ("action", "on"), ("v", ""), ("quiet", "")],
    ]
    .concat();
    let outcome = proxmox("fence_clc", &by_names);
    outcome.assert_done("Success: Powered ON\n");
    // Proxmox adds no action: the agent's default is reboot.
    let by_default = [&device[..], &[("n", MACHINE)]].concat();
    proxmox("fence_clc", &by_default).assert_done("Success: Rebooted\n");
    let (on, off) = (Power::On, Power::Off);
    assert_eq!(cloud.history(MACHINE), [on.clone(), off.clone(), on.clone(), off, on]);
}

/// Characters that are special to a shell, quoted as Proxmox quotes them.
#[test]
fn proxmox_quotes_special_characters_of_a_shell() {
    let cloud = cloud();
    let url = cloud.url();
    let wrong = "a b;$(touch x)`id`\"&|<>*";
    let options = [
        ("l", "fencer"),
        ("p", wrong),
        ("n", MACHINE),
        ("o", "off"),
        ("api-url", &*url),
    ];
    let outcome = proxmox("fence_clc", &options);
    outcome.assert_refused(&["login refused"]);
    let sent = &cloud.requests()[0].body;
    let sent: serde_json::Value = serde_json::from_str(sent).unwrap();
    assert_eq!(sent["password"], wrong);
}

/// The medik8s operator writes nothing to standard input. It passes long option names in any order, each with its
/// value, or without one if the value is empty, and adds the action.
#[test]
fn medik8s_passes_names_in_any_order() {
    let given = ["--action=reboot", "--plug=db01", "--ssl-insecure", "--username=root"];
    for (number, order) in orders(&given).into_iter().enumerate() {
        let pool = Simulator::start(Config {
            tls: true,
            ..xenapi::Settings::default().config()
        })
        .unwrap();
        let url = format!("--session-url={}", pool.url());
        let mut rest = vec!["--password=s3cret", "--stonith-status-sleep=0", &url];
        rest.rotate_left(number % 3);
        let mut agent = isolated(program("fence_xenapi"));
        agent.args(order).args(rest);
        run(agent, "").assert_done("Success: Rebooted\n");
        assert_eq!(pool.history(xenapi::DB01), [Power::On, Power::Off, Power::On]);
    }
}

/// An empty value in the custom resource becomes an option without a value. At the end of the line that is an error.
/// Before another option, the agent takes that option as the value, as the Python agents do, and rejects it.
#[test]
fn medik8s_passes_options_with_empty_values() {
    let cloud = cloud();
    let url = format!("--api-url={}", cloud.url());
    let call = |order: [&str; 3]| {
        let mut agent = isolated(program("fence_clc"));
        agent.args(["--username=fencer", "--password=s3cret", &url]).args(order);
        run(agent, "")
    };
    call(["--action=off", "--plug=WA1ACMEDB01", "--account"]).assert_refused(&["--account needs a value"]);
    call(["--account=ACME", "--plug", "--action=off"]).assert_refused(&["option plug: is not a server id"]);
    assert_eq!(cloud.history(MACHINE), [Power::On]);
}
