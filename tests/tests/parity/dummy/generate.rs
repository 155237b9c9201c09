//! Inputs that a cluster would send, inputs with typing errors, and inputs that make no sense.
//!
//! Each input starts with its own status file and polls without delay. What follows may contradict that, but only with
//! values that end soon.

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::{Just, Strategy, any};
use proptest::prop_oneof;
use proptest::sample::{Index, select};
use proptest::strategy::BoxedStrategy;

use super::input::{Input, Way};
use super::words::{ACTION, BOOLEANS, COMMON, CONTENTS, FAILING, FLAGS, Known, NAMES, ODD_LINES, QUICK, STRAY};

/// Any input.
pub fn input() -> impl Strategy<Value = Input> {
    prop_oneof![
        5 => of_world(&QUICK, true),
        1 => of_world(&FAILING, false),
    ]
}

fn of_world(further: &'static [Known], quick: bool) -> BoxedStrategy<Input> {
    let known: Vec<Known> = [ACTION; 5]
        .into_iter()
        .chain(COMMON)
        .chain(further.iter().copied())
        .collect();
    let first = move |way| {
        let lines: [&[u8]; 2] = match way {
            Way::Arguments => [b"--status-file=st", b"--stonith-status-sleep=0"],
            Way::Lines | Way::Closed => [b"status_file=st", b"stonith_status_sleep=0"],
        };
        let mut pieces: Vec<Vec<Vec<u8>>> = vec![lines.map(<[u8]>::to_vec).to_vec()];
        if !quick {
            let kind: &[u8] = if way == Way::Arguments {
                b"--type=fail"
            } else {
                b"type=fail"
            };
            pieces.push(vec![kind.to_vec()]);
        }
        pieces
    };
    let arguments = vec(prop_oneof![6 => argument(known.clone()), 1 => stray()], 0..6)
        .prop_map(move |pieces| (Way::Arguments, [first(Way::Arguments), pieces].concat()));
    let lines = vec(prop_oneof![3 => line(known), 1 => odd_line()], 0..6)
        .prop_map(move |pieces| (Way::Lines, [first(Way::Lines), pieces].concat()));
    let closed = Just((Way::Closed, Vec::new()));
    let told = prop_oneof![60 => arguments, 60 => lines, 1 => closed];
    let status = weighted(
        0.9,
        prop_oneof![4 => select(&CONTENTS[..2]), 1 => select(&CONTENTS[..])],
    );
    let rarely = || weighted(0.05, Just(())).prop_map(|chance| chance.is_some());
    (told, status, rarely(), rarely())
        .prop_map(move |((way, pieces), status, posix, fenced)| Input {
            pieces,
            way,
            status: status.map(<[u8]>::to_vec),
            posix,
            fenced: fenced && quick,
        })
        .boxed()
}

/// One option on the command line, valid or not.
fn argument(known: Vec<Known>) -> BoxedStrategy<Vec<Vec<u8>>> {
    let valued = (select(known), any::<Index>(), any::<Index>(), 0..12).prop_map(
        |((long, letter, values), which, cut, form)| {
            let value = which.get(values).replace('\0', "");
            let prefix = &long[..=cut.index(long.len())];
            let texts = match (form, letter) {
                (0 | 1, "") | (2, _) => vec![format!("--{long}={value}")],
                (0 | 1, _) => vec![format!("-{letter}"), value],
                (3, _) => vec![format!("--{long}"), value],
                (4, _) => vec![format!("--{prefix}={value}")],
                (5, _) => vec![format!("--{prefix}"), value],
                (6, "") => vec![format!("--{}={value}", long.replace('-', "_"))],
                (6 | 7, letter) => vec![format!("-{letter}{value}")],
                (8, letter) => vec![format!("-qv{letter}"), value],
                (9, letter) => vec![format!("-{letter}={value}")],
                (10, _) => vec![format!("--{long}")],
                _ => vec![format!("--{}={value}", long.to_uppercase())],
            };
            texts.into_iter().map(String::into_bytes).collect()
        },
    );
    let flag = (select(&FLAGS[..]), any::<Index>(), 0..7).prop_map(|((long, letter), cut, form)| {
        let text = match form {
            0 | 1 => format!("--{long}"),
            2 => format!("-{letter}"),
            3 => format!("-{letter}{letter}q"),
            4 => format!("--{}", &long[..=cut.index(long.len())]),
            5 => format!("--{long}=1"),
            _ => format!("--{long}="),
        };
        vec![text.into_bytes()]
    });
    let damaged = select(&NAMES[..]).prop_map(|name| vec![[b"--", name.as_bytes(), b"=\xffx"].concat()]);
    prop_oneof![24 => valued, 6 => flag, 1 => damaged].boxed()
}

fn stray() -> impl Strategy<Value = Vec<Vec<u8>>> {
    vec(select(&STRAY[..]), 1..3).prop_map(|items| items.into_iter().map(<[u8]>::to_vec).collect())
}

/// One option on standard input, valid or not.
fn line(known: Vec<Known>) -> BoxedStrategy<Vec<Vec<u8>>> {
    let valued = (select(known), any::<Index>()).prop_map(|((long, _, values), which)| (long, *which.get(values)));
    let flag = (select(&FLAGS[..]), select(&BOOLEANS[..])).prop_map(|((long, _), word)| (long, word));
    let option = prop_oneof![5 => valued, 2 => flag];
    (option, 0..16, 0..16)
        .prop_map(|((long, value), spelling, quoting)| {
            let name = match spelling {
                0 => long.replace('_', "-"),
                1 => long.to_uppercase(),
                2 => long.replacen('-', "_", 1),
                3 => format!("{long} "),
                4 => format!(" \t{long}"),
                5 => format!("\u{a0}{long}"),
                6 => long[1..].to_owned(),
                7 => long.replace("debug-file", "debug"),
                8 => format!("--{long}"),
                _ => long.replace('-', "_"),
            };
            let text = match quoting {
                0 => format!("{name}=\"{value}\""),
                1 => format!("{name}=\"{value}"),
                2 => format!("{name}='{value}'"),
                3 => format!("{name}=\"\"{value}\"\""),
                4 => format!("{name}= {value}"),
                5 => format!("{name}={value} \t"),
                6 => format!("{name}={value}\r"),
                7 => format!("{name}=\"{value} \" "),
                8 => format!("{name}={value}#x"),
                9 => format!("{name}=={value}"),
                10 => format!("{name}={value}\n{name}={value}"),
                _ => format!("{name}={value}"),
            };
            let mut bytes = text.into_bytes();
            if (spelling, quoting) == (15, 15) {
                bytes.push(0xff);
            }
            vec![bytes]
        })
        .boxed()
}

fn odd_line() -> impl Strategy<Value = Vec<Vec<u8>>> {
    select(&ODD_LINES[..]).prop_map(|line| vec![line.to_vec()])
}
