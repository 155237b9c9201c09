use super::*;

static GRAMMAR: Grammar = Grammar {
    steps: &[("login", "the login"), ("server", "a read")],
    form: &[],
    kinds: &[KindRow {
        word: "denied",
        argument: Argument::None,
        step: Some("login"),
        occasion: Occasion::Call,
        samples: &[""],
        doc: "refused",
    }],
};

fn plan(text: &str) -> Plan {
    GRAMMAR.parse(text).unwrap()
}

#[test]
fn good_plans_are_read_and_written_back() {
    for (text, written) in [
        ("login=status:500", "login=status:500"),
        ("server#2*3=truncate", "server#2*3=truncate"),
        ("server#1=drop-after", "server=drop-after"),
        ("any*N=html", "any=html"),
        ("login=slow", "login=slow:200"),
        (" login=redirect:http://h:1/a=b ", "login=redirect:http://h:1/a=b"),
        ("login*1=denied", "login*1=denied"),
    ] {
        assert_eq!(plan(text).to_string(), written);
        assert_eq!(plan(written), plan(text));
    }
}

#[test]
fn bad_plans_are_rejected_with_a_reason_and_the_accepted_words() {
    for (text, why) in [
        ("login", "must be STEP[#NTH][*COUNT]=KIND[:ARGUMENT]"),
        ("logon=html", "no step `logon`; there are login, server, any"),
        (
            "server=frobnicate",
            "no kind `frobnicate`; step `server` has status, html, ",
        ),
        (
            "server=denied",
            "kind `denied` is for step `login`; step `server` has status, ",
        ),
        ("any=denied", "kind `denied` is for step `login`"),
        ("login=status", "kind `status` needs an argument: status:CODE"),
        (
            "login=status:99",
            "`99` is not a number from 200 to 599, as status:CODE needs",
        ),
        ("login=slow:fast", "`fast` is not a number"),
        ("login=html:x", "kind `html` takes no argument"),
        ("login=redirect:", "kind `redirect` needs an argument: redirect:URL"),
        ("login#0=html", "NTH `0` is not a number from 1"),
        ("login*x=html", "COUNT `x` is not a number from 1"),
        ("login*2#1=html", "COUNT `2#1` is not a number from 1"),
    ] {
        let error = GRAMMAR.parse(text).unwrap_err().to_string();
        assert!(error.starts_with(&format!("fault `{text}`: {why}")), "{error}");
    }
}

#[test]
fn a_plan_applies_from_nth_for_count() {
    let mut faults = Faults::default();
    faults.add(plan("server#2*2=html"));
    let mut struck = |step| faults.strike(Some(step), Occasion::Call).is_some();
    assert!(!struck("server"));
    assert!(!struck("login"), "another step is not counted");
    assert!(struck("server"));
    assert!(struck("server"));
    assert!(!struck("server"));
}

#[test]
fn the_first_plan_is_used_and_the_others_count_on() {
    let mut faults = Faults::default();
    faults.add(plan("any*1=html"));
    faults.add(plan("login*2=stall"));
    let words: Vec<_> = (0..3)
        .map(|_| faults.strike(Some("login"), Occasion::Call).map(|p| p.kind.word()))
        .collect();
    assert_eq!(words, [Some("html"), Some("stall"), None]);
    faults.clear();
    assert_eq!(faults.plans().count(), 0);
}

#[test]
fn samples_are_plans_that_can_be_parsed() {
    let samples = GRAMMAR.samples("login", 2);
    let rows: usize = WIRE.iter().chain(GRAMMAR.kinds).map(|row| row.samples.len()).sum();
    assert_eq!(samples.len(), rows, "a sample is invalid");
    for sample in samples {
        assert_eq!(plan(&sample.to_string()), sample);
    }
}

#[test]
fn the_help_lists_every_step_and_kind() {
    let help = GRAMMAR.help();
    for word in GRAMMAR
        .steps
        .iter()
        .map(|(step, _)| *step)
        .chain(WIRE.iter().map(|row| row.word))
    {
        assert!(help.contains(&format!("  {word}")), "{word}");
    }
    assert!(help.contains("Kinds, at step login:\n  denied"));
}
