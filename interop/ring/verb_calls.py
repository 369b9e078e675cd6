"""A server, an application and callers for cases that try one verb each."""

import base64
import json
import re
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from urllib.parse import parse_qs

from ring.application import Application, Reply
from ring.caller import Caller, tone
from ring.dialects import ACCOUNTS, ALL
from ring.hookflash import ConfiguredApplication, Hookflash, Settings
from ring.process import until
from ring.runner import Case, Findings
from ring.sound import write_tone
from ring.websocket import WebSockets

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,6}Z"
SPEECH = "billing please"
#: What every request about a call carries; the rest is the verb's own.
_STANDARD = {
    "laml": {
        "CallSid", "AccountSid", "ApiVersion", "CallStatus", "Direction", "From", "To", "Caller",
        "Called", "SipDomain", "SipCallId", "SipSourceIp", "SipUser",
    },
    "bxml": {
        "eventTime", "accountId", "applicationId", "from", "to", "direction", "callId", "callUrl",
        "startTime", "answerTime",
    },
    "jambonz": {
        "call_sid", "account_sid", "application_sid", "direction", "from", "to", "call_id",
        "sip_status", "sip_reason", "call_status", "trace_id", "originating_sip_ip",
        "originating_sip_trunk_name", "local_sip_address", "service_provider_sid", "caller_name",
        "fs_sip_address", "sbc_callid",
        "api_base_url",
    },
}


class VerbCalls:
    """One server with a recognizer, one application, and a caller for each case."""

    def __init__(self, env):
        self._documents = {}
        self._application = Application(self._answer)
        self._sockets = WebSockets()
        self._folder = env.work / "verbs"
        self._folder.mkdir(parents=True, exist_ok=True)
        for hertz, seconds in ((600, 0.5), (440, 6), (1000, 1)):
            write_tone(self._folder / f"{hertz}.wav", seconds, hertz, level=-15)
        applications = [
            ConfiguredApplication(name, name, f"{self._application.url}/{name}/voice", f"{name}-*")
            for name in ALL
        ]
        settings = Settings(
            applications,
            extra=f"""[recordings]
folder = "{self._folder}/recordings"
[[speech.recognizers]]
type = "openai"
url = "{self._application.url}/v1"
[[speech.recognizers]]
type = "websocket"
name = "live"
url = "{self._sockets.on("/live", self._recognizes)}"
""",
        )
        self._server = Hookflash(env.binary, env.work, "verbs", settings)
        self._tone = tone(700)

    def close(self):
        """Ends everything."""
        self._server.stop()
        self._sockets.close()
        self._application.close()

    def cases(self):
        """Every method that is a case, in each dialect that it is for."""
        for name in sorted(dir(self)):
            method = getattr(type(self), name, None)
            for dialect in getattr(method, "dialects", ()):
                what = name.strip("_").removeprefix(f"{dialect}_").replace("_", "-")
                yield Case(f"verbs/{dialect}/{what}", self._bound(method, dialect))

    def afterwards(self):
        """What must be true once everybody has hung up."""
        yield Case("verbs/nothing-is-left", self._nothing_left)

    def _bound(self, method, dialect):
        return lambda: method(self, dialect)

    @contextmanager
    def _call(self, dialect, name, document, answered=200, **caller):
        """A call with this document; `<Response>` goes around XML."""
        user = f"{dialect}-{name}"
        self._documents[f"/{dialect}/voice", user] = self._reply(dialect, document)
        findings = Findings()
        phone = Caller(self._server.sip_port, user, **caller)
        try:
            findings.equal("status of the INVITE", phone.dial(), answered)
            yield phone, findings
        finally:
            phone.close()
        findings.raise_any(
            "\n".join(f"{r.method} {r.target} {r.body[:600]!r}" for r in self._about(user))
        )

    def _on(self, dialect, path, document):
        self._documents[f"/{dialect}/{path}", None] = self._reply(dialect, document)

    @staticmethod
    def _reply(dialect, document):
        if dialect == "jambonz":
            return Reply(json.dumps(document), "application/json")
        return Reply(f"<Response>{document}</Response>", "text/xml")

    def _told(self, dialect, path, count=1, seconds=12):
        """The fields of the requests for a path, the standard ones left out."""
        standard = _STANDARD.get(dialect, _STANDARD["laml"])
        return [
            {name: value for name, value in fields.items() if name not in standard}
            for fields in self._told_all(dialect, path, count, seconds)
        ]

    def _told_all(self, dialect, path, count=1, seconds=12):
        requests = self._application.await_requests(f"/{dialect}/{path}", count, seconds)
        return [fields_of(request) for request in requests]

    def _about(self, user):
        return [r for r in self._application.requests() if user in r.target + str(r.body)]

    def _wav(self, hertz):
        return f"{self._application.url}/{hertz}.wav"

    def _answer(self, request):
        if request.path == "/v1/audio/transcriptions":
            return Reply(json.dumps({"text": SPEECH}), "application/json")
        if request.path.endswith(".wav"):
            file = self._folder / request.path.rsplit("/", 1)[1]
            return Reply(file.read_bytes(), "audio/wav") if file.is_file() else None
        if (request.path, None) in self._documents:
            return self._documents[request.path, None]
        text = request.target + request.body.decode()
        for (path, user), reply in self._documents.items():
            if path == request.path and user and re.search(rf"{user}\b", text):
                return reply
        return Reply("", None, 204)

    def _rest(self, dialect, path, method="GET"):
        account = ACCOUNTS[dialect]
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._server.http_port}{path}" if path[0] == "/" else path,
            method=method,
        )
        secret = base64.b64encode(f"{account.sid}:{account.token}".encode()).decode()
        token = f"Bearer {account.token}" if dialect == "jambonz" else f"Basic {secret}"
        request.add_header("Authorization", token)
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                return reply.status, reply.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def _nothing_left(self):
        findings = Findings()
        findings.true("no call lives", until(lambda: not self._server.live(), 10, 0.2))
        findings.equal("media ports in use", self._server.media_ports(), [])
        findings.equal("problems in the log", self._server.log_problems(), [])
        findings.raise_any()


def for_dialects(*dialects):
    """Marks a method as a case for these dialects."""

    def mark(method):
        method.dialects = dialects
        return method

    return mark


def fields_of(request):
    try:
        return json.loads(request.body)
    except ValueError:
        text = request.body.decode() or request.query
        return {name: v[0] for name, v in parse_qs(text, keep_blank_values=True).items()}


def match(findings, what, got, **wanted):
    """`got` has exactly these fields; texts are patterns."""
    findings.equal(f"{what}: fields", sorted(got), sorted(wanted))
    for name, pattern in wanted.items():
        value = got.get(name)
        if isinstance(pattern, str):
            holds = isinstance(value, str) and re.fullmatch(pattern, value)
        else:
            holds = value == pattern and type(value) is type(pattern)
        findings.true(f"{what}: {name} is {value!r}, not {pattern!r}", holds)
