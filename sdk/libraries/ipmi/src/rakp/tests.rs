//! The codes of the handshake, as `vectors/handshake.py` computes them.

use fencebox_sdk::encoding::to_hex;

use super::{Numbers, User, bmc_code, own_code, padded, session_key};
use crate::crypto::Hash;

fn counted(from: u8) -> [u8; 16] {
    std::array::from_fn(|index| from + u8::try_from(index).unwrap())
}

fn numbers() -> Numbers {
    Numbers {
        own: [0xa1, 0xa2, 0xa3, 0xa4],
        bmc: [0xb1, 0xb2, 0xb3, 0xb4],
        own_random: counted(0x00),
        bmc_random: counted(0x10),
        guid: counted(0x20),
    }
}

fn user(kg: [u8; 20]) -> User<'static> {
    User {
        role: 0x14,
        name: b"admin",
        password: padded(b"s3cret").unwrap(),
        kg,
    }
}

#[test]
fn codes_are_those_of_an_independent_implementation() {
    let user = user(padded(b"s3cret").unwrap());
    for (hash, rakp2, rakp3, key) in [
        (
            Hash::Sha1,
            "ea6ba80fa59914337c6b1f8ff2afbae5a8c5dfc3",
            "59a9b6f1b98002043d8ef4cf35116060e94e0408",
            "28c9eb230d7b1c88eed8525a926304ab98be8443",
        ),
        (
            Hash::Sha256,
            "8c49cc4162853c066db04fb609bd5707e8aaaec702fb5b41601a5bafb47b63f3",
            "f9d312f8fcdde960da5ca3f7a67cc0346b1a56c7dbe22631cfde0a3715161160",
            "0b8847d272b45529feabd7d7fad1e3fa8674246d36c4c2fa070a6aaaad2a3e01",
        ),
        (
            Hash::Md5,
            "29254106e812a4e1b380c935fffc6fce",
            "9aae1946b0b16bfd9c2cf184c5af8aef",
            "94f84223a5a757c061ab06181dae510c",
        ),
    ] {
        assert_eq!(to_hex(bmc_code(hash, &user, &numbers())), rakp2, "{hash:?}");
        assert_eq!(to_hex(own_code(hash, &user, &numbers())), rakp3, "{hash:?}");
        assert_eq!(to_hex(session_key(hash, &user, &numbers())), key, "{hash:?}");
    }
}

#[test]
fn the_key_kg_changes_only_the_session_key() {
    let kg: Vec<u8> = (0x41..0x55).collect();
    let user = user(kg.try_into().unwrap());
    assert_eq!(
        to_hex(session_key(Hash::Sha1, &user, &numbers())),
        "c4c5ca61229ec6441f1c1ec048a188984c68befa"
    );
    assert_eq!(
        to_hex(bmc_code(Hash::Sha1, &user, &numbers())),
        "ea6ba80fa59914337c6b1f8ff2afbae5a8c5dfc3"
    );
}
