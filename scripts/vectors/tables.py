"""SPEC sections 3 to 8: the tables of everything that is stored or sent."""
from crypto import hashed, verifies
from encoding import Refused, blob, decode, encode, fixed, many, struct, text, uint, unbase32, variant, word

ROLES = ["owner", "admin", "writer", "reader", "viewer", "sealer", "runner"]
ID = fixed(32)
USER = fixed(16)
ENTRY = 1024 * 1024 - 4096
SIGNED = struct({0: ("body", blob(ENTRY)), 1: ("signature", fixed(64))})
KEYS = struct({0: ("sign", ID), 1: ("box", ID)})
STATEMENT = struct({0: ("keys", KEYS), 1: ("userId", USER), 2: ("signature", fixed(64))})
EPOCH = struct(
    {
        0: ("commitment", ID),
        1: ("box", ID),
        2: ("wraps", ID),
        3: ("base?", uint(100_000)),
        4: ("before?", fixed(72)),
        5: ("more?", many(struct({0: ("base", uint(100_000)), 1: ("before", fixed(72))}), 16, 1)),
    }
)
CUT = struct({0: ("device", ID), 1: ("seq", uint()), 2: ("hash", ID)})
CUTS = many(CUT, 1000)
REQUEST = struct({0: ("body", blob(1024)), 1: ("invite", fixed(64)), 2: ("device", fixed(64))})
REQUEST_BODY = struct({0: ("vaultId", ID), 1: ("key", ID), 2: ("link", ID), 3: ("statement", STATEMENT)})
LABEL = blob(512)
ROLE = word(*ROLES)
MEMBER_HEAD = struct({0: ("n", uint(100_000)), 1: ("hash", ID)})
COVERED = struct({0: ("device", ID), 1: ("seq", uint()), 2: ("hash", ID), 3: ("memberN", uint(100_000))})
ROWS = 60_000
SNAPSHOT = struct(
    {
        0: ("version", uint(255)),
        1: ("vaultId", ID),
        2: ("device", ID),
        3: ("memberHead", MEMBER_HEAD),
        4: ("epoch", uint()),
        5: ("pos", uint()),
        6: ("entryId", ID),
        7: ("logHash", ID),
        8: ("nonce", fixed(16)),
        9: ("count", uint(ROWS)),
        10: ("leaves", uint(ROWS)),
        11: ("root", ID),
        12: ("heads", many(COVERED, 1000)),
    }
)
ACTION = variant(
    {
        0: (
            "genesis",
            struct(
                {
                    0: ("kind", word("user", "org", "project")),
                    1: ("nonce", USER),
                    2: ("statement", STATEMENT),
                    3: ("epoch", EPOCH),
                    4: ("label", LABEL),
                    5: ("relay?", ID),
                }
            ),
        ),
        1: ("relay", struct({0: ("relay", ID)})),
        2: (
            "invite",
            struct({0: ("key", ID), 1: ("role", ROLE), 2: ("expires", uint()), 3: ("label", LABEL), 4: ("userId?", USER)}),
        ),
        3: ("withdraw-invite", struct({0: ("key", ID)})),
        4: ("admit", struct({0: ("request", REQUEST), 1: ("wraps", ID), 2: ("label", LABEL)})),
        5: (
            "add-device",
            struct(
                {
                    0: ("statement", STATEMENT),
                    1: ("role", ROLE),
                    2: ("wraps", ID),
                    3: ("label", LABEL),
                    4: ("recovery?", uint(1)),
                }
            ),
        ),
        6: (
            "remove",
            struct(
                {0: ("devices", many(ID, 1000, 1)), 1: ("cuts", CUTS), 2: ("kept", many(ID, 1000)), 3: ("epoch?", EPOCH)}
            ),
        ),
        7: (
            "change-role",
            struct({0: ("userId", USER), 1: ("role", ROLE), 2: ("cuts", CUTS), 3: ("epoch?", EPOCH), 4: ("wraps?", ID)}),
        ),
        8: ("rotate", struct({0: ("epoch", EPOCH)})),
        9: ("rewrap", struct({0: ("device", ID), 1: ("wraps", ID)})),
        10: ("raise-cut", struct({0: ("cuts", many(CUT, 1000, 1))})),
        11: (
            "add-member",
            struct(
                {
                    0: ("statements", many(STATEMENT, 32, 1)),
                    1: ("role", ROLE),
                    2: ("wraps", ID),
                    3: ("labels", many(LABEL, 32, 1)),
                }
            ),
        ),
        12: ("checkpoint", struct({0: ("snapshot", SIGNED)})),
        13: ("end-fork", struct({0: ("voids", many(MEMBER_HEAD, 16, 1))})),
    }
)
LINK = struct(
    {
        0: ("version", uint(255)),
        1: ("suite", uint(255)),
        2: ("n", uint(100_000)),
        3: ("author", ID),
        4: ("time", uint()),
        5: ("action", ACTION),
        6: ("vaultId?", ID),
        7: ("prev?", ID),
    }
)
WRAPS = many(struct({0: ("device", ID), 1: ("box", fixed(148))}), 1000)
DEVICE_HEAD = struct({0: ("device", ID), 1: ("seq", uint()), 2: ("hash", ID)})
RUNNERS = 40
ITEM_HEADER = struct(
    {
        0: ("meta", ID),
        1: ("metaCommitment", ID),
        2: ("value?", ID),
        3: ("valueCommitment?", ID),
        4: ("readers?", many(uint(RUNNERS - 1), RUNNERS, 1)),
        5: ("boxes?", ID),
        6: ("sealed?", word("value", "item")),
    }
)
HEADER = struct(
    {
        0: ("version", uint(255)),
        1: ("suite", uint(255)),
        2: ("vaultId", ID),
        3: ("device", ID),
        4: ("seq", uint()),
        5: ("memberHead", MEMBER_HEAD),
        6: ("epoch", uint()),
        7: ("deps", many(DEVICE_HEAD, 32)),
        8: ("items", many(ITEM_HEADER, 1000, 1)),
        9: ("prev?", ID),
        10: ("readers?", many(ID, RUNNERS, 1)),
    }
)
META = struct(
    {
        0: ("space", word("secret", "vault", "setting")),
        1: ("name", text(255)),
        2: ("kind", word("put", "delete")),
        3: ("wall", uint()),
        4: ("counter", uint(2**32 - 1)),
        5: ("parents", many(ID, 64)),
        6: ("size", uint(512 * 1024)),
        7: ("note?", text(1024)),
    }
)
BOXES = struct({0: ("readers", many(fixed(144), RUNNERS)), 1: ("epoch?", fixed(112))})
ITEM = struct({0: ("meta", blob(8 * 1024, 40)), 1: ("value?", blob(520 * 1024, 40)), 2: ("boxes?", BOXES)})
GRANT = struct(
    {
        0: ("names", many(text(255), 1000)),
        1: ("expires", uint()),
        2: ("label", text(128)),
        3: ("org?", text(255)),
        4: ("project?", text(255)),
    }
)
ENTRIES = variant(
    {
        0: ("link", struct({0: ("signed", SIGNED), 1: ("wraps?", blob(256 * 1024))})),
        1: ("changeset", struct({0: ("signed", SIGNED), 1: ("items", many(ITEM, 1000))})),
        2: ("items", struct({0: ("changeset", ID), 1: ("first", uint(1000)), 2: ("items", many(ITEM, 1000, 1))})),
    }
)
HEAD = struct(
    {
        0: ("vaultId", ID),
        1: ("device", ID),
        2: ("memberHead", MEMBER_HEAD),
        3: ("generation", uint()),
        4: ("pos", uint()),
        5: ("logHash", ID),
        6: ("time", uint()),
    }
)
CODE = struct(
    {
        0: ("url", text(255)),
        1: ("relay", ID),
        2: ("vaultId", ID),
        3: ("link", ID),
        4: ("secret", fixed(13)),
        5: ("user?", USER),
        6: ("title?", text(255)),
    }
)
TOKEN = struct(
    {
        0: ("url", text(255)),
        1: ("relay", ID),
        2: ("vaultId", ID),
        3: ("memberHead", MEMBER_HEAD),
        4: ("signSeed", ID),
        5: ("boxSeed", ID),
        6: ("userId", USER),
        7: ("expires", uint()),
        8: ("ca?", text(16 * 1024)),
    }
)
LARGEST_BUNDLE = 64 * 1024 * 1024
BUNDLE_FILE = struct({0: ("key", fixed(80)), 1: ("content", blob(LARGEST_BUNDLE))})
BUNDLE_CONTENT = struct(
    {0: ("signed", SIGNED), 1: ("links", many(blob(ENTRY), 100_000)), 2: ("entries", many(blob(ENTRY), 200_000))}
)
BUNDLE = struct(
    {
        0: ("version", uint(255)),
        1: ("vaultId", ID),
        2: ("device", ID),
        3: ("memberHead", MEMBER_HEAD),
        4: ("runner", ID),
        5: ("time", uint()),
        6: ("expires", uint()),
        7: ("changes", many(ID, 16_384)),
    }
)
TRANSCRIPT = struct(
    {0: ("relayKey", ID), 1: ("origin", text(300)), 2: ("clientNonce", ID), 3: ("relayNonce", ID), 4: ("deviceId", ID)}
)
OPENER = variant(
    {
        1: ("passphrase", struct({0: ("time", uint()), 1: ("memory", uint()), 2: ("salt", USER)})),
        2: ("keyFile", struct({0: ("path", text(4096))})),
    }
)
PARAMETERS = struct({0: ("version", uint(255)), 1: ("suite", uint(255)), 2: ("opener", OPENER)})
KEYSTORE = struct({0: ("parameters", PARAMETERS), 1: ("wrapped", fixed(72))})
DEVICE = struct(
    {
        0: ("version", uint(255)),
        1: ("signSeed", ID),
        2: ("boxSeed", ID),
        3: ("userId", USER),
        4: ("name", text(128)),
        5: ("email", text(128)),
        6: ("device", text(128)),
    }
)


def signed(raw):
    return decode(SIGNED, raw, ENTRY)


def device_id(keys):
    return hashed("device", keys["sign"], keys["box"])


def statement_body(statement):
    keys = statement["keys"]
    return encode({0: {0: keys["sign"], 1: keys["box"]}, 1: statement["userId"]})


def statement_holds(statement):
    return verifies("device-statement", statement["signature"], statement_body(statement), statement["keys"]["sign"])


def read_entry(data):
    kind, body = decode(ENTRIES, data, ENTRY)
    if kind == "link":
        decode(LINK, body["signed"]["body"], ENTRY)
    if kind == "changeset":
        decode(HEADER, body["signed"]["body"], ENTRY)
    return kind, body


def read_code(string):
    string = string.strip().lower()
    data = unbase32(string[8:]) if string.startswith("coffer1-") else None
    if not data or hashed("invite-code", data[:-4])[:4] != data[-4:]:
        raise Refused("format", "code")
    return decode(CODE, data[:-4], 1024)
