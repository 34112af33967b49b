"""The vectors of branches of a chain, and of the links that end a fork (SPEC section 5)."""
from copy import deepcopy

from encoding import Refused
from forks import goes_over, parting
from story import load, same, unhex


def forks(run, story):
    data = load("forks.json")
    branches = {}
    for one in data["branches"]:

        def branch():
            chain = branches[one["name"]] = story.chain()
            for entry in one["links"]:
                chain.add(unhex(entry))
            found = [{"hash": at.hex(), "from": end["from"], "by": end["by"].hex()} for at, end in chain.voids.items()]
            same(found, one["voids"])

        run.check(f"branch: {one['name']}", branch)
    for one in data["leaves"]:

        def leaves():
            own, other = branches[one["own"]], branches[one["other"]]
            same(parting(own, other), one["base"])
            same(goes_over(own, other), one["leaves"])

        run.check(f"from '{one['own']}' to '{one['other']}'", leaves)
    for one in data["refused"]:
        chain = deepcopy(branches[one["after"]])
        run.check(f"refused: end of a fork {one['name']}", lambda: refuses(lambda: chain.add(unhex(one["entry"])), one["refused"]))


def refuses(work, expected):
    """As `code/reason`, but for what doesn't decode: there the code alone."""
    try:
        work()
    except Refused as refusal:
        found = f"{refusal.code}/{refusal.reason}"
        same(found, expected) if refusal.code != "format" else same("format", expected.split("/")[0])
    else:
        raise AssertionError("it was taken")
