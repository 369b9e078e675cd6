"""The four dialects as an application sees them: documents out, callbacks in.

Each dialect writes the same small programmes in its own words, reads its own callbacks into one
shape, and knows what a truthful result looks like in its own fields.
"""

import json
import re
from dataclasses import dataclass
from urllib.parse import parse_qs
from xml.sax.saxutils import escape, quoteattr


@dataclass(frozen=True)
class Account:
    """One account of the configuration, with the secrets both sides share."""

    dialect: str
    sid: str
    token: str
    key: str
    user: str = "hook-user"
    password: str = "hook-password"


ACCOUNTS = {
    "twiml": Account("twiml", "AC" + "0" * 31 + "1", "twiml-token", "twiml-token"),
    "cxml": Account(
        "cxml", "a1b2c3d4-0000-4000-8000-000000000002", "cxml-token", "cxml-signing-key"
    ),
    "bxml": Account("bxml", "9900003", "bxml-token", "bxml-token"),
    "jambonz": Account(
        "jambonz", "a1b2c3d4-0000-4000-8000-000000000004", "jambonz-token", "jambonz-secret"
    ),
}

DIALECTS = tuple(ACCOUNTS)


class Dialect:
    """What all dialects have; a subclass fills in its own words."""

    name = ""
    content_type = "application/xml"
    #: the call ends by itself after a successful transfer, whatever the documents say
    ends_call_after_success = False

    def refer(self, target, result=None, progress=None, then=None):
        """A document that transfers to `target`, then fetches `then`."""
        raise NotImplementedError

    def redirect(self, url):
        """A document that fetches another one."""
        raise NotImplementedError

    def hangup(self):
        """A document that ends the call."""
        raise NotImplementedError

    def nothing(self):
        """A document without a verb."""
        raise NotImplementedError

    def fields(self, request):
        """The fields of a callback, with the types they had on the wire."""
        raise NotImplementedError

    def call_sid(self, fields):
        """The call a callback is about."""
        raise NotImplementedError

    def status(self, fields):
        """The word of a status callback."""
        raise NotImplementedError

    def is_final(self, fields):
        """Whether it is the last status callback of its call."""
        raise NotImplementedError

    def hold(self):
        """A document that answers, and waits for half a minute."""
        raise NotImplementedError

    def result(self, facts, code):
        """The fields of the result callback that speak of the transfer, all of them."""
        raise NotImplementedError

    def is_result_field(self, name):
        """Whether a field belongs to the result rather than to the call."""
        raise NotImplementedError

    def call_fields(self, account, status):
        """Patterns for the fields that every result must carry about the call."""
        raise NotImplementedError


class _Laml(Dialect):
    sid_pattern = ""

    def refer(self, target, result=None, progress=None, then=None):
        action = f" action={quoteattr(result)}" if result else ""
        follow = f"<Redirect>{escape(then)}</Redirect>" if then else ""
        return _xml(f"<Refer{action}><Sip>{escape(target)}</Sip></Refer>{follow}")

    def redirect(self, url):
        return _xml(f"<Redirect>{escape(url)}</Redirect>")

    def hangup(self):
        return _xml("<Hangup/>")

    def nothing(self):
        return _xml("")

    def fields(self, request):
        text = request.body.decode() if request.method == "POST" else request.query
        fields = parse_qs(text, keep_blank_values=True, strict_parsing=bool(text))
        return {name: values[0] if len(values) == 1 else values for name, values in fields.items()}

    def call_sid(self, fields):
        return fields["CallSid"]

    def status(self, fields):
        return fields.get("CallStatus")

    def is_final(self, fields):
        return self.status(fields) in (
            "completed", "busy", "no-answer", "failed", "canceled"
        )

    def hold(self):
        return _xml('<Gather timeout="30"/>')

    def result(self, facts, code):
        fields = {}
        if code is not None:
            fields["ReferSipResponseCode"] = str(code)
        if facts.notified and facts.end != "rejected":
            fields["NotifySipResponseCode"] = str(facts.final or facts.notified[-1])
        word = self._word(facts)
        if word:
            fields["ReferCallStatus"] = word
        return fields

    @staticmethod
    def _word(facts):
        if facts.end == "final":
            if facts.final < 300:
                return "in-progress"
            return {486: "busy", 600: "busy", 487: "no-answer"}.get(facts.final, "failed")
        if facts.end == "leg_hangup":
            return "canceled"
        if facts.end == "rejected" or facts.notified:
            return "failed"
        return None

    def is_result_field(self, name):
        return name.startswith(("Refer", "Notify"))

    def call_fields(self, account, status):
        return {
            "CallSid": self.sid_pattern,
            "AccountSid": re.escape(account.sid),
            "ApiVersion": r"2010-04-01",
            "CallStatus": status,
            "Direction": "inbound",
            "From": r".*493012345678.*",
            "To": r".+",
        }


class Twiml(_Laml):
    """Twilio's."""

    name = "twiml"
    sid_pattern = r"CA[0-9a-f]{32}"


class Cxml(_Laml):
    """SignalWire's."""

    name = "cxml"
    sid_pattern = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


class Bxml(Dialect):
    """Bandwidth's."""

    name = "bxml"
    ends_call_after_success = True

    def refer(self, target, result=None, progress=None, then=None):
        url = f" referCompleteUrl={quoteattr(result)}" if result else ""
        follow = f"<Redirect redirectUrl={quoteattr(then)}/>" if then else ""
        return _xml(
            f'<Refer{url} tag="ring"><SipUri>{escape(target)}</SipUri></Refer>{follow}'
        )

    def redirect(self, url):
        return _xml(f"<Redirect redirectUrl={quoteattr(url)}/>")

    def hangup(self):
        return _xml("<Hangup/>")

    def nothing(self):
        return _xml("")

    def fields(self, request):
        if request.method == "GET":
            return {name: values[0] for name, values in parse_qs(request.query).items()}
        return json.loads(request.body)

    def call_sid(self, fields):
        return fields["callId"]

    def status(self, fields):
        return fields.get("cause")

    def is_final(self, fields):
        return fields.get("eventType") == "disconnect"

    def hold(self):
        return _xml('<Gather firstDigitTimeout="30"/>')

    def result(self, facts, code):
        succeeded = facts.end == "final" and facts.final < 300
        fields = {"referCallStatus": "success" if succeeded else "failure"}
        if code is not None:
            fields["referSipResponseCode"] = code
        if facts.end == "final":
            fields["notifySipResponseCode"] = facts.final
        return fields

    def is_result_field(self, name):
        return name.startswith(("refer", "notify")) and name != "referTo"

    def call_fields(self, account, status):
        moment = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z"
        return {
            "eventType": "referComplete",
            "eventTime": moment,
            "accountId": re.escape(account.sid),
            "applicationId": r".+",
            "from": r".*493012345678.*",
            "to": r".+",
            "direction": "inbound",
            "callId": r"c-[0-9a-f-]+",
            "callUrl": r"https?://.+/calls/c-[0-9a-f-]+",
            "startTime": moment,
            "answerTime": moment,
            "tag": "ring",
        }


class Jambonz(Dialect):
    """jambonz's, and with it Cognigy Voice Gateway's."""

    name = "jambonz"
    content_type = "application/json"

    def refer(self, target, result=None, progress=None, then=None):
        verb = {"verb": "sip:refer", "referTo": target, "id": "ring"}
        if result:
            verb["actionHook"] = result
        if progress:
            verb["eventHook"] = progress
        verbs = [{"verb": "answer"}, verb]
        if then:
            verbs.append({"verb": "redirect", "actionHook": then})
        return json.dumps(verbs)

    def redirect(self, url):
        return json.dumps([{"verb": "redirect", "actionHook": url}])

    def hangup(self):
        return json.dumps([{"verb": "hangup"}])

    def nothing(self):
        return "[]"

    def fields(self, request):
        return json.loads(request.body)

    def call_sid(self, fields):
        return fields["call_sid"]

    def status(self, fields):
        return fields.get("call_status")

    def is_final(self, fields):
        return self.status(fields) in ("completed", "busy", "no-answer", "failed")

    def hold(self):
        return json.dumps([{"verb": "answer"}, {"verb": "pause", "length": 30}])

    def result(self, facts, code):
        fields = {}
        if code is not None:
            fields["refer_status"] = code
        if facts.end == "final":
            fields["final_referred_call_status"] = facts.final
        return fields

    def is_result_field(self, name):
        return "refer" in name.lower()

    def call_fields(self, account, status):
        uuid = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
        return {
            "call_sid": uuid,
            "account_sid": re.escape(account.sid),
            "application_sid": uuid,
            "direction": "inbound",
            "from": r"\+?493012345678",
            "to": r".+",
            "call_id": r".+",
            "sip_status": 200,
            "call_status": status,
            "verb_id": "ring",
        }


ALL = {dialect.name: dialect for dialect in (Twiml(), Cxml(), Bxml(), Jambonz())}


def _xml(verbs):
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<Response>{verbs}</Response>'
