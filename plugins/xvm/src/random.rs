//! Random bytes for numbers and challenges that an attacker must not predict.

use fencebox_sdk::prelude::*;

/// `N` random bytes.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|cause| Error::unexpected(format!("no random numbers: {cause}")))?;
    Ok(bytes)
}
