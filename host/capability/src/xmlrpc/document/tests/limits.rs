use super::super::{DEPTH_LIMIT, TEXT_LIMIT, VALUE_LIMIT};
use super::*;

fn nested(levels: usize) -> String {
    let (start, end) = ("<value><array><data>", "</data></array></value>");
    response(&format!(
        "{}<value/>{}",
        start.repeat(levels - 1),
        end.repeat(levels - 1)
    ))
}

#[test]
fn the_depth_is_limited() {
    assert_eq!(nodes(nested(DEPTH_LIMIT)).len(), DEPTH_LIMIT);
    for levels in [DEPTH_LIMIT + 1, 100_000] {
        assert!(cause(nested(levels)).starts_with("values in more than 64 levels"));
    }
    let elements = format!("<methodResponse>{}", "<a>".repeat(100_000));
    assert!(cause(elements).starts_with("<a> where it does not belong"));
}

#[test]
fn the_names_of_elements_are_limited() {
    let named = |length: usize| format!("<{}:value/>", "p".repeat(length - ":value".len()));
    assert_eq!(nodes(response(&named(1024))).len(), 1);
    assert!(cause(response(&named(1025))).starts_with("an element whose name has more than 1024 bytes"));
    // In a dropped value too: the parser stores the names of all open elements.
    let keep = Keep::new(&["none".to_owned()]).unwrap();
    let dropped = format!(
        "<value><struct><member><name>other</name><value><{}/></value></member></struct></value>",
        "x".repeat(1025)
    );
    let refused = decode(response(&dropped).as_bytes(), &keep).unwrap_err();
    assert!(
        refused.to_string().contains("whose name has more than 1024 bytes"),
        "{refused}"
    );
}

#[test]
fn kept_values_are_limited() {
    let items = |count: usize| {
        let items = "<value/>".repeat(count);
        response(&format!("<value><array><data>{items}</data></array></value>"))
    };
    assert_eq!(nodes(items(VALUE_LIMIT - 1)).len(), VALUE_LIMIT);
    assert!(cause(items(VALUE_LIMIT)).starts_with("more than 400000 values to keep"));
    // Dropped values do not count.
    let keep = Keep::new(&["none".to_owned()]).unwrap();
    let answer = decode(items(VALUE_LIMIT * 2).as_bytes(), &keep).unwrap();
    assert_eq!(
        answer,
        Answer::Value(Tree {
            nodes: vec![Node::Array(Vec::new())]
        })
    );
}

#[test]
fn kept_text_is_limited() {
    let long = "x".repeat(TEXT_LIMIT / 2 - 10);
    let items = |count: usize| {
        let items = format!("<value>{long}</value>").repeat(count);
        response(&format!("<value><array><data>{items}</data></array></value>"))
    };
    assert_eq!(nodes(items(2)).len(), 3);
    assert!(cause(items(3)).starts_with("more than 16 MiB of text"));
    let keep = Keep::new(&["none".to_owned()]).unwrap();
    assert!(decode(items(5).as_bytes(), &keep).is_ok());
}

/// A piece that is held until its end is also limited, even if it is dropped.
#[test]
fn one_piece_of_text_is_limited() {
    let long = "x".repeat(TEXT_LIMIT + 1);
    let half = "x".repeat(TEXT_LIMIT / 2 + 1);
    let keep = Keep::new(&["none".to_owned()]).unwrap();
    for document in [
        response(&format!("<value>{long}</value>")),
        response(&format!("<value><![CDATA[{long}]]></value>")),
        response(&format!("<value><base64>{half}<!---->{half}</base64></value>")),
        response(&format!(
            "<value><struct><member><name>{long}</name></member></struct></value>"
        )),
        format!("<!--{long}-->{}", response("<value/>")),
        format!("<methodResponse a='{long}'/>"),
        format!("<{long}/>"),
        format!("<!DOCTYPE {long}>"),
        format!("&{long};"),
    ] {
        for keep in [&keep, &Keep::default()] {
            let malformed = decode(document.as_bytes(), keep).unwrap_err();
            assert_eq!(malformed.cause, "more than 16 MiB of text", "{:.60}", document);
        }
    }
}
