"""The vectors of bundles (SPEC section 8)."""
from bundles import check_bundle, ids_of, open_bundle
from check_sealed import Reader, read_token, token
from encoding import Refused, decode
from fold import rank
from story import load, same, unhex
from tables import GRANT, META


def bundles(run):
    data = load("bundles.json")
    actors = {one["name"]: Reader(one, None) for one in data["actors"]}
    pinned = read_token(data["token"]["text"])
    file = unhex(data["file"])
    run.check("token of a bundle's runner", lambda: token(data["token"]))
    run.check("bundle", lambda: told(data, actors["ci"], pinned))
    run.check("bundle, what it brings", lambda: same(brought(file, actors["ci"], pinned, data["now"]), data["names"]))
    refusing = lambda name, work, expected: run.check(f"refused: bundle {name}", lambda: refuses(work, expected))
    nobody = "cannot-decrypt/not-for-this-runner"
    refusing("opened by another runner", lambda: open_bundle(file, actors["other"].device, actors["other"].pair), nobody)
    refusing("opened under another's id", lambda: open_bundle(file, actors["other"].device, actors["ci"].pair), nobody)
    for at in (25, 110, 400, len(file) - 1):
        changed = file[:at] + bytes([file[at] ^ 1]) + file[at + 1 :]
        refusing(f"with byte {at} changed", lambda: brought(changed, actors["ci"], pinned, data["now"]), nobody)
    ahead = {**pinned, "memberHead": {**pinned["memberHead"], "n": pinned["memberHead"]["n"] + 1}}
    refusing("of another chain than the token's", lambda: brought(file, actors["ci"], ahead, data["now"]), "tampering/bad-bundle")
    elsewhere = {**pinned, "vaultId": bytes(32)}
    refusing("of another vault", lambda: brought(file, actors["ci"], elsewhere, data["now"]), "tampering/bad-bundle")
    for one in data["refused"]:
        refusing(one["name"], lambda: brought(unhex(one["file"]), actors["ci"], pinned, data["now"]), one["refused"])


def told(data, reader, pinned):
    content = open_bundle(unhex(data["file"]), reader.device, reader.pair)
    chain, statement, _changesets = check_bundle(content, pinned, reader.device)
    same([statement["device"].hex(), statement["runner"]], [data["maker"], reader.device])
    same([statement["time"], statement["expires"]], [data["time"], data["expires"]])
    same(statement["memberHead"]["n"] + 1, len(content["links"]))
    same(statement["changes"], sorted(set(statement["changes"])))
    same(chain.role_at(reader.device, pinned["memberHead"]["n"]), "runner")


def brought(file, reader, pinned, now):
    """Every secret's values that the bundle brings, the served first; None for a delete."""
    content = open_bundle(file, reader.device, reader.pair)
    _chain, statement, changesets = check_bundle(content, pinned, reader.device)
    named = set(statement["changes"])
    names, grants = {}, []
    for header, items in changesets:
        for index, (change, item) in enumerate(zip(ids_of(header), items)):
            if change not in named:
                continue
            meta = decode(META, reader.meta(header, index, item), 4096)
            value = reader.value(header, index, item)
            one = {**meta, "id": change, "device": header["device"], "value": value}
            if meta["space"] == "secret":
                names.setdefault(meta["name"], []).append(one)
            else:
                same((meta["space"], meta["name"]), ("setting", f"grant/{reader.device.hex()}"))
                grants.append(one)
    ends = [decode(GRANT, one["value"], 512 * 1024)["expires"] for one in grants if one["value"] is not None]
    if min(statement["expires"], min(ends, default=0)) <= now:
        raise Refused("expired", "bundle-ended")
    served = {name: sorted(all_of, key=rank, reverse=True) for name, all_of in names.items()}
    return {name: [one["value"] and one["value"].hex() for one in all_of] for name, all_of in served.items()}


def refuses(work, expected):
    try:
        work()
    except Refused as refusal:
        same(f"{refusal.code}/{refusal.reason}", expected)
    else:
        raise AssertionError("it was taken")
