"""SPEC section 5, rules 11 to 17: what takes rights away or gives them, and the keys that change with them."""
from encoding import tampering
from roles import LETS_IN, MANAGES, READS, WRITES, grants
from snapshots import check_above, check_raisable
from tables import ROLES


def ascending(all_of):
    return all(a < b for a, b in zip(all_of, all_of[1:]))


def check_cuts(chain, cuts, losing):
    places = [(cut["device"], cut["seq"], cut["hash"]) for cut in cuts]
    if not ascending(places) or any(cut["seq"] == 0 or cut["device"] not in losing for cut in cuts):
        raise tampering("bad-cut")
    check_above(chain, cuts, losing)


def check_epoch(chain, start, needed):
    if (start is not None) != needed:
        raise tampering("bad-epoch")
    if start is None:
        return
    based = "base" in start and "before" in start and 1 <= start["base"] <= len(chain.epochs)
    if based:
        bases = [start["base"]] + [one["base"] for one in start.get("more", [])]
        based = bases[-1] >= 1 and ascending(bases[::-1])
    if not based or any(one["commitment"] == start["commitment"] for _, one in chain.epochs):
        raise tampering("bad-epoch")


def heads_of(cuts, device):
    return [(cut["seq"], cut["hash"]) for cut in cuts if cut["device"] == device]


def become(device, role, n):
    device["role"] = role
    device["roles"].append((n, role))


def cut(device, cuts, n):
    device["cuts"].append({"from": n, "heads": heads_of(cuts, device["id"])})


def start_epoch(chain, args, n):
    if "epoch" in args:
        chain.epochs.append((n, args["epoch"]))


def owner_remains(chain, without):
    if not any(one["role"] == "owner" and one["id"] not in without for one in chain.active()):
        raise tampering("last-owner")


def may_remove(chain, author, device):
    if device["userId"] != author["userId"]:
        return grants(author["role"], device["role"])
    if device["id"] == author["id"]:
        return True
    joined = author["roles"][0][0]
    senior = joined < chain.devices[device["addedBy"]]["roles"][0][0]
    if author["recovery"]:
        senior = senior or joined < device["roles"][0][0]
    return (senior or not device["recovery"]) and device["role"] in LETS_IN[author["role"]]


def brought_in(chain, removed, user):
    """Active devices of the user which descend from removed ones."""
    found = set()
    while True:
        more = {
            one["id"]
            for one in chain.devices.values()
            if one["userId"] == user and one["addedBy"] in removed | found and one["id"] not in removed | found
        }
        if not more:
            return {one for one in found if chain.devices[one]["role"] is not None}
        found |= more


def remove(chain, author, args, n):
    ids, kept = args["devices"], args["kept"]
    if not ascending(ids) or not ascending(kept):
        raise tampering("bad-removal")
    devices = [chain.devices.get(one) for one in ids]
    if any(one is None or one["role"] is None for one in devices):
        raise tampering("device-unknown")
    user = devices[0]["userId"]
    if any(one["userId"] != user for one in devices):
        raise tampering("bad-removal")
    if not all(may_remove(chain, author, one) for one in devices):
        raise tampering("not-authorised")
    if brought_in(chain, set(ids), user) != set(kept):
        raise tampering("bad-removal")
    owner_remains(chain, ids)
    losing = [one for one in devices if one["role"] in WRITES]
    check_cuts(chain, args["cuts"], [one["id"] for one in losing])
    check_epoch(chain, args.get("epoch"), any(one["role"] in READS for one in devices))
    for one in devices:
        become(one, None, n)
    for one in losing:
        cut(one, args["cuts"], n)
    gone = not any(one["userId"] == user for one in chain.active())
    for invite in chain.invites.values():
        if invite["state"] == "open" and (invite["author"] in ids or (gone and invite["userId"] == user)):
            invite["state"] = "withdrawn"
    start_epoch(chain, args, n)


def change_role(chain, author, args, n):
    user, role = args["userId"], args["role"]
    if chain.kind == "user":
        raise tampering("foreign-user")
    if role == "runner":
        raise tampering("bad-role-change")
    own = user == author["userId"]
    theirs = [
        one
        for one in chain.active()
        if one["userId"] == user
        and one["role"] != "runner"
        and not (one["recovery"] and own and one["id"] != author["id"])
    ]
    highest = min((ROLES.index(one["role"]) for one in theirs), default=None)

    def becomes(before):
        if ROLES.index(before) == highest:
            return role
        if before in LETS_IN[role]:
            return before
        return role if role in LETS_IN[before] else "viewer"

    steps = [(one, becomes(one["role"])) for one in theirs if becomes(one["role"]) != one["role"]]
    if not steps:
        raise tampering("bad-role-change")
    gives = (lambda given: given in LETS_IN[author["role"]]) if own else (lambda given: grants(author["role"], given))
    if not all(gives(one["role"]) and gives(after) for one, after in steps):
        raise tampering("not-authorised")
    if role != "owner":
        owner_remains(chain, [one["id"] for one, _ in steps])
    losing = [one for one, after in steps if one["role"] in WRITES and one["role"] not in LETS_IN[after]]
    check_cuts(chain, args["cuts"], [one["id"] for one in losing])
    check_epoch(chain, args.get("epoch"), any(one["role"] in READS and after not in READS for one, after in steps))
    begins = any(one["role"] not in READS and after in READS for one, after in steps)
    if begins != ("wraps" in args):
        raise tampering("bad-wraps")
    for one, after in steps:
        become(one, after, n)
    for one in losing:
        cut(one, args["cuts"], n)
    start_epoch(chain, args, n)


def rotate(chain, author, args, n):
    if author["role"] not in READS or author["role"] not in WRITES:
        raise tampering("not-authorised")
    check_epoch(chain, args["epoch"], True)
    start_epoch(chain, args, n)


def rewrap(chain, author, args, _n):
    if author["role"] not in READS:
        raise tampering("not-authorised")
    device = chain.devices.get(args["device"])
    if device is None or device["role"] not in READS:
        raise tampering("device-unknown")


def raise_cut(chain, author, args, _n):
    if author["role"] not in MANAGES:
        raise tampering("not-authorised")
    ids = dict.fromkeys(one["device"] for one in args["cuts"])
    check_cuts(chain, args["cuts"], ids)
    for one in ids:
        device = chain.devices.get(one)
        if device is None or not device["cuts"]:
            raise tampering("bad-cut")
        last = device["cuts"][-1]
        if not grants(author["role"], chain.role_at(one, last["from"] - 1)):
            raise tampering("not-authorised")
        greatest = max((seq for seq, _ in last["heads"]), default=0)
        if max(seq for seq, _ in heads_of(args["cuts"], one)) <= greatest:
            raise tampering("bad-cut")
        check_raisable(chain, last)
    for one in ids:
        last = chain.devices[one]["cuts"][-1]
        known = {head for _, head in last["heads"]}
        last["heads"] = sorted(last["heads"] + [head for head in heads_of(args["cuts"], one) if head[1] not in known])


ACTIONS = {
    "remove": remove,
    "change-role": change_role,
    "rotate": rotate,
    "rewrap": rewrap,
    "raise-cut": raise_cut,
}
