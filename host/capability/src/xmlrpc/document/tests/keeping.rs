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

#[test]
fn dropped_values_are_checked() {
    let keep = Keep::new(&["none".to_owned()]).unwrap();
    for value in [
        "<i4>x</i4>",
        "<base64>x</base64>",
        "x<string/>",
        "&#1;",
        "<struct><member><name>a</name><value/></member><member><name>a</name><value/></member></struct>",
    ] {
        let value = format!("<value><array><data><value>{value}</value></data></array></value>");
        assert!(decode(response(&value).as_bytes(), &keep).is_err(), "{value}");
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
        let message = Keep::new(&[path.to_owned()]).unwrap_err();
        assert!(
            message.starts_with("the path to keep ") && message.len() < 200,
            "{message}"
        );
    }
    let many = vec!["a".to_owned(); 65];
    assert_eq!(Keep::new(&many).unwrap_err(), "65 paths to keep; 64 is the limit");
    assert!(Keep::new(&[vec!["a"; 64].join("/")]).is_ok());
}
