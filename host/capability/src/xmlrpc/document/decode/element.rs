//! Open elements of a document.

use std::collections::HashMap;

use super::super::keep::Below;
use super::super::scalar::Kind;

/// The index of a kept value in the tree.
pub(super) type Index = Option<u32>;

/// An open element. `full`: it already contains the element that may occur only once.
pub(super) enum Element {
    Response {
        full: bool,
    },
    Params {
        full: bool,
    },
    /// `param` or `fault`.
    Holder {
        full: bool,
    },
    Value {
        index: Index,
        below: Below,
        full: bool,
        /// The value of an earlier member of the same name, which this one has to equal.
        twin: Index,
    },
    /// A dropped value, or any element in one.
    Dropped {
        is_value: bool,
    },
    Scalar {
        kind: Kind,
        index: Index,
    },
    Array {
        index: Index,
        below: Below,
        full: bool,
    },
    Data {
        index: Index,
        below: Below,
    },
    Struct {
        index: Index,
        below: Below,
        /// The hash of the name and the index of the value of each kept member. Hashes take bounded
        /// space, names do not. Among 10,000 different names, two have the same hash in one of
        /// 10^11 answers.
        names: HashMap<u64, u32>,
    },
    Member {
        index: Index,
        below: Below,
        name: Option<String>,
        full: bool,
    },
    Name,
}
