"""What a real phone hears, and what is heard of it: tones through each codec, gaps, barge-in,
keys both ways, recordings, streams."""

import base64
import json
import urllib.error
import urllib.request
from contextlib import contextmanager

from ring.application import Application, Reply
from ring.bad_way import BadWay
from ring.baresip import Baresip
from ring.dialects import ACCOUNTS, ALL
from ring.hookflash import ConfiguredApplication, Hookflash, Settings
from ring.ports import free_port
from ring.process import Process, until
from ring.runner import Case, Findings
from ring.sound import Sound, write_tone
from ring.words import WORDS

_LEVEL = -15.0
_CODECS = {
    "pcmu": "PCMU/8000/1", "pcma": "PCMA/8000/1", "l16": "L16/16000/1", "opus": "opus/48000/2",
}


class Voice:
    """One server, one application that also serves audio; one phone for each case."""

    def __init__(self, env):
        self._env = env
        self._documents = {}
        self._application = Application(self._answer)
        folder = env.work / "voice"
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        for hertz, seconds in ((1000, 2), (600, 2), (440, 30), (700, 30)):
            write_tone(folder / f"{hertz}.wav", seconds, hertz, level=_LEVEL)
        applications = [
            ConfiguredApplication(name, name, f"{self._application.url}/{name}/voice", f"{name}-*")
            for name in ALL
        ]
        settings = Settings(
            applications,
            media='codecs = ["opus", "L16/16000", "PCMU", "PCMA"]\n',
            extra=f'[recordings]\nfolder = "{folder}/recordings"\n',
        )
        self._server = Hookflash(env.binary, env.work, "voice", settings)

    def close(self):
        """Ends server and application."""
        self._server.stop()
        self._application.close()

    def cases(self):
        """Every check, in the dialects that have the verb."""
        for codec in _CODECS:
            yield Case(f"voice/tone-through-{codec}", self._tone(codec))
            yield Case(f"voice/{codec}-over-a-bad-way", self._bad_way(codec))
        for dialect in WORDS:
            yield Case(f"voice/{dialect}/no-gap-between-prompts", self._gap(dialect))
            yield Case(f"voice/{dialect}/speaks", self._speaks(dialect))
            yield Case(f"voice/{dialect}/gather-stops-the-prompt", self._barge_in(dialect, "auto"))
            yield Case(f"voice/{dialect}/keys-reach-the-phone", self._keys(dialect))
        yield Case("voice/keys-over-a-bad-way", self._keys_over_a_bad_way)
        yield Case("voice/keys-by-sip-info", self._barge_in("twiml", "info"))
        for dialect in ("twiml", "cxml", "bxml"):
            yield Case(f"voice/{dialect}/records", self._records(dialect))
        for dialect in ("twiml", "bxml"):
            yield Case(f"voice/{dialect}/records-both-sides", self._records_both(dialect))
        yield Case("voice/missing-audio-does-not-end-the-call", self._missing_audio)
        yield Case("voice/media-stream-echoes", self._stream)

    def afterwards(self):
        """What must be true once everybody has hung up."""
        yield Case("voice/nothing-is-left", self._nothing_left)

    @contextmanager
    def _call(self, dialect, name, *verbs, port=None, **phone):
        """A phone in a call with a document, and a place for what is wrong. The phone dials the
        server, or another port."""
        user = f"{dialect}-{name}"
        words = WORDS[dialect]
        self._documents[f"/{dialect}/voice", user] = Reply(
            words.document(*verbs), words.content_type
        )
        findings = Findings()
        caller = Baresip(self._env.work, f"ear-{user}", **phone)
        try:
            port = port or self._server.sip_port
            caller.command("dial", f"sip:{user}@127.0.0.1:{port}")
            findings.true("the call is answered", caller.await_event("CALL_ESTABLISHED"))
            yield caller, findings
        finally:
            caller.stop()
        findings.raise_any(f"{caller.events()}\n{caller.process.output()[-800:]}")

    def _wav(self, hertz):
        return f"{self._application.url}/{hertz}.wav"

    def _tone(self, codec):
        def run():
            words = WORDS["twiml"]
            with self._call(
                "twiml", f"tone-{codec}", words.play(self._wav(1000)), words.pause(1),
                codec=_CODECS[codec],
            ) as (caller, findings):
                caller.await_event("CALL_CLOSED", 15)
                heard = caller.heard()
                spans = heard.loud() if heard else []
                findings.true(f"one stretch of sound, not {spans}", len(spans) == 1)
                if spans:
                    middle = heard.part(spans[0][0] + 0.2, spans[0][1] - 0.2)
                    level, tone = middle.level(), middle.tone(1000)
                    length = spans[0][1] - spans[0][0]
                    findings.true(f"level {level:.1f} dB", abs(level - _LEVEL) < 1)
                    findings.true(f"1 kHz at {tone:.1f} dB", abs(tone - _LEVEL) < 1)
                    findings.true(f"{length:.2f} s long", abs(length - 2) < 0.12)

        return run

    def _bad_way(self, codec):
        def run():
            words = WORDS["twiml"]
            done, told = f"/twiml/{codec}/recorded", f"/twiml/{codec}/recording"
            self._documents[done, None] = Reply(
                words.document(words.hangup()), words.content_type
            )
            self._documents[told, None] = Reply("", None, 204)
            url = self._application.url
            # The phone's file has to be as its codec is.
            rate, channels = map(int, _CODECS[codec].split("/")[1:])
            says = self._folder / f"440-{rate}.wav"
            write_tone(says, 15, 440, rate, channels, _LEVEL)
            way = BadWay(self._server.sip_port)
            try:
                with self._call(
                    "twiml", f"bad-{codec}", words.play(self._wav(1000)),
                    words.record(url + done, url + told, 5),
                    port=way.port, says=says, codec=_CODECS[codec],
                ) as (caller, findings):
                    results = self._application.await_requests(done, 1, 20)
                    findings.equal("results", len(results), 1)
                    caller.await_event("CALL_CLOSED", 10)
                    if results:
                        url = ALL["twiml"].fields(results[0])["RecordingUrl"]
                        recording = self._fetch("twiml", url, f"bad-{codec}")
                        findings.true(f"{recording.seconds:.2f} s", abs(recording.seconds - 5) < 0.2)
                        said = self._near(recording.part(0.5, 4.9).tones(440))
                        findings.true(f"{said} of 44 tenths of what was said", said > 40)
                    # How much it makes up of what is lost is up to the phone.
                    heard = self._near(caller.heard().tones(1000))
                    findings.true(f"{heard} of 20 tenths of the prompt", 10 < heard < 24)
                    spoilt = way.lost / max(way.lost + way.passed, 1)
                    findings.true(f"{way.lost} of {way.passed} lost", 0.02 < spoilt < 0.1)
            finally:
                way.close()

        return run

    @staticmethod
    def _near(levels):
        """How many of these levels are the tone's."""
        return sum(abs(level - _LEVEL) < 3 for level in levels)

    def _gap(self, dialect):
        def run():
            words = WORDS[dialect]
            verbs = words.play(self._wav(1000), self._wav(600))
            with self._call(dialect, "gap", verbs) as (caller, findings):
                caller.await_event("CALL_CLOSED", 15)
                heard = caller.heard()
                spans = heard.loud(gap=0.045) if heard else []
                findings.true(f"no gap between the two: {spans}", len(spans) == 1)
                if spans:
                    first = heard.part(spans[0][0] + 0.3, spans[0][0] + 1.7)
                    second = heard.part(spans[0][0] + 2.3, spans[0][0] + 3.7)
                    findings.true("1 kHz first", abs(first.tone(1000) - _LEVEL) < 1)
                    findings.true("then 600 Hz", abs(second.tone(600) - _LEVEL) < 1)

        return run

    def _speaks(self, dialect):
        def run():
            words = WORDS[dialect]
            with self._call(
                dialect, "speaks", words.say("The quick brown fox jumps over the lazy dog.")
            ) as (caller, findings):
                caller.await_event("CALL_CLOSED", 20)
                heard = caller.heard()
                spans = heard.loud() if heard else []
                loud = sum(end - start for start, end in spans)
                findings.true(f"a sentence is heard: {spans}", 1.5 < loud < 6)
                # A stand-in tone would put everything into one frequency.
                if spans:
                    speech = heard.part(spans[0][0], spans[-1][1])
                    tones = [speech.tone(hertz) for hertz in range(200, 3400, 50)]
                    findings.true("it is no tone", max(tones) < speech.level() - 6)

        return run

    def _barge_in(self, dialect, mode):
        def run():
            words = WORDS[dialect]
            done = f"/{dialect}/done-{mode}"
            self._documents[done, None] = Reply(
                words.document(words.hangup()), words.content_type
            )
            with self._call(
                dialect, f"barge-{mode}", words.gather(done, self._wav(440), 3), dtmf=mode
            ) as (caller, findings):
                until(lambda: (caller.heard() or Sound(8000, [])).seconds > 1.5, 10)
                caller.press("1")
                until(lambda: False, 1.0)
                caller.press("2#" if dialect in ("twiml", "cxml") else "23")
                found = self._application.await_requests(done, 1, 15)
                findings.equal("results", len(found), 1)
                if found:
                    fields = ALL[dialect].fields(found[0])
                    wanted = "12" if dialect in ("twiml", "cxml") else "123"
                    findings.equal("keys", fields.get(words.digits), wanted)
                caller.await_event("CALL_CLOSED", 10)
                spans = caller.heard().loud()
                findings.true(
                    f"the prompt ended at the key: {spans}",
                    len(spans) == 1 and spans[0][1] - spans[0][0] < 4,
                )

        return run

    def _keys(self, dialect):
        def run():
            words = WORDS[dialect]
            with self._call(
                dialect, "keys", words.send_keys("159#"), words.pause(1)
            ) as (caller, findings):
                caller.await_event("CALL_CLOSED", 15)
                keys = caller.keys()
                findings.equal("keys that the phone saw", keys, "159#")

        return run

    def _keys_over_a_bad_way(self):
        words, typed = WORDS["twiml"], "8675309214"
        done = "/twiml/typed-over-a-bad-way"
        self._documents[done, None] = Reply(words.document(words.hangup()), words.content_type)
        way = BadWay(self._server.sip_port, loss=0.1)
        try:
            with self._call(
                "twiml", "typed", words.gather(done, self._wav(440), len(typed)), port=way.port
            ) as (caller, findings):
                until(lambda: (caller.heard() or Sound(8000, [])).seconds > 1.5, 10)
                caller.press(typed)
                found = self._application.await_requests(done, 1, 15)
                findings.equal("results", len(found), 1)
                if found:
                    keys = ALL["twiml"].fields(found[0]).get(words.digits)
                    findings.equal("keys", keys, typed)
                caller.await_event("CALL_CLOSED", 10)
                spoilt = way.lost / max(way.lost + way.passed, 1)
                findings.true(f"{way.lost} of {way.passed} lost", 0.05 < spoilt < 0.2)
        finally:
            way.close()

    def _records(self, dialect):
        def run():
            words = WORDS[dialect]
            done, told = f"/{dialect}/recorded", f"/{dialect}/recording"
            self._documents[done, None] = Reply(
                words.document(words.hangup()), words.content_type
            )
            self._documents[told, None] = Reply("", None, 204)
            with self._call(
                dialect, "records",
                words.record(self._application.url + done, self._application.url + told, 3),
                says=self._folder / "440.wav",
            ) as (_, findings):
                results = self._application.await_requests(done, 1, 15)
                findings.equal("results", len(results), 1)
                news = self._application.await_requests(told, 1, 10)
                findings.equal("announcements", len(news), 1)
                if results and news:
                    self._check_recording(findings, dialect, results[0], news[0])

        return run

    def _check_recording(self, findings, dialect, result, news):
        fields, announced = ALL[dialect].fields(result), ALL[dialect].fields(news)
        name = "mediaUrl" if dialect == "bxml" else "RecordingUrl"
        url = fields[name]
        findings.equal("the same recording", announced[name], url)
        status, _ = self._http(dialect, url, authorized=False)
        findings.equal("status for somebody else", status, 401)
        sound = self._fetch(dialect, url, dialect)
        findings.true(f"{sound.seconds:.2f} s long", abs(sound.seconds - 3) < 0.2)
        middle = sound.part(1.0, 2.5)
        level, tone = middle.level(), middle.tone(440)
        findings.true(f"level {level:.1f} dB", abs(level - _LEVEL) < 1)
        findings.true(f"440 Hz at {tone:.1f} dB", abs(tone - _LEVEL) < 1)
        findings.equal("deletion", self._http(dialect, url, method="DELETE")[0], 204)
        findings.equal("then it is gone", self._http(dialect, url)[0], 404)

    def _fetch(self, dialect, url, name):
        status, body = self._http(dialect, url)
        if status != 200:
            raise AssertionError(f"status of the recording {url}: {status}")
        file = self._folder / f"fetched-{name}.wav"
        file.write_bytes(body)
        return Sound.read(file)

    def _records_both(self, dialect):
        def run():
            words = WORDS[dialect]
            told = f"/{dialect}/both"
            self._documents[told, None] = Reply("", None, 204)
            with self._call(
                dialect, "both", words.record_both(self._application.url + told),
                words.play(self._wav(1000)), words.stop_recording(),
                says=self._folder / "700.wav",
            ) as (caller, findings):
                caller.await_event("CALL_CLOSED", 15)
                news = self._application.await_requests(told, 1, 10)
                findings.equal("announcements", len(news), 1)
                if news:
                    fields = ALL[dialect].fields(news[0])
                    url = fields["mediaUrl" if dialect == "bxml" else "RecordingUrl"]
                    status, body = self._http(dialect, url)
                    findings.equal("status of the recording", status, 200)
                    file = self._folder / f"both-{dialect}.wav"
                    file.write_bytes(body)
                    channels = Sound.channels(file)
                    findings.equal("channels", len(channels), 2)
                    caller_tone = channels[0].part(0.7, 1.7).tone(700)
                    our_tone = channels[-1].part(0.7, 1.7).tone(1000)
                    findings.true(f"the caller at {caller_tone:.1f} dB", abs(caller_tone - _LEVEL) < 1)
                    findings.true(f"our side at {our_tone:.1f} dB", abs(our_tone - _LEVEL) < 1)

        return run

    def _missing_audio(self):
        words = WORDS["twiml"]
        with self._call(
            "twiml", "missing", words.play(f"{self._application.url}/none.wav", self._wav(600))
        ) as (caller, findings):
            caller.await_event("CALL_CLOSED", 15)
            spans = caller.heard().loud()
            findings.true(f"what can be played is heard: {spans}", len(spans) == 1)

    def _stream(self):
        port = free_port()
        script = self._env.sources / "sdk" / "media_streams.py"
        log = self._folder / "media_streams.out"
        application = Process(
            "media-streams", [self._env.tools / "twilio" / "bin" / "python", script, port, 1.0], log
        )
        words = WORDS["twiml"]
        done = "/twiml/streamed"
        self._documents[done, None] = Reply(words.document(words.hangup()), words.content_type)
        try:
            until(lambda: _listens(port), 10)
            with self._call(
                "twiml", "stream", words.stream(f"ws://127.0.0.1:{port}/stream", done),
                says=self._folder / "700.wav",
            ) as (caller, findings):
                findings.equal(
                    "results", len(self._application.await_requests(done, 1, 20)), 1
                )
                caller.await_event("CALL_CLOSED", 10)
                told = [json.loads(line) for line in application.output().splitlines()]
                kinds = [event["event"] for event in told]
                findings.equal("messages", kinds, ["connected", "start", "mark"])
                if len(told) > 1:
                    findings.equal(
                        "parameters", told[1]["start"]["customParameters"], {"line": "billing"}
                    )
                heard = caller.heard()
                spans = heard.loud()
                findings.true(f"one second comes back: {spans}", len(spans) == 1)
                if spans:
                    middle = heard.part(spans[0][0] + 0.2, spans[0][1] - 0.2)
                    tone = middle.tone(700)
                    findings.true(f"the caller's tone at {tone:.1f} dB", abs(tone - _LEVEL) < 1)
        finally:
            application.stop()

    def _nothing_left(self):
        findings = Findings()
        findings.true("no call lives", until(lambda: not self._server.live(), 10, 0.2))
        findings.equal("media ports in use", self._server.media_ports(), [])
        findings.equal(
            "problems in the log", self._server.log_problems(expected="/none.wav"), []
        )
        findings.raise_any()

    def _answer(self, request):
        if request.path.endswith(".wav"):
            file = self._folder / request.path.lstrip("/")
            if file.is_file():
                return Reply(file.read_bytes(), "audio/wav")
            return None
        if (request.path, None) in self._documents:
            return self._documents[request.path, None]
        text = request.body.decode()
        for (path, user), reply in self._documents.items():
            if path == request.path and user and user in text:
                return reply
        return None

    def _http(self, dialect, url, method="GET", authorized=True):
        account = ACCOUNTS[dialect]
        request = urllib.request.Request(url, method=method)
        if authorized:
            token = base64.b64encode(f"{account.sid}:{account.token}".encode()).decode()
            request.add_header("Authorization", f"Basic {token}")
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                return reply.status, reply.read()
        except urllib.error.HTTPError as error:
            return error.code, b""


def _listens(port):
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=1).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


@contextmanager
def voice(env):
    """The ring, closed afterwards."""
    ring = Voice(env)
    try:
        yield ring
    finally:
        ring.close()
