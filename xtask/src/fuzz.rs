//! `cargo xtask fuzz`: fuzzes each parser for some time. It needs a nightly compiler and `cargo install cargo-fuzz`;
//! the other tests need neither.

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
        // The fuzzer writes new inputs into the first folder of the command line.
        let grown = build::target().join("fuzz-corpus").join(target);
        std::fs::create_dir_all(&grown).with_context(|| grown.display().to_string())?;
        // Not `$CARGO`: rustup reads the toolchain from the argument only if cargo is called by its name.
        let mut fuzz = Command::new("cargo");
        fuzz.args(["+nightly", "fuzz", "run", "--fuzz-dir"])
            .arg(&folder)
            .arg("--target-dir");
        fuzz.arg(build::target().join("fuzz")).arg(target).arg(&grown);
        fuzz.arg(folder.join("corpus").join(target));
        fuzz.args(["--", "-timeout=10", "-print_final_stats=1"]);
        fuzz.arg(format!("-max_total_time={seconds}"));
        build::run(&mut fuzz).with_context(|| format!("{target}: tests/fuzz/Cargo.toml lists what this needs"))?;
        println!("{target}: no problem found in {seconds} s");
    }
    Ok(())
}
