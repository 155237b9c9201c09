//! Builds with cargo, and sets up the toolchain for it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// Minutes that the first dev build takes on two cores.
const FIRST_BUILD: u32 = 8;
/// Minutes that the first release build takes on two cores.
const FIRST_RELEASE: u32 = 10;
/// The target of plugins.
const PLUGIN_TARGET: &str = "wasm32-wasip2";

/// The folder of the workspace.
pub(crate) fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// The folder of cargo's build results.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), PathBuf::from)
}

/// The programs that every task needs, in the dev profile.
pub(crate) struct Programs {
    /// `fencebox`.
    pub(crate) host: PathBuf,
    /// `fencebox-sim`.
    pub(crate) simulator: PathBuf,
}

/// Builds the host and the simulators in the dev profile.
pub(crate) fn programs() -> Result<Programs> {
    let folder = target().join("debug");
    let programs = Programs {
        host: folder.join("fencebox"),
        simulator: folder.join("fencebox-sim"),
    };
    if !programs.host.exists() {
        println!(
            "note: the first build compiles wasmtime, which takes about {FIRST_BUILD} minutes on two cores; later \
             builds take seconds"
        );
    }
    cargo(&["build", "--package", "fencebox", "--package", "fencebox-sim", "--bins"])?;
    Ok(programs)
}

/// Builds the host, in the release or in the dev profile.
pub(crate) fn host(is_release: bool) -> Result<PathBuf> {
    // The simulators are needed in any case.
    let programs = programs()?;
    if is_release { release() } else { Ok(programs.host) }
}

/// Builds a program of `fencebox-tests` in the dev profile.
pub(crate) fn test_program(name: &str) -> Result<PathBuf> {
    // With the packages of `programs`, so that the features of their dependencies are the same.
    let packages = ["fencebox", "fencebox-sim", "fencebox-tests"];
    let packages = packages.iter().flat_map(|package| ["--package", package]);
    cargo(&["build", "--bins"].into_iter().chain(packages).collect::<Vec<_>>())?;
    Ok(target().join("debug").join(name))
}

/// A program with tests.
pub(crate) struct TestProgram {
    /// Its main source file, relative to the workspace.
    pub(crate) source: String,
    /// The program.
    pub(crate) executable: PathBuf,
    /// The folder of its package, in which it runs.
    pub(crate) folder: PathBuf,
}

/// Builds the test programs of all packages. Those of `fencebox-tests` are the first, because they take the longest.
pub(crate) fn test_programs() -> Result<Vec<TestProgram>> {
    let mut cargo = cargo_command();
    cargo.args([
        "test",
        "--workspace",
        "--no-run",
        "--message-format=json-render-diagnostics",
    ]);
    cargo.current_dir(workspace()).stderr(Stdio::inherit());
    let output = cargo.output().context("cannot run cargo")?;
    ensure!(output.status.success(), "the tests do not compile: {}", output.status);
    let messages = String::from_utf8(output.stdout).context("cargo's messages")?;
    let mut programs = Vec::new();
    for message in messages.lines() {
        programs.extend(announced(&serde_json::from_str(message).context("cargo's messages")?));
    }
    ensure!(!programs.is_empty(), "cargo has built no test program");
    let tests = workspace().join("tests");
    programs.sort_by_key(|program| (program.folder != tests, program.source.clone()));
    Ok(programs)
}

/// The test program that this message of cargo announces, if any.
fn announced(message: &Value) -> Option<TestProgram> {
    let text = |pointer| message.pointer(pointer).and_then(Value::as_str);
    if message.pointer("/profile/test") != Some(&Value::Bool(true)) {
        return None;
    }
    let source = Path::new(text("/target/src_path")?);
    Some(TestProgram {
        source: source.strip_prefix(workspace()).unwrap_or(source).display().to_string(),
        executable: text("/executable")?.into(),
        folder: Path::new(text("/manifest_path")?).parent()?.to_owned(),
    })
}

/// Builds the host in the release profile: one static program, which runs on every distribution. Without musl's C
/// compiler, a program for distributions with the same or a newer glibc.
pub(crate) fn release() -> Result<PathBuf> {
    static_program("fencebox")
}

/// Builds the simulators in the release profile, so that the benchmark measures the agents and not them.
pub(crate) fn simulator() -> Result<PathBuf> {
    cargo(&["build", "--package", "fencebox-sim", "--bins", "--release"])?;
    Ok(target().join("release").join("fencebox-sim"))
}

/// Builds the program that starts what the benchmark measures.
pub(crate) fn meter() -> Result<PathBuf> {
    static_program("fencebox-meter")
}

/// Builds the package and its program of the same name.
fn static_program(program: &str) -> Result<PathBuf> {
    let build = ["build", "--package", program, "--bins", "--release"];
    if Command::new("musl-gcc").arg("--version").output().is_err() {
        println!(
            "note: musl-gcc is missing (package musl-tools), so {program} needs the glibc of this machine or a newer one"
        );
        let built = target().join("release").join(program);
        announce_release(&built);
        cargo(&build)?;
        return Ok(built);
    }
    let triple = format!("{}-unknown-linux-musl", std::env::consts::ARCH);
    add_target(&triple)?;
    let built = target().join(&triple).join("release").join(program);
    announce_release(&built);
    cargo(&[&build[..], &["--target", &triple]].concat())?;
    Ok(built)
}

/// Reports how long the first release build takes.
fn announce_release(built: &Path) {
    if !built.exists() {
        println!("note: the first release build takes about {FIRST_RELEASE} minutes on two cores");
    }
}

/// Builds these agents' plugins. Returns the component files.
pub(crate) fn plugins_of(agents: &[&str]) -> Result<Vec<PathBuf>> {
    let names: Vec<String> = agents.iter().map(ToString::to_string).collect();
    let packages = agents.iter().flat_map(|name| ["--package", name]);
    components(packages.chain(["--lib"]), "", &names)
}

/// Builds every plugin in `plugins/`. Returns the component files.
pub(crate) fn plugins() -> Result<Vec<PathBuf>> {
    let mut names = Vec::new();
    for entry in workspace().join("plugins").read_dir().context("plugins/")? {
        let path = entry?.path();
        if path.join("Cargo.toml").exists() {
            let device = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            names.push(format!("fence_{device}"));
        }
    }
    names.sort();
    plugins_of(&names.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Builds the plugin that docs/plugins.md shows.
pub(crate) fn example() -> Result<Vec<PathBuf>> {
    let built = components(
        ["--package", "fencebox-sdk", "--examples"].into_iter(),
        "examples",
        &["relay".to_owned()],
    )?;
    // A plugin file has the name of its agent; cargo gives the file the name of the example.
    let mut named = Vec::new();
    for file in built {
        let agent = file.with_file_name("fence_relay.wasm");
        let bytes = std::fs::read(&file).with_context(|| file.display().to_string())?;
        // A new time would make the tests' tree again.
        if std::fs::read(&agent).ok().as_ref() != Some(&bytes) {
            std::fs::write(&agent, bytes).with_context(|| agent.display().to_string())?;
        }
        named.push(agent);
    }
    Ok(named)
}

/// Builds the plugins that only the tests use. Most of them misbehave.
pub(crate) fn fixtures() -> Result<Vec<PathBuf>> {
    let mut names = Vec::new();
    for entry in workspace()
        .join("tests/fixtures/examples")
        .read_dir()
        .context("tests/fixtures/examples/")?
    {
        let path = entry?.path();
        names.push(path.file_stem().unwrap_or_default().to_string_lossy().into_owned());
    }
    names.sort();
    let manifest = workspace().join("tests/fixtures/Cargo.toml");
    let manifest = std::fs::read_to_string(&manifest).with_context(|| manifest.display().to_string())?;
    // Cargo finds the examples without entries, but builds them as programs.
    for name in &names {
        ensure!(
            manifest.contains(&format!("name = \"{name}\"\ncrate-type = [\"cdylib\"]")),
            "tests/fixtures/Cargo.toml does not declare {name} as a cdylib; add an [[example]] like the others"
        );
    }
    components(
        ["--package", "fencebox-fixtures", "--examples"].into_iter(),
        "examples",
        &names,
    )
}

fn components<'a>(selection: impl Iterator<Item = &'a str>, folder: &str, names: &[String]) -> Result<Vec<PathBuf>> {
    add_target(PLUGIN_TARGET)?;
    let mut arguments = vec!["build", "--target", PLUGIN_TARGET, "--profile", "plugin"];
    arguments.extend(selection);
    cargo(&arguments)?;
    let folder = target().join(PLUGIN_TARGET).join("plugin").join(folder);
    Ok(names.iter().map(|name| folder.join(format!("{name}.wasm"))).collect())
}

/// Adds a target to the toolchain if it is missing.
fn add_target(triple: &str) -> Result<()> {
    let sysroot = Command::new("rustc")
        .args(["--print", "sysroot"])
        .current_dir(workspace())
        .output();
    let sysroot = sysroot.context("cannot run rustc; install Rust with rustup")?.stdout;
    let libraries = Path::new(String::from_utf8_lossy(&sysroot).trim())
        .join("lib/rustlib")
        .join(triple);
    if libraries.exists() {
        return Ok(());
    }
    run(Command::new("rustup").args(["target", "add", triple]))
        .with_context(|| format!("the toolchain lacks the target {triple}; add it with rustup"))
}

/// Runs cargo in the workspace.
pub(crate) fn cargo(arguments: &[&str]) -> Result<()> {
    run(cargo_command().args(arguments))
}

/// Cargo, without the variables that it has set for this program: build scripts (ring's) watch them, and would run again
/// whenever a target is built in turn with and without `cargo xtask`.
pub(crate) fn cargo_command() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(&name);
        }
    }
    cargo
}

/// Runs a program in the workspace. Returns an error if the program fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.current_dir(workspace()).status();
    let line = || {
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
    };
    let status = status.with_context(|| format!("cannot run {}", line()))?;
    ensure!(status.success(), "{}: {status}", line());
    Ok(())
}
