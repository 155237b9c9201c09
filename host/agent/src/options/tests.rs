//! Cases recorded from the Python agents, and intended differences.

mod argv;
mod checks;
mod damage;
mod resolve;
mod script;
mod secret_sources;
mod stdin;
mod table;
mod unknown;

use std::ffi::OsString;

use super::{Options, Table, UsageError, catalog, checks::check};
use crate::action::Action;
use crate::description::{Description, Parameter, ValueKind};
pub(super) use crate::fake_device::CapturedLog;

/// Makes a description from the names in the recorded cases: the library's keys,
/// and its markers for abilities of a device.
pub(super) fn device(keys: &[&str]) -> Description {
    let mut description = Description {
        name: "fence_probe".to_owned(),
        ..Description::default()
    };
    let operations = &mut description.operations;
    for &key in keys {
        match key {
            "no_login" => operations.login_optional = true,
            "no_password" => operations.password_optional = true,
            "no_port" => operations.plug_optional = true,
            "no_status" => operations.no_status = true,
            "no_on" => operations.no_on = true,
            "diag" => operations.diag = true,
            "fabric_fencing" => operations.fabric = true,
            "on_target" => operations.on_target = true,
            _ => {
                let name = catalog::by_key(key).map_or_else(|| key.to_owned(), catalog::Entry::name);
                description.options.push(name);
            }
        }
    }
    description
}

pub(super) fn own(name: &str, kind: ValueKind) -> Parameter {
    Parameter {
        name: name.to_owned(),
        letter: None,
        shortdesc: format!("the {name}"),
        kind,
        default: None,
        required: false,
        secret: false,
        obsoletes: None,
        synonym_of: None,
        hidden: false,
        deprecated: false,
    }
}

/// The description of the dummy agent of fence-agents 4.12.1.
pub(super) fn dummy() -> Description {
    let mut dummy = device(&["no_password"]);
    dummy.name = "fence_dummy".to_owned();
    dummy.parameters = ["status_file", "random_sleep_range", "type"]
        .map(|name| own(name, ValueKind::Text))
        .to_vec();
    dummy.parameters[0].default = Some("/tmp/fence_dummy.status".to_owned());
    dummy.parameters[2].default = Some("file".to_owned());
    dummy
}

const APC: &[&str] = &[
    "ipaddr",
    "login",
    "passwd",
    "cmd_prompt",
    "secure",
    "port",
    "switch",
    "telnet",
];

pub(super) fn table(description: &Description) -> Table {
    crate::options::build(description).unwrap()
}

/// The options of one call, and its log.
struct Call {
    read: Result<Options, UsageError>,
    said: String,
}

impl Call {
    fn argv(description: &Description, argv: &[&str]) -> Self {
        let args: Vec<OsString> = argv.iter().map(OsString::from).collect();
        Self::of(description, &args, b"")
    }

    fn stdin(description: &Description, stdin: &str) -> Self {
        Self::of(description, &[], stdin.as_bytes())
    }

    fn of(description: &Description, args: &[OsString], mut stdin: &[u8]) -> Self {
        let said = CapturedLog::default();
        let read = Options::read(&table(description), args, &mut stdin, &said.log());
        let said = said.text();
        Self { read, said }
    }

    fn options(self) -> Options {
        self.read.unwrap()
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.read.as_ref().unwrap().get(name)
    }

    fn error(&self) -> String {
        self.read.as_ref().map(|_| ()).unwrap_err().to_string()
    }

    /// The action, or the names of the wrong options.
    fn checked(self) -> Result<Action, Vec<String>> {
        let names = |errors: Vec<UsageError>| {
            errors
                .iter()
                .map(|error| error.option_name().unwrap().to_owned())
                .collect()
        };
        check(&mut self.options()).map_err(names)
    }
}
