//! A plugin in words, for whoever has to decide about it.

use std::io::Write;

use crate::plugin::Described;
use crate::policy::File;

/// Its names and what it is for.
pub(super) fn names(described: &Described, out: &mut dyn Write, clean: &dyn Fn(&str) -> String) -> std::io::Result<()> {
    let description = &described.description;
    writeln!(out, "{} - {}", clean(&description.name), clean(&description.shortdesc))?;
    for link in &description.symlinks {
        writeln!(
            out,
            "also answers to: {} - {}",
            clean(&link.name),
            clean(&link.shortdesc)
        )?;
    }
    Ok(())
}

/// What it wants to reach, a line each, and what its account has to be
/// allowed. `besides` is what it wants under other names only.
pub(super) fn reach(
    described: &Described,
    besides: &[(String, Vec<String>)],
    out: &mut dyn Write,
    clean: &dyn Fn(&str) -> String,
) -> std::io::Result<()> {
    writeln!(out, "\nwants to reach:")?;
    if described.reach().is_empty() && besides.is_empty() {
        writeln!(out, "  nothing")?;
    }
    for endpoint in described.endpoints.iter() {
        writeln!(out, "  {}", clean(&endpoint.to_string()))?;
    }
    for socket in described.sockets.iter() {
        writeln!(out, "  {}", clean(&socket.to_string()))?;
    }
    for file in described.files.iter() {
        writeln!(out, "  {}", clean(&touch(file, described)))?;
    }
    for (name, more) in besides {
        for line in more {
            writeln!(out, "  called {}: {}", clean(name), clean(line))?;
        }
    }
    let rights = &described.description.rights;
    if !rights.is_empty() {
        writeln!(out, "\nneeds an account that may:")?;
    }
    for right in rights {
        writeln!(out, "  {}", clean(right))?;
    }
    Ok(())
}

/// One file, with the path that the plugin itself proposes.
fn touch(file: &File, described: &Described) -> String {
    let parameters = &described.description.parameters;
    let parameter = parameters.iter().find(|parameter| parameter.name == file.option);
    match parameter.and_then(|parameter| parameter.default.as_ref()) {
        Some(path) => format!("{file}, {path} unless it is given"),
        None => file.to_string(),
    }
}
