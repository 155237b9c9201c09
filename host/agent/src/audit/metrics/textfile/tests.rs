//! The text of a file, and what is read from it.

use super::{Labels, OTHER, PLUGS, RESULTS, Sample, Textfile};

fn sample(plug: &str, result: usize, time: u64) -> Sample {
    Sample {
        labels: Labels {
            agent: "fence_probe".to_owned(),
            device: "https://bmc:443".to_owned(),
            plug: plug.to_owned(),
            action: "off".to_owned(),
        },
        result,
        time,
        duration: 1250,
    }
}

#[test]
fn numbers_are_added_to_those_of_the_file() {
    let mut textfile = Textfile::default();
    for (result, time) in [(0, 1_000), (1, 2_000), (0, 3_005)] {
        textfile = Textfile::parse(&textfile.to_string()).unwrap();
        textfile.add(&sample("1", result, time));
    }
    let text = textfile.to_string();
    let labels = "{agent=\"fence_probe\",device=\"https://bmc:443\",plug=\"1\",action=\"off\"";
    for line in [
        format!("fencebox_actions_total{labels},result=\"success\"}} 2"),
        format!("fencebox_actions_total{labels},result=\"failure\"}} 1"),
        format!("fencebox_actions_total{labels},result=\"panic\"}} 0"),
        format!("fencebox_action_last_success_timestamp_seconds{labels}}} 3.005"),
        format!("fencebox_action_last_failure_timestamp_seconds{labels}}} 2.000"),
        format!("fencebox_action_last_duration_seconds{labels}}} 1.250"),
        format!("fencebox_action_duration_seconds_sum{labels}}} 3.750"),
        format!("fencebox_action_duration_seconds_count{labels}}} 3"),
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
}

#[test]
fn any_label_survives() {
    for plug in [
        "",
        "a\"b",
        "a\\",
        "\\n",
        "a\nb",
        "} 7",
        "\",action=\"on",
        "é€",
        "{",
        "#",
    ] {
        let mut textfile = Textfile::default();
        textfile.add(&sample(plug, 0, 1));
        let text = textfile.to_string();
        assert_eq!(Textfile::parse(&text), Ok(textfile), "{text}");
        assert_eq!(text.lines().count(), 10 + RESULTS.len() + 5, "{text}");
    }
}

#[test]
fn damage_is_found_with_its_line() {
    let mut textfile = Textfile::default();
    textfile.add(&sample("1", 0, 1));
    let text = textfile.to_string();
    assert_eq!(Textfile::parse(&text[..text.len() - 1]), Err(text.lines().count()));
    for (from, to) in [
        ("_total{", "_totals{"),
        ("agent=", "host="),
        ("result=\"success\"", "result=\"luck\""),
        ("} 1\n", "} one\n"),
        ("} 1\n", "} -1\n"),
        ("0.001", "0.1"),
        ("\"off\"", "\"off"),
        ("plug=\"1\"", "plug=\"\\1\""),
    ] {
        assert!(text.contains(from), "{from}");
        let damaged = text.replacen(from, to, 1);
        let line = Textfile::parse(&damaged).expect_err(to);
        assert_ne!(text.lines().nth(line - 1), damaged.lines().nth(line - 1), "{to}");
    }
    assert_eq!(Textfile::parse("\u{fffd}\n"), Err(1));
    assert_eq!(Textfile::parse(""), Ok(Textfile::default()));
}

#[test]
fn plugs_above_the_limit_share_a_label() {
    let mut textfile = Textfile::default();
    for plug in 0..1000 {
        textfile.add(&sample(&plug.to_string(), 0, 1));
    }
    assert_eq!(textfile.0.len(), PLUGS + 1);
    let other = textfile.0.iter().find(|(labels, _)| labels.plug == OTHER).unwrap();
    assert_eq!(other.1.results[0], 1000 - PLUGS as u64);
    // A plug that has a label keeps it.
    textfile.add(&sample("0", 0, 1));
    assert_eq!(textfile.0.len(), PLUGS + 1);
}

#[test]
fn numbers_do_not_overflow() {
    let mut textfile = Textfile::default();
    textfile.add(&sample("1", 0, u64::MAX));
    let text = textfile.to_string().replace("} 1\n", &format!("}} {}\n", u64::MAX));
    let mut textfile = Textfile::parse(&text).unwrap();
    textfile.add(&sample("1", 0, u64::MAX));
    assert!(Textfile::parse(&textfile.to_string()).is_ok());
}
