//! The host's rules in tests of plugins.

use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::prelude::*;
use crate::testing::{self, Script};

/// What a test plugin declares.
trait Case {
    fn agent() -> Agent;
}

/// A plugin that keeps its options.
struct Probe<C>(Options, PhantomData<C>);

impl<C: Case> Device for Probe<C> {
    fn describe(_name: &str) -> Agent {
        C::agent()
    }

    fn open(options: &Options) -> Result<Self> {
        Ok(Self(options.clone(), PhantomData))
    }
}

fn agent() -> Agent {
    Agent::new("fence_x", "an x").options(["ip", "ipport", "username", "password", "plug", "ssl"])
}

/// A valid description: the host logs in.
struct Hidden;

impl Case for Hidden {
    fn agent() -> Agent {
        agent()
            .default("ipport", "8443")
            .parameter(Parameter::choice("mode", ["Fast", "slow"]).default("slow"))
            .parameter(Parameter::text("state_file"))
            .endpoint(Endpoint::from_options("api").base_path("/v1").auth(Auth::HostBasic))
            .file("state_file", FileKind::File, FileAccess::Read)
    }
}

const LOGIN: [(&str, &str); 5] = [
    ("ssl", "1"),
    ("ip", "192.0.2.7"),
    ("username", "ops"),
    ("password", "s3cret"),
    ("plug", "1"),
];

fn with(more: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    LOGIN.iter().chain(more).copied().collect()
}

#[test]
fn defaults_are_filled_in_and_values_are_checked() {
    let probe = testing::open::<Probe<Hidden>>(with(&[("mode", "FAST")])).unwrap();
    assert_eq!(probe.0.get("ipport"), Some("8443"));
    assert_eq!(probe.0.get("mode"), Some("Fast"));
    assert_eq!(probe.0.get("action"), Some("status"));
    assert!(probe.0.is_set("ssl") && probe.0.get("power_timeout").is_some());
    for (option, value) in [
        ("ipport", "http"),
        ("mode", "medium"),
        ("ip", "http://192.0.2.7/"),
        ("ipport", "70000"),
    ] {
        let refused = testing::open::<Probe<Hidden>>(with(&[(option, value)])).map(|_| ());
        let text = refused.expect_err(option).text();
        assert!(text.contains(option), "{text}");
    }
    let refused = testing::open::<Probe<Hidden>>([("ip", "192.0.2.7")])
        .map(|_| ())
        .unwrap_err();
    assert!(
        matches!(&refused, Error::InvalidOption(option) if option.name == "username"),
        "{refused:?}"
    );
}

#[test]
fn a_password_that_the_host_sends_is_hidden() {
    let probe = testing::open::<Probe<Hidden>>(LOGIN).unwrap();
    assert_eq!((probe.0.get("username"), probe.0.get("password")), (None, None));

    struct Open;
    impl Case for Open {
        fn agent() -> Agent {
            agent().endpoint(Endpoint::from_options("api"))
        }
    }
    let probe = testing::open::<Probe<Open>>(LOGIN).unwrap();
    assert_eq!(probe.0.get("password"), Some("s3cret"));
}

#[test]
fn undeclared_places_are_denied_while_the_session_is_open() {
    let _script = Script::new()
        .on("GET", "/a")
        .reply(200, json!(1))
        .times(2)
        .file("other_file", "x")
        .file("state_file", "on")
        .start();
    let session = testing::open::<Probe<Hidden>>(LOGIN).unwrap();
    assert_eq!(get_json("api", "/a"), Ok(1));
    let denied = get_json::<u8>("elsewhere", "/a");
    assert!(
        matches!(&denied, Err(Error::Denied(text)) if text.contains("\"elsewhere\"")),
        "{denied:?}"
    );
    assert!(matches!(
        xmlrpc::call("elsewhere", "m").send(),
        Err(xmlrpc::Failure::Http(_))
    ));
    assert_eq!(files::read("state_file"), Ok(b"on".to_vec()));
    assert!(matches!(files::read("other_file"), Err(files::Failure::Denied(_))));
    assert!(matches!(
        files::write("state_file", "off"),
        Err(files::Failure::Denied(_))
    ));
    assert_eq!(http::base_url("api"), Ok("https://192.0.2.7:8443/v1".to_owned()));
    drop(session);
    assert_eq!(get_json("elsewhere", "/a"), Ok(1));
}

#[test]
fn undeclared_operations_are_refused() {
    let mut session = testing::open::<Probe<Hidden>>(LOGIN).unwrap();
    assert_eq!(session.plugs(false), Err(Error::Unsupported));
    assert_eq!(session.cycle("1"), Err(Error::Unsupported));
    assert_eq!(session.cycle_complete("1"), Err(Error::Unsupported));
    assert_eq!(session.diagnose("1"), Err(Error::Unsupported));
    session.close();
}

/// The panic of a test that opens a session of this plugin.
fn refusal<D: Device>() -> String {
    let outcome = catch_unwind(AssertUnwindSafe(|| testing::open::<D>(LOGIN).map(|_| ())));
    let cause = outcome.expect_err("the description is accepted");
    cause.downcast_ref::<String>().cloned().unwrap_or_default()
}

/// Tests that the host's rules refuse a description.
macro_rules! refused {
    ($($name:ident: $agent:expr => $text:literal,)*) => {$(
        #[test]
        fn $name() {
            struct Wrong;
            impl Case for Wrong {
                fn agent() -> Agent {
                    $agent
                }
            }
            let text = refusal::<Probe<Wrong>>();
            assert!(text.contains($text), "{text}");
        }
    )*};
}

refused! {
    a_bad_name_is_refused: Agent::new("relay", "an x") => "is not a name of an agent",
    a_bad_symlink_is_refused: agent().symlink("fence_", "x") => "is not a name of an agent",
    an_option_twice_is_refused: agent().options(["ip"]) => "have the same name \"ip\"",
    a_parameter_like_an_option_is_refused: agent().parameter(Parameter::text("username")) => "username",
    an_unknown_option_is_refused: agent().options(["address"]) => "the catalog has no option \"address\"",
    a_wrong_default_is_refused: agent().default("ipport", "http") => "the default \"http\" is not",
    a_default_of_another_option_is_refused: agent().default("proxy", "x") => "an override names \"proxy\"",
    an_endpoint_twice_is_refused:
        agent().endpoint(Endpoint::from_options("api")).endpoint(Endpoint::from_options("api")) => "is declared twice",
    an_endpoint_of_an_undeclared_option_is_refused:
        agent().endpoint(Endpoint::from_option("api", "manager")) => "uses the option manager, which the agent does not have",
    a_port_of_an_undeclared_option_is_refused:
        agent().endpoint(Endpoint::from_options("api").port_from_option("api_port")) => "uses the option api_port",
    a_file_of_an_undeclared_option_is_refused:
        agent().file("state_file", FileKind::File, FileAccess::Read) => "uses the option state_file",
}

#[test]
#[should_panic(expected = "the agent has no option \"shade\"")]
fn an_unknown_option_fails_the_test() {
    let _ = testing::open::<Probe<Hidden>>(with(&[("shade", "red")]));
}

#[test]
fn a_description_that_changes_is_refused() {
    use std::cell::Cell;
    thread_local!(static CALLS: Cell<u32> = const { Cell::new(0) });
    struct Moody;
    impl Case for Moody {
        fn agent() -> Agent {
            CALLS.set(CALLS.get() + 1);
            agent().longdesc(CALLS.get().to_string())
        }
    }
    assert!(refusal::<Probe<Moody>>().contains("is not constant"));
}

struct Board;

#[device]
impl Device for Board {
    fn describe(_name: &str) -> Agent {
        agent().operations(Operations::SETTLED_STATUS)
    }

    fn check_options(options: &Options) -> Result<()> {
        fn plugs() {}
        plugs();
        match options.get("plug") {
            Some("0") => Err(Error::invalid_option("plug", "is 0")),
            _ => Ok(()),
        }
    }

    fn open(_options: &Options) -> Result<Self> {
        Ok(Board)
    }

    fn cycle(&mut self, _plug: &str) -> Result<()> {
        Ok(())
    }

    fn cycle_complete(&mut self, _plug: &str) -> Result<bool> {
        Ok(true)
    }
}

#[test]
fn operations_follow_from_functions() {
    let agent = testing::describe::<Board>("fence_x");
    assert_eq!(
        agent.operations,
        Operations::SETTLED_STATUS | Operations::CYCLE | Operations::CHECK_OPTIONS
    );
    let mut board = testing::open::<Board>(LOGIN).unwrap();
    assert_eq!((board.cycle("1"), board.cycle_complete("1")), (Ok(()), Ok(true)));
    assert_eq!(board.plugs(false), Err(Error::Unsupported));
    // The host checks the options before it opens a session.
    let refused = testing::open::<Board>([("ip", "x"), ("username", "u"), ("password", "p"), ("plug", "0")]);
    assert!(matches!(refused.map(|_| ()), Err(Error::InvalidOption(_))));
}

#[test]
fn an_operation_without_its_function_is_refused() {
    struct Forgetful;

    #[device]
    impl Device for Forgetful {
        fn describe(_name: &str) -> Agent {
            agent().operations(Operations::LIST_PLUGS)
        }

        fn open(_options: &Options) -> Result<Self> {
            Ok(Forgetful)
        }
    }
    assert!(refusal::<Forgetful>().contains("Operations::LIST_PLUGS, and has no function plugs"));
}
