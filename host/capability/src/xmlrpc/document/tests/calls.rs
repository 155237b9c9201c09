use super::super::encode;
use super::*;

fn tree(nodes: impl Into<Vec<Node>>) -> Tree {
    Tree { nodes: nodes.into() }
}

fn structure(members: &[(&str, u32)]) -> Node {
    Node::Structure(
        members
            .iter()
            .map(|(name, index)| ((*name).to_owned(), *index))
            .collect(),
    )
}

#[test]
fn a_call_has_its_exact_form() {
    let params = [
        tree([text("a<b>&\r\n\t€")]),
        tree([
            Node::Array(vec![1, 2, 3, 4, 5, 6, 7]),
            Node::Nil,
            Node::Boolean(true),
            Node::Integer(-2_147_483_648),
            Node::Integer(2_147_483_648),
            Node::Double(-1e21),
            Node::DateTime("20260131T10:20:30Z".to_owned()),
            Node::Bytes(vec![0, 255]),
        ]),
        tree([
            structure(&[("k&", 2), ("", 1)]),
            text("one"),
            Node::Structure(Vec::new()),
        ]),
    ];
    let expected = "<?xml version=\"1.0\"?><methodCall><methodName>VM.get_record</methodName><params>\
        <param><value><string>a&lt;b&gt;&amp;&#13;\n\t€</string></value></param>\
        <param><value><array><data>\
        <value><nil/></value>\
        <value><boolean>1</boolean></value>\
        <value><i4>-2147483648</i4></value>\
        <value><i8>2147483648</i8></value>\
        <value><double>-1000000000000000000000</double></value>\
        <value><dateTime.iso8601>20260131T10:20:30Z</dateTime.iso8601></value>\
        <value><base64>AP8=</base64></value>\
        </data></array></value></param>\
        <param><value><struct>\
        <member><name>k&amp;</name><value><struct></struct></value></member>\
        <member><name></name><value><string>one</string></value></member>\
        </struct></value></param>\
        </params></methodCall>";
    assert_eq!(encode("VM.get_record", &params).unwrap(), expected);
    assert!(encode("list", &[]).unwrap().ends_with("<params></params></methodCall>"));
}

#[test]
fn values_that_xml_rpc_cannot_represent_are_refused() {
    let deep = |levels: u32| {
        tree(
            (1..levels)
                .map(|next| Node::Array(vec![next]))
                .chain([Node::Nil])
                .collect::<Vec<_>>(),
        )
    };
    for (bad, why) in [
        (tree([]), "the index 0 of 0 values"),
        (tree([Node::Array(vec![1])]), "the index 1 of 1 values"),
        (
            tree([Node::Array(vec![u32::MAX]), Node::Nil]),
            "the index 4294967295 of 2 values",
        ),
        (
            tree([Node::Array(vec![0])]),
            "the index 0, which does not point forward",
        ),
        (
            tree([Node::Array(vec![1]), structure(&[("a", 0)])]),
            "the index 0, which does not point forward",
        ),
        (
            tree([Node::Array(vec![2]), Node::Nil, Node::Array(vec![1])]),
            "the index 1, which does not point forward",
        ),
        (
            tree([Node::Array(vec![1, 1]), Node::Nil]),
            "the index 1, which is pointed at twice",
        ),
        (
            tree([Node::Array(vec![1, 2]), Node::Array(vec![2]), Node::Nil]),
            "the index 2, which is pointed at twice",
        ),
        (
            tree([structure(&[("a", 1), ("a", 2)]), Node::Nil, Node::Nil]),
            "two members of one name",
        ),
        (tree([structure(&[("a\u{b}", 1)]), Node::Nil]), "the character U+000B"),
        (tree([text("a\0")]), "the character U+0000"),
        (tree([text("\u{fffe}")]), "the character U+FFFE"),
        (tree([Node::DateTime("\u{1b}".to_owned())]), "the character U+001B"),
        (tree([Node::Double(f64::NAN)]), "infinite or not a number"),
        (tree([Node::Double(f64::NEG_INFINITY)]), "infinite or not a number"),
        (deep(65), "more than 64 levels"),
        (tree([text(&"x".repeat(1024 * 1024))]), "larger than 1 MiB"),
        (tree([text(&"&".repeat(300_000))]), "larger than 1 MiB"),
        (tree([Node::Bytes(vec![0; 1024 * 1024])]), "larger than 1 MiB"),
    ] {
        let message = encode("m", &[tree([Node::Nil]), bad]).unwrap_err().to_string();
        assert!(message.starts_with("parameter 2: "), "{message}");
        assert!(message.contains(why), "{message:?}, and not {why:?}");
    }
    assert!(encode("m", &[deep(64)]).is_ok());
    let many = vec![tree(vec![Node::Nil; 200_001]), tree(vec![Node::Nil; 200_000])];
    assert_eq!(
        encode("m", &many).unwrap_err().to_string(),
        "400001 values in one call; 400000 is the limit"
    );
}

#[test]
fn names_of_methods_are_checked() {
    for name in ["system.listMethods", "a", "A_b:c/9"] {
        assert!(encode(name, &[]).is_ok(), "{name}");
    }
    for name in ["", "a b", "a\r\nHost: x", "<a>", "ä", &"a".repeat(256)] {
        let message = encode(name, &[]).unwrap_err().to_string();
        assert!(message.starts_with("name of a method: "), "{message}");
        assert!(!message.contains('\n'), "{message}");
    }
}
