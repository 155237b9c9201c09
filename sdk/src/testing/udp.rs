//! Peers of UDP sockets.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;

use super::STAGE;

/// What a peer does with a datagram: it returns its answers.
type Answer = dyn FnMut(&[u8]) -> Vec<Vec<u8>>;

/// A peer of the script.
#[derive(Clone)]
pub(super) struct Peer {
    pub(super) host: String,
    pub(super) port: u16,
    answer: Rc<RefCell<Answer>>,
    sent: Rc<RefCell<Vec<Vec<u8>>>>,
}

impl Peer {
    pub(super) fn new(host: &str, port: u16, answer: impl FnMut(&[u8]) -> Vec<Vec<u8>> + 'static) -> Self {
        Self {
            host: host.to_owned(),
            port,
            answer: Rc::new(RefCell::new(answer)),
            sent: Rc::default(),
        }
    }

    /// The datagrams that this peer got.
    pub(super) fn sent(&self) -> Vec<Vec<u8>> {
        self.sent.borrow().clone()
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Peer({}:{})", self.host, self.port)
    }
}

/// A socket to a peer of the script. It never waits: an answer is there at
/// once, or never arrives.
#[derive(Debug)]
pub(crate) struct FakeSocket {
    peer: Peer,
    waiting: RefCell<VecDeque<Vec<u8>>>,
}

impl FakeSocket {
    /// The socket, if the script on this thread has this peer. Without it, the
    /// socket is one of the system, for tests with a simulator.
    pub(crate) fn of_script(host: &str, port: u16) -> Option<Self> {
        let peer = STAGE.with_borrow(|state| {
            let mut peers = state.as_ref()?.peers.iter();
            peers.find(|peer| peer.host == host && peer.port == port).cloned()
        })?;
        Some(Self {
            peer,
            waiting: RefCell::default(),
        })
    }

    pub(crate) fn send(&self, datagram: &[u8]) {
        self.peer.sent.borrow_mut().push(datagram.to_vec());
        let answers = (self.peer.answer.borrow_mut())(datagram);
        self.waiting.borrow_mut().extend(answers);
    }

    pub(crate) fn receive(&self) -> Option<Vec<u8>> {
        self.waiting.borrow_mut().pop_front()
    }
}
