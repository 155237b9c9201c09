#!/usr/bin/env python3
"""Prints the vectors of src/rakp/tests.rs and src/plus/tests.rs.

Computed with Python's hashlib and the openssl program by the formulas of "IPMI
Specification v2.0 revision 1.1", sections 13.21 to 13.32, and not by the library.
"""
import hashlib
import hmac
import struct
import subprocess

own, bmc = bytes([0xA1, 0xA2, 0xA3, 0xA4]), bytes([0xB1, 0xB2, 0xB3, 0xB4])
own_random, bmc_random = bytes(range(0x00, 0x10)), bytes(range(0x10, 0x20))
guid = bytes(range(0x20, 0x30))
name, password, kg = b"admin", b"s3cret".ljust(20, b"\0"), bytes(range(0x41, 0x55))
role = 0x14
who = bytes([role, len(name)]) + name
message = bytes([0x20, 0x00, 0xE0, 0x81, 0x04, 0x01, 0x7A])
vector = bytes(range(0x30, 0x40))


def code(hash_name, key, *parts):
    return hmac.new(key, b"".join(parts), hash_name).digest()


def aes(key, plain):
    command = ["openssl", "enc", "-aes-128-cbc", "-nopad", "-K", key.hex(), "-iv", vector.hex()]
    return subprocess.run(command, input=plain, stdout=subprocess.PIPE, check=True).stdout


for suite, hash_name, cut in ((3, "sha1", 12), (17, "sha256", 16), (8, "md5", 16), (12, "md5", 16)):
    rakp2 = code(hash_name, password, own, bmc, own_random, bmc_random, guid, who)
    rakp3 = code(hash_name, password, bmc_random, own, who)
    sik = code(hash_name, password, own_random, bmc_random, who)
    sik_kg = code(hash_name, kg, own_random, bmc_random, who)
    rakp4 = code(hash_name, sik, own_random, bmc, guid)[:cut]
    k1, k2 = code(hash_name, sik, bytes([1] * 20)), code(hash_name, sik, bytes([2] * 20))
    padding = 15 - len(message) % 16
    payload = vector + aes(k2[:16], message + bytes(range(1, padding + 1)) + bytes([padding]))
    packet = bytes([0x06, 0xC0]) + bmc + struct.pack("<IH", 1, len(payload)) + payload
    while (len(packet) + 2) % 4:
        packet += b"\xff"
    packet += bytes([len(packet) - 12 - len(payload), 0x07])
    if suite == 12:
        signature = hashlib.md5(password + packet + password).digest()
    else:
        signature = code(hash_name, k1, packet)[:cut]
    print(suite, "rakp2", rakp2.hex())
    print(suite, "rakp3", rakp3.hex())
    print(suite, "sik", sik.hex())
    print(suite, "sik_kg", sik_kg.hex())
    print(suite, "rakp4", rakp4.hex())
    print(suite, "packet", (bytes([6, 0, 255, 7]) + packet + signature).hex())

pw16, sid, number = b"s3cret".ljust(16, b"\0"), bytes([1, 2, 3, 4]), bytes([5, 0, 0, 0])
print("lan md5", hashlib.md5(pw16 + sid + message + number + pw16).hexdigest())
