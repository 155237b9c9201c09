//! Where the options put an endpoint.

use url::Host;

use super::{Address, Endpoint, Port, Scheme, UrlOption};
use crate::location::{default_port, is_loopback, parse_host, parse_url};
use crate::request::{check_path, shortened};
use crate::{Addresses, Denied, Malformed, Origin, Proxy, Trust};

/// Maximum number of URLs in one option: the hosts of a large pool.
const URL_LIMIT: usize = 64;

impl Endpoint {
    /// All addresses that the options determine, with TLS settings and proxy.
    pub(super) fn locate<'o>(&self, option: &dyn Fn(&str) -> Option<&'o str>) -> Result<Addresses, Denied> {
        let given = |name: &str| option(name).filter(|value| !value.is_empty());
        let (trust, proxy) = Self::trust_and_proxy(option)?;
        let mut absent = None;
        for address in &self.addresses {
            if matches!(address, Address::NamedBy(_)) {
                continue;
            }
            let locations = match self.locations(address, &given) {
                Ok(locations) => locations,
                Err(Miss::Wrong(rule)) => return Err(rule),
                Err(Miss::Lack(rule)) => {
                    absent = absent.or(Some(rule));
                    continue;
                }
            };
            let named = locations.into_iter().map(|location| {
                let origin = Origin {
                    tls: location.tls,
                    trust: trust.clone(),
                    host: location.host,
                    port: location.port,
                    base_path: location.base_path,
                    // A metadata service is on the link of this machine.
                    proxy: proxy.clone().filter(|_| !self.is_metadata()),
                };
                self.check_clear_text(address, &origin).map(|()| origin)
            });
            let named = named.collect::<Result<Vec<_>, _>>()?;
            let named = Addresses::new(named);
            let url = match address {
                Address::FromUrlOption(url) => url,
                Address::FromOption(name) => return Ok(named.named_by(format!("option {name}"), true)),
                Address::InstanceMetadata(_) => {
                    return Ok(named.named_by(format!("endpoint {}", self.name), false).of_metadata());
                }
                _ => return Ok(named.named_by(format!("endpoint {}", self.name), false)),
            };
            let named = named.named_by(format!("option {}", url.option), true);
            let follows = url.follow_option.as_deref().is_some_and(|flag| is_on(flag, &given));
            return Ok(named.of_option(url.clone(), follows));
        }
        Ok(Addresses::absent(
            absent.unwrap_or_else(|| self.blame("it has no address")),
        ))
    }

    /// How certificates are verified, and the proxy.
    pub(super) fn trust_and_proxy<'o>(
        option: &dyn Fn(&str) -> Option<&'o str>,
    ) -> Result<(Trust, Option<Proxy>), Denied> {
        let given = |name: &str| option(name).filter(|value| !value.is_empty());
        let proxy = given("proxy").map(Proxy::parse).transpose();
        Ok((
            Trust::by_options(&given)?,
            proxy.map_err(|rule| Denied::option("proxy", rule))?,
        ))
    }

    /// The place of a URL in a file, by the rules of a URL in an option. `settings` has TLS and the proxy, and `source`
    /// is the option of the file.
    pub(super) fn at_url(&self, text: &str, source: &str, settings: &Origin) -> Result<Origin, Denied> {
        let option = UrlOption {
            option: source.to_owned(),
            free_path: true,
            ..UrlOption::default()
        };
        let location = self.by_url(&option, text);
        let location = location.map_err(|rule| Denied::option(source, format!("{:?}: {rule}", shortened(text))))?;
        let origin = Origin {
            tls: location.tls,
            host: location.host,
            port: location.port,
            base_path: location.base_path,
            ..settings.clone()
        };
        self.check_clear_text(&Address::FromUrlOption(option), &origin)
            .map(|()| origin)
    }

    /// Where one of the addresses is.
    fn locations<'o>(&self, address: &Address, given: &dyn Fn(&str) -> Option<&'o str>) -> Result<Vec<Location>, Miss> {
        if let Address::FromUrlOption(option) = address {
            let text = given(&option.option).ok_or_else(|| lacking(&option.option))?;
            let locations = self.by_urls(option, text);
            return locations.map_err(|rule| Miss::Wrong(Denied::option(&option.option, rule)));
        }
        let host = self.host(address, given)?;
        let tls = match (self.scheme, address) {
            (Scheme::Http, _) => false,
            (Scheme::ByOptions, Address::FromOption(_)) => ["ssl", "ssl_secure", "ssl_insecure"]
                .iter()
                .any(|name| is_on(name, given)),
            _ => true,
        };
        let port = self.port(tls, given)?;
        Ok(vec![Location {
            tls,
            host,
            port,
            base_path: self.base_path.clone(),
        }])
    }

    /// The host name or address, without scheme and port.
    pub(crate) fn host<'o>(
        &self,
        address: &Address,
        given: &dyn Fn(&str) -> Option<&'o str>,
    ) -> Result<Host<String>, Miss> {
        let vendors = |text: &str| parse_host(text).map_err(|rule| Miss::Wrong(self.blame(rule)));
        match address {
            Address::Fixed(text) => vendors(text),
            Address::FromOption(name) | Address::FromUrlOption(UrlOption { option: name, .. }) => {
                let text = given(name).ok_or_else(|| lacking(name))?;
                parse_host(text).map_err(|rule| Miss::Wrong(Denied::option(name, rule)))
            }
            Address::ByChoice { option: name, cases } => {
                let value = given(name).ok_or_else(|| lacking(name))?;
                let case = cases.iter().find(|(case, _)| case.eq_ignore_ascii_case(value));
                let (_, address) = case.ok_or_else(|| {
                    let known: Vec<_> = cases.iter().map(|(case, _)| case.as_str()).collect();
                    let rule = format!("{:?} is not one of {}", shortened(value), known.join(", "));
                    Miss::Lack(Denied::option(name, rule))
                })?;
                vendors(address)
            }
            Address::Template(template) => match vendors(&fill(template, given)?)? {
                // A template makes a name from values of options. An address must be written
                // literally.
                host @ Host::Domain(_) => Ok(host),
                host => Err(self
                    .blame(format!("{host} is an address, and the template is for names"))
                    .into()),
            },
            Address::InstanceMetadata(text) => vendors(text),
            Address::NamedBy(source) => Err(Miss::Lack(self.blame(format!("{} has not named it", source.endpoint)))),
        }
    }

    pub(crate) fn port<'o>(&self, tls: bool, given: &dyn Fn(&str) -> Option<&'o str>) -> Result<u16, Denied> {
        let (name, text) = match &self.port {
            Port::SchemeDefault => return Ok(default_port(tls)),
            Port::Fixed(port) => return Ok(*port),
            Port::FromOption(name) => match given(name) {
                None => return Ok(default_port(tls)),
                Some(text) => (name, text),
            },
        };
        // Only digits: `parse` would also accept `+1`.
        let port = text.parse().ok().filter(|port| *port != 0);
        port.filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
            .ok_or_else(|| {
                Denied::option(
                    name,
                    format!("{:?} is not a port; give a number from 1 to 65535", shortened(text)),
                )
            })
    }

    /// The URLs in an option: one, or several with the same scheme.
    fn by_urls(&self, option: &UrlOption, text: &str) -> Result<Vec<Location>, Malformed> {
        if !option.several {
            return Ok(vec![self.by_url(option, text)?]);
        }
        let mut locations: Vec<Location> = Vec::new();
        for text in text.split([',', ' ', '\t']).filter(|text| !text.is_empty()) {
            let location = self.by_url(option, text)?;
            if !locations.contains(&location) {
                locations.push(location);
            }
        }
        match locations.as_slice() {
            [] => Err(Malformed::new("it contains no URL; write https://HOST[:PORT]")),
            [first, rest @ ..] if rest.iter().any(|location| location.tls != first.tls) => Err(Malformed::new(
                "http:// and https:// do not mix: a request may move from one host to another",
            )),
            _ if locations.len() > URL_LIMIT => Err(Malformed::new(format!("more than {URL_LIMIT} URLs"))),
            _ => Ok(locations),
        }
    }

    /// A URL with only the location of the API: no query, and a path only if it is allowed.
    fn by_url(&self, option: &UrlOption, text: &str) -> Result<Location, Malformed> {
        let url = parse_url(text, "https://HOST[:PORT]")?;
        let tls = match (url.scheme(), self.scheme) {
            ("https", Scheme::Https | Scheme::ByOptions) => true,
            ("http", Scheme::Http | Scheme::ByOptions) => false,
            (scheme, _) => return Err(Malformed::new(format!("this device does not support {scheme}://"))),
        };
        if url.query().is_some() || url.fragment().is_some() {
            return Err(Malformed::new(
                "a query or fragment does not belong in this URL; leave it out",
            ));
        }
        let path = url.path().strip_suffix('/').unwrap_or(url.path());
        let base_path = match path {
            "" => &self.base_path,
            path if option.free_path => {
                check_path(path)?;
                path
            }
            path if path == self.base_path => path,
            path => return Err(self.other_path(path).into()),
        };
        Ok(Location {
            tls,
            host: url.host().ok_or("the URL has no host")?.to_owned(),
            port: url.port_or_known_default().unwrap_or_else(|| default_port(tls)),
            base_path: base_path.to_owned(),
        })
    }

    fn other_path(&self, path: &str) -> String {
        let path = shortened(path);
        match self.base_path.as_str() {
            "" => format!("the path {path:?} does not belong in this URL; leave it out"),
            base => format!("this device's API is at the path {base}, not {path:?}; leave the path out"),
        }
    }

    /// Refuses clear text to another machine unless the user accepted it.
    fn check_clear_text(&self, address: &Address, origin: &Origin) -> Result<(), Denied> {
        // With a proxy on another machine, even a request to this machine leaves it.
        if self.is_metadata() {
            // No secret is sent there.
            return Ok(());
        }
        let hops = [Some(&origin.host), origin.proxy.as_ref().map(|proxy| &proxy.host)];
        let Some(far) = hops.into_iter().flatten().find(|host| !is_loopback(host)) else {
            return Ok(());
        };
        if origin.tls || origin.trust == Trust::Anything {
            return Ok(());
        }
        let clear = format!("the password would be sent in clear text to {far}");
        Err(match address {
            Address::FromUrlOption(url) => Denied::option(
                &url.option,
                format!("{clear}; use https://, or accept that with ssl_insecure=1"),
            ),
            _ if self.scheme == Scheme::ByOptions => self.blame(format!("{clear}; set ssl=1")),
            _ => self.blame(format!("{clear}; accept that with ssl_insecure=1")),
        })
    }

    fn blame(&self, rule: impl std::fmt::Display) -> Denied {
        Denied::new(format!("endpoint {}: {rule}", self.name))
    }
}

/// Where an endpoint is.
#[derive(PartialEq)]
struct Location {
    tls: bool,
    host: Host<String>,
    port: u16,
    base_path: String,
}

/// Why the options do not determine a location.
pub(crate) enum Miss {
    /// An option is missing.
    Lack(Denied),
    /// An option is invalid.
    Wrong(Denied),
}

impl From<Denied> for Miss {
    fn from(rule: Denied) -> Self {
        Self::Wrong(rule)
    }
}

/// Whether a flag is set to true.
fn is_on<'o>(name: &str, given: &dyn Fn(&str) -> Option<&'o str>) -> bool {
    given(name).is_some_and(|value| value != "0")
}

fn lacking(name: &str) -> Miss {
    Miss::Lack(Denied::option(name, "the device's address is missing; set it"))
}

/// Replaces each `{option}` by its value.
fn fill<'o>(template: &str, given: &dyn Fn(&str) -> Option<&'o str>) -> Result<String, Miss> {
    let mut address = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after
            .split_once('}')
            .ok_or_else(|| Denied::new(format!("address template {template:?} has an unclosed brace")))?;
        let value = given(name).ok_or_else(|| lacking(name))?;
        let label = value.len() <= 63 && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !label {
            let rule = format!("{:?} is not one part of a host name", shortened(value));
            return Err(Denied::option(name, rule).into());
        }
        address.push_str(before);
        address.push_str(value);
        rest = after;
    }
    address.push_str(rest);
    Ok(address)
}
