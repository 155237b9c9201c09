//! Which values of an answer are kept.

use super::shown;

/// Maximum number of paths, and of names in one path.
const LIMIT: usize = 64;

/// Paths from the root of an answer to the values to keep. Without paths, all values are kept.
#[derive(Debug, Default)]
pub struct Keep {
    paths: Vec<Vec<Step>>,
}

/// One name of a path.
#[derive(Debug)]
enum Step {
    /// `*`: any member or item.
    Any,
    /// The member of that name.
    Member(String),
}

/// Which part of a value is kept.
#[derive(Debug, Clone)]
pub(super) enum Below {
    /// Nothing, not even the value itself.
    Nothing,
    /// The value, and the values in it to which these paths lead.
    Some {
        /// Indexes of paths.
        paths: Vec<usize>,
        /// Number of steps already followed.
        steps: usize,
    },
    /// All of it.
    All,
}

/// Why paths to keep are not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeepError {
    /// This number of paths is more than the limit.
    #[error("{0} paths to keep; {LIMIT} is the limit")]
    TooMany(usize),
    /// The path has an empty name, or too many names.
    #[error("the path to keep \"{}\" has an empty name, or more than {LIMIT}", shown(.0))]
    Path(String),
}

impl Keep {
    /// Reads paths such as `Value/*/uuid`.
    pub fn new(paths: &[String]) -> Result<Self, KeepError> {
        if paths.len() > LIMIT {
            return Err(KeepError::TooMany(paths.len()));
        }
        let parse = |path: &String| {
            let steps: Vec<_> = path.split('/').take(LIMIT + 1).map(Step::new).collect();
            let named = |step: &Step| !matches!(step, Step::Member(name) if name.is_empty());
            if steps.len() <= LIMIT && steps.iter().all(named) {
                Ok(steps)
            } else {
                Err(KeepError::Path(path.clone()))
            }
        };
        let paths = paths.iter().map(parse).collect::<Result<_, _>>()?;
        Ok(Self { paths })
    }

    /// Which part of the root is kept: always the root itself.
    pub(super) fn root(&self) -> Below {
        match self.paths.len() {
            0 => Below::All,
            count => Below::Some {
                paths: (0..count).collect(),
                steps: 0,
            },
        }
    }

    /// Which part of a member, or of an item (which has no name), of `value` is kept.
    pub(super) fn inside(&self, value: &Below, name: Option<&str>) -> Below {
        let Below::Some { paths, steps } = value else {
            return value.clone();
        };
        let mut going_on = Vec::new();
        for &index in paths {
            let path = self.paths.get(index).map(Vec::as_slice).unwrap_or_default();
            if !path.get(*steps).is_some_and(|step| step.leads_to(name)) {
                continue;
            }
            if path.len() == steps + 1 {
                return Below::All;
            }
            going_on.push(index);
        }
        if going_on.is_empty() {
            Below::Nothing
        } else {
            Below::Some {
                paths: going_on,
                steps: steps + 1,
            }
        }
    }
}

impl Step {
    fn new(name: &str) -> Self {
        match name {
            "*" => Self::Any,
            name => Self::Member(name.to_owned()),
        }
    }

    fn leads_to(&self, name: Option<&str>) -> bool {
        match self {
            Self::Any => true,
            Self::Member(wanted) => name == Some(wanted),
        }
    }
}
