//! The image for containers: an OCI layout in one file, which `skopeo`, `podman` and others load. It has the program and
//! the plugins, and nothing else: no shell, no library, no other user than the one of the agents.
//!
//! Specification: <https://github.com/opencontainers/image-spec>, version 1.1.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::content::{Content, SUMMARY, VERSION};
use crate::build;
use crate::tree::What;

/// The user of the agents, as medik8s and others have it.
const USER: &str = "65532:65532";
/// What the image has of the tree: the documents and the sources of the SDK are for machines with people on them.
const PARTS: [&str; 2] = ["sbin", "lib"];

/// Builds the image. Returns its path.
pub(super) fn build(content: &Content, to: &Path, compression: u8) -> Result<PathBuf> {
    let (root, layout) = (to.join("image"), to.join("layout"));
    for folder in [&root, &layout] {
        if folder.exists() {
            std::fs::remove_dir_all(folder)?;
        }
    }
    stage(content, &root)?;
    let blobs = layout.join("blobs/sha256");
    std::fs::create_dir_all(&blobs)?;
    let plain = layout.join("layer.tar");
    archive(content, &root, &plain, "usr")?;
    let plain_digest = digest(&std::fs::read(&plain)?);
    let mut gzip = Command::new("gzip");
    // Level 0 is not one of gzip's.
    gzip.arg("-n").arg(format!("-{}", compression.max(1))).arg(&plain);
    build::run(&mut gzip)?;
    let layer = std::fs::read(layout.join("layer.tar.gz"))?;
    let layer = store(&blobs, &layer, "application/vnd.oci.image.layer.v1.tar+gzip")?;
    std::fs::remove_file(layout.join("layer.tar.gz"))?;
    let created = jiff::Timestamp::from_second(content.time.try_into()?)?.to_string();
    let config = json!({
        "architecture": architecture(),
        "os": "linux",
        "created": created,
        "config": { "User": USER, "Entrypoint": ["/usr/sbin/fencebox"], "WorkingDir": "/" },
        "rootfs": { "type": "layers", "diff_ids": [plain_digest] },
        "history": [{ "created": created, "comment": SUMMARY }],
    });
    let config = store(&blobs, &bytes(&config)?, "application/vnd.oci.image.config.v1+json")?;
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": config,
        "layers": [layer],
    });
    let mut manifest = store(&blobs, &bytes(&manifest)?, "application/vnd.oci.image.manifest.v1+json")?;
    manifest["annotations"] = json!({ "org.opencontainers.image.ref.name": VERSION });
    let index = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [manifest],
    });
    std::fs::write(layout.join("index.json"), bytes(&index)?)?;
    std::fs::write(
        layout.join("oci-layout"),
        bytes(&json!({ "imageLayoutVersion": "1.0.0" }))?,
    )?;
    let image = to.join(format!("fencebox-{VERSION}-{}.oci.tar", architecture()));
    archive(content, &layout, &image, ".")?;
    std::fs::remove_dir_all(&root)?;
    std::fs::remove_dir_all(&layout)?;
    Ok(image)
}

/// Copies the parts of the image below a folder.
fn stage(content: &Content, root: &Path) -> Result<()> {
    for part in &content.parts {
        if !PARTS.iter().any(|top| part.path.starts_with(top)) {
            continue;
        }
        let path = root.join("usr").join(&part.path);
        std::fs::create_dir_all(path.parent().context("a path without a folder")?)?;
        match &part.what {
            What::Link(target) => std::os::unix::fs::symlink(target, &path)?,
            What::File(source, _) => {
                std::fs::copy(source, &path).with_context(|| source.display().to_string())?;
            }
        }
    }
    Ok(())
}

/// Archives what is below a folder, in the order of names, owned by root and with one time.
fn archive(content: &Content, folder: &Path, to: &Path, what: &str) -> Result<()> {
    let mut tar = Command::new("tar");
    tar.args([
        "--sort=name",
        "--owner=0",
        "--group=0",
        "--numeric-owner",
        "--format=gnu",
    ])
    .arg("--mode=u=rwX,go=rX")
    .arg(format!("--mtime=@{}", content.time))
    .arg("-C")
    .arg(folder)
    .arg("-cf")
    .arg(to)
    .arg(what);
    build::run(&mut tar)
}

/// Adds a blob to the layout. Returns its descriptor.
fn store(blobs: &Path, bytes: &[u8], kind: &str) -> Result<Value> {
    let digest = digest(bytes);
    let name = digest.trim_start_matches("sha256:");
    std::fs::write(blobs.join(name), bytes)?;
    Ok(json!({ "mediaType": kind, "digest": digest, "size": bytes.len() }))
}

fn digest(bytes: &[u8]) -> String {
    let digits = Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<String>();
    format!("sha256:{digits}")
}

fn bytes(value: &Value) -> Result<Vec<u8>> {
    Ok(serde_json::to_vec(value)?)
}

fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
