//! Calls, values, and their trees.

use super::tree::{NotATree, flatten, grow};
use super::{Failure, Value, call};
use crate::bindings::fencebox::agent::xmlrpc::{Node, Tree};
use crate::testing::Script;
use crate::{Error, Result, http};

fn sample() -> Value {
    Value::from([
        ("Status", Value::from("Success")),
        (
            "Value",
            Value::from([
                (
                    "vm1",
                    Value::from([("uuid", Value::from("u1")), ("flag", true.into()), ("n", 7.into())]),
                ),
                (
                    "vm2",
                    Value::from([("uuid", Value::from("u2")), ("list", vec!["a", "b"].into())]),
                ),
            ]),
        ),
        ("nil", Value::Nil),
        ("when", Value::DateTime("20260131T10:20:30Z".to_owned())),
        ("bytes", Value::Bytes(vec![0, 255])),
        ("half", 0.5.into()),
        ("large", i64::MIN.into()),
    ])
}

fn nested(depth: usize) -> Tree {
    let arrays = (1..=depth).map(|next| Node::Array(vec![u32::try_from(next).unwrap()]));
    Tree {
        nodes: arrays.chain([Node::Nil]).collect(),
    }
}

#[test]
fn a_value_survives_both_conversions() {
    let tree = flatten(sample());
    assert_eq!(tree.nodes.len(), 17);
    assert!(matches!(&tree.nodes[0], Node::Structure(members) if members[1] == ("Value".to_owned(), 2)));
    assert_eq!(grow(tree), Ok(sample()));
}

#[test]
fn every_index_points_forward() {
    for (here, node) in flatten(sample()).nodes.iter().enumerate() {
        let below: Vec<u32> = match node {
            Node::Array(items) => items.clone(),
            Node::Structure(members) => members.iter().map(|(_, index)| *index).collect(),
            _ => Vec::new(),
        };
        assert!(below.iter().all(|&index| index as usize > here), "{here}: {below:?}");
    }
}

#[test]
fn invalid_trees_are_refused() {
    let refused = |nodes: Vec<Node>| grow(Tree { nodes }).unwrap_err().to_string();
    assert_eq!(refused(vec![]), "the tree is empty");
    assert!(refused(vec![Node::Array(vec![0])]).contains("points back"));
    assert!(refused(vec![Node::Array(vec![1]), Node::Array(vec![0])]).contains("points back"));
    assert!(refused(vec![Node::Array(vec![1])]).contains("which is missing"));
    assert!(refused(vec![Node::Array(vec![u32::MAX])]).contains("which is missing"));
    assert!(refused(vec![Node::Array(vec![1, 1]), Node::Nil]).contains("two values"));
    let twice = Node::Structure(vec![("a".to_owned(), 1), ("b".to_owned(), 1)]);
    assert!(refused(vec![twice, Node::Nil]).contains("two values"));
}

#[test]
fn depth_is_limited() {
    assert!(grow(nested(64)).is_ok());
    // Deep enough to overflow any stack if the conversion or the drop were recursive.
    for depth in [65, 1_000_000] {
        assert_eq!(grow(nested(depth)), Err(NotATree::TooDeep));
    }
}

#[test]
fn values_are_read_by_type() -> Result<()> {
    let value = sample();
    assert_eq!(value.member("Status")?.text()?, "Success");
    let first = value.member("Value")?.member("vm1")?;
    assert!(first.member("flag")?.boolean()?);
    assert_eq!(first.member("n")?.integer()?, 7);
    assert!(value.optional("none")?.is_none());
    let uuids = value
        .member("Value")?
        .members()?
        .map(|(name, vm)| Ok((name, vm.member("uuid")?.text()?)));
    assert_eq!(uuids.collect::<Result<Vec<_>>>()?, [("vm1", "u1"), ("vm2", "u2")]);
    let list = value.member("Value")?.member("vm2")?.member("list")?;
    assert_eq!(list.items()?.len(), 2);
    let texts = list.items()?.map(|item| Ok(item.text()?)).collect::<Result<Vec<_>>>();
    assert_eq!(texts?, ["a", "b"]);
    Ok(())
}

#[test]
fn a_misfit_names_the_path_and_quotes_nothing() {
    let value = Value::from([(
        "Value",
        Value::from([("s3cret", Value::from([("uuid", vec!["s3cret"])]))]),
    )]);
    let (_, record) = value.member("Value").unwrap().members().unwrap().next().unwrap();
    let misfit = record.member("uuid").unwrap().text().unwrap_err();
    assert_eq!(misfit.to_string(), "`Value/*/uuid` should be a text and is an array");
    let missing = record.member("name_label").unwrap_err();
    assert_eq!(
        missing.to_string(),
        "`Value/*/name_label` should be present and is missing"
    );
    assert_eq!(
        Error::from(missing),
        Error::unexpected("`Value/*/name_label` should be present and is missing")
    );
    let text = Value::from("s3cret");
    for misfit in [
        text.boolean().unwrap_err(),
        text.integer().unwrap_err(),
        text.items().map(drop).unwrap_err(),
        text.members().map(drop).unwrap_err(),
        text.member("x").map(drop).unwrap_err(),
        text.optional("x").map(drop).unwrap_err(),
    ] {
        let shown = format!("{misfit} {misfit:?}");
        assert!(shown.contains("a text") && !shown.contains("s3cret"), "{shown}");
    }
    assert_eq!(
        Value::from(7).text().unwrap_err().to_string(),
        "the value should be a text and is an integer"
    );
}

#[test]
fn take_removes_a_member() {
    let mut value = sample();
    assert_eq!(value.take("Status"), Some(Value::from("Success")));
    assert_eq!(value.take("Status"), None);
    assert_eq!(Value::from("Status").take("Status"), None);
}

#[test]
fn debug_shows_no_values() {
    let value = Value::from([("token", Value::from("s3cret")), ("list", vec!["s3cret"].into())]);
    let shown = format!("{value:?} {:?} {:?}", value.root(), call("api", "m").arg("s3cret"));
    assert!(shown.contains("token") && shown.contains("Call(m)"), "{shown}");
    assert!(!shown.contains("s3cret"), "{shown}");
    let fault = Failure::Fault {
        method: "m".to_owned(),
        code: 7,
        message: "s3cret".to_owned(),
    };
    assert_eq!(format!("{fault:?}"), "Fault(m, 7)");
}

#[test]
fn a_call_is_recorded() {
    let script = Script::new()
        .addresses("api", &["https://a.example", "https://b.example"])
        .on_call("VM.start")
        .answer(Value::Nil)
        .answer("")
        .start();
    let arguments = |call: super::Call| call.arg("vm").arg(false).arg(7).arg(vec!["x"]).args(["y", "z"]);
    assert_eq!(
        arguments(call("api", "VM.start")).keep(["Status"]).send(),
        Ok(Value::Nil)
    );
    http::select_address("api", "https://b.example").unwrap();
    assert_eq!(
        arguments(call("api", "VM.start").path("/RPC2")).send(),
        Ok(Value::from(""))
    );
    let calls = script.calls();
    let params: Vec<Value> = vec![
        "vm".into(),
        false.into(),
        7.into(),
        vec!["x"].into(),
        "y".into(),
        "z".into(),
    ];
    assert_eq!(
        (&calls[0].params, &*calls[0].path, &*calls[0].endpoint),
        (&params, "/", "api")
    );
    assert_eq!(
        (&*calls[0].method, &*calls[0].keep),
        ("VM.start", &["Status".to_owned()][..])
    );
    assert_eq!((&*calls[1].path, calls[1].params == params), ("/RPC2", true));
    let addresses: Vec<_> = calls.iter().map(|call| call.address.as_deref()).collect();
    assert_eq!(addresses, [Some("https://a.example"), Some("https://b.example")]);
    assert_eq!(script.asked(), ["CALL VM.start", "CALL VM.start"]);
}

#[test]
fn only_kept_parts_are_returned() {
    let script = Script::new().on_call("m").answer(sample()).always().start();
    let keep = |paths: &[&str]| call("api", "m").keep(paths.iter().copied()).send().unwrap();
    assert_eq!(keep(&[]), sample());
    assert_eq!(keep(&["Status"]), Value::from([("Status", "Success")]));
    let uuids = Value::from([
        ("vm1", Value::from([("uuid", "u1")])),
        ("vm2", Value::from([("uuid", "u2")])),
    ]);
    assert_eq!(keep(&["Value/*/uuid"]), Value::from([("Value", uuids)]));
    // A value that is not a struct stays, so that its reader reports it. Members without a path are dropped.
    assert_eq!(keep(&["Status/x"]), Value::from([("Status", "Success")]));
    assert_eq!(keep(&["x"]), Value::Struct(Vec::new()));
    let whole = keep(&["Value/vm2", "Value/vm2/uuid"]);
    assert_eq!(whole.member("Value").unwrap().value(), &{
        let mut members = sample().take("Value").unwrap();
        let vm2 = members.take("vm2").unwrap();
        Value::from([("vm2", vm2)])
    });
    let items = keep(&["Value/*/list/*"]);
    let vm2 = items.member("Value").unwrap().member("vm2").unwrap();
    assert_eq!(vm2.member("list").unwrap().items().unwrap().len(), 2);
    drop(script);
}

#[test]
fn each_failure_has_its_error() {
    let _script = Script::new()
        .on_call("m")
        .fault(7, "no\nsuch method.")
        .status(500)
        .malformed("it has a document type")
        .fail(http::Failure::Unreachable("x".to_owned()))
        .start();
    let failures = [0; 4].map(|_| call("api", "m").send().unwrap_err());
    assert!(matches!(&failures[0], Failure::Fault { method, code: 7, .. } if method == "m"));
    assert!(matches!(&failures[1], Failure::Status { status: 500, .. }));
    assert!(matches!(&failures[2], Failure::Malformed { .. }));
    assert!(matches!(&failures[3], Failure::Http(http::Failure::Unreachable(_))));
    assert_eq!(
        failures.map(Error::from),
        [
            Error::unexpected("the device answered m with the fault 7: no such method"),
            Error::unexpected("a status in place of an answer (status 500 for m)"),
            Error::unexpected("the answer to m is not XML-RPC: it has a document type"),
            Error::ConnectionLost("x".to_owned()),
        ]
    );
}

#[test]
fn a_status_has_the_same_error_as_over_http() {
    let error = |status: u16| {
        let _script = Script::new().on_call("m").status(status).start();
        Error::from(call("api", "m").send().unwrap_err())
    };
    assert!(matches!(error(401), Error::LoginDenied(_)));
    assert!(matches!(error(403), Error::NotPermitted(_)));
    assert!(matches!(error(407), Error::Denied(_)));
    for status in [408, 409, 423, 425, 429] {
        assert!(matches!(error(status), Error::Busy(_)), "{status}");
    }
    for status in [204, 302, 404, 500, 503] {
        assert!(matches!(error(status), Error::Unexpected(_)), "{status}");
    }
}

#[test]
fn invalid_calls_are_refused() {
    let script = Script::new().start();
    let refused = [
        call("api", "m").arg("a\0b").send(),
        call("api", "m").arg(vec!["\u{1}"]).send(),
        call("api", "m").path("/../x").send(),
    ];
    for outcome in refused {
        assert!(
            matches!(outcome, Err(Failure::Http(http::Failure::Invalid(_)))),
            "{outcome:?}"
        );
    }
    assert_eq!(script.calls().len(), 0);
}

#[test]
#[should_panic(expected = "unscripted call m; the script has CALL n")]
fn an_unscripted_call_fails_the_test() {
    let _script = Script::new().on_call("n").answer(Value::Nil).start();
    let _ = call("api", "m").send();
}

#[test]
#[should_panic(expected = "answers to requests are for `on`")]
fn answers_must_match_requests_or_calls() {
    let _script = Script::new().on_call("n").reply(200, serde_json::json!(1));
}
