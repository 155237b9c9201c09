//! The cryptographic functions of IPMI, by name.

use aes::Aes128;
use aes::cipher::{BlockDecryptMut as _, BlockEncryptMut as _, KeyIvInit as _};
use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::Sha256;

use crate::failure::Failure;

/// The size of a block of AES, and of a key.
pub(crate) const BLOCK: usize = 16;

/// A hash function of IPMI 2.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha1,
    Md5,
    Sha256,
}

impl Hash {
    /// HMAC (RFC 2104) of the parts, one after the other.
    pub(crate) fn hmac(self, key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
        match self {
            Self::Sha1 => hmac::<Sha1>(key, parts),
            Self::Md5 => hmac::<Md5>(key, parts),
            Self::Sha256 => hmac::<Sha256>(key, parts),
        }
    }
}

/// MD5 of the parts, one after the other.
pub(crate) fn md5(parts: &[&[u8]]) -> Vec<u8> {
    digest::<Md5>(parts)
}

fn digest<D: Digest>(parts: &[&[u8]]) -> Vec<u8> {
    let mut digest = D::new();
    parts.iter().for_each(|part| digest.update(part));
    digest.finalize().to_vec()
}

/// HMAC by its definition. The crate hmac would enable a feature of a dependency of
/// wasmtime, which would then be built twice. No key of IPMI is longer than a block.
fn hmac<D: Digest>(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let padded = |pad: u8| {
        let mut block = [pad; 64];
        block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        block
    };
    let mut inner = D::new();
    inner.update(padded(0x36));
    parts.iter().for_each(|part| inner.update(part));
    digest::<D>(&[&padded(0x5c), &inner.finalize()])
}

/// AES-128 in CBC mode. The length of `text` is a multiple of the block size.
pub(crate) fn encrypt(key: &[u8; BLOCK], vector: &[u8; BLOCK], text: &mut [u8]) {
    let mut cipher = cbc::Encryptor::<Aes128>::new(key.into(), vector.into());
    for block in text.chunks_exact_mut(BLOCK) {
        cipher.encrypt_block_mut(block.into());
    }
}

/// The reverse of [`encrypt`].
pub(crate) fn decrypt(key: &[u8; BLOCK], vector: &[u8; BLOCK], text: &mut [u8]) {
    let mut cipher = cbc::Decryptor::<Aes128>::new(key.into(), vector.into());
    for block in text.chunks_exact_mut(BLOCK) {
        cipher.decrypt_block_mut(block.into());
    }
}

/// Random bytes that cannot be predicted.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|cause| Failure::Invalid(format!("no random numbers: {cause}")))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use fencebox_sdk::encoding::to_hex;

    use super::*;

    #[test]
    fn hmac_has_the_test_vectors_of_rfc_2202_and_rfc_4231() {
        let parts: [&[u8]; 2] = [b"what do ya want ", b"for nothing?"];
        let of = |hash: Hash| to_hex(hash.hmac(b"Jefe", &parts));
        assert_eq!(of(Hash::Md5), "750c783e6ab0b503eaa86e310a5db738");
        assert_eq!(of(Hash::Sha1), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
        assert_eq!(
            of(Hash::Sha256),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn md5_has_the_test_vector_of_rfc_1321() {
        assert_eq!(to_hex(md5(&[b"a", b"bc"])), "900150983cd24fb0d6963f7d28e17f72");
    }

    #[test]
    fn aes_has_the_test_vectors_of_nist_sp_800_38a() {
        // Section F.2.1, CBC-AES128.Encrypt, blocks 1 and 2.
        let key = *b"\x2b\x7e\x15\x16\x28\xae\xd2\xa6\xab\xf7\x15\x88\x09\xcf\x4f\x3c";
        let vector: [u8; BLOCK] = std::array::from_fn(|index| u8::try_from(index).unwrap());
        let plain = b"\x6b\xc1\xbe\xe2\x2e\x40\x9f\x96\xe9\x3d\x7e\x11\x73\x93\x17\x2a\
            \xae\x2d\x8a\x57\x1e\x03\xac\x9c\x9e\xb7\x6f\xac\x45\xaf\x8e\x51";
        let mut text = plain.to_vec();
        encrypt(&key, &vector, &mut text);
        assert_eq!(
            to_hex(&text),
            "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"
        );
        decrypt(&key, &vector, &mut text);
        assert_eq!(text, plain);
    }
}
