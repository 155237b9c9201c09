//! The words of this project: help texts, messages, documents and comments are plain, and what they cite exists.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "test code")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::support;
use crate::support::isolated;

/// The list of words, as `tests/words.toml` has it.
#[derive(serde::Deserialize)]
struct Words {
    skip: Vec<String>,
    avoid: Vec<Avoid>,
}

#[derive(serde::Deserialize)]
struct Avoid {
    words: Vec<String>,
    #[serde(default)]
    except: Vec<String>,
    instead: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn words() -> Words {
    toml::from_str(include_str!("../../words.toml")).unwrap()
}

/// The files of the repository with one of these extensions, relative to its root.
fn files(extensions: &[&str]) -> Vec<PathBuf> {
    let mut folders = vec![root().to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().unwrap().map(|entry| entry.unwrap().path()) {
            let name = entry.file_name().unwrap().to_string_lossy().into_owned();
            if entry.is_dir() && !name.starts_with('.') && name != "target" {
                folders.push(entry);
            } else if extensions.iter().any(|extension| name.ends_with(extension)) {
                files.push(entry.strip_prefix(root()).unwrap().to_owned());
            }
        }
    }
    files.sort();
    assert!(files.len() > 10, "{files:?}");
    files
}

fn read(file: &Path) -> String {
    std::fs::read_to_string(root().join(file)).unwrap()
}

/// The comments and string literals of Rust source text; everything else is blank. Lines stay where they are.
fn comments_and_strings(source: &str) -> String {
    let mut text = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let (length, is_kept) = if rest.starts_with("//") {
            (rest.find('\n').unwrap_or(rest.len()), true)
        } else if let Some(length) = raw_string(rest) {
            (length, true)
        } else if first == '"' {
            (quoted(rest), true)
        } else if first == '\'' {
            (character(rest), false)
        } else {
            // A whole word, so that its last letter does not begin a raw string.
            let word = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
            (word.unwrap_or(rest.len()).max(first.len_utf8()), false)
        };
        let (piece, left) = rest.split_at(length);
        if is_kept {
            text.push_str(piece);
        } else {
            text.extend(piece.chars().map(|letter| if letter == '\n' { '\n' } else { ' ' }));
        }
        rest = left;
    }
    text
}

fn raw_string(rest: &str) -> Option<usize> {
    let start = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r'))?;
    let hashes = start.len() - start.trim_start_matches('#').len();
    start[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let body = rest.len() - start.len() + hashes + 1;
    rest[body..].find(&end).map(|at| body + at + end.len())
}

fn quoted(rest: &str) -> usize {
    let mut is_escaped = false;
    for (at, letter) in rest.char_indices().skip(1) {
        match letter {
            '"' if !is_escaped => return at + 1,
            _ => is_escaped = letter == '\\' && !is_escaped,
        }
    }
    rest.len()
}

/// A character literal, or the mark of a lifetime.
fn character(rest: &str) -> usize {
    let mut letters = rest.char_indices().skip(1);
    match letters.next() {
        Some((_, '\\')) => {
            // The escaped character may be a quotation mark itself.
            letters.next();
            letters
                .find(|(_, letter)| *letter == '\'')
                .map_or(rest.len(), |(at, _)| at + 1)
        }
        Some(_) => match letters.next() {
            Some((at, '\'')) => at + 1,
            _ => 1,
        },
        None => 1,
    }
}

/// One line of words with single blanks and blanks around it, and for each of its bytes the line of the source.
fn flat(text: &str) -> (String, Vec<usize>) {
    let (mut words, mut lines) = (String::from(" "), vec![1]);
    for (number, line) in text.lines().enumerate() {
        let line = line.trim_start().trim_start_matches(['/', '!']);
        for word in line.split(|letter: char| !letter.is_alphanumeric() && !matches!(letter, '-' | '_' | '\'')) {
            if word.is_empty() {
                continue;
            }
            words.push_str(&word.to_lowercase());
            words.push(' ');
            lines.resize(words.len(), number + 1);
        }
    }
    (words, lines)
}

/// The places of this text with words to avoid: line, word, and what to write instead.
fn found(text: &str, words: &Words) -> Vec<String> {
    let (flat, lines) = flat(text);
    let mut found = Vec::new();
    for avoid in &words.avoid {
        for word in &avoid.words {
            let wanted = format!(" {word} ");
            let places = flat.match_indices(&wanted).map(|(at, _)| at);
            let excepted = |at: &usize| {
                avoid
                    .except
                    .iter()
                    .any(|phrase| is_part_of(phrase, word, &flat, at + 1))
            };
            for at in places.filter(|at| !excepted(at)) {
                found.push(format!("{}: {word:?}; instead: {}", lines[at + 1], avoid.instead));
            }
        }
    }
    found
}

/// Whether the word at this place is part of the longer phrase.
fn is_part_of(phrase: &str, word: &str, flat: &str, at: usize) -> bool {
    let start = phrase.find(word).and_then(|offset| at.checked_sub(offset));
    start.is_some_and(|start| flat[start..].starts_with(phrase))
}

#[test]
fn sources_and_documents_have_no_word_of_the_list() {
    let words = words();
    let mut all = Vec::new();
    for file in files(&[".rs", ".wit", ".md", ".toml"]) {
        if words.skip.iter().any(|skip| file.to_string_lossy().starts_with(skip)) {
            continue;
        }
        let mut text = read(&file);
        if file.extension().is_some_and(|extension| extension == "rs") {
            text = comments_and_strings(&text);
        }
        let places = found(&text, &words);
        all.extend(places.into_iter().map(|place| format!("{}:{place}", file.display())));
    }
    assert!(all.is_empty(), "{} places:\n{}", all.len(), all.join("\n"));
}

#[test]
fn help_has_no_word_of_the_list() {
    let words = words();
    let mut agents: Vec<_> = [
        "fence_aws",
        "fence_azure_arm",
        "fence_clc",
        "fence_dummy",
        "fence_gce",
        "fence_hetzner_cloud",
        "fence_openstack",
        "fence_ovh",
        "fence_pve",
        "fence_redfish",
        "fence_virt",
        "fence_vmware_rest",
        "fence_vmware_soap",
        "fence_xenapi",
        "fence_xvm",
    ]
    .map(|agent| (agent, "-h"))
    .into();
    agents.push(("fencebox", "--help"));
    for (program, help) in agents {
        let mut command = isolated(support::program(program));
        command.arg(help);
        let text = support::run(command, "").stdout;
        assert!(text.contains("Usage"), "{program}: {text}");
        assert_eq!(found(&text, &words), [""; 0], "{program} {help}");
    }
}

#[test]
fn a_word_of_the_list_is_found_in_comments_and_strings_alone() {
    let words = words();
    let source = "fn nobody() {} // It is\n// no problem.\nlet x = \"nobody\"; let y = 'r'; let z = r#\"told\"#;\n";
    let found = found(&comments_and_strings(source), &words);
    let lines: Vec<_> = found.iter().map(|place| place.split(';').next().unwrap()).collect();
    assert_eq!(lines, ["3: \"nobody\"", "3: \"told\"", "1: \"is no\""]);
    assert_eq!(self::found("It is no longer there. There is no way.", &words), [""; 0]);
}

/// The anchors that a page of docs/reference has: of its headings, and its explicit ones.
fn anchors(page: &str) -> BTreeSet<String> {
    let slug = |heading: &str| {
        let kept = heading
            .chars()
            .filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'));
        kept.collect::<String>().to_lowercase().replace(' ', "-")
    };
    let headings = page.lines().filter(|line| line.starts_with('#'));
    let mut anchors: BTreeSet<_> = headings.map(|line| slug(line.trim_start_matches('#').trim())).collect();
    for explicit in ["<a id=\"", "<a name=\""] {
        anchors.extend(
            page.split(explicit)
                .skip(1)
                .filter_map(|rest| rest.split('"').next())
                .map(str::to_owned),
        );
    }
    anchors
}

#[test]
fn citations_lead_to_a_page_and_an_anchor() {
    let mut count = 0;
    for file in files(&[".rs", ".wit", ".md"]) {
        let text = read(&file);
        for citation in text.split("docs/reference/").skip(1) {
            let end =
                citation.find(|letter: char| !letter.is_alphanumeric() && !matches!(letter, '.' | '-' | '_' | '#'));
            let citation = citation[..end.unwrap_or(citation.len())].trim_end_matches('.');
            let (page, anchor) = citation.split_once('#').unwrap_or((citation, ""));
            if !page.ends_with(".md") || page.contains("PAGE") {
                continue;
            }
            count += 1;
            let path = root().join("docs/reference").join(page);
            let text = std::fs::read_to_string(&path);
            let text = text.unwrap_or_else(|cause| panic!("{}: {citation}: {cause}", file.display()));
            assert!(
                anchor.is_empty() || anchors(&text).contains(anchor),
                "{}: docs/reference/{citation}: the page has no such anchor",
                file.display()
            );
        }
    }
    assert!(count > 50, "{count} citations");
}

#[test]
fn paths_in_the_pages_for_contributors_exist() {
    const ROOTS: [&str; 8] = ["host/", "sdk/", "plugins/", "tests/", "wit/", "xtask/", "docs/", ".ci/"];
    for page in [
        "CONTRIBUTING.md",
        "README.md",
        "docs/architecture.md",
        "tests/README.md",
        "sdk/README.md",
        "plugins/README.md",
    ] {
        let text = read(Path::new(page));
        let quoted = text.split('`').skip(1).step_by(2);
        let paths = quoted.filter(|path| ROOTS.iter().any(|root| path.starts_with(root)));
        let paths = paths.filter(|path| !path.contains([' ', '*', '<', '$', '…', '\n', '{']) && !path.contains("NNNN"));
        let mut count = 0;
        for path in paths {
            let path = path.split(['#', ':']).next().unwrap();
            count += 1;
            assert!(root().join(path).exists(), "{page}: `{path}` does not exist");
        }
        assert!(count > 0 || page == "README.md", "{page} names no path");
    }
}
