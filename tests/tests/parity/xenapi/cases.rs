//! The calls of both agents.

use fencebox_sim::xenapi::{Member, Role, Settings, Style, Vm, vms};
use fencebox_sim::{Machine, Power};

/// One call.
pub struct Case {
    /// A short name.
    pub name: &'static str,
    /// The options of the login.
    pub login: &'static str,
    /// The other lines of standard input, except for the URL.
    pub lines: &'static str,
    pub settings: fn() -> Settings,
    pub faults: &'static [&'static str],
}

const LOGIN: &str = "login=root\npasswd=s3cret\n";

const fn case(name: &'static str, lines: &'static str) -> Case {
    Case {
        name,
        login: LOGIN,
        lines,
        settings: Settings::default,
        faults: &[],
    }
}

const fn of(case: Case, settings: fn() -> Settings) -> Case {
    Case { settings, ..case }
}

const fn after(case: Case, login: &'static str) -> Case {
    Case { login, ..case }
}

const fn with(case: Case, faults: &'static [&'static str]) -> Case {
    Case { faults, ..case }
}

pub const CASES: &[Case] = &[
    case("status of a running one", "action=status\nplug=db01\n"),
    case("status of a halted one", "action=status\nplug=db02\n"),
    case("status of a paused one", "action=status\nplug=web01\n"),
    case("status of a suspended one", "action=status\nport=web02\n"),
    case("off of a running one", "action=off\nplug=db01\n"),
    case("off of a halted one", "action=off\nplug=db02\n"),
    case("off of a paused one", "action=off\nplug=web01\n"),
    case("off of a suspended one", "action=off\nplug=web02\n"),
    case("on of a running one", "action=on\nplug=db01\n"),
    case("on of a halted one", "action=on\nplug=db02\n"),
    case("on of a paused one", "action=on\nplug=web01\n"),
    case("on of a suspended one", "action=on\nplug=web02\n"),
    case("reboot of a running one", "action=reboot\nplug=db01\n"),
    case("reboot of a halted one", "action=reboot\nplug=db02\n"),
    case("reboot of a paused one", "action=reboot\nplug=web01\n"),
    case("reboot of a suspended one", "action=reboot\nplug=web02\n"),
    case("no action", "plug=db01\n"),
    case("several at once", "action=off\nplug=db01,web01\n"),
    case("an odd label", "action=off\nplug=Bücher & <Söhne> \"℃\" 'x'=1; ]]>\n"),
    case("list", "action=list\n"),
    case("list-status", "action=list-status\n"),
    case("monitor", "action=monitor\n"),
    case("monitor of one", "action=monitor\nplug=db01\n"),
    case("monitor of a missing one", "action=monitor\nplug=none\n"),
    case("metadata", "action=metadata\n"),
    case("validate-all", "action=validate-all\nplug=db01\n"),
    case("a cycle", "action=reboot\nmethod=cycle\nplug=db01\n"),
    case(
        "a UUID as the plug",
        "action=off\nplug=c0ffee00-0000-4000-8000-000000000001\n",
    ),
    case(
        "the option uuid",
        "action=off\nuuid=c0ffee00-0000-4000-8000-000000000001\n",
    ),
    case("status of a missing one", "action=status\nplug=none\n"),
    case("off of a missing one", "action=off\nplug=none\n"),
    case("status of two of one label", "action=status\nplug=twin\n"),
    case("off of two of one label", "action=off\nplug=twin\n"),
    case("off of a template", "action=off\nplug=Debian 12\n"),
    case("status of a snapshot", "action=status\nplug=db01 before the upgrade\n"),
    case(
        "off of a control domain",
        "action=off\nplug=Control domain on host: h1\n",
    ),
    of(
        case("a template of its label", "action=off\nplug=db01\n"),
        with_template,
    ),
    of(
        case("typed strings in chunks", "action=reboot\nplug=db01\n"),
        other_style,
    ),
    of(case("sessions that end", "action=reboot\nplug=db01\n"), short_sessions),
    of(case("a slave", "action=off\nplug=db01\n"), slave),
    after(
        case("a wrong password", "action=off\nplug=db01\n"),
        "login=root\npasswd=wrong\n",
    ),
    after(case("no login", "action=off\nplug=db01\n"), "passwd=s3cret\n"),
    after(case("no password", "action=off\nplug=db01\n"), "login=root\n"),
    after(
        case("a password script", "action=status\nplug=db01\n"),
        "login=root\npasswd_script=echo s3cret\n",
    ),
    case("no session_url", "action=off\nplug=db01\n"),
    case("no plug", "action=off\n"),
    case(
        "an address without a listener",
        "action=off\nplug=db01\nsession_url=http://127.0.0.1:9\n",
    ),
    with(
        case("off is refused", "action=off\nplug=db01\npower_timeout=1\n"),
        &["power=failure:OPERATION_BLOCKED"],
    ),
    with(
        case("off does nothing", "action=off\nplug=db01\npower_timeout=1\n"),
        &["power=no-effect"],
    ),
    with(
        case(
            "a reboot whose second half is refused",
            "action=reboot\nplug=db01\npower_timeout=1\n",
        ),
        &["power#2=failure:NO_HOSTS_AVAILABLE"],
    ),
    with(
        case("a list without the permission for it", "action=list\n"),
        &[
            "record=failure:RBAC_PERMISSION_DENIED",
            "find=failure:RBAC_PERMISSION_DENIED",
        ],
    ),
    with(
        case("a monitor without the permission for it", "action=monitor\n"),
        &[
            "record=failure:RBAC_PERMISSION_DENIED",
            "find=failure:RBAC_PERMISSION_DENIED",
        ],
    ),
    with(
        case("an unknown power state", "action=status\nplug=db01\n"),
        &["record=state:Frobbed"],
    ),
];

fn with_template() -> Settings {
    let template = Machine::new("c0ffee00-0000-4000-8000-0000000000e0", Power::Off).named("db01");
    let template = Vm::new(template).role(Role::Template);
    Settings {
        vms: vms().into_iter().chain([template]).collect(),
        ..Settings::default()
    }
}

fn other_style() -> Settings {
    Settings {
        style: Style {
            typed_strings: true,
            ..Style::default()
        },
        chunked: true,
        ..Settings::default()
    }
}

fn short_sessions() -> Settings {
    Settings {
        session_calls: Some(2),
        ..Settings::default()
    }
}

fn slave() -> Settings {
    Settings {
        members: vec![Member::local(1), Member::local(2)],
        master: 1,
        ..Settings::default()
    }
}
