//! Dedicated servers.

use fencebox_sim::machine::Power::{Off, On};
use fencebox_sim::ovh::{GOING_DARK, RESCUE, Settings};

use super::{KEYS, NO_POWER, SERVER, action, fence, fence_really, play, requests, start, state, written};

#[test]
fn the_power_boot_entry_keeps_a_server_off() {
    let service = start(Settings::default());
    play(
        &service,
        SERVER,
        "",
        SERVER,
        &[
            ("monitor", 0, "", On),
            ("status", 0, "Status: ON\n", On),
            ("on", 0, "Success: Already ON\n", On),
            ("off", 0, "Success: Powered OFF\n", Off),
            ("off", 0, "Success: Already OFF\n", Off),
            ("status", 2, "Status: OFF\n", Off),
            ("on", 0, "Success: Powered ON\n", On),
            ("status", 0, "Status: ON\n", On),
        ],
    );
    assert_eq!(requests(&service, "POST", "/reboot"), 2, "one for off, one for on");
    assert_eq!(
        service.history(SERVER),
        [On, Off, state(GOING_DARK), Off, On],
        "{:?}",
        written(&service)
    );
    // OVHcloud must not intervene on a fenced server, so monitoring is disabled by off and enabled again by on.
    assert_eq!(
        written(&service),
        [
            r#"{"bootId":95083,"monitoring":false}"#,
            r#"{"bootId":1,"monitoring":true}"#
        ]
    );
}

#[test]
fn reboot_is_off_and_on() {
    let service = start(Settings::default());
    play(
        &service,
        SERVER,
        "",
        SERVER,
        &[("reboot", 0, "Success: Rebooted\n", On)],
    );
    assert_eq!(service.history(SERVER), [On, Off, state(GOING_DARK), Off, On]);
    assert_eq!(requests(&service, "POST", "/reboot"), 2);
    let last = written(&service).pop();
    assert_eq!(last.as_deref(), Some(r#"{"bootId":1,"monitoring":true}"#));
}

#[test]
fn the_default_action_is_reboot() {
    let service = start(Settings::default());
    fence(&service, &format!("plug={SERVER}\n")).assert_done("Success: Rebooted\n");
    assert_eq!(requests(&service, "POST", "/reboot"), 2);
}

#[test]
fn a_cycle_is_one_reboot_from_the_disk() {
    let service = start(Settings::default());
    let story = [("reboot", 0, "Success: Rebooted\n", On)];
    play(&service, SERVER, "method=cycle\n", SERVER, &story);
    assert_eq!(service.history(SERVER), [On, Off, On]);
    assert_eq!(requests(&service, "POST", "/reboot"), 1);
    assert_eq!(written(&service), [r#"{"bootId":1}"#]);
}

#[test]
fn off_uses_the_rescue_system_without_a_power_boot_entry() {
    let service = start(Settings::default());
    let rescue = state(RESCUE);
    let story = [
        ("off", 0, "Success: Powered OFF\n", rescue.clone()),
        // A later status cannot prove that the server is in the rescue system; only the run that requested the reboot
        // can.
        ("status", 0, "Status: ON\n", rescue),
        ("on", 0, "Success: Powered ON\n", On),
        ("on", 0, "Success: Already ON\n", On),
    ];
    play(&service, NO_POWER, "", NO_POWER, &story);
    assert_eq!(service.history(NO_POWER), [On, Off, state(RESCUE), Off, On]);
    assert_eq!(requests(&service, "POST", "/reboot"), 2);
    assert_eq!(
        written(&service),
        [
            r#"{"bootId":1122,"monitoring":false}"#,
            r#"{"bootId":1,"monitoring":true}"#
        ]
    );
}

#[test]
fn rescue_accepts_its_boot_entry_and_an_address_for_its_password() {
    let service = start(Settings::default());
    let more = "off_mode=rescue\nrescue_boot=230242\nemail=ops@example.org\non_boot=1\n";
    let story = [("reboot", 0, "Success: Rebooted\n", On)];
    play(&service, SERVER, more, SERVER, &story);
    assert_eq!(service.history(SERVER), [On, Off, state(RESCUE), Off, On]);
    assert_eq!(
        written(&service)[0],
        r#"{"bootId":230242,"monitoring":false,"rescueMail":"ops@example.org"}"#
    );
}

#[test]
fn an_unusable_boot_entry_is_refused_before_any_change() {
    for (word, plug, more, words) in [
        (
            "off",
            SERVER,
            "off_mode=rescue\nrescue_boot=1\n",
            ["rescue_boot", "harddisk"],
        ),
        (
            "off",
            SERVER,
            "off_mode=rescue\nrescue_boot=77\n",
            ["rescue_boot", "77"],
        ),
        ("reboot", SERVER, "on_boot=95083\nmethod=cycle\n", ["on_boot", "power"]),
        ("off", NO_POWER, "off_mode=power\n", ["off_mode", "rescue"]),
    ] {
        let service = start(Settings::default());
        fence(&service, &(action(word, plug) + more)).assert_refused(&words);
        assert_eq!(service.power(plug), Some(On), "{more}");
        assert_eq!(requests(&service, "POST", "/reboot"), 0, "{more}");
        assert!(written(&service).is_empty(), "{more}");
    }
}

#[test]
fn lists_contain_every_server() {
    let service = start(Settings::default());
    let list = fence(&service, "action=list\nservice=dedicated\n");
    list.assert_done(
        "ns1234567.ip-192-0-2.eu,\nns567890.ip-123-22-44.eu,\nns3000001.ip-198-51-100.eu,\nns3000002.ip-203-0-113.eu,\n",
    );
    let reads = requests(&service, "GET", SERVER);
    assert_eq!(reads, 0, "a list costs one request");
    let list = fence(&service, "action=list-status\nservice=dedicated\nseparator=;\n");
    list.assert_done(
        "ns1234567.ip-192-0-2.eu;;ON\nns567890.ip-123-22-44.eu;;ON\nns3000001.ip-198-51-100.eu;;ON\n\
         ns3000002.ip-203-0-113.eu;;OFF\n",
    );
}

#[test]
fn monitor_costs_the_same_for_any_number_of_servers() {
    let service = start(Settings::default());
    fence(&service, "action=monitor\n").assert_done("");
    let asked: Vec<String> = service
        .requests()
        .iter()
        .map(|request| request.path().to_owned())
        .collect();
    assert_eq!(asked, ["/1.0/auth/time", "/1.0/auth/currentCredential"]);
}

/// The complete path: the real program, its own clock and its compiled plugin.
#[test]
fn the_real_program_does_the_same() {
    let service = start(Settings {
        task_polls: 1,
        dark_reads: 1,
        ..Settings::default()
    });
    let by_program = |word: &str| fence_really(&service, &action(word, SERVER));
    by_program("off").assert_done("Success: Powered OFF\n");
    assert_eq!(by_program("status").exit, Some(2));
    by_program("on").assert_done("Success: Powered ON\n");
    by_program("reboot").assert_done("Success: Rebooted\n");
    assert_eq!(requests(&service, "POST", "/reboot"), 4);
    assert_eq!(service.power(SERVER), Some(On));
}

/// The action ends within one poll of ten seconds after the device reaches the requested status, plus two seconds for
/// the reads that prove off. Nothing else delays it.
#[test]
fn an_action_ends_soon_after_the_device() {
    let took = |polls: u32, dark_reads: u32, word: &str| {
        let service = start(Settings {
            task_polls: polls,
            dark_reads,
            ..Settings::default()
        });
        let outcome = fence(&service, &action(word, SERVER));
        assert_eq!(outcome.exit, Some(0), "{outcome:?}");
        outcome.took.as_secs()
    };
    // Each poll advances the task by one step. A dark server needs one read more than the number of reads in which it
    // keeps its power.
    assert_eq!(took(1, 0, "status"), 0);
    let shortest = took(1, 0, "off");
    assert!(shortest <= 22, "{shortest}");
    assert_eq!(took(5, 0, "off"), shortest + 4 * 10, "a longer task");
    assert_eq!(
        took(1, 7, "off"),
        shortest + 6 * 10,
        "a server that keeps its power for longer; the repeated request reads it once"
    );
    let shortest = took(1, 0, "reboot");
    assert!(shortest <= 42, "{shortest}");
}

/// Each plug has its own reboot, and both run in parallel.
#[test]
fn several_servers_are_fenced_together() {
    let service = start(Settings::default());
    let plugs = format!("{SERVER},ns567890.ip-123-22-44.eu");
    let together = fence(&service, &action("off", &plugs));
    together.assert_done("Success: Powered OFF\n");
    assert_eq!(service.power(SERVER), Some(Off));
    assert_eq!(service.power("ns567890.ip-123-22-44.eu"), Some(Off));
    assert_eq!(requests(&service, "POST", "/reboot"), 2);
}

/// The plugin appends the missing part to the address, and accepts an address that already has it.
#[test]
fn the_address_may_end_in_a_slash() {
    let service = start(Settings::default());
    let lines = format!("{KEYS}api_url={}/1.0/\n{}", service.url(), action("status", SERVER));
    super::call_virtually(super::AGENT, &lines).assert_done("Status: ON\n");
}
