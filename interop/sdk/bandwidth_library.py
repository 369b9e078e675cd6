"""Bandwidth's Python library: writes a document, reads a recorded callback as its own model."""

import json
import sys

from bandwidth.models.bxml import Refer, Response, SipUri
from bandwidth.models.refer_complete_callback import ReferCompleteCallback


def document(target, result):
    refer = Refer(
        sip_uri=SipUri(target), refer_complete_url=result, refer_complete_method="POST", tag="ring"
    )
    return Response([refer]).to_bxml()


def valid(request):
    callback = ReferCompleteCallback.from_json(request["body"])
    return callback.event_type == "referComplete" and callback.refer_call_status in (
        "success",
        "failure",
    )


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    if "target" in asked:
        print(json.dumps(document(asked["target"], asked["result"])))
    else:
        print(json.dumps([valid(request) for request in asked["requests"]]))
