use std::fmt::Write as _;
use std::time::{Duration, Instant};

use super::{ATTRIBUTES, DEPTH, ELEMENTS, Element, SIZE, escape, parse};

fn cause(document: impl AsRef<[u8]>) -> String {
    match parse(document.as_ref()) {
        Ok(root) => format!("accepted: {root:?}"),
        Err(problem) => problem.cause().to_owned(),
    }
}

#[test]
fn an_envelope_becomes_a_tree() {
    let text = "\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- c --><s:Envelope xmlns:s=\"urn:s\"><s:Body>\
                <R><obj type=\"VirtualMachine\" xsi:type='v:Ref'> vm-1 </obj><e/><t>a&lt;<![CDATA[<b>&]]>&#x41;\u{e9}</t>\
                </R></s:Body></s:Envelope>\n";
    let root = parse(text.as_bytes()).unwrap();
    assert_eq!(root.name(), "Envelope");
    let answer = root.child("Body").and_then(|body| body.child("R")).unwrap();
    let obj = answer.child("obj").unwrap();
    assert_eq!(
        (obj.attribute("type"), obj.xsi_type()),
        (Some("VirtualMachine"), Some("Ref"))
    );
    assert_eq!(obj.text(), " vm-1 ");
    assert_eq!(answer.text_of("e"), Some(""));
    assert_eq!(answer.text_of("t"), Some("a<<b>&A\u{e9}"));
    assert_eq!(
        answer.elements().map(Element::name).collect::<Vec<_>>(),
        ["obj", "e", "t"]
    );
}

#[test]
fn a_child_that_occurs_twice_is_none() {
    let root = parse(b"<a><b>1</b><b>2</b><c><d/></c></a>").unwrap();
    assert_eq!((root.child("b"), root.text_of("b")), (None, None));
    assert_eq!(root.children("b").map(Element::text).collect::<Vec<_>>(), ["1", "2"]);
    // A structure is not a text.
    assert_eq!(root.text_of("c"), None);
}

#[test]
fn document_types_and_entities_are_rejected() {
    let mut laughs = String::from("<!DOCTYPE a [<!ENTITY l0 \"lol\">");
    for level in 1..=9 {
        let below = format!("&l{};", level - 1).repeat(10);
        write!(laughs, "<!ENTITY l{level} \"{below}\">").unwrap();
    }
    laughs += "]><a>&l9;</a>";
    for (document, expected) in [
        (laughs.as_str(), "a document type"),
        (
            "<!DOCTYPE a SYSTEM \"http://127.0.0.1:9/a.dtd\"><a/>",
            "a document type",
        ),
        (
            "<!DOCTYPE a [<!ENTITY f SYSTEM \"file:///etc/passwd\">]><a>&f;</a>",
            "a document type",
        ),
        ("<a><!DOCTYPE a></a>", "a document type"),
        ("<!doctype html><html></html>", "an HTML page instead of XML"),
        ("<a>&f;</a>", "an entity that is not one of XML's own"),
        ("<a b='&f;'/>", "a malformed attribute"),
        ("<a b='&#0;'/>", "a malformed attribute"),
        ("<a>&#1;</a>", "an entity that is not one of XML's own"),
        ("<a>&#xD800;</a>", "an entity that is not one of XML's own"),
        ("<a>&#+65;</a>", "an entity that is not one of XML's own"),
        ("<?xml-stylesheet href='x'?><a/>", "a processing instruction"),
    ] {
        assert_eq!(cause(document), expected, "{document}");
    }
}

#[test]
fn a_document_that_is_cut_anywhere_is_rejected() {
    let whole = "<?xml version=\"1.0\"?><a><b c=\"d\">&amp;<!-- e --><![CDATA[f]]></b><g/></a>";
    assert!(parse(whole.as_bytes()).is_ok());
    for end in 0..whole.len() {
        assert!(parse(&whole.as_bytes()[..end]).is_err(), "{}", &whole[..end]);
    }
}

#[test]
fn malformed_documents_are_rejected() {
    for document in [
        "",
        " ",
        "{}",
        "a",
        "<a></b>",
        "<a><b></a></b>",
        "</a>",
        "<a/><b/>",
        "<a/>x",
        "x<a/>",
        "<a/>&amp;",
        "<a/><![CDATA[]]>",
        "<a>&</a>",
        "<a>& b</a>",
        "<a b=c/>",
        "<a b/>",
        "<a b='1' b='2'/>",
        "<a b='<'/>",
        "<a>\u{1}</a>",
        "<a>\u{ffff}</a>",
        "<a><?xml version='1.0'?></a>",
        "<?xml version='1.0' encoding='ISO-8859-1'?><a/>",
        "<?xml version='2.0'?><a/>",
    ] {
        assert!(parse(document.as_bytes()).is_err(), "{document}");
    }
    assert_eq!(cause(b"<a>\xe9</a>"), "bytes that are not UTF-8");
    assert_eq!(cause(b"\xff\xfe<\0a\0/\0>\0"), "bytes that are not UTF-8");
}

#[test]
fn limits_are_exact() {
    let nested = |levels: usize| "<a>".repeat(levels) + &"</a>".repeat(levels);
    assert!(parse(nested(DEPTH).as_bytes()).is_ok());
    assert_eq!(cause(nested(DEPTH + 1)), "elements that are nested too deep");
    assert_eq!(cause(nested(1_000_000)), "elements that are nested too deep");

    let wide = |number: usize| format!("<a>{}</a>", "<b/>".repeat(number));
    assert!(parse(wide(ELEMENTS - 1).as_bytes()).is_ok());
    assert_eq!(cause(wide(ELEMENTS)), "too many elements");

    let attributes = |number: usize| {
        let all: String = (0..number).map(|index| format!(" a{index}=''")).collect();
        format!("<a{all}/>")
    };
    assert!(parse(attributes(ATTRIBUTES).as_bytes()).is_ok());
    assert_eq!(cause(attributes(ATTRIBUTES + 1)), "an element with too many attributes");

    let long = |size: usize| format!("<a>{}</a>", "x".repeat(size - 7));
    assert!(parse(long(SIZE).as_bytes()).is_ok());
    assert_eq!(cause(long(SIZE + 1)), "more than 16 MiB");
    assert_eq!(
        cause(format!("<{}/>", "a".repeat(10_000))),
        "an element whose name is too long"
    );
}

/// No document takes time that grows faster than its size.
#[test]
fn documents_that_are_made_to_be_slow_end_soon() {
    let started = Instant::now();
    for document in [
        format!("<a{}/>", " xmlns:b='c'".repeat(300_000)),
        format!("<a>{}</a>", "&amp;".repeat(500_000)),
        format!("<a b='{}'/>", "&amp;".repeat(500_000)),
        format!("<a b='{}'/>", "&".repeat(3_000_000)),
        format!("<a>{}</a>", "<!---->".repeat(400_000)),
        "<".repeat(3_000_000),
        "<a ".repeat(1_000_000),
        format!("<!DOCTYPE {}", "[<".repeat(1_500_000)),
        format!("<a>{}", "<![CDATA[".repeat(300_000)),
    ] {
        let _ = parse(document.as_bytes());
    }
    // Seconds in a development build; something quadratic would need hours.
    assert!(started.elapsed() < Duration::from_secs(120), "{:?}", started.elapsed());
}

#[test]
fn messages_do_not_quote_the_document() {
    let problem = parse(b"<Login><password>s3cret</passwort></Login>").unwrap_err();
    assert_eq!(
        problem.to_string(),
        "an end tag that does not belong to the start tag at byte 34"
    );
}

#[test]
fn an_escaped_text_reads_back() {
    for text in ["", "a&b<c>d\"e'f", "]]>", "\t\r\n", "\u{e9}\u{1f600}"] {
        let document = format!("<a b=\"{0}\">{0}</a>", escape(text).unwrap());
        let root = parse(document.as_bytes()).unwrap();
        assert_eq!(root.text(), text);
    }
    for text in ["\0", "a\u{1b}", "\u{fffe}"] {
        assert_eq!(escape(text), None, "{text:?}");
    }
}
