//! The options that every agent may have: one row each, and every document,
//! parser and check is made from these rows.
//!
//! Keys, letters, long names, placeholders, defaults, orders and choices are
//! those of the fence-agents library 4.12.1 (`docs/reference/options.md#option-catalog`); the
//! descriptions are ours. `proxy`, `ca_file` and `ssl_fingerprint` are ours
//! altogether.

use super::authority::Standing;
use crate::description::ValueKind;

/// The type of a catalogue option's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Takes no value on the command line.
    Flag,
    /// Any text.
    Text,
    /// A whole number.
    Integer,
    /// A time in whole seconds.
    Seconds,
    /// One of these words.
    Choice(&'static [&'static str]),
}

impl From<Kind> for ValueKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Flag => Self::Boolean,
            Kind::Text => Self::Text,
            Kind::Integer => Self::Integer,
            Kind::Seconds => Self::Seconds,
            Kind::Choice(words) => Self::Choice(words.iter().map(|&word| word.to_owned()).collect()),
        }
    }
}

/// What a flag means when it is given as `no`, which only standard input can
/// say. The Python library takes it as set (`docs/reference/protocol.md#quirk-8.1`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFalse {
    /// Set, as in the Python library: harmless, and scripts may rely on it.
    Set,
    /// Not set: the opposite would weaken a connection or call a machine off.
    Unset,
    /// Set to `0`, so that an agent that defaults to TLS can be told not to.
    Zero,
}

/// One row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The library's name for it; an older spelling on standard input where
    /// it differs from the canonical name.
    pub key: &'static str,
    /// Its name on the command line, without the two hyphens.
    pub long: &'static str,
    /// Its letter on the command line.
    pub letter: Option<char>,
    /// What stands for the value in help; empty where help shows none.
    pub placeholder: &'static str,
    /// The type of its value.
    pub kind: Kind,
    /// Its value when it is not given.
    pub default: Option<&'static str>,
    /// What metadata says about it.
    pub required: bool,
    /// Where documents list it: lower is earlier.
    pub order: u16,
    /// Never printed.
    pub secret: bool,
    /// What a plugin may decide about it.
    pub standing: Standing,
    /// What `no` on standard input means for a flag.
    pub on_false: OnFalse,
    /// One line.
    pub shortdesc: &'static str,
}

impl Entry {
    /// The name by which descriptions and plugins know it: the long name with
    /// underscores.
    pub fn name(&self) -> String {
        canonical(self.long)
    }

    const fn letter(mut self, letter: char) -> Self {
        self.letter = Some(letter);
        self
    }

    const fn default(mut self, value: &'static str) -> Self {
        self.default = Some(value);
        self
    }

    const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    const fn on_false(mut self, meaning: OnFalse) -> Self {
        self.on_false = meaning;
        self
    }
}

const fn text(
    standing: Standing,
    key: &'static str,
    long: &'static str,
    placeholder: &'static str,
    order: u16,
    shortdesc: &'static str,
) -> Entry {
    Entry {
        key,
        long,
        letter: None,
        placeholder,
        kind: Kind::Text,
        default: None,
        required: false,
        order,
        secret: false,
        standing,
        on_false: OnFalse::Set,
        shortdesc,
    }
}

const fn flag(standing: Standing, key: &'static str, long: &'static str, order: u16, shortdesc: &'static str) -> Entry {
    of_kind(Kind::Flag, text(standing, key, long, "", order, shortdesc))
}

/// A time; all of them are long only, and `order` is 200.
const fn seconds(key: &'static str, long: &'static str, default: &'static str, shortdesc: &'static str) -> Entry {
    let entry = text(Standing::Setting, key, long, "seconds", 200, shortdesc);
    of_kind(Kind::Seconds, entry).default(default)
}

/// Where a program is; Debian's places.
const fn path(key: &'static str, long: &'static str, default: &'static str, shortdesc: &'static str) -> Entry {
    text(Standing::Guard, key, long, "path", 300, shortdesc).default(default)
}

const fn of_kind(kind: Kind, mut entry: Entry) -> Entry {
    entry.kind = kind;
    entry
}

const VERSIONS: Kind = Kind::Choice(&["1", "2c", "3"]);
const DIGESTS: Kind = Kind::Choice(&["MD5", "SHA"]);
const LEVELS: Kind = Kind::Choice(&["noAuthNoPriv", "authNoPriv", "authPriv"]);
const CIPHERS: Kind = Kind::Choice(&["DES", "AES"]);
const METHODS: Kind = Kind::Choice(&["onoff", "cycle"]);

/// The table, in the library's order.
#[rustfmt::skip]
pub static ENTRIES: &[Entry] = &[
    flag(Standing::Operator, "help", "help", 55, "print this text and stop").letter('h'),
    flag(Standing::Operator, "version", "version", 54, "print the version and stop").letter('V'),
    flag(Standing::Operator, "verbose", "verbose", 51, "log each step; more often, such as -vvv, logs more").letter('v'),
    of_kind(Kind::Integer, text(Standing::Operator, "verbose_level", "verbose-level", "", 52, "how much to log, as a number; 0 is warnings only")),
    text(Standing::Operator, "debug", "debug-file", "debugfile", 53, "append the log to this file").letter('D'),
    seconds("delay", "delay", "0", "seconds to hold back before off and reboot"),
    text(Standing::Identity, "action", "action", "action", 1, "what to do").letter('o').default("reboot").required(),
    text(Standing::Place, "ipaddr", "ip", "ip", 1, "name or address of the device").letter('a').required(),
    of_kind(Kind::Integer, text(Standing::Setting, "ipport", "ipport", "port", 1, "network port of the device").letter('u')),
    text(Standing::Setting, "login", "username", "name", 1, "user name on the device").letter('l'),
    text(Standing::Identity, "passwd", "password", "password", 1, "password of that user").letter('p').secret(),
    text(Standing::Guard, "passwd_script", "password-script", "script", 1, "program that prints the password").letter('S'),
    text(Standing::Place, "identity_file", "identity-file", "filename", 1, "file with the private key for SSH").letter('k'),
    text(Standing::Device, "cmd_prompt", "command-prompt", "prompt", 1, "pattern of the device's command prompt").letter('c'),
    flag(Standing::Guard, "secure", "ssh", 1, "connect by SSH").letter('x').on_false(OnFalse::Unset),
    text(Standing::Guard, "ssh_options", "ssh-options", "options", 1, "further arguments for ssh"),
    flag(Standing::Strict, "ssl", "ssl", 1, "connect with TLS").letter('z').on_false(OnFalse::Zero),
    flag(Standing::Guard, "ssl_insecure", "ssl-insecure", 1, "connect with TLS and accept any certificate").on_false(OnFalse::Unset),
    flag(Standing::Strict, "ssl_secure", "ssl-secure", 1, "connect with TLS and check the certificate"),
    flag(Standing::Guard, "notls", "notls", 1, "do not offer TLS, only SSL 3.0").letter('t').on_false(OnFalse::Unset),
    flag(Standing::Guard, "tls1.0", "tls1.0", 1, "offer no TLS newer than 1.0").on_false(OnFalse::Unset),
    text(Standing::Identity, "port", "plug", "id", 1, "the machine or outlet to act on").letter('n').required(),
    text(Standing::Device, "switch", "switch", "id", 1, "the physical switch that the plug belongs to").letter('s'),
    text(Standing::Guard, "exec", "exec", "command", 1, "command to run").letter('e'),
    text(Standing::Device, "vmware_type", "vmware_type", "type", 1, "which VMware product the device is").letter('d'),
    text(Standing::Device, "vmware_datacenter", "vmware-datacenter", "dc", 2, "data centre that holds the machine").letter('s'),
    of_kind(VERSIONS, text(Standing::Device, "snmp_version", "snmp-version", "version", 1, "SNMP version to speak").letter('d')),
    text(Standing::Device, "community", "community", "community", 1, "SNMP community").letter('c'),
    of_kind(DIGESTS, text(Standing::Device, "snmp_auth_prot", "snmp-auth-prot", "prot", 1, "how SNMP authenticates").letter('b')),
    of_kind(LEVELS, text(Standing::Device, "snmp_sec_level", "snmp-sec-level", "level", 1, "what SNMP protects").letter('E')),
    of_kind(CIPHERS, text(Standing::Device, "snmp_priv_prot", "snmp-priv-prot", "prot", 1, "how SNMP encrypts").letter('B')),
    text(Standing::Identity, "snmp_priv_passwd", "snmp-priv-passwd", "pass", 1, "password that SNMP encrypts with").letter('P').secret(),
    text(Standing::Guard, "snmp_priv_passwd_script", "snmp-priv-passwd-script", "", 1, "program that prints the password that SNMP encrypts with").letter('R'),
    flag(Standing::Setting, "inet4_only", "inet4-only", 1, "use no addresses but IPv4").letter('4'),
    flag(Standing::Setting, "inet6_only", "inet6-only", 1, "use no addresses but IPv6").letter('6'),
    text(Standing::Setting, "plug_separator", "plug-separator", "char", 100, "what stands between several plugs").default(","),
    text(Standing::Setting, "separator", "separator", "char", 100, "what stands between the columns of a list").letter('C').default(","),
    seconds("login_timeout", "login-timeout", "5", "seconds that a log-in may take"),
    seconds("shell_timeout", "shell-timeout", "3", "seconds that a request may take"),
    seconds("power_timeout", "power-timeout", "20", "how often to look for the new power status before giving up"),
    text(Standing::Guard, "disable_timeout", "disable-timeout", "true/false", 200, "whether to wait without limit; true if Pacemaker calls"),
    seconds("power_wait", "power-wait", "0", "seconds to wait after switching a plug"),
    seconds("stonith_status_sleep", "stonith-status-sleep", "1", "seconds between two looks at the power status"),
    flag(Standing::Guard, "missing_as_off", "missing-as-off", 200, "take a plug that is not there as off").on_false(OnFalse::Unset),
    of_kind(Kind::Integer, text(Standing::Setting, "retry_on", "retry-on", "attempts", 201, "how often to try again to switch on").default("1")),
    text(Standing::Place, "session_url", "session-url", "", 1, "URL of the host or the pool's coordinator").letter('s').required(),
    flag(Standing::Guard, "sudo", "use-sudo", 205, "run commands on the device through sudo"),
    of_kind(METHODS, text(Standing::Setting, "method", "method", "method", 1, "reboot by off and on, or by one power cycle").letter('m').default("onoff")),
    path("telnet_path", "telnet-path", "/usr/bin/telnet", "where the program telnet is"),
    path("ssh_path", "ssh-path", "/usr/bin/ssh", "where the program ssh is"),
    path("gnutlscli_path", "gnutlscli-path", "/usr/bin/gnutls-cli", "where the program gnutls-cli is"),
    path("sudo_path", "sudo-path", "/usr/bin/sudo", "where the program sudo is"),
    path("snmpwalk_path", "snmpwalk-path", "/usr/bin/snmpwalk", "where the program snmpwalk is"),
    path("snmpset_path", "snmpset-path", "/usr/bin/snmpset", "where the program snmpset is"),
    path("snmpget_path", "snmpget-path", "/usr/bin/snmpget", "where the program snmpget is"),
    flag(Standing::Guard, "port_as_ip", "port-as-ip", 200, "take the plug as the address of the device").on_false(OnFalse::Unset),
    flag(Standing::Operator, "quiet", "quiet", 50, "write no log to standard error").letter('q'),
    text(Standing::Operator, "proxy", "proxy", "url", 1, "URL of an HTTP proxy"),
    text(Standing::Operator, "ca_file", "ca-file", "file", 1, "PEM file with the device's certificate, or with that of the authority that issued it"),
    text(Standing::Operator, "ssl_fingerprint", "ssl-fingerprint", "digest", 1, "SHA-256 fingerprint of the device's certificate; several with commas"),
];

/// Words that a description may list although they are no options: how the
/// device is spoken to, which decides the default of `ipport` and adds options.
pub static MARKERS: &[&str] = &["web", "telnet", "snmp"];

/// What every agent has, by key, in the order of addition (`docs/reference/options.md#options-added-automatically`).
pub static ALWAYS: &[&str] = &[
    "help",
    "debug",
    "verbose",
    "verbose_level",
    "version",
    "action",
    "power_timeout",
    "shell_timeout",
    "login_timeout",
    "disable_timeout",
    "power_wait",
    "stonith_status_sleep",
    "retry_on",
    "delay",
    "plug_separator",
    "quiet",
];

/// What an option or a marker brings with it, by key (`docs/reference/options.md#options-added-automatically`).
pub fn dependencies(key: &str) -> &'static [&'static str] {
    match key {
        "passwd" => &["passwd_script"],
        "sudo" => &["sudo_path"],
        "secure" => &["identity_file", "ssh_options", "ssh_path", "inet4_only", "inet6_only"],
        "telnet" => &["telnet_path"],
        "ipaddr" => &["ipport"],
        "port" => &["separator"],
        "ssl" => &["ssl_secure", "ssl_insecure", "gnutlscli_path"],
        "snmp" => &[
            "snmp_auth_prot",
            "snmp_sec_level",
            "snmp_priv_prot",
            "snmp_priv_passwd",
            "snmp_priv_passwd_script",
            "community",
            "snmpset_path",
            "snmpget_path",
            "snmpwalk_path",
        ],
        _ => &[],
    }
}

/// Long name and placeholder of options that Python agents have of their own
/// and that do not follow the rule for such options (hyphens; the last word of
/// the name), so that ours can stand in their place: fence_dummy, fence_aws,
/// fence_pve.
pub static SPELLINGS: &[(&str, &str, &str)] = &[
    ("random_sleep_range", "random_sleep_range", "seconds"),
    ("boto3_debug", "boto3_debug", "option"),
    ("pve_node", "pve-node", "node_name"),
];

/// The row of this canonical name.
pub fn find(name: &str) -> Option<&'static Entry> {
    ENTRIES.iter().find(|entry| same(entry.long, name))
}

/// The row of this key of the Python library.
pub fn by_key(key: &str) -> Option<&'static Entry> {
    ENTRIES.iter().find(|entry| entry.key == key)
}

/// A long name as a canonical name.
pub fn canonical(long: &str) -> String {
    long.replace('-', "_")
}

/// Whether two spellings differ in nothing but hyphens and underscores.
pub fn same(one: &str, other: &str) -> bool {
    let fold = |byte: u8| if byte == b'-' { b'_' } else { byte };
    one.len() == other.len() && one.bytes().map(fold).eq(other.bytes().map(fold))
}

#[cfg(test)]
mod tests {
    use super::{ALWAYS, ENTRIES, by_key, canonical, dependencies, find, same};

    #[test]
    fn names_and_keys_are_unique() {
        for (index, entry) in ENTRIES.iter().enumerate() {
            for other in &ENTRIES[index + 1..] {
                assert_ne!(entry.key, other.key);
                assert!(!same(entry.long, other.long), "{}", entry.long);
            }
            assert_eq!(find(&entry.name()), Some(entry));
        }
    }

    #[test]
    fn rules_name_rows() {
        let from_rules = ENTRIES.iter().flat_map(|entry| dependencies(entry.key));
        for key in ALWAYS
            .iter()
            .chain(from_rules)
            .chain(dependencies("telnet"))
            .chain(dependencies("snmp"))
        {
            assert!(by_key(key).is_some(), "{key}");
        }
    }

    #[test]
    fn descriptions_are_one_line() {
        for entry in ENTRIES {
            assert!(
                !entry.shortdesc.is_empty() && !entry.shortdesc.contains(['\n', '\t']),
                "{}",
                entry.key
            );
            assert!(!entry.shortdesc.ends_with('.'), "{}", entry.key);
        }
    }

    #[test]
    fn canonical_names_have_underscores() {
        assert_eq!(canonical("stonith-status-sleep"), "stonith_status_sleep");
        assert_eq!(find("ip").map(|entry| entry.key), Some("ipaddr"));
        assert_eq!(find("tls1.0").map(|entry| entry.key), Some("tls1.0"));
        assert_eq!(find("login"), None);
    }
}
