//! The operations of an implementation of `Device`.

use proc_macro::{Delimiter, Group, TokenStream, TokenTree};

/// Functions of the trait, and the operations that need them.
const OPERATIONS: [(&str, &str); 4] = [
    ("plugs", "LIST_PLUGS"),
    ("cycle", "CYCLE"),
    ("diagnose", "DIAG"),
    ("check_options", "CHECK_OPTIONS"),
];

/// Adds a function that returns the operations.
pub(crate) fn expand(implementation: TokenStream) -> Result<TokenStream, String> {
    let mut tokens: Vec<TokenTree> = implementation.into_iter().collect();
    let Some(TokenTree::Group(body)) = tokens.pop() else {
        return Err(WANTED.to_owned());
    };
    let is_impl = tokens.iter().any(|token| token.to_string() == "impl");
    if body.delimiter() != Delimiter::Brace || !is_impl {
        return Err(WANTED.to_owned());
    }
    let operations = operations(&functions(body.stream()))?;
    let operations: String = operations
        .iter()
        .map(|name| format!(" | ::fencebox_sdk::Operations::{name}"))
        .collect();
    let function: TokenStream = format!(
        "fn implemented() -> ::core::option::Option<::fencebox_sdk::Operations> {{
            ::core::option::Option::Some(::fencebox_sdk::Operations::empty(){operations})
        }}"
    )
    .parse()
    .map_err(|problem| format!("#[device]: {problem}"))?;
    let mut extended = Group::new(Delimiter::Brace, TokenStream::from_iter([body.stream(), function]));
    extended.set_span(body.span());
    tokens.push(TokenTree::Group(extended));
    Ok(tokens.into_iter().collect())
}

const WANTED: &str = "#[device] stands above `impl Device for …`";

/// The names of the functions in the body of an implementation. Functions inside
/// functions are in groups, and do not count.
fn functions(body: TokenStream) -> Vec<String> {
    let mut names = Vec::new();
    let mut tokens = body.into_iter();
    while let Some(token) = tokens.next() {
        if matches!(&token, TokenTree::Ident(word) if word.to_string() == "fn") {
            names.extend(tokens.next().map(|name| name.to_string()));
        }
    }
    names
}

/// The operations that these functions serve.
fn operations(functions: &[String]) -> Result<Vec<&'static str>, String> {
    let has = |name: &str| functions.iter().any(|function| function == name);
    match (has("cycle"), has("cycle_complete")) {
        (true, false) => return Err("`cycle` needs `cycle_complete`: an accepted request proves nothing".to_owned()),
        (false, true) => return Err("`cycle_complete` needs `cycle`".to_owned()),
        _ => {}
    }
    let served = OPERATIONS.into_iter().filter(|(function, _)| has(function));
    Ok(served.map(|(_, operation)| operation).collect())
}

#[cfg(test)]
mod tests {
    use super::operations;

    fn of(functions: &[&str]) -> Result<Vec<&'static str>, String> {
        let functions: Vec<String> = functions.iter().map(|&name| name.to_owned()).collect();
        operations(&functions)
    }

    #[test]
    fn a_function_declares_its_operation() {
        assert_eq!(of(&["describe", "open", "power_status", "set_power"]), Ok(vec![]));
        assert_eq!(
            of(&["check_options", "plugs", "cycle_complete", "cycle", "diagnose"]),
            Ok(vec!["LIST_PLUGS", "CYCLE", "DIAG", "CHECK_OPTIONS"])
        );
    }

    #[test]
    fn a_cycle_has_two_functions() {
        assert!(of(&["cycle"]).is_err() && of(&["cycle_complete"]).is_err());
    }
}
