"""TwiML and cXML, verb by verb."""

import base64
import io
import json
import time
import wave

from ring.application import Reply
from ring.sound import Sound
from ring.verb_calls import MOMENT, SPEECH, UUID, VerbCalls, for_dialects, match


class Laml(VerbCalls):
    """TwiML and cXML."""

    both = for_dialects("twiml", "cxml")

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
            match(findings, "action", told[0] if told else {}, Digits="12", **extra)
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
            match(findings, "action", told[0] if told else {}, Digits="", **extra)

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
            match(
                findings, "action", told[0] if told else {}, SpeechResult=SPEECH,
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
            sid = r"RE[0-9a-f]{32}" if dialect == "twiml" else UUID
            match(
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
                match(findings, status, fields, RecordingStatus=status, **common, **more)
            findings.equal("announcements", len(news), 2)
            text = self._told(dialect, "text")
            more = {"TranscriptionType": "fast"} if dialect == "twiml" else {}
            match(
                findings, "text", text[0] if text else {}, TranscriptionText=SPEECH,
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
                match(
                    findings, "status", fields, StreamSid=".+", StreamName="ear",
                    StreamEvent=".+", Timestamp=MOMENT, **more,
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
            match(findings, "action", told[0] if told else {}, StreamSid=".+", StreamName=".+")
            findings.true("the call ends", phone.ended.wait(10))
            findings.equal("messages", [m["event"] for m in got], ["dtmf", "mark"])
            if got:
                findings.equal("key", got[0]["dtmf"]["digit"], "7")
            spans = phone.heard().loud(gap=0.05)
            findings.true(f"cleared at the key: {spans}", spans and spans[0][1] - spans[0][0] < 5)
            last = phone.heard().part(spans[-1][1] - 0.4, spans[-1][1]).tone(600)
            findings.true(f"then the next document, at {last:.1f} dB", last > -18)

    @for_dialects("twiml")
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
            if len(news) == 2:
                self._check_channels(findings, dialect, news[1]["RecordingUrl"])

    def _check_channels(self, findings, dialect, url):
        """The recorded channels, both in one, and what cannot be had."""
        for asked, channels in (("", 2), ("?RequestedChannels=2", 2), ("?RequestedChannels=1", 1)):
            status, body = self._rest(dialect, f"{url}.wav{asked}")
            findings.equal(f"sound {asked}", status, 200)
            with wave.open(io.BytesIO(body)) as sound:
                findings.equal(f"channels {asked}", sound.getnchannels(), channels)
        heard = Sound.read(io.BytesIO(body)).part(0.2, 0.8)
        for hertz in (700, 1000):
            level = heard.tone(hertz)
            findings.true(f"{hertz} Hz at {level:.1f} dB in the one", abs(level + 15) < 1)
        status, _ = self._rest(dialect, f"{url}?RequestedChannels=3")
        findings.equal("three channels", status, 400)

    @for_dialects("twiml")
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
                findings.equal("text", data["transcript"], SPEECH)
                findings.equal("final", news[1]["Final"], "true")

    @for_dialects("cxml")
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
