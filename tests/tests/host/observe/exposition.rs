//! A strict parser of Prometheus' text format (<https://prometheus.io/docs/instrumenting/exposition_formats/>), with the
//! rules of the node exporter's textfile collector and the conventions that `promtool check metrics` verifies.

use std::collections::{BTreeMap, BTreeSet};

/// The value of each series. The key is the name with its labels in braces, sorted.
pub type Series = BTreeMap<String, f64>;

/// The series of a file.
///
/// # Panics
/// If the text is not in the format.
#[track_caller]
pub fn parse(text: &str) -> Series {
    assert!(text.ends_with('\n'), "the last line has no end: {text:?}");
    let mut series = Series::new();
    let (mut families, mut current): (BTreeSet<String>, Option<(String, String)>) = Default::default();
    let mut help = None;
    for line in text.lines() {
        assert_eq!(line, line.trim(), "blanks");
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, text) = rest.split_once(' ').unwrap();
            assert!(!text.is_empty(), "{line}");
            assert!(families.insert(name.to_owned()), "{name} has two groups");
            help = Some(name.to_owned());
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert_eq!(help.take().as_deref(), Some(name), "TYPE follows HELP: {line}");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
            assert!(["counter", "gauge", "summary"].contains(&kind), "{line}");
            current = Some((name.to_owned(), kind.to_owned()));
        } else {
            let (name, labels, value) = sample(line);
            let (family, kind) = current.as_ref().unwrap_or_else(|| panic!("no family: {line}"));
            let names = match kind.as_str() {
                "summary" => vec![format!("{family}_sum"), format!("{family}_count")],
                _ => vec![family.clone()],
            };
            assert!(names.contains(&name), "{name} is not in the family {family}");
            let key = format!("{name}{{{}}}", labels.join(","));
            assert!(series.insert(key, value).is_none(), "twice: {line}");
        }
    }
    assert_eq!(help, None, "HELP without TYPE");
    series
}

/// The name, the sorted labels and the value. A time is an error: the textfile collector refuses it.
fn sample(line: &str) -> (String, Vec<String>, f64) {
    let (name, mut rest) = line.split_once('{').unwrap_or_else(|| panic!("no labels: {line}"));
    assert!(is_name(name), "{line}");
    let (mut labels, mut names) = (Vec::new(), BTreeSet::new());
    loop {
        let (label, after) = rest.split_once("=\"").unwrap_or_else(|| panic!("{line}"));
        assert!(is_name(label) && names.insert(label.to_owned()), "{line}");
        let (mut value, mut end, mut escaped) = (String::new(), None, false);
        for (at, letter) in after.char_indices() {
            match (escaped, letter) {
                (true, 'n') => value.push('\n'),
                (true, '"' | '\\') => value.push(letter),
                (true, _) => panic!("an unknown escape: {line}"),
                (false, '\\') => {}
                (false, '"') => {
                    end = Some(at);
                    break;
                }
                (false, _) => value.push(letter),
            }
            escaped = !escaped && letter == '\\';
        }
        labels.push(format!("{label}={value:?}"));
        let after = &after[end.unwrap_or_else(|| panic!("no end of a label: {line}")) + 1..];
        match after.strip_prefix("} ") {
            Some(value) => {
                labels.sort();
                let number: f64 = value.parse().unwrap_or_else(|_| panic!("not a number: {line}"));
                assert!(number.is_finite() && number >= 0.0, "{line}");
                return (name.to_owned(), labels, number);
            }
            None => rest = after.strip_prefix(',').unwrap_or_else(|| panic!("{line}")),
        }
    }
}

fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_lowercase())
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}
