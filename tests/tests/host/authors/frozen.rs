//! Plugins that were built with the SDK of an earlier day (`tests/fixtures/frozen`) load and run.

use std::fs;
use std::io::Write;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use super::Folder;
use crate::sandbox::server::Server;

/// The plugin of each version of the contract.
fn plugins() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/frozen");
    let versions = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let versions = versions.filter(|path| path.is_dir());
    versions.map(|version| version.join("fence_cloud.wasm")).collect()
}

#[test]
fn a_plugin_of_each_version_of_the_contract_is_there() {
    let contracts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit");
    let versions = fs::read_dir(contracts).unwrap().map(|entry| entry.unwrap().path());
    let versions: Vec<_> = versions.filter(|path| path.is_dir()).collect();
    assert_eq!(versions.len(), plugins().len());
    for version in versions {
        let name = version.file_name().unwrap();
        assert!(
            plugins()
                .iter()
                .any(|plugin| plugin.parent().unwrap().file_name() == Some(name)),
            "{name:?}"
        );
    }
}

#[test]
fn a_plugin_of_an_earlier_day_describes_itself_and_logs_in() {
    for plugin in plugins() {
        let folder = Folder::new();
        folder.add("fence_cloud", &fs::read(&plugin).unwrap());
        let inspected = folder.fencebox(&["inspect", "./fence_cloud.wasm"]);
        assert_eq!(
            (inspected.exit, inspected.stderr.as_str()),
            (Some(0), ""),
            "{inspected:?}"
        );
        for words in [
            "that identity names",
            "the metadata service of this machine at 169.254.169.254",
            "or else ",
        ] {
            assert!(inspected.stdout.contains(words), "no {words:?} in {inspected:?}");
        }
        let answering = |body: String| {
            Server::start_at(Ipv4Addr::LOCALHOST.into(), 0, move |stream| {
                write!(
                    stream,
                    "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                )
            })
        };
        let compute = answering("{\"status\": \"SHUTOFF\"}".to_owned());
        let url = format!("http://127.0.0.1:{}/v2.1", compute.port);
        let identity = answering(format!("{{\"token\": \"0123456789abcdef\", \"compute\": \"{url}\"}}"));
        let auth_url = format!("auth_url=http://127.0.0.1:{}/v3", identity.port);
        let outcome = folder.fencebox(&["run", "fence_cloud.wasm", "--", "action=status", "plug=7", &auth_url]);
        assert_eq!(
            (outcome.exit, outcome.stdout.as_str()),
            (Some(2), "Status: OFF\n"),
            "{outcome:?}"
        );
        assert!(compute.heads()[0].starts_with("GET /v2.1/servers/7 "));
    }
}
