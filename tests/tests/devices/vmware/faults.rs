//! Answers that a device should not give, and refusals.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use super::{Api, BOTH};
use crate::support::{call, in_parallel};
use fencebox_sim::machine::Power;
use fencebox_sim::vmware::Settings;

const OFF: &str = "action=off\nplug=db01\npower_timeout=3\npower_wait=0\n";

#[test]
fn refusals_name_the_cause() {
    let cases: &[(Api, &str, &[&str])] = &[
        (
            Api::Rest,
            "power=privilege",
            &["not permitted", "VirtualMachine.Interact.PowerOff"],
        ),
        (Api::Rest, "power=refuse", &["error: A localized text"]),
        (Api::Rest, "record=other-vm", &["an answer about db02 instead of db01"]),
        (Api::Rest, "find=other-vm", &["db01"]),
        (Api::Rest, "login=status:404", &["option api_path", "fence_vmware_soap"]),
        (
            Api::Soap,
            "power=privilege",
            &["not permitted", "VirtualMachine.Interact.PowerOff"],
        ),
        (
            Api::Soap,
            "power=license",
            &["not permitted", "license of ESXi is read-only"],
        ),
        (Api::Soap, "power=refuse", &["fault InvalidState"]),
        (Api::Soap, "power=suspended", &["the machine is suspended"]),
        (Api::Soap, "task=states:running,error", &["fault GenericVmConfigFault"]),
        (Api::Soap, "record=other-vm", &["an answer that is not about vm-101"]),
        (Api::Soap, "record=other-name", &["another machine, db02"]),
        (Api::Soap, "record=xml-laughs", &["a document type"]),
        (Api::Soap, "content=no-search", &["no searchIndex"]),
        (Api::Soap, "list=endless", &["the list of machines repeats"]),
    ];
    in_parallel(cases, |(api, fault, words)| {
        let vcenter = api.faulty(Settings::default(), &[fault]);
        let outcome = api.fence(&vcenter, &format!("{OFF}login_timeout=2\n"));
        assert_eq!(
            (outcome.exit, outcome.stdout.as_str()),
            (Some(1), ""),
            "{fault}: {outcome:?}"
        );
        for word in *words {
            assert!(
                outcome.stderr.contains(word),
                "{api:?} {fault}: no {word:?} in {outcome:?}"
            );
        }
        assert_eq!(vcenter.power("vm-101"), Some(Power::On), "{fault}");
    });
}

/// The device accepts, or says that the machine is off already, and the machine stays on.
#[test]
fn a_device_that_only_claims_off_is_not_off() {
    let cases = [
        (Api::Rest, "power=no-effect"),
        (Api::Rest, "power=already"),
        (Api::Rest, "record=inaccessible"),
        (Api::Rest, "record=lost"),
        (Api::Rest, "record=state:powered_off"),
        (Api::Rest, "record=no-power-state"),
        (Api::Soap, "power=no-effect"),
        (Api::Soap, "power=already"),
        (Api::Soap, "task=already"),
        (Api::Soap, "task=other-task"),
        (Api::Soap, "task=states:running"),
        (Api::Soap, "record=connection:disconnected"),
        (Api::Soap, "record=connection:orphaned"),
        (Api::Soap, "record=no-connection"),
        (Api::Soap, "record=twice"),
        (Api::Soap, "record=state:PoweredOff"),
        (Api::Soap, "record=denied"),
    ];
    in_parallel(cases, |(api, fault)| {
        // Without these faults, the machine is off at the end; so the requests have no effect either.
        let vcenter = api.faulty(Settings::default(), &[fault, "power=no-effect"]);
        let outcome = api.fence(&vcenter, OFF);
        assert_eq!(
            (outcome.exit, outcome.stdout.as_str()),
            (Some(1), ""),
            "{fault}: {outcome:?}"
        );
        assert_eq!(vcenter.power("vm-101"), Some(Power::On));
    });
}

#[test]
fn a_busy_device_is_asked_again() {
    let cases = [
        (Api::Rest, "power*2=not-allowed"),
        (Api::Rest, "power*2=resource-busy"),
        (Api::Rest, "power*1=retry-after:1"),
        (Api::Rest, "record*1=unavailable"),
        (Api::Soap, "power*2=in-progress"),
        (Api::Soap, "power*1=retry-after:1"),
        (Api::Soap, "record*1=html"),
        (Api::Soap, "record*1=removed"),
    ];
    in_parallel(cases, |(api, fault)| {
        let vcenter = api.faulty(Settings::default(), &[fault]);
        let outcome = api.fence(&vcenter, "action=off\nplug=db01\npower_wait=0\n");
        assert_eq!(outcome.stdout, "Success: Powered OFF\n", "{api:?} {fault}: {outcome:?}");
    });
}

/// vCenter answers a request for power after it is done, which may take longer than `shell_timeout`.
#[test]
fn a_lost_answer_to_a_power_request_is_followed_by_reads() {
    for (api, fault) in [
        (Api::Rest, "power=stall-after"),
        (Api::Rest, "power=drop-after"),
        (Api::Soap, "power=drop-after"),
        (Api::Soap, "task=missing"),
    ] {
        let vcenter = api.faulty(Settings::default(), &[fault]);
        let outcome = api.fence(&vcenter, "action=off\nplug=db01\npower_wait=0\nshell_timeout=1\n");
        assert_eq!(outcome.stdout, "Success: Powered OFF\n", "{api:?} {fault}: {outcome:?}");
        assert_eq!(vcenter.power("vm-101"), Some(Power::Off));
    }
}

#[test]
fn monitor_reports_an_account_that_cannot_fence() {
    let vcenter = Api::Soap.faulty(Settings::default(), &["privileges=lacking"]);
    Api::Soap
        .fence(&vcenter, "action=monitor\nplug=db01\n")
        .assert_refused(&["not permitted", "VirtualMachine.Interact.PowerOff"]);
    let vcenter = Api::Soap.faulty(Settings::default(), &["privileges=unknown"]);
    Api::Soap.fence(&vcenter, "action=monitor\nplug=db01\n").assert_done("");
    for api in BOTH {
        let vcenter = api.start(Settings {
            vms: Vec::new(),
            ..Settings::default()
        });
        api.fence(&vcenter, "action=monitor\n")
            .assert_refused(&["not permitted", "sees no virtual machine"]);
    }
}

/// The Python agents speak clear text without `ssl=1`.
#[test]
fn tls_needs_no_option() {
    for api in BOTH {
        let vcenter = api.start(Settings::default());
        let port = vcenter.address().port();
        let login =
            format!("ip=127.0.0.1\nipport={port}\nusername=fencer\npassword=s3cret\naction=status\nplug=db01\n");
        for more in ["", "ssl=1\n", "ssl=0\n", "ssl_secure=1\n", "notls=1\n"] {
            call(api.agent(), &format!("{login}{more}")).assert_refused(&["certificate", "set ssl_fingerprint"]);
        }
        assert!(vcenter.requests().is_empty());
        let fingerprint = vcenter.fingerprint().unwrap();
        call(api.agent(), &format!("{login}ssl_fingerprint={fingerprint}\n")).assert_done("Status: ON\n");
    }
}
