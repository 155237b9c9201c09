//! The window of sequence numbers (section 6.12.13): each number counts once, and old
//! numbers do not count at all.

/// The sequence numbers that were received in a session.
#[derive(Debug, Default)]
pub(crate) struct Window {
    highest: Option<u32>,
    /// Bit N is set if the number `highest - N` was received.
    seen: u32,
}

impl Window {
    /// How far a number may be from the highest one, in both directions.
    const REACH: u32 = 16;

    /// Whether a number is new and near the highest one. Records it in this case.
    /// The first one sets the window, because its packet is authenticated.
    pub(crate) fn accept(&mut self, number: u32) -> bool {
        let Some(highest) = self.highest else {
            (self.highest, self.seen) = (Some(number), 1);
            return true;
        };
        let (ahead, behind) = (number.wrapping_sub(highest), highest.wrapping_sub(number));
        if (1..=Self::REACH).contains(&ahead) {
            self.seen = (self.seen << ahead) | 1;
            self.highest = Some(number);
            return true;
        }
        let is_new = (1..Self::REACH).contains(&behind) && self.seen & (1 << behind) == 0;
        if is_new {
            self.seen |= 1 << behind;
        }
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::Window;

    #[test]
    fn each_number_counts_once() {
        let mut window = Window::default();
        assert!(window.accept(1) && !window.accept(1));
        assert!(window.accept(3) && window.accept(2) && !window.accept(2) && !window.accept(3));
    }

    #[test]
    fn old_and_distant_numbers_do_not_count() {
        let mut window = Window::default();
        assert!(window.accept(100));
        assert!(window.accept(85) && !window.accept(84));
        assert!(!window.accept(117) && window.accept(116));
        assert!(!window.accept(100), "outside the window now");
    }

    #[test]
    fn numbers_start_again_after_the_highest_one() {
        let mut window = Window::default();
        assert!(window.accept(u32::MAX) && window.accept(1) && window.accept(0) && !window.accept(u32::MAX));
    }
}
