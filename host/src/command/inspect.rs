//! `fencebox inspect`: what a plugin is, and what it wants to reach.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;

use crate::agent::log::Log;
use crate::agent::system_clock::SystemClock;
use crate::plugin::Described;
use crate::plugin::{Plugin, agent_name, locate};
use crate::policy::{
    Address, Auth, Endpoint, File, FileAccess, FileKind, Port, Scheme, Socket, SocketPurpose, UrlOption,
};

/// For a reader, or only the names that the plugin answers to, a line each.
pub(super) fn run(plugin: &Path, names: bool, out: &mut dyn Write) -> anyhow::Result<()> {
    let (name, path) = find(plugin)?;
    // A plugin that is looked at before it is installed has no compiled form yet: no reason to warn.
    let log = Arc::new(Log::new(Box::new(std::io::sink())));
    let described = Plugin::load(path.clone(), &log)?.describe(&name, &log, Arc::new(SystemClock::start()))?;
    if names {
        return list_names(&described, out);
    }
    let clean = |text: &str| log.masked(text);
    let description = &described.description;
    writeln!(out, "{} - {}", clean(&description.name), clean(&description.shortdesc))?;
    writeln!(out, "file: {}", path.display())?;
    for link in &description.symlinks {
        writeln!(
            out,
            "also answers to: {} - {}",
            clean(&link.name),
            clean(&link.shortdesc)
        )?;
    }
    if !description.longdesc.is_empty() {
        writeln!(out, "{}", clean(&description.longdesc))?;
    }
    writeln!(out, "\nwants to reach:")?;
    let sockets = described.sockets.iter().count();
    if described.endpoints.iter().count() + described.files.iter().count() + sockets == 0 {
        writeln!(out, "  nothing")?;
    }
    for endpoint in described.endpoints.iter() {
        writeln!(out, "  {}", clean(&reach(endpoint)))?;
    }
    for file in described.files.iter() {
        writeln!(out, "  {}", clean(&touch(file, &described)))?;
    }
    for socket in described.sockets.iter() {
        writeln!(out, "  {}", clean(&open(socket)))?;
    }
    if !description.rights.is_empty() {
        writeln!(out, "\nneeds an account that may:")?;
    }
    for right in &description.rights {
        writeln!(out, "  {}", clean(right))?;
    }
    writeln!(
        out,
        "\noptions: {} -o metadata, or {} -h",
        clean(&description.name),
        clean(&description.name)
    )?;
    Ok(())
}

/// Names that make a path are left out: no agent is called so.
fn list_names(described: &Described, out: &mut dyn Write) -> anyhow::Result<()> {
    let description = &described.description;
    let links = description.symlinks.iter().map(|link| &link.name);
    for name in std::iter::once(&description.name).chain(links) {
        if agent_name(name.as_ref()).as_ref() == Some(name) {
            writeln!(out, "{name}")?;
        }
    }
    Ok(())
}

/// An agent's name as it is, or a file called as the agent is.
fn find(plugin: &Path) -> anyhow::Result<(String, PathBuf)> {
    let bare = plugin.components().count() == 1 && plugin.extension().is_none();
    if let Some(name) = agent_name(plugin.as_os_str()).filter(|_| bare) {
        let path = locate(&name)?;
        return Ok((name, path));
    }
    let path = plugin.canonicalize().with_context(|| plugin.display().to_string())?;
    let name = plugin.file_stem().and_then(agent_name);
    let name = name.with_context(|| format!("{}: a plugin file is called fence_DEVICE.wasm", plugin.display()))?;
    Ok((name, path))
}

/// One endpoint in words.
fn reach(endpoint: &Endpoint) -> String {
    let how = match endpoint.scheme {
        Scheme::Https => "https",
        Scheme::Http => "http",
        Scheme::ByOptions => "https, or http where the options say so",
    };
    let places: Vec<_> = endpoint.addresses.iter().map(place).collect();
    let place = places.join(", or else ");
    let port = match &endpoint.port {
        Port::SchemeDefault => String::new(),
        Port::Fixed(port) => format!(", port {port}"),
        Port::FromOption(name) => format!(", the port in option {name}"),
    };
    let path = match endpoint.base_path.as_str() {
        "" => String::new(),
        path => format!(", below the path {path}"),
    };
    let credentials = match endpoint.auth {
        Auth::Plugin => "the plugin logs in itself and sees the password",
        Auth::HostBasic => "fencebox logs in, the plugin does not see the password",
    };
    format!("{}: {how} to {place}{port}{path}; {credentials}", endpoint.name)
}

/// One address in words.
fn place(address: &Address) -> String {
    match address {
        Address::Fixed(host) => host.clone(),
        Address::FromOption(name) => format!("the address in option {name}"),
        Address::FromUrlOption(url) => by_url(url),
        Address::ByChoice { option, cases } => {
            let hosts: Vec<_> = cases.iter().map(|(_, host)| host.as_str()).collect();
            format!("by option {option} one of {}", hosts.join(", "))
        }
        Address::Template(template) => format!("{template}, with the values of the options named"),
    }
}

fn by_url(url: &UrlOption) -> String {
    let urls = if url.several { "the URLs" } else { "the URL" };
    let path = if url.free_path { ", with its path" } else { "" };
    let follow = match &url.follow_option {
        Some(flag) => format!(", and where option {flag} is set any host that the device names"),
        None => String::new(),
    };
    format!("{urls} in option {}{path}{follow}", url.option)
}

/// One socket in words.
fn open(socket: &Socket) -> String {
    let places: Vec<_> = socket.addresses.iter().map(place).collect();
    let place = places.join(", or else ");
    let port = match &socket.port {
        Port::SchemeDefault => "no port".to_owned(),
        Port::Fixed(port) => format!("port {port}"),
        Port::FromOption(name) => format!("the port in option {name}"),
    };
    let what = match socket.purpose {
        SocketPurpose::TcpConnect => format!("connects by TCP to {place}, {port}"),
        SocketPurpose::TcpListen => format!("takes TCP connections from anywhere at {port}"),
        SocketPurpose::Udp => format!("sends to and takes from {place}, {port}, by UDP"),
        SocketPurpose::Multicast(hops) => {
            format!("sends by UDP to the multicast group at {place}, {port}, over at most {hops} hops")
        }
    };
    format!("{}: {what}", socket.name)
}

/// One file in words, with the path that the plugin itself proposes.
fn touch(file: &File, described: &Described) -> String {
    let what = match (file.access, file.kind) {
        (FileAccess::Read, FileKind::File) => "reads the file",
        (FileAccess::Write, FileKind::File) => "reads and replaces the file",
        (FileAccess::Read, FileKind::Folder) => "reads files in the folder",
        (FileAccess::Write, FileKind::Folder) => "reads, makes and replaces files in the folder",
    };
    let parameters = &described.description.parameters;
    let parameter = parameters.iter().find(|parameter| parameter.name == file.option);
    let default = match parameter.and_then(|parameter| parameter.default.as_ref()) {
        Some(path) => format!(", {path} unless it is given"),
        None => String::new(),
    };
    format!("{what} in option {}{default}", file.option)
}
