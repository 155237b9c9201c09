//! The address that another endpoint names in an answer, such as a service in a catalog; or that a file of the
//! administrator contains, such as the `clouds.yaml` of OpenStack.

use url::Host;

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
    /// A file of the administrator names the address, and no endpoint.
    files: Option<InFiles>,
}

/// An address that a declared file contains. It is as good as one in an option: the administrator wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct InFiles {
    /// The options of the files.
    options: Vec<String>,
    /// The endpoint that gets the address.
    endpoint: Endpoint,
}

/// Whether a file contains this URL, as a text of its own. The host decides that, and not the plugin that read the file.
pub fn is_named_in(content: &[u8], url: &str) -> bool {
    let is_edge = |byte: Option<&u8>| byte.is_none_or(|byte| byte.is_ascii_whitespace() || b"\"'=".contains(byte));
    let wanted = url.as_bytes();
    !wanted.is_empty()
        && content.windows(wanted.len()).enumerate().any(|(start, text)| {
            let before = start.checked_sub(1).and_then(|before| content.get(before));
            text == wanted && is_edge(before) && is_edge(content.get(start + wanted.len()))
        })
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
            files: None,
        }
    }

    /// The address is in one of these declared files.
    pub(crate) fn in_files<'o>(
        endpoint: &Endpoint,
        options: Vec<String>,
        option: &dyn Fn(&str) -> Option<&'o str>,
    ) -> Result<Self, Denied> {
        let (trust, proxy) = Endpoint::trust_and_proxy(option)?;
        // Only TLS and the proxy are known before the file is read.
        let settings = Origin {
            tls: true,
            trust,
            host: Host::Domain(String::new()),
            port: default_port(true),
            base_path: String::new(),
            proxy,
        };
        let files = format!("option {}", options.join(" or "));
        Ok(Self {
            endpoint: endpoint.name.clone(),
            source: NamingEndpoint {
                endpoint: format!("the file of {files}"),
                any_host: true,
                follow_option: None,
            },
            allows_clear_text: endpoint.scheme != Scheme::Https,
            any_host: true,
            namers: vec![settings],
            files: Some(InFiles {
                options,
                endpoint: endpoint.clone(),
            }),
        })
    }

    /// The addresses of the endpoint that names this one. Of a file, only TLS and the proxy.
    pub(crate) fn namers(&self) -> &[Origin] {
        &self.namers
    }

    /// The options of the files that name the address.
    pub(crate) fn files(&self) -> &[String] {
        self.files
            .as_ref()
            .map(|files| files.options.as_slice())
            .unwrap_or_default()
    }

    /// The endpoint that names the address.
    pub(crate) fn namer(&self) -> Option<&str> {
        self.files.is_none().then_some(&self.source.endpoint)
    }

    /// Sets where the endpoint that names this one is. Only a file can name it later than the options do.
    pub(crate) fn set_namer(&mut self, namer: &Origin) {
        self.namers = vec![namer.clone()];
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
        if let (Some(files), Some(settings)) = (&self.files, self.namers.first()) {
            return files.endpoint.at_url(text, &files.options.join(" or "), settings);
        }
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
