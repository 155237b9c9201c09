//! The description of a plugin as text, for the administrator who decides whether to approve it.

use std::io::Write;

use crate::agent::description::Description;
use crate::plugin::Declared;

/// Prints the names and short descriptions.
pub(super) fn names(
    description: &Description,
    out: &mut dyn Write,
    clean: &dyn Fn(&str) -> String,
) -> std::io::Result<()> {
    writeln!(out, "{} - {}", clean(&description.name), clean(&description.shortdesc))?;
    for link in &description.symlinks {
        writeln!(out, "further name: {} - {}", clean(&link.name), clean(&link.shortdesc))?;
    }
    Ok(())
}

/// Prints what needs approval, one item a line, and the permissions that the account on the device needs. `besides`
/// is what needs approval only under further names.
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
        writeln!(out, "\nthe account on the device needs permission to:")?;
    }
    for right in rights {
        writeln!(out, "  {}", clean(right))?;
    }
    Ok(())
}
