//! The options `allow`, `deny` and `insecure-tls` of a policy.

use std::net::IpAddr;

use fencebox_sim::xenapi::{DB01, Member, Settings};
use fencebox_sim::xvm::{self, FenceVirtd};
use fencebox_sim::{Power, Simulator};

use super::{Moved, board, lines};

const STATUS: &str = "action=status\n";
const ON: &str = "Status: ON\n";

#[test]
fn declared_capabilities_are_unchanged_without_a_policy() {
    let board = board();
    Moved::without()
        .call("fence_relay", &lines(&board, STATUS))
        .assert_done(ON);
    Moved::with("")
        .call("fence_relay", &lines(&board, STATUS))
        .assert_done(ON);
    let other = "[fence_clc]\nallow = []\ndeny = [\"*\"]\n";
    Moved::with(other)
        .call("fence_relay", &lines(&board, STATUS))
        .assert_done(ON);
}

#[test]
fn only_allowed_addresses_are_reached() {
    let board = board();
    let port = board.address().port();
    for rule in [
        "127.0.0.1",
        "127.0.0.0/8",
        "http://127.0.0.1",
        "*",
        &format!("*:{port}"),
    ] {
        let tree = Moved::with(&format!("[fence_relay]\nallow = [\"api.ctl.io\", \"{rule}\"]\n"));
        tree.call("fence_relay", &lines(&board, STATUS)).assert_done(ON);
    }
    let asked = board.requests().len();
    for rule in [
        "10.0.0.0/8",
        "https://127.0.0.1",
        "127.0.0.1:1",
        "localhost",
        "*.0.0.1.example",
    ] {
        let tree = Moved::with(&format!("[fence_relay]\n\nallow = [\"{rule}\"]\n"));
        let place = format!("is not in allow ([fence_relay] in {}:3)", tree.policy().display());
        for action in ["status", "off", "reboot", "monitor", "list", "validate-all"] {
            let outcome = tree.call("fence_relay", &lines(&board, &format!("action={action}\n")));
            outcome.assert_refused(&["option ip: http://127.0.0.1:", &place, "add it there"]);
        }
    }
    assert_eq!(board.requests().len(), asked, "a device received a request");
    assert_eq!(board.power("1"), Some(Power::On));
}

#[test]
fn denied_addresses_are_refused_in_any_notation() {
    let board = board();
    for spelling in [
        "127.0.0.1",
        "127.1",
        "0177.0.0.1",
        "0x7f.1",
        "127.0.0.1.",
        "\u{ff11}27.0.0.1",
        "%31%32%37.0.0.1",
        "2130706433",
        "::ffff:127.0.0.1",
        "::ffff:7f00:1",
        "017700000001",
    ] {
        let ip = format!("{STATUS}ip={spelling}\n");
        Moved::without()
            .call("fence_relay", &lines(&board, &ip))
            .assert_done(ON);
        let asked = board.requests().len();
        for rule in [
            "127.0.0.0/8",
            "127.0.0.1",
            "http://*",
            &format!("*:{}", board.address().port()),
        ] {
            let tree = Moved::with(&format!(
                "[\"*\"]\ndeny = [\"{rule}\"]\n[fence_relay]\nallow = [\"*\"]\n"
            ));
            let words = format!(
                "is refused by deny \"{rule}\" ([\"*\"] in {}:2)",
                tree.policy().display()
            );
            tree.call("fence_relay", &lines(&board, &ip))
                .assert_refused(&["option ip: ", &words]);
        }
        assert_eq!(board.requests().len(), asked, "a device received a request");
    }
}

#[test]
fn a_name_is_checked_by_the_address_it_resolves_to() {
    let board = board();
    let named = lines(&board, "action=status\nip=localhost\n");
    Moved::without().call("fence_relay", &named).assert_done(ON);
    let asked = board.requests().len();
    let tree = Moved::with("[fence_relay]\ndeny = [\"127.0.0.0/8\", \"::1\"]\n");
    let outcome = tree.call("fence_relay", &named);
    outcome.assert_refused(&["localhost at ", "is refused by deny", "([fence_relay] in "]);
    // Before the name is resolved, the policy has no objection to it.
    tree.call("fence_relay", &lines(&board, "action=validate-all\nip=localhost\n"))
        .assert_done("");
    let tree = Moved::with("[fence_relay]\nallow = [\"10.0.0.0/8\"]\n");
    tree.call("fence_relay", &named)
        .assert_refused(&["localhost at ", "is not in allow"]);
    assert_eq!(board.requests().len(), asked, "a device received a request");
    // The agent connects only to those of its addresses that are allowed.
    for rule in ["127.0.0.0/8", "localhost", "LocalHost."] {
        let tree = Moved::with(&format!("[fence_relay]\nallow = [\"{rule}\"]\n"));
        tree.call("fence_relay", &named).assert_done(ON);
    }
    Moved::with("[fence_relay]\ndeny = [\"::1\"]\n")
        .call("fence_relay", &named)
        .assert_done(ON);
}

/// This configuration may not need all endpoints that the plugin names itself.
#[test]
fn a_cloud_can_be_locked_to_one_host() {
    let login = "login=fencer\npasswd=s3cret\naccount=ACME\nplug=WA1ACMEDB01\naction=off\n";
    let tree = Moved::with("[fence_clc]\nallow = [\"https://api.ctl.example\"]\n");
    tree.call("fence_clc", login)
        .assert_refused(&["https://api.ctl.io is not in allow ([fence_clc] in "]);
    tree.call("fence_clc", &login.replace("off", "validate-all"))
        .assert_refused(&["option api_url: https://api.ctl.io"]);
    let tree = Moved::with("[fence_clc]\nallow = [\"*.ctl.io\"]\n");
    tree.call("fence_clc", &login.replace("off", "validate-all"))
        .assert_done("");
    let keys =
        "endpoint=ovh-eu\napplication_key=a\napplication_secret=b\nconsumer_key=c\nplug=ns1\naction=validate-all\n";
    let tree = Moved::with("[fence_ovh]\nallow = [\"https://eu.api.ovh.com\"]\n");
    tree.call("fence_ovh", keys).assert_done("");
    let tree = Moved::with("[fence_ovh]\nallow = [\"https://ca.api.ovh.com\"]\n");
    tree.call("fence_ovh", keys)
        .assert_refused(&["https://eu.api.ovh.com is not in allow"]);
}

#[test]
fn a_proxy_has_to_be_allowed_as_well() {
    let login = "login=fencer\npasswd=s3cret\naccount=ACME\nplug=WA1ACMEDB01\naction=validate-all\n";
    let proxied = format!("{login}proxy=http://192.0.2.1:3128\n");
    Moved::without().call("fence_clc", &proxied).assert_done("");
    let tree = Moved::with("[fence_clc]\nallow = [\"api.ctl.io\"]\n");
    tree.call("fence_clc", login).assert_done("");
    tree.call("fence_clc", &proxied)
        .assert_refused(&["the proxy http://192.0.2.1:3128 is not in allow"]);
    let tree = Moved::with("[fence_clc]\nallow = [\"api.ctl.io\", \"192.0.2.1:3128\"]\n");
    tree.call("fence_clc", &proxied).assert_done("");
    // Only the proxy resolves a name behind it.
    let tree = Moved::with("[fence_clc]\ndeny = [\"10.0.0.0/8\"]\n");
    tree.call("fence_clc", &proxied)
        .assert_refused(&["behind a proxy", "add the host to allow"]);
}

#[test]
fn tls_must_be_secure_if_the_policy_requires_it() {
    let board = board();
    let tree = Moved::with("[\"*\"]\ninsecure-tls = false\n");
    // The request does not leave this machine.
    tree.call("fence_relay", &lines(&board, STATUS)).assert_done(ON);
    let place = format!("([\"*\"] in {}:2)", tree.policy().display());
    let insecure = lines(&board, "action=off\nssl_insecure=1\n");
    let words = [
        "option ssl_insecure: refused by insecure-tls = false",
        &place,
        "so that the certificate is verified",
    ];
    tree.call("fence_relay", &insecure).assert_refused(&words);
    // Clear text to another machine, which the option would have allowed.
    let url = "session_url=http://192.0.2.1\nlogin=root\npasswd=s3cret\nplug=db01\naction=off\nssl_insecure=1\n";
    tree.call("fence_xenapi", url)
        .assert_refused(&["http://192.0.2.1 is clear text", &place, "use TLS"]);
}

/// A pool whose master is the second member, which no option names.
fn pool() -> Simulator {
    let settings = Settings {
        members: (1..=3).map(Member::local).collect(),
        master: 1,
        ..Settings::default()
    };
    Simulator::start(settings.config()).unwrap()
}

#[test]
fn an_address_from_the_device_is_checked_too() {
    let first: IpAddr = [127, 0, 0, 1].into();
    let fence = |policy: &str| {
        let pool = pool();
        let url = pool.url_at(first);
        let login = format!("session_url={url}\nlogin=root\npasswd=s3cret\nstonith_status_sleep=0\n");
        let tree = Moved::with(policy);
        let outcome = tree.call(
            "fence_xenapi",
            &format!("{login}plug=db01\naction=off\nfollow_master=1\n"),
        );
        (outcome, pool.power(DB01))
    };
    for policy in [
        "",
        "[fence_xenapi]\nallow = [\"127.0.0.0/8\"]\n",
        "[fence_xenapi]\ndeny = [\"127.0.0.3\"]\n",
    ] {
        let (outcome, power) = fence(policy);
        outcome.assert_done("Success: Powered OFF\n");
        assert_eq!(power, Some(Power::Off));
    }
    for policy in [
        "[fence_xenapi]\nallow = [\"127.0.0.1\"]\n",
        "[fence_xenapi]\ndeny = [\"127.0.0.2\"]\n",
    ] {
        let (outcome, power) = fence(policy);
        outcome.assert_refused(&["127.0.0.2", "([fence_xenapi] in "]);
        assert_eq!(power, Some(Power::On));
    }
}

/// A policy grants no permissions: an address that no option names is not followed.
#[test]
fn a_policy_does_not_replace_an_option() {
    let pool = pool();
    let url = pool.url_at([127, 0, 0, 1].into());
    let login = format!("session_url={url}\nlogin=root\npasswd=s3cret\nplug=db01\naction=off\n");
    let tree = Moved::with("[fence_xenapi]\nallow = [\"127.0.0.1\", \"127.0.0.2\"]\n");
    tree.call("fence_xenapi", &login).assert_refused(&["follow_master"]);
    assert_eq!(pool.power(DB01), Some(Power::On));
}

/// An agent uses the table of the name that it is called by.
#[test]
fn a_further_name_has_its_own_table() {
    let refused = Moved::with("[fence_ovh]\nallow = []\n");
    let names = refused.call_with("fencebox", &["inspect", "--names", "fence_probe"]);
    assert!(names.stdout.contains("fence_probe_list\n"), "{names:?}");
    let script = refused.path("script.json");
    std::fs::write(&script, "{\"device\": {\"get\": [\"on\"]}}").unwrap();
    let lines = format!(
        "action=status\nplug=1\nx_script={}\nx_record={}\n",
        script.display(),
        refused.path("record").display()
    );
    let pin = format!("sha256 = [\"{}\"]\n", "0".repeat(64));
    for (table, called, goes) in [
        ("fence_probe_list", "fence_probe_list", false),
        ("fence_probe_list", "fence_probe", true),
        ("fence_probe", "fence_probe_list", true),
        ("fence_probe", "fence_probe", false),
    ] {
        let tree = Moved::with(&format!("[{table}]\n{pin}"));
        let outcome = tree.call(called, &lines);
        if goes {
            outcome.assert_done(ON)
        } else {
            outcome.assert_refused(&[table, "is not in sha256"])
        }
    }
}

/// `fence_virt` uses its own socket for the daemon.
#[test]
fn sockets_are_checked_like_requests() {
    let daemon = FenceVirtd::start(xvm::Settings {
        listen: Some(([127, 0, 0, 1], 0).into()),
        ..xvm::Settings::default()
    })
    .unwrap();
    let key = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(key.path(), "the key").unwrap();
    let port = daemon.address().unwrap().port();
    let stdin = |action: &str, host: &str| {
        let key = key.path().display();
        format!(
            "action={action}\nplug=vm-alpha\nipaddr={host}\nipport={port}\nchannel_address=127.0.0.1\nkey_file={key}\ntimeout=5\n"
        )
    };
    for rules in [
        "",
        "allow = [\"127.0.0.1\"]",
        "allow = [\"tcp://127.0.0.0/8\"]",
        "deny = [\"http://*\", \"https://*\", \"udp://*\"]",
        "insecure-tls = false",
    ] {
        let tree = Moved::with(&format!("[fence_virt]\n{rules}\n"));
        tree.call("fence_virt", &stdin("status", "127.0.0.1")).assert_done(ON);
    }
    let asked = daemon.requests().len();
    for (rules, words) in [
        ("deny = [\"127.0.0.0/8\"]", "is refused by deny \"127.0.0.0/8\""),
        ("deny = [\"tcp://*\"]", "is refused by deny \"tcp://*\""),
        ("allow = [\"https://127.0.0.1\"]", "is not in allow"),
        ("allow = [\"127.0.0.1:1\"]", "is not in allow"),
    ] {
        let tree = Moved::with(&format!("[fence_virt]\n{rules}\n"));
        let place = format!("([fence_virt] in {}:2)", tree.policy().display());
        for action in ["status", "off", "reboot", "monitor", "list", "validate-all"] {
            let outcome = tree.call("fence_virt", &stdin(action, "127.0.0.1"));
            let at = format!("option ipaddr: tcp://127.0.0.1:{port} ");
            outcome.assert_refused(&[&at, words, &place]);
        }
    }
    // One address is still allowed, but the request is for another: the log shows the rule.
    let tree = Moved::with("[fence_virt]\ndeny = [\"127.0.0.2\"]\n");
    let outcome = tree.call("fence_virt", &stdin("off", "127.0.0.2"));
    assert_eq!((outcome.exit, outcome.stdout.as_str()), (Some(1), ""), "{outcome:?}");
    let rule = format!("tcp://127.0.0.2:{port} is refused by deny \"127.0.0.2\"");
    assert!(outcome.stderr.contains(&rule), "no {rule:?} in {outcome:?}");
    assert_eq!(daemon.requests().len(), asked, "the device received a request");
    assert_eq!(
        daemon.machine("vm-alpha").map(|machine| machine.power().clone()),
        Some(Power::On)
    );
}
