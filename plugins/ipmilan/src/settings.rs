//! The options, checked.

use std::time::Duration;

use fencebox_ipmi::{Auth, Login, Privilege, Suite, Version};
use fencebox_sdk::encoding;
use fencebox_sdk::prelude::*;

/// The maximum length of a user name, in bytes.
const NAME_LIMIT: usize = 16;
/// The maximum length of a password and of a key, in bytes.
const KEY_LIMIT: usize = 20;
/// The address of the BMC itself, which needs no bridge.
const BMC_ADDRESS: u8 = 0x20;
/// The cipher suites that can be chosen.
const SUITES: &str = "3, 8, 12 or 17; 0, 1, 2, 6, 7, 11, 15 and 16 protect less";

/// The settings of a session.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) username: String,
    pub(crate) password: String,
    pub(crate) kg: Vec<u8>,
    pub(crate) privilege: Privilege,
    pub(crate) lanplus: bool,
    pub(crate) suite: Option<Suite>,
    pub(crate) auth: Option<Auth>,
    pub(crate) login_timeout: Duration,
    pub(crate) timeout: Duration,
}

impl Settings {
    pub(crate) fn new(options: &Options) -> Result<Self> {
        check_target(options)?;
        Ok(Self {
            host: options.required("ip")?.to_owned(),
            port: options.number("ipport")?.unwrap_or(623),
            username: limited(options, "username", NAME_LIMIT)?,
            password: limited(options, "password", KEY_LIMIT)?,
            kg: kg(options)?,
            privilege: privilege(options),
            lanplus: options.is_set("lanplus"),
            suite: suite(options)?,
            auth: auth(options),
            login_timeout: seconds(options, "login_timeout", 5)?,
            timeout: seconds(options, "shell_timeout", 3)?.max(seconds(options, "ipmitool_timeout", 2)?),
        })
    }

    /// The login of the session.
    pub(crate) fn login(&self) -> Login<'_> {
        Login {
            username: self.username.as_bytes(),
            password: self.password.as_bytes(),
            kg: &self.kg,
            privilege: self.privilege,
            version: if self.lanplus { Version::Plus } else { Version::LanFirst },
            suite: self.suite,
            auth: self.auth,
            timeout: self.login_timeout,
        }
    }

    /// Whether the privilege level allows to switch the power.
    pub(crate) fn may_switch(&self) -> bool {
        matches!(self.privilege, Privilege::Operator | Privilege::Administrator)
    }
}

/// Logs a warning for each option that weakens the session, and one for the options that
/// only ipmitool has.
pub(crate) fn warn(options: &Options, settings: &Settings) {
    let is_changed = |name: &str, default: &str| options.get(name).is_some_and(|value| value != default);
    let ignored = [
        (options.is_set("use_sudo"), "use_sudo"),
        (is_changed("sudo_path", "/usr/bin/sudo"), "sudo_path"),
        (is_changed("ipmitool_path", "/usr/bin/ipmitool"), "ipmitool_path"),
        (settings.lanplus && options.get("auth").is_some(), "auth"),
    ];
    let ignored: Vec<_> = ignored
        .into_iter()
        .filter_map(|(is, name)| is.then_some(name))
        .collect();
    if !ignored.is_empty() {
        let names = ignored.join(", ");
        log::warn(format!("ignoring {names}: not used for IPMI 2.0, or only by ipmitool"));
    }
    if let Some(suite) = settings.suite.filter(|suite| !suite.is_complete()) {
        let id = suite.id();
        log::warn(format!(
            "cipher={id} does not authenticate, sign and encrypt: others can switch the machine"
        ));
    }
    match settings.auth.filter(|_| !settings.lanplus) {
        Some(Auth::None) => log::warn("auth=none does not authenticate: others can switch the machine"),
        Some(Auth::Password) => log::warn("auth=password sends the password in clear text"),
        Some(Auth::Md5) | None => {}
    }
}

fn check_target(options: &Options) -> Result<()> {
    let Some(target) = options.get("target") else {
        return Ok(());
    };
    let digits = target.strip_prefix("0x").map(|digits| u8::from_str_radix(digits, 16));
    match digits.unwrap_or_else(|| target.parse()) {
        Ok(BMC_ADDRESS) => Ok(()),
        _ => Err(Error::invalid_option(
            "target",
            "bridging to another controller is not supported; omit it, or give 0x20 for the BMC itself",
        )),
    }
}

fn limited(options: &Options, name: &str, limit: usize) -> Result<String> {
    let value = options.get(name).unwrap_or_default();
    if value.len() > limit {
        let reason = format!("is longer than {limit} bytes, the maximum of IPMI");
        return Err(Error::invalid_option(name, reason));
    }
    Ok(value.to_owned())
}

/// The key Kg. A secret that is not read yet counts as none.
fn kg(options: &Options) -> Result<Vec<u8>> {
    let digits = options
        .get("hexadecimal_kg")
        .filter(|_| !options.is_pending("hexadecimal_kg"));
    let digits = digits.unwrap_or_default();
    let digits = digits.strip_prefix("0x").unwrap_or(digits);
    match encoding::from_hex(digits) {
        Ok(kg) if kg.len() <= KEY_LIMIT => Ok(kg),
        _ => Err(Error::invalid_option(
            "hexadecimal_kg",
            "is not an even number of hexadecimal digits, at most 40",
        )),
    }
}

fn privilege(options: &Options) -> Privilege {
    match options.get("privlvl") {
        Some("callback") => Privilege::Callback,
        Some("user") => Privilege::User,
        Some("operator") => Privilege::Operator,
        _ => Privilege::Administrator,
    }
}

fn suite(options: &Options) -> Result<Option<Suite>> {
    let Some(number) = options.get("cipher") else {
        return Ok(None);
    };
    let suite = number.trim().parse().ok().and_then(Suite::of);
    let reason = || Error::invalid_option("cipher", format!("is not a supported cipher suite; choose {SUITES}"));
    suite.map(Some).ok_or_else(reason)
}

fn auth(options: &Options) -> Option<Auth> {
    match options.get("auth")? {
        "none" => Some(Auth::None),
        "password" => Some(Auth::Password),
        _ => Some(Auth::Md5),
    }
}

/// A time; the default if the option is 0, which a cluster sets to disable timeouts.
fn seconds(options: &Options, name: &str, default: u64) -> Result<Duration> {
    let seconds = options.number(name)?.filter(|seconds| *seconds > 0);
    Ok(Duration::from_secs(seconds.unwrap_or(default)))
}
