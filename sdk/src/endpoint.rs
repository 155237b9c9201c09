//! Builders for endpoints.

use crate::{Address, AddressChoice, Auth, Endpoint, NamingEndpoint, Port, Scheme, UrlOption};

impl Endpoint {
    /// A service at a fixed host name, such as `management.azure.com`. With TLS,
    /// at port 443.
    #[must_use]
    pub fn fixed(name: impl Into<String>, host: impl Into<String>) -> Self {
        Self::at(name, Address::Fixed(host.into()), Scheme::Https)
    }

    /// The address in the option `ip` and the port in the option `ipport`. The
    /// options `ssl`, `ssl_secure` and `ssl_insecure` select TLS.
    #[must_use]
    pub fn from_options(name: impl Into<String>) -> Self {
        Self::from_option(name, "ip").port_from_option("ipport")
    }

    /// The host name or address in `option`, at the default port of the scheme.
    /// The options `ssl`, `ssl_secure` and `ssl_insecure` select TLS.
    #[must_use]
    pub fn from_option(name: impl Into<String>, option: impl Into<String>) -> Self {
        Self::at(name, Address::FromOption(option.into()), Scheme::ByOptions)
    }

    /// Scheme, address and port of the URL in `option`.
    #[must_use]
    pub fn from_url_option(name: impl Into<String>, option: impl Into<String>) -> Self {
        let option = UrlOption {
            option_name: option.into(),
            free_path: false,
            several: false,
            follow_option: None,
        };
        Self::at(name, Address::FromUrlOption(option), Scheme::ByOptions)
    }

    /// The address that `cases` assign to the value of `option`. With TLS, at
    /// port 443.
    #[must_use]
    pub fn by_choice<V: Into<String>, A: Into<String>>(
        name: impl Into<String>,
        option: impl Into<String>,
        cases: impl IntoIterator<Item = (V, A)>,
    ) -> Self {
        Self::at(name, choice(option, cases), Scheme::Https)
    }

    /// An address that contains option values, each as one DNS label:
    /// `ec2.{region}.amazonaws.com`. With TLS, at port 443.
    #[must_use]
    pub fn template(name: impl Into<String>, template: impl Into<String>) -> Self {
        Self::at(name, Address::Template(template.into()), Scheme::Https)
    }

    /// The URL that the endpoint `by` names in an answer, such as a service in
    /// the catalog that a login returns: at a host of that endpoint, with any
    /// port and path. [`crate::http::select_address`] sets it. With TLS, unless
    /// the endpoint `by` has none.
    #[must_use]
    pub fn named_by(name: impl Into<String>, by: impl Into<String>) -> Self {
        Self::at(name, named_by(by), Scheme::ByOptions)
    }

    /// The metadata service of the virtual machine that the agent runs on, at
    /// this address: `169.254.169.254`. Always clear text at port 80. The host
    /// denies a request with a secret that this service did not return.
    #[must_use]
    pub fn instance_metadata(name: impl Into<String>, address: impl Into<String>) -> Self {
        Self::at(name, Address::InstanceMetadata(address.into()), Scheme::Http)
    }

    fn at(name: impl Into<String>, address: Address, scheme: Scheme) -> Self {
        Self {
            name: name.into(),
            scheme,
            addresses: vec![address],
            port: Port::SchemeDefault,
            base_path: String::new(),
            auth: Auth::Plugin,
        }
    }

    /// A path in the URL replaces [`Endpoint::base_path`]. For
    /// [`Endpoint::from_url_option`].
    #[must_use]
    pub fn free_path(self) -> Self {
        self.url_option(|option| option.free_path = true)
    }

    /// The option may contain several URLs with the same scheme. Requests go to
    /// the first, until [`crate::http::select_address`] selects another. For
    /// [`Endpoint::from_url_option`].
    #[must_use]
    pub fn several(self) -> Self {
        self.url_option(|option| option.several = true)
    }

    /// If the boolean `option` is set, [`crate::http::select_address`] accepts
    /// any host that the device names. For [`Endpoint::from_url_option`] and
    /// [`Endpoint::named_by`].
    #[must_use]
    pub fn follow_if(mut self, option: impl Into<String>) -> Self {
        match self.addresses.last_mut() {
            Some(Address::FromUrlOption(url)) => url.follow_option = Some(option.into()),
            Some(Address::NamedBy(source)) => source.follow_option = Some(option.into()),
            _ => {}
        }
        self
    }

    /// If the options before are not given: the URL that the endpoint `by`
    /// names, as with [`Endpoint::named_by`].
    #[must_use]
    pub fn or_named_by(mut self, by: impl Into<String>) -> Self {
        self.addresses.push(named_by(by));
        self
    }

    /// If the options before are not given: a URL that the declared file of this
    /// option contains ([`Agent::file`](crate::Agent::file), for reading).
    /// [`crate::http::select_address`] sets it, as the file writes it. Its path
    /// replaces [`Endpoint::base_path`]. Several files are possible.
    #[must_use]
    pub fn or_named_in_file(mut self, option: impl AsRef<str>) -> Self {
        self.addresses.push(named_by(format!("file:{}", option.as_ref())));
        self
    }

    /// Any host may be named, and not only a host of the endpoint that names
    /// it. The administrator approves that when the plugin is installed. For
    /// [`Endpoint::named_by`].
    #[must_use]
    pub fn any_host(mut self) -> Self {
        if let Some(Address::NamedBy(source)) = self.addresses.last_mut() {
            source.any_host = true;
        }
        self
    }

    /// If the options before are not given: the address that `cases` assign to
    /// the value of `option`, with TLS. (A URL has its own scheme.)
    #[must_use]
    pub fn or_by_choice<V: Into<String>, A: Into<String>>(
        mut self,
        option: impl Into<String>,
        cases: impl IntoIterator<Item = (V, A)>,
    ) -> Self {
        self.addresses.push(choice(option, cases));
        self
    }

    /// If the options before are not given: the host name that contains these
    /// options, with TLS, as with [`Endpoint::template`].
    #[must_use]
    pub fn or_template(mut self, name: impl Into<String>) -> Self {
        self.addresses.push(Address::Template(name.into()));
        self
    }

    /// If the options before are not given: this host name, with TLS. (A URL has
    /// its own scheme.)
    #[must_use]
    pub fn or_fixed(mut self, host: impl Into<String>) -> Self {
        self.addresses.push(Address::Fixed(host.into()));
        self
    }

    fn url_option(mut self, change: impl FnOnce(&mut UrlOption)) -> Self {
        if let Some(Address::FromUrlOption(option)) = self.addresses.last_mut() {
            change(option);
        }
        self
    }

    /// With or without TLS.
    #[must_use]
    pub fn scheme(mut self, scheme: Scheme) -> Self {
        self.scheme = scheme;
        self
    }

    /// Always this port.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = Port::Fixed(port);
        self
    }

    /// The port number in `option`.
    #[must_use]
    pub fn port_from_option(mut self, option: impl Into<String>) -> Self {
        self.port = Port::FromOption(option.into());
        self
    }

    /// The path of the API at the address, such as `/v2`. The host prepends it
    /// to every path.
    #[must_use]
    pub fn base_path(mut self, path: impl Into<String>) -> Self {
        self.base_path = path.into();
        self
    }

    /// Who adds the credentials to a request. The default is the plugin.
    #[must_use]
    pub fn auth(mut self, auth: Auth) -> Self {
        self.auth = auth;
        self
    }
}

fn named_by(endpoint: impl Into<String>) -> Address {
    Address::NamedBy(NamingEndpoint {
        endpoint_name: endpoint.into(),
        any_host: false,
        follow_option: None,
    })
}

fn choice<V: Into<String>, A: Into<String>>(
    option: impl Into<String>,
    cases: impl IntoIterator<Item = (V, A)>,
) -> Address {
    let cases = cases.into_iter().map(|(value, address)| (value.into(), address.into()));
    Address::ByChoice(AddressChoice {
        option_name: option.into(),
        cases: cases.collect(),
    })
}

#[cfg(test)]
mod tests {
    use crate::{Address, AddressChoice, Auth, Endpoint, Port, Scheme, UrlOption};

    fn url_option(name: &str) -> UrlOption {
        UrlOption {
            option_name: name.into(),
            free_path: false,
            several: false,
            follow_option: None,
        }
    }

    #[test]
    fn an_address_from_options_has_its_port_from_options() {
        let endpoint = Endpoint::from_options("api").auth(Auth::HostBasic);
        assert_eq!(endpoint.name, "api");
        assert_eq!(endpoint.addresses, [Address::FromOption("ip".into())]);
        assert_eq!(endpoint.port, Port::FromOption("ipport".into()));
        assert_eq!(endpoint.scheme, Scheme::ByOptions);
        assert_eq!(endpoint.auth, Auth::HostBasic);
    }

    #[test]
    fn fixed_addresses_use_tls() {
        let endpoints = [
            (Endpoint::fixed("a", "x.example"), Address::Fixed("x.example".into())),
            (
                Endpoint::template("a", "{r}.example"),
                Address::Template("{r}.example".into()),
            ),
            (
                Endpoint::by_choice("a", "region", [("eu", "eu.example")]),
                Address::ByChoice(AddressChoice {
                    option_name: "region".into(),
                    cases: vec![("eu".into(), "eu.example".into())],
                }),
            ),
        ];
        for (endpoint, address) in endpoints {
            assert_eq!(endpoint.addresses, [address]);
            assert_eq!(endpoint.scheme, Scheme::Https);
            assert_eq!(endpoint.port, Port::SchemeDefault);
            assert_eq!(endpoint.auth, Auth::Plugin);
        }
    }

    #[test]
    fn a_url_has_its_scheme_and_port() {
        let endpoint = Endpoint::from_url_option("api", "api_url").base_path("/v2");
        assert_eq!(endpoint.addresses, [Address::FromUrlOption(url_option("api_url"))]);
        assert_eq!(endpoint.scheme, Scheme::ByOptions);
        assert_eq!(endpoint.port, Port::SchemeDefault);
        assert_eq!(endpoint.base_path, "/v2");
        let plain = endpoint.scheme(Scheme::Http).port(8080);
        assert_eq!((plain.scheme, plain.port), (Scheme::Http, Port::Fixed(8080)));
    }

    #[test]
    fn a_fixed_address_can_follow_an_option() {
        let endpoint = Endpoint::from_url_option("api", "api_url").or_fixed("x.example");
        let fixed = Address::Fixed("x.example".into());
        assert_eq!(
            endpoint.addresses,
            [Address::FromUrlOption(url_option("api_url")), fixed]
        );
    }

    #[test]
    fn url_builders_change_only_the_url_option() {
        let endpoint = Endpoint::from_url_option("api", "api_url")
            .free_path()
            .several()
            .follow_if("follow_master")
            .or_by_choice("region", [("eu", "eu.example")])
            .several();
        let url = UrlOption {
            option_name: "api_url".into(),
            free_path: true,
            several: true,
            follow_option: Some("follow_master".into()),
        };
        let choice = AddressChoice {
            option_name: "region".into(),
            cases: vec![("eu".into(), "eu.example".into())],
        };
        assert_eq!(
            endpoint.addresses,
            [Address::FromUrlOption(url), Address::ByChoice(choice)]
        );
    }
}
