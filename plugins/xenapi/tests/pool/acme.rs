//! The pool ACME: answers of its hosts.

use fence_xenapi::Pool;
use fencebox_sdk::prelude::*;
use fencebox_sdk::testing::{RunningScript, Script};
use fencebox_sdk::xmlrpc::Value;

pub(crate) const LOGIN: &str = "session.login_with_password";
pub(crate) const UUID: &str = "c0ffee00-0000-4000-8000-00000000db01";
pub(crate) const REFERENCE: &str = "OpaqueRef:vm-db01";
pub(crate) const SESSION: &str = "OpaqueRef:session-1";

pub(crate) const XEN1: &str = "https://xen1.example";
pub(crate) const XEN2: &str = "https://xen2.example";
pub(crate) const XEN3: &str = "https://xen3.example";

pub(crate) fn success(value: impl Into<Value>) -> Value {
    Value::from([("Status", Value::from("Success")), ("Value", value.into())])
}

pub(crate) fn failure(description: &[&str]) -> Value {
    let description: Vec<&str> = description.to_vec();
    Value::from([
        ("Status", Value::from("Failure")),
        ("ErrorDescription", description.into()),
    ])
}

/// DB01 as the pool reports it.
pub(crate) fn db01(state: &str) -> Value {
    let (host, domain) = match state {
        "Running" | "Paused" => ("OpaqueRef:host-1", "5"),
        _ => ("OpaqueRef:NULL", "-1"),
    };
    Value::from([
        ("uuid", Value::from(UUID)),
        ("name_label", "db01".into()),
        ("name_description", "not read".into()),
        ("power_state", state.into()),
        ("is_a_template", false.into()),
        ("is_control_domain", false.into()),
        ("is_a_snapshot", false.into()),
        ("resident_on", host.into()),
        ("domid", domain.into()),
        ("current_operations", Value::Struct(Vec::new())),
    ])
}

/// A record with one member changed.
pub(crate) fn with(mut record: Value, member: &str, value: impl Into<Value>) -> Value {
    let _before = record.take(member);
    if let Value::Struct(members) = &mut record {
        members.push((member.to_owned(), value.into()));
    }
    record
}

/// A record while this operation is under way.
pub(crate) fn during(record: Value, operation: &str) -> Value {
    with(record, "current_operations", [("OpaqueRef:task-1", operation)])
}

/// A record that runs in this domain.
pub(crate) fn running_in(host: &str, domain: &str) -> Value {
    let record = with(db01("Running"), "resident_on", host);
    with(record, "domid", domain)
}

/// A script of a pool with one host that begins with a login.
pub(crate) fn script() -> Script {
    Script::new()
        .addresses("api", &[XEN1])
        .on_call(LOGIN)
        .answer(success(SESSION))
}

/// The same script, then DB01 is looked up by its label once and read: `records`
/// are the answers, in order.
pub(crate) fn with_db01(records: impl IntoIterator<Item = Value>) -> Script {
    reading(
        script()
            .on_call("VM.get_by_name_label")
            .answer(success(vec![REFERENCE])),
        records,
    )
}

pub(crate) fn reading(script: Script, records: impl IntoIterator<Item = Value>) -> Script {
    let script = script.on_call("VM.get_record");
    records
        .into_iter()
        .fold(script, |script, record| script.answer(success(record)))
}

pub(crate) fn options() -> Options {
    Options::from([("username", "root"), ("password", "s3cret"), ("session_url", XEN1)])
}

pub(crate) fn open() -> Pool {
    Pool::open(&options()).unwrap()
}

pub(crate) fn lines(script: &RunningScript) -> String {
    script.lines().iter().map(|(_, line)| format!("{line}\n")).collect()
}

/// The hosts that received a call of this method, in order.
pub(crate) fn places(script: &RunningScript, method: &str) -> Vec<String> {
    let calls = script.calls().into_iter().filter(|call| call.method == method);
    calls.filter_map(|call| call.address).collect()
}

/// How often a method was called.
pub(crate) fn count(script: &RunningScript, method: &str) -> usize {
    script.calls().iter().filter(|call| call.method == method).count()
}

#[track_caller]
pub(crate) fn assert_unexpected<T>(result: Result<T>, part: &str) {
    match result {
        Err(Error::Unexpected(text)) if text.contains(part) => {}
        Err(other) => panic!("not unexpected for {part:?}: {other:?}"),
        Ok(_) => panic!("not unexpected for {part:?}, but fine"),
    }
}

#[track_caller]
pub(crate) fn assert_failed<T>(result: Result<T>, part: &str) {
    match result {
        Err(Error::TaskFailed(text)) if text.contains(part) => {}
        Err(other) => panic!("not failed for {part:?}: {other:?}"),
        Ok(_) => panic!("not failed for {part:?}, but fine"),
    }
}

#[track_caller]
pub(crate) fn assert_busy<T>(result: Result<T>, part: &str) {
    match result {
        Err(Error::Busy(busy)) if busy.reason.contains(part) => {}
        Err(other) => panic!("not busy for {part:?}: {other:?}"),
        Ok(_) => panic!("not busy for {part:?}, but fine"),
    }
}

/// The reason in the error about this option.
#[track_caller]
pub(crate) fn refused_option<T>(result: Result<T>, option: &str) -> String {
    match result {
        Err(Error::InvalidOption(problem)) if problem.name == option => problem.reason,
        Err(other) => panic!("{option} is not refused: {other:?}"),
        Ok(_) => panic!("{option} is not refused, but fine"),
    }
}
