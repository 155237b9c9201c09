//! One caller: any program that connects to the port at which hypervisors call back.

use std::cell::Cell;
use std::io;
use std::net::{IpAddr, TcpStream};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use fencebox_sdk::prelude::*;

use crate::digest::Digest;
use crate::handshake::{Answer, HandshakeError, answer, prove, unproven_answer};
use crate::random;
use crate::settings::Settings;

type Talk<'a> = Pin<Box<dyn Future<Output = Result<Answer, HandshakeError>> + 'a>>;

/// A connection beside others: a slow one does not delay the rest.
pub(crate) struct Conversation<'a> {
    /// The address of the caller.
    pub(crate) peer: IpAddr,
    /// When the connection was accepted.
    pub(crate) accepted: Instant,
    stream: Rc<TcpStream>,
    is_hypervisor: Rc<Cell<bool>>,
    talk: Talk<'a>,
}

impl<'a> Conversation<'a> {
    /// Starts the conversation with a caller. An error is one of this machine, not of the caller.
    pub(crate) fn new(settings: &'a Settings, stream: TcpStream, peer: IpAddr) -> Result<Self> {
        let challenge = random::bytes()?;
        let (stream, is_hypervisor) = (Rc::new(stream), Rc::new(Cell::new(false)));
        let talk = talk(settings, stream.clone(), challenge, is_hypervisor.clone());
        Ok(Self {
            peer: peer.to_canonical(),
            accepted: Instant::now(),
            stream,
            is_hypervisor,
            talk: Box::pin(talk),
        })
    }

    /// The connection, for waiting.
    pub(crate) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Whether the caller has proven that it has the key; with `auth=none`,
    /// whether it has begun to answer.
    pub(crate) fn is_hypervisor(&self) -> bool {
        self.is_hypervisor.get()
    }

    /// Continues the conversation. Returns its result once it has ended.
    pub(crate) fn advance(&mut self) -> Option<Result<Answer, HandshakeError>> {
        match self.talk.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(outcome) => Some(outcome),
            Poll::Pending => None,
        }
    }
}

async fn talk(
    settings: &Settings,
    stream: Rc<TcpStream>,
    challenge: [u8; 64],
    is_hypervisor: Rc<Cell<bool>>,
) -> Result<Answer, HandshakeError> {
    let early = |cause: io::Error| HandshakeError::BeforeSend(format!("lost the connection: {cause}"));
    stream.set_nonblocking(true).map_err(early)?;
    let mut stream: &TcpStream = &stream;
    if settings.auth == Digest::None {
        return unproven_answer(&mut stream, &is_hypervisor).await;
    }
    prove(&mut stream, settings.auth, &settings.key, challenge).await?;
    is_hypervisor.set(true);
    answer(&mut stream).await
}
