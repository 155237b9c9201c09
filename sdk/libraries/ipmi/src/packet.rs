//! Packets outside a session, in the form of IPMI 1.5 and of RMCP+ (section 13.6).

/// RMCP version 1.0 without acknowledgment, for a message of IPMI.
pub(crate) const RMCP: [u8; 4] = [0x06, 0x00, 0xff, 0x07];
/// The authentication type of RMCP+.
pub(crate) const PLUS: u8 = 0x06;

/// The part of a datagram after the RMCP header, if this is a message of IPMI.
pub(crate) fn after_rmcp(datagram: &[u8]) -> Option<&[u8]> {
    match datagram {
        [0x06, _, 0xff, 0x07, rest @ ..] => Some(rest),
        _ => None,
    }
}

/// A message of IPMI 1.5 outside a session.
pub(crate) fn outside(message: &[u8]) -> Vec<u8> {
    let length = u8::try_from(message.len()).unwrap_or(u8::MAX);
    [&RMCP[..], &[0; 9], &[length], message].concat()
}

/// The message in a packet of IPMI 1.5 outside a session. Some BMCs copy a session
/// number into it, so that it does not count.
pub(crate) fn message_outside(datagram: &[u8]) -> Option<&[u8]> {
    let rest = after_rmcp(datagram)?;
    let (head, rest) = rest.split_at_checked(10)?;
    (head[0] == 0).then_some(())?;
    rest.get(..usize::from(head[9]))
}

/// A payload of RMCP+ outside a session.
pub(crate) fn payload(kind: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap_or(u16::MAX).to_le_bytes();
    [&RMCP[..], &[PLUS, kind], &[0; 8], &length, payload].concat()
}

/// The payload of this kind in a packet of RMCP+ outside a session.
pub(crate) fn payload_of(kind: u8, datagram: &[u8]) -> Option<&[u8]> {
    let rest = after_rmcp(datagram)?;
    let (head, rest) = rest.split_at_checked(12)?;
    let is_outside = head[2..10].iter().all(|byte| *byte == 0);
    (head[0] == PLUS && head[1] == kind && is_outside).then_some(())?;
    rest.get(..usize::from(u16::from_le_bytes([head[10], head[11]])))
}
