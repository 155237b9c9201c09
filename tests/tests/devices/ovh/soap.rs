//! The deprecated SOAP options: the lines that the article of 2014 sends on standard input.

use fencebox_sim::machine::Power::{self, Off, On};
use fencebox_sim::ovh::{RESCUE, Server, Settings};
use fencebox_sim::server::Simulator;

use super::support::{Outcome, call};
use super::{AGENT, state};

const SERVER: &str = "ns567890.ip-123-22-44.eu";
/// The exact bytes that `echo -e -n` sends.
const STDIN: &str = "verbose=true\n\
                     nodename=ns567890.ip-123-22-44.eu\n\
                     action=off\n\
                     login=ab12345-ovh\n\
                     passwd=TOPSECRET\n\
                     power_wait=5\n\
                     plug=ns567890.ip-123-22-44.eu";

/// The service completes the task within the window of the reboot: a task of two calls, a window of one second.
fn service() -> Simulator {
    let settings = Settings {
        servers: vec![Server::new(SERVER, On)],
        password: "TOPSECRET".to_owned(),
        task_polls: 1,
        reboot_seconds: 1,
        ..Settings::default()
    };
    Simulator::start(settings.config()).unwrap()
}

fn fence(service: &Simulator, lines: &str) -> Outcome {
    let login = "login=ab12345-ovh\npasswd=TOPSECRET\nstonith_status_sleep=1\n";
    call(
        AGENT,
        &format!("{login}api_url={}/\nplug={SERVER}\n{lines}", service.url()),
    )
}

/// The SOAP methods that were called.
fn methods(service: &Simulator) -> Vec<String> {
    let requests = service.requests();
    let action = |request: &fencebox_sim::protocol::Request| {
        let action = request
            .header("soapaction")
            .unwrap_or_default()
            .trim_matches('"')
            .to_owned();
        action.rsplit('#').next().unwrap_or_default().to_owned()
    };
    requests.iter().map(action).collect()
}

#[test]
fn lines_of_the_article_switch_the_server_off() {
    let service = service();
    let outcome = call(AGENT, &format!("api_url={}/\n# as printed\n{STDIN}", service.url()));
    outcome.assert_done("Success: Powered OFF\n");
    assert_eq!(service.power(SERVER), Some(state(RESCUE)));
    assert_eq!((service.sessions().opened, service.sessions().open), (1, 0));
    assert!(outcome.took.as_secs() >= 5, "power_wait is in seconds: {outcome:?}");
    assert!(!outcome.stderr.contains("TOPSECRET"), "{outcome:?}");
    assert!(
        outcome.stderr.contains("the reboot goes from"),
        "verbose=true is verbose: {outcome:?}"
    );
    let reboots = methods(&service)
        .iter()
        .filter(|method| *method == "dedicatedHardRebootDo")
        .count();
    assert_eq!(reboots, 1);
    assert!(
        service
            .requests()
            .iter()
            .any(|request| request.body.contains(&format!(">{SERVER}<"))),
        "the address is used without a change"
    );
    assert!(
        !service
            .requests()
            .iter()
            .any(|request| request.body.contains(".ovh.net<")),
        "nothing is appended"
    );
}

#[test]
fn an_address_is_required() {
    let outcome = call(AGENT, STDIN);
    assert_eq!((outcome.exit, outcome.stdout.as_str()), (Some(1), ""), "{outcome:?}");
    for words in ["api_url", "shut down", "application_key", "consumer_key"] {
        assert!(outcome.stderr.contains(words), "no {words:?} in {outcome:?}");
    }
}

#[test]
fn on_boots_from_the_disk() {
    let service = service();
    service.set_power(SERVER, Power::Other(RESCUE.to_owned())).unwrap();
    fence(&service, "action=on\n").assert_done("Success: Powered ON\n");
    assert_eq!(service.power(SERVER), Some(On));
    assert_eq!((service.sessions().opened, service.sessions().open), (1, 0));
}

#[test]
fn reboot_boots_into_rescue_and_then_from_the_disk() {
    let service = service();
    fence(&service, "action=reboot\n").assert_done("Success: Rebooted\n");
    assert_eq!(service.history(SERVER), [On, Off, state(RESCUE), Off, On]);
    assert_eq!((service.sessions().opened, service.sessions().open), (1, 0));
}

#[test]
fn a_cycle_is_one_reboot() {
    let service = service();
    fence(&service, "action=reboot\nmethod=cycle\n").assert_done("Success: Rebooted\n");
    assert_eq!(service.history(SERVER), [On, Off, On]);
}

#[test]
fn unsupported_actions_are_reported() {
    let service = service();
    for action in ["status", "list", "list-status"] {
        let outcome = fence(&service, &format!("action={action}\n"));
        outcome.assert_refused(&[action, "SOAP", "application_key"]);
    }
    fence(&service, "action=monitor\n").assert_done("");
    assert_eq!((service.sessions().opened, service.sessions().open), (4, 0));
}

#[test]
fn a_refused_login_is_reported_and_not_retried() {
    let service = service();
    let lines = format!(
        "login=ab12345-ovh\npasswd=WR0NG\naction=off\nplug={SERVER}\napi_url={}/\n",
        service.url()
    );
    let outcome = call(AGENT, &lines);
    outcome.assert_refused(&["login refused", "invalid account or password"]);
    assert!(!outcome.stderr.contains("WR0NG"), "{outcome:?}");
    assert_eq!(methods(&service), ["login"]);
}
