//! A plugin in words, for the administrator who decides about it.

use std::io::Write;

use crate::agent::description::Description;
use crate::plugin::Declared;

/// Its names and what it is for.
pub(super) fn names(
    description: &Description,
    out: &mut dyn Write,
    clean: &dyn Fn(&str) -> String,
) -> std::io::Result<()> {
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

/// All that needs approval, a line each, and what the account on the device has to be
/// allowed. `besides` is what needs approval under other names only.
pub(super) fn approval(
    declared: &Declared,
    besides: &[(String, Vec<String>)],
    out: &mut dyn Write,
    clean: &dyn Fn(&str) -> String,
) -> std::io::Result<()> {
    writeln!(out, "\nneeds approval:")?;
    let lines = declared.approval().lines();
    if lines.is_empty() && besides.is_empty() {
        writeln!(out, "  nothing")?;
    }
    for line in lines {
        writeln!(out, "  {}", clean(&line))?;
    }
    for (name, more) in besides {
        for line in more {
            writeln!(out, "  called {}: {}", clean(name), clean(line))?;
        }
    }
    let rights = &declared.description.rights;
    if !rights.is_empty() {
        writeln!(out, "\nneeds an account that may:")?;
    }
    for right in rights {
        writeln!(out, "  {}", clean(right))?;
    }
    Ok(())
}
