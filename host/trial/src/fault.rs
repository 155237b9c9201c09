//! Faults and their positions.

/// A kind of fault at a step of the conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The step.
    pub step: String,
    /// The kind, with its argument.
    pub kind: String,
    /// Whether it is useful at each call of the step, and not only at the first.
    pub everywhere: bool,
    /// Whether it is so expensive that it is placed only at the first call.
    pub heavy: bool,
}

impl Fault {
    /// The fault at only this call of the step, from 1.
    #[must_use]
    pub fn once(&self, call: u64) -> String {
        format!("{}#{call}*1={}", self.step, self.kind)
    }

    /// The fault at this call of the step and at all later ones.
    #[must_use]
    pub fn lasting(&self, call: u64) -> String {
        format!("{}#{call}={}", self.step, self.kind)
    }
}
