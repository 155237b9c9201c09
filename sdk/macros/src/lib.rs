//! The macros `path!` and `device` of `fencebox-sdk`, which re-exports them.
//!
//! Only a procedural macro can read the names in a template. `format!` would
//! insert values unchanged, and a value such as `../x` would then change the
//! resource of the request. And only a procedural macro can read which functions
//! an implementation has: no other code can distinguish a default function of a trait from
//! another one.

mod device;

use proc_macro::{Delimiter, Group, Ident, Literal, Span, TokenStream, TokenTree};

/// A path with values in it: `path!("/servers/{account}/{self.id}")`.
///
/// Returns a `fencebox_sdk::http::Path`. Braces contain a variable or a field
/// that implements `Display`; its value is percent-encoded, including slashes.
/// See `Path` for the values that a path cannot contain.
#[proc_macro]
pub fn path(input: TokenStream) -> TokenStream {
    expand(input).unwrap_or_else(|problem| compile_error(&problem))
}

/// Declares the operations of a plugin by the functions that it has. It stands
/// above `impl Device for …`:
///
/// | Function | Operation |
/// |---|---|
/// | `plugs` | `Operations::LIST_PLUGS` |
/// | `cycle` and `cycle_complete` | `Operations::CYCLE` |
/// | `diagnose` | `Operations::DIAG` |
/// | `check_options` | `Operations::CHECK_OPTIONS` |
///
/// An operation without its function is then an error, when the plugin is tested
/// with `testing::open` and when it is installed. Without this macro, `describe`
/// declares the operations itself, which a plugin with several agents needs.
#[proc_macro_attribute]
pub fn device(arguments: TokenStream, implementation: TokenStream) -> TokenStream {
    if !arguments.is_empty() {
        return compile_error("#[device] has no arguments");
    }
    device::expand(implementation).unwrap_or_else(|problem| compile_error(&problem))
}

fn expand(input: TokenStream) -> Result<TokenStream, String> {
    let template = string_literal(input)?;
    let (pieces, names) = split(&template)?;
    let pieces: Vec<String> = pieces.iter().map(|piece| format!("{piece:?}")).collect();
    let values: Vec<String> = names.iter().map(|name| format!("({name:?}, &{name})")).collect();
    format!(
        "::fencebox_sdk::http::Path::encode(&[{}], &[{}])",
        pieces.join(", "),
        values.join(", ")
    )
    .parse()
    .map_err(|problem| format!("path!: {problem}"))
}

/// The text of the macro's only argument, a string literal.
fn string_literal(input: TokenStream) -> Result<String, String> {
    const WANTED: &str = "path! takes one string in plain quotes: path!(\"/servers/{id}\")";
    let mut tokens = input.into_iter();
    let (Some(TokenTree::Literal(literal)), None) = (tokens.next(), tokens.next()) else {
        return Err(WANTED.to_owned());
    };
    let text = literal.to_string();
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    // Escape sequences are not supported, because paths do not need them.
    text.filter(|text| !text.contains('\\'))
        .map(str::to_owned)
        .ok_or_else(|| WANTED.to_owned())
}

/// The fixed pieces of a template and the names between them. There is always
/// one piece more than there are names.
fn split(template: &str) -> Result<(Vec<&str>, Vec<&str>), String> {
    if !template.starts_with('/') {
        return Err("a path must start with a slash".to_owned());
    }
    let (mut pieces, mut names, mut rest) = (Vec::new(), Vec::new(), template);
    while let Some((piece, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').ok_or("a brace is not closed")?;
        if !is_place(name) {
            return Err(format!("`{{{name}}}` is not the name of a variable or a field"));
        }
        pieces.push(piece);
        names.push(name);
        rest = after;
    }
    pieces.push(rest);
    match pieces.iter().find(|piece| piece.contains('}')) {
        Some(_) => Err("a closing brace has no opening brace".to_owned()),
        None => Ok((pieces, names)),
    }
}

/// Whether this is the name of a variable or of a field.
fn is_place(name: &str) -> bool {
    name.split('.').all(|part| {
        !part.is_empty()
            && !part.starts_with(|first: char| first.is_ascii_digit())
            && part.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
    })
}

fn compile_error(problem: &str) -> TokenStream {
    let text = TokenTree::from(Literal::string(problem));
    TokenStream::from_iter([
        TokenTree::from(Ident::new("compile_error", Span::call_site())),
        TokenTree::from(proc_macro::Punct::new('!', proc_macro::Spacing::Alone)),
        TokenTree::from(Group::new(Delimiter::Brace, TokenStream::from(text))),
    ])
}

#[cfg(test)]
mod tests {
    use super::{is_place, split};

    #[test]
    fn pieces_surround_the_names() {
        assert_eq!(split("/a/{b}/c{d.e}"), Ok((vec!["/a/", "/c", ""], vec!["b", "d.e"])));
        assert_eq!(split("/"), Ok((vec!["/"], vec![])));
    }

    #[test]
    fn invalid_templates_are_refused() {
        for template in [
            "a", "", "/{", "/}", "/{}", "/{a b}", "/{f()}", "/{a.}", "/{1}", "/{a:?}",
        ] {
            assert!(split(template).is_err(), "{template}");
        }
    }

    #[test]
    fn a_place_is_a_variable_or_a_field() {
        assert!(is_place("id") && is_place("self.account") && is_place("_a1"));
    }
}
