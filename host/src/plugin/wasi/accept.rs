//! TCP sockets as in WASI, except for connections that the peer resets.
//!
//! When the standard library of a guest accepts a connection, it also reads the peer's address, and aborts if there is
//! none. So a peer that connects and resets could end the action. Linux deletes the address when the connection ends,
//! so this module stores it. A connection that already has no address is reported as aborted, and the listener
//! continues.

use std::net::SocketAddr;

use wasmtime::component::{HasData, Linker, Resource};
use wasmtime_wasi::p2::SocketError;
use wasmtime_wasi::p2::bindings::sockets::network::{ErrorCode, IpAddressFamily, IpSocketAddress, Network};
use wasmtime_wasi::p2::bindings::sync::sockets::tcp::{
    self, Duration, Host, HostTcpSocket, InputStream, OutputStream, Pollable, ShutdownType, TcpSocket,
};

use super::lookup::{LookupView, Lookups};

pub(super) fn add_to_linker<T: LookupView + 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    tcp::add_to_linker::<T, HasSockets>(linker, T::lookups)
}

struct HasSockets;

impl HasData for HasSockets {
    type Data<'a> = Lookups<'a>;
}

impl Host for Lookups<'_> {}

/// Methods that WASI's own sockets implement.
macro_rules! pass_on {
    ($(fn $name:ident($($argument:ident: $type:ty),*) -> $outcome:ty;)*) => {
        $(fn $name(&mut self, socket: Resource<TcpSocket>, $($argument: $type),*) -> $outcome {
            HostTcpSocket::$name(&mut self.sockets, socket, $($argument),*)
        })*
    };
}

impl HostTcpSocket for Lookups<'_> {
    fn accept(
        &mut self,
        socket: Resource<TcpSocket>,
    ) -> Result<(Resource<TcpSocket>, Resource<InputStream>, Resource<OutputStream>), SocketError> {
        let (caller, input, output) = HostTcpSocket::accept(&mut self.sockets, socket)?;
        let number = caller.rep();
        match HostTcpSocket::remote_address(&mut self.sockets, Resource::new_borrow(number)) {
            Ok(peer) => {
                self.filter.remember_peer(number, SocketAddr::from(peer));
                Ok((caller, input, output))
            }
            Err(_) => {
                // The streams are children of the socket, so they are deleted first.
                self.sockets.table.delete(input)?;
                self.sockets.table.delete(output)?;
                self.sockets.table.delete(caller)?;
                Err(ErrorCode::ConnectionAborted.into())
            }
        }
    }

    fn remote_address(&mut self, socket: Resource<TcpSocket>) -> Result<IpSocketAddress, SocketError> {
        let remembered = self.filter.peer(socket.rep());
        match (HostTcpSocket::remote_address(&mut self.sockets, socket), remembered) {
            (Err(_), Some(peer)) => Ok(peer.into()),
            (outcome, _) => outcome,
        }
    }

    fn drop(&mut self, socket: Resource<TcpSocket>) -> wasmtime::Result<()> {
        self.filter.forget_peer(socket.rep());
        HostTcpSocket::drop(&mut self.sockets, socket)
    }

    pass_on! {
        fn start_bind(network: Resource<Network>, address: IpSocketAddress) -> Result<(), SocketError>;
        fn finish_bind() -> Result<(), SocketError>;
        fn start_connect(network: Resource<Network>, address: IpSocketAddress) -> Result<(), SocketError>;
        fn finish_connect() -> Result<(Resource<InputStream>, Resource<OutputStream>), SocketError>;
        fn start_listen() -> Result<(), SocketError>;
        fn finish_listen() -> Result<(), SocketError>;
        fn local_address() -> Result<IpSocketAddress, SocketError>;
        fn is_listening() -> wasmtime::Result<bool>;
        fn address_family() -> wasmtime::Result<IpAddressFamily>;
        fn set_listen_backlog_size(value: u64) -> Result<(), SocketError>;
        fn keep_alive_enabled() -> Result<bool, SocketError>;
        fn set_keep_alive_enabled(value: bool) -> Result<(), SocketError>;
        fn keep_alive_idle_time() -> Result<Duration, SocketError>;
        fn set_keep_alive_idle_time(value: Duration) -> Result<(), SocketError>;
        fn keep_alive_interval() -> Result<Duration, SocketError>;
        fn set_keep_alive_interval(value: Duration) -> Result<(), SocketError>;
        fn keep_alive_count() -> Result<u32, SocketError>;
        fn set_keep_alive_count(value: u32) -> Result<(), SocketError>;
        fn hop_limit() -> Result<u8, SocketError>;
        fn set_hop_limit(value: u8) -> Result<(), SocketError>;
        fn receive_buffer_size() -> Result<u64, SocketError>;
        fn set_receive_buffer_size(value: u64) -> Result<(), SocketError>;
        fn send_buffer_size() -> Result<u64, SocketError>;
        fn set_send_buffer_size(value: u64) -> Result<(), SocketError>;
        fn subscribe() -> wasmtime::Result<Resource<Pollable>>;
        fn shutdown(kind: ShutdownType) -> Result<(), SocketError>;
    }
}
