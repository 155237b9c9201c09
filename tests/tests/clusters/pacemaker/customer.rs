//! A plugin that a customer wrote for their own device, made by the steps of docs/plugins.md.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::pacemaker::tree;
use crate::support::observe;
use crate::support::{cargo, isolated};

/// The agent's name on the page.
pub const AGENT: &str = "fence_relay";

/// The component file, built by the first test that needs it from the code on the page, as a package outside of the
/// workspace. Its target folder is kept, so that later runs build only the package itself.
pub fn built() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        tree::lock_folders();
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let target = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .parent()
            .unwrap()
            .join("customer");
        let folder = tempfile::tempdir().unwrap();
        let project = folder.path().join(AGENT);
        write_project(&project, workspace);
        // The lock file of the workspace, because its versions are already on this machine.
        fs::copy(workspace.join("Cargo.lock"), project.join("Cargo.lock")).unwrap();

        let mut build = cargo();
        build
            .args(["build", "--release", "--target", "wasm32-wasip2", "--offline"])
            .env("CARGO_TARGET_DIR", &target)
            .current_dir(&project);
        let outcome = observe(&mut build, b"");
        assert_eq!(outcome.exit, Some(0), "{}", outcome.stderr);
        assert!(!outcome.stderr.contains("warning"), "{}", outcome.stderr);

        let release = target.join("wasm32-wasip2/release");
        let plugin = target.join(format!("{AGENT}.wasm"));
        fs::copy(release.join(format!("{AGENT}.wasm")), &plugin).unwrap();
        // A later run uses another folder, so for cargo it is another package.
        for folder in ["deps", ".fingerprint"] {
            forget(&release.join(folder));
        }
        plugin
    })
}

/// Step 1 of the page: the code, and the additions to `Cargo.toml`.
fn write_project(project: &Path, workspace: &Path) {
    let page = fs::read_to_string(workspace.join("docs/plugins.md")).unwrap();
    let section = page.split("## A complete plugin").nth(1).unwrap();
    let code = block(section, "rust");
    let lines: Vec<&str> = block(section, "toml").lines().map(str::trim).collect();
    let sdk = workspace.join("sdk");
    let shown = "…/fencebox/sdk";
    let manifest = lines.join("\n");
    assert_eq!(manifest.matches(shown).count(), 1, "{manifest}");
    // The file that `cargo new --lib` writes, before the additions of the page.
    let package = format!("[package]\nname = \"{AGENT}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n");
    fs::create_dir_all(project.join("src")).unwrap();
    fs::write(project.join("src/lib.rs"), code).unwrap();
    fs::write(
        project.join("Cargo.toml"),
        package + &manifest.replace(shown, &sdk.to_string_lossy()),
    )
    .unwrap();
}

/// The first code block in this language.
fn block<'text>(text: &'text str, language: &str) -> &'text str {
    let after = text.split(&format!("```{language}\n")).nth(1).unwrap();
    after.split("```").next().unwrap()
}

/// Removes the package's own build files.
fn forget(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()) {
        let path = entry.path();
        if entry.file_name().to_string_lossy().contains(AGENT) {
            let _ = fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path));
        }
    }
}

/// Steps 3 and 4 of the page.
#[test]
fn a_plugin_shows_its_capabilities_before_it_is_installed() {
    let root = tempfile::tempdir().unwrap();
    tree::lay_out(root.path());
    let fencebox = root.path().join("usr/sbin/fencebox");
    let inspected = observe(isolated(&fencebox).arg("inspect").arg(built()), b"");
    assert_eq!(
        (inspected.exit, inspected.stderr.as_str()),
        (Some(0), ""),
        "{inspected:?}"
    );
    let outcome = tree::install(root.path(), built());
    assert_eq!((outcome.exit, outcome.stderr.as_str()), (Some(0), ""), "{outcome:?}");
    for words in [
        "fence_relay - Fence agent for JSON relay boards",
        "needs approval:",
        "fence_relay is installed: ",
    ] {
        assert!(outcome.stdout.contains(words), "no {words:?} in {outcome:?}");
    }
    let listed = observe(isolated(&fencebox).arg("list"), b"").stdout;
    let names: Vec<&str> = listed
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let expected = [&tree::AGENTS[..], &[AGENT]].concat();
    assert!(expected.iter().all(|name| names.contains(name)), "{listed}");
}
