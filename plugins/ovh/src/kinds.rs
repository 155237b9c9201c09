//! The kind of service of a plug.

use fencebox_sdk::prelude::*;

/// A kind of service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Dedicated,
    Vps,
    Cloud,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Dedicated, Self::Vps, Self::Cloud];

    /// Its value of the option `service`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Dedicated => "dedicated",
            Self::Vps => "vps",
            Self::Cloud => "cloud",
        }
    }

    /// The kind in the option `service`; `None` for `auto`.
    pub(crate) fn chosen(options: &Options) -> Option<Self> {
        let word = options.get("service")?;
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// The kind by a plug's name: a UUID is a Public Cloud instance; `vps-…` and
    /// `vps` with digits is a VPS; another name with a dot in it is a dedicated
    /// server, because the vendor gives those host names; and any other name is
    /// one that a user gave to an instance.
    pub(crate) fn by_name(plug: &str) -> Self {
        let after_vps = plug
            .get(..3)
            .filter(|start| start.eq_ignore_ascii_case("vps"))
            .and_then(|_| plug[3..].chars().next());
        if is_uuid(plug) {
            Self::Cloud
        } else if after_vps.is_some_and(|next| next == '-' || next.is_ascii_digit()) {
            Self::Vps
        } else if plug.contains('.') {
            Self::Dedicated
        } else {
            Self::Cloud
        }
    }
}

/// Whether a text has the form of an instance's id.
pub(crate) fn is_uuid(text: &str) -> bool {
    let parts = text.split('-').map(str::len);
    parts.eq([8, 4, 4, 4, 12]) && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn a_name_gives_the_kind() {
        for (plug, kind) in [
            ("ns567890.ip-123-22-44.eu", Kind::Dedicated),
            ("ks3271212.kimsufi.com", Kind::Dedicated),
            ("vps-1a2b3c4d.vps.ovh.net", Kind::Vps),
            ("vps123456.ovh.net", Kind::Vps),
            ("VPS-1a2b3c4d.vps.ovh.net", Kind::Vps),
            ("vpsserver.example.com", Kind::Dedicated),
            ("d9e1c3a0-6c3a-4f8a-9d1e-0c5d8a1f2b3c", Kind::Cloud),
            ("d9e1c3a0-6c3a-4f8a-9d1e-0c5d8a1f2b3x", Kind::Cloud),
            ("web1", Kind::Cloud),
            ("vps", Kind::Cloud),
            ("é", Kind::Cloud),
        ] {
            assert_eq!(Kind::by_name(plug), kind, "{plug}");
        }
    }
}
