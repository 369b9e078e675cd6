"""Every verb that needs one party, in a real call: what is heard, which callbacks come, and every
field of them beside the standard ones."""

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

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,6}Z"
_SPEECH = "billing please"
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


class Verbs:
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
        return [_fields(request) for request in requests]

    def _about(self, user):
        return [r for r in self._application.requests() if user in r.target + str(r.body)]

    def _wav(self, hertz):
        return f"{self._application.url}/{hertz}.wav"

    def _answer(self, request):
        if request.path == "/v1/audio/transcriptions":
            return Reply(json.dumps({"text": _SPEECH}), "application/json")
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


def _in(*dialects):
    """Marks a method as a case for these dialects."""

    def mark(method):
        method.dialects = dialects
        return method

    return mark


def _fields(request):
    try:
        return json.loads(request.body)
    except ValueError:
        text = request.body.decode() or request.query
        return {name: v[0] for name, v in parse_qs(text, keep_blank_values=True).items()}


def _match(findings, what, got, **wanted):
    """`got` has exactly these fields; texts are patterns."""
    findings.equal(f"{what}: fields", sorted(got), sorted(wanted))
    for name, pattern in wanted.items():
        value = got.get(name)
        if isinstance(pattern, str):
            holds = isinstance(value, str) and re.fullmatch(pattern, value)
        else:
            holds = value == pattern and type(value) is type(pattern)
        findings.true(f"{what}: {name} is {value!r}, not {pattern!r}", holds)


class Laml(Verbs):
    """TwiML and cXML."""

    both = _in("twiml", "cxml")

    @both
    def _say_loops(self, dialect):
        document = '<Say loop="2" voice="man" language="en-GB">One <break time="700ms"/> two.</Say>'
        with self._call(dialect, "say", document) as (phone, findings):
            findings.true("the call ends", phone.ended.wait(20))
            spans = phone.heard().loud(gap=0.4)
            findings.true(f"two words, twice: {spans}", len(spans) in (3, 4))

    @both
    def _play_presses_keys_and_loops(self, dialect):
        document = f'<Play digits="1w2"/><Play loop="2">{self._wav(600)}</Play>'
        with self._call(dialect, "play", document) as (phone, findings):
            findings.true("the call ends", phone.ended.wait(15))
            findings.equal("keys", phone.keys(), "12")
            spans = [s for s in phone.heard().loud(gap=0.1) if s[1] - s[0] > 0.8]
            findings.true(f"half a second, twice: {spans}", len(spans) == 1)

    @both
    def _pause_and_reject_do_not_answer(self, dialect):
        with self._call(
            dialect, "reject", '<Pause length="1"/><Reject reason="busy"/>', answered=486
        ):
            pass

    @both
    def _reject_is_404(self, dialect):
        with self._call(dialect, "reject404", "<Reject/>", answered=404):
            pass

    @both
    def _redirect_is_relative_and_may_be_get(self, dialect):
        self._on(dialect, "elsewhere", "<Reject/>")
        with self._call(
            dialect, "redirect", '<Redirect method="GET">elsewhere</Redirect>', answered=404
        ) as (_, findings):
            requests = self._application.await_requests(f"/{dialect}/elsewhere", 1, 5)
            findings.equal("methods", [r.method for r in requests], ["GET"])

    @both
    def _gather_tells_keys(self, dialect):
        document = (
            f'<Gather action="/{dialect}/keys" method="GET" finishOnKey="*" timeout="4">'
            f"<Play>{self._wav(440)}</Play></Gather>"
        )
        with self._call(dialect, "keys", document) as (phone, findings):
            time.sleep(0.6)
            phone.press("12*")
            told = self._told(dialect, "keys")
            extra = {"FinishedOnKey": r"\*"} if dialect == "twiml" else {}
            _match(findings, "action", told[0] if told else {}, Digits="12", **extra)
            findings.true("the call ends", phone.ended.wait(10))
            spans = phone.heard().loud()
            findings.true(f"the prompt stops: {spans}", len(spans) == 1 and spans[0][1] < 3)

    @both
    def _gather_without_input_goes_on(self, dialect):
        document = f'<Gather action="/{dialect}/none" timeout="1"/><Play>{self._wav(600)}</Play>'
        with self._call(dialect, "none", document) as (phone, findings):
            findings.true("the call ends", phone.ended.wait(10))
            findings.equal("requests", len(self._application.requests(f"/{dialect}/none")), 0)
            findings.equal("sounds", len(phone.heard().loud()), 1)

    @both
    def _gather_action_on_empty_result(self, dialect):
        document = f'<Gather action="/{dialect}/empty" timeout="1" actionOnEmptyResult="true"/>'
        with self._call(dialect, "empty", document) as (_, findings):
            told = self._told(dialect, "empty")
            extra = {"FinishedOnKey": ""} if dialect == "twiml" else {}
            _match(findings, "action", told[0] if told else {}, Digits="", **extra)

    @both
    def _gather_tells_speech(self, dialect):
        document = (
            f'<Gather input="speech dtmf" action="/{dialect}/speech" timeout="5"'
            ' speechTimeout="1" language="en-GB" hints="billing"/>'
        )
        says = self._tone[:4800] + b"\xff" * 40000
        with self._call(dialect, "speech", document, says=says) as (_, findings):
            told = self._told(dialect, "speech")
            extra = {"Language": "en-GB"} if dialect == "twiml" else {}
            _match(
                findings, "action", told[0] if told else {}, SpeechResult=_SPEECH,
                Confidence=r"[01](\.\d+)?", **extra,
            )

    @both
    def _record_tells_everything(self, dialect):
        document = (
            f'<Record action="/{dialect}/recorded" finishOnKey="5" transcribe="true"'
            f' transcribeCallback="/{dialect}/text" recordingStatusCallback="/{dialect}/news"'
            ' recordingStatusCallbackEvent="in-progress completed absent"/>'
        )
        with self._call(dialect, "record", document, says=self._tone) as (phone, findings):
            time.sleep(2.2)
            phone.press("5")
            told = self._told(dialect, "recorded")
            url = r"http://127\.0\.0\.1:\d+/.*/Recordings/[^/]+"
            sid = r"RE[0-9a-f]{32}" if dialect == "twiml" else _UUID
            _match(
                findings, "action", told[0] if told else {}, RecordingUrl=url, RecordingSid=sid,
                RecordingDuration=r"[12]", Digits="5",
            )
            news = self._told(dialect, "news", 2)
            common = {
                "RecordingSid": sid, "RecordingUrl": url, "RecordingChannels": "1",
                "RecordingSource": "RecordVerb",
            }
            if dialect == "twiml":
                common |= {"RecordingStartTime": ".+ [+]0000", "RecordingTrack": "inbound"}
            for fields, status in zip(news, ("in-progress", "completed")):
                more = {"RecordingDuration": "[12]"} if status == "completed" else {}
                _match(findings, status, fields, RecordingStatus=status, **common, **more)
            findings.equal("announcements", len(news), 2)
            text = self._told(dialect, "text")
            more = {"TranscriptionType": "fast"} if dialect == "twiml" else {}
            _match(
                findings, "text", text[0] if text else {}, TranscriptionText=_SPEECH,
                TranscriptionStatus="completed", TranscriptionSid=".+",
                TranscriptionUrl="http.+", RecordingSid=sid, RecordingUrl=url, **more,
            )
            beep = phone.heard().loud()
            findings.true(f"a beep is heard: {beep}", len(beep) == 1 and beep[0][1] - beep[0][0] < 1.2)

    @both
    def _record_of_silence_is_absent(self, dialect):
        document = (
            f'<Record action="/{dialect}/silent" timeout="1" playBeep="false"'
            f' recordingStatusCallback="/{dialect}/absent"'
            ' recordingStatusCallbackEvent="absent"/>'
        )
        with self._call(dialect, "silent", document) as (_, findings):
            told = self._told(dialect, "silent")
            fields = told[0] if told else {}
            findings.true("the action is asked", told)
            findings.true("no URL", "RecordingUrl" not in fields)
            news = self._told(dialect, "absent")
            findings.equal("status", [n["RecordingStatus"] for n in news], ["absent"])

    @both
    def _echo(self, dialect):
        with self._call(
            dialect, "echo", '<Echo timeout="5"/>' if dialect == "cxml" else "<Echo/>",
            says=self._tone,
        ) as (phone, findings):
            time.sleep(2)
            heard = phone.heard()
            level = heard.part(1, 1.8).tone(700)
            findings.true(f"the caller hears itself at {level:.1f} dB", abs(level + 15) < 1)

    @both
    def _start_stream_tells_and_is_told(self, dialect):
        got = []

        def behave(socket):
            socket.accept()
            for frame in socket.frames():
                got.append(json.loads(frame))

        url = self._sockets.on(f"/{dialect}/started", behave)
        document = (
            f'<Start><Stream url="{url}" name="ear" track="inbound_track"'
            f' statusCallback="/{dialect}/streamed"><Parameter name="line" value="7"/></Stream>'
            '</Start><Pause length="1"/><Stop><Stream name="ear"/></Stop><Pause length="1"/>'
        )
        with self._call(dialect, "stream", document, says=self._tone) as (phone, findings):
            news = self._told(dialect, "streamed", 2)
            findings.equal(
                "events", [n.get("StreamEvent") for n in news],
                ["stream-started", "stream-stopped"],
            )
            for fields in news:
                more = {"StreamTrack": "inbound_track"} if dialect == "cxml" else {}
                _match(
                    findings, "status", fields, StreamSid=".+", StreamName="ear",
                    StreamEvent=".+", Timestamp=_MOMENT, **more,
                )
            findings.true("the call ends", phone.ended.wait(10))
            kinds = [m["event"] for m in got]
            findings.equal("first messages", kinds[:3], ["connected", "start", "media"])
            findings.equal("last message", kinds[-1:], ["stop"])
            if len(got) > 2:
                findings.equal("parameters", got[1]["start"]["customParameters"], {"line": "7"})
                findings.equal("tracks", got[1]["start"]["tracks"], ["inbound"])
                findings.equal("numbers", got[2]["sequenceNumber"], "2")
                findings.equal("chunk", got[2]["media"]["chunk"], "1")
            seconds = sum(len(base64.b64decode(m["media"]["payload"])) for m in got
                          if m["event"] == "media") / 8000
            findings.true(f"{seconds:.2f} s of audio", 0.7 < seconds < 1.4)

    @both
    def _connect_stream_plays_and_clears(self, dialect):
        got = []

        def behave(socket):
            socket.accept()
            frames = (json.loads(frame) for frame in socket.frames())
            sid = next(m for m in frames if m["event"] == "start")["streamSid"]
            ten = base64.b64encode(self._tone * 10).decode()
            socket.send({"event": "media", "streamSid": sid, "media": {"payload": ten}})
            socket.send({"event": "mark", "streamSid": sid, "mark": {"name": "end"}})
            for message in frames:
                if message["event"] == "dtmf":
                    got.append(message)
                    socket.send({"event": "clear", "streamSid": sid})
                if message["event"] == "mark":
                    got.append(message)
                    socket.close()
                    return

        url = self._sockets.on(f"/{dialect}/connected", behave)
        document = (
            f'<Connect action="/{dialect}/over"><Stream url="{url}"/></Connect>'
        )
        self._on(dialect, "over", f"<Play>{self._wav(600)}</Play>")
        with self._call(dialect, "connect", document) as (phone, findings):
            time.sleep(1.5)
            phone.press("7")
            told = self._told(dialect, "over")
            _match(findings, "action", told[0] if told else {}, StreamSid=".+", StreamName=".+")
            findings.true("the call ends", phone.ended.wait(10))
            findings.equal("messages", [m["event"] for m in got], ["dtmf", "mark"])
            if got:
                findings.equal("key", got[0]["dtmf"]["digit"], "7")
            spans = phone.heard().loud(gap=0.05)
            findings.true(f"cleared at the key: {spans}", spans and spans[0][1] - spans[0][0] < 5)
            last = phone.heard().part(spans[-1][1] - 0.4, spans[-1][1]).tone(600)
            findings.true(f"then the next document, at {last:.1f} dB", last > -18)

    @_in("twiml")
    def _start_and_stop_recording(self, dialect):
        document = (
            '<Start><Recording channels="dual" track="both" recordingStatusCallback="/twiml/begun"'
            ' recordingStatusCallbackEvent="in-progress completed"/></Start>'
            f'<Play>{self._wav(1000)}</Play><Stop><Recording/></Stop><Pause length="1"/>'
        )
        with self._call(dialect, "startrec", document, says=self._tone) as (_, findings):
            news = self._told(dialect, "begun", 2)
            findings.equal(
                "statuses", [n["RecordingStatus"] for n in news], ["in-progress", "completed"]
            )
            findings.equal("source", {n["RecordingSource"] for n in news}, {"StartCallRecordingTwiML"})
            findings.equal("channels", {n["RecordingChannels"] for n in news}, {"2"})
            findings.equal("tracks", {n["RecordingTrack"] for n in news}, {"both"})

    @_in("twiml")
    def _start_and_stop_transcription(self, dialect):
        document = (
            '<Start><Transcription name="notes" statusCallbackUrl="/twiml/notes" track="inbound_track">'
            '<Parameter name="line" value="7"/></Transcription></Start><Pause length="3"/>'
            '<Stop><Transcription name="notes"/></Stop><Pause length="1"/>'
        )
        says = self._tone[:4800] + b"\xff" * 40000
        with self._call(dialect, "notes", document, says=says) as (_, findings):
            news = self._told(dialect, "notes", 3)
            findings.equal(
                "events", [n["TranscriptionEvent"] for n in news],
                ["transcription-started", "transcription-content", "transcription-stopped"],
            )
            findings.equal("order", [n["SequenceId"] for n in news], ["1", "2", "3"])
            findings.equal("parameter", {n.get("line") for n in news}, {"7"})
            if len(news) > 1:
                data = json.loads(news[1]["TranscriptionData"])
                findings.equal("text", data["transcript"], _SPEECH)
                findings.equal("final", news[1]["Final"], "true")

    @_in("cxml")
    def _denoise_has_no_effect(self, dialect):
        with self._call(
            dialect, "denoise", "<Denoise>on</Denoise><Reject/>", answered=404
        ):
            pass

    @both
    def _plain_text_is_read_aloud(self, dialect):
        self._documents[f"/{dialect}/plain", None] = Reply("Hello and goodbye.", "text/plain")
        document = f"<Redirect>/{dialect}/plain</Redirect>"
        with self._call(dialect, "plain", document) as (phone, findings):
            findings.true("the call ends", phone.ended.wait(15))
            loud = sum(end - start for start, end in phone.heard().loud())
            findings.true(f"{loud:.1f} s of speech", loud > 0.7)


class Bandwidth(Laml):
    """BXML."""

    bxml = _in("bxml")

    @bxml
    def _bxml_speak_sentence(self, dialect):
        document = (
            '<SpeakSentence gender="male" locale="en_GB">One <break time="700ms"/> two.'
            '</SpeakSentence><SpeakSentence voice="susan">Three.</SpeakSentence>'
        )
        with self._call(dialect, "speak", document) as (phone, findings):
            findings.true("the call ends", phone.ended.wait(20))
            loud = sum(end - start for start, end in phone.heard().loud())
            findings.true(f"{loud:.1f} s of speech", loud > 0.8)

    @bxml
    def _bxml_play_audio_with_credentials(self, dialect):
        document = (
            f'<PlayAudio username="me" password="secret">{self._wav(600)}?bxml</PlayAudio>'
            f"<PlayAudio>{self._application.url}/none.mp3</PlayAudio>"
            f"<PlayAudio>{self._wav(600)}</PlayAudio>"
        )
        with self._call(dialect, "playaudio", document) as (phone, findings):
            findings.true("the call ends", phone.ended.wait(10))
            asked = [r for r in self._application.requests("/600.wav") if r.target.endswith("?bxml")]
            wanted = "Basic " + base64.b64encode(b"me:secret").decode()
            findings.equal("password", {r.header("Authorization") for r in asked}, {wanted})
            loud = sum(end - start for start, end in phone.heard().loud())
            findings.true(f"both that exist are heard: {loud:.2f} s", abs(loud - 1) < 0.15)

    @bxml
    def _bxml_ring(self, dialect):
        with self._call(dialect, "ring", '<Ring duration="1.5"/>') as (phone, findings):
            findings.true("the call ends", phone.ended.wait(10))
            findings.true("ringing is heard", phone.heard().loud())

    @bxml
    def _bxml_ring_without_answer_and_hangup(self, dialect):
        with self._call(
            dialect, "ring180", '<Ring duration="0.5" answerCall="false"/><Hangup/>', answered=603
        ) as (phone, findings):
            codes = [r[8:11] for r in phone.responses]
            findings.true(f"180 among {codes}", "180" in codes)

    @bxml
    def _bxml_pause_and_tag(self, dialect):
        self._on(dialect, "tagged", "<Hangup/>")
        document = (
            '<Tag>  gold </Tag><Pause duration="0.3"/><Redirect redirectUrl="/bxml/tagged"/>'
        )
        with self._call(dialect, "tag", document) as (phone, findings):
            told = self._told(dialect, "tagged")
            _match(findings, "redirect", told[0] if told else {}, eventType="redirect", tag="gold")
            findings.true("the call ends", phone.ended.wait(10))

    @bxml
    def _bxml_gather(self, dialect):
        document = (
            '<Gather gatherUrl="/bxml/gathered" terminatingDigits="*#" maxDigits="9"'
            ' username="u" password="p" tag="t" interDigitTimeout="3">'
            f"<PlayAudio>{self._wav(440)}</PlayAudio></Gather>"
        )
        with self._call(dialect, "gather", document) as (phone, findings):
            time.sleep(0.6)
            phone.press("12#")
            told = self._told(dialect, "gathered")
            _match(
                findings, "gather", told[0] if told else {}, eventType="gather", digits="12",
                terminatingDigit="#", tag="t",
            )
            asked = self._application.requests("/bxml/gathered")
            wanted = "Basic " + base64.b64encode(b"u:p").decode()
            findings.equal("password", {r.header("Authorization") for r in asked}, {wanted})

    @bxml
    def _bxml_gather_repeats_and_is_empty(self, dialect):
        document = (
            '<Gather gatherUrl="/bxml/repeated" firstDigitTimeout="0.5" repeatCount="2">'
            f"<PlayAudio>{self._wav(600)}</PlayAudio></Gather>"
        )
        with self._call(dialect, "repeat", document) as (phone, findings):
            told = self._told(dialect, "repeated")
            _match(
                findings, "gather", told[0] if told else {}, eventType="gather", digits="",
                terminatingDigit="",
            )
            spans = phone.heard().loud()
            findings.equal("prompts", len(spans), 2)

    @bxml
    def _bxml_start_gather(self, dialect):
        document = (
            '<StartGather dtmfUrl="/bxml/dtmf" tag="k"/><Pause duration="1.5"/><StopGather/>'
            '<Pause duration="1"/>'
        )
        with self._call(dialect, "startgather", document) as (phone, findings):
            phone.press("4*")
            told = self._told(dialect, "dtmf", 2)
            time.sleep(1.2)
            phone.press("9")
            findings.true("the call ends", phone.ended.wait(10))
            told = self._told(dialect, "dtmf", 2)
            for fields, key in zip(told, ("4", r"\*")):
                _match(findings, "dtmf", fields, eventType="dtmf", digit=key, tag="k")
            findings.equal("keys", len(told), 2)

    @bxml
    def _bxml_record(self, dialect):
        document = (
            '<Record recordCompleteUrl="/bxml/done" recordingAvailableUrl="/bxml/available"'
            ' transcribe="true" transcriptionAvailableUrl="/bxml/transcribed" tag="r"'
            ' terminatingDigits="9"/>'
        )
        with self._call(dialect, "rec", document, says=self._tone) as (phone, findings):
            time.sleep(1.2)
            phone.press("9")
            common = {
                "recordingId": r"r-[0-9a-f-]+", "channels": 1, "endTime": _MOMENT,
                "duration": r"PT1\.\d+S", "fileFormat": "wav", "mediaUrl": "http://.+/media",
                "tag": "r",
            }
            done = self._told(dialect, "done")
            _match(findings, "done", done[0] if done else {}, eventType="recordComplete", **common)
            news = self._told(dialect, "available")
            _match(
                findings, "available", news[0] if news else {}, eventType="recordingAvailable",
                status="complete", **common,
            )
            text = self._told(dialect, "transcribed")
            if text:
                transcription = text[0]["transcription"]
                findings.equal("text", transcription["transcripts"][0]["text"], _SPEECH)
                findings.equal("status", transcription["status"], "available")
            findings.equal("transcriptions", len(text), 1)
            if news:
                media, info = news[0]["mediaUrl"], news[0]["mediaUrl"].removesuffix("/media")
                findings.equal("media", self._rest(dialect, media)[0], 200)
                status, body = self._rest(dialect, info)
                findings.equal("description", status, 200)
                findings.equal("id", json.loads(body)["recordingId"], news[0]["recordingId"])
                findings.equal("deletion", self._rest(dialect, media, "DELETE")[0], 204)
                findings.equal("gone", self._rest(dialect, media)[0], 404)

    @bxml
    def _bxml_recording_pauses(self, dialect):
        document = (
            '<StartRecording recordingAvailableUrl="/bxml/paused" fileFormat="mp3"/>'
            '<Pause duration="0.6"/><PauseRecording/><Pause duration="1"/><ResumeRecording/>'
            '<Pause duration="0.6"/><StopRecording/><Pause duration="0.5"/>'
        )
        with self._call(dialect, "pauserec", document, says=self._tone) as (_, findings):
            news = self._told(dialect, "paused")
            fields = news[0] if news else {}
            findings.equal("format", fields.get("fileFormat"), "mp3")
            findings.true(
                f"duration {fields.get('duration')}",
                re.fullmatch(r"PT(1\.[0-4]\d*|2\.[0-4]\d*)S", fields.get("duration", "")),
            )
            if fields:
                status, body = self._rest(dialect, fields["mediaUrl"])
                findings.equal("media", status, 200)
                findings.true("it is MP3", body[:3] == b"ID3" or body[:1] == b"\xff")

    @bxml
    def _bxml_send_dtmf(self, dialect):
        document = '<SendDtmf toneDuration="100" toneInterval="60">1w*#A</SendDtmf>'
        with self._call(dialect, "senddtmf", document) as (phone, findings):
            findings.true("the call ends", phone.ended.wait(10))
            findings.equal("keys", phone.keys(), "1*#A")

    @bxml
    def _bxml_streams(self, dialect):
        got = []

        def behave(socket):
            socket.accept()
            for frame in socket.frames():
                got.append(json.loads(frame))

        url = self._sockets.on("/bxml/stream", behave)
        document = (
            f'<StartStream destination="{url}" name="ear" streamEventUrl="/bxml/streams"'
            ' tracks="inbound"><StreamParam name="line" value="7"/></StartStream>'
            '<Pause duration="1"/><StopStream name="ear"/><Pause duration="0.5"/>'
        )
        with self._call(dialect, "stream", document, says=self._tone) as (phone, findings):
            news = self._told(dialect, "streams", 2)
            findings.equal(
                "events", [n["eventType"] for n in news],
                ["mediaStreamStarted", "mediaStreamStopped"],
            )
            findings.true("the call ends", phone.ended.wait(10))
            kinds = [m["eventType"] for m in got]
            findings.equal("messages", (kinds[:2], kinds[-1:]), (["start", "media"], ["stop"]))
            if got:
                findings.equal("parameters", got[0].get("streamParams"), {"line": "7"})

    @bxml
    def _bxml_transcription(self, dialect):
        got = []

        def behave(socket):
            socket.accept()
            for frame in socket.frames():
                got.append(json.loads(frame))

        url = self._sockets.on("/bxml/transcripts", behave)
        document = (
            f'<StartTranscription destination="{url}" name="n" tracks="inbound"'
            ' transcriptionEventUrl="/bxml/transcription"/><Pause duration="3"/>'
            '<StopTranscription/><Pause duration="0.5"/>'
        )
        says = self._tone[:4800] + b"\xff" * 40000
        with self._call(dialect, "transcription", document, says=says) as (phone, findings):
            news = self._told(dialect, "transcription", 2)
            findings.equal(
                "events", [n["eventType"] for n in news],
                ["realTimeTranscriptionStarted", "realTimeTranscriptionStopped"],
            )
            findings.true("the call ends", phone.ended.wait(10))
            findings.true(f"the text in {got}", _SPEECH in json.dumps(got))


class Gateway(Bandwidth):
    """jambonz."""

    jambonz = _in("jambonz")

    @jambonz
    def _jambonz_say_loops(self, dialect):
        document = [{"verb": "say", "text": ["Hello there."], "loop": 2,
                     "synthesizer": {"vendor": "google", "language": "en-US"}}]
        with self._call(dialect, "say", document) as (phone, findings):
            findings.true("the call ends", phone.ended.wait(15))
            loud = sum(end - start for start, end in phone.heard().loud())
            findings.true(f"{loud:.1f} s of speech", loud > 0.8)

    @jambonz
    def _jambonz_play_tells(self, dialect):
        document = [{"verb": "play", "url": self._wav(600), "loop": 2, "actionHook": "/jambonz/played",
                     "id": "p1"}]
        with self._call(dialect, "play", document) as (phone, findings):
            told = self._told(dialect, "played")
            _match(findings, "hook", told[0] if told else {}, reason="playCompleted", verb_id="p1")
            findings.true("the call ends", phone.ended.wait(10))
            loud = sum(end - start for start, end in phone.heard().loud())
            findings.true(f"half a second, twice: {loud:.2f}", abs(loud - 1) < 0.15)

    @jambonz
    def _jambonz_play_tells_of_failure(self, dialect):
        document = [{"verb": "play", "url": self._wav(1), "actionHook": "/jambonz/unplayed"},
                    {"verb": "play", "url": self._wav(600)}]
        self._on(dialect, "unplayed", [{"verb": "play", "url": self._wav(1000)}])
        with self._call(dialect, "noplay", document) as (phone, findings):
            told = self._told(dialect, "unplayed")
            _match(findings, "hook", told[0] if told else {}, reason="playFailed", status="fail")
            findings.true("the call ends", phone.ended.wait(10))

    @jambonz
    def _jambonz_gather_keys(self, dialect):
        document = [{"verb": "gather", "input": ["digits"], "finishOnKey": "#", "timeout": 5,
                     "actionHook": "/jambonz/keys", "id": "g", "play": {"url": self._wav(440)}}]
        with self._call(dialect, "keys", document) as (phone, findings):
            time.sleep(0.6)
            phone.press("12#")
            told = self._told(dialect, "keys")
            _match(
                findings, "hook", told[0] if told else {}, reason="dtmfDetected", digits="12",
                verb_id="g",
            )

    @jambonz
    def _jambonz_gather_times_out(self, dialect):
        document = [{"verb": "gather", "input": ["digits"], "timeout": 1,
                     "actionHook": "/jambonz/timeout"}]
        with self._call(dialect, "timeout", document) as (_, findings):
            told = self._told(dialect, "timeout")
            _match(findings, "hook", told[0] if told else {}, reason="timeout")

    @jambonz
    def _jambonz_gather_speech(self, dialect):
        document = [{"verb": "gather", "input": ["speech", "digits"], "timeout": 8,
                     "actionHook": "/jambonz/speech"}]
        says = self._tone[:4800] + b"\xff" * 40000
        with self._call(dialect, "speech", document, says=says) as (_, findings):
            told = self._told(dialect, "speech")
            findings.equal("reasons", [t.get("reason") for t in told], ["speechDetected"])
            if told:
                speech = told[0]["speech"]
                findings.equal("text", speech["alternatives"][0]["transcript"], _SPEECH)
                findings.equal("final", speech["is_final"], True)
                findings.equal("language", speech["language_code"], "en-US")

    @jambonz
    def _jambonz_unanswered_verbs(self, dialect):
        document = [{"verb": "alert", "message": "info=internal"}, {"verb": "pause", "length": 0.3},
                    {"verb": "sip:request", "method": "INFO"},
                    {"verb": "sip:decline", "status": 480, "reason": "Gone Fishing",
                     "headers": {"X-Why": "river"}}]
        with self._call(dialect, "decline", document, answered=480) as (phone, findings):
            ringing = [r for r in phone.responses if r.startswith("SIP/2.0 180")]
            findings.true("Alert-Info", ringing and "info=internal" in ringing[-1])
            final = phone.responses[-1]
            findings.true("the reason phrase", final.startswith("SIP/2.0 480 Gone Fishing"))
            findings.true("the header", "X-Why: river" in final)

    @jambonz
    def _jambonz_hangup_with_headers(self, dialect):
        document = [{"verb": "answer"}, {"verb": "hangup", "headers": {"X-Why": "done"}}]
        with self._call(dialect, "hangup", document) as (phone, findings):
            findings.true("the call ends", phone.ended.wait(10))
            findings.equal("header", phone.header("BYE", "X-Why"), "done")

    @jambonz
    def _jambonz_tag_and_redirect(self, dialect):
        document = [{"verb": "tag", "data": {"fooBar": "x", "n": 1}},
                    {"verb": "redirect", "actionHook": "/jambonz/tagged"}]
        self._on(dialect, "tagged", [{"verb": "sip:decline", "status": 486}])
        with self._call(dialect, "tag", document, answered=486) as (_, findings):
            told = self._told(dialect, "tagged")
            findings.equal(
                "data", [t.get("customerData") for t in told], [{"fooBar": "x", "n": 1}]
            )

    @jambonz
    def _jambonz_sip_request(self, dialect):
        document = [{"verb": "answer"},
                    {"verb": "sip:request", "method": "INFO", "body": "hello",
                     "headers": {"Content-Type": "text/plain", "X-A": "b"},
                     "actionHook": "/jambonz/requested"}]
        with self._call(dialect, "request", document) as (phone, findings):
            told = self._told(dialect, "requested")
            _match(findings, "hook", told[0] if told else {}, result="success")
            info = next((r for r in phone.requests if r.startswith("INFO ")), "")
            findings.true(f"INFO as given: {info}", "X-A: b" in info and info.endswith("hello"))

    @jambonz
    def _jambonz_message_is_refused(self, dialect):
        document = [{"verb": "answer"}, {"verb": "message", "to": "1", "from": "2", "text": "x"}]
        with self._call(dialect, "message", document) as (phone, findings):
            findings.true("the call ends", phone.ended.wait(10))

    @jambonz
    def _jambonz_dtmf(self, dialect):
        document = [{"verb": "dtmf", "dtmf": "1w2#", "duration": 120}, {"verb": "pause", "length": 1}]
        with self._call(dialect, "dtmf", document) as (phone, findings):
            findings.true("the call ends", phone.ended.wait(10))
            findings.equal("keys", phone.keys(), "12#")

    @jambonz
    def _jambonz_dub(self, dialect):
        document = [{"verb": "answer"},
                    {"verb": "dub", "action": "addTrack", "track": "bed", "play": self._wav(440),
                     "gain": -10},
                    {"verb": "pause", "length": 1}, {"verb": "play", "url": self._wav(1000)},
                    {"verb": "dub", "action": "removeTrack", "track": "bed"},
                    {"verb": "pause", "length": 1}]
        with self._call(dialect, "dub", document) as (phone, findings):
            findings.true("the call ends", phone.ended.wait(10))
            heard = phone.heard()
            spans = heard.loud()
            findings.true(f"heard {spans}", len(spans) == 1 and abs(spans[0][1] - 2.0) < 0.4)
            level = heard.part(0.5, 0.9).tone(440)
            findings.true(f"the bed at {level:.1f} dB", abs(level + 25) < 1.5)

    @jambonz
    def _jambonz_config_voice_and_barge_in(self, dialect):
        document = [{"verb": "config", "synthesizer": {"vendor": "google", "language": "en-GB"},
                     "bargeIn": {"enable": True, "input": ["digits"], "numDigits": 1,
                                 "actionHook": "/jambonz/barged"}},
                    {"verb": "play", "url": self._wav(440)}]
        self._on(dialect, "barged", [{"verb": "play", "url": self._wav(600)}])
        with self._call(dialect, "config", document) as (phone, findings):
            time.sleep(0.8)
            phone.press("3")
            told = self._told(dialect, "barged")
            _match(findings, "hook", told[0] if told else {}, reason="dtmfDetected", digits="3")
            findings.true("the call ends", phone.ended.wait(10))

    @jambonz
    def _jambonz_config_records(self, dialect):
        document = [{"verb": "answer"},
                    {"verb": "config", "record": {"action": "startCallRecording",
                                                  "recordingID": "one"}},
                    {"verb": "pause", "length": 1},
                    {"verb": "config", "record": {"action": "stopCallRecording"}},
                    {"verb": "pause", "length": 1}]
        with self._call(dialect, "recording", document, says=self._tone) as (phone, findings):
            findings.true("the call ends", phone.ended.wait(10))
            folder = self._folder / "recordings" / ACCOUNTS[dialect].sid
            sounds = list(folder.glob("*.wav"))
            findings.equal("recordings", len(sounds), 1)
            if sounds:
                first = self._application.requests("/jambonz/voice")
                sid = next(f["call_sid"] for f in map(_fields, first)
                           if f["to"] == "jambonz-recording")
                path = f"/v1/Accounts/{ACCOUNTS[dialect].sid}"
                status, body = self._rest(dialect, f"{path}/Calls/{sid}/Recordings")
                findings.equal("the call's recordings", status, 200)
                findings.true("among them ours", sounds[0].stem in body.decode())
                status, body = self._rest(dialect, f"{path}/Recordings/{sounds[0].stem}.wav")
                findings.equal("its sound", (status, body[:4]), (200, b"RIFF"))

    @jambonz
    def _jambonz_listen(self, dialect):
        texts, audio, heads = [], [], []

        def behave(socket):
            heads.append(socket.header("Sec-WebSocket-Protocol"))
            socket.accept()
            for frame in socket.frames():
                (texts if isinstance(frame, str) else audio).append(frame)

        url = self._sockets.on("/jambonz/listen", behave)
        document = [{"verb": "listen", "url": url, "metadata": {"line": 7}, "passDtmf": True,
                     "finishOnKey": "#", "sampleRate": 16000, "actionHook": "/jambonz/listened"}]
        with self._call(dialect, "listen", document, says=self._tone) as (phone, findings):
            time.sleep(1)
            phone.press("5#")
            told = self._told(dialect, "listened")
            findings.true(f"hook {told}", told and told[0].get("digits") == "#")
            findings.equal("sub-protocol", heads, ["audio.jambonz.org"])
            first = json.loads(texts[0]) if texts else {}
            findings.equal("metadata", first.get("line"), 7)
            findings.equal("rate", first.get("sampleRate"), 16000)
            keys = [json.loads(t) for t in texts[1:]]
            findings.equal("keys", [k.get("dtmf") for k in keys][:1], ["5"])
            seconds = sum(map(len, audio)) / 32000
            findings.true(f"{seconds:.2f} s of audio", 0.8 < seconds < 3)

    @jambonz
    def _jambonz_transcribe(self, dialect):
        document = [{"verb": "transcribe", "transcriptionHook": "/jambonz/text"}]
        says = self._tone[:4800] + b"\xff" * 40000
        with self._call(dialect, "transcribe", document, says=says) as (_, findings):
            told = self._told(dialect, "text")
            findings.true(f"text in {told}", told and _SPEECH in json.dumps(told[0].get("speech")))


class Everything(Gateway):
    """All dialects."""


@contextmanager
def verbs(env):
    """The ring, closed afterwards."""
    ring = Everything(env)
    try:
        yield ring
    finally:
        ring.close()
