"""SPEC section 5: what each role may do."""
from tables import ROLES

READS = {"owner", "admin", "writer", "reader"}
WRITES = {"owner", "admin", "writer", "sealer"}
MANAGES = {"owner", "admin"}
LETS_IN = {
    "owner": set(ROLES),
    "admin": {"admin", "writer", "reader", "viewer", "sealer", "runner"},
    "writer": {"writer", "reader", "viewer", "sealer"},
    "reader": {"reader", "viewer"},
    "viewer": {"viewer"},
    "sealer": {"sealer"},
    "runner": set(),
}


def grants(role, given):
    return role == "owner" or (role == "admin" and given not in ("owner", "admin"))
