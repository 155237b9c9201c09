//! All sequences of choices up to a length, one after the other.

/// The choices of one run: what was chosen, of how many.
#[derive(Debug)]
pub(super) struct Choices {
    taken: Vec<(usize, usize)>,
    /// The number of choices that this run has made.
    made: usize,
    /// From then on the first one is taken each time.
    depth: usize,
}

impl Choices {
    /// The first run: always the first choice.
    pub(super) fn new(depth: usize) -> Self {
        Self {
            taken: Vec::new(),
            made: 0,
            depth,
        }
    }

    /// The next choice among so many.
    pub(super) fn next(&mut self, among: usize) -> usize {
        self.made += 1;
        match self.taken.get(self.made - 1) {
            Some((chosen, _)) => *chosen,
            None if self.taken.len() < self.depth => {
                self.taken.push((0, among));
                0
            }
            None => 0,
        }
    }

    /// Goes on to the next run; false if that was the last one.
    pub(super) fn advance(&mut self) -> bool {
        self.made = 0;
        while let Some((chosen, among)) = self.taken.pop() {
            if chosen + 1 < among {
                self.taken.push((chosen + 1, among));
                return true;
            }
        }
        false
    }

    /// What this run has chosen, to be shown.
    pub(super) fn taken(&self) -> Vec<usize> {
        self.taken.iter().map(|(chosen, _)| *chosen).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Choices;

    #[test]
    fn every_sequence_comes_once() {
        let mut choices = Choices::new(2);
        let mut runs = Vec::new();
        loop {
            // The number of the second choices depends on the first.
            let first = choices.next(2);
            let second = choices.next(first + 1);
            let beyond = choices.next(9);
            runs.push((first, second, beyond));
            if !choices.advance() {
                break;
            }
        }
        assert_eq!(runs, [(0, 0, 0), (1, 0, 0), (1, 1, 0)]);
    }
}
