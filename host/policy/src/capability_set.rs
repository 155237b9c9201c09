//! All capabilities of a plugin, and those that exceed an approval.
//!
//! Names of endpoints do not matter here: a renamed endpoint does not reach more, unless it names the
//! address of another one. In case of doubt, a difference counts as more, so that the administrator
//! decides.

use serde::{Deserialize, Serialize};

use super::{Address, Auth, Endpoint, Endpoints, File, Files, Port, Scheme, Socket, SocketPurpose, Sockets};

#[cfg(test)]
mod tests;

/// Endpoints, files and sockets that a plugin declares, or that were approved.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapabilitySet {
    /// Where it sends requests.
    pub endpoints: Vec<Endpoint>,
    /// What it reads and writes.
    pub files: Vec<File>,
    /// What its sockets are for. Records of fencebox versions without sockets omit the field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sockets: Vec<Socket>,
}

impl CapabilitySet {
    /// The capabilities that a plugin declares.
    pub fn of(endpoints: &Endpoints, files: &Files, sockets: &Sockets) -> Self {
        Self {
            endpoints: endpoints.iter().cloned().collect(),
            files: files.iter().cloned().collect(),
            sockets: sockets.iter().cloned().collect(),
        }
    }

    /// Whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.endpoints.is_empty() && self.files.is_empty() && self.sockets.is_empty()
    }

    /// The capabilities that `granted` does not cover, one text each. If empty, everything was
    /// approved.
    pub fn exceeding(&self, granted: &Self) -> Vec<String> {
        let mut more = Vec::new();
        for endpoint in &self.endpoints {
            more.extend(more_of_endpoint(endpoint, &granted.endpoints));
            more.extend(self.other_namer(endpoint, &granted.endpoints));
        }
        for socket in &self.sockets {
            more.extend(more_of_socket(socket, &granted.sockets));
        }
        for file in &self.files {
            let covers = |earlier: &File| {
                let known = |path| earlier.fallbacks.contains(path);
                earlier.kind == file.kind && earlier.access >= file.access && file.fallbacks.iter().all(known)
            };
            let earlier = granted.files.iter().filter(|earlier| earlier.option == file.option);
            if !earlier.clone().any(covers) {
                match earlier.clone().next_back() {
                    Some(earlier) => more.push(format!("{file} (approved: {earlier})")),
                    None => more.push(file.to_string()),
                }
            }
        }
        // A plugin without endpoints logs in itself, so it receives the password.
        if more.is_empty() && self.endpoints.is_empty() && !granted.sees_password() {
            more.push("the plugin sees the password, which was hidden from it before".to_owned());
        }
        more
    }

    /// The endpoint that names the address of this one, if another endpoint was approved under its name.
    fn other_namer(&self, endpoint: &Endpoint, granted: &[Endpoint]) -> Option<String> {
        let mut sources = endpoint.addresses.iter().filter_map(|address| match address {
            Address::NamedBy(source) => Some(&source.endpoint),
            _ => None,
        });
        let by_name = |endpoints: &[Endpoint], name: &String| endpoints.iter().find(|one| one.name == *name).cloned();
        let other = sources.find(|name| {
            let (namer, earlier) = (by_name(&self.endpoints, name), by_name(granted, name));
            namer.zip(earlier).is_some_and(|(namer, earlier)| {
                let addresses: Vec<_> = namer.addresses.iter().collect();
                !differences(&namer, &addresses, &earlier).is_empty()
            })
        })?;
        Some(format!(
            "{}: it is named by {other}, which was another endpoint before",
            endpoint.name
        ))
    }

    /// Whether the plugin gets the password: for one of its endpoints, or because fencebox does not log in at all.
    pub fn sees_password(&self) -> bool {
        self.endpoints.is_empty() || self.endpoints.iter().any(|endpoint| endpoint.auth == Auth::Plugin)
    }
}

/// One approved endpoint has to cover an address in every respect.
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

/// One approved socket has to cover each address: with the same purpose and port, and at least as
/// many hops.
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
    // A listening socket has no addresses.
    if !serving.is_empty() && socket.addresses.iter().all(covered) {
        return None;
    }
    Some(match granted.iter().find(|earlier| earlier.name == socket.name) {
        Some(earlier) => format!("{socket} (approved: {earlier})"),
        None => socket.to_string(),
    })
}

/// What an endpoint with these addresses has and the earlier one does not have.
fn differences(endpoint: &Endpoint, addresses: &[&Address], earlier: &Endpoint) -> Vec<String> {
    let mut found = Vec::new();
    if clearness(endpoint.scheme) > clearness(earlier.scheme) {
        found.push(format!("{} (approved: {})", endpoint.scheme, earlier.scheme));
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
        found.push(format!("{} (approved: {})", endpoint.port, earlier.port));
    }
    let below = endpoint.base_path.strip_prefix(&earlier.base_path);
    if !below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
        let path = match endpoint.base_path.as_str() {
            "" => "every path".to_owned(),
            path => format!("the path {path}"),
        };
        found.push(format!("{path} (approved: the path {})", earlier.base_path));
    }
    if endpoint.auth == Auth::Plugin && earlier.auth == Auth::HostBasic {
        found.push(format!("{}, which was hidden from it before", endpoint.auth));
    }
    found
}

/// How much may be sent without TLS; more is less secure.
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
        (Address::NamedBy(source), Address::NamedBy(earlier)) => {
            source.endpoint == earlier.endpoint
                && source.any_host <= earlier.any_host
                && (source.follow_option.is_none() || source.follow_option == earlier.follow_option)
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
    // An option that is not set means the usual port.
    let usual = endpoint.port == Port::SchemeDefault && matches!(earlier.port, Port::FromOption(_));
    endpoint.port == earlier.port || number(endpoint) == number(earlier) || usual
}
