//! Options in the forms that public documentation of clusters uses for fence_azure_arm.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use crate::support::{assert_accepted, call, call_with};

/// Options of `pcs stonith create NAME fence_azure_arm …` without those that only Pacemaker reads, as Pacemaker passes
/// them on.
const LINES: [&str; 6] = [
    "msi=true resourceGroup=rg1 subscriptionId=11111111-0000-4000-8000-000000000001 plug=vm1",
    "username=app1 password=s3cret resourceGroup=rg1 tenantId=t1 subscriptionId=s1 power_timeout=240 plug=vm1",
    // The older names.
    "login=app1 passwd=s3cret resourceGroup=rg1 tenantId=t1 subscriptionId=s1 port=vm1",
    // The metadata service has the place.
    "msi=1 plug=vm1",
    "msi=true resourceGroup=rg1 subscriptionId=s1 cloud=usgov plug=vm1 nodename=node1 verbose=1",
    "username=app1 password=s3cret tenantId=t1 subscriptionId=s1 resourceGroup=rg1 cloud=china network-fencing=0 plug=vm1",
];

#[test]
fn existing_configurations_are_accepted() {
    for line in LINES {
        assert_accepted("fence_azure_arm", &line.replace(' ', "\n"));
    }
}

#[test]
fn existing_command_lines_are_accepted() {
    for line in [
        "--msi --resourceGroup=rg1 --subscriptionId=s1 -n vm1",
        "-l app1 -p s3cret --resourceGroup=rg1 --tenantId=t1 --subscriptionId=s1 --plug=vm1 --cloud=usgov",
    ] {
        let mut arguments: Vec<&str> = line.split(' ').collect();
        arguments.extend(["-o", "validate-all"]);
        let outcome = call_with("fence_azure_arm", &arguments);
        let expected = (Some(0), "");
        assert_eq!((outcome.exit, outcome.stdout.as_str()), expected, "{line}: {outcome:?}");
    }
}

#[test]
fn options_that_cannot_be_safe_are_named() {
    let place = "subscriptionId=s1\nresourceGroup=rg1\nplug=vm1\n";
    let cases: [(&str, &[&str]); 8] = [
        (
            "msi=1\nnetwork_fencing=1\n",
            &["option network_fencing", "still writes to its disks"],
        ),
        ("msi=1\nnetwork-fencing=1\n", &["option network_fencing"]),
        ("msi=1\ncloud=germany\n", &["option cloud", "closed"]),
        ("msi=1\ncloud=stack\n", &["option cloud", "Azure Stack Hub"]),
        (
            "msi=1\nmetadata-endpoint=https://stack.example\n",
            &["option metadata_endpoint"],
        ),
        ("username=app1\n", &["option password", "msi=1"]),
        ("username=app1\npassword=s3cret\n", &["option tenantId"]),
        (
            "msi=1\napi_url=http://192.0.2.1\n",
            &["option api_url", "in clear text"],
        ),
    ];
    for (lines, words) in cases {
        call("fence_azure_arm", &format!("action=validate-all\n{place}{lines}")).assert_refused(words);
    }
}
