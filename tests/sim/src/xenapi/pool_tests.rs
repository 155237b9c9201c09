use std::net::TcpStream;

use super::client::{Client, exchange, head, start};
use super::tests::{code, words};
use super::*;
use crate::{Machine, Power, Sessions, Simulator};

fn pool(master: usize) -> Simulator {
    start(Settings {
        members: vec![Member::local(1), Member::local(2), Member::local(3).dead()],
        master,
        ..Settings::default()
    })
}

#[test]
fn a_slave_names_the_master_and_does_nothing_else() {
    let device = pool(1);
    let slave = vec!["HOST_IS_SLAVE".to_owned(), "127.0.0.2".to_owned()];
    assert_eq!(Client::at(&device, "127.0.0.1").err(), Some(slave.clone()));
    let mut client = Client::at(&device, "127.0.0.2").unwrap();
    assert!(client.call("VM.get_all", &[]).is_ok());
    client.at = "127.0.0.1".to_owned();
    assert_eq!(client.call("VM.get_all", &[]), Err(slave));
    let places: Vec<_> = device.requests().into_iter().map(|request| request.at).collect();
    assert_eq!(places, ["127.0.0.1", "127.0.0.2", "127.0.0.2", "127.0.0.1"]);
    assert!(
        TcpStream::connect(("127.0.0.3", device.address().port())).is_err(),
        "dead"
    );
    assert_eq!(device.sessions(), Sessions { opened: 1, open: 1 });
    assert_eq!(
        device.url_at([127, 0, 0, 2].into()),
        device.url().replace("0.0.1", "0.0.2")
    );
}

#[test]
fn sessions_do_not_move_with_the_mastership() {
    let device = pool(0);
    let mut client = Client::new(&device);
    device.set_master([127, 0, 0, 2].into()).unwrap();
    assert_eq!(
        client.call("VM.get_all", &[]),
        Err(vec!["HOST_IS_SLAVE".into(), "127.0.0.2".into()])
    );
    client.at = "127.0.0.2".to_owned();
    assert_eq!(code(client.call("VM.get_all", &[])), "SESSION_INVALID");
    assert!(device.set_master([127, 0, 0, 9].into()).is_err());

    let put = |body: &str| exchange(&device, "127.0.0.1", &head("PUT", "/_sim/master", body));
    let (status, body) = put(r#"{"address":"127.0.0.1"}"#);
    assert_eq!(
        (&status[..12], body.as_str()),
        ("HTTP/1.1 200", r#"{"address":"127.0.0.1"}"#)
    );
    assert!(Client::at(&device, "127.0.0.1").is_ok());
    assert!(put(r#"{"address":"127.0.0.7"}"#).0.starts_with("HTTP/1.1 404"));
    assert!(put("{}").0.starts_with("HTTP/1.1 400"));

    let client = Client::new(&device);
    let pool = words(client.call("pool.get_all", &[])).remove(0);
    let master = client.text("pool.get_master", &[&pool]);
    assert_eq!(client.text("host.get_address", &[&master]), "127.0.0.1");
    assert_eq!(words(client.call("host.get_all", &[])).len(), 3);
}

#[test]
fn a_reset_of_a_vm_on_a_dead_host_changes_only_the_reported_state() {
    let here = "c0ffee00-0000-4000-8000-0000000000e1";
    let there = "c0ffee00-0000-4000-8000-0000000000e2";
    let lost = "c0ffee00-0000-4000-8000-0000000000e3";
    let hosts = [(here, 0), (there, 1), (lost, 2)];
    let device = start(Settings {
        members: vec![Member::local(1), Member::local(2), Member::local(3).dead()],
        vms: hosts
            .map(|(uuid, host)| Vm::new(Machine::new(uuid, Power::On)).on(host))
            .into(),
        ..Settings::default()
    });
    let client = Client::new(&device);
    let host = |uuid: &str| client.text("VM.get_resident_on", &[&client.vm(uuid)]);
    assert_eq!(
        client.operate("hard_shutdown", lost),
        Err(vec!["HOST_OFFLINE".into(), host(lost)])
    );
    assert_eq!(code(client.operate("power_state_reset", here)), "DOMAIN_EXISTS");
    assert_eq!(
        client.operate("power_state_reset", there),
        Err(vec!["HOST_IS_LIVE".into(), host(there)])
    );
    assert!(client.operate("power_state_reset", lost).is_ok());
    assert_eq!(
        (client.state(lost).as_str(), device.power(lost)),
        ("Halted", Some(Power::On))
    );
    assert_eq!(device.machine(lost).unwrap().operations(), ["power_state_reset"]);
    assert!(client.operate("start", lost).is_ok());
    assert_eq!((client.state(lost).as_str(), host(lost)), ("Running", host(here)));
}

#[test]
fn members_may_send_a_client_in_a_circle() {
    let device = pool(0);
    device.add_fault(plan("login=is-slave:next").unwrap());
    let sent = |at: &str| Client::at(&device, at).err().unwrap();
    assert_eq!(sent("127.0.0.1"), ["HOST_IS_SLAVE", "127.0.0.2"]);
    // The third member is dead.
    assert_eq!(sent("127.0.0.2"), ["HOST_IS_SLAVE", "127.0.0.3"]);
    let alone = start(Settings::default());
    alone.add_fault(plan("login=is-slave:next").unwrap());
    assert_eq!(
        Client::at(&alone, "127.0.0.1").err().unwrap(),
        ["HOST_IS_SLAVE", "127.0.0.1"]
    );
}

#[test]
fn the_mastership_may_move_at_a_planned_call() {
    let device = pool(0);
    device.add_fault(plan("find*1=moves").unwrap());
    let mut client = Client::new(&device);
    let moved = vec!["HOST_IS_SLAVE".to_owned(), "127.0.0.2".to_owned()];
    assert_eq!(client.call("VM.get_all", &[]), Err(moved.clone()));
    assert_eq!(client.call("VM.get_all", &[]), Err(moved), "the address is correct now");
    client.at = "127.0.0.2".to_owned();
    assert_eq!(code(client.call("VM.get_all", &[])), "SESSION_INVALID");
    assert!(Client::at(&device, "127.0.0.2").is_ok());
}
