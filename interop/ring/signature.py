"""Webhook authentication, recomputed from the vendors' published rules.

The official validators run over the same recorded requests later; this check is here so that
every single callback of the ring is verified at once.
"""

import base64
import hashlib
import hmac
import json
from urllib.parse import parse_qsl


def signature_problem(dialect, account, base_url, request):
    """What is wrong with a request's authentication, or None."""
    return _CHECKS[dialect](account, base_url + request.target, request)


def _form_signature(key, url, request):
    signed = url
    if request.method == "POST":
        pairs = sorted(set(parse_qsl(request.body.decode(), keep_blank_values=True)))
        signed += "".join(name + value for name, value in pairs)
    return base64.b64encode(hmac.new(key.encode(), signed.encode(), hashlib.sha1).digest()).decode()


def _twiml(account, url, request):
    wanted = _form_signature(account.key, url, request)
    return _differs("X-Twilio-Signature", request.header("X-Twilio-Signature"), wanted)


def _cxml(account, url, request):
    wanted = _form_signature(account.key, url, request)
    return _differs("X-SignalWire-Signature", request.header("X-SignalWire-Signature"), wanted)


def _bxml(account, url, request):
    """Bandwidth signs nothing. The application's credentials go with `initiate` and `disconnect`
    alone, and `Refer` has no attributes for any, so that its callback carries none."""
    wanted = None
    if json.loads(request.body)["eventType"] in ("initiate", "disconnect"):
        pair = f"{account.user}:{account.password}".encode()
        wanted = "Basic " + base64.b64encode(pair).decode()
    return _differs("Authorization", request.header("Authorization"), wanted)


def _jambonz(account, url, request):
    value = request.header("Jambonz-Signature") or ""
    parts = dict(part.split("=", 1) for part in value.split(",") if "=" in part)
    signed = f"{parts.get('t', '')}.".encode() + request.body
    wanted = hmac.new(account.key.encode(), signed, hashlib.sha256).hexdigest()
    return _differs("v1 of Jambonz-Signature", parts.get("v1"), wanted)


def _differs(name, got, wanted):
    return None if got == wanted else f"{name}: expected {wanted}, got {got}"


_CHECKS = {"twiml": _twiml, "cxml": _cxml, "bxml": _bxml, "jambonz": _jambonz}
