//! Cipher suites (table 22-20).

use crate::crypto::{self, Hash};

/// An integrity algorithm (table 13-18).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Integrity {
    Sha1,
    Md5Hmac,
    /// MD5 with the password before and after the data.
    Md5,
    Sha256,
}

/// A cipher suite, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suite {
    id: u8,
    hash: Option<Hash>,
    integrity: Option<Integrity>,
    encrypts: bool,
}

const fn suite(id: u8, hash: Option<Hash>, integrity: Option<Integrity>, encrypts: bool) -> Suite {
    Suite {
        id,
        hash,
        integrity,
        encrypts,
    }
}

const SUITES: [Suite; 12] = [
    suite(0, None, None, false),
    suite(1, Some(Hash::Sha1), None, false),
    suite(2, Some(Hash::Sha1), Some(Integrity::Sha1), false),
    suite(3, Some(Hash::Sha1), Some(Integrity::Sha1), true),
    suite(6, Some(Hash::Md5), None, false),
    suite(7, Some(Hash::Md5), Some(Integrity::Md5Hmac), false),
    suite(8, Some(Hash::Md5), Some(Integrity::Md5Hmac), true),
    suite(11, Some(Hash::Md5), Some(Integrity::Md5), false),
    suite(12, Some(Hash::Md5), Some(Integrity::Md5), true),
    suite(15, Some(Hash::Sha256), None, false),
    suite(16, Some(Hash::Sha256), Some(Integrity::Sha256), false),
    suite(17, Some(Hash::Sha256), Some(Integrity::Sha256), true),
];

/// The order in which suites are chosen. All of them authenticate, sign and encrypt.
const PREFERRED: [u8; 4] = [17, 3, 12, 8];
/// What is tried if the BMC does not list its suites.
const UNLISTED: [u8; 2] = [17, 3];

impl Suite {
    /// The suite with this number. The numbers of suites with xRC4, and those that a
    /// vendor defines, have none.
    #[must_use]
    pub fn of(id: u8) -> Option<Self> {
        SUITES.into_iter().find(|suite| suite.id == id)
    }

    /// The number.
    #[must_use]
    pub fn id(&self) -> u8 {
        self.id
    }

    /// Whether it authenticates both sides, signs and encrypts.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.hash.is_some() && self.integrity.is_some() && self.encrypts
    }

    /// Those of the offered suites that may be used without the caller's word, the best
    /// one first.
    pub(crate) fn preferred(offered: Option<&[u8]>) -> Vec<Self> {
        let ids: &[u8] = if offered.is_some() { &PREFERRED } else { &UNLISTED };
        let is_offered = |id: &u8| offered.is_none_or(|offered| offered.contains(id));
        ids.iter().copied().filter(is_offered).filter_map(Self::of).collect()
    }

    pub(crate) fn hash(&self) -> Option<Hash> {
        self.hash
    }

    pub(crate) fn encrypts(&self) -> bool {
        self.encrypts
    }

    pub(crate) fn signs(&self) -> bool {
        self.integrity.is_some()
    }

    /// The numbers of the three algorithms, for Open Session (tables 13-17 to 13-19).
    pub(crate) fn algorithms(&self) -> [u8; 3] {
        let hash = match self.hash {
            None => 0,
            Some(Hash::Sha1) => 1,
            Some(Hash::Md5) => 2,
            Some(Hash::Sha256) => 3,
        };
        let integrity = match self.integrity {
            None => 0,
            Some(Integrity::Sha1) => 1,
            Some(Integrity::Md5Hmac) => 2,
            Some(Integrity::Md5) => 3,
            Some(Integrity::Sha256) => 4,
        };
        [hash, integrity, u8::from(self.encrypts)]
    }

    /// The authentication code of a packet; empty if the suite has none.
    pub(crate) fn sign(&self, k1: &[u8], password: &[u8], packet: &[u8]) -> Vec<u8> {
        let (mut code, length) = match self.integrity {
            None => return Vec::new(),
            Some(Integrity::Sha1) => (Hash::Sha1.hmac(k1, &[packet]), 12),
            Some(Integrity::Md5Hmac) => (Hash::Md5.hmac(k1, &[packet]), 16),
            Some(Integrity::Md5) => (crypto::md5(&[password, packet, password]), 16),
            Some(Integrity::Sha256) => (Hash::Sha256.hmac(k1, &[packet]), 16),
        };
        code.truncate(length);
        code
    }

    /// The length of the code in RAKP 4: that of the integrity algorithm that belongs to
    /// the hash function (section 13.28.1).
    pub(crate) fn check_length(&self) -> usize {
        if self.hash == Some(Hash::Sha1) { 12 } else { 16 }
    }
}

#[cfg(test)]
mod tests {
    use super::Suite;

    #[test]
    fn suites_have_the_algorithms_of_table_22_20() {
        for (id, algorithms) in [
            (0, [0, 0, 0]),
            (3, [1, 1, 1]),
            (8, [2, 2, 1]),
            (12, [2, 3, 1]),
            (16, [3, 4, 0]),
            (17, [3, 4, 1]),
        ] {
            assert_eq!(Suite::of(id).unwrap().algorithms(), algorithms, "{id}");
        }
        assert_eq!(Suite::of(4), None, "xRC4");
    }

    #[test]
    fn weak_suites_are_never_chosen() {
        let ids = |offered: Option<&[u8]>| -> Vec<u8> { Suite::preferred(offered).iter().map(Suite::id).collect() };
        assert_eq!(ids(None), [17, 3]);
        assert_eq!(ids(Some(&[0, 1, 2, 3, 8, 12, 17])), [17, 3, 12, 8]);
        assert!(ids(Some(&[0, 1, 2, 15, 16])).is_empty());
        assert!(Suite::preferred(Some(&[3])).iter().all(Suite::is_complete));
    }
}
