"""SPEC section 7: snapshots, the tree under their root; section 5, rules 17 and 18: the links that confirm them."""
from crypto import hashed, keyed, verifies
from encoding import decode, tampering
from roles import READS
from tables import ENTRY, SNAPSHOT

SLOT = 8
ROW = SLOT + 32
LEAF_ROWS = 16
SPACES = ["secret", "vault", "setting"]


def slot_of(epoch_key, vault, nonce, space, name):
    key = keyed(epoch_key, "snapshot-key", vault, nonce)
    return keyed(key, "snapshot-slot", bytes([SPACES.index(space)]), name.encode())[:SLOT]


def leaves_of(rows):
    """rows: ascending. Gives each leaf as (from, until or None, its rows)."""
    groups = [[]]
    for row in rows:
        if len(groups[-1]) >= LEAF_ROWS and groups[-1][-1][:SLOT] != row[:SLOT]:
            groups.append([])
        groups[-1].append(row)
    starts = [bytes(SLOT)] + [group[0][:SLOT] for group in groups[1:]]
    return list(zip(starts, starts[1:] + [None], groups))


def leaf_hash(start, until, packed):
    return hashed("snapshot-leaf", start, b"\0" if until is None else b"\1" + until, packed)


def half(count):
    """The greatest power of two below count, which is 2 or more."""
    return 1 << (count - 1).bit_length() - 1


def root_of(hashes):
    if len(hashes) == 1:
        return hashes[0]
    left = half(len(hashes))
    return hashed("snapshot-node", root_of(hashes[:left]), root_of(hashes[left:]))


def proved(snapshot, slot, proof):
    """The changes that a snapshot has in a slot, by the leaf that alone may hold them, or Refused."""
    packed, path = proof["rows"], list(proof["path"])
    at = leaf_hash(proof["from"], proof.get("until"), packed)
    if proof["index"] >= snapshot["leaves"] or climbed(at, proof["index"], snapshot["leaves"], path) != snapshot["root"]:
        raise tampering("bad-snapshot")
    if slot < proof["from"] or ("until" in proof and slot >= proof["until"]):
        raise tampering("bad-snapshot")
    rows = [packed[i : i + ROW] for i in range(0, len(packed), ROW)]
    if len(packed) % ROW or any(a >= b for a, b in zip(rows, rows[1:])):
        raise tampering("bad-snapshot")
    return [row[SLOT:] for row in rows if row[:SLOT] == slot]


def climbed(at, index, count, path):
    """path: the hashes from the leaf up."""
    if count == 1:
        return at if not path else None
    if not path:
        return None
    left = half(count)
    beside = path[-1]
    if index < left:
        below = climbed(at, index, left, path[:-1])
        return below and hashed("snapshot-node", below, beside)
    below = climbed(at, index - left, count - left, path[:-1])
    return below and hashed("snapshot-node", beside, below)


def heads_at(headers):
    """headers: those up to the snapshot's position. The greatest seq of each device, all changesets of it."""
    greatest = {}
    for one in headers.values():
        greatest[one["device"]] = max(one["seq"], greatest.get(one["device"], 0))
    newest = [one for one in headers.values() if one["seq"] == greatest[one["device"]]]
    heads = [(one["device"], one["seq"], one["hash"], one["memberHead"]["n"]) for one in newest]
    return sorted(heads, key=lambda head: (head[0], head[2]))


def checkpoint(chain, author, args):
    """Rule 18; `args` are those of the action."""
    raw = args["snapshot"]["body"]
    snapshot = decode(SNAPSHOT, raw, ENTRY)
    if snapshot["vaultId"] != chain.vault:
        raise tampering("foreign-vault")
    member = snapshot["memberHead"]
    last = len(chain.hashes) - 1
    if snapshot["version"] != 1 or (member["n"], member["hash"]) != (last, chain.hashes[last]):
        raise tampering("bad-checkpoint")
    if snapshot["epoch"] != len(chain.epochs):
        raise tampering("wrong-epoch")
    goes_on(chain, snapshot)
    maker = chain.devices.get(snapshot["device"])
    if maker is None or maker["role"] not in READS or author["role"] not in READS:
        raise tampering("not-authorised")
    if not verifies("snapshot", args["snapshot"]["signature"], raw, maker["keys"]["sign"]):
        raise tampering("bad-signature")
    if not may_witness(chain, maker, author):
        raise tampering("own-witness")
    chain.checkpoints.append(snapshot)


def goes_on(chain, snapshot):
    places = [(one["device"], one["seq"], one["hash"]) for one in snapshot["heads"]]
    if snapshot["pos"] == 0 or any(a >= b for a, b in zip(places, places[1:])):
        raise tampering("bad-checkpoint")
    if not chain.checkpoints:
        return
    before = chain.checkpoints[-1]
    reached = {one["device"]: one["seq"] for one in snapshot["heads"]}
    back = any(reached.get(one["device"], 0) < one["seq"] for one in before["heads"])
    if back or snapshot["pos"] <= before["pos"]:
        raise tampering("bad-checkpoint")


def may_witness(chain, maker, author):
    readers = [one for one in chain.active() if one["role"] in READS and not one["recovery"]]
    if any(one["userId"] != maker["userId"] for one in readers):
        return author["userId"] != maker["userId"]
    if any(one["id"] != maker["id"] for one in readers):
        return author["id"] != maker["id"]
    return True


def check_above(chain, cuts, losing):
    """Rule 17, first half."""
    covered = chain.checkpoints[-1]["heads"] if chain.checkpoints else []
    for head in covered:
        own = [(cut["seq"], cut["hash"]) for cut in cuts if cut["device"] == head["device"]]
        above = any(seq > head["seq"] or (seq, at) == (head["seq"], head["hash"]) for seq, at in own)
        if head["device"] in losing and not above:
            raise tampering("below-checkpoint")


def check_raisable(chain, last):
    """Rule 17, second half."""
    if any(last["from"] <= one["memberHead"]["n"] for one in chain.checkpoints):
        raise tampering("below-checkpoint")
