"""How a placed call can end, and each vendor's word for it in the final status callback.

SignalWire publishes how SIP's codes become words; Twilio does not, and is taken to do the same.
jambonz' feature server reads 486 and 603 to a call of its REST API as busy, 487 as not answered,
and every other refusal as failed. Bandwidth tells a timeout from a rejection.
"""

#: by what became of the call, then by dialect
ENDINGS = {
    "completed": {
        "twiml": "completed", "cxml": "completed", "bxml": "hangup", "jambonz": "completed",
    },
    "busy": {"twiml": "busy", "cxml": "busy", "bxml": "busy", "jambonz": "busy"},
    "busy-everywhere": {
        "twiml": "busy", "cxml": "busy", "bxml": "busy", "jambonz": "failed",
    },
    "declined": {"twiml": "busy", "cxml": "busy", "bxml": "rejected", "jambonz": "busy"},
    "not-answered": {
        "twiml": "no-answer", "cxml": "no-answer", "bxml": "timeout", "jambonz": "no-answer",
    },
    "unavailable": {
        "twiml": "no-answer", "cxml": "no-answer", "bxml": "timeout", "jambonz": "failed",
    },
    "nobody": {
        "twiml": "no-answer", "cxml": "no-answer", "bxml": "timeout", "jambonz": "failed",
    },
    "failed": {
        "twiml": "failed", "cxml": "failed", "bxml": "rejected", "jambonz": "failed",
    },
    "canceled": {
        "twiml": "canceled", "cxml": "canceled", "bxml": "cancel", "jambonz": "no-answer",
    },
}

#: the words for a call that has not ended, as the APIs have them
RINGING = {"twiml": "ringing", "cxml": "ringing", "bxml": "initiated", "jambonz": "ringing"}
ANSWERED = {
    "twiml": "in-progress", "cxml": "in-progress", "bxml": "answered", "jambonz": "in-progress",
}
#: what an answered call tells on its way, in order
TOLD = {
    "twiml": ["initiated", "ringing", "in-progress", "completed"],
    "cxml": ["initiated", "ringing", "in-progress", "completed"],
    "bxml": ["hangup"],
    "jambonz": ["trying", "ringing", "in-progress", "completed"],
}
