//! The parsers of untrusted input, and the properties that hold for any input: the parser ends, it does not panic, and
//! an error is one line that shows no secret.

#[path = "exchanges.rs"]
mod exchanges;

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::ffi::OsStringExt;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use fencebox_agent::Declared;
use fencebox_agent::description::{Description, Parameter, ValueKind};
use fencebox_agent::log::Log;
use fencebox_agent::options::authority::Authority;
use fencebox_agent::options::{Options, Table, catalog, checks};
use fencebox_capability::xmlrpc::document::{Answer, Keep, decode, encode};
use fencebox_policy::request::{check_headers, check_path};
use fencebox_policy::{
    Address, AgentPolicy, Approval, Auth, CapabilitySet, Endpoint, Endpoints, Limit, Policy, Port, Proof, Scheme,
    UrlOption,
};

pub use exchanges::http_answers;

/// Marks a password: a message must not contain a password with this text.
pub const MARK: &str = "zq7Xk9";
/// Maximum length of an error message, whatever the input, in bytes.
const LONGEST: usize = 2048;

/// Parses options as lines of standard input.
pub fn standard_input(data: &[u8]) {
    let passwords = ["password=", "passwd="];
    let lines: Vec<&[u8]> = data
        .split(|&byte| byte == b'\n')
        .filter(|line| is_marked(line))
        .collect();
    let hidden = match lines.as_slice() {
        [line] => passwords.iter().any(|name| line.starts_with(name.as_bytes())),
        _ => false,
    };
    options(&[], data, hidden);
}

/// Parses options as arguments, which are separated by NUL bytes.
pub fn command_line(data: &[u8]) {
    let arguments: Vec<&[u8]> = data.split(|&byte| byte == 0).collect();
    let marked = arguments.iter().filter(|argument| is_marked(argument)).count();
    // A later argument may be the value of the argument before it.
    let hidden = marked == 1 && is_marked(arguments[0]) && arguments[0].starts_with(b"--password=");
    let arguments: Vec<_> = arguments
        .into_iter()
        .map(|bytes| OsString::from_vec(bytes.to_vec()))
        .collect();
    options(&arguments, b"", hidden);
}

/// Parses addresses and paths: one line each for a URL, a host, a path and a header field.
pub fn addresses(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.split('\n');
    let mut next = || lines.next().unwrap_or_default();
    let (url, host, path) = (next(), next(), next());
    let header = (next().to_owned(), next().to_owned());
    let option = |name: &str| match name {
        "url" => Some(url),
        "ip" => Some(host),
        "ipport" => host.rsplit(':').next(),
        "ssl_insecure" => path.starts_with('/').then_some("1"),
        "proxy" => Some(next_of(host, url)),
        _ => None,
    };
    for endpoint in ["url", "ip", "template"] {
        let mut addresses = match ENDPOINTS.locate(endpoint, &AgentPolicy::unrestricted(), option) {
            Ok(addresses) => addresses,
            Err(refusal) => {
                let message = refusal.to_string();
                one_line(&message);
                let password = url.contains('@') && is_marked(url.as_bytes()) && !is_marked(host.as_bytes());
                assert!(
                    !(password && endpoint == "url" && message.contains(MARK)),
                    "{message:?}"
                );
                continue;
            }
        };
        for origin in addresses.named() {
            let base = origin.base_url();
            assert!(base.starts_with("http") && !base.contains(['@', ' ', '\n']), "{base:?}");
        }
        // A path that the plugin chooses never leads to an address that the options do not name.
        let named = addresses.named().to_vec();
        match addresses.select(path) {
            Ok(selected) => assert!(named.contains(selected), "{selected}"),
            Err(refusal) => one_line(&refusal.to_string()),
        }
    }
    match check_path(path) {
        Ok(()) => {
            let plain = path.split('?').next().unwrap_or_default();
            assert!(plain.starts_with('/') && !plain.starts_with("//"), "{path:?}");
            assert!(
                !plain.split('/').any(|segment| segment == ".." || segment == "."),
                "{path:?}"
            );
        }
        Err(refusal) => one_line(&refusal.to_string()),
    }
    match check_headers(std::slice::from_ref(&header)) {
        Ok(()) => assert!(
            !header.0.contains(':') && !header.1.contains(['\r', '\n', '\0']),
            "{header:?}"
        ),
        Err(refusal) => one_line(&refusal.to_string()),
    }
}

/// Parses a plugin's description, as JSON with the capabilities that it declares. An agent made from it has no default
/// from the plugin for an option that only the administrator decides, and needs approval for the other capabilities.
pub fn descriptions(data: &[u8]) {
    let Ok((description, reach)) = serde_json::from_slice::<(Description, CapabilitySet)>(data) else {
        return;
    };
    let declared = match Declared::new(description, reach) {
        Ok(declared) => declared,
        Err(cause) => return one_line(&cause.to_string().replace(['\n', '\r'], " ")),
    };
    let Ok(table) = fencebox_agent::options::build(&declared.description) else {
        panic!("a description that was accepted has a table")
    };
    for entry in catalog::ENTRIES.iter().filter(|entry| entry.key != "action") {
        let decided = matches!(
            entry.authority,
            Authority::Identity | Authority::Operator | Authority::Guard
        );
        if let Some(option) = table.find(&entry.name()).filter(|_| decided) {
            assert!(!option.device_specific, "{}", entry.key);
            assert_eq!(option.default.as_deref(), entry.default, "{}", entry.key);
        }
    }
    let approval = declared.approval();
    assert_eq!(approval.exceeding(&approval), Vec::<String>::new());
    let text = serde_json::to_string(&approval).unwrap_or_default();
    assert_eq!(serde_json::from_str::<Approval>(&text).ok().as_ref(), Some(&approval));
    let Ok(left) = declared.unapproved() else { return };
    let left = left.approval();
    assert!(
        left.defaults.is_empty() && left.exceeding(&approval).is_empty(),
        "{left:?}"
    );
    assert!(!left.proof.contains(&Proof::NoStatus) && !left.proof.contains(&Proof::SettledStatus));
}

/// Parses a policy from the text of its file. The policy may only lower limits, and each of its messages is one line.
pub fn policies(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let policy = match Policy::parse("policy.toml", &text) {
        Ok(policy) => policy,
        Err(refusal) => {
            let message = refusal.to_string();
            one_line(&message);
            let line = message
                .strip_prefix("policy.toml:")
                .and_then(|rest| rest.split(':').next());
            let line: usize = line.and_then(|line| line.parse().ok()).unwrap_or_default();
            assert!((1..=text.split('\n').count()).contains(&line), "{message:?}");
            return;
        }
    };
    for agent in policy.agents().chain(["fence_fuzz"]) {
        let agent_policy = policy.for_agent(agent);
        agent_policy
            .describe()
            .iter()
            .for_each(|line| assert!(!line.contains('\n'), "{line:?}"));
        for limit in Limit::ALL {
            let value = agent_policy.limits().get(limit).value();
            assert!((1..=limit.default()).contains(&value), "{limit:?} {value}");
        }
        let there = |name: &str| (name == "url").then_some("https://10.0.0.7");
        let named = ENDPOINTS
            .locate("url", &AgentPolicy::unrestricted(), there)
            .map(|addresses| addresses.named().to_vec());
        for origin in named.unwrap_or_default() {
            for outcome in [
                agent_policy.check(&origin),
                agent_policy.allows(&origin, [10, 0, 0, 7].into()),
            ] {
                outcome.unwrap_or_else(|refusal| one_line(&refusal.to_string()));
            }
        }
    }
}

/// Parses answers in XML-RPC, after a line with the paths of the values to keep.
pub fn answers(data: &[u8]) {
    let mut parts = data.splitn(2, |&byte| byte == b'\n');
    let paths = String::from_utf8_lossy(parts.next().unwrap_or_default());
    let document = parts.next().unwrap_or_default();
    let paths: Vec<_> = paths.split(',').map(str::to_owned).collect();
    let keep = Keep::new(&paths).unwrap_or_default();
    match decode(document, &keep) {
        Ok(Answer::Value(tree)) => {
            // A device that echoes the value it received.
            let Ok(call) = encode("echo", std::slice::from_ref(&tree)) else {
                assert!(document.len() > 1024, "cannot be sent");
                return;
            };
            let echo = call.replace("<methodName>echo</methodName>", "");
            let echo = echo.replace("methodCall>", "methodResponse>");
            assert_eq!(decode(echo.as_bytes(), &Keep::default()), Ok(Answer::Value(tree)));
        }
        Ok(Answer::Fault { .. }) => {}
        Err(malformed) => one_line(&malformed.to_string()),
    }
}

/// Reads a certificate that a device presents.
pub fn certificates(data: &[u8]) {
    if let Some(shown) = fencebox_capability::http::tls::inspect(data) {
        // Names are as long as the device makes them. A message has only the start of each.
        assert!(!shown.is_empty() && !shown.contains('\n'), "{shown:?}");
    }
}

fn next_of<'t>(host: &'t str, url: &'t str) -> &'t str {
    if host.is_empty() { url } else { host }
}

fn is_marked(bytes: &[u8]) -> bool {
    bytes.windows(MARK.len()).any(|window| window == MARK.as_bytes())
}

/// Reads and checks options as an agent does before it looks for its device.
fn options(arguments: &[OsString], mut stdin: &[u8], hidden: bool) {
    let written = Written::default();
    let log = Log::new(Box::new(written.clone()));
    match Options::read(&TABLE, arguments, &mut stdin, &log) {
        Ok(mut options) => {
            let errors = checks::check(&mut options).err().unwrap_or_default();
            errors.iter().for_each(|error| one_line(&error.to_string()));
            errors.iter().for_each(|error| log.error(error));
            for (name, value) in options.iter() {
                assert!(options.get(name) == Some(value), "{name}");
            }
            let _ = options.plugs();
            options.resolve(None);
        }
        Err(error) => {
            one_line(&error.to_string());
            log.error(&error);
        }
    }
    let written = written.0.lock().unwrap_or_else(PoisonError::into_inner);
    let text = String::from_utf8_lossy(&written);
    assert!(text.lines().all(|line| line.contains(":root:")), "{text:?}");
    assert!(!(hidden && text.contains(MARK)), "{text:?}");
}

fn one_line(message: &str) {
    assert!(!message.is_empty() && !message.contains('\n'), "{message:?}");
    assert!(message.len() < LONGEST, "{} bytes", message.len());
}

/// The text that was logged.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// An agent with one option of every kind.
static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let own = |name: &str, kind, secret| Parameter {
        name: name.to_owned(),
        letter: None,
        shortdesc: String::new(),
        kind,
        default: None,
        required: false,
        secret,
        obsoletes: None,
        synonym_of: None,
        hidden: false,
        deprecated: false,
    };
    let mut switch = own("machine", ValueKind::Text, false);
    switch.synonym_of = Some("plug".to_owned());
    let catalog = [
        "ip", "username", "password", "plug", "ssl", "ssh", "telnet", "snmp", "web",
    ];
    let description = Description {
        name: "fence_fuzz".to_owned(),
        options: catalog.map(str::to_owned).to_vec(),
        parameters: vec![
            own(
                "color",
                ValueKind::Choice(vec!["red".to_owned(), "Blue".to_owned()]),
                false,
            ),
            own("pin", ValueKind::Integer, true),
            own("pause", ValueKind::Seconds, false),
            own("loud", ValueKind::Boolean, false),
            switch,
        ],
        ..Description::default()
    };
    fencebox_agent::options::build(&description).unwrap_or_else(|error| unreachable!("{error}"))
});

/// Endpoints whose addresses come from options.
static ENDPOINTS: LazyLock<Endpoints> = LazyLock::new(|| {
    let endpoint = |name: &str, address, port, base_path: &str| Endpoint {
        name: name.to_owned(),
        scheme: Scheme::ByOptions,
        addresses: vec![address],
        port,
        base_path: base_path.to_owned(),
        auth: Auth::HostBasic,
    };
    let by_port = Port::FromOption("ipport".to_owned());
    let declared = vec![
        endpoint(
            "url",
            Address::FromUrlOption(UrlOption {
                option: "url".to_owned(),
                several: true,
                ..UrlOption::default()
            }),
            Port::SchemeDefault,
            "/v2",
        ),
        endpoint("ip", Address::FromOption("ip".to_owned()), by_port, ""),
        endpoint(
            "template",
            Address::Template("{ip}.example.com".to_owned()),
            Port::SchemeDefault,
            "/api",
        ),
    ];
    Endpoints::new(declared).unwrap_or_else(|error| unreachable!("{error}"))
});
