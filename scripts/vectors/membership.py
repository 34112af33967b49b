"""SPEC section 5: the membership chain, and the keys of its epochs. What takes rights away is in removal.py."""
from nacl import bindings as sodium
from nacl.exceptions import CryptoError

import forks
import removal
import snapshots
from crypto import hashed, keyed, unseal, verifies
from encoding import Refused, decode, tampering
from roles import LETS_IN, MANAGES, READS, grants
from tables import ENTRY, LINK, REQUEST_BODY, WRAPS, device_id, read_entry, statement_holds

class Chain:
    def __init__(self):
        self.vault = None
        self.kind = None
        self.hashes = []
        self.devices = {}
        self.invites = {}
        self.relays = []
        self.checkpoints = []  # the snapshots that links name
        self.voids = {}  # the link that a void branch begins with -> the first end-fork that says so: its n, its author
        self.epochs = []  # epoch e at index e - 1: (the link that starts it, its start)

    def active(self):
        return [one for one in self.devices.values() if one["role"] is not None]

    def epoch_at(self, n):
        return sum(start <= n for start, _ in self.epochs)

    def may_bring(self, author, user, role):
        if user is not None:
            return user == author["userId"] and role in LETS_IN[author["role"]]
        return grants(author["role"], role)

    def add(self, entry):
        """Takes the next link entry in, or raises Refused."""
        kind, body = read_entry(entry)
        assert kind == "link"
        raw, signature = body["signed"]["body"], body["signed"]["signature"]
        link = decode(LINK, raw, ENTRY)
        if link["version"] != 1 or link["suite"] != 1:
            raise Refused("format", "suite")
        link_hash = hashed("link", raw)
        action, args = link["action"]
        if self.vault is None:
            self.genesis(link, action, args, raw, signature)
            self.vault, self.kind = link_hash, args["kind"]
            self.epochs.append((0, args["epoch"]))
            if "relay" in args:
                self.relays.append((0, args["relay"]))
        else:
            self.follow(link, action, args, raw, signature, link_hash)
        self.hashes.append(link_hash)
        self.check_wraps(link["n"], action, args, body.get("wraps"))
        return link

    def genesis(self, link, action, args, raw, signature):
        if action != "genesis" or link["n"] != 0 or "vaultId" in link or "prev" in link:
            raise tampering("bad-chain")
        statement = args["statement"]
        if not statement_holds(statement):
            raise tampering("bad-proof")
        if device_id(statement["keys"]) != link["author"]:
            raise tampering("bad-chain")
        if not verifies("link", signature, raw, statement["keys"]["sign"]):
            raise tampering("bad-signature")
        if any(key in args["epoch"] for key in ("base", "before", "more")):
            raise tampering("bad-epoch")
        self.enter(statement, "owner", link)

    def follow(self, link, action, args, raw, signature, link_hash):
        if link.get("vaultId") != self.vault:
            raise tampering("foreign-vault")
        if link["n"] != len(self.hashes) or link.get("prev") != self.hashes[-1]:
            raise tampering("bad-chain")
        author = self.devices.get(link["author"])
        if author is None or author["role"] is None:
            raise tampering("unknown-author")
        if not verifies("link", signature, raw, author["keys"]["sign"]):
            raise tampering("bad-signature")
        if action == "genesis":
            raise tampering("bad-chain")
        if action == "relay":
            if author["role"] not in MANAGES:
                raise tampering("not-authorised")
            self.relays.append((link["n"], args["relay"]))
        elif action == "invite":
            self.invite(author, args, link_hash)
        elif action == "withdraw-invite":
            invite = self.open_invite(args["key"])
            may = invite["author"] == author["id"] or self.may_bring(author, invite["userId"], invite["role"])
            if not may and not grants(author["role"], invite["role"]):
                raise tampering("not-authorised")
            invite["state"] = "withdrawn"
        elif action == "admit":
            self.admit(author, args, link)
        elif action == "add-device":
            statement = args["statement"]
            if statement["userId"] != author["userId"] or args["role"] not in LETS_IN[author["role"]]:
                raise tampering("not-authorised")
            self.enter(statement, args["role"], link, args.get("recovery") == 1)
        elif action == "add-member":
            self.add_member(author, args, link)
        elif action == "checkpoint":
            snapshots.checkpoint(self, author, args)
        elif action == "end-fork":
            forks.end_fork(self, author, args, link["n"])
        else:
            removal.ACTIONS[action](self, author, args, link["n"])

    def add_member(self, author, args, link):
        statements = args["statements"]
        user = statements[0]["userId"]
        ids = [device_id(one["keys"]) for one in statements]
        alike = all(one["userId"] == user for one in statements)
        if not alike or len(args["labels"]) != len(statements) or not removal.ascending(ids):
            raise tampering("bad-proof")
        if not grants(author["role"], args["role"]) or args["role"] == "runner":
            raise tampering("not-authorised")
        if any(one["userId"] == user for one in self.active()):
            raise tampering("user-known")
        for statement in statements:
            self.enter(statement, args["role"], link)

    def invite(self, author, args, link_hash):
        if args["key"] in self.invites:
            raise tampering("invite-known")
        if not self.may_bring(author, args.get("userId"), args["role"]):
            raise tampering("not-authorised")
        if self.kind == "user" and args.get("userId") != author["userId"]:
            raise tampering("foreign-user")
        if sum(one["state"] == "open" for one in self.invites.values()) >= 100:
            raise Refused("limit", "members")
        rest = {"state": "open", "author": author["id"], "link": link_hash, "userId": args.get("userId")}
        self.invites[args["key"]] = {"role": args["role"], "expires": args["expires"], **rest}

    def open_invite(self, key):
        if key not in self.invites:
            raise tampering("invite-unknown")
        if self.invites[key]["state"] != "open":
            raise tampering("invite-used")
        return self.invites[key]

    def admit(self, author, args, link):
        request = args["request"]
        body = decode(REQUEST_BODY, request["body"], 1024)
        invite = self.open_invite(body["key"])
        statement = body["statement"]
        proven = (
            body["vaultId"] == self.vault
            and body["link"] == invite["link"]
            and verifies("join-invite", request["invite"], request["body"], body["key"])
            and verifies("join-device", request["device"], request["body"], statement["keys"]["sign"])
            and statement_holds(statement)
        )
        if not proven:
            raise tampering("bad-proof")
        user = statement["userId"]
        if invite["userId"] is not None and invite["userId"] != user:
            raise tampering("foreign-user")
        if invite["userId"] is None and any(one["userId"] == user for one in self.devices.values()):
            raise tampering("user-known")
        if not self.may_bring(author, invite["userId"], invite["role"]):
            raise tampering("not-authorised")
        self.enter(statement, invite["role"], link)
        invite["state"] = "used"

    def enter(self, statement, role, link, recovery=False):
        if not statement_holds(statement):
            raise tampering("bad-proof")
        keys, user = statement["keys"], statement["userId"]
        for one in self.devices.values():
            if one["keys"]["sign"] == keys["sign"] or one["keys"]["box"] == keys["box"]:
                raise tampering("device-known")
        if self.kind == "user":
            owner = next(iter(self.devices.values()))
            if user != owner["userId"] or role == "runner":
                raise tampering("foreign-user")
        if len(self.active()) >= 1000:
            raise Refused("limit", "members")
        new = {"id": device_id(keys), "keys": keys, "userId": user, "role": role, "recovery": recovery}
        history = {"roles": [(link["n"], role)], "cuts": [], "addedBy": link["author"]}
        self.devices[new["id"]] = {**new, **history}

    def check_wraps(self, n, action, args, table):
        start = args.get("epoch")
        expected = start["wraps"] if start else args.get("wraps")
        if expected is None and table is None:
            return
        if expected is None or table is None or hashed("wraps", table) != expected:
            raise tampering("bad-wraps")
        readers = [one for one in self.active() if one["role"] in READS]
        if action == "rewrap":
            to = [args["device"]]
        elif start:
            to = [one["id"] for one in readers]
        else:
            to = [one["id"] for one in readers if self.role_at(one["id"], n - 1) not in READS]
        if [wrap["device"] for wrap in decode(WRAPS, table, ENTRY)] != to:
            raise tampering("bad-wraps")

    def role_at(self, device, n):
        return next((role for since, role in reversed(self.devices[device]["roles"]) if since <= n), None)

    def boxes(self, epoch):
        """The base and the box of each key that an epoch's key opens."""
        start = self.epochs[epoch - 1][1]
        first = [(start["base"], start["before"])] if "base" in start else []
        return first + [(one["base"], one["before"]) for one in start.get("more", [])]

    def open_before(self, epoch, key, base, box):
        at = hashed("epoch-before", self.vault, base.to_bytes(4, "big"), epoch.to_bytes(4, "big"))
        found = unseal(keyed(key, "epoch-before"), at, box)
        if found is None or len(found) != 32 or hashed("epoch-commitment", found) != self.epochs[base - 1][1]["commitment"]:
            raise tampering("bad-before")
        return found


def open_wrap(table, device, seed, context, epoch, start):
    public, private = sodium.crypto_box_seed_keypair(seed)
    box = next((wrap["box"] for wrap in decode(WRAPS, table, ENTRY) if wrap["device"] == device), None)
    try:
        plain = sodium.crypto_box_seal_open(box or b"", public, private)
    except (CryptoError, ValueError, TypeError) as error:
        raise tampering("bad-wrap") from error
    key = plain[:32]
    fits = plain[32:] == context + epoch.to_bytes(4, "big") + device
    fits = fits and hashed("epoch-commitment", key) == start["commitment"]
    if not fits or sodium.crypto_box_seed_keypair(keyed(key, "epoch-box"))[0] != start["box"]:
        raise tampering("bad-wrap")
    return key
