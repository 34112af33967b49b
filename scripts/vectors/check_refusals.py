"""The vectors of what must be refused, with the reason."""
from changesets import check_deps, check_header, check_item, open_part
from crypto import unpad, verifies
from encoding import Refused, decode, tampering
from keystore import argon2id, open_keystore
from membership import Chain, open_wrap
from story import load, same, unhex
from tables import HEAD, read_code, read_entry, signed


def refusals(run, story, name):
    chain = story.chain()
    for one in load(name):

        def refused():
            try:
                take(story, chain, one["input"])
            except Refused as error:
                found = f"{error.code}/{error.reason}"
                # Which of its two reasons a malformed encoding has is up to the decoder.
                same(found.split("/")[0] if "format/" in found and "code" not in found else found, expected)
            else:
                raise AssertionError("it was taken")

        expected = one["refused"]
        if expected in ("format/malformed", "format/non-canonical"):
            expected = "format"
        elif expected == "format/suite":
            expected = "format"
        run.check(f"refused: {one['name']}", refused)


def take(story, chain, one):
    data = unhex(one.get("bytes", ""))
    if one["as"] == "entry":
        read_entry(data)
    elif one["as"] == "link":
        story.chain(one["after"]).add(data)
    elif one["as"] == "changeset":
        _kind, body = read_entry(data)
        tail = story.changesets[one["tail"]] if one["tail"] else None
        header = check_header(chain, body["signed"]["body"], body["signed"]["signature"], tail)
        check_deps(header, story.known)
        for expected, item in zip(header["items"], body["items"]):
            check_item(expected, item)
    elif one["as"] == "part":
        header = story.changesets[one["changeset"]]
        open_part(story.key, header, one["index"], one["part"], data, unhex(one["commitment"]))
    elif one["as"] == "wrap":
        person = story.people[one["device"]]
        epochs = story.chain(one["link"]).epochs
        open_wrap(data, unhex(person["id"]), unhex(person["boxSeed"]), chain.vault, len(epochs), epochs[-1][1])
    elif one["as"] == "before":
        epoch = one["epoch"]
        chain.open_before(epoch, story.keys[epoch - 1], chain.boxes(epoch)[0][0], data)
    elif one["as"] == "start":
        start = Chain()
        if one["genesis"]:
            start.add(unhex(one["genesis"]))
        start.add(data)
    elif one["as"] == "head":
        whole = signed(data)
        decode(HEAD, whole["body"], 1024)
        if not verifies("head", whole["signature"], whole["body"], unhex(story.people["ann/laptop"]["sign"])):
            raise tampering("bad-signature")
    elif one["as"] == "padding":
        if unpad(data) is None:
            raise tampering("bad-padding")
    elif one["as"] == "code":
        read_code(one["text"])
    elif one["as"] == "keystore":
        open_keystore(data, argon2id(one["passphrase"]))
    else:
        raise AssertionError(f"no such case: {one['as']}")
