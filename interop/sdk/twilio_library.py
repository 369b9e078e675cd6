"""Twilio's Python library: writes a document, checks recorded signatures."""

import json
import sys
from urllib.parse import parse_qsl

from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import VoiceResponse


def document(target, result):
    response = VoiceResponse()
    response.refer(action=result, method="POST").sip(target)
    return str(response)


def valid(request, key):
    headers = {name.lower(): value for name, value in request["headers"]}
    fields = dict(parse_qsl(request["body"], keep_blank_values=True))
    return RequestValidator(key).validate(
        request["url"], fields, headers.get("x-twilio-signature", "")
    )


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    if "target" in asked:
        print(json.dumps(document(asked["target"], asked["result"])))
    else:
        print(json.dumps([valid(request, asked["key"]) for request in asked["requests"]]))
