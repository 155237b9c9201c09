//! Packets, as `vectors/handshake.py` computes them, and packets that do not count.

use fencebox_sdk::encoding::from_hex;

use super::{BLOCK, Keys, Plus};
use crate::crypto::Hash;
use crate::suite::Suite;

const MESSAGE: [u8; 7] = [0x20, 0x00, 0xe0, 0x81, 0x04, 0x01, 0x7a];
const OWN: [u8; 4] = [0xa1, 0xa2, 0xa3, 0xa4];
const BMC: [u8; 4] = [0xb1, 0xb2, 0xb3, 0xb4];

/// Suite, session integrity key, and a packet from the console to the BMC.
const VECTORS: [(u8, &str, &str); 4] = [
    (
        3,
        "28c9eb230d7b1c88eed8525a926304ab98be8443",
        "0600ff0706c0b1b2b3b4010000002000303132333435363738393a3b3c3d3e3f2c072b32852b7ea539bbc056bc092b70\
         ffff02074510e800ea4e5d3f009b1ce3",
    ),
    (
        17,
        "0b8847d272b45529feabd7d7fad1e3fa8674246d36c4c2fa070a6aaaad2a3e01",
        "0600ff0706c0b1b2b3b4010000002000303132333435363738393a3b3c3d3e3fd5240431456503023be36f0c35719851\
         ffff02077032a30e94f91f71d8efbea6a909f090",
    ),
    (
        8,
        "94f84223a5a757c061ab06181dae510c",
        "0600ff0706c0b1b2b3b4010000002000303132333435363738393a3b3c3d3e3fbd5cc92c5270b8dde028595075cd06da\
         ffff0207abe76bb3f73e21c7859fc8ef59d623b6",
    ),
    (
        12,
        "94f84223a5a757c061ab06181dae510c",
        "0600ff0706c0b1b2b3b4010000002000303132333435363738393a3b3c3d3e3fbd5cc92c5270b8dde028595075cd06da\
         ffff0207f7d6038acbb89c28685fc1da04bcc074",
    ),
];

/// One side of a session; the BMC's has the numbers in the other order.
fn side(suite: u8, key: &str, own: [u8; 4], other: [u8; 4]) -> Plus {
    let mut password = [0; 20];
    password[..6].copy_from_slice(b"s3cret");
    let suite = Suite::of(suite).unwrap();
    Plus::new(suite, own, other, Keys::new(suite, &from_hex(key).unwrap(), password))
}

#[test]
fn packets_of_an_independent_implementation_are_understood() {
    for (suite, key, packet) in VECTORS {
        let mut bmc = side(suite, key, BMC, OWN);
        assert_eq!(
            bmc.unwrap(&from_hex(packet).unwrap()),
            Some(MESSAGE.to_vec()),
            "{suite}"
        );
    }
}

#[test]
fn payloads_are_those_of_an_independent_implementation() {
    for (suite, key, packet) in VECTORS {
        let vector: [u8; BLOCK] = std::array::from_fn(|index| 0x30 + u8::try_from(index).unwrap());
        let payload = side(suite, key, OWN, BMC).encrypt(&MESSAGE, vector);
        assert_eq!(payload, from_hex(packet).unwrap()[16..48], "{suite}");
    }
}

#[test]
fn a_packet_counts_once_and_only_unchanged() {
    for (suite, key, _) in VECTORS {
        let packet = side(suite, key, BMC, OWN).wrap(&MESSAGE).unwrap();
        let mut console = side(suite, key, OWN, BMC);
        assert!(
            console.unwrap(&packet).is_some() && console.unwrap(&packet).is_none(),
            "{suite}"
        );
        for index in 4..packet.len() {
            let mut forged = packet.clone();
            forged[index] ^= 1;
            assert_eq!(
                side(suite, key, OWN, BMC).unwrap(&forged),
                None,
                "{suite}: byte {index}"
            );
            assert_eq!(
                side(suite, key, OWN, BMC).unwrap(&packet[..index]),
                None,
                "{suite}: {index}"
            );
        }
    }
}

#[test]
fn a_packet_of_a_weaker_suite_does_not_count() {
    let key = VECTORS[0].1;
    for weaker in [0, 1, 2] {
        let packet = side(weaker, key, BMC, OWN).wrap(&MESSAGE).unwrap();
        assert!(side(weaker, key, OWN, BMC).unwrap(&packet).is_some(), "{weaker}");
        assert_eq!(side(3, key, OWN, BMC).unwrap(&packet), None, "{weaker}");
    }
}

#[test]
fn messages_of_each_length_are_padded() {
    for length in 0..40 {
        let message = vec![7; length];
        let packet = side(17, VECTORS[1].1, BMC, OWN).wrap(&message).unwrap();
        assert_eq!(side(17, VECTORS[1].1, OWN, BMC).unwrap(&packet), Some(message));
    }
}

#[test]
fn the_first_key_is_not_the_second() {
    let keys = Keys::new(Suite::of(3).unwrap(), &[1; 20], [0; 20]);
    assert_eq!(keys.k1, Hash::Sha1.hmac(&[1; 20], &[&[1; 20]]));
    assert_eq!(keys.k2[..], Hash::Sha1.hmac(&[1; 20], &[&[2; 20]])[..BLOCK]);
}
