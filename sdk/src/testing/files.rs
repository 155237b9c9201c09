//! The files that a script lays out.

use std::collections::BTreeMap;

use crate::files::Failure;

/// What one option names: a folder has entries, a file has one without a name.
type Place = BTreeMap<Option<String>, Result<Vec<u8>, Failure>>;

/// What the options of the plugin name.
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

    /// What there is, without what fails.
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
            .ok_or_else(|| Failure::Denied(format!("option {option}: the script lays out no file for it")))
    }
}

/// The end of every read.
pub(crate) fn read(option: &str, entry: Option<&str>) -> Result<Vec<u8>, Failure> {
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

/// The end of every write.
pub(crate) fn write(option: &str, entry: Option<&str>, content: &[u8]) -> Result<(), Failure> {
    super::with_state(|state| {
        let files = state.shelf.files(option)?;
        let entry = entry.map(str::to_owned);
        // What cannot be reached cannot be written either.
        if let Some(Err(failure)) = files.get(&entry) {
            return Err(failure.clone());
        }
        files.insert(entry, Ok(content.to_vec()));
        Ok(())
    })
}
