//! Generates all sequences of choices up to a given length.

/// The choices of one run: each choice, with the number of alternatives.
#[derive(Debug)]
pub(super) struct Choices {
    taken: Vec<(usize, usize)>,
    /// The number of choices that this run has made.
    made: usize,
    /// The number of choices after which always the first alternative is taken.
    depth: usize,
}

impl Choices {
    /// The first run, which always takes the first alternative.
    pub(super) fn new(depth: usize) -> Self {
        Self {
            taken: Vec::new(),
            made: 0,
            depth,
        }
    }

    /// The next choice among `among` alternatives.
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

    /// Prepares the next run; false after the last run.
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

    /// The choices of this run, for messages.
    pub(super) fn taken(&self) -> Vec<usize> {
        self.taken.iter().map(|(chosen, _)| *chosen).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Choices;

    #[test]
    fn every_sequence_is_generated_once() {
        let mut choices = Choices::new(2);
        let mut runs = Vec::new();
        loop {
            // The number of alternatives of the second choice depends on the first.
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
