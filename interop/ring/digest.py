"""Digest credentials (RFC 8760, RFC 7616), checked as a far end would check them."""

import hashlib
import re

_HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


def verify(credentials, method, user, password):
    """What is wrong with an Authorization value, or None."""
    if not credentials or not credentials.startswith("Digest "):
        return f"no digest credentials: {credentials!r}"
    fields = {
        name.lower(): quoted if quoted is not None and bare == "" else bare
        for name, quoted, bare in re.findall(
            r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^,\s]*))', credentials[7:]
        )
    }
    digest = _HASHES.get(fields.get("algorithm", "MD5").upper())
    if digest is None:
        return f"unknown algorithm {fields.get('algorithm')}"

    def hashed(text):
        return digest(text.encode()).hexdigest()

    secret = hashed(f"{user}:{fields['realm']}:{password}")
    request = hashed(f"{method}:{fields['uri']}")
    middle = fields["nonce"]
    if "qop" in fields:
        middle += f":{fields['nc']}:{fields['cnonce']}:{fields['qop']}"
    wanted = hashed(f"{secret}:{middle}:{request}")
    if fields.get("username") != user:
        return f"username {fields.get('username')!r}"
    return None if fields.get("response") == wanted else "the response does not verify"
