//! Builders for the services that a plugin reaches.

use crate::{Address, AddressChoice, Auth, Endpoint, Port, Scheme, UrlOption};

impl Endpoint {
    /// A service at a host name that is known when the plugin is built:
    /// `management.azure.com`. By TLS, at port 443.
    #[must_use]
    pub fn fixed(name: impl Into<String>, host: impl Into<String>) -> Self {
        Self::at(name, Address::Fixed(host.into()), Scheme::Https)
    }

    /// The device that the options `ip` and `ipport` name, with or without TLS
    /// as the options `ssl`, `ssl_secure` and `ssl_insecure` say.
    #[must_use]
    pub fn from_options(name: impl Into<String>) -> Self {
        Self::from_option(name, "ip").port_from_option("ipport")
    }

    /// The name or address typed in `option`, with or without TLS as the
    /// options `ssl`, `ssl_secure` and `ssl_insecure` say, at the port of the
    /// scheme.
    #[must_use]
    pub fn from_option(name: impl Into<String>, option: impl Into<String>) -> Self {
        Self::at(name, Address::FromOption(option.into()), Scheme::ByOptions)
    }

    /// Scheme, address and port of the URL typed in `option`.
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

    /// The address that `cases` give for the value of `option`. By TLS, at
    /// port 443.
    #[must_use]
    pub fn by_choice<V: Into<String>, A: Into<String>>(
        name: impl Into<String>,
        option: impl Into<String>,
        cases: impl IntoIterator<Item = (V, A)>,
    ) -> Self {
        Self::at(name, choice(option, cases), Scheme::Https)
    }

    /// An address with option values in it, as one DNS label each:
    /// `ec2.{region}.amazonaws.com`. By TLS, at port 443.
    #[must_use]
    pub fn template(name: impl Into<String>, template: impl Into<String>) -> Self {
        Self::at(name, Address::Template(template.into()), Scheme::Https)
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

    /// A path in the URL takes the place of [`Endpoint::base_path`]: the API
    /// may be anywhere. For [`Endpoint::from_url_option`].
    #[must_use]
    pub fn free_path(self) -> Self {
        self.url_option(|option| option.free_path = true)
    }

    /// The option may hold several URLs of one scheme; requests go to the
    /// first, until [`crate::http::select_address`] says otherwise. For
    /// [`Endpoint::from_url_option`].
    #[must_use]
    pub fn several(self) -> Self {
        self.url_option(|option| option.several = true)
    }

    /// Where the flag `option` is set, [`crate::http::select_address`] may go
    /// to any host that the device names. For [`Endpoint::from_url_option`].
    #[must_use]
    pub fn follow_if(self, option: impl Into<String>) -> Self {
        self.url_option(|url| url.follow_option = Some(option.into()))
    }

    /// Without the options so far, the address that `cases` give for the value
    /// of `option`. By TLS, while a URL brings its own scheme.
    #[must_use]
    pub fn or_by_choice<V: Into<String>, A: Into<String>>(
        mut self,
        option: impl Into<String>,
        cases: impl IntoIterator<Item = (V, A)>,
    ) -> Self {
        self.addresses.push(choice(option, cases));
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

    /// The port number typed in `option`.
    #[must_use]
    pub fn port_from_option(mut self, option: impl Into<String>) -> Self {
        self.port = Port::FromOption(option.into());
        self
    }

    /// Where the API starts at that address: `/v2`. The host puts it before
    /// every path.
    #[must_use]
    pub fn base_path(mut self, path: impl Into<String>) -> Self {
        self.base_path = path.into();
        self
    }

    /// Who adds the credentials to a request; the plugin, unless said here.
    #[must_use]
    pub fn auth(mut self, auth: Auth) -> Self {
        self.auth = auth;
        self
    }
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
    fn an_address_out_of_options_has_its_port_there_too() {
        let endpoint = Endpoint::from_options("api").auth(Auth::HostBasic);
        assert_eq!(endpoint.name, "api");
        assert_eq!(endpoint.addresses, [Address::FromOption("ip".into())]);
        assert_eq!(endpoint.port, Port::FromOption("ipport".into()));
        assert_eq!(endpoint.scheme, Scheme::ByOptions);
        assert_eq!(endpoint.auth, Auth::HostBasic);
    }

    #[test]
    fn addresses_of_a_vendor_are_by_tls() {
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
    fn a_url_brings_its_scheme_and_port() {
        let endpoint = Endpoint::from_url_option("api", "api_url").base_path("/v2");
        assert_eq!(endpoint.addresses, [Address::FromUrlOption(url_option("api_url"))]);
        assert_eq!(endpoint.scheme, Scheme::ByOptions);
        assert_eq!(endpoint.port, Port::SchemeDefault);
        assert_eq!(endpoint.base_path, "/v2");
        let plain = endpoint.scheme(Scheme::Http).port(8080);
        assert_eq!((plain.scheme, plain.port), (Scheme::Http, Port::Fixed(8080)));
    }

    #[test]
    fn what_is_said_of_a_url_belongs_to_its_option() {
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
