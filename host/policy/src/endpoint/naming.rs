//! The address that another endpoint names in an answer, such as a service in a catalog.

use super::{Endpoint, NamingEndpoint, Scheme};
use crate::addresses::check_named;
use crate::location::{default_port, parse_exact_host, parse_url};
use crate::request::{check_path, shortened};
use crate::{Addresses, Denied, Origin};

/// What may be named for an endpoint, in one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Naming {
    /// The endpoint that gets the address.
    endpoint: String,
    /// The endpoint that names it.
    source: NamingEndpoint,
    /// Clear text is possible, if the endpoint that names the address has it too.
    allows_clear_text: bool,
    /// Any host may be named.
    any_host: bool,
    /// The addresses of the endpoint that names it.
    namers: Vec<Origin>,
}

impl Naming {
    /// `namer` is where the options put the endpoint that names the address.
    pub(crate) fn new<'o>(
        endpoint: &Endpoint,
        source: &NamingEndpoint,
        namer: &Addresses,
        option: &dyn Fn(&str) -> Option<&'o str>,
    ) -> Self {
        let flag = source.follow_option.as_deref().and_then(option);
        Self {
            endpoint: endpoint.name.clone(),
            source: source.clone(),
            allows_clear_text: endpoint.scheme != Scheme::Https,
            any_host: source.any_host || flag.is_some_and(|value| !matches!(value, "" | "0")),
            namers: namer.named().to_vec(),
        }
    }

    /// The addresses of the endpoint that names this one.
    pub(crate) fn namers(&self) -> &[Origin] {
        &self.namers
    }

    /// Why the endpoint has no address yet.
    pub(crate) fn missing(&self) -> Denied {
        Denied::new(format!(
            "endpoint {} has no address before the plugin selects one that {} named",
            self.endpoint, self.source.endpoint
        ))
    }

    /// The place of the URL, if it may be named.
    pub(crate) fn origin(&self, text: &str) -> Result<Origin, Denied> {
        let names = format!("{} names", self.source.endpoint);
        let url = parse_url(text, "https://HOST[:PORT]/PATH");
        let url = url.map_err(|rule| Denied::new(format!("{names} {:?}: {rule}", shortened(text))))?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(Denied::new(format!("{names} a URL with a query or a fragment")));
        }
        // As they are written, because the parser accepts ambiguous addresses and resolves `..`.
        let (host, path) = host_and_path(text);
        let host = parse_exact_host(host);
        let host = host.map_err(|rule| Denied::new(format!("{names} another host: {rule}")))?;
        let namer = self.namers.first().ok_or_else(|| self.missing())?;
        let tls = url.scheme() == "https";
        let shown = shortened(&host.to_string());
        if !tls && (namer.tls || !self.allows_clear_text) {
            return Err(Denied::new(format!(
                "{names} {shown} without TLS; use a service with https://"
            )));
        }
        let path = path.trim_end_matches('/');
        if !path.is_empty() {
            check_path(path)?;
        }
        let wanted = Origin {
            tls,
            port: url.port().unwrap_or_else(|| default_port(tls)),
            base_path: path.to_owned(),
            host,
            ..namer.clone()
        };
        if self.namers.iter().all(|namer| namer.host != wanted.host) {
            self.check_host(namer, &wanted, &shown)?;
        }
        Ok(wanted)
    }

    /// Another host than those of the endpoint that names it.
    fn check_host(&self, namer: &Origin, wanted: &Origin, shown: &str) -> Result<(), Denied> {
        let names = format!("{} names", self.source.endpoint);
        if self.any_host {
            return check_named(&names, namer, wanted);
        }
        let remedy = match &self.source.follow_option {
            Some(flag) => format!("; set {flag}=1 to accept that"),
            None => String::new(),
        };
        Err(Denied::new(format!(
            "{names} {shown}, and may name only {}{remedy}",
            self.hosts().join(", ")
        )))
    }

    fn hosts(&self) -> Vec<String> {
        let hosts = self.namers.iter().map(|namer| namer.host.to_string());
        hosts.collect()
    }
}

/// The host and the path in a URL without query and fragment.
fn host_and_path(url: &str) -> (&str, &str) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => authority.split(':').next().unwrap_or_default(),
    };
    (host, path)
}

#[cfg(test)]
mod tests;
