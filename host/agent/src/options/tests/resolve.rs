//! Defaults, synonyms, verbosity, TLS and timeouts (topic `dump`).

use super::{Call, device, dummy, own};
use crate::description::{Description, Override, ValueKind};

const WEB: &[&str] = &["ipaddr", "login", "passwd", "port", "web"];

fn with(keys: &[&str], more: &[&str]) -> Description {
    let keys: Vec<&str> = keys.iter().chain(more).copied().collect();
    device(&keys)
}

fn defaults(mut description: Description, name: &str, default: &str) -> Description {
    description.overrides.push(Override {
        name: name.to_owned(),
        default: Some(default.to_owned()),
        ..Override::default()
    });
    description
}

#[test]
fn defaults_are_filled_in() {
    let call = Call::argv(&device(&["no_password", "port"]), &["-n", "1"]);
    let options = call.options();
    let expected = [
        ("plug", "1"),
        ("separator", ","),
        ("verbose_level", "0"),
        ("action", "reboot"),
        ("power_timeout", "20"),
        ("shell_timeout", "3"),
        ("login_timeout", "5"),
        ("power_wait", "0"),
        ("stonith_status_sleep", "1"),
        ("retry_on", "1"),
        ("delay", "0"),
        ("plug_separator", ","),
    ];
    assert_eq!(options.iter().collect::<Vec<_>>(), expected);
}

#[test]
fn the_default_port_depends_on_the_protocol() {
    let telnet: &[&str] = &["ipaddr", "port", "telnet", "secure"];
    for (device, argv, port) in [
        (device(WEB), "-q", Some("80")),
        (with(WEB, &["ssl"]), "-q", Some("80")),
        (with(WEB, &["ssl"]), "-z", Some("443")),
        (with(WEB, &["ssl"]), "--ssl-secure", Some("443")),
        (with(WEB, &["ssl"]), "--ssl-insecure", Some("443")),
        (defaults(with(WEB, &["ssl"]), "ssl", "1"), "-q", Some("443")),
        (defaults(device(WEB), "ipport", "8006"), "-q", Some("8006")),
        (device(WEB), "-u99", Some("99")),
        (device(telnet), "-q", Some("23")),
        (device(telnet), "-x", Some("22")),
        (device(&["ipaddr", "port", "secure"]), "-q", None),
        (device(&["ipaddr", "port", "secure"]), "-x", Some("22")),
        (
            defaults(device(&["ipaddr", "port", "secure"]), "ssh", "1"),
            "-q",
            Some("22"),
        ),
        (device(&["ipaddr", "port", "ssl"]), "-q", None),
        (device(&["ipaddr", "port", "snmp"]), "-q", Some("161")),
    ] {
        let call = Call::argv(&device, &[argv]);
        assert_eq!(call.get("ipport"), port, "{:?} {argv}", device.options);
        let shown = call.options().table().find("ipport").unwrap().default.clone();
        if argv != "-u99" {
            assert_eq!(shown.as_deref(), port);
        }
    }
    let call = Call::stdin(&with(WEB, &["ssl"]), "ssl=0");
    assert_eq!(call.get("ipport"), Some("443"));
    let call = Call::stdin(&defaults(device(telnet), "ssh", "1"), "ssh=0");
    assert_eq!((call.get("ipport"), call.get("ssh")), (Some("23"), None));
}

#[test]
fn verbose_and_verbose_level_agree() {
    for (argv, level, warns) in [
        (&["-v"][..], 1, false),
        (&["-vvv"], 3, false),
        (&["-v", "--verbose", "-v"], 3, false),
        (&["-v", "--verbose-level=5"], 5, false),
        (&["--verbose-level=2"], 2, false),
        (&["--verbose-level=1_0"], 10, false),
        (&["--verbose-level=x"], 0, true),
        (&["--verbose-level=-1"], 0, true),
        (&["--verbose-level=1.0"], 0, true),
        (&["--verbose-level=0", "-v"], 0, true),
        (&["--verbose-level=0"], 0, false),
        (&["-o", "metadata", "--verbose-level=x"], 0, false),
    ] {
        let call = Call::argv(&dummy(), argv);
        assert_eq!(call.said.is_empty(), !warns, "{argv:?} {}", call.said);
        let options = call.options();
        assert_eq!(options.verbose_level(), level, "{argv:?}");
        assert_eq!(options.is_set("verbose"), level > 0, "{argv:?}");
    }
    for (stdin, level, warns) in [
        ("verbose=1", 1, false),
        ("verbose=0", 0, true),
        ("verbose=no\nverbose_level=2", 2, false),
        ("verbose=on\nverbose_level=0", 0, true),
    ] {
        let call = Call::stdin(&dummy(), stdin);
        assert_eq!(call.said.is_empty(), !warns, "{stdin}");
        assert_eq!(call.options().verbose_level(), level, "{stdin}");
    }
}

#[test]
fn tls_options_decide_about_tls() {
    for (stdin, ssl, secure, insecure) in [
        ("", None, None, None),
        ("ssl=1", Some("1"), Some("1"), None),
        ("ssl=0", Some("0"), None, None),
        ("ssl_secure=1", Some("1"), Some("1"), None),
        ("ssl_insecure=1", Some("1"), None, Some("1")),
        ("ssl_insecure=0", None, None, None),
        ("ssl_insecure=0\nssl=1", Some("1"), Some("1"), None),
        ("ssl_insecure=1\nssl_secure=1", Some("1"), Some("1"), Some("1")),
        ("ssl_insecure=1\nssl=0", Some("1"), None, Some("1")),
    ] {
        let mut options = Call::stdin(&with(WEB, &["ssl"]), stdin).options();
        options.resolve(None);
        let found = ["ssl", "ssl_secure", "ssl_insecure"].map(|name| options.get(name));
        assert_eq!(found, [ssl, secure, insecure], "{stdin}");
    }
}

#[test]
fn timeouts_can_be_disabled() {
    let fenced = Some("pacemaker-fenced");
    for (argv, service, timeout, shown) in [
        (&["-q"][..], None, "20", None),
        (&["--disable-timeout=yes"], None, "0", Some("yes")),
        (&["--disable-timeout=ON"], None, "0", Some("ON")),
        (&["--disable-timeout=0"], None, "20", Some("0")),
        (&["--disable-timeout=2"], None, "20", Some("2")),
        (&["--disable-timeout="], fenced, "20", Some("")),
        (&["--disable-timeout=false"], fenced, "20", Some("false")),
        (&["-q"], fenced, "0", Some("1")),
        (&["--power-timeout=9"], fenced, "0", Some("1")),
        (&["-q"], Some("pacemaker-execd"), "20", None),
    ] {
        let mut options = Call::argv(&dummy(), argv).options();
        options.resolve(service);
        assert_eq!(options.get("power_timeout"), Some(timeout), "{argv:?}");
        assert_eq!(options.get("disable_timeout"), shown, "{argv:?}");
        assert_eq!(options.get("delay"), Some("0"));
    }
}

fn clc() -> Description {
    let mut clc = device(&["login", "passwd", "port"]);
    clc.parameters = vec![own("switch", ValueKind::Text)];
    clc.parameters[0].letter = Some('s');
    clc.parameters[0].synonym_of = Some("plug".to_owned());
    clc
}

#[test]
fn the_value_of_a_synonym_is_moved_to_its_option() {
    for stdin in [
        "switch=WA1",
        "plug=WA1",
        "port=WA1",
        "switch=wa1\nplug=WA1",
        // Pacemaker up to 3.0.0, in any order.
        "port=node1\nnodename=node1\nswitch=WA1",
        "switch=WA1\nnodename=node1\nport=node1",
        "nodename=node1\nswitch=WA1\nplug=node1",
    ] {
        let call = Call::stdin(&clc(), stdin);
        assert_eq!(call.get("plug"), Some("WA1"), "{stdin}");
        assert_eq!(call.get("switch"), None, "{stdin}");
    }
}

/// Pacemaker's name of the plug and the configured name, in any order: the node's own name is ignored.
#[test]
fn the_configured_one_of_port_and_plug_is_used() {
    for stdin in [
        "port=node1\nplug=WA1\nnodename=node1",
        "nodename=node1\nplug=WA1\nport=node1",
        "plug=node1\nnodename=node1\nport=WA1",
        "port=WA1\nplug=node1\nnodename=node1",
        "port=WA1\nplug=WA1\nnodename=node1",
        "port=old\nport=WA1",
    ] {
        assert_eq!(Call::stdin(&clc(), stdin).get("plug"), Some("WA1"), "{stdin}");
        assert_eq!(
            Call::stdin(&device(&["port"]), stdin).get("plug"),
            Some("WA1"),
            "{stdin}"
        );
    }
    for stdin in ["port=a\nplug=b", "plug=b\nport=a\nnodename=c", "port=\nplug=b"] {
        let error = Call::stdin(&device(&["port"]), stdin).error();
        assert!(error.contains("options port and plug mean the same"), "{error}");
    }
    assert!(Call::stdin(&clc(), "port=a\nplug=b\naction=metadata").read.is_ok());
}

#[test]
fn two_different_plugs_are_rejected() {
    for stdin in ["switch=a\nplug=b", "switch=a\nport=b\nnodename=c", "switch=\nport=b"] {
        let error = Call::stdin(&clc(), stdin).error();
        assert!(error.contains("options switch and plug mean the same"), "{error}");
    }
    let call = Call::stdin(&clc(), "switch=a\nplug=b\naction=metadata");
    assert!(call.read.is_ok());

    let mut secret = clc();
    secret.parameters[0].synonym_of = Some("password".to_owned());
    let call = Call::stdin(&secret, "switch=s3cret\n");
    assert_eq!(call.options().secrets().collect::<Vec<_>>(), [("password", "s3cret")]);
    let error = Call::stdin(&secret, "switch=s3cret\npassword=hidden").error();
    assert!(!error.contains("s3cret") && !error.contains("hidden"), "{error}");
}

#[test]
fn flags_of_a_plugin_can_be_set_to_false() {
    let mut device = device(&["no_password"]);
    device.parameters = vec![own("auto", ValueKind::Boolean), own("manual", ValueKind::Boolean)];
    device.parameters[0].default = Some("1".to_owned());
    device.parameters[1].default = Some("0".to_owned());
    let call = Call::stdin(&device, "action=on");
    assert_eq!((call.get("auto"), call.get("manual")), (Some("1"), None));
    let call = Call::stdin(&device, "auto=no\nmanual=yes");
    assert_eq!((call.get("auto"), call.get("manual")), (None, Some("1")));
}

#[test]
fn plugs_are_split_at_the_separator() {
    let device = device(&["no_password", "port"]);
    let plugs = |argv: &[&str]| -> Result<Vec<String>, String> {
        let options = Call::argv(&device, argv).options();
        let plugs = options.plugs().map_err(|error| error.to_string())?;
        Ok(plugs.into_iter().map(str::to_owned).collect())
    };
    assert_eq!(plugs(&["-n", "1"]).unwrap(), ["1"]);
    assert_eq!(plugs(&["-n", "1, 2,"]).unwrap(), ["1", " 2", ""]);
    assert_eq!(plugs(&["-n", "1||2", "--plug-separator=||"]).unwrap(), ["1", "2"]);
    assert_eq!(plugs(&["-q"]).unwrap(), [""]);
    assert!(
        plugs(&["-n", "1", "--plug-separator="])
            .unwrap_err()
            .contains("plug_separator")
    );
}

#[test]
fn numbers_and_times_are_parsed() {
    let options = Call::argv(&dummy(), &["--delay=-3", "--power-wait= 7 ", "--retry-on=x"]).options();
    assert_eq!(options.integer("delay"), Some(-3));
    assert_eq!(options.seconds("delay"), Some(std::time::Duration::ZERO));
    assert_eq!(options.seconds("power_wait"), Some(std::time::Duration::from_secs(7)));
    assert_eq!(options.integer("retry_on"), None);
    assert_eq!(options.integer("nosuch"), None);
}
