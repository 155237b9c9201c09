//! Endpoints as a plugin declares them, and where the options put them.

use url::Host;

use super::{Origin, Proxy, Refusal};

/// An HTTP service that a plugin declared (`metadata.endpoint`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// How the plugin refers to it.
    pub name: String,
    /// With or without TLS.
    pub scheme: Scheme,
    /// Where it is.
    pub address: Address,
    /// Its port.
    pub port: Port,
    /// Where the API starts, such as `/v2`, or empty.
    pub base_path: String,
    /// Who adds the credentials.
    pub auth: Auth,
}

/// With or without TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Always TLS.
    Https,
    /// Never TLS.
    Http,
    /// As the options say.
    ByOptions,
}

/// Where an endpoint is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// Known when the plugin is built.
    Fixed(String),
    /// The name or address in this option.
    FromOption(String),
    /// Scheme, address and port of the URL in this option.
    FromUrlOption(String),
    /// Chosen by an option's value.
    ByChoice {
        /// Canonical name of the option.
        option: String,
        /// Value and address.
        cases: Vec<(String, String)>,
    },
    /// Option values as one DNS label each.
    Template(String),
}

/// The port of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Port {
    /// 443 or 80, or that of the URL.
    SchemeDefault,
    /// Always this one.
    Fixed(u16),
    /// The number in this option.
    FromOption(String),
}

/// Who adds the credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// The plugin.
    Plugin,
    /// The host, as HTTP Basic.
    HostBasic,
}

/// All that a plugin declared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Endpoints(Vec<Endpoint>);

impl Endpoints {
    /// Takes the declarations, and refuses those that mean nothing: a name
    /// that is not unique, a base path that is no path.
    pub fn new(declared: Vec<Endpoint>) -> Result<Self, Refusal> {
        for (index, endpoint) in declared.iter().enumerate() {
            if declared.iter().take(index).any(|earlier| earlier.name == endpoint.name) {
                return Err(Refusal::new(format!("endpoint {:?} is declared twice", endpoint.name)));
            }
            let path = &endpoint.base_path;
            if !path.is_empty()
                && (path.ends_with('/') || super::request::check_path(path).is_err() || path.contains('?'))
            {
                return Err(Refusal::new(format!(
                    "endpoint {:?}: base path {path:?} has to start with a slash and may not end with one",
                    endpoint.name
                )));
            }
        }
        Ok(Self(declared))
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Endpoint> {
        self.0.iter()
    }

    /// The endpoint of that name, or the rule that there is none.
    pub fn get(&self, name: &str) -> Result<&Endpoint, Refusal> {
        self.0
            .iter()
            .find(|endpoint| endpoint.name == name)
            .ok_or_else(|| Refusal::new(format!("the plugin did not declare an endpoint {name:?}")))
    }

    /// Where the options put the endpoint of that name.
    pub fn origin<'o>(&self, name: &str, option: impl Fn(&str) -> Option<&'o str>) -> Result<Origin, Refusal> {
        self.get(name)?.origin(&option)
    }

    /// Whether the plugin itself needs user name and password.
    pub fn plugin_needs_credentials(&self) -> bool {
        self.0.is_empty() || self.0.iter().any(|endpoint| endpoint.auth == Auth::Plugin)
    }
}

impl Endpoint {
    fn origin<'o>(&self, option: &dyn Fn(&str) -> Option<&'o str>) -> Result<Origin, Refusal> {
        let given = |name: &str| option(name).filter(|value| !value.is_empty());
        let insecure = option("ssl_insecure").is_some();
        let located = match &self.address {
            Address::Fixed(text) => self.by_name(text, &given).map_err(|rule| self.blame(rule))?,
            Address::FromOption(name) => {
                let text = given(name).ok_or_else(|| missing(name))?;
                self.by_name(text, &given).map_err(|rule| Refusal::option(name, rule))?
            }
            Address::FromUrlOption(name) => {
                let text = given(name).ok_or_else(|| missing(name))?;
                self.by_url(text).map_err(|rule| Refusal::option(name, rule))?
            }
            Address::ByChoice { option: name, cases } => {
                let value = given(name).ok_or_else(|| missing(name))?;
                let (_, address) = cases
                    .iter()
                    .find(|(case, _)| case.eq_ignore_ascii_case(value))
                    .ok_or_else(|| {
                        let known: Vec<_> = cases.iter().map(|(case, _)| case.as_str()).collect();
                        Refusal::option(name, format!("{value:?} is not one of {}", known.join(", ")))
                    })?;
                self.by_name(address, &given).map_err(|rule| self.blame(rule))?
            }
            Address::Template(template) => {
                let address = fill(template, &given)?;
                self.by_name(&address, &given).map_err(|rule| self.blame(rule))?
            }
        };
        let proxy = match given("proxy") {
            None => None,
            Some(text) => Some(Proxy::parse(text).map_err(|rule| Refusal::option("proxy", rule))?),
        };
        let Located { tls, host, port } = located;
        let origin = Origin {
            tls,
            verify: !insecure,
            host,
            port,
            base_path: self.base_path.clone(),
            proxy,
        };
        if !insecure {
            self.check_clear_text(&origin)?;
        }
        Ok(origin)
    }

    /// A host name or address; scheme and port come from elsewhere.
    fn by_name<'o>(&self, text: &str, given: &dyn Fn(&str) -> Option<&'o str>) -> Result<Located, String> {
        let host = parse_host(text)?;
        let tls = match self.scheme {
            Scheme::Https => true,
            Scheme::Http => false,
            Scheme::ByOptions => ["ssl", "ssl_secure", "ssl_insecure"]
                .iter()
                .any(|name| given(name).is_some_and(|value| value != "0")),
        };
        let port = match &self.port {
            Port::SchemeDefault => default_port(tls),
            Port::Fixed(port) => *port,
            Port::FromOption(name) => match given(name) {
                None => default_port(tls),
                Some(text) => text
                    .trim()
                    .parse()
                    .ok()
                    .filter(|port| *port != 0)
                    .ok_or_else(|| format!("{name} {text:?} is no port; give a number from 1 to 65535"))?,
            },
        };
        Ok(Located { tls, host, port })
    }

    /// A URL that says where the API is, and nothing more.
    fn by_url(&self, text: &str) -> Result<Located, String> {
        let url = parse_url(text)?;
        let tls = match (url.scheme(), self.scheme) {
            ("https", Scheme::Https | Scheme::ByOptions) => true,
            ("http", Scheme::Http | Scheme::ByOptions) => false,
            (scheme, _) => return Err(format!("{scheme}:// is not what this device speaks")),
        };
        if url.query().is_some() || url.fragment().is_some() {
            return Err("a query or fragment does not belong into this URL; leave it out".to_owned());
        }
        let path = url.path().trim_end_matches('/');
        if !path.is_empty() && path != self.base_path {
            return Err(match self.base_path.as_str() {
                "" => format!("the path {path:?} does not belong into this URL; leave it out"),
                base => format!("this device's API is at the path {base}, not {path:?}; leave the path out"),
            });
        }
        let host = url.host().ok_or("the URL has no host")?.to_owned();
        let port = url.port_or_known_default().unwrap_or_else(|| default_port(tls));
        Ok(Located { tls, host, port })
    }

    /// Nothing goes over the wire in the clear unless the user said so.
    fn check_clear_text(&self, origin: &Origin) -> Result<(), Refusal> {
        if origin.tls
            || (is_loopback(&origin.host) && origin.proxy.as_ref().is_none_or(|proxy| is_loopback(&proxy.host)))
        {
            return Ok(());
        }
        let remedy = match &self.address {
            Address::FromUrlOption(name) => {
                return Err(Refusal::option(
                    name,
                    format!(
                        "the password would travel in the clear to {}; use https://, or accept that with ssl_insecure=1",
                        origin.host
                    ),
                ));
            }
            _ if self.scheme == Scheme::ByOptions => "set ssl=1",
            _ => "accept that with ssl_insecure=1",
        };
        Err(self.blame(format!(
            "the password would travel in the clear to {}; {remedy}",
            origin.host
        )))
    }

    fn blame(&self, rule: impl std::fmt::Display) -> Refusal {
        Refusal::new(format!("endpoint {}: {rule}", self.name))
    }
}

struct Located {
    tls: bool,
    host: Host<String>,
    port: u16,
}

fn missing(name: &str) -> Refusal {
    Refusal::option(name, "the device's address is missing; set it")
}

fn default_port(tls: bool) -> u16 {
    if tls { 443 } else { 80 }
}

/// Replaces each `{option}` by its value.
fn fill<'o>(template: &str, given: &dyn Fn(&str) -> Option<&'o str>) -> Result<String, Refusal> {
    let mut address = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after
            .split_once('}')
            .ok_or_else(|| Refusal::new(format!("address template {template:?} has an unclosed brace")))?;
        let value = given(name).ok_or_else(|| missing(name))?;
        let label = value.len() <= 63 && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !label {
            return Err(Refusal::option(
                name,
                format!("{value:?} is not one part of a host name"),
            ));
        }
        address.push_str(before);
        address.push_str(value);
        rest = after;
    }
    address.push_str(rest);
    Ok(address)
}

fn parse_host(text: &str) -> Result<Host<String>, String> {
    if let Ok(address) = text.parse::<std::net::Ipv6Addr>() {
        return Ok(Host::Ipv6(address));
    }
    Host::parse(text).map_err(|_| format!("{text:?} is no host name or address; give it without scheme and port"))
}

/// A URL without credentials: they would end in every log.
pub(super) fn parse_url(text: &str) -> Result<url::Url, String> {
    // The parser drops these silently; a value that has them was not meant.
    if text
        .chars()
        .any(|character| character.is_control() || character.is_whitespace())
    {
        return Err("the URL has blanks or control characters in it; take them out".to_owned());
    }
    // Not quoted in the message: it may hold a password.
    let url = url::Url::parse(text).map_err(|cause| format!("this is no URL ({cause}); write https://HOST[:PORT]"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!(
            "{}: is no scheme for this; write https://HOST[:PORT]",
            url.scheme()
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("user name and password do not belong into a URL; use the options for them".to_owned());
    }
    Ok(url)
}

/// Whether this host, as it was written, can only be this machine.
pub(super) fn is_loopback(host: &Host<String>) -> bool {
    match host {
        Host::Domain(name) => name.eq_ignore_ascii_case("localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.to_canonical().is_loopback(),
    }
}
