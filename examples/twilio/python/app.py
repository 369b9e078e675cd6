"""A billing line in TwiML: ask for the account number, transfer the caller with it, and tell the
truth when the transfer fails. Written with Twilio's own library.

    pip install -r requirements.txt
    BILLING=sip:billing@127.0.0.1:5090 python app.py
"""

import os
from urllib.parse import quote

from flask import Flask, request
from twilio.twiml.voice_response import VoiceResponse

BILLING = os.environ.get("BILLING", "sip:billing@127.0.0.1:5090")
REASONS = {"busy": "is busy", "no-answer": "does not answer"}

app = Flask(__name__)


def reply(response):
    return str(response), {"Content-Type": "text/xml"}


@app.post("/voice")
def voice():
    response = VoiceResponse()
    gather = response.gather(action="/account", num_digits=6, finish_on_key="#", timeout=5)
    gather.say("Welcome. Please type your six digit account number.")
    response.say("We did not hear a number. Goodbye.")
    return reply(response)


@app.post("/account")
def account():
    return reply(transfer(request.form["Digits"]))


def transfer(number):
    """Refers the caller to billing; the account number travels with the call."""
    uui = quote(number.encode().hex() + ";encoding=hex", safe="")
    response = VoiceResponse()
    response.say("Thank you. We connect you to billing.")
    refer = response.refer(action=f"/transferred?account={number}")
    refer.sip(f"{BILLING}?User-to-User={uui}&X-Account={number}")
    return response


@app.post("/transferred")
def transferred():
    response = VoiceResponse()
    outcome = request.form["ReferCallStatus"]
    if outcome != "in-progress":
        reason = REASONS.get(outcome, "cannot be reached")
        again = f"/again?account={request.args['account']}"
        gather = response.gather(action=again, num_digits=1, timeout=5)
        gather.say(f"Billing {reason}. Press 1 to try again.")
        response.say("Goodbye.")
    return reply(response)


@app.post("/again")
def again():
    if request.form["Digits"] == "1":
        return reply(transfer(request.args["account"]))
    response = VoiceResponse()
    response.say("Goodbye.")
    return reply(response)


if __name__ == "__main__":
    app.run(port=int(os.environ.get("PORT", "3000")))
