//! The parts that two documents must have in common although their descriptions differ.

/// The document without the texts that each agent writes in its own words; `None` if it is neither help nor metadata.
pub fn frame(text: &str) -> Option<String> {
    if text.starts_with("<?xml") {
        Some(metadata(text))
    } else if text.starts_with("Usage:") {
        Some(help(text))
    } else {
        None
    }
}

/// Order, names, attributes, types, defaults and actions.
fn metadata(text: &str) -> String {
    let words = ["<longdesc>", "<vendor-url>", "\t\t<shortdesc lang=\"en\">"];
    let lines = text
        .lines()
        .map(|line| match words.iter().find(|word| line.starts_with(**word)) {
            Some(word) => word,
            None if line.starts_with("<resource-agent") => line.split(" shortdesc").next().unwrap_or(line),
            None => line,
        });
    lines.collect::<Vec<_>>().join("\n")
}

/// The columns of options in their order, and the complete text of `action`.
fn help(text: &str) -> String {
    let mut columns = Vec::new();
    let mut whole = false;
    for line in text.lines() {
        let Some(option) = line.strip_prefix("   -") else {
            if whole || !line.starts_with(' ') {
                columns.push(line);
            }
            continue;
        };
        whole = option.starts_with("o,");
        let words = if option.starts_with('-') { 1 } else { 2 };
        let end = option
            .match_indices(' ')
            .nth(words - 1)
            .map_or(option.len(), |(at, _)| at);
        columns.push(if whole { option } else { &option[..end] });
    }
    columns.join("\n")
}
