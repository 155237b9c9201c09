//! Where an endpoint is, according to the options.

use std::net::IpAddr;

use url::Host;

use super::location::{is_loopback, parse_url};
use super::numeric::check_class;
use super::rule::{Destination, Protocol};
use super::{Denied, Malformed, Trust};

#[cfg(test)]
mod tests;

/// Scheme, host and port of an endpoint, and how to get there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Whether TLS is used.
    pub tls: bool,
    /// Which certificates are trusted.
    pub trust: Trust,
    /// The host, as the user wrote it.
    pub host: Host<String>,
    /// TCP port.
    pub port: u16,
    /// Precedes every path. Empty, or `/…` without a slash at the end.
    pub base_path: String,
    /// The HTTP proxy to go through.
    pub proxy: Option<Proxy>,
}

/// An HTTP proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// TLS to the proxy itself.
    pub tls: bool,
    /// The host, as the user wrote it.
    pub host: Host<String>,
    /// TCP port.
    pub port: u16,
}

impl Origin {
    /// The URL that paths are added to, without a slash at the end.
    pub fn base_url(&self) -> String {
        format!("{self}{}", self.base_path)
    }

    /// The host and port to connect to: those of the proxy, if there is one.
    pub fn next_hop(&self) -> (&Host<String>, u16) {
        match &self.proxy {
            Some(proxy) => (&proxy.host, proxy.port),
            None => (&self.host, self.port),
        }
    }

    /// Checks the address that the next hop's name resolved to.
    pub fn allows(&self, address: IpAddr) -> Result<(), Denied> {
        Self::check_resolved(self.next_hop().0, address)
    }

    /// Checks the address that a host resolved to. A name must not lead to this machine, to a
    /// link-local address (which includes the metadata service of clouds), or to an unspecified,
    /// multicast or broadcast address. Such addresses are valid only if the user wrote them
    /// literally. `localhost` must be this machine, because clear text to it is allowed.
    pub(super) fn check_resolved(host: &Host<String>, address: IpAddr) -> Result<(), Denied> {
        let Host::Domain(name) = host else {
            return Ok(());
        };
        let address = address.to_canonical();
        if is_loopback(host) {
            return if address.is_loopback() {
                Ok(())
            } else {
                Err(Denied::new(format!(
                    "{name} resolved to {address}, which is not this machine"
                )))
            };
        }
        check_class(&format!("{name} resolved to"), address)
    }

    /// Where the requests themselves go.
    pub(super) fn destination(&self) -> Destination<'_> {
        Destination {
            protocol: Protocol::of_requests(self.tls),
            host: &self.host,
            port: self.port,
        }
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        write!(formatter, "{scheme}://{}", self.host)?;
        let default = if self.tls { 443 } else { 80 };
        if self.port != default {
            write!(formatter, ":{}", self.port)?;
        }
        Ok(())
    }
}

impl Proxy {
    pub(super) fn destination(&self) -> Destination<'_> {
        Destination {
            protocol: Protocol::of_requests(self.tls),
            host: &self.host,
            port: self.port,
        }
    }

    /// From the URL in the option `proxy`; its path, if any, has to be `/`.
    pub(super) fn parse(text: &str) -> Result<Self, Malformed> {
        let url = parse_url(text, "http://HOST:PORT")?;
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(Malformed::new("a proxy has no path; write http://HOST:PORT"));
        }
        let host = url.host().ok_or("the URL has no host")?.to_owned();
        let port = url.port_or_known_default().unwrap_or(80);
        Ok(Self {
            tls: url.scheme() == "https",
            host,
            port,
        })
    }
}

impl std::fmt::Display for Proxy {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        write!(formatter, "{scheme}://{}:{}", self.host, self.port)
    }
}
