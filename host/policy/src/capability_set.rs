//! All that a plugin wants to reach, and what of it goes beyond a agent_policy.
//!
//! Names of endpoints mean nothing here: a plugin that calls an endpoint
//! otherwise reaches no more. In doubt it is more: whoever answers for the
//! machine then looks at it.

use serde::{Deserialize, Serialize};

use super::{Address, Auth, Endpoint, Endpoints, File, Files, Port, Scheme, Socket, SocketPurpose, Sockets};

#[cfg(test)]
mod tests;

/// Endpoints, files and sockets that were declared, or granted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapabilitySet {
    /// Where it sends requests.
    pub endpoints: Vec<Endpoint>,
    /// What it reads and writes.
    pub files: Vec<File>,
    /// What its sockets are for. Records from before there were any have none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sockets: Vec<Socket>,
}

impl CapabilitySet {
    /// What was declared.
    pub fn of(endpoints: &Endpoints, files: &Files, sockets: &Sockets) -> Self {
        Self {
            endpoints: endpoints.iter().cloned().collect(),
            files: files.iter().cloned().collect(),
            sockets: sockets.iter().cloned().collect(),
        }
    }

    /// Whether it is nothing at all.
    pub fn is_empty(&self) -> bool {
        self.endpoints.is_empty() && self.files.is_empty() && self.sockets.is_empty()
    }

    /// What of it `granted` does not cover, each thing in words. None: it
    /// wants no more than was granted.
    pub fn exceeding(&self, granted: &Self) -> Vec<String> {
        let mut more = Vec::new();
        for endpoint in &self.endpoints {
            more.extend(more_of_endpoint(endpoint, &granted.endpoints));
        }
        for socket in &self.sockets {
            more.extend(more_of_socket(socket, &granted.sockets));
        }
        for file in &self.files {
            let covers = |earlier: &File| earlier.kind == file.kind && earlier.access >= file.access;
            let earlier = granted.files.iter().filter(|earlier| earlier.option == file.option);
            if !earlier.clone().any(covers) {
                match earlier.clone().next_back() {
                    Some(earlier) => more.push(format!("{file}, where approved was that it {earlier}")),
                    None => more.push(file.to_string()),
                }
            }
        }
        // Without an endpoint the plugin is given what it logs in with.
        if more.is_empty() && self.endpoints.is_empty() && !granted.sees_password() {
            more.push("the plugin sees the password, which fencebox kept from it".to_owned());
        }
        more
    }

    fn sees_password(&self) -> bool {
        self.endpoints.is_empty() || self.endpoints.iter().any(|endpoint| endpoint.auth == Auth::Plugin)
    }
}

/// Each address has to be covered by one endpoint that was granted, in every
/// respect.
fn more_of_endpoint(endpoint: &Endpoint, granted: &[Endpoint]) -> Vec<String> {
    let covered = |address: &Address| {
        granted
            .iter()
            .any(|earlier| differences(endpoint, &[address], earlier).is_empty())
    };
    let addresses: Vec<_> = endpoint.addresses.iter().filter(|address| !covered(address)).collect();
    if addresses.is_empty() {
        return Vec::new();
    }
    match granted.iter().find(|earlier| earlier.name == endpoint.name) {
        Some(earlier) => differences(endpoint, &addresses, earlier)
            .into_iter()
            .map(|difference| format!("{}: {difference}", endpoint.name))
            .collect(),
        None => vec![endpoint.to_string()],
    }
}

/// Each address has to be covered by one socket that was granted: of the same
/// purpose, at the same port, over no more hops.
fn more_of_socket(socket: &Socket, granted: &[Socket]) -> Option<String> {
    let serves = |earlier: &Socket| {
        earlier.port == socket.port
            && match (socket.purpose, earlier.purpose) {
                (SocketPurpose::Multicast(hops), SocketPurpose::Multicast(most)) => hops <= most,
                (purpose, earlier) => purpose == earlier,
            }
    };
    let serving: Vec<_> = granted.iter().filter(|earlier| serves(earlier)).collect();
    let covered = |address: &Address| {
        let known = |earlier: &Address| leads_no_further(address, earlier);
        serving.iter().any(|earlier| earlier.addresses.iter().any(known))
    };
    // Whoever listens has no addresses.
    if !serving.is_empty() && socket.addresses.iter().all(covered) {
        return None;
    }
    Some(match granted.iter().find(|earlier| earlier.name == socket.name) {
        Some(earlier) => format!("{socket}, where approved was {earlier}"),
        None => socket.to_string(),
    })
}

/// What an endpoint with these of its addresses has that the earlier one has
/// not.
fn differences(endpoint: &Endpoint, addresses: &[&Address], earlier: &Endpoint) -> Vec<String> {
    let mut found = Vec::new();
    if clearness(endpoint.scheme) > clearness(earlier.scheme) {
        found.push(format!("{}, where approved was {}", endpoint.scheme, earlier.scheme));
    }
    for address in addresses {
        if !earlier
            .addresses
            .iter()
            .any(|granted| leads_no_further(address, granted))
        {
            found.push(address.to_string());
        }
    }
    if !same_port(endpoint, earlier) {
        found.push(format!("{}, where approved was {}", endpoint.port, earlier.port));
    }
    let below = endpoint.base_path.strip_prefix(&earlier.base_path);
    if !below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
        let path = match endpoint.base_path.as_str() {
            "" => "every path".to_owned(),
            path => format!("the path {path}"),
        };
        found.push(format!("{path}, where approved was the path {}", earlier.base_path));
    }
    if endpoint.auth == Auth::Plugin && earlier.auth == Auth::HostBasic {
        found.push(format!("{}, which fencebox kept from it", endpoint.auth));
    }
    found
}

/// How much may travel without TLS.
fn clearness(scheme: Scheme) -> u8 {
    match scheme {
        Scheme::Https => 0,
        Scheme::ByOptions => 1,
        Scheme::Http => 2,
    }
}

fn leads_no_further(address: &Address, granted: &Address) -> bool {
    match (address, granted) {
        (Address::FromUrlOption(url), Address::FromUrlOption(earlier)) => {
            url.option == earlier.option
                && url.free_path <= earlier.free_path
                && url.several <= earlier.several
                && (url.follow_option.is_none() || url.follow_option == earlier.follow_option)
        }
        (Address::Fixed(_) | Address::ByChoice { .. }, Address::Fixed(_) | Address::ByChoice { .. }) => {
            let known = hosts(granted);
            hosts(address)
                .iter()
                .all(|host| known.iter().any(|known| known.eq_ignore_ascii_case(host)))
        }
        _ => address == granted,
    }
}

/// The hosts that the plugin itself names.
fn hosts(address: &Address) -> Vec<&str> {
    match address {
        Address::Fixed(host) => vec![host],
        Address::ByChoice { cases, .. } => cases.iter().map(|(_, host)| host.as_str()).collect(),
        _ => Vec::new(),
    }
}

fn same_port(endpoint: &Endpoint, earlier: &Endpoint) -> bool {
    let number = |endpoint: &Endpoint| match (&endpoint.port, endpoint.scheme) {
        (Port::SchemeDefault, Scheme::Https) => Port::Fixed(443),
        (Port::SchemeDefault, Scheme::Http) => Port::Fixed(80),
        (port, _) => port.clone(),
    };
    // An option that is not given means the usual port.
    let usual = endpoint.port == Port::SchemeDefault && matches!(earlier.port, Port::FromOption(_));
    endpoint.port == earlier.port || number(endpoint) == number(earlier) || usual
}
