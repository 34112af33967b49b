"""SPEC section 2: hashes, signatures, sealing, padding."""
import hashlib

from nacl import bindings as sodium
from nacl.exceptions import CryptoError


def tag(kind):
    return b"coffer/v1/" + kind.encode() + b"\0"


def hashed(kind, *parts):
    return hashlib.blake2b(tag(kind) + b"".join(parts), digest_size=32).digest()


def keyed(key, kind, *parts):
    return hashlib.blake2b(tag(kind) + b"".join(parts), digest_size=32, key=key).digest()


def verifies(kind, signature, body, key):
    try:
        sodium.crypto_sign_open(signature + tag(kind) + body, key)
        return True
    except (CryptoError, ValueError):
        return False


def sign(kind, body, seed):
    _public, private = sodium.crypto_sign_seed_keypair(seed)
    return sodium.crypto_sign(tag(kind) + body, private)[:64]


def seal(key, aad, plain, nonce):
    return nonce + sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(plain, aad, nonce, key)


def unseal(key, aad, sealed):
    if len(sealed) < 40:
        return None
    try:
        return sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(sealed[24:], aad, sealed[:24], key)
    except CryptoError:
        return None


BUCKETS = [256, 1024, 4096, 16384, 65536, 262144, 516 * 1024]


def pad(plain):
    size = next(bucket for bucket in BUCKETS if len(plain) + 4 <= bucket)
    return len(plain).to_bytes(4, "big") + plain + bytes(size - 4 - len(plain))


def unpad(padded):
    length = int.from_bytes(padded[:4], "big")
    if len(padded) < 4 or length + 4 > len(padded) or pad(padded[4 : 4 + length]) != padded:
        return None
    return padded[4 : 4 + length]
