#!/usr/bin/python3
"""An independent reading of SPEC.md: opens and verifies the frozen vectors, and refuses what must be refused.

It shares no code with coffer: Python's hashlib, PyNaCl's bindings of libsodium and cbor2 only
(Debian: python3-nacl, python3-cbor2). Prints a line for each vector, then `N passed, N failed`.
"""
import hashlib
import io
import json
import os
import sys

import cbor2
from nacl import bindings as sodium
from nacl.exceptions import CryptoError

FOLDER = os.path.dirname(os.path.abspath(__file__))
unhex = bytes.fromhex


class Refused(Exception):
    def __init__(self, code, reason):
        super().__init__(f"{code}/{reason}")
        self.code = code
        self.reason = reason


def tampering(reason):
    return Refused("tampering", reason)


# ---- SPEC section 1: encoding

MAX = 2**53 - 1


def malformed():
    return Refused("format", "malformed")


def uint(limit=MAX):
    def check(raw):
        if type(raw) is not int or not 0 <= raw <= limit:
            raise malformed()
        return raw

    return check


def blob(high, low=0):
    def check(raw):
        if type(raw) is not bytes or not low <= len(raw) <= high:
            raise malformed()
        return raw

    return check


def fixed(length):
    return blob(length, length)


def text(limit):
    def check(raw):
        if type(raw) is not str or len(raw.encode()) > limit:
            raise malformed()
        return raw

    return check


def many(item, high, low=0):
    def check(raw):
        if type(raw) is not list or not low <= len(raw) <= high:
            raise malformed()
        return [item(one) for one in raw]

    return check


def word(*words):
    def check(raw):
        return words[uint(len(words) - 1)(raw)]

    return check


def struct(fields):
    """fields: key -> (name, schema); a name ending in `?` may be absent."""

    def check(raw):
        if type(raw) is not dict or any(type(key) is not int or key not in fields for key in raw):
            raise malformed()
        out = {}
        for key, (name, schema) in fields.items():
            if key in raw:
                out[name.rstrip("?")] = schema(raw[key])
            elif not name.endswith("?"):
                raise malformed()
        return out

    return check


def variant(cases):
    def check(raw):
        if type(raw) is not list or len(raw) != 2 or type(raw[0]) is not int or raw[0] not in cases:
            raise malformed()
        name, schema = cases[raw[0]]
        return name, schema(raw[1])

    return check


def encode(raw):
    return cbor2.dumps(raw, canonical=True)


def decode(schema, data, limit):
    if len(data) > limit:
        raise Refused("limit", "oversize")
    stream = io.BytesIO(data)
    try:
        raw = cbor2.CBORDecoder(stream).decode()
    except Exception as error:
        raise malformed() from error
    if stream.tell() != len(data):
        raise malformed()
    value = schema(raw)
    if encode(raw) != data:
        raise Refused("format", "non-canonical")
    return value


ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"


def base32(data):
    bits = "".join(f"{byte:08b}" for byte in data)
    bits += "0" * (-len(bits) % 5)
    return "".join(ALPHABET[int(bits[i : i + 5], 2)] for i in range(0, len(bits), 5))


def unbase32(string):
    if any(char not in ALPHABET for char in string):
        return None
    bits = "".join(f"{ALPHABET.index(char):05b}" for char in string)
    whole = len(bits) // 8 * 8
    data = bytes(int(bits[i : i + 8], 2) for i in range(0, whole, 8))
    return data if base32(data) == string else None


# ---- SPEC section 2: hashes, signatures, keys


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


# ---- SPEC sections 3 to 8: tables

ROLES = ["owner", "admin", "writer", "reader", "viewer", "sealer", "runner"]
ID = fixed(32)
USER = fixed(16)
ENTRY = 1024 * 1024 - 4096
SIGNED = struct({0: ("body", blob(ENTRY)), 1: ("signature", fixed(64))})
KEYS = struct({0: ("sign", ID), 1: ("box", ID)})
STATEMENT = struct({0: ("keys", KEYS), 1: ("userId", USER), 2: ("signature", fixed(64))})
EPOCH = struct({0: ("commitment", ID), 1: ("box", ID), 2: ("wraps", ID)})
REQUEST = struct({0: ("body", blob(1024)), 1: ("invite", fixed(64)), 2: ("device", fixed(64))})
REQUEST_BODY = struct({0: ("vaultId", ID), 1: ("key", ID), 2: ("link", ID), 3: ("statement", STATEMENT)})
LABEL = blob(512)
ROLE = word(*ROLES)
ACTION = variant(
    {
        0: (
            "genesis",
            struct(
                {
                    0: ("kind", word("user", "org", "project")),
                    1: ("nonce", USER),
                    2: ("statement", STATEMENT),
                    3: ("epoch", EPOCH),
                    4: ("label", LABEL),
                    5: ("relay?", ID),
                }
            ),
        ),
        1: ("relay", struct({0: ("relay", ID)})),
        2: (
            "invite",
            struct({0: ("key", ID), 1: ("role", ROLE), 2: ("expires", uint()), 3: ("label", LABEL), 4: ("userId?", USER)}),
        ),
        3: ("withdraw-invite", struct({0: ("key", ID)})),
        4: ("admit", struct({0: ("request", REQUEST), 1: ("wraps", ID), 2: ("label", LABEL)})),
        5: ("add-device", struct({0: ("statement", STATEMENT), 1: ("role", ROLE), 2: ("wraps", ID), 3: ("label", LABEL)})),
    }
)
LINK = struct(
    {
        0: ("version", uint(255)),
        1: ("suite", uint(255)),
        2: ("n", uint(100_000)),
        3: ("author", ID),
        4: ("time", uint()),
        5: ("action", ACTION),
        6: ("vaultId?", ID),
        7: ("prev?", ID),
    }
)
WRAPS = many(struct({0: ("device", ID), 1: ("box", fixed(148))}), 1000)
DEVICE_HEAD = struct({0: ("device", ID), 1: ("seq", uint()), 2: ("hash", ID)})
MEMBER_HEAD = struct({0: ("n", uint(100_000)), 1: ("hash", ID)})
ITEM_HEADER = struct({0: ("meta", ID), 1: ("metaCommitment", ID), 2: ("value?", ID), 3: ("valueCommitment?", ID)})
HEADER = struct(
    {
        0: ("version", uint(255)),
        1: ("suite", uint(255)),
        2: ("vaultId", ID),
        3: ("device", ID),
        4: ("seq", uint()),
        5: ("memberHead", MEMBER_HEAD),
        6: ("epoch", uint()),
        7: ("deps", many(DEVICE_HEAD, 32)),
        8: ("items", many(ITEM_HEADER, 1000, 1)),
        9: ("prev?", ID),
    }
)
META = struct(
    {
        0: ("space", word("secret", "vault", "setting")),
        1: ("name", text(255)),
        2: ("kind", word("put", "delete")),
        3: ("wall", uint()),
        4: ("counter", uint(2**32 - 1)),
        5: ("parents", many(ID, 64)),
        6: ("size", uint(512 * 1024)),
        7: ("note?", text(1024)),
    }
)
ITEM = struct({0: ("meta", blob(8 * 1024, 40)), 1: ("value?", blob(520 * 1024, 40))})
ENTRIES = variant(
    {
        0: ("link", struct({0: ("signed", SIGNED), 1: ("wraps?", blob(256 * 1024))})),
        1: ("changeset", struct({0: ("signed", SIGNED), 1: ("items", many(ITEM, 1000))})),
        2: ("items", struct({0: ("changeset", ID), 1: ("first", uint(1000)), 2: ("items", many(ITEM, 1000, 1))})),
    }
)
HEAD = struct(
    {
        0: ("vaultId", ID),
        1: ("device", ID),
        2: ("memberHead", MEMBER_HEAD),
        3: ("generation", uint()),
        4: ("pos", uint()),
        5: ("logHash", ID),
        6: ("time", uint()),
    }
)
CODE = struct(
    {
        0: ("url", text(255)),
        1: ("relay", ID),
        2: ("vaultId", ID),
        3: ("link", ID),
        4: ("secret", fixed(13)),
        5: ("user?", USER),
    }
)
TRANSCRIPT = struct(
    {0: ("relayKey", ID), 1: ("origin", text(300)), 2: ("clientNonce", ID), 3: ("relayNonce", ID), 4: ("deviceId", ID)}
)
OPENER = variant(
    {
        1: ("passphrase", struct({0: ("time", uint()), 1: ("memory", uint()), 2: ("salt", USER)})),
        2: ("keyFile", struct({0: ("path", text(4096))})),
    }
)
PARAMETERS = struct({0: ("version", uint(255)), 1: ("suite", uint(255)), 2: ("opener", OPENER)})
KEYSTORE = struct({0: ("parameters", PARAMETERS), 1: ("wrapped", fixed(72))})
DEVICE = struct(
    {
        0: ("version", uint(255)),
        1: ("signSeed", ID),
        2: ("boxSeed", ID),
        3: ("userId", USER),
        4: ("name", text(128)),
        5: ("email", text(128)),
        6: ("device", text(128)),
    }
)


def signed(raw):
    return decode(SIGNED, raw, ENTRY)


def device_id(keys):
    return hashed("device", keys["sign"], keys["box"])


def statement_body(statement):
    keys = statement["keys"]
    return encode({0: {0: keys["sign"], 1: keys["box"]}, 1: statement["userId"]})


def statement_holds(statement):
    return verifies("device-statement", statement["signature"], statement_body(statement), statement["keys"]["sign"])


def read_entry(data):
    kind, body = decode(ENTRIES, data, ENTRY)
    if kind == "link":
        decode(LINK, body["signed"]["body"], ENTRY)
    if kind == "changeset":
        decode(HEADER, body["signed"]["body"], ENTRY)
    return kind, body


# ---- SPEC section 5: the membership chain

READS = {"owner", "admin", "writer", "reader"}
WRITES = {"owner", "admin", "writer", "sealer"}
MANAGES = {"owner", "admin"}
LETS_IN = {
    "owner": set(ROLES),
    "admin": {"admin", "writer", "reader", "viewer", "sealer", "runner"},
    "writer": {"writer", "reader", "viewer", "sealer"},
    "reader": {"reader", "viewer"},
    "viewer": {"viewer"},
    "sealer": {"sealer"},
    "runner": set(),
}


def grants(role, given):
    return role == "owner" or (role == "admin" and given not in ("owner", "admin"))


class Chain:
    def __init__(self):
        self.vault = None
        self.kind = None
        self.hashes = []
        self.devices = {}
        self.invites = {}
        self.relays = []
        self.epoch = None

    def may_bring(self, author, user, role):
        if user is not None:
            return user == author["userId"] and role in LETS_IN[author["role"]]
        return grants(author["role"], role)

    def add(self, entry):
        """Takes the next link entry in, or raises Refused."""
        kind, body = read_entry(entry)
        assert kind == "link"
        raw, signature = body["signed"]["body"], body["signed"]["signature"]
        link = decode(LINK, raw, ENTRY)
        if link["version"] != 1 or link["suite"] != 1:
            raise Refused("format", "suite")
        link_hash = hashed("link", raw)
        action, args = link["action"]
        if self.vault is None:
            new = self.genesis(link, action, args, raw, signature)
            self.vault, self.kind, self.epoch = link_hash, args["kind"], args["epoch"]
            if "relay" in args:
                self.relays.append((0, args["relay"]))
        else:
            new = self.follow(link, action, args, raw, signature, link_hash)
        self.hashes.append(link_hash)
        self.check_wraps(action, args, body.get("wraps"), new)
        return link

    def genesis(self, link, action, args, raw, signature):
        if action != "genesis" or link["n"] != 0 or "vaultId" in link or "prev" in link:
            raise tampering("bad-chain")
        statement = args["statement"]
        if not statement_holds(statement):
            raise tampering("bad-proof")
        if device_id(statement["keys"]) != link["author"]:
            raise tampering("bad-chain")
        if not verifies("link", signature, raw, statement["keys"]["sign"]):
            raise tampering("bad-signature")
        return self.enter(statement, "owner", link)

    def follow(self, link, action, args, raw, signature, link_hash):
        if link.get("vaultId") != self.vault:
            raise tampering("foreign-vault")
        if link["n"] != len(self.hashes) or link.get("prev") != self.hashes[-1]:
            raise tampering("bad-chain")
        author = self.devices.get(link["author"])
        if author is None:
            raise tampering("unknown-author")
        if not verifies("link", signature, raw, author["keys"]["sign"]):
            raise tampering("bad-signature")
        if action == "genesis":
            raise tampering("bad-chain")
        if action == "relay":
            if author["role"] not in MANAGES:
                raise tampering("not-authorised")
            self.relays.append((link["n"], args["relay"]))
        elif action == "invite":
            self.invite(author, args, link_hash)
        elif action == "withdraw-invite":
            invite = self.open_invite(args["key"])
            may = invite["author"] == author["id"] or self.may_bring(author, invite["userId"], invite["role"])
            if not may and not grants(author["role"], invite["role"]):
                raise tampering("not-authorised")
            invite["state"] = "withdrawn"
        elif action == "admit":
            return self.admit(author, args, link)
        else:
            statement = args["statement"]
            if statement["userId"] != author["userId"] or args["role"] not in LETS_IN[author["role"]]:
                raise tampering("not-authorised")
            return self.enter(statement, args["role"], link)
        return None

    def invite(self, author, args, link_hash):
        if args["key"] in self.invites:
            raise tampering("invite-known")
        if not self.may_bring(author, args.get("userId"), args["role"]):
            raise tampering("not-authorised")
        if self.kind == "user" and args.get("userId") != author["userId"]:
            raise tampering("foreign-user")
        if sum(one["state"] == "open" for one in self.invites.values()) >= 100:
            raise Refused("limit", "members")
        rest = {"state": "open", "author": author["id"], "link": link_hash, "userId": args.get("userId")}
        self.invites[args["key"]] = {"role": args["role"], "expires": args["expires"], **rest}

    def open_invite(self, key):
        if key not in self.invites:
            raise tampering("invite-unknown")
        if self.invites[key]["state"] != "open":
            raise tampering("invite-used")
        return self.invites[key]

    def admit(self, author, args, link):
        request = args["request"]
        body = decode(REQUEST_BODY, request["body"], 1024)
        invite = self.open_invite(body["key"])
        statement = body["statement"]
        proven = (
            body["vaultId"] == self.vault
            and body["link"] == invite["link"]
            and verifies("join-invite", request["invite"], request["body"], body["key"])
            and verifies("join-device", request["device"], request["body"], statement["keys"]["sign"])
            and statement_holds(statement)
        )
        if not proven:
            raise tampering("bad-proof")
        user = statement["userId"]
        if invite["userId"] is not None and invite["userId"] != user:
            raise tampering("foreign-user")
        if invite["userId"] is None and any(one["userId"] == user for one in self.devices.values()):
            raise tampering("user-known")
        if not self.may_bring(author, invite["userId"], invite["role"]):
            raise tampering("not-authorised")
        new = self.enter(statement, invite["role"], link)
        invite["state"] = "used"
        return new

    def enter(self, statement, role, link):
        if not statement_holds(statement):
            raise tampering("bad-proof")
        keys, user = statement["keys"], statement["userId"]
        for one in self.devices.values():
            if one["keys"]["sign"] == keys["sign"] or one["keys"]["box"] == keys["box"]:
                raise tampering("device-known")
        if self.kind == "user":
            owner = next(iter(self.devices.values()))
            if user != owner["userId"] or role == "runner":
                raise tampering("foreign-user")
        if len(self.devices) >= 1000:
            raise Refused("limit", "members")
        new = {"id": device_id(keys), "keys": keys, "userId": user, "role": role}
        self.devices[new["id"]] = {**new, "since": link["n"], "addedBy": link["author"]}
        return new

    def check_wraps(self, action, args, table, new):
        expected = args["epoch"]["wraps"] if action == "genesis" else args.get("wraps")
        if expected is None and table is None:
            return
        if expected is None or table is None or hashed("wraps", table) != expected:
            raise tampering("bad-wraps")
        readers = [new["id"]] if new["role"] in READS else []
        if [wrap["device"] for wrap in decode(WRAPS, table, ENTRY)] != readers:
            raise tampering("bad-wraps")

    def role_at(self, device, n):
        found = self.devices[device]
        return found["role"] if found["since"] <= n else None


def open_wrap(table, device, seed, context, epoch, start):
    public, private = sodium.crypto_box_seed_keypair(seed)
    box = next((wrap["box"] for wrap in decode(WRAPS, table, ENTRY) if wrap["device"] == device), None)
    try:
        plain = sodium.crypto_box_seal_open(box or b"", public, private)
    except (CryptoError, ValueError, TypeError) as error:
        raise tampering("bad-wrap") from error
    key = plain[:32]
    fits = plain[32:] == context + epoch.to_bytes(4, "big") + device
    fits = fits and hashed("epoch-commitment", key) == start["commitment"]
    if not fits or sodium.crypto_box_seed_keypair(keyed(key, "epoch-box"))[0] != start["box"]:
        raise tampering("bad-wrap")
    return key


# ---- SPEC section 6: changesets


def place(vault, device, seq, epoch, index, part):
    where = seq.to_bytes(8, "big") + epoch.to_bytes(4, "big") + index.to_bytes(4, "big")
    return bytes([1, 1]) + vault + device + where + bytes([part == "value"])


def item_key(epoch_key, vault, device, at):
    return keyed(epoch_key, "item-key", vault, device, at)


def open_part(epoch_key, header, index, part, box, commitment):
    at = place(header["vaultId"], header["device"], header["seq"], header["epoch"], index, part)
    key = item_key(epoch_key, header["vaultId"], header["device"], at)
    if hashed("item-commitment", key, at) != commitment:
        raise tampering("key-commitment")
    padded = unseal(key, at, box)
    if padded is None:
        raise tampering("bad-box")
    plain = unpad(padded)
    if plain is None:
        raise tampering("bad-padding")
    return plain


def check_header(chain, raw, signature, tail):
    header = decode(HEADER, raw, ENTRY)
    if header["version"] != 1 or header["suite"] != 1:
        raise Refused("format", "suite")
    if header["vaultId"] != chain.vault:
        raise tampering("foreign-vault")
    device = chain.devices.get(header["device"])
    if device is None:
        raise tampering("unknown-author")
    if not verifies("changeset", signature, raw, device["keys"]["sign"]):
        raise tampering("bad-signature")
    head = header["memberHead"]
    if head["n"] >= len(chain.hashes) or chain.hashes[head["n"]] != head["hash"]:
        raise tampering("unknown-link")
    if chain.role_at(header["device"], head["n"]) not in WRITES:
        raise tampering("not-authorised")
    if header["epoch"] != 1:
        raise tampering("wrong-epoch")
    if header["seq"] != (tail["seq"] if tail else 0) + 1:
        raise tampering("bad-seq")
    if header.get("prev") != (tail["hash"] if tail else None):
        raise tampering("bad-prev")
    if tail and head["n"] < tail["memberHead"]["n"]:
        raise tampering("member-head-back")
    deps = [dep["device"] for dep in header["deps"]]
    if header["device"] in deps or any(a >= b for a, b in zip(deps, deps[1:])):
        raise tampering("bad-deps")
    if any(("value" in item) != ("valueCommitment" in item) for item in header["items"]):
        raise tampering("bad-item")
    return header


def check_item(expected, item):
    same = hashed("part", item["meta"]) == expected["meta"] and ("value" in item) == ("value" in expected)
    if not same or ("value" in item and hashed("part", item["value"]) != expected["value"]):
        raise tampering("bad-item")


# ---- SPEC section 4: local files


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


# ---- the vectors


def same(found, expected):
    if found != expected:
        raise AssertionError(f"found {found!r}, expected {expected!r}")


def load(name):
    with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
        return json.load(file)


class Run:
    def __init__(self):
        self.passed = 0
        self.failed = 0

    def check(self, name, work):
        try:
            work()
        except Exception as error:  # a vector that fails in any way has failed
            self.failed += 1
            print(f"FAILED {name}: {type(error).__name__}: {error}")
        else:
            self.passed += 1
            print(f"ok     {name}")


class Story:
    """The chain and history of the vectors, as this program reads them."""

    def __init__(self):
        self.json = load("chain.json")
        self.people = {one["name"]: one for one in self.json["devices"]}
        self.key = unhex(self.json["epochKey"])
        self.changesets = {}

    def entry(self, name):
        return next(unhex(link["entry"]) for link in self.json["links"] if link["name"] == name)

    def chain(self, last=None):
        chain = Chain()
        for link in self.json["links"]:
            chain.add(unhex(link["entry"]))
            if link["name"] == last:
                break
        return chain


def primitives(run):
    data = load("primitives.json")
    for one in data["hashes"]:
        parts = [unhex(part) for part in one["parts"]]
        run.check(f"hash {one['type']}", lambda: same(hashed(one["type"], *parts).hex(), one["hash"]))
    for one in data["keyed"]:
        parts = [unhex(part) for part in one["parts"]]
        run.check(f"keyed {one['type']}", lambda: same(keyed(unhex(one["key"]), one["type"], *parts).hex(), one["hash"]))
    for one in data["signatures"]:

        def signature():
            public, _private = sodium.crypto_sign_seed_keypair(unhex(one["seed"]))
            same(public.hex(), one["publicKey"])
            same(sign(one["type"], unhex(one["body"]), unhex(one["seed"])).hex(), one["signature"])
            same(verifies(one["type"], unhex(one["signature"]), unhex(one["body"]), public), True)
            same(verifies(one["type"] + "x", unhex(one["signature"]), unhex(one["body"]), public), False)

        run.check(f"signature {one['type']}", signature)
    pair = data["boxPair"]
    public, private = sodium.crypto_box_seed_keypair(unhex(pair["seed"]))
    run.check("box pair", lambda: same([public.hex(), private.hex()], [pair["publicKey"], pair["privateKey"]]))
    epoch = data["epoch"]
    key = unhex(epoch["key"])
    run.check("epoch commitment", lambda: same(hashed("epoch-commitment", key).hex(), epoch["commitment"]))
    box = sodium.crypto_box_seed_keypair(keyed(key, "epoch-box"))[0]
    run.check("epoch box", lambda: same(box.hex(), epoch["box"]))
    for one in data["aead"]:
        key, aad, sealed = unhex(one["key"]), unhex(one["aad"]), unhex(one["sealed"])
        run.check(f"aead of {len(one['plain']) // 2} bytes", lambda: same(unseal(key, aad, sealed).hex(), one["plain"]))
    for one in data["padding"]:

        def padding():
            padded = pad(unhex(one["plain"]))
            same([len(padded), hashed("vector", padded).hex()], [one["length"], one["hash"]])
            same(unpad(padded), unhex(one["plain"]))

        run.check(f"padding of {len(one['plain']) // 2} bytes", padding)
    for one in data["base32"]:
        run.check(f"base32 {one['text']}", lambda: same([base32(unhex(one["bytes"])), unbase32(one["text"])], [one["text"], unhex(one["bytes"])]))


def devices(run, story):
    for one in story.json["devices"]:

        def device():
            keys = {
                "sign": sodium.crypto_sign_seed_keypair(unhex(one["signSeed"]))[0],
                "box": sodium.crypto_box_seed_keypair(unhex(one["boxSeed"]))[0],
            }
            same([keys["sign"].hex(), keys["box"].hex()], [one["sign"], one["box"]])
            same(device_id(keys).hex(), one["id"])
            statement = {"keys": keys, "userId": unhex(one["userId"]), "signature": unhex(one["statement"])}
            same(statement_holds(statement), True)

        run.check(f"device {one['name']}", device)
    for one in story.json["invites"]:
        seed = hashed("invite-seed", unhex(one["secret"]))
        run.check("invite key", lambda: same(sodium.crypto_sign_seed_keypair(seed)[0].hex(), one["key"]))


def links(run, story):
    chain = Chain()
    for one in story.json["links"]:

        def link():
            entry = unhex(one["entry"])
            found = chain.add(entry)
            same([found["n"], chain.hashes[-1].hex()], [one["n"], one["hash"]])
            body = read_entry(entry)[1]
            same(body["signed"]["body"].hex(), one["body"])
            action, args = found["action"]
            context = args["nonce"] * 2 if action == "genesis" else chain.vault
            for name in one["readers"]:
                person = story.people[name]
                device, seed = unhex(person["id"]), unhex(person["boxSeed"])
                same(open_wrap(body["wraps"], device, seed, context, 1, chain.epoch), story.key)
            if one["label"]:
                aad = hashed("label", unhex(one["label"]["subject"]))
                padded = unseal(keyed(story.key, "label-key"), aad, args["label"])
                same(unpad(padded).decode(), one["label"]["text"])

        run.check(f"link {one['name']}", link)
    run.check("membership", lambda: same(folded(chain), story.json["membership"]))
    return chain


def folded(chain):
    text_or_none = lambda value: None if value is None else value.hex()
    devices = [
        {key: one[key].hex() for key in ("id", "userId", "addedBy")} | {"since": one["since"], "role": one["role"]}
        for one in chain.devices.values()
    ]
    invites = [
        {
            "key": key.hex(),
            "role": one["role"],
            "state": one["state"],
            "author": one["author"].hex(),
            "expires": one["expires"],
            "userId": text_or_none(one["userId"]),
            "link": one["link"].hex(),
        }
        for key, one in chain.invites.items()
    ]
    return {
        "vaultId": chain.vault.hex(),
        "kind": chain.kind,
        "head": {"n": len(chain.hashes) - 1, "hash": chain.hashes[-1].hex()},
        "devices": devices,
        "invites": invites,
        "relays": [{"from": n, "relay": relay.hex()} for n, relay in chain.relays],
        "epochs": [{"from": 0, "commitment": chain.epoch["commitment"].hex(), "box": chain.epoch["box"].hex()}],
    }


def changesets(run, story, chain):
    data = load("history.json")
    tails = {}
    known = {}
    for one in data["changesets"]:

        def changeset():
            kind, first = read_entry(unhex(one["entries"][0]))
            same(kind, "changeset")
            raw, signature = first["signed"]["body"], first["signed"]["signature"]
            same(raw.hex(), one["body"])
            header = check_header(chain, raw, signature, tails.get(one["author"]))
            for dep in header["deps"]:
                same(known[dep["hash"]], (dep["device"], dep["seq"]))
            header["hash"] = hashed("changeset", raw)
            same(header["hash"].hex(), one["hash"])
            tails[one["author"]] = story.changesets[one["name"]] = header
            known[header["hash"]] = (header["device"], header["seq"])
            items = first["items"]
            for more in one["entries"][1:]:
                kind, body = read_entry(unhex(more))
                same([kind, body["changeset"], body["first"]], ["items", header["hash"], len(items)])
                items += body["items"]
            same(len(items), len(header["items"]))
            for index, (expected, item) in enumerate(zip(header["items"], items)):
                check_item(expected, item)
                change(story.key, header, index, item, one["items"][index])

        run.check(f"changeset {one['name']}", changeset)
    run.check("the largest value", lambda: largest(story, chain, data["largest"]))


def change(epoch_key, header, index, item, expected):
    same(hashed("change", header["hash"], index.to_bytes(4, "big")).hex(), expected["id"])
    commitments = header["items"][index]
    plain = open_part(epoch_key, header, index, "meta", item["meta"], commitments["metaCommitment"])
    meta = decode(META, plain, 4096)
    meta = {"note": None, **meta, "parents": [parent.hex() for parent in meta["parents"]]}
    same(meta, expected["meta"])
    same(meta["kind"] == "put", "value" in item)
    value = None
    if "value" in item:
        value = open_part(epoch_key, header, index, "value", item["value"], commitments["valueCommitment"])
        same(len(value), meta["size"])
    same(None if value is None else value.hex(), expected["value"])


def largest(story, chain, one):
    plain = bytes((7 * i + i // 256) % 256 for i in range(one["length"]))
    device = unhex(one["device"])
    at = place(chain.vault, device, one["seq"], one["epoch"], one["index"], "value")
    key = item_key(story.key, chain.vault, device, at)
    box = seal(key, at, pad(plain), unhex(one["nonce"]))
    same(key.hex(), one["itemKey"])
    same([len(box), hashed("part", box).hex()], [one["boxLength"], one["partHash"]])
    same(hashed("item-commitment", key, at).hex(), one["commitment"])


def log(run, story, chain):
    data = load("log.json")
    entries = {}
    for link in story.json["links"]:
        entries.setdefault(link["name"], []).append(unhex(link["entry"]))
    for one in load("history.json")["changesets"]:
        entries[one["name"]] = [unhex(entry) for entry in one["entries"]]
    running = hashed("log-start", chain.vault)
    run.check("log 0", lambda: same(running.hex(), data["start"]))
    for pos, one in enumerate(data["entries"], 1):
        entry_id = hashed("entry", entries[one["name"]].pop(0))
        running = hashed("log", running, entry_id)
        run.check(f"log {pos}", lambda: same([entry_id.hex(), running.hex()], [one["entryId"], one["logHash"]]))
    run.check("signed head", lambda: signed_head(story, data["head"], running))
    for one in data["invites"]:
        run.check(f"invite code for {one['joiner']}", lambda: invite_code(story, one))
    run.check("handshake", lambda: handshake(story, data["handshake"]))


def signed_head(story, one, running):
    whole = signed(unhex(one["signed"]))
    head = decode(HEAD, whole["body"], 1024)
    same(verifies("head", whole["signature"], whole["body"], unhex(story.people[one["author"]]["sign"])), True)
    same([head["logHash"], head["device"].hex(), head["pos"]], [running, one["device"], one["pos"]])
    same([head["time"], head["generation"], head["memberHead"]["n"]], [one["time"], one["generation"], one["memberHead"]["n"]])


def read_code(string):
    string = string.strip().lower()
    data = unbase32(string[8:]) if string.startswith("coffer1-") else None
    if not data or hashed("invite-code", data[:-4])[:4] != data[-4:]:
        raise Refused("format", "code")
    return decode(CODE, data[:-4], 1024)


def invite_code(story, one):
    code = read_code(one["code"])
    found = [code["url"], code["relay"].hex(), code["vaultId"].hex(), code["link"].hex(), code["secret"].hex()]
    same(code["user"].hex() if "user" in code else None, one["user"])
    same(found, [one["url"], one["relay"], one["vaultId"], one["link"], one["secret"]])
    seed = hashed("invite-seed", code["secret"])
    same(sodium.crypto_sign_seed_keypair(seed)[0].hex(), one["key"])
    joiner = story.people[one["joiner"]]
    statement = {"keys": {"sign": unhex(joiner["sign"]), "box": unhex(joiner["box"])}, "userId": unhex(joiner["userId"])}
    body = statement_body(statement) + unhex(joiner["statement"])
    digits = base32(hashed("fingerprint", code["vaultId"], code["link"], body)[:10])
    same("-".join(digits[i : i + 4] for i in range(0, 16, 4)), one["fingerprint"])


def handshake(story, one):
    raw = unhex(one["transcript"])
    transcript = decode(TRANSCRIPT, raw, 1024)
    same(verifies("relay-challenge", unhex(one["challenge"]), raw, transcript["relayKey"]), True)
    device = story.people[one["device"]]
    same(transcript["deviceId"].hex(), device["id"])
    same(verifies("relay-auth", unhex(one["auth"]), raw, unhex(device["sign"])), True)
    same(verifies("relay-auth", unhex(one["challenge"]), raw, transcript["relayKey"]), False)


def local(run):
    data = load("local.json")
    root = unhex(data["root"])
    keys = {name: subkey(root, i) for i, name in enumerate(["deviceStore", "cache", "index"], 1)}
    for name, key in keys.items():
        run.check(f"local key {name}", lambda: same(key.hex(), data["keys"][name]))
    one = data["passphrase"]
    opened = lambda: open_keystore(unhex(one["keystore"]), argon2id(one["passphrase"]))
    run.check("keystore by passphrase", lambda: same(opened(), root))

    def key_file():
        header, body, end = data["keyFile"]["text"].split("\n")
        same([header, end], ["coffer-key-file 1", ""])
        wrapping = keyed(unbase32(body), "key-file")
        same(open_keystore(unhex(data["keyFile"]["keystore"]), lambda _kind, _args: wrapping), root)

    run.check("keystore by key file", key_file)

    def device():
        padded = unseal(keys["deviceStore"], tag("device"), unhex(data["device"]["file"]))
        record = decode(DEVICE, unpad(padded), 16 * 1024)
        same(record.pop("version"), 1)
        same({key: value.hex() if type(value) is bytes else value for key, value in record.items()}, data["device"]["record"])

    run.check("device file", device)
    records = data["records"]
    vault = unhex(records["vaultId"])
    for row in records["rows"]:
        at = unhex(row["dbKey"])
        aad = tag("store") + vault + at
        run.check(f"record, {row['name']}", lambda: same(unseal(keys["cache"], aad, unhex(row["entry"])).hex(), row["plain"]))
    hidden = keyed(keys["index"], "index", vault, b"c", unhex(records["key"]))
    run.check("hashed key", lambda: same("63" + hidden.hex(), records["rows"][1]["dbKey"]))


def refusals(run, story, chain):
    for one in load("refused.json"):

        def refused():
            try:
                take(story, chain, one["input"])
            except Refused as error:
                found = f"{error.code}/{error.reason}"
                # Which of its two reasons a malformed encoding has is up to the decoder.
                same(found.split("/")[0] if "format/" in found and "code" not in found else found, expected)
            else:
                raise AssertionError("it was taken")

        expected = one["refused"]
        if expected in ("format/malformed", "format/non-canonical"):
            expected = "format"
        elif expected == "format/suite":
            expected = "format"
        run.check(f"refused: {one['name']}", refused)


def take(story, chain, one):
    data = unhex(one.get("bytes", ""))
    if one["as"] == "entry":
        read_entry(data)
    elif one["as"] == "link":
        story.chain(one["after"]).add(data)
    elif one["as"] == "changeset":
        _kind, body = read_entry(data)
        tail = story.changesets[one["tail"]] if one["tail"] else None
        header = check_header(chain, body["signed"]["body"], body["signed"]["signature"], tail)
        for expected, item in zip(header["items"], body["items"]):
            check_item(expected, item)
    elif one["as"] == "part":
        header = story.changesets[one["changeset"]]
        open_part(story.key, header, one["index"], one["part"], data, unhex(one["commitment"]))
    elif one["as"] == "wrap":
        person = story.people[one["device"]]
        open_wrap(data, unhex(person["id"]), unhex(person["boxSeed"]), chain.vault, 1, chain.epoch)
    elif one["as"] == "head":
        whole = signed(data)
        decode(HEAD, whole["body"], 1024)
        if not verifies("head", whole["signature"], whole["body"], unhex(story.people["ann/laptop"]["sign"])):
            raise tampering("bad-signature")
    elif one["as"] == "padding":
        if unpad(data) is None:
            raise tampering("bad-padding")
    elif one["as"] == "code":
        read_code(one["text"])
    elif one["as"] == "keystore":
        open_keystore(data, argon2id(one["passphrase"]))
    else:
        raise AssertionError(f"no such case: {one['as']}")


def main():
    run = Run()
    story = Story()
    primitives(run)
    devices(run, story)
    chain = links(run, story)
    changesets(run, story, chain)
    log(run, story, chain)
    local(run)
    refusals(run, story, chain)
    print(f"{run.passed} passed, {run.failed} failed")
    return 1 if run.failed or not run.passed else 0


if __name__ == "__main__":
    sys.exit(main())
