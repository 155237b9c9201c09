//! The file of option `status_file`: `on` or `off` in upper or lower case,
//! without a line break.

use fencebox_sdk::prelude::*;

const OPTION: &str = "status_file";

/// The power status in the file. A missing file means off.
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

/// Writes the power status to the file.
pub(crate) fn write(target: PowerTarget) -> Result<()> {
    let word = match target {
        PowerTarget::On => "on",
        PowerTarget::Off => "off",
    };
    Ok(files::write(OPTION, word)?)
}
