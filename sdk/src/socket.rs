//! Builders for the sockets of a plugin.

use crate::{Address, AddressChoice, Port, Socket, SocketPurpose};

impl Socket {
    /// TCP connections to the peer, whose address [`Socket::at`] and the other
    /// functions set.
    #[must_use]
    pub fn tcp(name: impl Into<String>) -> Self {
        Self::of(name, SocketPurpose::TcpConnect)
    }

    /// TCP connections from any address to the port of this machine.
    #[must_use]
    pub fn tcp_listener(name: impl Into<String>) -> Self {
        Self::of(name, SocketPurpose::TcpListen)
    }

    /// Datagrams to and from the peer.
    #[must_use]
    pub fn udp(name: impl Into<String>) -> Self {
        Self::of(name, SocketPurpose::Udp)
    }

    /// Datagrams to a multicast group, over at most this number of hops: see
    /// [`crate::multicast`].
    #[must_use]
    pub fn multicast(name: impl Into<String>, hops: u8) -> Self {
        Self::of(name, SocketPurpose::Multicast(hops))
    }

    fn of(name: impl Into<String>, purpose: SocketPurpose) -> Self {
        Self {
            name: name.into(),
            purpose,
            addresses: Vec::new(),
            port: Port::SchemeDefault,
        }
    }

    /// A fixed host name or address, used if the options before give none.
    #[must_use]
    pub fn at(mut self, host: impl Into<String>) -> Self {
        self.addresses.push(Address::Fixed(host.into()));
        self
    }

    /// The host name or address in `option`.
    #[must_use]
    pub fn at_option(mut self, option: impl Into<String>) -> Self {
        self.addresses.push(Address::FromOption(option.into()));
        self
    }

    /// The address that `cases` assign to the value of `option`.
    #[must_use]
    pub fn at_choice<V: Into<String>, A: Into<String>>(
        mut self,
        option: impl Into<String>,
        cases: impl IntoIterator<Item = (V, A)>,
    ) -> Self {
        let cases = cases.into_iter().map(|(value, address)| (value.into(), address.into()));
        self.addresses.push(Address::ByChoice(AddressChoice {
            option_name: option.into(),
            cases: cases.collect(),
        }));
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
}

#[cfg(test)]
mod tests {
    use crate::{Address, AddressChoice, Port, Socket, SocketPurpose};

    #[test]
    fn builders_set_every_field_of_a_socket() {
        let group = Socket::multicast("group", 2)
            .at_option("multicast_address")
            .at_choice("ip_family", [("ipv6", "ff05::3:1")])
            .at("225.0.0.12")
            .port_from_option("ipport");
        let written = Socket {
            name: "group".into(),
            purpose: SocketPurpose::Multicast(2),
            addresses: vec![
                Address::FromOption("multicast_address".into()),
                Address::ByChoice(AddressChoice {
                    option_name: "ip_family".into(),
                    cases: vec![("ipv6".into(), "ff05::3:1".into())],
                }),
                Address::Fixed("225.0.0.12".into()),
            ],
            port: Port::FromOption("ipport".into()),
        };
        assert_eq!(group, written);
        for (socket, purpose) in [
            (Socket::tcp("a"), SocketPurpose::TcpConnect),
            (Socket::udp("a"), SocketPurpose::Udp),
            (Socket::tcp_listener("a"), SocketPurpose::TcpListen),
        ] {
            assert_eq!((socket.purpose, socket.port(7).port), (purpose, Port::Fixed(7)));
        }
    }
}
