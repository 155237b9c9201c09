//! The files of a script.

use std::collections::BTreeMap;

use fencebox_policy::FileAccess;

use super::declared;
use crate::files::Failure;

/// The entries of a folder that an option names; a file is one entry without a
/// name.
type Place = BTreeMap<Option<String>, Result<Vec<u8>, Failure>>;

/// The files and folders that the options of the plugin name.
#[derive(Debug, Clone, Default)]
pub(super) struct FakeFiles {
    options: BTreeMap<String, Place>,
}

impl FakeFiles {
    pub(super) fn declare(&mut self, option: &str) {
        self.options.entry(option.to_owned()).or_default();
    }

    pub(super) fn put(&mut self, option: &str, entry: Option<&str>, content: Result<Vec<u8>, Failure>) {
        let files = self.options.entry(option.to_owned()).or_default();
        files.insert(entry.map(str::to_owned), content);
    }

    /// The files without those that fail.
    pub(super) fn entries(&self, option: &str) -> Vec<(String, Vec<u8>)> {
        let files = self.options.get(option).into_iter().flatten();
        let whole = files.filter_map(|(entry, content)| {
            let content = content.as_ref().ok()?;
            Some((entry.clone().unwrap_or_default(), content.clone()))
        });
        whole.collect()
    }

    fn files(&mut self, option: &str) -> Result<&mut Place, Failure> {
        self.options
            .get_mut(option)
            .ok_or_else(|| Failure::Denied(format!("option {option}: the script has no file for it")))
    }
}

/// Reads a file of the script.
pub(crate) fn read(option: &str, entry: Option<&str>) -> Result<Vec<u8>, Failure> {
    declared::check_file(option, entry, FileAccess::Read)?;
    super::with_state(|state| {
        let missing = || {
            Err(Failure::NotFound(format!(
                "option {option}: the script has no such file"
            )))
        };
        let files = state.shelf.files(option)?;
        files.get(&entry.map(str::to_owned)).cloned().unwrap_or_else(missing)
    })
}

/// Writes a file of the script.
pub(crate) fn write(option: &str, entry: Option<&str>, content: &[u8]) -> Result<(), Failure> {
    declared::check_file(option, entry, FileAccess::Write)?;
    super::with_state(|state| {
        let files = state.shelf.files(option)?;
        let entry = entry.map(str::to_owned);
        // A file that fails also fails to be written.
        if let Some(Err(failure)) = files.get(&entry) {
            return Err(failure.clone());
        }
        files.insert(entry, Ok(content.to_vec()));
        Ok(())
    })
}
