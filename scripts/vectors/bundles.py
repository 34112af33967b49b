"""SPEC section 8: bundles, and what a runner checks of one."""
from nacl import bindings as sodium
from nacl.exceptions import CryptoError

from changesets import check_header, check_item
from crypto import hashed, tag, unseal, verifies
from encoding import Refused, decode, tampering
from membership import Chain
from roles import READS, WRITES
from tables import BUNDLE, BUNDLE_CONTENT, BUNDLE_FILE, ENTRY, LARGEST_BUNDLE, read_entry

MAGIC = b"coffer-bundle-1\n"


def open_bundle(file, device, pair):
    """The content; nothing of it is checked."""
    if file[: len(MAGIC)] != MAGIC:
        raise Refused("format", "bundle")
    whole = decode(BUNDLE_FILE, file[len(MAGIC) :], LARGEST_BUNDLE)
    try:
        plain = unseal(sodium.crypto_box_seal_open(whole["key"], *pair), tag("bundle-file") + device, whole["content"])
    except CryptoError:
        plain = None
    if plain is None:
        raise Refused("cannot-decrypt", "not-for-this-runner")
    return decode(BUNDLE_CONTENT, plain, LARGEST_BUNDLE)


def check_bundle(content, token, device):
    """Gives the chain, the statement, and of each changeset its header (with `hash`) and its items."""
    chain = whole(lambda: chain_of(content["links"]))
    pinned = token["memberHead"]
    if chain.vault != token["vaultId"] or chain.hashes[pinned["n"] : pinned["n"] + 1] != [pinned["hash"]]:
        raise tampering("bad-bundle")
    raw = content["signed"]["body"]
    statement = decode(BUNDLE, raw, ENTRY)
    check_statement(chain, statement, raw, content["signed"]["signature"], device)
    if chain.devices[device]["role"] != "runner":
        raise Refused("expired", "revoked")
    named = set(statement["changes"])
    changesets = whole(lambda: list(changesets_of(chain, content["entries"])))
    ids = [set(ids_of(header)) for header, _items in changesets]
    if any(not named & own for own in ids) or not named <= set().union(*ids):
        raise tampering("bad-bundle")
    return chain, statement, changesets


def whole(work):
    """Whatever is wrong with a link or an entry in it, the bundle doesn't hold."""
    try:
        return work()
    except Refused:
        raise tampering("bad-bundle")


def chain_of(links):
    chain = Chain()
    for entry in links:
        if read_entry(entry)[0] != "link":
            raise tampering("bad-bundle")
        chain.add(entry)
    return chain


def check_statement(chain, statement, raw, signature, device):
    maker = chain.devices.get(statement["device"])
    if maker is None:
        raise tampering("bad-bundle")
    if not verifies("bundle", signature, raw, maker["keys"]["sign"]):
        raise tampering("bad-signature")
    head = {"n": len(chain.hashes) - 1, "hash": chain.hashes[-1]}
    holds = (
        maker["role"] in READS & WRITES
        and statement["version"] == 1
        and statement["vaultId"] == chain.vault
        and statement["runner"] == device
        and device in chain.devices
        and statement["memberHead"] == head
    )
    if not holds:
        raise tampering("bad-bundle")


def changesets_of(chain, entries):
    """Each as one that a snapshot keeps: whatever it follows isn't there."""
    last = None
    for entry in entries:
        kind, body = read_entry(entry)
        if kind == "changeset":
            raw = body["signed"]["body"]
            header = check_header(chain, raw, body["signed"]["signature"], None, kept=True)
            header["hash"] = hashed("changeset", raw)
            last = (header, [])
            yield last
        elif last is None or kind != "items" or (body["changeset"], body["first"]) != (last[0]["hash"], len(last[1])):
            raise tampering("bad-bundle")
        for item in body["items"]:
            if len(last[1]) == len(last[0]["items"]):
                raise tampering("bad-bundle")
            check_item(last[0]["items"][len(last[1])], item)
            last[1].append(item)


def ids_of(header):
    return [hashed("change", header["hash"], index.to_bytes(4, "big")) for index in range(len(header["items"]))]
