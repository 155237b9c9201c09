//! The table of options in docs/plugins.md is made from the catalog.

use std::collections::BTreeSet;
use std::path::Path;

use fencebox::agent::description::Description;
use fencebox::agent::options::{AgentOption, build, catalog};

const START: &str = "<!-- catalog: written by UPDATE_OUTPUTS=1 cargo xtask test --test host catalog -->\n";
const END: &str = "<!-- end of the catalog -->\n";

/// The options that documents show of an agent that lists these, or none if a plugin cannot list them.
fn options(listed: &[&str]) -> Option<Vec<AgentOption>> {
    let description = Description {
        name: "fence_x".to_owned(),
        options: listed.iter().map(|name| (*name).to_owned()).collect(),
        ..Description::default()
    };
    let table = build(&description).ok()?;
    let is_shown = |option: &&AgentOption| !option.hidden && option.source_of.is_none();
    Some(table.options().iter().filter(is_shown).cloned().collect())
}

fn table() -> String {
    let every: BTreeSet<String> = options(&[]).unwrap().into_iter().map(|option| option.name).collect();
    let mut rows = vec![
        "| option | letter | default | description | brings |".to_owned(),
        "|---|---|---|---|---|".to_owned(),
    ];
    for entry in catalog::ENTRIES {
        let name = entry.name();
        if every.contains(&name) {
            continue;
        }
        // The default of `ipport` follows from `ssl`, so `ip` cannot be alone.
        let with_ssl = || {
            let ssl: Vec<_> = options(&["ssl"])?.into_iter().map(|option| option.name).collect();
            let all = options(&[&name, "ssl"])?.into_iter();
            Some(all.filter(|option| !ssl.contains(&option.name)).collect())
        };
        let Some(listed) = options(&[&name]).or_else(with_ssl) else {
            continue;
        };
        let Some(own) = listed.iter().find(|option| option.name == name) else {
            continue;
        };
        let letter = own.letter.map_or_else(String::new, |letter| format!("`-{letter}`"));
        let default = own
            .default
            .as_ref()
            .map_or_else(String::new, |value| format!("`{value}`"));
        let brought = listed
            .iter()
            .filter(|option| option.name != name && !every.contains(&option.name));
        let brought: Vec<_> = brought.map(|option| format!("`{}`", option.name)).collect();
        let (text, brought) = (own.shortdesc.replace('|', "\\|"), brought.join(", "));
        let row = format!("| `{name}` | {letter} | {default} | {text} | {brought} |");
        rows.push(row.replace("|  |", "| |").replace("|  |", "| |"));
    }
    rows.push(String::new());
    rows.join("\n")
}

#[test]
fn the_catalog_in_the_page_is_that_of_the_code() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/plugins.md");
    let text = std::fs::read_to_string(&page).unwrap();
    let (before, rest) = text.split_once(START).expect("the start of the catalog");
    let (shown, after) = rest.split_once(END).expect("the end of the catalog");
    let made = table();
    for option in ["ip", "ipport", "ssl", "plug"] {
        assert!(made.contains(&format!("\n| `{option}` |")), "{option} in {made}");
    }
    if std::env::var_os("UPDATE_OUTPUTS").is_some() {
        std::fs::write(&page, format!("{before}{START}{made}{END}{after}")).unwrap();
    } else {
        assert_eq!(shown, made, "docs/plugins.md: run with UPDATE_OUTPUTS=1");
    }
}
