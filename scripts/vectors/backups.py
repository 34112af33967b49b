"""SPEC section 14: the text of a backup, which Python's own json reads."""
import base64
import json

from encoding import Refused

VAULT = {"vault": str, "secrets": list, "sealed": list}
SECRET = {"name": str, "value": (str, dict), "version": int, "changed": str, "note?": str, "older?": list, "others?": list}
OLDER = {"version": int, "changed": str, "note?": str, "deleted?": bool}
OTHER = {"value?": (str, dict), "changed": str, "note?": str}
WHOLE = {"format": str, "version": int, "about": str, "created": str, "vaults": list}


def read_backup(text):
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        raise Refused("format", "backup")
    if type(found) is not dict or found.get("format") != "coffer-backup":
        raise Refused("format", "backup")
    if found.get("version") != 1:
        raise Refused("home", "newer")
    fields(WHOLE, found)
    for vault in found["vaults"]:
        fields(VAULT, vault)
        for secret in vault["secrets"]:
            fields(SECRET, secret)
            value_of(secret["value"])
            for one in secret.get("older", []):
                fields(OLDER, one)
            for one in secret.get("others", []):
                fields(OTHER, one)
    once([vault["vault"] for vault in found["vaults"]])
    for vault in found["vaults"]:
        once([secret["name"] for secret in vault["secrets"]])
    return found["vaults"]


def fields(expected, found):
    names = {name.rstrip("?"): kind for name, kind in expected.items()}
    missing = {name for name in expected if not name.endswith("?")} - set(found if type(found) is dict else ())
    if type(found) is not dict or missing or any(name not in names for name in found):
        raise Refused("format", "schema")
    kinds = [(found[name], kind if type(kind) is tuple else (kind,)) for name, kind in names.items() if name in found]
    if any(type(value) not in kind or not whole(value) for value, kind in kinds):
        raise Refused("format", "schema")


def whole(value):
    """Python's json reads half of a surrogate pair, which is no text."""
    return type(value) is not str or not any(0xD800 <= ord(char) < 0xE000 for char in value)


def value_of(value):
    """The bytes of a value: text as UTF-8, or padded base64."""
    try:
        if type(value) is str:
            return value.encode()
        fields({"base64": str}, value)
        data = base64.b64decode(value["base64"], validate=True)
        if base64.b64encode(data).decode() == value["base64"]:
            return data
    except ValueError:
        pass
    raise Refused("format", "schema")


def once(names):
    if len(set(names)) != len(names):
        raise Refused("format", "doubled-name")
