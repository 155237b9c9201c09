//! Packets that were recorded between other implementations.

use super::{Command, Request};
use fencebox_sdk::digest::same;

use crate::digest::Digest;

fn key() -> Vec<u8> {
    (0..32).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const OFF: Request<'_> = Request {
    command: Command::Off,
    name: "node-7",
    is_uuid: false,
    number: 0x0001_2345,
};

#[test]
fn a_request_has_the_layout_and_signature_of_the_protocol() {
    let caller = Some(("127.0.0.1".parse().unwrap(), 1229));
    let random = [0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6];
    let head = format!(
        "010204006e6f64652d37{}7f000001{}cd04a1a2a3a4a5a64523010002000000",
        "00".repeat(58),
        "00".repeat(24)
    );
    for (hash, digest) in [
        (Digest::Sha1, "3c1c1179b71ff0e4721c2fa162aeae12f8edc644"),
        (
            Digest::Sha256,
            "887fdbc6be3c1125f7b237251ec2440bbda128c7e383e465bcd0f4190838c30e",
        ),
        (
            Digest::Sha512,
            "aa2f9bf5b31d83e0cbda1b90cbe049b520fc52281b7062883a685e291b6fad346999f3ab9f8b33a707ff72cf199feac6ff6b28c337b6bf4eb7fbb59488a139c0",
        ),
    ] {
        let packet = hex(&OFF.packet(caller, hash, &key(), random));
        let mut head = head.clone();
        head.replace_range(2..4, &format!("{:02x}", hash.number()));
        assert_eq!(&packet[..224], head);
        assert_eq!(packet[224..], format!("{digest:0<128}"));
    }
}

#[test]
fn an_unsigned_request_has_neither_random_bytes_nor_a_digest() {
    let packet = OFF.packet(None, Digest::None, &key(), [1; 6]);
    assert!(packet[68..104].iter().chain(&packet[108..]).all(|byte| *byte == 0));
    assert_eq!(packet[1], 0);
}

#[test]
fn an_ipv6_caller_has_sixteen_bytes_and_the_number_of_linux() {
    let caller = Some(("fd00::1".parse().unwrap(), 1229));
    let packet = OFF.packet(caller, Digest::Sha256, &key(), [0; 6]);
    assert_eq!((packet[2], packet[108]), (16, 10));
    assert_eq!(hex(&packet[68..84]), "fd000000000000000000000000000001");
}

#[test]
fn encoded_requests_match_captured_ones() {
    // A request of a real client by TCP.
    let status = Request {
        command: Command::Status,
        name: "vm-alpha",
        is_uuid: false,
        number: 0x0009_6e04,
    };
    let packet = status.packet(None, Digest::Sha256, &key(), [0x72, 0x06, 0xec, 0xca, 0xa2, 0xc5]);
    assert_eq!(
        hex(&packet[96..144]),
        "00007206eccaa2c5046e090000000000a313d1a4e21820866c307bf396d716df9bc9d8771c66e9777ea539d96a6c335a"
    );
    // A request by the channel of a guest.
    let status = Request {
        name: "vmA",
        number: 0x0009_ff41,
        ..status
    };
    let expected = format!("616262610400766d41{}41ff0900", "00".repeat(61));
    assert_eq!(hex(&status.short()), expected);
}

#[test]
fn answers_to_challenges_match_those_of_the_daemon() {
    let challenge: Vec<u8> = (0..64).collect();
    for (auth, answer) in [
        (Digest::Sha1, "edeafe72fd0af77e369bd64787aa4bce57bd614e"),
        (
            Digest::Sha256,
            "a0acb2b50f1784f5f836fdc284176a0c3cee530201426396f9c351eaadb5d65d",
        ),
        (
            Digest::Sha512,
            "05b25a660bbdaa917b3da00c872877545f946ea2f35023ad1040a1e273f86feb1679b468216b4340ca51a5818c9f56512aee9fcffd80e9545ceeedb1410438ff",
        ),
    ] {
        assert_eq!(hex(&auth.of(&key(), &challenge)), format!("{answer:0<128}"));
    }
}

#[test]
fn digests_differ_by_any_byte_of_the_field() {
    let mut other = Digest::Sha1.of(&key(), b"x");
    let one = other;
    assert!(same(one, other));
    other[63] ^= 1;
    assert!(!same(one, other));
}

#[test]
fn a_name_that_is_too_long_leaves_a_zero_at_its_end() {
    let name = "x".repeat(80);
    let request = Request { name: &name, ..OFF };
    assert_eq!(request.packet(None, Digest::None, &[], [0; 6])[67], 0);
}
