"""The vectors of snapshots and of the links that confirm them (SPEC sections 5 and 7)."""
from copy import deepcopy

from changesets import check_header, check_item, open_part
from crypto import hashed, verifies
from encoding import Refused, decode
from fold import fold
from membership import Chain
from snapshots import ROW, heads_at, leaf_hash, leaves_of, proved, root_of, slot_of
from story import load, same, unhex
from tables import ENTRY, HEADER, LINK, META, SNAPSHOT, read_entry, signed


class Reading:
    """The log of the vectors, read entry by entry."""

    def __init__(self, data):
        self.keys = [unhex(key) for key in data["epochKeys"]]
        self.chain = Chain()
        self.headers = {}  # changeset hash -> header, with `pos` and `metas`
        self.running = None  # the log's hash
        self.entry_id = None
        self.pos = 0

    def take(self, entry):
        self.pos += 1
        kind, body = read_entry(entry)
        if kind == "link":
            self.chain.add(entry)
        else:
            self.changeset(body)
        self.entry_id = hashed("entry", entry)
        self.running = hashed("log", self.running or hashed("log-start", self.chain.vault), self.entry_id)

    def changeset(self, body):
        raw, signature = body["signed"]["body"], body["signed"]["signature"]
        before = self.headers.get(decode(HEADER, raw, ENTRY).get("prev"))
        header = check_header(self.chain, raw, signature, before)
        key = self.keys[header["epoch"] - 1]
        metas = []
        for index, (expected, item) in enumerate(zip(header["items"], body["items"])):
            check_item(expected, item)
            metas.append(decode(META, open_part(key, header, index, "meta", item["meta"], expected["metaCommitment"]), 4096))
        same(len(metas), len(header["items"]))
        at = hashed("changeset", raw)
        self.headers[at] = {**header, "hash": at, "pos": self.pos, "metas": metas}


def snapshots(run):
    data = load("snapshots.json")
    log = [unhex(entry) for entry in data["log"]]
    raw = signed(unhex(data["snapshot"]["signed"]))["body"]
    snapshot = decode(SNAPSHOT, raw, ENTRY)
    reading = Reading(data)
    chains, found = {}, {}
    for entry in log:
        reading.take(entry)
        chains[reading.pos] = deepcopy(reading.chain)
        if reading.pos == snapshot["pos"]:
            found = {"entryId": reading.entry_id, "logHash": reading.running, "headers": dict(reading.headers)}
    maker = chains[snapshot["pos"]].devices[snapshot["device"]]
    run.check("snapshot", lambda: told(data, raw, snapshot, maker, found))
    run.check("snapshot, computed anew", lambda: computed(data, reading.keys, chains[snapshot["pos"]], found["headers"], snapshot))
    run.check("checkpoint", lambda: named(data, log, chains, snapshot))
    for one in data["proofs"]:
        run.check(f"proof of {one['name']}", lambda: proof(reading.keys, snapshot, one))
        for what, leaf in bent(leaf_of(one["leaf"])):
            run.check(f"refused: proof of {one['name']}, {what}", lambda: refuses(lambda: proved(snapshot, unhex(one["slot"]), leaf), "bad-snapshot"))
    for one in data["refused"]:
        chain = chains[one["after"]]
        run.check(f"refused: {one['name']}", lambda: refuses(lambda: deepcopy(chain).add(unhex(one["entry"])), one["reason"]))


def refuses(work, reason):
    try:
        work()
    except Refused as refusal:
        same(refusal.reason, reason)
    else:
        raise AssertionError("taken")


def told(data, raw, snapshot, maker, found):
    """What the file says in words is what stands in the bytes, which their maker signed."""
    one = data["snapshot"]
    same(hashed("snapshot", raw).hex(), one["hash"])
    same(verifies("snapshot", signed(unhex(one["signed"]))["signature"], raw, maker["keys"]["sign"]), True)
    same(snapshot["device"].hex(), data["maker"])
    for field in ("vaultId", "device", "entryId", "logHash", "nonce", "root"):
        same(snapshot[field].hex(), one[field])
    for field in ("version", "epoch", "pos", "count", "leaves"):
        same(snapshot[field], one[field])
    same({**snapshot["memberHead"], "hash": snapshot["memberHead"]["hash"].hex()}, one["memberHead"])
    same([{**head, "device": head["device"].hex(), "hash": head["hash"].hex()} for head in snapshot["heads"]], one["heads"])
    same([found["entryId"], found["logHash"]], [snapshot["entryId"], snapshot["logHash"]])


def computed(data, keys, chain, headers, snapshot):
    """Everything in a snapshot follows from the log up to its position, its epoch's key and its nonce."""
    held, _void, _lost = fold(chain, headers)
    places = {
        hashed("change", at, index.to_bytes(4, "big")): header["pos"].to_bytes(6, "big") + index.to_bytes(2, "big")
        for at, header in headers.items()
        for index in range(len(header["metas"]))
    }
    key = keys[snapshot["epoch"] - 1]
    slots = {name: slot_of(key, chain.vault, snapshot["nonce"], *name) for name in held}
    rows = sorted(slots[name] + one["id"] for name, live in held.items() for one in live)
    same([row.hex() for row in rows], data["rows"])
    same(b"".join(row[:8] + places[row[8:]] for row in rows).hex(), data["placed"])
    leaves = leaves_of(rows)
    shown = [(start.hex(), None if until is None else until.hex(), len(group)) for start, until, group in leaves]
    same(shown, [(one["from"], one["until"], one["rows"]) for one in data["leaves"]])
    same([len(rows), len(leaves)], [snapshot["count"], snapshot["leaves"]])
    same(root_of([leaf_hash(start, until, b"".join(group)) for start, until, group in leaves]), snapshot["root"])
    heads = [(one["device"], one["seq"], one["hash"], one["memberN"]) for one in snapshot["heads"]]
    same(heads_at(headers), heads)
    same([len(chain.hashes) - 1, chain.hashes[-1]], [snapshot["memberHead"]["n"], snapshot["memberHead"]["hash"]])


def named(data, log, chains, snapshot):
    """The link that confirms it is signed by a device of another user, and stands in the chain from there on."""
    pos = data["checkpoint"]
    same([len(chains[pos - 1].checkpoints), len(chains[pos].checkpoints)], [0, 1])
    same(chains[pos].checkpoints[0], snapshot)
    link = decode(LINK, read_entry(log[pos - 1])[1]["signed"]["body"], ENTRY)
    same(link["author"].hex(), data["witness"])
    users = [chains[pos].devices[device]["userId"] for device in (link["author"], snapshot["device"])]
    same(users[0] != users[1], True)


def leaf_of(one):
    leaf = {"index": one["index"], "from": unhex(one["from"]), "rows": unhex(one["rows"])}
    until = {} if one["until"] is None else {"until": unhex(one["until"])}
    return {**leaf, **until, "path": [unhex(at) for at in one["path"]]}


def proof(keys, snapshot, one):
    slot = slot_of(keys[snapshot["epoch"] - 1], snapshot["vaultId"], snapshot["nonce"], one["space"], one["name"])
    same(slot.hex(), one["slot"])
    same([change.hex() for change in proved(snapshot, slot, leaf_of(one["leaf"]))], one["changes"])


def bent(leaf):
    """What a relay that leaves something out could answer instead."""
    yield "without its first row", {**leaf, "rows": leaf["rows"][ROW:]}
    yield "with its rows turned round", {**leaf, "rows": leaf["rows"][ROW:] + leaf["rows"][:ROW]}
    yield "as another leaf", {**leaf, "index": leaf["index"] ^ 1}
    yield "without a step", {**leaf, "path": leaf["path"][:-1]}
    yield "that ends elsewhere", {**leaf, "until": b"\xff" * 8}
    yield "that begins elsewhere", {**leaf, "from": b"\0" * 7 + b"\1"}
