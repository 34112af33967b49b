"""SPEC section 1: how things are encoded, and what is refused."""
import io

import cbor2


class Refused(Exception):
    def __init__(self, code, reason):
        super().__init__(f"{code}/{reason}")
        self.code = code
        self.reason = reason


def tampering(reason):
    return Refused("tampering", reason)


MAX = 2**53 - 1


def malformed():
    return Refused("format", "malformed")


def uint(limit=MAX):
    def check(raw):
        if type(raw) is not int or not 0 <= raw <= limit:
            raise malformed()
        return raw

    return check


def blob(high, low=0):
    def check(raw):
        if type(raw) is not bytes or not low <= len(raw) <= high:
            raise malformed()
        return raw

    return check


def fixed(length):
    return blob(length, length)


def text(limit):
    def check(raw):
        if type(raw) is not str or len(raw.encode()) > limit:
            raise malformed()
        return raw

    return check


def many(item, high, low=0):
    def check(raw):
        if type(raw) is not list or not low <= len(raw) <= high:
            raise malformed()
        return [item(one) for one in raw]

    return check


def word(*words):
    def check(raw):
        return words[uint(len(words) - 1)(raw)]

    return check


def struct(fields):
    """fields: key -> (name, schema); a name ending in `?` may be absent."""

    def check(raw):
        if type(raw) is not dict or any(type(key) is not int or key not in fields for key in raw):
            raise malformed()
        out = {}
        for key, (name, schema) in fields.items():
            if key in raw:
                out[name.rstrip("?")] = schema(raw[key])
            elif not name.endswith("?"):
                raise malformed()
        return out

    return check


def variant(cases):
    def check(raw):
        if type(raw) is not list or len(raw) != 2 or type(raw[0]) is not int or raw[0] not in cases:
            raise malformed()
        name, schema = cases[raw[0]]
        return name, schema(raw[1])

    return check


def encode(raw):
    return cbor2.dumps(raw, canonical=True)


def decode(schema, data, limit):
    if len(data) > limit:
        raise Refused("limit", "oversize")
    stream = io.BytesIO(data)
    try:
        raw = cbor2.CBORDecoder(stream).decode()
    except Exception as error:
        raise malformed() from error
    if stream.tell() != len(data):
        raise malformed()
    value = schema(raw)
    if encode(raw) != data:
        raise Refused("format", "non-canonical")
    return value


ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"


def base32(data):
    bits = "".join(f"{byte:08b}" for byte in data)
    bits += "0" * (-len(bits) % 5)
    return "".join(ALPHABET[int(bits[i : i + 5], 2)] for i in range(0, len(bits), 5))


def unbase32(string):
    if any(char not in ALPHABET for char in string):
        return None
    bits = "".join(f"{ALPHABET.index(char):05b}" for char in string)
    whole = len(bits) // 8 * 8
    data = bytes(int(bits[i : i + 8], 2) for i in range(0, whole, 8))
    return data if base32(data) == string else None
