"""How a placed call can end, and each vendor's word for it in the final status callback.

Patterns, because the vendors leave some cases open: which word is right among several that say
the same is not for this ring to decide, that it is none of the other endings' is.
"""

#: by what became of the call, then by dialect
ENDINGS = {
    "completed": {
        "twiml": "completed", "cxml": "completed", "bxml": "hangup", "jambonz": "completed",
    },
    "busy": {"twiml": "busy", "cxml": "busy", "bxml": "busy", "jambonz": "busy"},
    "busy-everywhere": {
        "twiml": "busy", "cxml": "busy", "bxml": "busy", "jambonz": "busy|failed",
    },
    "declined": {"twiml": "busy", "cxml": "busy", "bxml": "rejected", "jambonz": "busy"},
    "not-answered": {
        "twiml": "no-answer", "cxml": "no-answer", "bxml": "timeout", "jambonz": "no-answer",
    },
    "unavailable": {
        "twiml": "no-answer", "cxml": "no-answer", "bxml": "timeout|rejected",
        "jambonz": "failed|no-answer",
    },
    "nobody": {
        "twiml": "no-answer|failed", "cxml": "no-answer|failed",
        "bxml": "timeout|rejected|error|unknown", "jambonz": "failed|no-answer",
    },
    "failed": {
        "twiml": "failed", "cxml": "failed", "bxml": "rejected|error|unknown", "jambonz": "failed",
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
