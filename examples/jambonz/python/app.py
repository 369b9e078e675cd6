"""A billing line in jambonz verbs: ask for the account number, transfer the caller with it, and
tell the truth when the transfer fails. jambonz has no library for Python; its verbs are JSON.

    pip install -r requirements.txt
    BILLING=sip:billing@127.0.0.1:5090 python app.py
"""

import os
from urllib.parse import quote

from flask import Flask, jsonify, request

BILLING = os.environ.get("BILLING", "sip:billing@127.0.0.1:5090")
REASONS = {486: "is busy", 600: "is busy", 408: "does not answer", 480: "does not answer"}

app = Flask(__name__)


def gather(hook, digits, text):
    return {
        "verb": "gather", "actionHook": hook, "input": ["digits"], "numDigits": digits,
        "finishOnKey": "#", "timeout": 5, "say": {"text": text},
    }


def say(text):
    return {"verb": "say", "text": text}


@app.post("/voice")
def voice():
    return jsonify([gather("/account", 6, "Welcome. Please type your six digit account number.")])


@app.post("/account")
def account():
    number = request.json.get("digits")
    if not number:
        return jsonify([say("We did not hear a number. Goodbye.")])
    return jsonify(transfer(number))


def transfer(number):
    """Refers the caller to billing; the account number travels with the call."""
    uui = quote(number.encode().hex() + ";encoding=hex", safe="")
    return [
        say("Thank you. We connect you to billing."),
        {
            "verb": "sip:refer",
            "referTo": f"{BILLING}?User-to-User={uui}&X-Account={number}",
            "actionHook": f"/transferred?account={number}",
        },
    ]


@app.post("/transferred")
def transferred():
    outcome = request.json.get("final_referred_call_status")
    if request.json["refer_status"] == 202 and outcome == 200:
        return jsonify([])
    reason = REASONS.get(outcome, "cannot be reached")
    again = f"/again?account={request.args['account']}"
    return jsonify([gather(again, 1, f"Billing {reason}. Press 1 to try again.")])


@app.post("/again")
def again():
    if request.json.get("digits") == "1":
        return jsonify(transfer(request.args["account"]))
    return jsonify([say("Goodbye."), {"verb": "hangup"}])


if __name__ == "__main__":
    app.run(port=int(os.environ.get("PORT", "3000")))
