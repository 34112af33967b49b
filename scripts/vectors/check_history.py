"""The vectors of the membership chain and of changesets."""
from changesets import check_deps, check_header, check_item, item_key, open_part, place
from crypto import hashed, keyed, pad, seal, unpad, unseal
from encoding import decode
from membership import Chain, open_wrap
from story import load, same, unhex
from tables import META, read_entry


def links(run, story):
    chain = Chain()
    for one in story.json["links"]:
        run.check(f"link {one['name']}", lambda: take_link(story, chain, one))
    run.check("membership", lambda: same(folded(chain), story.json["membership"]))
    return chain


def take_link(story, chain, one):
    """Adds a link; opens its wraps with the keys of those who read, and its labels."""
    entry = unhex(one["entry"])
    held = max(len(chain.epochs), 1)
    found = chain.add(entry)
    same([found["n"], chain.hashes[-1].hex()], [one["n"], one["hash"]])
    body = read_entry(entry)[1]
    same(body["signed"]["body"].hex(), one["body"])
    action, args = found["action"]
    epoch = len(chain.epochs)
    context = args["nonce"] * 2 if action == "genesis" else chain.vault
    for name in one["readers"]:
        person = story.people[name]
        device, seed = unhex(person["id"]), unhex(person["boxSeed"])
        key = open_wrap(body["wraps"], device, seed, context, epoch, chain.epochs[epoch - 1][1])
        same(key, story.keys[epoch - 1])
    boxes = args.get("labels", [args["label"]] if "label" in args else [])
    labels = one["labels"] if "labels" in one else [one["label"]] if one["label"] else []
    same(len(boxes), len(labels))
    for box, label in zip(boxes, labels):
        aad = hashed("label", unhex(label["subject"]))
        padded = unseal(keyed(story.keys[held - 1], "label-key"), aad, box)
        same(unpad(padded).decode(), label["text"])


def folded(chain):
    text_or_none = lambda value: None if value is None else value.hex()
    devices = [
        {key: one[key].hex() for key in ("id", "userId", "addedBy")} | {"since": one["roles"][0][0], "role": one["role"]}
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
        "epochs": [
            {"from": n, "commitment": start["commitment"].hex(), "box": start["box"].hex()} for n, start in chain.epochs
        ],
    }


def changesets(run, story, chain):
    data = load("history.json")
    tails = {}
    for one in data["changesets"]:

        def changeset():
            tails[one["author"]] = take_changeset(story, chain, one, tails.get(one["author"]))

        run.check(f"changeset {one['name']}", changeset)
    run.check("the largest value", lambda: largest(story, chain, data["largest"]))


def take_changeset(story, chain, one, tail):
    """Judges a changeset of the vectors, opens its items, and gives its header with `hash` and `metas`."""
    kind, first = read_entry(unhex(one["entries"][0]))
    same(kind, "changeset")
    raw, signature = first["signed"]["body"], first["signed"]["signature"]
    same(raw.hex(), one["body"])
    header = check_header(chain, raw, signature, tail)
    check_deps(header, story.known)
    header["hash"] = hashed("changeset", raw)
    same(header["hash"].hex(), one["hash"])
    items = first["items"]
    for more in one["entries"][1:]:
        kind, body = read_entry(unhex(more))
        same([kind, body["changeset"], body["first"]], ["items", header["hash"], len(items)])
        items += body["items"]
    same(len(items), len(header["items"]))
    key = story.keys[header["epoch"] - 1]
    header["metas"] = []
    for index, (expected, item) in enumerate(zip(header["items"], items)):
        check_item(expected, item)
        header["metas"].append(change(key, header, index, item, one["items"][index]))
    story.changesets[one["name"]] = story.known[header["hash"]] = header
    return header


def change(epoch_key, header, index, item, expected):
    same(hashed("change", header["hash"], index.to_bytes(4, "big")).hex(), expected["id"])
    commitments = header["items"][index]
    plain = open_part(epoch_key, header, index, "meta", item["meta"], commitments["metaCommitment"])
    meta = decode(META, plain, 4096)
    same({"note": None, **meta, "parents": [parent.hex() for parent in meta["parents"]]}, expected["meta"])
    same(meta["kind"] == "put", "value" in item)
    value = None
    if "value" in item:
        value = open_part(epoch_key, header, index, "value", item["value"], commitments["valueCommitment"])
        same(len(value), meta["size"])
    same(None if value is None else value.hex(), expected["value"])
    return meta


def largest(story, chain, one):
    plain = bytes((7 * i + i // 256) % 256 for i in range(one["length"]))
    device = unhex(one["device"])
    at = place(chain.vault, device, one["seq"], one["epoch"], one["index"], "value")
    key = item_key(story.key, chain.vault, device, at)
    box = seal(key, at, pad(plain), unhex(one["nonce"]))
    same(key.hex(), one["itemKey"])
    same([len(box), hashed("part", box).hex()], [one["boxLength"], one["partHash"]])
    same(hashed("item-commitment", key, at).hex(), one["commitment"])
