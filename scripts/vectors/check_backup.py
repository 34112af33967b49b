"""The vectors of a backup's text (SPEC section 14)."""
from datetime import datetime, timezone

from backups import read_backup, value_of
from check_bundles import refuses
from story import load, same


def backup(run):
    data = load("backup.json")
    run.check("backup", lambda: same([vault_of(one) for one in read_backup(data["text"])], data["vaults"]))
    run.check("backup, a secret a line", lambda: lines(data))
    run.check("backup, its versions", lambda: versions(data["text"]))
    for one in data["refused"]:
        run.check(f"refused: backup, {one['name']}", lambda: refuses(lambda: read_backup(one["text"]), one["refused"]))


def vault_of(vault):
    return {**vault, "secrets": [secret_of(one) for one in vault["secrets"]]}


def secret_of(secret):
    others = [value_of(one["value"]).hex() if "value" in one else None for one in secret.get("others", [])]
    value = value_of(secret["value"]).hex()
    return {"name": secret["name"], "value": value, "changed": ms(secret["changed"]), "note": secret.get("note"), "others": others}


def ms(date):
    """ISO 8601 in UTC, with milliseconds."""
    at = datetime.strptime(date, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
    return round(at.timestamp() * 1000)


def lines(data):
    found = [line for line in data["text"].split("\n") if line.startswith('{"name":')]
    same(len(found), sum(len(vault["secrets"]) for vault in data["vaults"]))
    same(data["text"].endswith("\n]}\n"), True)


def versions(text):
    """Numbers go on from 1; what came before is listed newest first."""
    secrets = {one["name"]: one for vault in read_backup(text) for one in vault["secrets"]}
    again = secrets["AGAIN"]
    same(again["version"], 3)
    same([(one["version"], one.get("deleted"), one.get("note")) for one in again["older"]], [(2, True, None), (1, None, "the first")])
    same([secrets["TWICE"]["version"], len(secrets["TWICE"]["others"])], [2, 1])
