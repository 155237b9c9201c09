//! The catalog of options that an agent can have, one row per option. Every
//! document, parser and check uses these rows.
//!
//! Keys, letters, long names, placeholders, defaults, orders and choices are
//! those of the fence-agents library 4.12.1 (`docs/reference/options.md#option-catalog`). The
//! descriptions are fencebox's own, and so are the options `proxy`, `ca_file`,
//! `ssl_fingerprint`, `client_cert` and `client_key`.

use super::authority::Authority;
use crate::description::ValueKind;

/// The type of the value of a catalog option.
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

/// The meaning of a flag with the value `no`, which only standard input can
/// contain. The Python library treats it as set (`docs/reference/protocol.md#quirk-8.1`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFalse {
    /// Set, as in the Python library. This is harmless, and scripts may rely on it.
    Set,
    /// Not set. The opposite would weaken a connection or report a running
    /// machine as off.
    Unset,
    /// Set to `0`, which disables TLS in an agent that uses it by default.
    Zero,
}

/// One row of the catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The library's name of the option. If it differs from the canonical name,
    /// it is accepted on standard input as an older name.
    pub key: &'static str,
    /// The name on the command line, without the two hyphens.
    pub long: &'static str,
    /// The letter on the command line.
    pub letter: Option<char>,
    /// The placeholder of the value in help; empty if help shows none.
    pub placeholder: &'static str,
    /// The type of the value.
    pub kind: Kind,
    /// The value if the caller does not set the option.
    pub default: Option<&'static str>,
    /// Whether metadata declares the option as required.
    pub required: bool,
    /// The position in documents: lower is earlier.
    pub order: u16,
    /// Whether the value is secret and never printed.
    pub secret: bool,
    /// What a plugin may decide about the option.
    pub authority: Authority,
    /// What `no` on standard input means for a flag.
    pub on_false: OnFalse,
    /// The description: one line of at most 80 characters.
    pub shortdesc: &'static str,
}

impl Entry {
    /// The canonical name, which descriptions and plugins use: the long name
    /// with underscores.
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
    authority: Authority,
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
        authority,
        on_false: OnFalse::Set,
        shortdesc,
    }
}

const fn flag(
    authority: Authority,
    key: &'static str,
    long: &'static str,
    order: u16,
    shortdesc: &'static str,
) -> Entry {
    of_kind(Kind::Flag, text(authority, key, long, "", order, shortdesc))
}

/// A time in seconds. These options have no letter, and their order is 200.
const fn seconds(key: &'static str, long: &'static str, default: &'static str, shortdesc: &'static str) -> Entry {
    let entry = text(Authority::Setting, key, long, "seconds", 200, shortdesc);
    of_kind(Kind::Seconds, entry).default(default)
}

/// The path of a program. Defaults are the paths of Debian.
const fn path(key: &'static str, long: &'static str, default: &'static str, shortdesc: &'static str) -> Entry {
    text(Authority::Guard, key, long, "path", 300, shortdesc).default(default)
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

/// The catalog, in the library's order.
#[rustfmt::skip]
pub static ENTRIES: &[Entry] = &[
    flag(Authority::Operator, "help", "help", 55, "Print this text and exit").letter('h'),
    flag(Authority::Operator, "version", "version", 54, "Print the version and exit").letter('V'),
    flag(Authority::Operator, "verbose", "verbose", 51, "Log each step; repeat it to log more, such as -vvv").letter('v'),
    of_kind(Kind::Integer, text(Authority::Operator, "verbose_level", "verbose-level", "", 52, "Log level as a number; 0 logs warnings and errors only")),
    text(Authority::Operator, "debug", "debug-file", "debugfile", 53, "Path of a file to append the log to").letter('D'),
    seconds("delay", "delay", "0", "Delay in seconds before off and reboot"),
    text(Authority::Identity, "action", "action", "action", 1, "Action to perform").letter('o').default("reboot").required(),
    text(Authority::Location, "ipaddr", "ip", "ip", 1, "Host name or IP address of the device").letter('a').required(),
    of_kind(Kind::Integer, text(Authority::Setting, "ipport", "ipport", "port", 1, "Network port of the device").letter('u')),
    text(Authority::Setting, "login", "username", "name", 1, "User name of the account on the device").letter('l'),
    text(Authority::Identity, "passwd", "password", "password", 1, "Password of the account on the device").letter('p').secret(),
    text(Authority::Guard, "passwd_script", "password-script", "script", 1, "Program that prints the password").letter('S'),
    text(Authority::Location, "identity_file", "identity-file", "filename", 1, "Path of the file with the private key for SSH").letter('k'),
    text(Authority::Device, "cmd_prompt", "command-prompt", "prompt", 1, "Pattern that matches the command prompt of the device").letter('c'),
    flag(Authority::Guard, "secure", "ssh", 1, "Connect with SSH").letter('x').on_false(OnFalse::Unset),
    text(Authority::Guard, "ssh_options", "ssh-options", "options", 1, "Additional arguments for the ssh program"),
    flag(Authority::Strict, "ssl", "ssl", 1, "Connect with TLS").letter('z').on_false(OnFalse::Zero),
    flag(Authority::Guard, "ssl_insecure", "ssl-insecure", 1, "Connect with TLS and accept any certificate").on_false(OnFalse::Unset),
    flag(Authority::Strict, "ssl_secure", "ssl-secure", 1, "Connect with TLS and verify the certificate"),
    flag(Authority::Guard, "notls", "notls", 1, "Do not offer TLS, only SSL 3.0").letter('t').on_false(OnFalse::Unset),
    flag(Authority::Guard, "tls1.0", "tls1.0", 1, "Do not offer TLS versions newer than 1.0").on_false(OnFalse::Unset),
    text(Authority::Identity, "port", "plug", "id", 1, "Plug to act on: name or number of the machine or outlet").letter('n').required(),
    text(Authority::Device, "switch", "switch", "id", 1, "ID of the physical switch that the plug belongs to").letter('s'),
    text(Authority::Guard, "exec", "exec", "command", 1, "Command to run").letter('e'),
    text(Authority::Device, "vmware_type", "vmware_type", "type", 1, "Type of the VMware product").letter('d'),
    text(Authority::Device, "vmware_datacenter", "vmware-datacenter", "dc", 2, "Name of the data center that contains the machine").letter('s'),
    of_kind(VERSIONS, text(Authority::Device, "snmp_version", "snmp-version", "version", 1, "SNMP version: 1, 2c or 3").letter('d')),
    text(Authority::Device, "community", "community", "community", 1, "SNMP community string").letter('c'),
    of_kind(DIGESTS, text(Authority::Device, "snmp_auth_prot", "snmp-auth-prot", "prot", 1, "SNMP authentication protocol: MD5 or SHA").letter('b')),
    of_kind(LEVELS, text(Authority::Device, "snmp_sec_level", "snmp-sec-level", "level", 1, "SNMP security level: noAuthNoPriv, authNoPriv or authPriv").letter('E')),
    of_kind(CIPHERS, text(Authority::Device, "snmp_priv_prot", "snmp-priv-prot", "prot", 1, "SNMP encryption protocol: DES or AES").letter('B')),
    text(Authority::Identity, "snmp_priv_passwd", "snmp-priv-passwd", "pass", 1, "Password for SNMP encryption").letter('P').secret(),
    text(Authority::Guard, "snmp_priv_passwd_script", "snmp-priv-passwd-script", "", 1, "Program that prints the password for SNMP encryption").letter('R'),
    flag(Authority::Setting, "inet4_only", "inet4-only", 1, "Connect to IPv4 addresses only").letter('4'),
    flag(Authority::Setting, "inet6_only", "inet6-only", 1, "Connect to IPv6 addresses only").letter('6'),
    text(Authority::Setting, "plug_separator", "plug-separator", "char", 100, "Separator between plugs").default(","),
    text(Authority::Setting, "separator", "separator", "char", 100, "Separator between the columns of list and list-status").letter('C').default(","),
    seconds("login_timeout", "login-timeout", "5", "Timeout in seconds of each request during login"),
    seconds("shell_timeout", "shell-timeout", "3", "Timeout in seconds of each request after login"),
    seconds("power_timeout", "power-timeout", "20", "Number of power status checks before giving up"),
    text(Authority::Guard, "disable_timeout", "disable-timeout", "true/false", 200, "Disable timeouts (true or false); the default is true under Pacemaker"),
    seconds("power_wait", "power-wait", "0", "Seconds to wait after each power request"),
    seconds("stonith_status_sleep", "stonith-status-sleep", "1", "Seconds between power status checks"),
    flag(Authority::Guard, "missing_as_off", "missing-as-off", 200, "Treat a missing plug as off").on_false(OnFalse::Unset),
    of_kind(Kind::Integer, text(Authority::Setting, "retry_on", "retry-on", "attempts", 201, "Number of retries if a plug does not switch on").default("1")),
    text(Authority::Location, "session_url", "session-url", "", 1, "URL of the host or of the pool coordinator").letter('s').required(),
    flag(Authority::Guard, "sudo", "use-sudo", 205, "Run commands on the device with sudo"),
    of_kind(METHODS, text(Authority::Setting, "method", "method", "method", 1, "Reboot method: onoff (off, then on) or cycle (one power cycle)").letter('m').default("onoff")),
    path("telnet_path", "telnet-path", "/usr/bin/telnet", "Path of the telnet program"),
    path("ssh_path", "ssh-path", "/usr/bin/ssh", "Path of the ssh program"),
    path("gnutlscli_path", "gnutlscli-path", "/usr/bin/gnutls-cli", "Path of the gnutls-cli program"),
    path("sudo_path", "sudo-path", "/usr/bin/sudo", "Path of the sudo program"),
    path("snmpwalk_path", "snmpwalk-path", "/usr/bin/snmpwalk", "Path of the snmpwalk program"),
    path("snmpset_path", "snmpset-path", "/usr/bin/snmpset", "Path of the snmpset program"),
    path("snmpget_path", "snmpget-path", "/usr/bin/snmpget", "Path of the snmpget program"),
    flag(Authority::Guard, "port_as_ip", "port-as-ip", 200, "Use the plug as the address of the device").on_false(OnFalse::Unset),
    flag(Authority::Operator, "quiet", "quiet", 50, "Do not write the log to standard error").letter('q'),
    text(Authority::Operator, "proxy", "proxy", "url", 1, "URL of the HTTP proxy"),
    text(Authority::Operator, "ca_file", "ca-file", "file", 1, "Path of a PEM file with the certificate of the device or of its issuer"),
    text(Authority::Identity, "client_cert", "client-cert", "file", 1, "Path of a PEM file with the client certificate for TLS"),
    text(Authority::Identity, "client_key", "client-key", "file", 1, "Path of a PEM file with the private key of the client certificate"),
    text(Authority::Operator, "ssl_fingerprint", "ssl-fingerprint", "digest", 1, "SHA-256 fingerprint of the device's certificate, or several with commas"),
];

/// Words that a description may list among the options. They name the protocol
/// of the device, which decides the default of `ipport` and adds options.
pub static MARKERS: &[&str] = &["web", "telnet", "snmp"];

/// The options of every agent, by key, in the order of addition
/// (`docs/reference/options.md#options-added-automatically`).
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

/// The options that an option or a marker adds, by key (`docs/reference/options.md#options-added-automatically`).
pub fn dependencies(key: &str) -> &'static [&'static str] {
    match key {
        "passwd" => &["passwd_script"],
        "sudo" => &["sudo_path"],
        "secure" => &["identity_file", "ssh_options", "ssh_path", "inet4_only", "inet6_only"],
        "telnet" => &["telnet_path"],
        "ipaddr" => &["ipport"],
        "port" => &["separator"],
        "client_cert" => &["client_key"],
        // The last two are fencebox's own: devices make their own certificates.
        "ssl" => &[
            "ssl_secure",
            "ssl_insecure",
            "gnutlscli_path",
            "ca_file",
            "ssl_fingerprint",
        ],
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

/// Name, long name and placeholder of device options that do not follow the
/// rule (hyphens; the last word of the name) in the Python agents fence_dummy,
/// fence_aws, fence_ipmilan and fence_pve. The fencebox agents have to accept the same.
pub static SPELLINGS: &[(&str, &str, &str)] = &[
    ("random_sleep_range", "random_sleep_range", "seconds"),
    ("boto3_debug", "boto3_debug", "option"),
    ("hexadecimal_kg", "hexadecimal-kg", "key"),
    ("privlvl", "privlvl", "level"),
    ("pve_node", "pve-node", "node_name"),
    ("target", "target", "targetaddress"),
];

/// The row with this canonical name.
pub fn find(name: &str) -> Option<&'static Entry> {
    ENTRIES.iter().find(|entry| same(entry.long, name))
}

/// The row with this key of the Python library.
pub fn by_key(key: &str) -> Option<&'static Entry> {
    ENTRIES.iter().find(|entry| entry.key == key)
}

/// Converts a long name to a canonical name.
pub fn canonical(long: &str) -> String {
    long.replace('-', "_")
}

/// Whether two names are the same apart from hyphens and underscores.
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
    fn dependency_rules_name_existing_rows() {
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
            assert!(entry.shortdesc.starts_with(char::is_uppercase), "{}", entry.key);
            assert!(entry.shortdesc.len() <= 80, "{}", entry.key);
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
