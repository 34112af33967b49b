#!/usr/bin/python3
"""An independent reading of SPEC.md: opens and verifies the frozen vectors, and refuses what must be refused.

It shares no code with coffer: Python's hashlib, PyNaCl's bindings of libsodium and cbor2 only
(Debian: python3-nacl, python3-cbor2). encoding, crypto, tables, roles, membership, removal, snapshots, forks, bundles, backups,
changesets, fold and keystore follow the sections of SPEC.md; this file and check_*.py hold them against the vectors. Prints a line for each vector,
then `N passed, N failed`.
"""
import sys

sys.dont_write_bytecode = True  # before the imports: they would leave files beside the sources

from nacl import bindings as sodium

from check_backup import backup
from check_bundles import bundles
from check_forks import forks
from check_history import changesets, links
from check_log import log
from check_refusals import refusals
from check_removals import removals
from check_sealed import sealed
from check_snapshots import snapshots
from crypto import hashed, keyed, pad, sign, tag, unpad, unseal, verifies
from encoding import base32, decode, unbase32
from keystore import argon2id, open_keystore, subkey
from story import Run, Story, load, same, unhex
from tables import DEVICE, device_id, statement_holds


def primitives(run):
    data = load("primitives.json")
    for one in data["hashes"]:
        parts = [unhex(part) for part in one["parts"]]
        run.check(f"hash {one['type']}", lambda: same(hashed(one["type"], *parts).hex(), one["hash"]))
    for one in data["keyed"]:
        parts = [unhex(part) for part in one["parts"]]
        run.check(f"keyed {one['type']}", lambda: same(keyed(unhex(one["key"]), one["type"], *parts).hex(), one["hash"]))
    for one in data["signatures"]:

        def signature():
            public, _private = sodium.crypto_sign_seed_keypair(unhex(one["seed"]))
            same(public.hex(), one["publicKey"])
            same(sign(one["type"], unhex(one["body"]), unhex(one["seed"])).hex(), one["signature"])
            same(verifies(one["type"], unhex(one["signature"]), unhex(one["body"]), public), True)
            same(verifies(one["type"] + "x", unhex(one["signature"]), unhex(one["body"]), public), False)

        run.check(f"signature {one['type']}", signature)
    pair = data["boxPair"]
    public, private = sodium.crypto_box_seed_keypair(unhex(pair["seed"]))
    run.check("box pair", lambda: same([public.hex(), private.hex()], [pair["publicKey"], pair["privateKey"]]))
    epoch = data["epoch"]
    key = unhex(epoch["key"])
    run.check("epoch commitment", lambda: same(hashed("epoch-commitment", key).hex(), epoch["commitment"]))
    box = sodium.crypto_box_seed_keypair(keyed(key, "epoch-box"))[0]
    run.check("epoch box", lambda: same(box.hex(), epoch["box"]))
    for one in data["aead"]:
        key, aad, sealed = unhex(one["key"]), unhex(one["aad"]), unhex(one["sealed"])
        run.check(f"aead of {len(one['plain']) // 2} bytes", lambda: same(unseal(key, aad, sealed).hex(), one["plain"]))
    for one in data["padding"]:

        def padding():
            padded = pad(unhex(one["plain"]))
            same([len(padded), hashed("vector", padded).hex()], [one["length"], one["hash"]])
            same(unpad(padded), unhex(one["plain"]))

        run.check(f"padding of {len(one['plain']) // 2} bytes", padding)
    for one in data["base32"]:
        string, raw = one["text"], unhex(one["bytes"])
        run.check(f"base32 {string}", lambda: same([base32(raw), unbase32(string)], [string, raw]))


def devices(run, story):
    for one in story.json["devices"]:

        def device():
            keys = {
                "sign": sodium.crypto_sign_seed_keypair(unhex(one["signSeed"]))[0],
                "box": sodium.crypto_box_seed_keypair(unhex(one["boxSeed"]))[0],
            }
            same([keys["sign"].hex(), keys["box"].hex()], [one["sign"], one["box"]])
            same(device_id(keys).hex(), one["id"])
            statement = {"keys": keys, "userId": unhex(one["userId"]), "signature": unhex(one["statement"])}
            same(statement_holds(statement), True)

        run.check(f"device {one['name']}", device)
    for one in story.json["invites"]:
        seed = hashed("invite-seed", unhex(one["secret"]))
        run.check("invite key", lambda: same(sodium.crypto_sign_seed_keypair(seed)[0].hex(), one["key"]))


def local(run):
    data = load("local.json")
    root = unhex(data["root"])
    keys = {name: subkey(root, i) for i, name in enumerate(["deviceStore", "cache", "index"], 1)}
    for name, key in keys.items():
        run.check(f"local key {name}", lambda: same(key.hex(), data["keys"][name]))
    one = data["passphrase"]
    opened = lambda: open_keystore(unhex(one["keystore"]), argon2id(one["passphrase"]))
    run.check("keystore by passphrase", lambda: same(opened(), root))

    def key_file():
        header, body, end = data["keyFile"]["text"].split("\n")
        same([header, end], ["coffer-key-file 1", ""])
        wrapping = keyed(unbase32(body), "key-file")
        same(open_keystore(unhex(data["keyFile"]["keystore"]), lambda _kind, _args: wrapping), root)

    run.check("keystore by key file", key_file)

    def device():
        padded = unseal(keys["deviceStore"], tag("device"), unhex(data["device"]["file"]))
        record = decode(DEVICE, unpad(padded), 16 * 1024)
        same(record.pop("version"), 1)
        same({key: value.hex() if type(value) is bytes else value for key, value in record.items()}, data["device"]["record"])

    run.check("device file", device)
    records = data["records"]
    vault = unhex(records["vaultId"])
    for row in records["rows"]:
        at = unhex(row["dbKey"])
        aad = tag("store") + vault + at
        run.check(f"record, {row['name']}", lambda: same(unseal(keys["cache"], aad, unhex(row["entry"])).hex(), row["plain"]))
    hidden = keyed(keys["index"], "index", vault, b"c", unhex(records["key"]))
    run.check("hashed key", lambda: same("63" + hidden.hex(), records["rows"][1]["dbKey"]))


def main():
    run = Run()
    story = Story()
    primitives(run)
    devices(run, story)
    chain = links(run, story)
    changesets(run, story, chain)
    forks(run, story)
    log(run, story, chain)
    local(run)
    refusals(run, story, "refused.json")
    team = Story("removals.json")
    removals(run, team)
    refusals(run, team, "refused-removals.json")
    sealed(run)
    snapshots(run)
    bundles(run)
    backup(run)
    print(f"{run.passed} passed, {run.failed} failed")
    return 1 if run.failed or not run.passed else 0


if __name__ == "__main__":
    sys.exit(main())
