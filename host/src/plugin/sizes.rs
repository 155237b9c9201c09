//! Limits for the size of a description, because the host sorts, prints and searches it.

use super::bindings::fencebox::agent::metadata as wit;

/// Maximum number of options and other rows of a description.
const ROW_LIMIT: usize = 200;
/// Maximum length of a text in a description, in bytes.
const TEXT_LIMIT: usize = 16 * 1024;

/// Why a description is too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum TooLarge {
    #[error("{0} options, choices, symlinks, rights, endpoints, files and sockets; {ROW_LIMIT} is the limit")]
    Rows(usize),
    #[error("a text is longer than 16 KiB")]
    Text,
}

/// Rejects a description that is too large.
pub(super) fn check_size(record: &wit::Agent) -> Result<(), TooLarge> {
    let rows = record.options.len()
        + record.parameters.iter().map(parameter_rows).sum::<usize>()
        + record.overrides.len()
        + record.symlinks.len()
        + record.rights.len()
        + record.capabilities.endpoints.iter().map(endpoint_rows).sum::<usize>()
        + record
            .capabilities
            .files
            .iter()
            .map(|file| 1 + file.fallbacks.len())
            .sum::<usize>()
        + record.capabilities.sockets.iter().map(socket_rows).sum::<usize>();
    if rows > ROW_LIMIT {
        return Err(TooLarge::Rows(rows));
    }
    if texts(record).into_iter().any(|text| text.len() > TEXT_LIMIT) {
        Err(TooLarge::Text)
    } else {
        Ok(())
    }
}

/// All texts of a description.
fn texts(record: &wit::Agent) -> Vec<&String> {
    let mut texts = vec![&record.name, &record.shortdesc, &record.longdesc, &record.vendor_url];
    texts.extend(record.rights.iter().chain(&record.options));
    texts.extend(record.symlinks.iter().flat_map(|link| [&link.name, &link.shortdesc]));
    for parameter in &record.parameters {
        texts.extend([&parameter.name, &parameter.shortdesc]);
        texts.extend(
            parameter
                .default
                .iter()
                .chain(&parameter.obsoletes)
                .chain(&parameter.synonym_of),
        );
        if let wit::ValueKind::Choice(words) = &parameter.value {
            texts.extend(words);
        }
    }
    for change in &record.overrides {
        texts.push(&change.name);
        texts.extend(change.default.iter().chain(&change.shortdesc));
    }
    for endpoint in &record.capabilities.endpoints {
        texts.extend([&endpoint.name, &endpoint.base_path]);
        texts.extend(place_texts(&endpoint.port, &endpoint.addresses));
    }
    for socket in &record.capabilities.sockets {
        texts.push(&socket.name);
        texts.extend(place_texts(&socket.port, &socket.addresses));
    }
    let files = record.capabilities.files.iter();
    texts.extend(files.flat_map(|file| file.fallbacks.iter().chain([&file.option_name])));
    texts
}

fn place_texts<'a>(port: &'a wit::Port, addresses: &'a [wit::Address]) -> Vec<&'a String> {
    let option = match port {
        wit::Port::FromOption(option) => Some(option),
        _ => None,
    };
    option
        .into_iter()
        .chain(addresses.iter().flat_map(address_texts))
        .collect()
}

fn address_texts(address: &wit::Address) -> Vec<&String> {
    match address {
        wit::Address::Fixed(text)
        | wit::Address::FromOption(text)
        | wit::Address::Template(text)
        | wit::Address::InstanceMetadata(text) => vec![text],
        wit::Address::NamedBy(source) => source.follow_option.iter().chain([&source.endpoint_name]).collect(),
        wit::Address::FromUrlOption(url) => url.follow_option.iter().chain([&url.option_name]).collect(),
        wit::Address::ByChoice(choice) => {
            let cases = choice.cases.iter().flat_map(|(value, address)| [value, address]);
            cases.chain([&choice.option_name]).collect()
        }
    }
}

/// A parameter counts with each of its choices.
fn parameter_rows(parameter: &wit::Parameter) -> usize {
    match &parameter.value {
        wit::ValueKind::Choice(words) => 1 + words.len(),
        _ => 1,
    }
}

/// An endpoint counts with its addresses and their cases.
fn endpoint_rows(endpoint: &wit::Endpoint) -> usize {
    1 + address_rows(&endpoint.addresses)
}

fn socket_rows(socket: &wit::Socket) -> usize {
    1 + address_rows(&socket.addresses)
}

fn address_rows(addresses: &[wit::Address]) -> usize {
    let rows = addresses.iter().map(|address| match address {
        wit::Address::ByChoice(choice) => choice.cases.len(),
        _ => 1,
    });
    rows.sum()
}
