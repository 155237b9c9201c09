//! The kinds of faults.

/// A kind of fault of an exchange with a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// No program listens at the address. Nothing was sent.
    Unreachable,
    /// The certificate is not trusted. Nothing was sent.
    Tls,
    /// The request is lost on its way.
    RequestLost,
    /// The device executes the request, and its answer is lost.
    AnswerLost,
    /// The device executes the request, and the connection ends in its answer.
    Broken,
    /// The device executes the request twice, as behind a proxy that sends again.
    Twice,
    /// The device, or a proxy, answers with this status and executes nothing.
    Status(u16),
    /// The device executes the request and answers with this status.
    ExecutedStatus(u16),
    /// The device executes the request, and the answer has no body.
    Empty,
    /// The device executes the request, and the answer is an empty JSON object.
    EmptyObject,
    /// The device executes the request, and only a half of the answer arrives.
    Cut,
    /// A page of a proxy instead of the answer. Nothing is executed.
    Page,
    /// The answer that the step had before, as from a cache.
    Older,
    /// The answer of the step before, as from a proxy that confuses two of them.
    MixedUp,
}

/// Each kind with its name, and whether an XML-RPC call can have it.
const KINDS: [(&str, Kind, bool); 21] = [
    ("unreachable", Kind::Unreachable, true),
    ("tls", Kind::Tls, true),
    ("request-lost", Kind::RequestLost, true),
    ("answer-lost", Kind::AnswerLost, true),
    ("broken", Kind::Broken, true),
    ("twice", Kind::Twice, true),
    ("status-401", Kind::Status(401), true),
    ("status-403", Kind::Status(403), true),
    ("status-404", Kind::Status(404), true),
    ("status-429", Kind::Status(429), true),
    ("status-500", Kind::Status(500), true),
    ("status-503", Kind::Status(503), true),
    ("redirect", Kind::Status(302), true),
    ("executed-500", Kind::ExecutedStatus(500), true),
    ("executed-502", Kind::ExecutedStatus(502), true),
    ("empty", Kind::Empty, false),
    ("empty-object", Kind::EmptyObject, false),
    ("cut", Kind::Cut, false),
    ("page", Kind::Page, false),
    ("older", Kind::Older, true),
    ("mixed-up", Kind::MixedUp, true),
];

impl Kind {
    /// The names of all kinds that a step can have.
    pub(super) fn names(is_xmlrpc: bool) -> impl Iterator<Item = &'static str> {
        let possible = KINDS.iter().filter(move |(_, _, for_xmlrpc)| *for_xmlrpc || !is_xmlrpc);
        possible.map(|(name, ..)| *name)
    }

    /// The kind with this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        KINDS.iter().find(|(own, ..)| *own == name).map(|(_, kind, _)| *kind)
    }

    /// How often the device executes the request.
    pub(super) fn executions(self) -> usize {
        match self {
            Self::Unreachable | Self::Tls | Self::RequestLost | Self::Status(_) | Self::Page => 0,
            Self::Twice => 2,
            _ => 1,
        }
    }
}
