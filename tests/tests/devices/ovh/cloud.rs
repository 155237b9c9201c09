//! Public Cloud instances.

use fencebox_sim::machine::Machine;
use fencebox_sim::machine::Power::{self, Off, On};
use fencebox_sim::ovh::Settings;

use super::{action, fence, play, requests, start, state};

const PROJECT: &str = "0123456789abcdef0123456789abcdef";
const DB: &str = "11111111-1111-4111-8111-111111111111";
const WEB: [&str; 2] = [
    "22222222-2222-4222-8222-222222222222",
    "33333333-3333-4333-8333-333333333333",
];

#[test]
fn each_action_has_its_output_and_effect() {
    for (plug, more) in [
        (DB, String::new()),
        (DB, format!("project={PROJECT}\n")),
        ("db", String::new()),
        ("db", format!("project={PROJECT}\nservice=cloud\n")),
    ] {
        let service = start(Settings::default());
        let story = [
            ("monitor", 0, "", On),
            ("status", 0, "Status: ON\n", On),
            ("on", 0, "Success: Already ON\n", On),
            ("off", 0, "Success: Powered OFF\n", Off),
            ("off", 0, "Success: Already OFF\n", Off),
            ("status", 2, "Status: OFF\n", Off),
            ("on", 0, "Success: Powered ON\n", On),
            ("reboot", 0, "Success: Rebooted\n", On),
        ];
        play(&service, plug, &more, DB, &story);
        assert_eq!(service.history(DB), [On, Off, On, Off, On], "{plug} {more}");
        // The request is sent even if the instance reads as off, because the read may be stale.
        assert_eq!(requests(&service, "POST", "/stop"), 3, "{plug} {more}");
        let searches = requests(&service, "GET", "/cloud/project");
        assert_eq!(searches == 0, more.contains("project="), "{plug} {more}");
    }
}

#[test]
fn a_cycle_is_one_hard_reboot() {
    for plug in [DB, "db"] {
        let service = start(Settings::default());
        let story = [("reboot", 0, "Success: Rebooted\n", On)];
        play(&service, plug, "method=cycle\n", DB, &story);
        assert_eq!(service.history(DB), [On, Off, On]);
        let requests = service.requests();
        let posts: Vec<_> = requests.iter().filter(|request| request.method == "POST").collect();
        assert_eq!(posts.len(), 1);
        assert_eq!(posts[0].body, r#"{"type":"hard"}"#);
    }
}

#[test]
fn an_ambiguous_name_is_refused_with_both_ids() {
    let service = start(Settings::default());
    for word in ["status", "off", "reboot"] {
        fence(&service, &action(word, "web")).assert_refused(&["web", WEB[0], WEB[1]]);
    }
    fence(&service, &action("off", WEB[0])).assert_done("Success: Powered OFF\n");
    assert_eq!((service.power(WEB[0]), service.power(DB)), (Some(Off), Some(On)));
}

#[test]
fn lists_contain_ids_and_names() {
    let service = start(Settings::default());
    let listed = format!("{DB},db\n{},web\n{},web\n", WEB[0], WEB[1]);
    fence(&service, "action=list\nservice=cloud\n").assert_done(&listed);
    let listed = format!("{DB},db,ON\n{},web,ON\n{},web,OFF\n", WEB[0], WEB[1]);
    let more = format!("action=list-status\nservice=cloud\nproject={PROJECT}\n");
    fence(&service, &more).assert_done(&listed);
}

#[test]
fn a_paused_instance_is_not_off() {
    for power in [Power::Paused, state("RESCUED"), state("SUSPENDED"), state("MIGRATING")] {
        let service = start(Settings {
            instances: vec![Machine::new(DB, power.clone()).named("db")],
            ..Settings::default()
        });
        let outcome = fence(&service, &action("status", "db"));
        outcome.assert_done("Status: ON\n");
        let outcome = fence(&service, &action("off", "db"));
        assert_eq!(
            outcome.exit,
            Some(1),
            "the device stops only active instances: {outcome:?}"
        );
        assert_eq!(service.power(DB), Some(power));
    }
}

#[test]
fn an_unknown_instance_or_project_is_an_error_and_never_off() {
    let service = start(Settings::default());
    let missing = "99999999-9999-4999-8999-999999999999";
    for (plug, more) in [
        (missing, ""),
        ("missing", ""),
        (DB, "project=none\n"),
        ("db", "project=none\n"),
    ] {
        for word in ["status", "off", "reboot"] {
            let outcome = fence(&service, &(action(word, plug) + more));
            assert_eq!((outcome.exit, outcome.stdout.as_str()), (Some(1), ""), "{outcome:?}");
        }
    }
}

/// The API does not show the tasks of instances: the action ends with the first poll that returns the requested status.
#[test]
fn an_action_ends_with_the_first_poll_after_the_status_changes() {
    let took = |task_polls| {
        let service = start(Settings {
            task_polls,
            ..Settings::default()
        });
        let outcome = fence(&service, &action("off", DB));
        outcome.assert_done("Success: Powered OFF\n");
        outcome.took.as_secs()
    };
    // Includes 1.8 s for the reads that prove off. The request that is repeated after five polls costs one extra read.
    assert_eq!((took(1), took(6)), (11, 51));
}
