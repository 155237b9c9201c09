use super::*;

const RECORDS: &str = "<value><struct>
    <member><name>Status</name><value>Success</value></member>
    <member><name>Value</name><value><struct>
        <member><name>ref1</name><value><struct>
            <member><name>uuid</name><value>u1</value></member>
            <member><name>notes</name><value><array><data><value>n</value></data></array></value></member>
        </struct></value></member>
        <member><name>ref2</name><value><array><data><value>a</value><value>b</value></data></array></value></member>
    </struct></value></member>
</struct></value>";

/// A value in the form of JSON, without quotes.
fn shown(nodes: &[Node], index: u32) -> String {
    match &nodes[index as usize] {
        Node::Text(text) => text.clone(),
        Node::Array(items) => {
            let items: Vec<_> = items.iter().map(|&item| shown(nodes, item)).collect();
            format!("[{}]", items.join(","))
        }
        Node::Structure(members) => {
            let members = members
                .iter()
                .map(|(name, index)| format!("{name}:{}", shown(nodes, *index)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
        node => panic!("{node:?}"),
    }
}

#[test]
fn paths_select_values() {
    let all = "{Status:Success,Value:{ref1:{uuid:u1,notes:[n]},ref2:[a,b]}}";
    for (paths, kept) in [
        (&[][..], all),
        (&["*"], all),
        (&["Status"], "{Status:Success}"),
        (&["Value"], "{Value:{ref1:{uuid:u1,notes:[n]},ref2:[a,b]}}"),
        (&["Value/*/uuid"], "{Value:{ref1:{uuid:u1},ref2:[]}}"),
        (&["Value/*/*"], "{Value:{ref1:{uuid:u1,notes:[n]},ref2:[a,b]}}"),
        (
            &["Value/ref1/uuid", "Value/ref2"],
            "{Value:{ref1:{uuid:u1},ref2:[a,b]}}",
        ),
        (&["Value/ref1", "Value/ref1/uuid"], "{Value:{ref1:{uuid:u1,notes:[n]}}}"),
        // A scalar value on the path is kept.
        (&["Status/code"], "{Status:Success}"),
        (&["none"], "{}"),
        (&["uuid"], "{}"),
    ] {
        let paths: Vec<_> = paths.iter().map(|path| (*path).to_owned()).collect();
        let answer = decode(response(RECORDS).as_bytes(), &Keep::new(&paths).unwrap()).unwrap();
        let Answer::Value(tree) = answer else { panic!() };
        assert_eq!(shown(&tree.nodes, 0), kept, "{paths:?}");
    }
}

/// An answer of which only `uuid` is kept, beside another member with this value.
fn beside(value: impl AsRef<[u8]>) -> Result<Answer, Malformed> {
    let whole = response(
        "<value><struct><member><name>other</name><value>|</value></member>\
         <member><name>uuid</name><value>u1</value></member></struct></value>",
    );
    let (before, after) = whole.split_once('|').unwrap();
    let document = [before.as_bytes(), value.as_ref(), after.as_bytes()].concat();
    decode(&document, &Keep::new(&["uuid".to_owned()]).unwrap())
}

#[test]
fn dropped_values_only_have_to_be_xml() {
    let kept = vec![Node::Structure(vec![("uuid".to_owned(), 1)]), text("u1")];
    let twice = "<struct><member><name>a</name><value>1</value></member>\
                 <member><name>a</name><value>2</value></member></struct>";
    for value in [
        "<i4>x</i4>",
        "<boolean>maybe</boolean>",
        "<base64>x</base64>",
        "<double>NaN</double>",
        "<dateTime.iso8601>yes &amp; no</dateTime.iso8601>",
        "<ex:bigint xmlns:ex='x'>9</ex:bigint>",
        "<nil>x</nil>",
        "<float>1</float>",
        "x<string/>",
        "&#1;",
        "\u{1}\u{ffff}",
        "<![CDATA[\u{8}]]>",
        "<array/>",
        "<struct><member><value/></member></struct>",
        "<struct><member><name/><value/></member><member><name/><value/></member></struct>",
        "<struct><member><name>a</name></member></struct>",
        "<a><b>x</b></a>",
        twice,
    ] {
        let answer = beside(value).unwrap_or_else(|cause| panic!("{value}: {cause}"));
        assert_eq!(answer, Answer::Value(Tree { nodes: kept.clone() }), "{value}");
    }
    for bytes in [
        b"\xff".as_slice(),
        b"\xc3",
        b"\xed\xa0\x80",
        b"<\xff/>",
        b"<a b='\xc0\xaf'/>",
        b"<!--\xf0\x9f-->",
    ] {
        let answer = beside(bytes).unwrap_or_else(|cause| panic!("{}: {cause}", bytes.escape_ascii()));
        assert_eq!(
            answer,
            Answer::Value(Tree { nodes: kept.clone() }),
            "{}",
            bytes.escape_ascii()
        );
    }
}

#[test]
fn dropped_values_keep_the_limits() {
    for (value, why) in [
        ("&nbsp;".to_owned(), "an entity that is not"),
        ("<!DOCTYPE a>".to_owned(), "a document type"),
        ("<?php echo ?>".to_owned(), "a processing instruction"),
        ("<a></b>".to_owned(), "an end tag that does not belong"),
        ("<a>".to_owned(), "an end tag that does not belong"),
        ("<a>".repeat(100_000), "elements in more than 256 levels"),
        ("<array><data><value>".repeat(100_000), "values in more than 64 levels"),
        ("x".repeat(super::super::TEXT_LIMIT + 1), "more than 16 MiB of text"),
    ] {
        let cause = beside(&value).unwrap_err().to_string();
        assert!(cause.contains(why), "{cause:?} of {value:.40}");
    }
}

#[test]
fn a_kept_member_may_be_repeated_only_with_the_same_value() {
    let two = |one: &str, other: &str| {
        let member = |value: &str| format!("<member><name>state</name><value>{value}</value></member>");
        response(&format!(
            "<value><struct><member><name>r</name><value><struct>{}<member><name>x</name><value/></member>{}\
             </struct></value></member><member><name>z</name><value>z</value></member></struct></value>",
            member(one),
            member(other)
        ))
    };
    let nested = |text: &str| format!("<array><data><value>{text}</value><value>b</value></data></array>");
    let pair = |one: &str, other: &str| {
        format!(
            "<struct><member><name>{one}</name><value>1</value></member>\
             <member><name>{other}</name><value>1</value></member></struct>"
        )
    };
    for keep in [vec!["r/state".to_owned(), "z".to_owned()], Vec::new()] {
        let keep = Keep::new(&keep).unwrap();
        let read = |one: &str, other: &str| decode(two(one, other).as_bytes(), &keep);
        let Ok(Answer::Value(tree)) = read("Halted", "<string>Halted</string>") else {
            panic!()
        };
        let rest = if matches!(keep.root(), super::super::keep::Below::All) {
            ",x:"
        } else {
            ""
        };
        assert_eq!(shown(&tree.nodes, 0), format!("{{r:{{state:Halted{rest}}},z:z}}"));
        assert!(read(&nested("a"), &nested("a")).is_ok());
        assert!(read(&pair("a", "b"), &pair("a", "b")).is_ok());
        for (one, other) in [
            ("Halted", "Running"),
            ("1", "<int>1</int>"),
            ("", "<nil/>"),
            (&nested("a"), &nested("c")),
            (&nested("a"), "<array><data><value>a</value></data></array>"),
            ("<array><data><value>a</value></data></array>", &nested("a")),
            (&pair("a", "b"), &pair("a", "c")),
        ] {
            let cause = read(one, other).unwrap_err().to_string();
            assert!(
                cause.contains("two members of one name and different values"),
                "{cause}"
            );
        }
    }
}

#[test]
fn a_fault_is_kept_with_any_paths() {
    let document = "<methodResponse><fault><value><struct>
        <member><name>faultCode</name><value><int>1</int></value></member>
        <member><name>faultString</name><value>x</value></member>
    </struct></value></fault></methodResponse>";
    let keep = Keep::new(&["none".to_owned()]).unwrap();
    assert!(matches!(
        decode(document.as_bytes(), &keep),
        Ok(Answer::Fault { code: 1, .. })
    ));
}

#[test]
fn invalid_paths_are_refused() {
    for path in ["", "/", "Value/", "/Value", "a//b", &"a/".repeat(1000)] {
        let message = Keep::new(&[path.to_owned()]).unwrap_err().to_string();
        assert!(
            message.starts_with("the path to keep ") && message.len() < 200,
            "{message}"
        );
    }
    let many = vec!["a".to_owned(); 65];
    assert_eq!(
        Keep::new(&many).unwrap_err().to_string(),
        "65 paths to keep; 64 is the limit"
    );
    assert!(Keep::new(&[vec!["a"; 64].join("/")]).is_ok());
}
