//! Tests of secrets in files, descriptors and systemd's folder.

use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::Duration;

use super::super::{Options, secret_sources::fetch};
use super::{Call, CapturedLog, device, own};
use crate::action::Action;
use crate::description::{Description, ValueKind};

const BUDGET: Duration = Duration::from_secs(20);

/// An agent with a password and a secret token.
fn agent() -> Description {
    let mut agent = device(&["login", "passwd", "port"]);
    agent.parameters = vec![own("token", ValueKind::Text)];
    agent.parameters[0].secret = true;
    agent
}

fn file(folder: &Path, name: &str, content: impl AsRef<[u8]>, mode: u32) -> String {
    let path = folder.join(name);
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    path.into_os_string().into_string().unwrap()
}

/// The options of one call after its secrets are read.
fn fetched(argument: &str, credentials: Option<&Path>, budget: Duration) -> Result<Options, String> {
    let call = Call::argv(&agent(), &["-l", "admin", "-n", "1", argument]);
    assert_eq!(call.said, "");
    let mut options = call.options();
    let said = CapturedLog::default();
    let log = said.log();
    let credentials = credentials.map(Path::as_os_str);
    fetch(&mut options, budget, credentials, &log).map_err(|error| error.to_string())?;
    assert_eq!(said.text(), "");
    let (name, _) = argument.trim_start_matches('-').split_once('=').unwrap();
    assert!(
        !options.is_set(&name.replace('-', "_")),
        "the plugin does not get the source"
    );
    for (_, secret) in options.secrets() {
        assert_eq!(log.masked(secret), "********", "it is hidden");
    }
    Ok(options)
}

#[track_caller]
fn assert_refused(argument: &str, credentials: Option<&Path>, words: &[&str]) {
    let error = fetched(argument, credentials, BUDGET).map(drop).unwrap_err();
    for word in words {
        assert!(error.contains(word), "no {word:?}: {error}");
    }
    assert!(!error.contains("geheim"), "{error}");
}

#[test]
fn the_secret_is_the_first_line_of_a_file() {
    let folder = tempfile::tempdir().unwrap();
    for (content, password) in [
        ("geheim", "geheim"),
        ("geheim\n", "geheim"),
        ("geheim\r\n", "geheim"),
        ("  ge heim \n\n \n", "  ge heim "),
        ("gehé\u{a0}im", "gehé\u{a0}im"),
        ("\u{feff}geheim\r\n", "geheim"),
    ] {
        let path = file(folder.path(), "password", content, 0o400);
        let options = fetched(&format!("--password-file={path}"), None, BUDGET).unwrap();
        assert_eq!(options.get("password"), Some(password), "{content:?}");
    }
    // Parameters of the plugin have sources too.
    let path = file(folder.path(), "token", "geheim\n", 0o600);
    let options = fetched(&format!("--token-file={path}"), None, BUDGET).unwrap();
    assert_eq!(options.get("token"), Some("geheim"));
    let link = folder.path().join("link");
    symlink(&path, &link).unwrap();
    fetched(&format!("--token-file={}", link.display()), None, BUDGET).unwrap();
}

#[test]
fn a_file_that_others_can_access_is_rejected() {
    let folder = tempfile::tempdir().unwrap();
    for mode in [0o604, 0o644, 0o602, 0o620, 0o660, 0o777] {
        let path = file(folder.path(), "password", "geheim", mode);
        assert_refused(
            &format!("--password-file={path}"),
            None,
            &["option password_file is", "chmod 600"],
        );
        fs::remove_file(path).unwrap();
    }
}

#[test]
fn a_file_without_a_secret_is_rejected() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo")
        .args(["-m", "600"])
        .arg(&pipe)
        .status();
    assert!(made.unwrap().success());
    for (path, word) in [
        (file(folder.path(), "empty", "", 0o600), "empty"),
        (file(folder.path(), "blank", "\ngeheim\n", 0o600), "empty"),
        (file(folder.path(), "binary", b"geheim\xff", 0o600), "not UTF-8"),
        (
            file(folder.path(), "long", "x".repeat(65537), 0o600),
            "more than 65536 bytes",
        ),
        (folder.path().display().to_string(), "not a regular file"),
        (pipe.display().to_string(), "not a regular file"),
        (folder.path().join("none").display().to_string(), "cannot be read"),
        (String::new(), "cannot be read"),
    ] {
        assert_refused(
            &format!("--password-file={path}"),
            None,
            &["option password_file is", word],
        );
    }
}

#[test]
fn a_secret_with_control_characters_is_rejected_from_every_source() {
    let folder = tempfile::tempdir().unwrap();
    for (content, words) in [
        ("geheim\r\r\n", "ends with a carriage return; remove it"),
        ("ge\u{2028}heim", "contains a line break; give it as one line"),
        ("ge\rheim\r", "contains a control character"),
        ("ge\theim\n", "contains a control character"),
        ("geheim\0", "contains a control character"),
    ] {
        file(folder.path(), "secret", content, 0o600);
        let path = folder.path().join("secret").display().to_string();
        let open = File::open(&path).unwrap();
        for argument in [
            format!("--password-file={path}"),
            format!("--token-file={path}"),
            format!("--token-fd={}", open.as_raw_fd()),
            "--password-credential=secret".to_owned(),
        ] {
            assert_refused(&argument, Some(folder.path()), &["option ", ": its first line ", words]);
        }
    }
}

#[test]
fn lines_after_the_secret_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "password", "geh\neim\n", 0o600);
    let said = CapturedLog::default();
    let mut options = Call::argv(&agent(), &["-l", "admin", &format!("--password-file={path}")]).options();
    fetch(&mut options, BUDGET, None, &said.log()).unwrap();
    assert_eq!(options.get("password"), Some("geh"));
    let said = said.text();
    assert!(
        said.contains("option password_file: the secret is the first line only"),
        "{said}"
    );
    assert!(!said.contains("eim"), "{said}");
}

#[test]
fn a_secret_is_read_from_a_descriptor() {
    let folder = tempfile::tempdir().unwrap();
    let open = File::open(file(folder.path(), "password", "geheim\n", 0o644)).unwrap();
    let options = fetched(&format!("--password-fd={}", open.as_raw_fd()), None, BUDGET).unwrap();
    assert_eq!(options.get("password"), Some("geheim"));

    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(b"geheim").unwrap();
    let argument = format!("--password-fd={}", reader.as_raw_fd());
    let late = fetched(&argument, None, Duration::from_millis(50))
        .map(drop)
        .unwrap_err();
    assert!(late.contains("timed out"), "{late}");
    drop((reader, writer));

    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(b"geheim").unwrap();
    drop(writer);
    let options = fetched(&format!("--password-fd={}", reader.as_raw_fd()), None, BUDGET).unwrap();
    assert_eq!(options.get("password"), Some("geheim"));
}

#[test]
fn unsuitable_descriptors_are_rejected() {
    for number in ["1", "2", "-1"] {
        assert_refused(
            &format!("--password-fd={number}"),
            None,
            &["secrets are not read from it"],
        );
    }
    assert_refused(
        "--password-fd=987654",
        None,
        &["option password_fd is \"987654\"", "987654<FILE"],
    );
    let (socket, _other) = std::os::unix::net::UnixStream::pair().unwrap();
    assert_refused(
        &format!("--password-fd={}", socket.as_raw_fd()),
        None,
        &["neither a file nor a pipe"],
    );
}

#[test]
fn a_secret_is_read_from_a_systemd_credential() {
    let folder = tempfile::tempdir().unwrap();
    // systemd can give the unit's user access by other means than the mode.
    file(folder.path(), "fence.bmc", "geheim\n", 0o440);
    let options = fetched("--password-credential=fence.bmc", Some(folder.path()), BUDGET).unwrap();
    assert_eq!(options.get("password"), Some("geheim"));
    assert_refused("--password-credential=none", Some(folder.path()), &["cannot be read"]);
    for name in ["", ".", "..", "../x", "/etc/hostname"] {
        assert_refused(
            &format!("--password-credential={name}"),
            Some(folder.path()),
            &["not a valid credential name"],
        );
    }
    for nothing in [None, Some(Path::new(""))] {
        assert_refused(
            "--password-credential=x",
            nothing,
            &["CREDENTIALS_DIRECTORY", "LoadCredential="],
        );
    }
}

#[test]
fn two_sources_of_one_secret_are_rejected() {
    let file = "password_file=/x\n";
    for (other, name) in [
        ("password=geheim\n", "password"),
        ("passwd=geheim\n", "password"),
        ("password_script=/bin/true\n", "password_script"),
        ("password_fd=3\n", "password_fd"),
        ("password_credential=x\n", "password_credential"),
    ] {
        let error = Call::stdin(&agent(), &format!("login=a\nport=1\n{file}{other}")).error();
        assert!(
            error.contains("password_file") && error.contains(&format!(" and {name} both")),
            "{error}"
        );
        assert!(!error.contains("geheim"), "{error}");
    }
    // As in the library, the script has priority.
    let call = Call::stdin(&agent(), "login=a\nport=1\npassword=x\npassword_script=/bin/true\n");
    assert!(call.read.is_ok());
}

#[test]
fn a_source_counts_as_the_option() {
    let required = || {
        let mut agent = agent();
        agent.parameters[0].required = true;
        agent
    };
    let given = "login=a\nport=1\naction=off\n";
    for sources in [
        "password_file=/x\ntoken_fd=3\n",
        "password_credential=x\ntoken-file=/y\n",
    ] {
        let call = Call::stdin(&required(), &format!("{given}{sources}"));
        assert_eq!(call.checked(), Ok(Action::Off), "{sources}");
    }
    let call = Call::stdin(&required(), &format!("{given}password_file=/x\n"));
    assert_eq!(call.checked(), Err(vec!["token".to_owned()]));
    let call = Call::stdin(&required(), &format!("{given}password_file=/x\ntoken_fd=three\n"));
    assert_eq!(call.checked(), Err(vec!["token_fd".to_owned()]));
}

/// Sources are not in documents, do not change the prefixes of other options, and
/// exist only for secrets.
#[test]
fn sources_do_not_affect_other_options() {
    let table = super::table(&agent());
    for document in [
        crate::metadata::metadata(&table, "fence_probe"),
        crate::help::help(&table, "fence_probe"),
    ] {
        assert!(
            !["password_f", "password-f", "credential"]
                .iter()
                .any(|name| document.contains(name))
        );
    }
    let call = Call::argv(&agent(), &["-l", "a", "-n", "1", "--passwo=geheim"]);
    assert!(
        call.error().contains("--password or --password-script"),
        "{}",
        call.error()
    );
    let call = Call::argv(&agent(), &["-l", "a", "-n", "1", "--passwd-file=/x"]);
    assert!(call.error().contains("unknown option"));
    assert!(
        super::table(&device(&["no_password", "port"]))
            .options()
            .iter()
            .all(|option| option.source_of.is_none())
    );
}

/// A parameter of a plugin with the name of a source is not a source.
#[test]
fn a_parameter_keeps_its_name() {
    let mut agent = agent();
    agent.parameters.push(own("token_file", ValueKind::Text));
    let table = super::table(&agent);
    let found: Vec<_> = table
        .options()
        .iter()
        .filter(|option| option.name == "token_file")
        .collect();
    assert!(found.len() == 1 && found[0].device_specific && found[0].source_of.is_none());
}

/// The debug format of options contains no secret, from any source.
#[test]
fn options_are_printed_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "token", "geheim-token", 0o600);
    let mut options = Call::argv(
        &agent(),
        &["-l", "admin", "-p", "geheim", &format!("--token-file={path}")],
    )
    .options();
    fetch(&mut options, BUDGET, None::<&OsStr>, &CapturedLog::default().log()).unwrap();
    assert_eq!(options.secrets().count(), 2);
    for printed in [format!("{options:?}"), format!("{options:#?}")] {
        assert!(printed.contains("admin") && printed.contains("********"), "{printed}");
        assert!(!printed.contains("geheim"), "{printed}");
    }
}
