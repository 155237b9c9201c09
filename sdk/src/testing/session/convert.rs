//! Converts a description from the contract's types into those of the rules.
//!
//! Only names of the parent module are used here: `wit` for the generated types
//! of the interface `metadata`, `agent` for `fencebox_agent::description`, and
//! `policy` for `fencebox_policy`. So the host can include this file with its
//! own bindings, and both sides convert in the same way.

use super::{agent, policy, wit};

/// The description, and the capabilities that it declares.
pub(in super::super) fn convert(record: wit::Agent) -> (agent::Description, policy::CapabilitySet) {
    let reach = policy::CapabilitySet {
        endpoints: record.capabilities.endpoints.into_iter().map(endpoint).collect(),
        files: record.capabilities.files.into_iter().map(file).collect(),
        sockets: record.capabilities.sockets.into_iter().map(socket).collect(),
    };
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
    (description, reach)
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
        deprecated: record.deprecated,
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
        check_options: flags.contains(Flag::CHECK_OPTIONS),
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
        wit::Address::NamedBy(source) => policy::Address::NamedBy(policy::NamingEndpoint {
            endpoint: source.endpoint_name,
            any_host: source.any_host,
            follow_option: source.follow_option,
        }),
        wit::Address::InstanceMetadata(text) => policy::Address::InstanceMetadata(text),
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
        fallbacks: record.fallbacks,
    }
}
