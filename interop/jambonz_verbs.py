"""jambonz, verb by verb."""

import json
import time

from ring.dialects import ACCOUNTS
from ring.verb_calls import SPEECH, VerbCalls, fields_of, for_dialects, match


class Jambonz(VerbCalls):
    """jambonz."""

    jambonz = for_dialects("jambonz")

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
            fields = told[0] if told else {}
            millis = fields.get("playback_milliseconds", 0)
            findings.true(f"{millis} ms played", millis >= 900)
            match(
                findings, "hook", fields, reason="playCompleted", verb_id="p1",
                playback_milliseconds=millis, playback_seconds=millis // 1000,
            )
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
            match(findings, "hook", told[0] if told else {}, reason="playFailed", status="fail")
            findings.true("the call ends", phone.ended.wait(10))

    @jambonz
    def _jambonz_gather_keys(self, dialect):
        document = [{"verb": "gather", "input": ["digits"], "finishOnKey": "#", "timeout": 5,
                     "actionHook": "/jambonz/keys", "id": "g", "play": {"url": self._wav(440)}}]
        with self._call(dialect, "keys", document) as (phone, findings):
            time.sleep(0.6)
            phone.press("12#")
            told = self._told(dialect, "keys")
            match(
                findings, "hook", told[0] if told else {}, reason="dtmfDetected", digits="12",
                verb_id="g",
            )

    @jambonz
    def _jambonz_gather_times_out(self, dialect):
        document = [{"verb": "gather", "input": ["digits"], "timeout": 1,
                     "actionHook": "/jambonz/timeout"}]
        with self._call(dialect, "timeout", document) as (_, findings):
            told = self._told(dialect, "timeout")
            match(findings, "hook", told[0] if told else {}, reason="timeout")

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
                findings.equal("text", speech["alternatives"][0]["transcript"], SPEECH)
                findings.equal("final", speech["is_final"], True)
                findings.equal("language", speech["language_code"], "en-US")

    @staticmethod
    def _recognizes(socket):
        """A live recognizer that hangs up without a farewell once it has said its words."""
        socket.accept()
        heard = sum(len(next(socket.frames())) for _ in range(5))
        for text, is_final in (("billing", False), (SPEECH, True)):
            alternatives = [{"transcript": text, "confidence": 0.75}]
            socket.send({
                "type": "Results", "is_final": is_final, "speech_final": is_final,
                "channel": {"alternatives": alternatives},
            })
        for frame in socket.frames():
            if isinstance(frame, str) or heard > 160_000:
                return
            heard += len(frame)

    @jambonz
    def _jambonz_gather_partial_speech(self, dialect):
        document = [{"verb": "gather", "input": ["speech"], "actionHook": "/jambonz/whole",
                     "partialResultHook": "/jambonz/partial",
                     "recognizer": {"vendor": "live", "language": "en-GB"}}]
        with self._call(dialect, "partial", document, says=self._tone) as (_, findings):
            whole = self._told(dialect, "whole")
            told = [*self._told(dialect, "partial")[:1], *whole]
            for fields, text, final in zip(told, ("billing", SPEECH), (False, True)):
                findings.equal(
                    "speech", fields.get("speech"),
                    {"language_code": "en-GB", "channel_tag": 1, "is_final": final,
                     "alternatives": [{"confidence": 0.75, "transcript": text}],
                     "vendor": {"name": "live"}},
                )
            findings.equal("results", len(told), 2)
            findings.equal("reason", [t.get("reason") for t in whole], ["speechDetected"])

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
            match(findings, "hook", told[0] if told else {}, result="success")
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
    def _jambonz_config_voice_and_bargefor_dialects(self, dialect):
        document = [{"verb": "config", "synthesizer": {"vendor": "google", "language": "en-GB"},
                     "bargeIn": {"enable": True, "input": ["digits"], "numDigits": 1,
                                 "actionHook": "/jambonz/barged"}},
                    {"verb": "play", "url": self._wav(440)}]
        self._on(dialect, "barged", [{"verb": "play", "url": self._wav(600)}])
        with self._call(dialect, "config", document) as (phone, findings):
            time.sleep(0.8)
            phone.press("3")
            told = self._told(dialect, "barged")
            match(findings, "hook", told[0] if told else {}, reason="dtmfDetected", digits="3")
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
                sid = next(f["call_sid"] for f in map(fields_of, first)
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
            findings.true(f"text in {told}", told and SPEECH in json.dumps(told[0].get("speech")))
