"""The vectors of sealed items, their readers, grants and tokens (SPEC sections 6 and 8)."""
from nacl import bindings as sodium
from nacl.exceptions import CryptoError

from changesets import check_header, check_item, open_part, open_with, place
from crypto import hashed, keyed
from encoding import Refused, decode, tampering, unbase32
from membership import Chain
from story import load, same, unhex
from tables import ENTRY, GRANT, HEADER, META, TOKEN, device_id, read_entry


class Reader:
    """Somebody with a device, and with the epoch's key or without."""

    def __init__(self, one, epoch_key):
        public, private = sodium.crypto_box_seed_keypair(unhex(one["boxSeed"]))
        same(public.hex(), one["box"])
        keys = {"sign": sodium.crypto_sign_seed_keypair(unhex(one["signSeed"]))[0], "box": public}
        self.device = device_id(keys)
        same(self.device.hex(), one["device"])
        self.pair = (public, private)
        self.epoch_key = epoch_key

    def boxed(self, header, index, item):
        """The meta key and the value key that are boxed to this device, or None."""
        readers = header.get("readers", [])
        at = readers.index(self.device) if self.device in readers else None
        mine = header["items"][index].get("readers", [])
        if at not in mine:
            return None
        plain = unbox(item["boxes"]["readers"][mine.index(at)], self.pair)
        belongs(plain[64:], header, index, self.device)
        return plain[:32], None if plain[32:64] == bytes(32) else plain[32:64]

    def meta(self, header, index, item):
        one = header["items"][index]
        if self.epoch_key is None:
            keys = self.boxed(header, index, item)
            return keys and open_with(keys[0], header, index, "meta", item["meta"], one["metaCommitment"])
        if one.get("sealed") != "item":
            return open_part(self.epoch_key, header, index, "meta", item["meta"], one["metaCommitment"])
        pair = sodium.crypto_box_seed_keypair(keyed(self.epoch_key, "epoch-box"))
        plain = unbox(item["boxes"]["epoch"], pair)
        belongs(plain[32:], header, index, pair[0])
        return open_with(plain[:32], header, index, "meta", item["meta"], one["metaCommitment"])

    def value(self, header, index, item):
        one = header["items"][index]
        if "value" not in item:
            return None
        if "sealed" not in one and self.epoch_key is not None:
            return open_part(self.epoch_key, header, index, "value", item["value"], one["valueCommitment"])
        keys = self.boxed(header, index, item)
        if not keys or not keys[1]:
            return None
        return open_with(keys[1], header, index, "value", item["value"], one["valueCommitment"])


def unbox(box, pair):
    try:
        return sodium.crypto_box_seal_open(box, *pair)
    except CryptoError:
        raise tampering("bad-box")


def belongs(said, header, index, recipient):
    at = place(header["vaultId"], header["device"], header["seq"], header["epoch"], index, "meta")
    if hashed("item-box", at, recipient) != said:
        raise tampering("bad-box")


def entries(data):
    """The chain, and the headers with their items, each checked; tails are the authors' newest headers."""
    chain, headers, tails = Chain(), [], {}
    for entry in data["log"]:
        kind, body = read_entry(unhex(entry))
        if kind == "link":
            chain.add(unhex(entry))
            continue
        header = taken(chain, body, tails)
        headers.append((header, body["items"]))
        tails[header["device"]] = header
    return chain, headers, tails


def taken(chain, body, tails):
    raw, signature = body["signed"]["body"], body["signed"]["signature"]
    author = decode_author(raw)
    header = check_header(chain, raw, signature, tails.get(author))
    header["hash"] = hashed("changeset", raw)
    same(len(header["items"]), len(body["items"]))
    for expected, item in zip(header["items"], body["items"]):
        check_item(expected, item)
    return header


def decode_author(raw):
    return decode(HEADER, raw, ENTRY)["device"]


def sealed(run):
    data = load("sealed.json")
    chain, headers, tails = entries(data)
    for one in data["actors"]:
        key = unhex(data["epochKey"]) if one["name"] == "owner" else None
        run.check(f"sealed, as {one['name']} opens it", lambda: opened(Reader(one, key), headers, data["opened"][one["name"]]))
    for one in data["refused"]:

        def refused():
            try:
                taken(chain, read_entry(unhex(one["entry"]))[1], tails)
            except Refused as refusal:
                same(refusal.reason, one["reason"])
            else:
                raise AssertionError("taken")

        run.check(f"refused: {one['name']}", refused)
    run.check("token", lambda: token(data["token"]))


def opened(reader, headers, expected):
    found = []
    for header, items in headers:
        for index, item in enumerate(items):
            plain = reader.meta(header, index, item)
            if plain is None:
                continue
            meta = decode(META, plain, 4096)
            same(meta["kind"] == "put", "value" in item)
            value = reader.value(header, index, item)
            if value is not None:
                same(len(value), meta["size"])
                if meta["name"].startswith("grant/"):
                    decode(GRANT, value, 512 * 1024)
            change = hashed("change", header["hash"], index.to_bytes(4, "big")).hex()
            meta = {"note": None, **meta, "parents": [parent.hex() for parent in meta["parents"]]}
            found.append({"id": change, "meta": meta, "value": None if value is None else value.hex()})
    same(found, expected)


def read_token(word):
    same(word.startswith("coffer-token-1-"), True)
    data = unbase32(word[len("coffer-token-1-") :])
    same(hashed("token", data[:-4])[:4], data[-4:])
    return decode(TOKEN, data[:-4], 24 * 1024)


def token(one):
    found = read_token(one["text"])
    for key in ("relay", "vaultId", "signSeed", "boxSeed", "userId"):
        same(found[key].hex(), one[key])
    same([found["url"], found["expires"]], [one["url"], one["expires"]])
    same({"n": found["memberHead"]["n"], "hash": found["memberHead"]["hash"].hex()}, one["memberHead"])
