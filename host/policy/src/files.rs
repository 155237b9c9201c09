//! Files that a plugin declares, and how it may use them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Denied;

/// Maximum length of a name in a folder, in bytes: the limit of file systems, minus the space that
/// the name of a temporary file needs.
const NAME_LIMIT: usize = 200;

/// A file or folder that a plugin declared (`metadata.file`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct File {
    /// Canonical name of the option that holds the path.
    pub option: String,
    /// What the path leads to.
    pub kind: FileKind,
    /// What the plugin does with it.
    pub access: FileAccess,
    /// Paths for the case that the option has no value: the first that exists. Records of fencebox versions without
    /// them omit the field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fallbacks: Vec<String>,
}

/// What a declared path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileKind {
    /// One regular file.
    File,
    /// A folder: the plugin can use regular files directly in it.
    Folder,
}

/// What a plugin may do with a file. It may always read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileAccess {
    /// Read it.
    Read,
    /// Also create it and replace its content.
    Write,
}

/// All files that a plugin declares.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files(Vec<File>);

impl Files {
    /// Takes the declarations. An option that is declared twice is an error, because it would be
    /// unclear which declaration applies.
    pub fn new(declared: Vec<File>) -> Result<Self, Denied> {
        for (index, file) in declared.iter().enumerate() {
            if declared.iter().take(index).any(|earlier| earlier.option == file.option) {
                return Err(Denied::option(&file.option, "its file is declared twice"));
            }
            if !file.fallbacks.is_empty() && file.access != FileAccess::Read {
                return Err(Denied::option(&file.option, "only a file for reading has fallbacks"));
            }
            if let Some(path) = file.fallbacks.iter().find(|path| !path.starts_with('/')) {
                return Err(Denied::option(
                    &file.option,
                    format!("the fallback {path:?} is not an absolute path"),
                ));
            }
        }
        Ok(Self(declared))
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &File> {
        self.0.iter()
    }

    /// Where the options put each file. An option without a value names the first fallback that exists. If none
    /// exists, it names the first, so that messages name a path.
    pub fn locate<'o>(&self, option: impl Fn(&str) -> Option<&'o str>) -> LocatedFiles {
        let paths = self.0.iter().filter_map(|file| {
            let existing = || file.fallbacks.iter().find(|path| Path::new(path).exists());
            let fallback = || existing().or(file.fallbacks.first()).map(String::as_str);
            let path = option(&file.option).or_else(fallback)?;
            Some((file.option.clone(), PathBuf::from(path)))
        });
        LocatedFiles {
            paths: paths.collect(),
            declared: self.clone(),
        }
    }

    /// Whether the plugin may have `access` to the file that `option` names,
    /// or to `entry` in the folder that it names.
    pub fn check(&self, option: &str, entry: Option<&str>, access: FileAccess) -> Result<&File, Denied> {
        let file = self.0.iter().find(|file| file.option == option).ok_or_else(|| {
            let declared = self.0.iter().map(|file| file.option.as_str());
            Denied::undeclared(&format!("a file in option {option:?}"), declared)
        })?;
        let refuse = |rule: &str| Err(Denied::option(option, rule));
        if access > file.access {
            return refuse("the plugin declared it for reading only");
        }
        match (file.kind, entry) {
            (FileKind::File, None) => Ok(file),
            (FileKind::File, Some(_)) => refuse("the plugin declared a file, not a folder"),
            (FileKind::Folder, None) => refuse("the plugin declared a folder, which has no content of its own"),
            (FileKind::Folder, Some(name)) => match check_name(name) {
                Ok(()) => Ok(file),
                Err(rule) => {
                    let shown: String = name.chars().take(80).collect();
                    refuse(&format!("{shown:?} {rule}"))
                }
            },
        }
    }
}

/// Declared files, with the paths from the options of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocatedFiles {
    declared: Files,
    /// By option.
    paths: BTreeMap<String, PathBuf>,
}

impl LocatedFiles {
    /// Each file that has a path, with its path.
    pub fn iter(&self) -> impl Iterator<Item = (&File, &Path)> {
        let files = self.declared.iter();
        files.filter_map(|file| Some((file, self.paths.get(&file.option)?.as_path())))
    }

    /// As [`Files::check`], with the path.
    pub fn check(&self, option: &str, entry: Option<&str>, access: FileAccess) -> Result<(&File, &Path), Denied> {
        let file = self.declared.check(option, entry, access)?;
        let path = self.paths.get(option);
        let path = path.ok_or_else(|| Denied::new(format!("option {option} has no value, and so names no file")))?;
        Ok((file, path))
    }
}

/// A plain name cannot lead to another folder. Names that begin with a dot are reserved for the
/// host.
fn check_name(name: &str) -> Result<(), &'static str> {
    if name.is_empty() {
        return Err("is not a file name");
    }
    if name.len() > NAME_LIMIT {
        return Err("is longer than 200 bytes");
    }
    if name.starts_with('.') {
        return Err("begins with a dot");
    }
    if name
        .chars()
        .any(|character| matches!(character, '/' | '\\') || character.is_control())
    {
        Err("contains a slash, a backslash or a control character")
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{File, FileAccess, FileKind, Files};

    fn file(option: &str, kind: FileKind, access: FileAccess) -> File {
        File {
            option: option.to_owned(),
            kind,
            access,
            fallbacks: Vec::new(),
        }
    }

    fn files() -> Files {
        Files::new(vec![
            file("status_file", FileKind::File, FileAccess::Write),
            file("key", FileKind::File, FileAccess::Read),
            file("answers", FileKind::Folder, FileAccess::Read),
        ])
        .unwrap()
    }

    #[track_caller]
    fn refused(option: &str, entry: Option<&str>, access: FileAccess, words: &str) {
        let rule = files().check(option, entry, access).unwrap_err().to_string();
        assert!(rule.contains(words) && rule.contains(option), "{rule}");
    }

    #[test]
    fn declared_uses_are_allowed() {
        let files = files();
        assert!(files.check("status_file", None, FileAccess::Write).is_ok());
        assert!(files.check("status_file", None, FileAccess::Read).is_ok());
        assert!(files.check("key", None, FileAccess::Read).is_ok());
        assert!(files.check("answers", Some("node1-7.json"), FileAccess::Read).is_ok());
    }

    #[test]
    fn a_fallback_is_the_first_that_exists() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let fallbacks = vec![path("first"), path("second"), path("third")];
        let declared = File {
            fallbacks: fallbacks.clone(),
            ..file("key", FileKind::File, FileAccess::Read)
        };
        let files = Files::new(vec![declared]).unwrap();
        let used = |value| {
            let located = files.locate(|_| value);
            let (_, path) = located.check("key", None, FileAccess::Read).unwrap();
            path.to_str().unwrap().to_owned()
        };
        assert_eq!(used(None), fallbacks[0], "none exists: messages name the first");
        for name in ["third", "second"] {
            std::fs::write(path(name), "x").unwrap();
            assert_eq!(used(None), path(name));
        }
        assert_eq!(used(Some("/other")), "/other", "the option goes first");
    }

    #[test]
    fn fallbacks_are_absolute_and_only_read() {
        for (access, path, words) in [
            (FileAccess::Write, "/etc/x", "only a file for reading"),
            (FileAccess::Read, "x", "not an absolute path"),
        ] {
            let declared = File {
                fallbacks: vec![path.to_owned()],
                ..file("key", FileKind::File, access)
            };
            let rule = Files::new(vec![declared]).unwrap_err().to_string();
            assert!(rule.contains(words) && rule.contains("key"), "{rule}");
        }
    }

    #[test]
    fn undeclared_uses_are_refused() {
        refused("debug_file", None, FileAccess::Read, "did not declare");
        refused("/etc/shadow", None, FileAccess::Read, "did not declare");
        refused("key", None, FileAccess::Write, "for reading only");
        refused("answers", Some("a"), FileAccess::Write, "for reading only");
        refused("status_file", Some("a"), FileAccess::Read, "declared a file");
        refused("answers", None, FileAccess::Read, "declared a folder");
    }

    #[test]
    fn names_cannot_leave_the_folder() {
        for name in [
            "",
            ".",
            "..",
            "../x",
            "a/b",
            "/etc/shadow",
            "a\\b",
            ".a.tmp",
            "a\0",
            "a\nb",
        ] {
            assert!(
                files().check("answers", Some(name), FileAccess::Read).is_err(),
                "{name:?}"
            );
        }
        for (length, is_allowed) in [(200, true), (201, false)] {
            let name = "x".repeat(length);
            let outcome = files().check("answers", Some(&name), FileAccess::Read).map(drop);
            assert_eq!(outcome.is_ok(), is_allowed, "{length}");
        }
    }

    #[test]
    fn only_options_with_a_value_have_a_path() {
        let located = files().locate(|name| (name != "key").then_some("/run/x"));
        let paths: Vec<_> = located
            .iter()
            .map(|(file, path)| (file.option.as_str(), path))
            .collect();
        assert_eq!(
            paths,
            [("status_file", Path::new("/run/x")), ("answers", Path::new("/run/x"))]
        );
    }

    #[test]
    fn an_option_names_one_file() {
        let twice = vec![
            file("key", FileKind::File, FileAccess::Read),
            file("key", FileKind::File, FileAccess::Write),
        ];
        assert!(Files::new(twice).is_err());
    }
}
