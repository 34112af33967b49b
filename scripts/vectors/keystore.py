"""SPEC section 4: what opens the files of a home."""
import hashlib

import cbor2
from nacl import bindings as sodium

from crypto import tag, unseal
from encoding import Refused, decode, encode, tampering
from tables import KEYSTORE


def subkey(root, number):
    salt = number.to_bytes(8, "little") + bytes(8)
    return hashlib.blake2b(b"", digest_size=32, key=root, salt=salt, person=b"coffer__" + bytes(8)).digest()


def open_keystore(data, opener):
    """opener: gives the wrapping key for the parameters' opener."""
    store = decode(KEYSTORE, data, 16 * 1024)
    parameters = store["parameters"]
    if parameters["version"] != 1 or parameters["suite"] != 1:
        raise Refused("home", "newer")
    kind, args = parameters["opener"]
    if kind == "passphrase":
        if args["memory"] < 65536 or args["time"] < 3:
            raise tampering("weak-parameters")
        if args["memory"] > 1048576 or args["time"] > 16:
            raise Refused("limit", "costly-parameters")
    raw = encode(cbor2.loads(data)[0])
    root = unseal(opener(kind, args), tag("keystore") + raw, store["wrapped"])
    if root is None:
        raise Refused("cannot-decrypt", "wrong-key")
    return root


def argon2id(passphrase):
    def opener(kind, args):
        assert kind == "passphrase"
        algorithm = sodium.crypto_pwhash_ALG_ARGON2ID13
        return sodium.crypto_pwhash_alg(
            32, passphrase.encode(), args["salt"], args["time"], args["memory"] * 1024, algorithm
        )

    return opener
