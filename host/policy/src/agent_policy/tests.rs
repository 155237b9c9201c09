//! What several tables together allow.

mod property;

use std::net::IpAddr;
use std::path::PathBuf;

use url::Host;

use crate::{AgentPolicy, Denied, Fingerprint, Limit, Origin, Policy, Proxy, Trust};

fn policy(text: &str) -> Policy {
    Policy::parse("p", text).unwrap_or_else(|rule| panic!("{rule}"))
}

fn agent_policy(text: &str) -> AgentPolicy {
    policy(text).for_agent("fence_x")
}

fn origin(url: &str) -> Origin {
    let url = url::Url::parse(url).unwrap();
    Origin {
        tls: url.scheme() == "https",
        trust: Trust::System,
        host: url.host().unwrap().to_owned(),
        port: url.port_or_known_default().unwrap(),
        base_path: String::new(),
        proxy: None,
    }
}

fn through(proxy: &str, url: &str) -> Origin {
    Origin {
        proxy: Some(Proxy::parse(proxy).unwrap()),
        ..origin(url)
    }
}

fn text_of(outcome: Result<(), Denied>) -> String {
    outcome.map_or_else(|rule| rule.to_string(), |()| "granted".to_owned())
}

fn check(text: &str, url: &str) -> String {
    text_of(agent_policy(text).check(&origin(url)))
}

fn allows(text: &str, url: &str, address: &str) -> String {
    let address: IpAddr = address.parse().unwrap();
    text_of(agent_policy(text).allows(&origin(url), address))
}

#[test]
fn everything_is_allowed_without_a_policy() {
    let agent_policy = AgentPolicy::unrestricted();
    let all = Origin {
        trust: Trust::Anything,
        ..origin("http://a.example")
    };
    assert_eq!(text_of(agent_policy.check(&all)), "granted");
    assert_eq!(
        text_of(agent_policy.allows(&all, "10.0.0.7".parse().unwrap())),
        "granted"
    );
    assert_eq!(
        text_of(agent_policy.check_plugin(|| panic!("the policy has no digest"))),
        "granted"
    );
}

#[test]
fn a_refusal_names_the_rule_and_its_place() {
    assert_eq!(
        check("[fence_x]\ndeny = [\"10.0.0.0/8\"]", "https://10.0.0.7"),
        "https://10.0.0.7 is refused by deny \"10.0.0.0/8\" ([fence_x] in p:2)"
    );
    assert_eq!(
        check("[\"*\"]\n\nallow = [\"api.ctl.io\"]", "https://evil.example:8443"),
        "https://evil.example:8443 is not in allow ([\"*\"] in p:3); add it there if the agent needs it"
    );
    assert_eq!(
        allows(
            "[fence_x]\ndeny = [\"10.0.0.0/8\"]",
            "https://a.example",
            "::ffff:10.0.0.7"
        ),
        "a.example at 10.0.0.7 is refused by deny \"10.0.0.0/8\" ([fence_x] in p:2)"
    );
    assert_eq!(
        allows("[fence_x]\nallow = [\"10.0.0.0/8\"]", "https://a.example", "192.0.2.7"),
        "a.example at 192.0.2.7 is not in allow ([fence_x] in p:2); add it there if the agent needs it"
    );
}

#[test]
fn each_table_that_applies_restricts() {
    let both = "[\"*\"]\nallow = [\"*.example\", \"10.0.0.0/8\"]\n[fence_x]\nallow = [\"a.example\", \"b.test\"]";
    assert_eq!(check(both, "https://a.example"), "granted");
    assert!(check(both, "https://c.example").contains("not in allow ([fence_x] in p:4)"));
    assert!(
        check(both, "https://b.test").contains("granted"),
        "its address may be in 10.0.0.0/8"
    );
    assert_eq!(allows(both, "https://b.test", "10.0.0.7"), "granted");
    assert!(allows(both, "https://b.test", "192.0.2.7").contains("not in allow ([\"*\"] in p:2)"));

    let denied = "[\"*\"]\ndeny = [\"a.example\"]\n[fence_x]\nallow = [\"a.example\"]";
    assert!(check(denied, "https://a.example").contains("refused by deny \"a.example\" ([\"*\"] in p:2)"));
    let denied = "[\"*\"]\nallow = [\"*\"]\n[fence_x]\ndeny = [\"http://*\"]";
    assert!(check(denied, "http://a.example:8080").contains("refused by deny \"http://*\" ([fence_x] in p:4)"));
    assert_eq!(check(denied, "https://a.example"), "granted");

    assert_eq!(
        check("[fence_y]\nallow = []\ndeny = [\"*\"]", "https://a.example"),
        "granted",
        "the table of another agent"
    );
    assert!(check("[fence_x]\nallow = []", "https://a.example").contains("not in allow"));
}

#[test]
fn two_files_both_restrict() {
    let other = Policy::parse("q", "[fence_x]\nallow = [\"b.example\"]\nlimits.memory = \"1 MiB\"\n").unwrap();
    for both in [
        policy("[fence_x]\nallow = [\"a.example\"]\nlimits.memory = \"2 MiB\"").with(other.clone()),
        other.with(policy("[fence_x]\nallow = [\"a.example\"]\nlimits.memory = \"2 MiB\"")),
    ] {
        let agent_policy = both.for_agent("fence_x");
        assert!(agent_policy.check(&origin("https://a.example")).is_err());
        assert!(agent_policy.check(&origin("https://b.example")).is_err());
        assert_eq!(agent_policy.limits().get(Limit::Memory).to_string(), "1 MiB");
    }
}

#[test]
fn the_smaller_limit_applies() {
    for (every, own) in [("4 MiB", "2 MiB"), ("2 MiB", "4 MiB")] {
        let text = format!("[\"*\"]\nlimits.memory = \"{every}\"\n[fence_x]\nlimits.memory = \"{own}\"");
        assert_eq!(agent_policy(&text).limits().get(Limit::Memory).to_string(), "2 MiB");
        assert_eq!(
            policy(&text)
                .for_agent("fence_y")
                .limits()
                .get(Limit::Memory)
                .to_string(),
            every
        );
    }
}

#[test]
fn only_allowed_addresses_pass() {
    let names = "[fence_x]\nallow = [\"a.example\", \"10.0.0.0/24:443\"]";
    assert_eq!(
        allows(names, "https://a.example", "192.0.2.7"),
        "granted",
        "the name matches"
    );
    assert_eq!(allows(names, "https://b.example", "10.0.0.9"), "granted");
    assert_ne!(allows(names, "https://b.example", "10.0.1.9"), "granted");
    assert_ne!(check(names, "https://b.example:8443"), "granted", "another port");
    // In `allow`, an address does not match the address that a translator maps to it.
    assert_ne!(allows(names, "https://b.example", "64:ff9b::10.0.0.9"), "granted");
    let denied = "[fence_x]\nallow = [\"a.example\"]\ndeny = [\"10.0.0.0/8\"]";
    assert_ne!(allows(denied, "https://a.example", "64:ff9b::10.0.0.9"), "granted");
    assert_ne!(check(denied, "https://[64:ff9b::10.0.0.9]"), "granted");
    assert_ne!(
        allows("[fence_x]\ndeny = [\"127.0.0.1\"]", "http://localhost", "127.0.0.1"),
        "granted"
    );
    assert_eq!(
        allows("[fence_x]\ndeny = [\"::/0\"]", "http://localhost", "127.0.0.1"),
        "granted"
    );
}

#[test]
fn the_proxy_is_checked_too() {
    let both = "[fence_x]\nallow = [\"https://api.ctl.io\", \"http://proxy.example:3128\"]";
    let there = through("http://proxy.example:3128", "https://api.ctl.io");
    assert_eq!(text_of(agent_policy(both).check(&there)), "granted");
    let other = through("http://other.example:3128", "https://api.ctl.io");
    assert_eq!(
        text_of(agent_policy(both).check(&other)),
        "the proxy http://other.example:3128 is not in allow ([fence_x] in p:2); add it there if the agent needs it"
    );
    assert!(
        text_of(agent_policy("[fence_x]\ndeny = [\"*:3128\"]").check(&there))
            .contains("the proxy http://proxy.example:3128 is refused")
    );
    // The address is that of the proxy.
    let address = "10.0.0.7".parse().unwrap();
    assert_eq!(text_of(agent_policy(both).allows(&there, address)), "granted");
    assert!(
        text_of(agent_policy("[fence_x]\ndeny = [\"10.0.0.0/8:3128\"]").allows(&there, address))
            .contains("proxy.example at 10.0.0.7")
    );
}

#[test]
fn a_name_behind_a_proxy_has_no_address() {
    let there = through("http://proxy.example:3128", "https://a.example");
    let blocks = "[fence_x]\nallow = [\"10.0.0.0/8\", \"proxy.example\"]";
    assert!(text_of(agent_policy(blocks).check(&there)).contains("https://a.example is not in allow"));
    let denied = "[fence_x]\ndeny = [\"10.0.0.0/8\"]";
    assert_eq!(
        text_of(agent_policy(denied).check(&there)),
        "https://a.example is behind a proxy, so its address is unknown here, and deny \"10.0.0.0/8\" may match it \
         ([fence_x] in p:2); add the host to allow in the same table"
    );
    let named = format!("{denied}\nallow = [\"a.example\", \"proxy.example\"]");
    assert_eq!(text_of(agent_policy(&named).check(&there)), "granted");
    let suffix = format!("{denied}\nallow = [\"*.example\"]");
    assert_eq!(text_of(agent_policy(&suffix).check(&there)), "granted");
    // A table or file cannot allow what another one denies.
    let other = "[\"*\"]\nallow = [\"a.example\", \"proxy.example\"]";
    assert_ne!(
        text_of(agent_policy(&format!("{denied}\n{other}")).check(&there)),
        "granted"
    );
    let files = policy(denied).with(policy(&other.replace("\"*\"", "fence_x")));
    assert_ne!(text_of(files.for_agent("fence_x").check(&there)), "granted");
    let literal = through("http://proxy.example:3128", "https://192.0.2.7");
    assert_eq!(
        text_of(agent_policy(denied).check(&literal)),
        "granted",
        "a literal address is known"
    );
    assert_eq!(
        text_of(agent_policy("[fence_x]\ndeny = [\"10.0.0.0/8:80\"]").check(&there)),
        "granted",
        "another port"
    );
}

#[test]
fn insecure_tls_is_refused() {
    let text = "[\"*\"]\ninsecure-tls = false";
    for url in [
        "https://a.example",
        "http://127.0.0.1:8080",
        "http://localhost",
        "https://127.0.0.1",
    ] {
        assert_eq!(check(text, url), "granted", "{url}");
        let insecure = Origin {
            trust: Trust::Anything,
            ..origin(url)
        };
        let refusal = text_of(agent_policy(text).check(&insecure));
        assert!(
            refusal.starts_with("option ssl_insecure: refused by insecure-tls = false ([\"*\"] in p:2)"),
            "{refusal}"
        );
    }
    for trust in [
        Trust::File(PathBuf::from("/ca.pem")),
        Trust::Fingerprints(vec![Fingerprint([7; 32])]),
    ] {
        let origin = Origin {
            trust,
            ..origin("https://a.example")
        };
        assert_eq!(text_of(agent_policy(text).check(&origin)), "granted");
    }
    for clear in [
        origin("http://a.example"),
        through("http://proxy.example:3128", "http://127.0.0.1"),
    ] {
        for trust in [Trust::System, Trust::Anything] {
            let refusal = text_of(agent_policy(text).check(&Origin { trust, ..clear.clone() }));
            assert!(
                refusal.contains("is clear text, which insecure-tls = false refuses"),
                "{refusal}"
            );
        }
    }
}

#[test]
fn the_metadata_service_is_checked_without_its_clear_text() {
    let check = |text: &str| text_of(agent_policy(text).check_metadata(&origin("http://169.254.169.254")));
    assert_eq!(check("[fence_x]\ninsecure-tls = false"), "granted");
    assert_eq!(
        check("[fence_x]\ndeny = [\"169.254.169.254\"]"),
        "http://169.254.169.254 is refused by deny \"169.254.169.254\" ([fence_x] in p:2)"
    );
    let nothing = AgentPolicy::nothing(Denied::new("the policy cannot be read"));
    assert_eq!(
        text_of(nothing.check_metadata(&origin("http://169.254.169.254"))),
        "the policy cannot be read"
    );
}

#[test]
fn the_plugin_has_to_be_in_every_pin() {
    let pin = |byte: &str| byte.repeat(32);
    let one = format!("[fence_x]\nsha256 = [\"{}\", \"{}\"]", pin("07"), pin("08"));
    assert_eq!(text_of(agent_policy(&one).check_plugin(|| [7; 32])), "granted");
    assert!(agent_policy(&one).is_pinned() && !policy(&one).for_agent("fence_y").is_pinned());
    assert_eq!(
        text_of(agent_policy(&one).check_plugin(|| [9; 32])),
        format!(
            "the plugin file has the SHA-256 digest {}, which is not in sha256 ([fence_x] in p:2); \
             restore the file, or add the digest",
            pin("09")
        )
    );
    let both = format!("{one}\n[\"*\"]\nsha256 = [\"{}\"]", pin("07"));
    assert_eq!(text_of(agent_policy(&both).check_plugin(|| [7; 32])), "granted");
    assert_ne!(text_of(agent_policy(&both).check_plugin(|| [8; 32])), "granted");
    assert_eq!(
        text_of(policy(&one).for_agent("fence_y").check_plugin(|| [9; 32])),
        "granted"
    );
}

#[test]
fn an_agent_that_may_do_nothing_is_always_refused() {
    let agent_policy = AgentPolicy::nothing(Denied::new("because"));
    assert_eq!(text_of(agent_policy.check(&origin("https://a.example"))), "because");
    assert_eq!(text_of(agent_policy.check_anything()), "because");
    assert_eq!(agent_policy.describe(), ["may do nothing: because"]);
    assert_eq!(
        agent_policy.limits().lowered().count(),
        0,
        "the limits are the defaults"
    );
}

#[test]
fn every_spelling_of_an_address_matches() {
    for host in ["127.1", "0x7f.1", "2130706433", "[::ffff:127.0.0.1]"] {
        let url = format!("http://{host}:8080");
        assert_ne!(check("[fence_x]\ndeny = [\"127.0.0.0/8\"]", &url), "granted", "{host}");
        assert_eq!(
            check("[fence_x]\nallow = [\"127.0.0.1:8080\"]", &url),
            "granted",
            "{host}"
        );
    }
    assert_eq!(
        Host::parse("0x7f.1").unwrap(),
        Host::<String>::Ipv4([127, 0, 0, 1].into())
    );
}
