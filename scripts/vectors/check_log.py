"""The vectors of what a relay and an invite carry: log hashes, signed heads, codes, the handshake."""
from nacl import bindings as sodium

from crypto import hashed, verifies
from encoding import base32, decode
from story import load, same, unhex
from tables import HEAD, TRANSCRIPT, read_code, signed, statement_body


def log(run, story, chain):
    data = load("log.json")
    entries = {}
    for link in story.json["links"]:
        entries.setdefault(link["name"], []).append(unhex(link["entry"]))
    for one in load("history.json")["changesets"]:
        entries[one["name"]] = [unhex(entry) for entry in one["entries"]]
    running = hashed("log-start", chain.vault)
    run.check("log 0", lambda: same(running.hex(), data["start"]))
    for pos, one in enumerate(data["entries"], 1):
        entry_id = hashed("entry", entries[one["name"]].pop(0))
        running = hashed("log", running, entry_id)
        run.check(f"log {pos}", lambda: same([entry_id.hex(), running.hex()], [one["entryId"], one["logHash"]]))
    run.check("signed head", lambda: signed_head(story, data["head"], running))
    run.check("fingerprint of the vault", lambda: fingerprint(chain.vault, data["head"], data["fingerprint"]))
    for one in data["invites"]:
        run.check(f"invite code for {one['joiner']}", lambda: invite_code(story, one))
    run.check("handshake", lambda: handshake(story, data["handshake"]))


def signed_head(story, one, running):
    whole = signed(unhex(one["signed"]))
    head = decode(HEAD, whole["body"], 1024)
    same(verifies("head", whole["signature"], whole["body"], unhex(story.people[one["author"]]["sign"])), True)
    same([head["logHash"], head["device"].hex(), head["pos"]], [running, one["device"], one["pos"]])
    same([head["time"], head["generation"], head["memberHead"]["n"]], [one["time"], one["generation"], one["memberHead"]["n"]])


def fingerprint(vault, head, said):
    member = head["memberHead"]
    place = u64be(member["n"]) + unhex(member["hash"]) + u64be(head["generation"]) + u64be(head["pos"]) + unhex(head["logHash"])
    digits = base32(hashed("vault-fingerprint", vault, place)[:10])
    same("-".join(digits[i : i + 4] for i in range(0, 16, 4)), said)


def u64be(number):
    return number.to_bytes(8, "big")


def invite_code(story, one):
    code = read_code(one["code"])
    found = [code["url"], code["relay"].hex(), code["vaultId"].hex(), code["link"].hex(), code["secret"].hex()]
    same(code["user"].hex() if "user" in code else None, one["user"])
    same(code.get("title"), one["title"])
    same(found, [one["url"], one["relay"], one["vaultId"], one["link"], one["secret"]])
    seed = hashed("invite-seed", code["secret"])
    same(sodium.crypto_sign_seed_keypair(seed)[0].hex(), one["key"])
    joiner = story.people[one["joiner"]]
    statement = {"keys": {"sign": unhex(joiner["sign"]), "box": unhex(joiner["box"])}, "userId": unhex(joiner["userId"])}
    body = statement_body(statement) + unhex(joiner["statement"])
    digits = base32(hashed("fingerprint", code["vaultId"], code["link"], body)[:10])
    same("-".join(digits[i : i + 4] for i in range(0, 16, 4)), one["fingerprint"])


def handshake(story, one):
    raw = unhex(one["transcript"])
    transcript = decode(TRANSCRIPT, raw, 1024)
    same(verifies("relay-challenge", unhex(one["challenge"]), raw, transcript["relayKey"]), True)
    device = story.people[one["device"]]
    same(transcript["deviceId"].hex(), device["id"])
    same(verifies("relay-auth", unhex(one["auth"]), raw, unhex(device["sign"])), True)
    same(verifies("relay-auth", unhex(one["challenge"]), raw, transcript["relayKey"]), False)
