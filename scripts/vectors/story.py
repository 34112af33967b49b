"""The frozen vectors, and how each is checked and counted."""
import json
import os

from membership import Chain

FOLDER = os.path.dirname(os.path.abspath(__file__))
unhex = bytes.fromhex


def same(found, expected):
    if found != expected:
        raise AssertionError(f"found {found!r}, expected {expected!r}")


def load(name):
    with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
        return json.load(file)


class Run:
    def __init__(self):
        self.passed = 0
        self.failed = 0

    def check(self, name, work):
        try:
            work()
        except Exception as error:  # a vector that fails in any way has failed
            self.failed += 1
            print(f"FAILED {name}: {type(error).__name__}: {error}")
        else:
            self.passed += 1
            print(f"ok     {name}")


class Story:
    """The chain and history of the vectors, as this program reads them."""

    def __init__(self, name="chain.json"):
        self.json = load(name)
        self.people = {one["name"]: one for one in self.json["devices"]}
        self.keys = [unhex(key) for key in self.json.get("epochKeys", [self.json.get("epochKey")])]
        self.key = self.keys[0]
        self.changesets = {}  # name -> header
        self.known = {}  # changeset hash -> header

    def entry(self, name):
        return next(unhex(link["entry"]) for link in self.json["links"] if link["name"] == name)

    def chain(self, last=None):
        chain = Chain()
        for link in self.json["links"]:
            chain.add(unhex(link["entry"]))
            if link["name"] == last:
                break
        return chain
