use std::io::Cursor;

use tokio::io::BufReader;

use super::*;

#[track_caller]
fn assert_value(value: &str, node: Node) {
    assert_eq!(nodes(response(&format!("<value>{value}</value>"))), [node], "{value}");
}

#[test]
fn text_is_kept_unchanged() {
    for (value, meant) in [
        ("x", "x"),
        ("", ""),
        (" x\t", " x\t"),
        ("<string>x</string>", "x"),
        (" <string> x </string>\n", " x "),
        ("<string/>", ""),
        ("<string></string>", ""),
        ("a<!-- b -->c", "ac"),
        ("<![CDATA[<b> & ]]]]><![CDATA[>]]>", "<b> & ]]>"),
        ("<string>a<![CDATA[b]]>c</string>", "abc"),
        ("&lt;&gt;&amp;&apos;&quot;", "<>&'\""),
        ("&#65;&#x42;&#x0000043;&#9;&#10;&#13;&#x10FFFF;", "ABC\t\n\r\u{10ffff}"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("Zürich 東京 🗼", "Zürich 東京 🗼"),
        ("<string xml:lang=\"en\">x</string>", "x"),
        ("&amp;lt;", "&lt;"),
    ] {
        assert_value(value, text(meant));
    }
    assert_eq!(nodes(response("<value/>")), [text("")]);
}

#[test]
fn typed_values_are_parsed() {
    for (value, meant) in [
        ("<nil/>", Node::Nil),
        ("<nil></nil>", Node::Nil),
        ("<ex:nil/>", Node::Nil),
        ("<boolean>0</boolean>", Node::Boolean(false)),
        ("<boolean> 1\n</boolean>", Node::Boolean(true)),
        ("<i4>-2147483648</i4>", Node::Integer(-2_147_483_648)),
        ("<int> +0042 </int>", Node::Integer(42)),
        ("<i8>9223372036854775807</i8>", Node::Integer(i64::MAX)),
        ("<ex:i8>-9223372036854775808</ex:i8>", Node::Integer(i64::MIN)),
        ("<ex:i1>-128</ex:i1>", Node::Integer(-128)),
        ("<i2>32767</i2>", Node::Integer(32_767)),
        ("<i4>&#49;<![CDATA[2]]></i4>", Node::Integer(12)),
        ("<double>-1.50</double>", Node::Double(-1.5)),
        ("<double>1e3</double>", Node::Double(1000.0)),
        ("<double> .5 </double>", Node::Double(0.5)),
        (
            "<dateTime.iso8601>20260131T10:20:30Z</dateTime.iso8601>",
            Node::DateTime("20260131T10:20:30Z".to_owned()),
        ),
        ("<base64>AP8=</base64>", Node::Bytes(vec![0, 255])),
        ("<base64>\n AP\n8=\t</base64>", Node::Bytes(vec![0, 255])),
        ("<base64/>", Node::Bytes(Vec::new())),
    ] {
        assert_value(value, meant);
    }
}

#[test]
fn containers_point_forward() {
    let document = response(
        "<value><struct>
            <member><name>Status</name><value>Success</value></member>
            <member>
                <name>Value</name>
                <value><array><data>
                    <value><i4>1</i4></value>
                    <value><array><data/></array></value>
                    <value><struct/></value>
                </data></array></value>
            </member>
            <member><name/><value/></member>
        </struct></value>",
    );
    let members = [("Status", 1), ("Value", 2), ("", 6)];
    let expected = [
        Node::Structure(members.map(|(name, index)| (name.to_owned(), index)).to_vec()),
        text("Success"),
        Node::Array(vec![3, 4, 5]),
        Node::Integer(1),
        Node::Array(Vec::new()),
        Node::Structure(Vec::new()),
        text(""),
    ];
    assert_eq!(nodes(document), expected);
}

#[test]
fn declarations_comments_and_prefixes_are_accepted() {
    for document in [
        "<methodResponse><params><param><value>x</value></param></params></methodResponse>",
        "\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\"?><!-- c --><methodResponse><params><param><value>x</value></param></params></methodResponse>",
        "<?xml version='1.0' encoding='us-ascii' standalone='yes'?>\r\n<methodResponse xmlns:ex='urn:x'><params><param><value>x</value></param></params></methodResponse>\n<!-- c -->\n",
        " <m:methodResponse><m:params ><m:param a=''><m:value>x</m:value ></m:param></m:params></m:methodResponse>",
        "<methodResponse> <params><!-- c --> <param>\n<value>x</value>\t</param> </params> <![CDATA[ ]]></methodResponse>",
    ] {
        assert_eq!(nodes(document), [text("x")], "{document}");
    }
}

#[test]
fn faults_need_code_and_text() {
    let fault = |members: &str| {
        read(format!(
            "<methodResponse><fault><value><struct>{members}</struct></value></fault></methodResponse>"
        ))
    };
    let code = "<member><name>faultCode</name><value><int>4</int></value></member>";
    let message = "<member><name>faultString</name><value>no such method</value></member>";
    let other = "<member><name>detail</name><value>x</value></member>";
    let expected = Answer::Fault {
        code: 4,
        message: "no such method".to_owned(),
    };
    assert_eq!(fault(&format!("{code}{message}")).unwrap(), expected);
    assert_eq!(fault(&format!("{other}{message}{code}")).unwrap(), expected);
    let worded = code.replace("<int>4</int>", "four");
    for members in [code, message, &format!("{worded}{message}")] {
        let cause = fault(members).unwrap_err().cause;
        assert_eq!(cause, "a <fault> without faultCode and faultString");
    }
}

/// The parser receives the same document in pieces of any size.
#[test]
fn pieces_make_no_difference() {
    let value =
        "<value><struct><member><name>ä€🗼</name><value>a&amp;b\r\n<![CDATA[]]]]>é</value></member></struct></value>";
    let document = format!("\u{feff}{}", response(value));
    let whole = nodes(&document);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for size in 1..20 {
        let source = BufReader::with_capacity(size, Cursor::new(document.clone()));
        let answer = runtime.block_on(super::super::read(source, &Keep::default())).unwrap();
        assert_eq!(answer, Answer::Value(Tree { nodes: whole.clone() }), "pieces of {size}");
    }
}
