//! No policy allows what is refused without it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::{agent_policy, origin, policy, through};
use crate::{AgentPolicy, Limit, Origin, Trust};

const HOSTS: [&str; 8] = [
    "a.example",
    "b.a.example",
    "localhost",
    "127.0.0.1",
    "10.0.0.7",
    "[::1]",
    "[64:ff9b::a00:7]",
    "169.254.169.254",
];
const RULES: [&str; 12] = [
    "*",
    "https://*",
    "*.example",
    "a.example",
    "a.example:443",
    "http://a.example",
    "10.0.0.0/8",
    "127.0.0.0/8",
    "[::/0]:1-1023",
    "0.0.0.0/0",
    "localhost",
    "*:443",
];

fn table() -> impl Strategy<Value = String> {
    let rules = || prop::option::of(prop::collection::vec(prop::sample::select(&RULES[..]), 0..4));
    let name = prop::sample::select(&["\"*\"", "fence_x", "fence_y"][..]);
    let limit = prop::option::of((prop::sample::select(&Limit::ALL[..]), 1..5_u64));
    (name, rules(), rules(), any::<bool>(), limit).prop_map(|(name, allow, deny, secure, limit)| {
        let mut text = format!("[{name}]\n");
        for (key, rules) in [("allow", allow), ("deny", deny)] {
            if let Some(rules) = rules {
                text += &format!("{key} = {rules:?}\n");
            }
        }
        if secure {
            text += "insecure-tls = false\n";
        }
        if let Some((limit, value)) = limit {
            text += &format!("limits.{} = {value}\n", limit.key());
        }
        text
    })
}

fn place() -> impl Strategy<Value = Origin> {
    let host = || prop::sample::select(&HOSTS[..]);
    let scheme = prop::sample::select(&["http", "https"][..]);
    let port = prop::sample::select(&[80_u16, 443, 8443][..]);
    (scheme, host(), port, prop::option::of(host()), any::<bool>()).prop_map(|(scheme, host, port, proxy, insecure)| {
        let url = format!("{scheme}://{host}:{port}");
        let origin = proxy.map_or_else(|| origin(&url), |proxy| through(&format!("http://{proxy}:3128"), &url));
        let trust = if insecure { Trust::Anything } else { Trust::System };
        Origin { trust, ..origin }
    })
}

fn address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<u32>().prop_map(|bits| Ipv4Addr::from_bits(bits).into()),
        any::<u128>().prop_map(|bits| Ipv6Addr::from_bits(bits).into()),
        any::<u32>().prop_map(|bits| Ipv4Addr::from_bits(bits).to_ipv6_mapped().into()),
        Just(IpAddr::from([10, 0, 0, 7])),
        Just(IpAddr::from([127, 0, 0, 1])),
    ]
}

/// All checks before a connection is made.
fn reached(agent_policy: &AgentPolicy, origin: &Origin, address: IpAddr) -> bool {
    origin.allows(address).is_ok() && agent_policy.check(origin).is_ok() && agent_policy.allows(origin, address).is_ok()
}

proptest! {
    #[test]
    fn a_policy_only_restricts(text in table(), origin in place(), address in address()) {
        if reached(&agent_policy(&text), &origin, address) {
            prop_assert!(reached(&AgentPolicy::unrestricted(), &origin, address), "{text}");
        }
    }

    #[test]
    fn each_further_file_only_restricts(one in table(), two in table(), origin in place(), address in address()) {
        let both = policy(&one).with(policy(&two)).for_agent("fence_x");
        let each = [agent_policy(&one), agent_policy(&two)];
        for alone in &each {
            for limit in Limit::ALL {
                prop_assert!(both.limits().get(limit).value() <= alone.limits().get(limit).value());
            }
        }
        let granted = reached(&both, &origin, address);
        if granted {
            prop_assert!(each.iter().all(|alone| reached(alone, &origin, address)), "{one}{two}");
        }
        let either = policy(&two).with(policy(&one)).for_agent("fence_x");
        prop_assert_eq!(granted, reached(&either, &origin, address), "in any order");
    }
}
