"""SPEC section 5, rule 19 and Forks: which branches of a chain are void, and who goes over to another."""
from encoding import tampering


def end_fork(chain, author, args, n):
    """Rule 19."""
    if author["role"] != "owner":
        raise tampering("not-authorised")
    places = [(one["n"], one["hash"]) for one in args["voids"]]
    if any(a >= b for a, b in zip(places, places[1:])):
        raise tampering("bad-fork")
    if any(at == 0 or at >= len(chain.hashes) or chain.hashes[at] == link for at, link in places):
        raise tampering("bad-fork")
    for _at, link in places:
        chain.voids.setdefault(link, {"from": n, "by": author["id"]})


def parting(own, other):
    """The last n up to which two chains have the same links."""
    return next(n for n, (a, b) in enumerate(zip(own.hashes, other.hashes)) if a != b) - 1


def goes_over(own, other):
    """Whether who stands on `own` goes over to `other`."""
    theirs = end_of(other, own)
    ours = end_of(own, other)
    return theirs is not None and (ours is None or theirs < ours)


def end_of(by, of):
    """The least hash of an end-fork of `by` that counts in `of`, and names a link of it."""
    base = parting(by, of)
    ends = [
        by.hashes[one["from"]]
        for link, one in by.voids.items()
        if link in of.hashes[base + 1 :] and one["from"] > base and is_owner(of, one["by"])
    ]
    return min(ends, default=None)


def is_owner(chain, device):
    return device in chain.devices and chain.devices[device]["role"] == "owner"
