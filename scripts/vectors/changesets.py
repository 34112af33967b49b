"""SPEC section 6: changesets and the parts of their items."""
from crypto import hashed, keyed, unpad, unseal, verifies
from encoding import Refused, decode, encode, tampering
from roles import READS, WRITES
from tables import ENTRY, HEADER


def place(vault, device, seq, epoch, index, part):
    where = seq.to_bytes(8, "big") + epoch.to_bytes(4, "big") + index.to_bytes(4, "big")
    return bytes([1, 1]) + vault + device + where + bytes([part == "value"])


def item_key(epoch_key, vault, device, at):
    return keyed(epoch_key, "item-key", vault, device, at)


def open_part(epoch_key, header, index, part, box, commitment):
    at = place(header["vaultId"], header["device"], header["seq"], header["epoch"], index, part)
    return open_with(item_key(epoch_key, header["vaultId"], header["device"], at), header, index, part, box, commitment)


def open_with(key, header, index, part, box, commitment):
    at = place(header["vaultId"], header["device"], header["seq"], header["epoch"], index, part)
    if hashed("item-commitment", key, at) != commitment:
        raise tampering("key-commitment")
    padded = unseal(key, at, box)
    if padded is None:
        raise tampering("bad-box")
    plain = unpad(padded)
    if plain is None:
        raise tampering("bad-padding")
    return plain


def check_header(chain, raw, signature, tail, kept=False):
    """tail: the author's changeset before it. kept: by a snapshot or in a bundle, where that isn't there."""
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
    if header["epoch"] != chain.epoch_at(head["n"]):
        raise tampering("wrong-epoch")
    check_readers(chain, header, chain.role_at(header["device"], head["n"]), head["n"])
    if not kept:
        check_follows(header, tail)
    deps = [dep["device"] for dep in header["deps"]]
    if header["device"] in deps or any(a >= b for a, b in zip(deps, deps[1:])):
        raise tampering("bad-deps")
    if any(("value" in item) != ("valueCommitment" in item) for item in header["items"]):
        raise tampering("bad-item")
    check_reader_form(header)
    return header


def check_follows(header, tail):
    if header["seq"] != (tail["seq"] if tail else 0) + 1:
        raise tampering("bad-seq")
    if header.get("prev") != (tail["hash"] if tail else None):
        raise tampering("bad-prev")
    if tail and header["memberHead"]["n"] < tail["memberHead"]["n"]:
        raise tampering("member-head-back")


def check_deps(header, known):
    """known: changeset hash -> header."""
    for dep in header["deps"]:
        at = known.get(dep["hash"])
        if at is None or (at["device"], at["seq"]) != (dep["device"], dep["seq"]):
            raise tampering("bad-deps")
        if at["memberHead"]["n"] > header["memberHead"]["n"]:
            raise tampering("member-head-back")


def check_reader_form(header):
    readers = header.get("readers", [])
    used = set()
    for item in header["items"]:
        own = item.get("readers", [])
        if own != sorted(set(own)) or any(at >= len(readers) for at in own):
            raise tampering("bad-readers")
        if bool(own or item.get("sealed") == "item") != ("boxes" in item) or ("sealed" in item and "value" not in item):
            raise tampering("bad-readers")
        used.update(own)
    if readers != sorted(set(readers)) or len(used) != len(readers):
        raise tampering("bad-readers")


def check_readers(chain, header, role, head):
    for item in header["items"]:
        if role not in READS and item.get("sealed") != "item":
            raise tampering("not-authorised")
        if role in READS and item.get("sealed") == "item":
            raise tampering("bad-readers")
    if any(chain.role_at(device, head) != "runner" for device in header.get("readers", [])):
        raise tampering("bad-readers")


def check_item(expected, item):
    same = hashed("part", item["meta"]) == expected["meta"] and ("value" in item) == ("value" in expected)
    if not same or ("value" in item and hashed("part", item["value"]) != expected["value"]):
        raise tampering("bad-item")
    boxes = item.get("boxes")
    if (boxes is None) != ("boxes" not in expected):
        raise tampering("bad-item")
    if boxes is not None:
        right = hashed("item-boxes", boxes_bytes(boxes)) == expected["boxes"]
        for_all = len(boxes["readers"]) == len(expected.get("readers", []))
        if not right or not for_all or ("epoch" in boxes) != (expected.get("sealed") == "item"):
            raise tampering("bad-item")


def boxes_bytes(boxes):
    return encode({0: boxes["readers"], **({1: boxes["epoch"]} if "epoch" in boxes else {})})
