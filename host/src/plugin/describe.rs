//! What a plugin says about itself, checked and in the host's own types.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::Store;
use wasmtime::component::ResourceAny;

use super::bindings::Plugin as Bindings;
use super::bindings::fencebox::agent::metadata as wit;
use super::state::{State, arm, store};
use super::{Error, Plugin, session};
use crate::agent::clock::{Clock, Deadline};
use crate::agent::description as agent;
use crate::agent::device;
use crate::agent::log::Log;
use crate::policy::{self, Endpoints, Files};

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
    pub(super) store: Store<State>,
    pub(super) bindings: Bindings,
    pub(super) log: Arc<Log>,
    pub(super) agent: String,
    pub(super) session: Option<ResourceAny>,
    /// What stopped the plugin, if anything did.
    pub(super) stopped: Option<device::Error>,
}

pub(super) fn describe(plugin: &Plugin, name: &str, log: &Arc<Log>, clock: Arc<dyn Clock>) -> Result<Described, Error> {
    let deadline = Deadline::after(clock.as_ref(), LIMIT);
    plugin.watch()?;
    let mut store = store(plugin.component.engine(), clock, deadline);
    let failed =
        |store: &mut Store<State>, cause: wasmtime::Error| plugin.bad_description(session::explain(store, &cause));
    let bindings = Bindings::instantiate(&mut store, &plugin.component, &plugin.linker);
    let bindings = bindings.map_err(|cause| failed(&mut store, cause))?;
    arm(&mut store);
    let answer = bindings.fencebox_agent_device().call_describe(&mut store, name);
    let answer = answer.map_err(|cause| failed(&mut store, cause))?;
    let record = answer.map_err(|cause| plugin.bad_description(session::error(cause)))?;
    check_size(&record).map_err(|cause| plugin.bad_description(cause))?;
    let (description, endpoints, files) = convert(record).map_err(|cause| plugin.bad_description(cause))?;
    if description.name != name && description.symlinks.iter().all(|link| link.name != name) {
        return Err(plugin.bad_description(format!("it is {}, and does not answer to {name}", description.name)));
    }
    Ok(Described {
        description,
        endpoints,
        files,
        store,
        bindings,
        log: log.clone(),
        agent: name.to_owned(),
        session: None,
        stopped: None,
    })
}

/// Bounds what is later sorted, printed and searched.
fn check_size(record: &wit::Agent) -> Result<(), String> {
    let rows = record.options.len()
        + record.parameters.len()
        + record.overrides.len()
        + record.symlinks.len()
        + record.rights.len()
        + record.capabilities.endpoints.iter().map(endpoint_rows).sum::<usize>()
        + record.capabilities.files.len();
    if rows > ROW_LIMIT {
        return Err(format!(
            "{rows} options, symlinks, rights, endpoints and files; {ROW_LIMIT} is the limit"
        ));
    }
    let texts = [&record.name, &record.shortdesc, &record.longdesc, &record.vendor_url];
    let parameters = record
        .parameters
        .iter()
        .flat_map(|parameter| [&parameter.name, &parameter.shortdesc]);
    if texts
        .into_iter()
        .chain(&record.rights)
        .chain(parameters)
        .any(|text| text.len() > TEXT_LIMIT)
    {
        return Err("a text of more than 16 KiB".to_owned());
    }
    Ok(())
}

/// An endpoint with its addresses and their cases.
fn endpoint_rows(endpoint: &wit::Endpoint) -> usize {
    let rows = endpoint.addresses.iter().map(|address| match address {
        wit::Address::ByChoice(choice) => choice.cases.len(),
        _ => 1,
    });
    1 + rows.sum::<usize>()
}

fn convert(record: wit::Agent) -> Result<(agent::Description, Endpoints, Files), String> {
    let endpoints = record.capabilities.endpoints.into_iter().map(endpoint).collect();
    let endpoints = Endpoints::new(endpoints).map_err(|rule| rule.to_string())?;
    let files = record.capabilities.files.into_iter().map(file).collect();
    let files = Files::new(files).map_err(|rule| rule.to_string())?;
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
    Ok((description, endpoints, files))
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
        port: match record.port {
            wit::Port::SchemeDefault => policy::Port::SchemeDefault,
            wit::Port::Fixed(port) => policy::Port::Fixed(port),
            wit::Port::FromOption(name) => policy::Port::FromOption(name),
        },
        base_path: record.base_path,
        auth: match record.auth {
            wit::Auth::Plugin => policy::Auth::Plugin,
            wit::Auth::HostBasic => policy::Auth::HostBasic,
        },
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
