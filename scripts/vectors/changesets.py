"""SPEC section 6: changesets and the parts of their items."""
from crypto import hashed, keyed, unpad, unseal, verifies
from encoding import Refused, decode, tampering
from roles import WRITES
from tables import ENTRY, HEADER


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
    if header["epoch"] != chain.epoch_at(head["n"]):
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


def check_deps(header, known):
    """known: changeset hash -> header."""
    for dep in header["deps"]:
        at = known.get(dep["hash"])
        if at is None or (at["device"], at["seq"]) != (dep["device"], dep["seq"]):
            raise tampering("bad-deps")
        if at["memberHead"]["n"] > header["memberHead"]["n"]:
            raise tampering("member-head-back")


def check_item(expected, item):
    same = hashed("part", item["meta"]) == expected["meta"] and ("value" in item) == ("value" in expected)
    if not same or ("value" in item and hashed("part", item["value"]) != expected["value"]):
        raise tampering("bad-item")
