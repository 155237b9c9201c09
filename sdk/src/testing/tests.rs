//! Scripts and their failures.

use serde_json::json;

use super::{Level, Script};
use crate::http::{self, Failure, Method};
use crate::{Error, files, log};

#[test]
fn answers_to_one_request_keep_their_order() {
    let script = Script::new()
        .on("GET", "/a")
        .reply(200, json!(1))
        .reply(200, json!(2))
        .on("GET", "/b?c=d")
        .reply_text(500, "")
        .header("x-y", "z")
        .start();
    let b = http::get("api", "/b?c=d").send().unwrap();
    assert_eq!((b.status(), b.header("x-y")), (500, Some("z")));
    assert_eq!(http::get_json("api", "/a"), Ok(1));
    assert_eq!(http::get_json("api", "/a"), Ok(2));
    assert_eq!(script.asked(), ["GET /b?c=d", "GET /a", "GET /a"]);
}

#[test]
fn a_request_is_recorded() {
    let script = Script::new().on("PATCH", "/a").reply(200, json!(null)).start();
    http::Request::new(Method::Patch, "api", "/a")
        .header("X-Y", "z")
        .json("é")
        .send()
        .unwrap();
    let sent = &script.requests()[0];
    assert_eq!((&*sent.endpoint, sent.method, &*sent.path), ("api", "PATCH", "/a"));
    assert_eq!((sent.header("x-y"), &sent.address), (Some("z"), &None));
    assert_eq!(sent.header("content-type"), Some("application/json"));
    assert_eq!(sent.json(), json!("é"));
}

#[test]
fn a_request_goes_to_the_selected_address() {
    let script = Script::new()
        .addresses("api", &["https://a.example:8443", "https://b.example:8443"])
        .on("GET", "/a")
        .reply(200, json!(1))
        .times(2)
        .on_call("m")
        .answer("")
        .start();
    http::get("api", "/a").send().unwrap();
    http::select_address("api", "b.example").unwrap();
    assert!(crate::xmlrpc::call("api", "m").send().is_ok());
    http::get("api", "/a").send().unwrap();
    let addresses: Vec<_> = script
        .requests()
        .into_iter()
        .map(|sent| sent.address.unwrap())
        .collect();
    assert_eq!(addresses, ["https://a.example:8443", "https://b.example:8443"]);
    assert_eq!(script.asked(), ["GET /a", "CALL m", "GET /a"]);
}

#[test]
fn every_method_has_its_name() {
    let mut script = Script::new();
    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] {
        script = script.on(method, "/").reply_text(204, "");
    }
    let _script = script.in_order().start();
    for make in [http::get, http::head, http::post, http::put, http::patch, http::delete] {
        assert!(make("api", "/").send().is_ok());
    }
}

#[test]
#[should_panic(expected = "unscripted request GET /b; the script has GET /a")]
fn an_unscripted_request_fails_the_test() {
    let _script = Script::new().on("GET", "/a").reply(200, json!(1)).start();
    let _ = http::get("api", "/b").send();
}

#[test]
#[should_panic(expected = "unscripted request GET /b")]
fn an_order_is_kept() {
    let script = Script::new().on("GET", "/a").reply(200, json!(1)).on("GET", "/b");
    let _script = script.reply(200, json!(1)).in_order().start();
    let _ = http::get("api", "/b").send();
}

#[test]
#[should_panic(expected = "answers that were not requested: GET /a")]
fn an_unused_answer_fails_the_test() {
    let _script = Script::new().on("GET", "/a").reply(200, json!(1)).start();
}

#[test]
#[should_panic(expected = "no script runs on this thread")]
fn a_request_without_a_script_fails_the_test() {
    let _ = http::get("api", "/a").send();
}

#[test]
fn answers_can_be_repeated() {
    let script = Script::new().on("GET", "/a").reply(200, json!(1)).times(2);
    let _script = script.reply(200, json!(2)).always().start();
    let given: Vec<_> = (0..5).map(|_| http::get_json::<u8>("api", "/a").unwrap()).collect();
    assert_eq!(given, [1, 1, 2, 2, 2]);
}

#[test]
fn failures_are_answers_too() {
    let _script = Script::new()
        .on("GET", "/a")
        .fail(Failure::TimedOut("no answer".to_owned()))
        .start();
    let answer = http::get_json::<u8>("api", "/a");
    assert_eq!(answer, Err(Error::TimedOut("no answer".to_owned())));
}

#[test]
fn header_fields_of_the_host_are_denied() {
    let _script = Script::new().start();
    let bent = http::get("api", "/a").header("Host", "evil.example").send();
    assert!(matches!(bent, Err(Error::Denied(_))));
    assert!(matches!(http::get("api", "/a/../b").send(), Err(Error::Denied(_))));
}

#[test]
fn base_urls_and_lines_belong_to_the_script() {
    log::info("before");
    let script = Script::new().base_url("api", "https://x.example/v2").start();
    assert_eq!(http::base_url("api"), Ok("https://x.example/v2".to_owned()));
    assert!(matches!(http::base_url("other"), Err(Error::Denied(_))));
    log::warn("b");
    log::error(String::from("c"));
    log::debug("d");
    let lines = script.lines();
    let lines: Vec<_> = lines.iter().map(|(level, line)| (*level, line.as_str())).collect();
    assert_eq!(lines, [(Level::Warn, "b"), (Level::Error, "c"), (Level::Debug, "d")]);
}

#[test]
fn debug_of_a_request_shows_no_secrets() {
    let request = http::post("api", "/a?key=s3cret")
        .header("authorization", "s3cret")
        .json("s3cret");
    assert_eq!(format!("{request:?}"), "Request(POST /a)");
}

#[test]
fn files_come_from_the_script() {
    let script = Script::new()
        .file("state", "on")
        .place("requests")
        .broken_file("key", files::Failure::Failed("a FIFO".to_owned()))
        .start();
    assert_eq!(files::read("state"), Ok(b"on".to_vec()));
    files::write("state", "off").unwrap();
    assert_eq!(script.files("state"), [(String::new(), b"off".to_vec())]);
    assert!(matches!(
        files::read_entry("requests", "a"),
        Err(files::Failure::NotFound(_))
    ));
    files::write_entry("requests", "a", "1").unwrap();
    script.put_entry("requests", "b", "2");
    assert_eq!(files::read_entry("requests", "b"), Ok(b"2".to_vec()));
    assert_eq!(script.files("requests").len(), 2);
    assert!(matches!(files::read("key"), Err(files::Failure::Failed(_))));
    assert!(matches!(files::write("key", ""), Err(files::Failure::Failed(_))));
    assert!(matches!(files::read("other"), Err(files::Failure::Denied(_))));
}
