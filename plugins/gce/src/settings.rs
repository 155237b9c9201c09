//! The options.

use fencebox_oauth2::ServiceAccount;
use fencebox_sdk::prelude::*;

use crate::service_account;

const COMMAND: &str = "is a command, and an agent runs no commands; omit it";
const PROXY: &str = "is not supported; set proxy=http://HOST:PORT instead of proxyhost and proxyport";
/// Options that are refused, and what to do instead.
const REFUSED: [(&str, &str); 5] = [
    ("runonwarn", COMMAND),
    ("runonfail", COMMAND),
    ("baremetalsolution", "is not supported: it has no power status; omit it"),
    ("proxyhost", PROXY),
    ("proxyport", PROXY),
];

/// The options of a session.
pub(crate) struct Settings {
    /// The instances in the option `plug`.
    pub(crate) plugs: Vec<String>,
    pub(crate) project: Option<String>,
    /// The account in the key file; without one it is that of this machine.
    pub(crate) account: Option<ServiceAccount>,
    zones: Vec<String>,
    /// Plugs and their zones.
    map: Vec<(String, String)>,
}

impl Settings {
    pub(crate) fn read(options: &Options) -> Result<Self> {
        for (name, reason) in REFUSED {
            if options.get(name).is_some() {
                return Err(Error::invalid_option(name, reason));
            }
        }
        let list = |name: &str| {
            let parts = options.get(name).unwrap_or_default().split(',').map(str::trim);
            let parts = parts.filter(|part| !part.is_empty()).map(str::to_owned);
            parts.collect::<Vec<_>>()
        };
        let plugs: Vec<String> = options.plugs().into_iter().map(str::to_owned).collect();
        for plug in &plugs {
            check_plug(plug)?;
        }
        let has_token_url = options.get("token_url").is_some();
        let (account, own_project) = match options.get(service_account::OPTION) {
            Some(_) => service_account::read(has_token_url).map(|(account, project)| (Some(account), project))?,
            None => (None, None),
        };
        Ok(Self {
            project: options.get("project").map(str::to_owned).or(own_project),
            map: list("plugzonemap")
                .iter()
                .map(|pair| parse_pair(pair))
                .collect::<Result<_>>()?,
            plugs,
            account,
            zones: list("zone"),
        })
    }

    /// The zone of a plug, as the options give it: in the map, the only one, or the one at its place.
    pub(crate) fn zone_of(&self, plug: &str) -> Option<&str> {
        let mapped = self.map.iter().find(|(own, _)| own == plug);
        let at = self.plugs.iter().position(|own| own == plug).unwrap_or_default();
        let listed = || self.only_zone().or_else(|| self.zones.get(at).map(String::as_str));
        mapped.map(|(_, zone)| zone.as_str()).or_else(listed)
    }

    /// The zone, if there is only one.
    pub(crate) fn only_zone(&self) -> Option<&str> {
        match self.zones.as_slice() {
            [zone] => Some(zone),
            _ => None,
        }
    }
}

/// `node1:europe-west1-b`.
fn parse_pair(pair: &str) -> Result<(String, String)> {
    let (plug, zone) = pair.split_once(':').unwrap_or_default();
    if is_word(plug) && is_word(zone) {
        return Ok((plug.to_owned(), zone.to_owned()));
    }
    let reason = format!("{} is not PLUG:ZONE; write node1:europe-west1-b,node2:…", excerpt(pair));
    Err(Error::invalid_option("plugzonemap", reason))
}

/// Names of instances and zones are lower-case words; IDs are numbers.
fn is_word(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !name.is_empty() && name.len() <= 63 && name.bytes().all(is_plain)
}

fn check_plug(plug: &str) -> Result<()> {
    if is_word(plug) {
        return Ok(());
    }
    let reason = "is not the name of an instance; map the nodes to the names of instances with pcmk_host_map";
    Err(Error::invalid_option("plug", format!("{} {reason}", excerpt(plug))))
}
