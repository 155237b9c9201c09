//! All hypervisors of a multicast group: the request goes out by every address
//! of this machine, and those that hear it call back.
//!
//! The original takes the first answer for the answer. Where several
//! hypervisors hear a group, that of one which does not have the machine may
//! be it: here all are heard, until nobody has called for a while.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use fencebox_sdk::multicast;
use fencebox_sdk::net::{Listener, Timed};
use fencebox_sdk::prelude::*;

use crate::description::GROUP;
use crate::packet::{Command, Request};
use crate::random;
use crate::settings::Settings;
use crate::talk::{Answer, Trouble, answer, prove, say};

/// A caller that has not proven by then that it has the key holds up others.
const PROOF_LIMIT: Duration = Duration::from_secs(5);
/// How long others are waited for after an answer, within these bounds the
/// time between two sendings.
const SETTLING: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(2)];
/// How often a port that is taken is tried.
const PORT_INTERVAL: Duration = Duration::from_millis(100);

/// What came of a request.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    pub(crate) answers: Vec<Answer>,
    /// Of those that called and gave no whole answer.
    pub(crate) troubles: Vec<Trouble>,
}

/// Asks the group, over IPv6 or not, sending every `interval`.
pub(crate) fn ask(settings: &Settings, ipv6: bool, interval: Duration, request: &Request<'_>) -> Result<Gathered> {
    let end = Instant::now() + settings.timeout;
    let listener = listen(settings, ipv6, end)?;
    let settling = interval.clamp(SETTLING[0], SETTLING[1]);
    let mut gathered = Gathered::default();
    let mut next_sending = Instant::now();
    let mut limit = end;
    loop {
        let now = Instant::now();
        if now >= next_sending {
            send(settings, ipv6, request)?;
            next_sending = now + interval;
        }
        let caller = listener
            .accept(limit.min(next_sending))
            .map_err(|cause| Error::ConnectionLost(format!("callers cannot be heard: {}", say(&cause))))?;
        if let Some((stream, peer)) = caller {
            let peer = format!("the hypervisor at {}", peer.ip().to_canonical());
            let first = gathered.answers.is_empty();
            let over = take(
                settings,
                &mut gathered,
                request,
                converse(settings, stream, &peer, end)?,
                &peer,
            );
            if over {
                return Ok(gathered);
            }
            if !gathered.answers.is_empty() {
                limit = end.min(Instant::now() + settling);
                // Whoever missed it hears it again; who did not passes it over.
                next_sending = if first { Instant::now() } else { next_sending };
            }
        }
        if Instant::now() >= limit {
            return settle(settings, gathered);
        }
    }
}

/// Keeps what a caller said; whether nobody else is to be heard.
fn take(
    settings: &Settings,
    gathered: &mut Gathered,
    request: &Request<'_>,
    said: Result<Answer, Trouble>,
    peer: &str,
) -> bool {
    // Two hypervisors must not start one machine, and one is enough to know that the group is there.
    let one_is_enough = matches!(request.command, Command::On | Command::Monitor);
    match said {
        Ok(answer) => {
            settings.tell(&format!("{peer} answered {}", shown(&answer)));
            let done = answer == Answer::Done;
            gathered.answers.push(answer);
            one_is_enough && done
        }
        Err(trouble) => {
            let trouble = trouble.of(peer);
            match &trouble {
                // Somebody pretends, or is configured otherwise: worth a line, whoever else answers.
                Trouble::Stranger(text) => log::warn(text),
                trouble => settings.tell(trouble.text()),
            }
            let may_count = matches!(trouble, Trouble::Late(_) | Trouble::Odd(_));
            gathered.troubles.push(trouble);
            request.command == Command::On && may_count
        }
    }
}

fn shown(answer: &Answer) -> String {
    match answer {
        Answer::Machines(machines) => format!("with {} machines", machines.len()),
        other => format!("{other:?}").to_lowercase(),
    }
}

/// Silence is an error of its own, with all that may be the cause.
fn settle(settings: &Settings, mut gathered: Gathered) -> Result<Gathered> {
    if !gathered.answers.is_empty() {
        return Ok(gathered);
    }
    let worst = |trouble: &Trouble| match trouble {
        Trouble::Late(_) | Trouble::Odd(_) => 0,
        Trouble::Stranger(_) => 1,
        Trouble::Early(_) => 2,
    };
    gathered.troubles.sort_by_key(worst);
    match gathered.troubles.into_iter().next() {
        Some(trouble) => Err(trouble.into()),
        None => Err(Error::task_failed(format!(
            "no hypervisor has called back within {} s: one whose key or hash differs keeps silent; compare key_file, \
             hash, multicast_address and ipport with its configuration, and see that TCP port {} of this machine is open",
            settings.timeout.as_secs(),
            settings.port
        ))),
    }
}

/// One conversation; the outer error is that of this machine.
fn converse(settings: &Settings, stream: TcpStream, peer: &str, end: Instant) -> Result<Result<Answer, Trouble>> {
    settings.tell(&format!("{peer} calls back"));
    let challenge = random::bytes()?;
    let talk = || {
        let early = |cause: std::io::Error| Trouble::Early(say(&cause));
        let mut stream = Timed::new(stream, end.min(Instant::now() + PROOF_LIMIT)).map_err(early)?;
        prove(&mut stream, settings.auth, &settings.key, challenge)?;
        stream.set_until(end);
        answer(&mut stream)
    };
    Ok(talk())
}

/// The callers' port; another agent may have it for a moment.
fn listen(settings: &Settings, ipv6: bool, end: Instant) -> Result<Listener> {
    let any = match ipv6 {
        true => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        false => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
    };
    loop {
        match Listener::bind(SocketAddr::new(any, settings.port)) {
            Ok(listener) => return Ok(listener),
            Err(cause) if cause.kind() == std::io::ErrorKind::AddrInUse && Instant::now() + PORT_INTERVAL < end => {
                std::thread::sleep(PORT_INTERVAL);
            }
            Err(cause) => {
                let text = format!(
                    "TCP port {}, at which hypervisors call back: {}",
                    settings.port,
                    say(&cause)
                );
                return Err(match cause.kind() {
                    std::io::ErrorKind::PermissionDenied => Error::Denied(text),
                    _ => Error::task_failed(text),
                });
            }
        }
    }
}

/// Sends the request by every address of this machine; one that leads nowhere
/// is passed over.
fn send(settings: &Settings, ipv6: bool, request: &Request<'_>) -> Result<()> {
    let addresses = multicast::local_addresses(GROUP).map_err(refused)?;
    let mut last = "this machine has no address to call back to".to_owned();
    let mut sent = false;
    for text in addresses {
        let Ok(address) = text.parse::<IpAddr>() else { continue };
        // Nobody calls back to a loopback of IPv6: no group reaches it.
        if address.is_ipv6() != ipv6 || address == Ipv6Addr::LOCALHOST {
            continue;
        }
        let packet = request.packet(
            Some((address, settings.port)),
            settings.hash,
            &settings.key,
            random::bytes()?,
        );
        match multicast::send(GROUP, &text, &packet) {
            Ok(()) => {
                settings.tell(&format!(
                    "asked {:?} from {text}, request {}",
                    request.command, request.number
                ));
                sent = true;
            }
            Err(multicast::Failure::Failed(cause)) => {
                settings.tell(&cause);
                last = cause;
            }
            Err(failure) => return Err(refused(failure)),
        }
    }
    match sent {
        true => Ok(()),
        false => Err(Error::ConnectionLost(format!("the request could not be sent: {last}"))),
    }
}

fn refused(failure: multicast::Failure) -> Error {
    match failure {
        multicast::Failure::Denied(text) => Error::Denied(text),
        multicast::Failure::Failed(text) => Error::ConnectionLost(text),
    }
}
