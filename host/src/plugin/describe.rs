//! What a plugin says about itself, checked and in the host's own types.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::Store;
use wasmtime::component::ResourceAny;
use zeroize::Zeroizing;

use super::bindings::Plugin as Bindings;
use super::bindings::fencebox::agent::metadata as wit;
use super::located::Located;
use super::state::{State, arm, store};
use super::{Error, Plugin, agent_name, session};
use crate::agent::clock::{Clock, Deadline};
use crate::agent::description as agent;
use crate::agent::device;
use crate::agent::log::Log;
use crate::policy::{self, Endpoints, Files, Grant, Reach, Refusal, Sockets};

/// Longest that a plugin may take to describe itself. Pacemaker waits 10 s
/// for metadata, and is blocked meanwhile.
const LIMIT: Duration = Duration::from_secs(8);
/// Most options and other rows of a description.
const ROW_LIMIT: usize = 200;
/// Longest text in a description, in bytes.
const TEXT_LIMIT: usize = 16 * 1024;

/// A plugin that has described itself and is ready to open a session.
pub struct Described {
    /// The agent.
    pub description: agent::Description,
    /// What it may reach.
    pub endpoints: Endpoints,
    /// What it may read and write.
    pub files: Files,
    /// What its sockets may reach.
    pub sockets: Sockets,
    pub(super) grant: Arc<Grant>,
    pub(super) store: Store<State>,
    pub(super) bindings: Bindings,
    pub(super) log: Arc<Log>,
    pub(super) agent: String,
    /// Where the options put what it declared, once they were checked.
    pub(super) located: Option<Located>,
    pub(super) session: Option<ResourceAny>,
    /// What a new session is opened with, where one can replace the present
    /// one.
    pub(super) reopening: Option<Zeroizing<Vec<(String, String)>>>,
    /// What stopped the plugin, if anything did.
    pub(super) stopped: Option<device::Error>,
}

pub(super) fn describe(plugin: &Plugin, name: &str, log: &Arc<Log>, clock: Arc<dyn Clock>) -> Result<Described, Error> {
    let deadline = Deadline::after(clock.as_ref(), LIMIT);
    let engine = plugin.component.engine();
    let mut store = store(engine, *plugin.grant.limits(), clock, deadline, plugin.watch.clone())
        .map_err(|cause| Error::Engine(format!("no thread to watch the plugin with: {cause}")))?;
    let failed =
        |store: &mut Store<State>, cause: wasmtime::Error| plugin.bad_description(session::explain(store, &cause));
    let bindings = Bindings::instantiate(&mut store, &plugin.component, &plugin.linker);
    let bindings = bindings.map_err(|cause| plugin.bad_description(session::explain_start(&mut store, &cause)))?;
    arm(&mut store);
    let answer = bindings.fencebox_agent_device().call_describe(&mut store, name);
    let answer = answer.map_err(|cause| failed(&mut store, cause))?;
    let record = answer.map_err(|cause| plugin.bad_description(session::error(cause)))?;
    check_size(&record).map_err(|cause| plugin.bad_description(cause))?;
    let (description, endpoints, files, sockets) = convert(record).map_err(|cause| plugin.bad_description(cause))?;
    check_names(&description).map_err(|cause| plugin.bad_description(cause))?;
    if description.name != name && description.symlinks.iter().all(|link| link.name != name) {
        return Err(plugin.bad_description(format!("it is {}, and does not answer to {name}", description.name)));
    }
    let mut described = Described {
        description,
        endpoints,
        files,
        sockets,
        grant: plugin.grant.clone(),
        store,
        bindings,
        log: log.clone(),
        agent: name.to_owned(),
        located: None,
        session: None,
        reopening: None,
        stopped: None,
    };
    if let Some(reason) = plugin.withheld(&described) {
        described.grant = Arc::new(Grant::nothing(Refusal::new(reason)));
    }
    Ok(described)
}

impl Described {
    /// All that it may reach.
    pub fn reach(&self) -> Reach {
        Reach::of(&self.endpoints, &self.files, &self.sockets)
    }

    /// Why it may not act, if there is a reason.
    pub fn withheld(&self) -> Option<Refusal> {
        self.grant.check_anything().err()
    }
}

/// Whoever installs the plugin makes links of these names.
fn check_names(description: &agent::Description) -> Result<(), String> {
    let further = description.symlinks.iter().map(|link| &link.name);
    for name in further.chain([&description.name]) {
        if agent_name(name.as_ref()).as_ref() != Some(name) {
            return Err(format!(
                "{name:?} is no name of an agent; use fence_ and then lower-case letters, digits and underscores"
            ));
        }
    }
    Ok(())
}

/// Bounds what is later sorted, printed and searched.
fn check_size(record: &wit::Agent) -> Result<(), String> {
    let rows = record.options.len()
        + record.parameters.iter().map(parameter_rows).sum::<usize>()
        + record.overrides.len()
        + record.symlinks.len()
        + record.rights.len()
        + record.capabilities.endpoints.iter().map(endpoint_rows).sum::<usize>()
        + record.capabilities.files.len()
        + record.capabilities.sockets.iter().map(socket_rows).sum::<usize>();
    if rows > ROW_LIMIT {
        return Err(format!(
            "{rows} options, choices, symlinks, rights, endpoints, files and sockets; {ROW_LIMIT} is the limit"
        ));
    }
    match texts(record).into_iter().any(|text| text.len() > TEXT_LIMIT) {
        true => Err("a text of more than 16 KiB".to_owned()),
        false => Ok(()),
    }
}

/// Every text of a description, wherever it is.
fn texts(record: &wit::Agent) -> Vec<&String> {
    let mut texts = vec![&record.name, &record.shortdesc, &record.longdesc, &record.vendor_url];
    texts.extend(record.rights.iter().chain(&record.options));
    texts.extend(record.symlinks.iter().flat_map(|link| [&link.name, &link.shortdesc]));
    for parameter in &record.parameters {
        texts.extend([&parameter.name, &parameter.shortdesc]);
        texts.extend(
            parameter
                .default
                .iter()
                .chain(&parameter.obsoletes)
                .chain(&parameter.synonym_of),
        );
        if let wit::ValueKind::Choice(words) = &parameter.value {
            texts.extend(words);
        }
    }
    for change in &record.overrides {
        texts.push(&change.name);
        texts.extend(change.default.iter().chain(&change.shortdesc));
    }
    for endpoint in &record.capabilities.endpoints {
        texts.extend([&endpoint.name, &endpoint.base_path]);
        texts.extend(place_texts(&endpoint.port, &endpoint.addresses));
    }
    for socket in &record.capabilities.sockets {
        texts.push(&socket.name);
        texts.extend(place_texts(&socket.port, &socket.addresses));
    }
    texts.extend(record.capabilities.files.iter().map(|file| &file.option_name));
    texts
}

fn place_texts<'a>(port: &'a wit::Port, addresses: &'a [wit::Address]) -> Vec<&'a String> {
    let option = match port {
        wit::Port::FromOption(option) => Some(option),
        _ => None,
    };
    option
        .into_iter()
        .chain(addresses.iter().flat_map(address_texts))
        .collect()
}

fn address_texts(address: &wit::Address) -> Vec<&String> {
    match address {
        wit::Address::Fixed(text) | wit::Address::FromOption(text) | wit::Address::Template(text) => vec![text],
        wit::Address::FromUrlOption(url) => url.follow_option.iter().chain([&url.option_name]).collect(),
        wit::Address::ByChoice(choice) => {
            let cases = choice.cases.iter().flat_map(|(value, address)| [value, address]);
            cases.chain([&choice.option_name]).collect()
        }
    }
}

/// A parameter with the words that it is a choice of.
fn parameter_rows(parameter: &wit::Parameter) -> usize {
    match &parameter.value {
        wit::ValueKind::Choice(words) => 1 + words.len(),
        _ => 1,
    }
}

/// An endpoint with its addresses and their cases.
fn endpoint_rows(endpoint: &wit::Endpoint) -> usize {
    1 + address_rows(&endpoint.addresses)
}

fn socket_rows(socket: &wit::Socket) -> usize {
    1 + address_rows(&socket.addresses)
}

fn address_rows(addresses: &[wit::Address]) -> usize {
    let rows = addresses.iter().map(|address| match address {
        wit::Address::ByChoice(choice) => choice.cases.len(),
        _ => 1,
    });
    rows.sum()
}

fn convert(record: wit::Agent) -> Result<(agent::Description, Endpoints, Files, Sockets), String> {
    let endpoints = record.capabilities.endpoints.into_iter().map(endpoint).collect();
    let endpoints = Endpoints::new(endpoints).map_err(|rule| rule.to_string())?;
    let files = record.capabilities.files.into_iter().map(file).collect();
    let files = Files::new(files).map_err(|rule| rule.to_string())?;
    let sockets = record.capabilities.sockets.into_iter().map(socket).collect();
    let sockets = Sockets::new(sockets).map_err(|rule| rule.to_string())?;
    let symlinks = record.symlinks.into_iter();
    let description = agent::Description {
        name: record.name,
        shortdesc: record.shortdesc,
        longdesc: record.longdesc,
        vendor_url: record.vendor_url,
        rights: record.rights,
        symlinks: symlinks
            .map(|link| agent::Symlink {
                name: link.name,
                shortdesc: link.shortdesc,
                hidden: link.hidden,
            })
            .collect(),
        options: record.options,
        parameters: record.parameters.into_iter().map(parameter).collect(),
        overrides: record.overrides.into_iter().map(option_override).collect(),
        operations: operations(record.operations),
    };
    Ok((description, endpoints, files, sockets))
}

fn parameter(record: wit::Parameter) -> agent::Parameter {
    agent::Parameter {
        name: record.name,
        letter: record.letter,
        shortdesc: record.shortdesc,
        kind: match record.value {
            wit::ValueKind::Text => agent::ValueKind::Text,
            wit::ValueKind::Integer => agent::ValueKind::Integer,
            wit::ValueKind::Seconds => agent::ValueKind::Seconds,
            wit::ValueKind::Boolean => agent::ValueKind::Boolean,
            wit::ValueKind::Choice(words) => agent::ValueKind::Choice(words),
        },
        default: record.default,
        required: record.required,
        secret: record.secret,
        obsoletes: record.obsoletes,
        synonym_of: record.synonym_of,
        hidden: record.hidden,
    }
}

fn option_override(record: wit::OptionOverride) -> agent::Override {
    agent::Override {
        name: record.name,
        default: record.default,
        required: record.required,
        shortdesc: record.shortdesc,
        letter: record.letter,
    }
}

fn operations(flags: wit::Operations) -> agent::Operations {
    use wit::Operations as Flag;
    agent::Operations {
        list_plugs: flags.contains(Flag::LIST_PLUGS),
        cycle: flags.contains(Flag::CYCLE),
        diag: flags.contains(Flag::DIAG),
        fabric: flags.contains(Flag::FABRIC),
        automatic_on: flags.contains(Flag::AUTOMATIC_ON),
        on_target: flags.contains(Flag::ON_TARGET),
        force_on: flags.contains(Flag::FORCE_ON),
        no_status: flags.contains(Flag::NO_STATUS),
        no_on: flags.contains(Flag::NO_ON),
        no_off: flags.contains(Flag::NO_OFF),
        no_reboot: flags.contains(Flag::NO_REBOOT),
        login_optional: flags.contains(Flag::LOGIN_OPTIONAL),
        password_optional: flags.contains(Flag::PASSWORD_OPTIONAL),
        plug_optional: flags.contains(Flag::PLUG_OPTIONAL),
        list_columns: flags.contains(Flag::LIST_COLUMNS),
        settled_status: flags.contains(Flag::SETTLED_STATUS),
    }
}

fn endpoint(record: wit::Endpoint) -> policy::Endpoint {
    policy::Endpoint {
        name: record.name,
        scheme: match record.scheme {
            wit::Scheme::Https => policy::Scheme::Https,
            wit::Scheme::Http => policy::Scheme::Http,
            wit::Scheme::ByOptions => policy::Scheme::ByOptions,
        },
        addresses: record.addresses.into_iter().map(address).collect(),
        port: port(record.port),
        base_path: record.base_path,
        auth: match record.auth {
            wit::Auth::Plugin => policy::Auth::Plugin,
            wit::Auth::HostBasic => policy::Auth::HostBasic,
        },
    }
}

fn socket(record: wit::Socket) -> policy::Socket {
    policy::Socket {
        name: record.name,
        purpose: match record.purpose {
            wit::SocketPurpose::TcpConnect => policy::SocketPurpose::TcpConnect,
            wit::SocketPurpose::TcpListen => policy::SocketPurpose::TcpListen,
            wit::SocketPurpose::Udp => policy::SocketPurpose::Udp,
            wit::SocketPurpose::Multicast(hops) => policy::SocketPurpose::Multicast(hops),
        },
        addresses: record.addresses.into_iter().map(address).collect(),
        port: port(record.port),
    }
}

fn port(record: wit::Port) -> policy::Port {
    match record {
        wit::Port::SchemeDefault => policy::Port::SchemeDefault,
        wit::Port::Fixed(port) => policy::Port::Fixed(port),
        wit::Port::FromOption(name) => policy::Port::FromOption(name),
    }
}

fn address(record: wit::Address) -> policy::Address {
    match record {
        wit::Address::Fixed(text) => policy::Address::Fixed(text),
        wit::Address::FromOption(name) => policy::Address::FromOption(name),
        wit::Address::FromUrlOption(url) => policy::Address::FromUrlOption(policy::UrlOption {
            option: url.option_name,
            free_path: url.free_path,
            several: url.several,
            follow_option: url.follow_option,
        }),
        wit::Address::ByChoice(choice) => policy::Address::ByChoice {
            option: choice.option_name,
            cases: choice.cases,
        },
        wit::Address::Template(text) => policy::Address::Template(text),
    }
}

fn file(record: wit::File) -> policy::File {
    policy::File {
        option: record.option_name,
        kind: match record.kind {
            wit::FileKind::File => policy::FileKind::File,
            wit::FileKind::Folder => policy::FileKind::Folder,
        },
        access: match record.access {
            wit::FileAccess::Read => policy::FileAccess::Read,
            wit::FileAccess::Write => policy::FileAccess::Write,
        },
    }
}
