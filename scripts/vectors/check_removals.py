"""The vectors of a team whose members come and go: its chain, the keys, and what shows around cuts."""
from check_history import take_changeset, take_link
from encoding import Refused, decode
from fold import cut_off, fold
from membership import Chain
from story import same, unhex
from tables import ENTRY, HEADER, read_entry


def removals(run, story):
    chain = Chain()
    for one in story.json["links"]:
        run.check(f"team link {one['name']}", lambda: take_link(story, chain, one))
    run.check("team membership", lambda: same(folded(chain), story.json["membership"]))
    for one in story.json["follows"]:
        run.check(f"keys from epoch {one['from']} on", lambda: follow(story, chain, one))
    for one in story.json["changesets"]:

        def changeset():
            signed = read_entry(unhex(one["entries"][0]))[1]["signed"]
            header = decode(HEADER, signed["body"], ENTRY)
            tail = story.known[header["prev"]] if "prev" in header else None
            same(tail["device"] if tail else header["device"], header["device"])
            take_changeset(story, chain, one, tail)

        run.check(f"team changeset {one['name']}", changeset)
    for one in story.json["states"]:
        run.check(f"team state after {one['after']}", lambda: state(story, one))


def folded(chain):
    devices = [
        {
            "id": one["id"].hex(),
            "userId": one["userId"].hex(),
            "addedBy": one["addedBy"].hex(),
            "recovery": one["recovery"],
            "roles": [{"from": n, "role": role} for n, role in one["roles"]],
            "cuts": [
                {"from": cut["from"], "heads": [{"seq": seq, "hash": head.hex()} for seq, head in cut["heads"]]}
                for cut in one["cuts"]
            ],
        }
        for one in chain.devices.values()
    ]
    epochs = [
        {
            "from": n,
            "commitment": start["commitment"].hex(),
            "box": start["box"].hex(),
            "base": start.get("base"),
            "before": start["before"].hex() if "before" in start else None,
            "more": [{"base": box["base"], "before": box["before"].hex()} for box in start.get("more", [])],
        }
        for n, start in chain.epochs
    ]
    return {
        "vaultId": chain.vault.hex(),
        "kind": chain.kind,
        "head": {"n": len(chain.hashes) - 1, "hash": chain.hashes[-1].hex()},
        "devices": devices,
        "epochs": epochs,
        "invites": [{"key": key.hex(), "state": one["state"]} for key, one in chain.invites.items()],
    }


def follow(story, chain, one):
    found = {one["from"]: story.keys[one["from"] - 1]}
    todo = [one["from"]]
    while todo:
        epoch = todo.pop()
        for base, box in chain.boxes(epoch):
            try:
                key = chain.open_before(epoch, found[epoch], base, box)
            except Refused:
                continue  # an alarm; others may lead there
            if base not in found:
                found[base] = key
                todo.append(base)
    same([[epoch, found[epoch].hex()] for epoch in sorted(found, reverse=True)], one["keys"])


def state(story, one):
    chain = story.chain(one["after"])
    headers = {
        at: header for at, header in story.known.items() if header["memberHead"]["n"] < len(chain.hashes)
    }
    names = {header["hash"]: name for name, header in story.changesets.items()}
    same([names[at] for at in headers], one["changesets"])
    off = cut_off(chain, headers)
    same([names[at] for at in headers if at in off], one["cutOff"])
    held, void, lost = fold(chain, headers)
    same({change.hex() for change in void}, set(one["voidChanges"]))
    same(sorted(change.hex() for change in lost), one["lost"])
    found = [
        {
            "space": space,
            "name": name,
            "live": [change["id"].hex() for change in live],
            "conflict": len(live) > 1 and any(change["kind"] == "put" for change in live),
        }
        for (space, name), live in held.items()
    ]
    same(found, one["names"])
