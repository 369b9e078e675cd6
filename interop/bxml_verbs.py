"""BXML, verb by verb."""

import base64
import json
import re
import time

from ring.verb_calls import MOMENT, SPEECH, VerbCalls, for_dialects, match


class Bxml(VerbCalls):
    """BXML."""

    bxml = for_dialects("bxml")

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
            match(findings, "redirect", told[0] if told else {}, eventType="redirect", tag="gold")
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
            match(
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
            match(
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
                match(findings, "dtmf", fields, eventType="dtmf", digit=key, tag="k")
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
                "recordingId": r"r-[0-9a-f-]+", "channels": 1, "endTime": MOMENT,
                "duration": r"PT1\.\d+S", "fileFormat": "wav", "mediaUrl": "http://.+/media",
                "tag": "r",
            }
            done = self._told(dialect, "done")
            match(findings, "done", done[0] if done else {}, eventType="recordComplete", **common)
            news = self._told(dialect, "available")
            match(
                findings, "available", news[0] if news else {}, eventType="recordingAvailable",
                status="complete", **common,
            )
            text = self._told(dialect, "transcribed")
            if text:
                transcription = text[0]["transcription"]
                findings.equal("text", transcription["transcripts"][0]["text"], SPEECH)
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
            began = phone.key_times()
            gaps = [round(after - before, 2) for before, after in zip(began, began[1:])]
            # Half a second in place of the interval, not on top of it. A machine that stalls makes
            # them shorter, as the time it lost is not in the timestamps.
            within = ((0.3, 0.64), (0.05, 0.2), (0.05, 0.2))
            near = all(low < gap < high for gap, (low, high) in zip(gaps, within))
            findings.true(f"from key to key {gaps}", len(gaps) == len(within) and near)

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
            findings.true(f"the text in {got}", SPEECH in json.dumps(got))
