use super::*;

#[track_caller]
fn assert_refused(document: impl AsRef<[u8]>, why: &str) {
    let document = document.as_ref();
    let cause = cause(document);
    assert!(cause.contains(why), "{cause:?} of {}", document.escape_ascii());
}

#[test]
fn malformed_values_are_refused() {
    for (value, why) in [
        ("<i4>2147483648</i4>", "<i4> that does not fit in 32 bits"),
        ("<int>-2147483649</int>", "<int> that does not fit"),
        ("<i1>128</i1>", "<i1> that does not fit in 8 bits"),
        ("<i2>-32769</i2>", "<i2> that does not fit in 16 bits"),
        ("<i8>9223372036854775808</i8>", "<i8> that does not fit in 64 bits"),
        ("<i8>99999999999999999999999999</i8>", "<i8> that does not fit"),
        ("<i4></i4>", "<i4> that is not a number"),
        ("<i4/>", "<i4> that is not a number"),
        ("<i4>1 2</i4>", "<i4> that is not a number"),
        ("<i4>0x10</i4>", "<i4> that is not a number"),
        ("<i4>1.0</i4>", "<i4> that is not a number"),
        ("<i4>\u{a0}1</i4>", "<i4> that is not a number"),
        ("<boolean>2</boolean>", "neither 0 nor 1"),
        ("<boolean>true</boolean>", "neither 0 nor 1"),
        ("<boolean/>", "neither 0 nor 1"),
        ("<double>NaN</double>", "<double> that is not a number"),
        ("<double>inf</double>", "<double> that is not a number"),
        ("<double>-Infinity</double>", "<double> that is not a number"),
        ("<double>1e999</double>", "<double> out of range"),
        ("<double/>", "<double> that is not a number"),
        ("<base64>AP8</base64>", "not base64"),
        ("<base64>AP8=AP8=</base64>", "not base64"),
        ("<base64>A-_=</base64>", "not base64"),
        ("<dateTime.iso8601>yes &amp; no</dateTime.iso8601>", "is not a date"),
        ("<nil>x</nil>", "text in <nil>"),
        ("x<string>y</string>", "text beside"),
        ("<string>y</string>x", "text where only elements belong"),
        (
            "<string>y</string><string>z</string>",
            "<string> where it does not belong",
        ),
        ("<i4>1<i4>2</i4></i4>", "<i4> where it does not belong"),
        ("<float>1</float>", "<float> where it does not belong"),
        ("<array></array>", "<data> is missing"),
        ("<array><data/><data/></array>", "<data> where"),
        ("<array><data>x</data></array>", "text where only"),
        ("<array><data><i4>1</i4></data></array>", "<i4> where"),
        ("<struct>x</struct>", "text where only"),
        ("<struct><member/></struct>", "<name> is missing"),
        ("<struct><member><value/></member></struct>", "<value> where"),
        ("<struct><member><name>a</name></member></struct>", "<value> is missing"),
        (
            "<struct><member><name>a</name><name>a</name></member></struct>",
            "<name> where",
        ),
        (
            "<struct><member><name>a</name><value/><value/></member></struct>",
            "<value> where",
        ),
        (
            "<struct><member><name>a</name><value/></member><member><name>&#97;</name><value>x</value></member></struct>",
            "two members of one name and different values",
        ),
        ("&nbsp;", "an entity that is not"),
        ("&#0;", "an entity that is not"),
        ("&#x1f;", "an entity that is not"),
        ("&#xD800;", "an entity that is not"),
        ("&#xFFFE;", "an entity that is not"),
        ("&#1114112;", "an entity that is not"),
        ("&#99999999999;", "an entity that is not"),
        ("&#+65;", "an entity that is not"),
        ("&#;", "an entity that is not"),
        ("&#x;", "an entity that is not"),
        ("&#X41;", "an entity that is not"),
        ("a & b", "a bare &"),
        ("\u{1}", "a character that XML does not allow"),
        ("<![CDATA[\u{ffff}]]>", "a character that XML does not allow"),
        ("<?php echo ?>", "a processing instruction"),
        ("<?xml version='1.0'?>", "not at the start"),
        ("<string a=b c>x</string>", "a malformed attribute"),
        ("<string>x</i4>", "end tag that does not belong"),
    ] {
        assert_refused(response(&format!("<value>{value}</value>")), why);
    }
}

#[test]
fn malformed_documents_are_refused() {
    let inside = "<params><param><value>x</value></param></params>";
    let good = format!("<methodResponse>{inside}</methodResponse>");
    let with = |start: &str| format!("{start}{good}");
    for (document, why) in [
        (String::new(), "no document"),
        (" \n".to_owned(), "no document"),
        ("<?xml version='1.0'?>".to_owned(), "no document"),
        ("{\"error\": 1}".to_owned(), "text where only elements belong"),
        ("Service unavailable".to_owned(), "text where only elements belong"),
        (
            "<!DOCTYPE html><html></html>".to_owned(),
            "an HTML page instead of XML-RPC",
        ),
        (
            "<!doctype HTML PUBLIC 'x'>".to_owned(),
            "an HTML page instead of XML-RPC",
        ),
        ("<HTML><body>".to_owned(), "an HTML page instead of XML-RPC"),
        ("<methodCall/>".to_owned(), "<methodCall> instead of <methodResponse>"),
        ("<a\u{1b}[1m>".to_owned(), "<a\\u{1b}[1m> instead"),
        (
            format!("<{}/>", "a".repeat(99)),
            "<aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…> instead",
        ),
        ("<methodResponse/>".to_owned(), "<params> or <fault> is missing"),
        (
            "<methodResponse><params/></methodResponse>".to_owned(),
            "<param> is missing",
        ),
        (
            "<methodResponse><params><param/></params></methodResponse>".to_owned(),
            "<value> is missing",
        ),
        (
            "<methodResponse><fault/></methodResponse>".to_owned(),
            "<value> is missing",
        ),
        (
            format!("<methodResponse>{inside}{inside}</methodResponse>"),
            "<params> where",
        ),
        (
            "<methodResponse><params><param><value/></param><param/></params></methodResponse>".to_owned(),
            "more than one <param>",
        ),
        ("<methodResponse><params><param>".to_owned(), "ends in the middle"),
        ("<methodResponse><params".to_owned(), "ends in the middle"),
        ("<methodResponse><!-- ".to_owned(), "ends in the middle"),
        (with("<!DOCTYPE methodResponse>"), "a document type"),
        (
            with("<!DOCTYPE lolz [<!ENTITY a 'b'><!ENTITY c '&a;&a;'>]>"),
            "a document type",
        ),
        (with("<?xml-stylesheet href='x'?>"), "a processing instruction"),
        (with("<?xml version='1.0' encoding='ISO-8859-1'?>"), "another encoding"),
        (with("<?xml version='1.0' encoding='UTF-16'?>"), "another encoding"),
        (with(" <?xml version='1.0'?>"), "not at the start"),
        (with("<!-- c --><?xml version='1.0'?>"), "not at the start"),
        (with("<?xml version='2.0'?>"), "a malformed XML declaration"),
        (with(" \u{feff}"), "text where"),
        (with("\u{feff}\u{feff}x"), "text where"),
        (with("&#32;"), "text outside"),
        (with("<![CDATA[]]>"), "text outside"),
        (format!("{good}x"), "text where"),
        (format!("{good}{good}"), "a second document"),
        (format!("{good}</methodResponse>"), "end tag that does not belong"),
        (format!("{good}<"), "ends in the middle"),
    ] {
        assert_refused(document, why);
    }
}

#[test]
fn bytes_that_are_not_utf8_are_refused() {
    for bytes in [b"\xff".as_slice(), b"\xc3", b"\xed\xa0\x80", b"\xc0\xaf"] {
        let [before, after] = [
            "<methodResponse><params><param><value>",
            "</value></param></params></methodResponse>",
        ];
        let document = [before.as_bytes(), bytes, after.as_bytes()].concat();
        assert_refused(document, "a character that XML does not allow");
        assert_refused([b"<", bytes, b"/>"].concat(), "instead of <methodResponse>");
        let half = ["<methodResponse>".as_bytes(), bytes].concat();
        assert_refused(half, "a character that XML does not allow");
    }
    let wide: Vec<u8> = response("<value/>").encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(read(&wide).is_err());
    assert!(read([b"\xff\xfe".as_slice(), &wide].concat()).is_err());
}

#[test]
fn values_are_not_quoted() {
    for value in [
        "<i4>zq7Xk9</i4>",
        "<boolean>zq7Xk9</boolean>",
        "zq7Xk9<i4>",
        "<base64>zq7Xk9</base64>",
        "&zq7Xk9;",
        "<string a='zq7Xk9' a>",
        "<!DOCTYPE zq7Xk9>",
        "zq7Xk9 & more",
    ] {
        let cause = cause(response(&format!("<value>{value}</value>")));
        assert!(!cause.contains("zq7Xk9"), "{cause}");
    }
}

#[test]
fn the_error_names_its_position() {
    let malformed = read("<methodResponse><params><parm/>").unwrap_err();
    assert_eq!(malformed.to_string(), "<parm> where it does not belong (at byte 31)");
}
