"""A billing line in BXML: ask for the account number, transfer the caller with it, and tell the
truth when the transfer fails. Written with Bandwidth's own library.

    pip install -r requirements.txt
    BILLING=sip:billing@127.0.0.1:5090 python app.py
"""

import os
from urllib.parse import quote

from bandwidth.models.bxml import Gather, Refer, Response, SipUri, SpeakSentence
from flask import Flask, request

BILLING = os.environ.get("BILLING", "sip:billing@127.0.0.1:5090")
REASONS = {486: "is busy", 600: "is busy", 408: "does not answer", 480: "does not answer"}

app = Flask(__name__)


def reply(*verbs):
    return Response(list(verbs)).to_bxml(), {"Content-Type": "application/xml"}


@app.post("/voice")
def voice():
    prompt = SpeakSentence("Welcome. Please type your six digit account number.")
    return reply(
        Gather([prompt], gather_url="/account", max_digits=6, terminating_digits="#")
    )


@app.post("/account")
def account():
    number = request.json["digits"]
    if not number:
        return reply(SpeakSentence("We did not hear a number. Goodbye."))
    return transfer(number)


def transfer(number):
    """Refers the caller to billing; the account number travels with the call."""
    uui = quote(number.encode().hex() + ";encoding=hex", safe="")
    target = f"{BILLING}?User-to-User={uui}&X-Account={number}"
    return reply(
        SpeakSentence("Thank you. We connect you to billing."),
        Refer(SipUri(target), refer_complete_url=f"/transferred?account={number}"),
    )


@app.post("/transferred")
def transferred():
    """After success Bandwidth ends the call and ignores the reply."""
    if request.json["referCallStatus"] == "success":
        return reply()
    reason = REASONS.get(request.json.get("notifySipResponseCode"), "cannot be reached")
    prompt = SpeakSentence(f"Billing {reason}. Press 1 to try again.")
    again = f"/again?account={request.args['account']}"
    return reply(Gather([prompt], gather_url=again, max_digits=1))


@app.post("/again")
def again():
    if request.json["digits"] == "1":
        return transfer(request.args["account"])
    return reply(SpeakSentence("Goodbye."))


if __name__ == "__main__":
    app.run(port=int(os.environ.get("PORT", "3000")))
