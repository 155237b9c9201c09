//! Endpoints as a plugin declares them, and where the options put them.

use url::Host;

use super::request::shortened;
use super::{Origin, Proxy, Refusal};

#[cfg(test)]
mod tests;

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
            if endpoint.port == Port::Fixed(0) {
                return Err(Refusal::new(format!("endpoint {:?}: 0 is no port", endpoint.name)));
            }
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
        let insecure = is_on("ssl_insecure", &given);
        let Located { tls, host, port } = match &self.address {
            Address::FromUrlOption(name) => {
                let text = given(name).ok_or_else(|| missing(name))?;
                self.by_url(text).map_err(|rule| Refusal::option(name, rule))?
            }
            _ => {
                let host = self.host(&given)?;
                let tls = match self.scheme {
                    Scheme::Https => true,
                    Scheme::Http => false,
                    Scheme::ByOptions => ["ssl", "ssl_secure", "ssl_insecure"]
                        .iter()
                        .any(|name| is_on(name, &given)),
                };
                let port = self.port(tls, &given)?;
                Located { tls, host, port }
            }
        };
        let proxy = match given("proxy") {
            None => None,
            Some(text) => Some(Proxy::parse(text).map_err(|rule| Refusal::option("proxy", rule))?),
        };
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

    /// The host name or address; scheme and port come from elsewhere.
    fn host<'o>(&self, given: &dyn Fn(&str) -> Option<&'o str>) -> Result<Host<String>, Refusal> {
        match &self.address {
            Address::Fixed(text) => parse_host(text).map_err(|rule| self.blame(rule)),
            Address::FromOption(name) | Address::FromUrlOption(name) => {
                let text = given(name).ok_or_else(|| missing(name))?;
                parse_host(text).map_err(|rule| Refusal::option(name, rule))
            }
            Address::ByChoice { option: name, cases } => {
                let value = given(name).ok_or_else(|| missing(name))?;
                let (_, address) = cases
                    .iter()
                    .find(|(case, _)| case.eq_ignore_ascii_case(value))
                    .ok_or_else(|| {
                        let known: Vec<_> = cases.iter().map(|(case, _)| case.as_str()).collect();
                        Refusal::option(
                            name,
                            format!("{:?} is not one of {}", shortened(value), known.join(", ")),
                        )
                    })?;
                parse_host(address).map_err(|rule| self.blame(rule))
            }
            Address::Template(template) => {
                let address = fill(template, given)?;
                parse_host(&address).map_err(|rule| self.blame(rule))
            }
        }
    }

    fn port<'o>(&self, tls: bool, given: &dyn Fn(&str) -> Option<&'o str>) -> Result<u16, Refusal> {
        let (name, text) = match &self.port {
            Port::SchemeDefault => return Ok(default_port(tls)),
            Port::Fixed(port) => return Ok(*port),
            Port::FromOption(name) => match given(name) {
                None => return Ok(default_port(tls)),
                Some(text) => (name, text),
            },
        };
        // Digits alone: `+1` is no port to anybody else either.
        let port = text.parse().ok().filter(|port| *port != 0);
        port.filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
            .ok_or_else(|| {
                Refusal::option(
                    name,
                    format!("{:?} is no port; give a number from 1 to 65535", shortened(text)),
                )
            })
    }

    /// A URL that says where the API is, and nothing more.
    fn by_url(&self, text: &str) -> Result<Located, String> {
        let url = parse_url(text, "https://HOST[:PORT]")?;
        let tls = match (url.scheme(), self.scheme) {
            ("https", Scheme::Https | Scheme::ByOptions) => true,
            ("http", Scheme::Http | Scheme::ByOptions) => false,
            (scheme, _) => return Err(format!("{scheme}:// is not what this device speaks")),
        };
        if url.query().is_some() || url.fragment().is_some() {
            return Err("a query or fragment does not belong into this URL; leave it out".to_owned());
        }
        let path = url.path().strip_suffix('/').unwrap_or(url.path());
        if !path.is_empty() && path != self.base_path {
            return Err(match self.base_path.as_str() {
                "" => format!(
                    "the path {:?} does not belong into this URL; leave it out",
                    shortened(path)
                ),
                base => format!(
                    "this device's API is at the path {base}, not {:?}; leave the path out",
                    shortened(path)
                ),
            });
        }
        let host = url.host().ok_or("the URL has no host")?.to_owned();
        let port = url.port_or_known_default().unwrap_or_else(|| default_port(tls));
        Ok(Located { tls, host, port })
    }

    /// Nothing goes over the wire in the clear unless the user said so.
    fn check_clear_text(&self, origin: &Origin) -> Result<(), Refusal> {
        // Through a proxy elsewhere even a request to this machine leaves it.
        let hops = [Some(&origin.host), origin.proxy.as_ref().map(|proxy| &proxy.host)];
        let Some(far) = hops.into_iter().flatten().find(|host| !is_loopback(host)) else {
            return Ok(());
        };
        if origin.tls {
            return Ok(());
        }
        let clear = format!("the password would travel in the clear to {far}");
        Err(match &self.address {
            Address::FromUrlOption(name) => Refusal::option(
                name,
                format!("{clear}; use https://, or accept that with ssl_insecure=1"),
            ),
            _ if self.scheme == Scheme::ByOptions => self.blame(format!("{clear}; set ssl=1")),
            _ => self.blame(format!("{clear}; accept that with ssl_insecure=1")),
        })
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

/// Whether a flag is set, and not to false.
fn is_on<'o>(name: &str, given: &dyn Fn(&str) -> Option<&'o str>) -> bool {
    given(name).is_some_and(|value| value != "0")
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
                format!("{:?} is not one part of a host name", shortened(value)),
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
    let quoted = match text.contains('@') {
        // What stands before it may be a password.
        true => "this".to_owned(),
        false => format!("{:?}", shortened(text)),
    };
    Host::parse(text).map_err(|_| format!("{quoted} is no host name or address; give it without scheme and port"))
}

/// A URL without credentials: they would end in every log. `form` is what to
/// write instead. No message quotes the text, for it may hold a password.
pub(super) fn parse_url(text: &str, form: &str) -> Result<url::Url, String> {
    // The parser drops these silently; a value that has them was not meant.
    if text
        .chars()
        .any(|character| character.is_control() || character.is_whitespace())
    {
        return Err("the URL has blanks or control characters in it; take them out".to_owned());
    }
    // Anywhere: after a password with a slash in it, the parser takes this for
    // a part of the path.
    if text.contains('@') {
        return Err("user name and password do not belong into a URL; use the options for them".to_owned());
    }
    // What the parser would mend is rather a mistake.
    let place = text.split_once("://").map_or("", |(_, place)| place);
    if place.is_empty() || place.starts_with('/') || text.contains('\\') {
        return Err(format!("this is no URL; write {form}"));
    }
    let url = url::Url::parse(text).map_err(|cause| format!("this is no URL ({cause}); write {form}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!(
            "{}: is no scheme for this; write {form}",
            shortened(url.scheme())
        ));
    }
    if url.port() == Some(0) {
        return Err("0 is no port; give a number from 1 to 65535".to_owned());
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
