//! The corpus of the fuzz targets and random mutations of it, through the same functions: finds what a minute of
//! fuzzing would find first, in every test run and without a nightly compiler.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "test code"
)]

#[path = "../../fuzz/src/parsers.rs"]
mod functions;

use std::path::Path;
use std::time::{Duration, Instant};

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};

/// Mutations of each file.
const ROUNDS: u32 = 1500;
/// Maximum time of a processor for one input.
const LIMIT: Duration = Duration::from_secs(2);

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut paths: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() > 3, "{}", folder.display());
    paths.into_iter().map(|path| std::fs::read(path).unwrap()).collect()
}

fn feed(target: &str, parse: fn(&[u8])) {
    let corpus = corpus(target);
    let mut chance = Chance(TestRng::from_seed(
        RngAlgorithm::ChaCha,
        b"the same mutations everywhere...",
    ));
    let timed = |data: &[u8]| {
        let started = Instant::now();
        parse(data);
        if started.elapsed() >= LIMIT {
            // On a busy machine, this thread may have waited.
            let before = processor_time();
            parse(data);
            assert!(processor_time() - before < LIMIT, "\"{}\"", data.escape_ascii());
        }
    };
    for seed in &corpus {
        timed(seed);
        let mut data = seed.clone();
        for round in 0..ROUNDS {
            if round % 12 == 0 {
                data.clone_from(seed);
            }
            chance.mutate(&mut data, &corpus);
            timed(&data);
        }
    }
}

/// The time that this thread has run on a processor.
fn processor_time() -> Duration {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(statistics.split(' ').next().unwrap().parse().unwrap())
}

struct Chance(TestRng);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0.next_u32() as usize % end.max(1)
    }

    /// Makes one change: inserts special bytes, or doubles, drops or copies a piece.
    fn mutate(&mut self, data: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        const SPECIAL: &[u8] = b"=-_\n\r\0\"'# \t,;:/@%.?[]\\09azA\xff\xc2\xa0\xe2";
        let from = self.below(data.len());
        let to = (from + self.below(24)).min(data.len());
        match self.below(6) {
            0 => data.insert(from, SPECIAL[self.below(SPECIAL.len())]),
            1 if !data.is_empty() => data[from] = SPECIAL[self.below(SPECIAL.len())],
            2 => drop(data.drain(from..to)),
            3 => {
                let piece = data[from..to].to_vec();
                data.splice(to..to, piece);
            }
            4 => {
                let other = &corpus[self.below(corpus.len())];
                let start = self.below(other.len());
                let piece = other[start..].iter().take(24).copied();
                data.splice(from..from, piece);
            }
            _ => {
                let times = self.below(64);
                data.splice(from..from, std::iter::repeat_n(SPECIAL[times % SPECIAL.len()], times));
            }
        }
    }
}

#[test]
fn lines_of_standard_input_do_not_break_the_parser() {
    feed("standard_input", functions::standard_input);
}

#[test]
fn arguments_do_not_break_the_parser() {
    feed("command_line", functions::command_line);
}

#[test]
fn addresses_and_paths_do_not_break_the_parser() {
    feed("policy", functions::addresses);
}

#[test]
fn descriptions_of_plugins_do_not_break_the_parser() {
    feed("description", functions::descriptions);
}

#[test]
fn policy_files_do_not_break_the_parser() {
    feed("policy_file", functions::policies);
}

#[test]
fn answers_in_xmlrpc_do_not_break_the_parser() {
    feed("xmlrpc", functions::answers);
}

#[test]
fn answers_in_http_do_not_break_the_parser() {
    feed("http", functions::http_answers);
}

#[test]
fn certificates_do_not_break_the_reader() {
    feed("certificate", functions::certificates);
}
