"""SPEC sections 5 and 6: which changesets a cut makes void, and what a name holds."""
from crypto import hashed
from roles import MANAGES


def counted(device, headers):
    """For each cut of a device: the hashes of those of its changesets which the named heads make count."""
    out = []
    for one in device["cuts"]:
        found = set()
        for _seq, at in one["heads"]:
            while at in headers and at not in found:
                found.add(at)
                at = headers[at].get("prev")
        out.append((one["from"], found))
    return out


def cut_off(chain, headers):
    """headers: changeset hash -> header. Gives the hashes of the void ones."""
    cuts = {device["id"]: counted(device, headers) for device in chain.devices.values()}
    return {
        at
        for at, header in headers.items()
        if any(header["memberHead"]["n"] < n and at not in found for n, found in cuts[header["device"]])
    }


def own(chain, device, name):
    user = chain.devices[device]["userId"].hex()
    return name == f"device/{device.hex()}" or name.startswith(f"user/{user}/")


def may_set(chain, header, meta):
    if chain.kind == "user" or meta["space"] == "secret":
        return True
    if chain.role_at(header["device"], header["memberHead"]["n"]) in MANAGES:
        return True
    return meta["space"] == "setting" and own(chain, header["device"], meta["name"])


def fold(chain, headers):
    """Every name with what it holds, the served first; void changes; what was cut off and nobody built on."""
    off = cut_off(chain, headers)
    changes = {}
    for at, header in headers.items():
        for index, meta in enumerate(header["metas"]):
            change = hashed("change", at, index.to_bytes(4, "big"))
            void = at in off or not may_set(chain, header, meta)
            changes[change] = {**meta, "id": change, "device": header["device"], "void": void, "off": at in off}
    names = {}
    for one in changes.values():
        names.setdefault((one["space"], one["name"]), {})[one["id"]] = one
    held, lost = {}, set()
    for name, versions in names.items():
        gone = superseded(versions)
        live = [one for one in versions.values() if not one["void"] and one["id"] not in gone]
        held[name] = sorted(live, key=rank, reverse=True)
        lost |= {one["id"] for one in versions.values() if one["off"] and one["id"] not in gone}
    return held, {one["id"] for one in changes.values() if one["void"]}, lost


def superseded(versions):
    gone = set()
    todo = [parent for one in versions.values() if not one["void"] for parent in one["parents"]]
    while todo:
        at = todo.pop()
        if at in gone:
            continue
        gone.add(at)
        if at in versions and versions[at]["void"]:
            todo += versions[at]["parents"]
    return gone


def rank(one):
    return one["kind"] == "put", one["wall"], one["counter"], one["device"], one["id"]
