//! Compares two values of one tree.

use super::Node;

/// Whether the value at `later`, the last one of the tree, equals the one at `earlier`. Values are
/// stored before the values in them, so equal ones have the same nodes at the same distance.
pub(super) fn equal(nodes: &[Node], earlier: usize, later: usize) -> bool {
    let (before, after) = (nodes.get(earlier..later), nodes.get(later..));
    let (Some(before), Some(after)) = (before, after) else {
        return false;
    };
    let distance = later - earlier;
    before.len() >= after.len()
        && before
            .iter()
            .zip(after)
            .all(|pair| equal_nodes(pair.0, pair.1, distance))
}

fn equal_nodes(earlier: &Node, later: &Node, distance: usize) -> bool {
    let moved = |earlier: u32, later: u32| earlier as usize + distance == later as usize;
    match (earlier, later) {
        (Node::Array(earlier), Node::Array(later)) => {
            earlier.len() == later.len() && earlier.iter().zip(later).all(|(one, other)| moved(*one, *other))
        }
        (Node::Structure(earlier), Node::Structure(later)) => {
            let equal =
                |((one, from), (other, to)): (&(String, u32), &(String, u32))| one == other && moved(*from, *to);
            earlier.len() == later.len() && earlier.iter().zip(later).all(equal)
        }
        (earlier, later) => earlier == later,
    }
}
