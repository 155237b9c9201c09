//! `cargo xtask fuzz`: each parser meets chance for a while. Needs a nightly
//! compiler and `cargo install cargo-fuzz`; the ordinary tests need neither.

use std::process::Command;

use anyhow::{Context, Result};

use crate::build;

pub(crate) fn run(seconds: u32, wanted: &[String]) -> Result<()> {
    let folder = build::workspace().join("tests/fuzz");
    let mut targets = Vec::new();
    for entry in folder
        .join("fuzz_targets")
        .read_dir()
        .context("tests/fuzz/fuzz_targets")?
    {
        let path = entry?.path();
        targets.push(path.file_stem().unwrap_or_default().to_string_lossy().into_owned());
    }
    targets.sort();
    for target in targets
        .iter()
        .filter(|target| wanted.is_empty() || wanted.contains(target))
    {
        // What is found goes here; the first folder of a run is the one that grows.
        let grown = build::target().join("fuzz-corpus").join(target);
        std::fs::create_dir_all(&grown).with_context(|| grown.display().to_string())?;
        // By the name, so that rustup takes the toolchain from the argument.
        let mut fuzz = Command::new("cargo");
        fuzz.args(["+nightly", "fuzz", "run", "--fuzz-dir"])
            .arg(&folder)
            .arg("--target-dir");
        fuzz.arg(build::target().join("fuzz")).arg(target).arg(&grown);
        fuzz.arg(folder.join("corpus").join(target));
        fuzz.args(["--", "-timeout=10", "-print_final_stats=1"]);
        fuzz.arg(format!("-max_total_time={seconds}"));
        build::run(&mut fuzz).with_context(|| format!("{target}: see tests/fuzz/Cargo.toml for what this needs"))?;
        println!("{target}: {seconds} s clean");
    }
    Ok(())
}
