"""What each vendor's libraries take and return, for cases that are the same for all of them."""

from dataclasses import dataclass

_NO_UUID = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Refusal:
    """What a library tells of a request that was refused: status, and the vendor's own word."""

    status: int
    code: object = None

    def problem(self, error):
        """What is wrong with an error that was raised (or with none), or None."""
        if error is None:
            return "it was not refused"
        code = error.problem.get("type" if isinstance(self.code, str) else "code")
        if error.status != self.status or (self.code is not None and code != self.code):
            return f"expected {self.status} with {self.code}, got {error.problem}"
        return None


class Laml:
    """Twilio's and SignalWire's."""

    unauthorized = Refusal(401, 20003)
    foreign_account = (Refusal(401, 20003), Refusal(403, 20003))
    unknown = Refusal(404, 20404)
    finished = Refusal(400, 21220)
    has_documents, has_deletion, has_recordings = True, True, True

    def __init__(self, unknown_sid):
        self.unknown_sid = unknown_sid

    def order(self, stage, to, url, **more):
        """The arguments of `create`."""
        order = {
            "to": to, "from": stage.caller, "status_callback": stage.url("status"),
            "status_callback_event": ["initiated", "ringing", "answered", "completed"], **more,
        }
        return {**order, "url": url} if url else order

    @staticmethod
    def sid(call):
        """A call's identifier, as created or fetched."""
        return call["sid"]

    @staticmethod
    def word(call):
        """Where a call stands, or how it ended."""
        return call["status"]

    @staticmethod
    def is_over(call):
        """Whether it has ended."""
        return call["end_time"] is not None

    @staticmethod
    def recording_sid(recording):
        """A recording's identifier."""
        return recording["sid"]


class Bandwidth:
    """Bandwidth's."""

    unauthorized = Refusal(401, "authentication-error")
    foreign_account = (Refusal(403, "authorization-error"),)
    unknown = Refusal(404)
    finished = Refusal(409)
    has_documents, has_deletion, has_recordings = True, False, True
    unknown_sid = f"c-00000000-{_NO_UUID}"

    @staticmethod
    def order(stage, to, url, **more):
        order = {
            "to": to, "from": stage.caller, "applicationId": stage.sdk, "answerUrl": url,
            "disconnectUrl": stage.url("status"),
        }
        if "timeout" in more:
            order["callTimeout"] = more["timeout"]
        return order

    @staticmethod
    def sid(call):
        return call["callId"]

    @staticmethod
    def word(call):
        return call.get("disconnectCause") or call["state"]

    @staticmethod
    def is_over(call):
        return call["state"] == "disconnected"

    @staticmethod
    def recording_sid(recording):
        return recording["recordingId"]


class Jambonz:
    """jambonz's."""

    unauthorized = Refusal(401)
    foreign_account = (Refusal(403),)
    unknown = Refusal(404)
    finished = Refusal(422)
    has_documents, has_deletion, has_recordings = False, True, False
    unknown_sid = _NO_UUID

    @staticmethod
    def order(stage, to, url, **more):
        order = {
            "from": stage.caller, "to": {"type": "sip", "sipUri": to},
            "call_status_hook": stage.url("status"), "speech_synthesis_vendor": "google",
            "speech_synthesis_language": "en-US", "speech_synthesis_voice": "en-US-Standard-C",
            "speech_recognizer_vendor": "google", "speech_recognizer_language": "en-US", **more,
        }
        return {**order, "call_hook": url} if url else order

    @staticmethod
    def sid(call):
        return call.get("sid") or call["call_sid"]

    @staticmethod
    def word(call):
        return call["call_status"]

    @staticmethod
    def is_over(call):
        return call["call_status"] in ("completed", "failed", "busy", "no-answer")


WORDS = {
    "twiml": Laml("CA" + "0" * 32), "cxml": Laml(_NO_UUID), "bxml": Bandwidth(),
    "jambonz": Jambonz(),
}
