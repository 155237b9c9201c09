//! Everything before a session: what the BMC offers, and logins.

use super::bmc::Bmc;
use super::crypto;
use super::session::{Session, Version};

/// The identity of the BMC.
const GUID: [u8; 16] = *b"fencebox-sim-bmc";
/// Find the user by name only.
const NAME_ONLY: u8 = 0x10;

/// Get Channel Authentication Capabilities.
pub(super) fn capabilities(bmc: &Bmc, message: &[u8]) -> Vec<u8> {
    let settings = &bmc.settings;
    let is_extended = message.get(6).is_some_and(|channel| channel & 0x80 != 0) && settings.has_plus;
    let kg = u8::from(!settings.kg.is_empty()) << 5;
    let versions = u8::from(settings.has_lan) | u8::from(settings.has_plus) << 1;
    let types = if settings.has_lan { settings.types } else { 0 };
    let (types, versions) = if is_extended {
        (types | 0x80, versions)
    } else {
        (types, 0)
    };
    vec![1, types, kg | 0x04, versions, 0, 0, 0, 0]
}

/// Get Channel Cipher Suites.
pub(super) fn suites(bmc: &Bmc, message: &[u8]) -> Vec<u8> {
    let mut records = Vec::new();
    for suite in &bmc.settings.suites {
        if let Some(algorithms) = crypto::algorithms(*suite) {
            records.extend([0xc0, *suite, algorithms.authentication]);
            records.extend([0x40 | algorithms.integrity, 0x80 | algorithms.confidentiality]);
        }
    }
    let from = message.get(8).map_or(0, |index| usize::from(index & 0x3f) * 16);
    let part = records.get(from..records.len().min(from + 16)).unwrap_or_default();
    [&[1], part].concat()
}

/// The answer with this status code.
pub(super) fn failure(bmc: &Bmc, kind: u8, payload: &[u8], code: u8) -> Vec<u8> {
    let console = if kind == 0x10 {
        payload.get(4..8).unwrap_or_default().to_vec()
    } else {
        let id = payload.get(4..8).unwrap_or_default();
        let session = bmc.sessions.iter().find(|session| session.id == id);
        session.map(|session| session.console.to_vec()).unwrap_or_default()
    };
    [
        &[payload.first().copied().unwrap_or_default(), code, 0, 0][..],
        &console,
    ]
    .concat()
}

/// The answer to Open Session, RAKP 1 or RAKP 3; none if the BMC ignores it.
pub(super) fn answer(bmc: &mut Bmc, kind: u8, payload: &[u8]) -> Option<Vec<u8>> {
    let outcome = match kind {
        0x10 => open(bmc, payload),
        0x12 => user(bmc, payload),
        _ => password(bmc, payload),
    };
    match outcome? {
        Ok(answer) => {
            // The highest level of the session: the requested one, or that of an administrator.
            let level = payload.get(1).filter(|level| kind == 0x10 && **level != 0);
            let level = level.copied().unwrap_or(if kind == 0x10 { 4 } else { 0 });
            Some([&[*payload.first()?, 0, level, 0][..], &answer].concat())
        }
        Err(code) => Some(failure(bmc, kind, payload, code)),
    }
}

type Answer = Option<Result<Vec<u8>, u8>>;

fn open(bmc: &mut Bmc, payload: &[u8]) -> Answer {
    if !bmc.settings.has_plus {
        return None;
    }
    let console: [u8; 4] = payload.get(4..8)?.try_into().ok()?;
    let wanted = [*payload.get(12)?, *payload.get(20)?, *payload.get(28)?];
    let mut suites = bmc
        .settings
        .suites
        .iter()
        .filter_map(|suite| crypto::algorithms(*suite));
    let found = suites.find(|own| [own.authentication, own.integrity, own.confidentiality] == wanted);
    let Some(algorithms) = found else {
        return Some(Err(0x11));
    };
    bmc.sessions.retain(|session| session.is_active);
    if bmc.settings.slots.is_some_and(|slots| bmc.sessions.len() >= slots) {
        return Some(Err(0x01));
    }
    bmc.opened += 1;
    let id = crypto::random::<4>().map(|byte| byte | 1);
    bmc.sessions.push(Session {
        id,
        console,
        user: usize::MAX,
        role: 0,
        privilege: 0,
        is_active: false,
        sent: 0,
        received: Vec::new(),
        version: Version::Plus {
            algorithms,
            password: [0; 20],
            login: Vec::new(),
            k1: Vec::new(),
            k2: Vec::new(),
        },
    });
    Some(Ok([&console[..], &id, payload.get(8..32)?].concat()))
}

fn user(bmc: &mut Bmc, payload: &[u8]) -> Answer {
    let (role, name) = (*payload.get(24)?, payload.get(28..)?);
    let settings = &bmc.settings;
    let session = bmc
        .sessions
        .iter_mut()
        .find(|session| payload.get(4..8) == Some(&session.id))?;
    let level = role & 0x0f;
    let mut users = settings.users.iter();
    // By name and level, a BMC finds the first user whose limit is high enough.
    let is_by_name = role & NAME_ONLY != 0;
    let place = users.position(|user| user.name.as_bytes() == name && (is_by_name || user.limit >= level));
    let place = place.filter(|_| !is_by_name || settings.by_name_only);
    let Some((place, user)) = place.and_then(|place| Some((place, settings.users.get(place)?))) else {
        return Some(Err(0x0d));
    };
    if level > user.limit {
        return Some(Err(0x0a));
    }
    (session.user, session.role) = (place, level);
    let (id, console) = (session.id, session.console);
    let Version::Plus {
        algorithms,
        password,
        login,
        ..
    } = &mut session.version
    else {
        return None;
    };
    password
        .iter_mut()
        .zip(user.password.bytes())
        .for_each(|(own, byte)| *own = byte);
    let random = crypto::random::<16>();
    let who = [&[role, *payload.get(27)?], name].concat();
    *login = [payload.get(8..24)?, &random, &who].concat();
    let parts: [&[u8]; 5] = [&console, &id, login.get(..32)?, &GUID, &who];
    let code = crypto::hmac(algorithms.authentication, password, &parts);
    Some(Ok([&console[..], &random, &GUID, &code].concat()))
}

fn password(bmc: &mut Bmc, payload: &[u8]) -> Answer {
    let kg = bmc.settings.kg.clone();
    let session = bmc
        .sessions
        .iter_mut()
        .find(|session| payload.get(4..8) == Some(&session.id))?;
    let (id, console) = (session.id, session.console);
    let Version::Plus {
        algorithms,
        password,
        login,
        k1,
        k2,
    } = &mut session.version
    else {
        return None;
    };
    let hash = algorithms.authentication;
    let (random, who) = (login.get(16..32)?, login.get(32..)?);
    if payload.get(8..)? != crypto::hmac(hash, password, &[random, &console, who]) {
        bmc.sessions.retain(|session| session.id != id);
        return Some(Err(0x0f));
    }
    let mut key = [0; 20];
    let of_bmc = if kg.is_empty() { &password[..] } else { &kg };
    key.iter_mut().zip(of_bmc).for_each(|(own, byte)| *own = *byte);
    let session_key = crypto::hmac(hash, &key, &[login]);
    *k1 = crypto::hmac(hash, &session_key, &[&[1; 20]]);
    *k2 = crypto::hmac(hash, &session_key, &[&[2; 20]]);
    let mut check = crypto::hmac(hash, &session_key, &[login.get(..16)?, &id, &GUID]);
    check.truncate(if hash == 1 { 12 } else { 16 });
    session.is_active = true;
    session.privilege = session.role.min(2);
    Some(Ok([&console[..], &check].concat()))
}

/// Get Session Challenge: the completion code and the data.
pub(super) fn challenge(bmc: &mut Bmc, message: &[u8]) -> (u8, Vec<u8>) {
    let settings = &bmc.settings;
    let name = message.get(7..23).unwrap_or_default();
    let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
    let auth = message.get(6).copied().unwrap_or_default();
    if !settings.has_lan || settings.types & (1 << auth.min(7)) == 0 {
        return (0xcc, Vec::new());
    }
    let Some(place) = settings.users.iter().position(|user| user.name.as_bytes() == name) else {
        return (0x81, Vec::new());
    };
    let mut password = [0; 16];
    let bytes = settings.users.get(place).map(|user| user.password.bytes());
    password
        .iter_mut()
        .zip(bytes.into_iter().flatten())
        .for_each(|(own, byte)| *own = byte);
    let id = crypto::random::<4>().map(|byte| byte | 1);
    bmc.sessions.push(Session {
        id,
        console: id,
        user: place,
        role: 0,
        privilege: 0,
        is_active: false,
        sent: 0,
        received: Vec::new(),
        version: Version::Lan { auth, password },
    });
    bmc.opened += 1;
    (0, [&id[..], &crypto::random::<16>()].concat())
}

/// Activate Session, whose packet had the right code.
pub(super) fn activate(bmc: &mut Bmc, place: usize, data: &[u8]) -> (u8, Vec<u8>) {
    let Some(session) = bmc.sessions.get_mut(place) else {
        return (0xff, Vec::new());
    };
    let limit = bmc.settings.users.get(session.user).map_or(0, |user| user.limit);
    let (auth, role) = (
        data.first().copied().unwrap_or_default(),
        data.get(1).copied().unwrap_or_default(),
    );
    if role > limit {
        return (0x86, Vec::new());
    }
    let first = data
        .get(18..22)
        .and_then(|first| first.try_into().ok())
        .map_or(1, u32::from_le_bytes);
    (session.role, session.privilege, session.is_active) = (role, role.min(2), true);
    // The answer still has the number before the first one.
    session.sent = first.wrapping_sub(1);
    let own = crypto::random::<4>().map(|byte| byte | 1);
    (0, [&[auth], &session.id[..], &own, &[limit]].concat())
}
