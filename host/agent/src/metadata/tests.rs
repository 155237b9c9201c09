use super::{manpage, metadata, without_troff};
use crate::description::{Description, Operations, Override, Parameter, Symlink, ValueKind};

fn device(options: &[&str]) -> Description {
    Description {
        name: "fence_probe".to_owned(),
        options: options.iter().map(|&name| name.to_owned()).collect(),
        operations: Operations {
            password_optional: true,
            ..Operations::default()
        },
        ..Description::default()
    }
}

fn own(name: &str, kind: ValueKind) -> Parameter {
    Parameter {
        name: name.to_owned(),
        letter: None,
        shortdesc: "own".to_owned(),
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

fn of(description: &Description) -> String {
    metadata(&crate::options::build(description).unwrap(), "fence_probe")
}

/// The names of the parameter rows, in order.
fn rows(xml: &str) -> Vec<&str> {
    let names = xml.lines().filter_map(|line| line.strip_prefix("\t<parameter name=\""));
    names.map(|rest| rest.split('"').next().unwrap()).collect()
}

fn actions(xml: &str) -> Vec<&str> {
    xml.lines().filter(|line| line.starts_with("\t<action ")).collect()
}

/// Compares every blank; the descriptions are only examples.
#[test]
fn the_smallest_agent_has_the_common_options() {
    let xml = of(&device(&[]));
    let begin = "<?xml version=\"1.0\" ?>\n\
                 <resource-agent name=\"fence_probe\" shortdesc=\"\" >\n\
                 <longdesc></longdesc>\n\
                 <vendor-url></vendor-url>\n\
                 <parameters>\n\
                 \t<parameter name=\"action\" unique=\"0\" required=\"1\">\n\
                 \t\t<getopt mixed=\"-o, --action=[action]\" />\n\
                 \t\t<content type=\"string\" default=\"reboot\"  />\n\
                 \t\t<shortdesc lang=\"en\">Action to perform</shortdesc>\n\
                 \t</parameter>\n\
                 \t<parameter name=\"quiet\" unique=\"0\" required=\"0\">\n\
                 \t\t<getopt mixed=\"-q, --quiet\" />\n\
                 \t\t<content type=\"boolean\"  />\n";
    assert!(xml.starts_with(begin), "{xml}");
    let end = "</parameters>\n\
               <actions>\n\
               \t<action name=\"on\" automatic=\"0\"/>\n\
               \t<action name=\"off\" />\n\
               \t<action name=\"reboot\" />\n\
               \t<action name=\"status\" />\n\
               \t<action name=\"monitor\" />\n\
               \t<action name=\"metadata\" />\n\
               \t<action name=\"manpage\" />\n\
               \t<action name=\"validate-all\" />\n\
               </actions>\n\
               </resource-agent>\n";
    assert!(xml.ends_with(end), "{xml}");
    let names = [
        "action",
        "quiet",
        "verbose",
        "verbose_level",
        "debug",
        "debug_file",
        "version",
        "help",
        "plug_separator",
        "delay",
        "disable_timeout",
        "login_timeout",
        "power_timeout",
        "power_wait",
        "shell_timeout",
        "stonith_status_sleep",
        "retry_on",
    ];
    assert_eq!(rows(&xml), names);
}

#[test]
fn older_names_have_a_row_of_their_own() {
    let xml = of(&device(&["plug"]));
    let row = |name: &str, age: &str| {
        format!(
            "\t<parameter name=\"{name}\" unique=\"0\" required=\"1\"{age}>\n\
             \t\t<getopt mixed=\"-n, --plug=[id]\" />\n\
             \t\t<content type=\"string\"  />\n"
        )
    };
    assert!(xml.contains(&row("plug", " obsoletes=\"port\"")), "{xml}");
    assert!(xml.contains(&row("port", " deprecated=\"1\"")), "{xml}");

    let mut device = device(&[]);
    device.parameters = vec![own("redfish_uri", ValueKind::Text)];
    device.parameters[0].obsoletes = Some("redfish-uri".to_owned());
    assert_eq!(rows(&of(&device))[1..3], ["redfish-uri", "redfish_uri"]);
}

#[test]
fn a_device_without_plugs_has_no_separator_and_no_list() {
    let xml = of(&device(&["ip", "username", "password", "web"]));
    assert!(
        xml.contains("<parameter name=\"ip\" unique=\"0\" required=\"0\" obsoletes=\"ipaddr\">"),
        "{xml}"
    );
    assert!(
        xml.contains("<parameter name=\"username\" unique=\"0\" required=\"1\" obsoletes=\"login\">"),
        "{xml}"
    );
    assert!(xml.contains("<getopt mixed=\"-n, --plug=[ip]\" />"), "{xml}");
    assert!(xml.contains("<content type=\"integer\" default=\"80\"  />"), "{xml}");
    assert!(!rows(&xml).contains(&"separator"));
    assert!(!xml.contains("<action name=\"list"), "{xml}");
}

#[test]
fn a_choice_lists_its_words() {
    let mut device = device(&[]);
    device.parameters = vec![own("mode", ValueKind::Choice(vec!["a".to_owned(), "b<".to_owned()]))];
    let row = "\t\t<content type=\"select\"  >\n\
               \t\t\t<option value=\"a\" />\n\
               \t\t\t<option value=\"b&lt;\" />\n\
               \t\t</content>\n";
    assert!(of(&device).contains(row));
    device.parameters[0].default = Some("b<".to_owned());
    assert!(of(&device).contains("\t\t<content type=\"select\" default=\"b&lt;\"  >\n"));
}

#[test]
fn on_has_the_attributes_on_target_and_automatic() {
    let mut fabric = device(&["plug"]);
    fabric.operations.fabric = true;
    fabric.operations.on_target = true;
    let xml = of(&fabric);
    assert_eq!(
        actions(&xml)[0],
        "\t<action name=\"on\" on_target=\"1\" automatic=\"1\"/>"
    );
    assert_eq!(actions(&xml)[2], "\t<action name=\"status\" />");
    assert!(xml.contains("default=\"off\""), "{xml}");
    fabric.operations.fabric = false;
    assert!(of(&fabric).contains("<action name=\"on\" on_target=\"1\" automatic=\"0\"/>"));
    fabric.operations.no_on = true;
    assert!(!of(&fabric).contains("automatic"));
}

#[test]
fn all_texts_are_escaped() {
    let mut device = device(&[]);
    device.shortdesc = "Sh \"q\" & <x>".to_owned();
    device.longdesc = "L1 \\fBbold\\fP x.Py\n.P\n.TP\nA & <b>\u{0}\n.br\nend .br mid".to_owned();
    device.vendor_url = "http://e/?a=1&b=2".to_owned();
    device.symlinks = vec![Symlink {
        name: "fence_sym".to_owned(),
        shortdesc: "Sym & desc".to_owned(),
        hidden: false,
    }];
    device.overrides = vec![Override {
        name: "plug_separator".to_owned(),
        default: Some("<&'\">".to_owned()),
        ..Override::default()
    }];
    let xml = of(&device);
    let begin = "<resource-agent name=\"fence_probe\" shortdesc=\"Sh &quot;q&quot; &amp; &lt;x&gt;\" >\n\
                 <symlink name=\"fence_sym\" shortdesc=\"Sym &amp; desc\"/>\n\
                 <longdesc>L1 bold x.Py\n\n\nA &amp; &lt;b&gt;\u{fffd}\nend .br mid</longdesc>\n\
                 <vendor-url>http://e/?a=1&amp;b=2</vendor-url>\n";
    assert!(xml.contains(begin), "{xml}");
    assert!(xml.contains("default=\"&lt;&amp;&apos;&quot;&gt;\""), "{xml}");
}

#[test]
fn a_manual_page_keeps_troff_and_the_main_name() {
    let mut device = device(&[]);
    device.longdesc = "a \\fBb\\fP\n.P\nc".to_owned();
    let table = crate::options::build(&device).unwrap();
    let page = manpage(&table);
    assert!(page.contains("name=\"fence_probe\"") && page.contains("<longdesc>a \\fBb\\fP\n.P\nc</longdesc>"));
    assert_eq!(
        metadata(&table, "fence_other"),
        page.replace("fence_probe", "fence_other")
            .replace("\\fBb\\fP\n.P", "b\n")
    );
}

#[test]
fn only_troff_requests_are_removed() {
    assert_eq!(without_troff("x.Py\n.Px\n .P\n.P y\n.br\n.br"), "x.Py\n.Px\n .P\n y\n");
}

#[test]
fn hidden_options_and_links_are_in_no_document() {
    let mut device = device(&[]);
    device.parameters = vec![own("shown_one", ValueKind::Text), own("hidden_one", ValueKind::Text)];
    device.parameters[1].hidden = true;
    device.symlinks = [("fence_shown", false), ("fence_hidden", true)]
        .map(|(name, hidden)| Symlink {
            name: name.to_owned(),
            shortdesc: String::new(),
            hidden,
        })
        .to_vec();
    let table = crate::options::build(&device).unwrap();
    for document in [metadata(&table, "fence_probe"), manpage(&table)] {
        assert!(document.contains("shown_one") && document.contains("fence_shown"));
        assert!(!document.contains("hidden"), "{document}");
    }
    let help = crate::help::help(&table, "fence_probe");
    assert!(help.contains("--shown-one") && !help.contains("hidden"), "{help}");
}

#[test]
fn a_deprecated_parameter_and_an_optional_plug_are_marked() {
    let mut device = device(&["plug"]);
    device.parameters = vec![own("domain", ValueKind::Text), own("uuid", ValueKind::Text)];
    for parameter in &mut device.parameters {
        parameter.synonym_of = Some("plug".to_owned());
    }
    device.parameters[0].deprecated = true;
    let row = |xml: &str, name: &str, rest: &str| {
        let row = format!("\t<parameter name=\"{name}\" unique=\"0\" {rest}>\n");
        assert!(xml.contains(&row), "no {row:?}: {xml}");
    };
    let xml = of(&device);
    row(&xml, "domain", "required=\"0\" deprecated=\"1\"");
    row(&xml, "uuid", "required=\"0\"");
    row(&xml, "plug", "required=\"1\" obsoletes=\"port\"");
    row(&xml, "port", "required=\"1\" deprecated=\"1\"");
    device.operations.plug_optional = true;
    let xml = of(&device);
    row(&xml, "plug", "required=\"0\" obsoletes=\"port\"");
    row(&xml, "port", "required=\"0\" deprecated=\"1\"");
}
