//! Texts of the capabilities of a plugin, for the administrator who approves them.

use std::fmt::{Display, Formatter, Result};

use super::{Address, Auth, Endpoint, File, FileAccess, FileKind, Port, Scheme, Socket, SocketPurpose, UrlOption};

impl Display for Endpoint {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        let places: Vec<_> = self.addresses.iter().map(Address::to_string).collect();
        let places = places.join(", or else ");
        write!(formatter, "{}: {} to {places}", self.name, self.scheme)?;
        if self.port != Port::SchemeDefault {
            write!(formatter, ", {}", self.port)?;
        }
        if !self.base_path.is_empty() {
            write!(formatter, ", below the path {}", self.base_path)?;
        }
        write!(formatter, "; {}", self.auth)
    }
}

impl Display for Scheme {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        formatter.write_str(match self {
            Self::Https => "https",
            Self::Http => "http",
            Self::ByOptions => "https, or http if the options say so",
        })
    }
}

impl Display for Port {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        match self {
            Self::SchemeDefault => write!(formatter, "the usual port"),
            Self::Fixed(port) => write!(formatter, "port {port}"),
            Self::FromOption(name) => write!(formatter, "the port in option {name}"),
        }
    }
}

impl Display for Auth {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        formatter.write_str(match self {
            Self::Plugin => "the plugin logs in itself and sees the password",
            // Whether the plugin sees the password depends on its other endpoints too.
            Self::HostBasic => "fencebox logs in",
        })
    }
}

impl Display for Address {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        match self {
            Self::Fixed(host) => formatter.write_str(host),
            Self::FromOption(name) => write!(formatter, "the address in option {name}"),
            Self::FromUrlOption(url) => write!(formatter, "{url}"),
            Self::ByChoice { option, cases } => {
                let mut hosts: Vec<&str> = Vec::new();
                for (_, host) in cases {
                    if !hosts.contains(&host.as_str()) {
                        hosts.push(host);
                    }
                }
                write!(formatter, "one of {} (option {option})", hosts.join(", "))
            }
            Self::Template(template) => write!(formatter, "{template}, with the values of these options"),
            Self::NamedBy(source) if source.file().is_some() => {
                let option = source.file().unwrap_or_default();
                write!(formatter, "a URL in the file of option {option}, with its path")
            }
            Self::NamedBy(source) => match (&source.any_host, &source.follow_option) {
                (true, _) => write!(formatter, "any host, port and path that {} names", source.endpoint),
                (false, None) => write!(
                    formatter,
                    "the hosts of {0}, at any port and path that {0} names",
                    source.endpoint
                ),
                (false, Some(flag)) => write!(
                    formatter,
                    "the hosts of {0}, at any port and path that {0} names, and any host that it names if option {flag} is set",
                    source.endpoint
                ),
            },
            Self::InstanceMetadata(address) => {
                write!(
                    formatter,
                    "the metadata service of this machine at {address}, without its secrets"
                )
            }
        }
    }
}

impl Display for UrlOption {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        let urls = if self.several { "the URLs" } else { "the URL" };
        let path = if self.free_path { ", with its path" } else { "" };
        write!(formatter, "{urls} in option {}{path}", self.option)?;
        match &self.follow_option {
            Some(flag) => write!(
                formatter,
                ", and any host that the device names if option {flag} is set"
            ),
            None => Ok(()),
        }
    }
}

impl Display for Socket {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        let places: Vec<_> = self.addresses.iter().map(Address::to_string).collect();
        let (place, port) = (places.join(", or else "), &self.port);
        write!(formatter, "{}: ", self.name)?;
        match self.purpose {
            SocketPurpose::TcpConnect => write!(formatter, "connects by TCP to {place}, {port}"),
            SocketPurpose::TcpListen => write!(formatter, "accepts TCP connections from anywhere at {port}"),
            SocketPurpose::Udp => write!(formatter, "sends to and receives from {place}, {port}, by UDP"),
            SocketPurpose::Multicast(hops) => write!(
                formatter,
                "sends by UDP to the multicast group at {place}, {port}, over at most {hops} hops"
            ),
        }
    }
}

impl Display for File {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        let what = match (self.access, self.kind) {
            (FileAccess::Read, FileKind::File) => "reads the file",
            (FileAccess::Write, FileKind::File) => "reads and replaces the file",
            (FileAccess::Read, FileKind::Folder) => "reads files in the folder",
            (FileAccess::Write, FileKind::Folder) => "reads, creates and replaces files in the folder",
        };
        write!(formatter, "{what} in option {}", self.option)?;
        match self.fallbacks.as_slice() {
            [] => Ok(()),
            paths => write!(formatter, ", or else {}", paths.join(", ")),
        }
    }
}
