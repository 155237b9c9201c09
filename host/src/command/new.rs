//! `fencebox new`: makes the crate of a new plugin, with tests and a simulated device.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};

use crate::plugin::agent_name;
use crate::policy::program;

/// The source of the SDK, relative to the folder that contains `sbin`.
const SDK: &str = "share/fencebox/source/sdk";

/// How the device is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// Requests with JSON.
    Http,
    /// Lines over TCP.
    Socket,
}

/// A file of the crate: its path, and its content for HTTP and for sockets.
struct File {
    path: &'static str,
    http: &'static str,
    socket: &'static str,
}

const fn same(path: &'static str, content: &'static str) -> File {
    File {
        path,
        http: content,
        socket: content,
    }
}

const FILES: [File; 7] = [
    same("Cargo.toml", include_str!("new/Cargo.toml.template")),
    same("rust-toolchain.toml", include_str!("new/rust-toolchain.toml.template")),
    same("README.md", include_str!("new/README.md.template")),
    same(".gitignore", "/target\n"),
    File {
        path: "src/lib.rs",
        http: include_str!("new/http/lib.rs"),
        socket: include_str!("new/socket/lib.rs"),
    },
    File {
        path: "tests/device.rs",
        http: include_str!("new/http/device.rs"),
        socket: include_str!("new/socket/device.rs"),
    },
    File {
        path: "examples/simulator.rs",
        http: include_str!("new/http/simulator.rs"),
        socket: include_str!("new/socket/simulator.rs"),
    },
];

impl Protocol {
    /// The options that the device of the template needs in addition to its address.
    fn options(self) -> &'static str {
        match self {
            Self::Http => "username=admin password=s3cret",
            Self::Socket => "password=s3cret",
        }
    }
}

/// Makes the folder `fence_NAME` in the current folder. `sdk` is the folder of the SDK, if it is not the installed one.
pub(super) fn run(name: &str, protocol: Protocol, sdk: Option<&Path>, out: &mut dyn Write) -> anyhow::Result<()> {
    let device = name.strip_prefix("fence_").unwrap_or(name);
    let agent = format!("fence_{device}");
    ensure!(
        agent_name(agent.as_ref()).as_ref() == Some(&agent),
        "{name:?} is not a name of a device; use lower-case letters, digits and underscores, such as acme_pdu"
    );
    let folder = PathBuf::from(&agent);
    ensure!(
        !folder.exists(),
        "{} exists already; remove it, or choose another name",
        folder.display()
    );
    let sdk = find_sdk(sdk)?;
    for file in FILES {
        let content = match protocol {
            Protocol::Http => file.http,
            Protocol::Socket => file.socket,
        };
        let path = folder.join(file.path);
        let parent = path.parent().unwrap_or(&folder);
        fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;
        let content = fill(content, device, &sdk, protocol);
        fs::write(&path, content).with_context(|| path.display().to_string())?;
    }
    let wasm = format!("target/wasm32-wasip2/release/{agent}.wasm");
    writeln!(
        out,
        "made {agent}; next:\n  \
         cd {agent}\n  \
         cargo test\n  \
         cargo build --release --target wasm32-wasip2\n  \
         cargo run --example simulator   # prints its port; in another terminal:\n  \
         fencebox run {wasm} -- action=status plug=1 ip=127.0.0.1 ipport=PORT {}\n  \
         sudo fencebox install {wasm}",
        protocol.options()
    )?;
    Ok(())
}

/// The text of a template with its names.
fn fill(template: &str, device: &str, sdk: &Path, protocol: Protocol) -> String {
    let wasm = format!("target/wasm32-wasip2/release/fence_{device}.wasm");
    template
        .replace("`WASM` is", "The plugin file is")
        .replace("WASM", &wasm)
        .replace("OPTIONS", protocol.options())
        .replace("NAME", device)
        .replace("DEVICE", &device.replace('_', " "))
        .replace("\"SDK\"", &format!("{:?}", sdk.display().to_string()))
}

/// The folder of the SDK: the given one, or the one that is installed with this program.
fn find_sdk(given: Option<&Path>) -> anyhow::Result<PathBuf> {
    let is_sdk = |folder: &Path| folder.join("Cargo.toml").is_file() && folder.join("src/lib.rs").is_file();
    if let Some(folder) = given {
        let folder = folder.canonicalize().with_context(|| folder.display().to_string())?;
        ensure!(is_sdk(&folder), "{} is not the folder of the SDK", folder.display());
        return Ok(folder);
    }
    let binary = program::path().context("cannot find the path of this program")?;
    let usr = binary.parent().and_then(Path::parent).unwrap_or(Path::new("/"));
    let folder = usr.join(SDK);
    if !is_sdk(&folder) {
        bail!(
            "{} is missing; name the folder of the SDK with --sdk, such as the folder sdk of a clone",
            folder.display()
        );
    }
    Ok(folder)
}
