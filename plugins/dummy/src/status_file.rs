//! The file of option `status_file`: `on` or `off`, in any case, and nothing
//! after it.

use fencebox_sdk::prelude::*;

const OPTION: &str = "status_file";

/// What it says. A device whose file was never written is off.
pub(crate) fn read() -> Result<PowerStatus> {
    let content = match files::read(OPTION) {
        Ok(content) => content,
        Err(files::Failure::NotFound(_)) => return Ok(PowerStatus::Off),
        Err(failure) => return Err(failure.into()),
    };
    Ok(match content.to_ascii_lowercase().as_slice() {
        b"on" => PowerStatus::On,
        b"off" => PowerStatus::Off,
        _ => PowerStatus::Unknown,
    })
}

/// Has it say so.
pub(crate) fn write(target: PowerTarget) -> Result<()> {
    let word = match target {
        PowerTarget::On => "on",
        PowerTarget::Off => "off",
    };
    Ok(files::write(OPTION, word)?)
}
