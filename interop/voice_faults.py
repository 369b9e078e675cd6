"""What goes wrong around a voice: audio, sockets, engines, disks and callers that misbehave. The
call goes on, whoever must know is told, and nothing is left behind."""

import base64
import json
import os
import signal
import socket
import struct
import subprocess
import threading
import time
import wave
from contextlib import contextmanager

from ring.application import Application, Reply
from ring.caller import Caller, tone
from ring.dialects import ACCOUNTS
from ring.hookflash import ConfiguredApplication, Hookflash, Settings
from ring.process import until
from ring.runner import Case, Findings
from ring.sound import Sound, write_tone
from ring.websocket import WebSockets

_WAV = "HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\n"
_ENOUGH = 48 << 20


class VoiceFaults:
    """Three servers and the places that misbehave."""

    def __init__(self, env):
        self._env = env
        self._documents = {}
        self._application = Application(self._answer)
        self._places = WebSockets()
        self._narrow_places = WebSockets(narrow=True)
        folder = self._folder = env.work / "voice-faults"
        folder.mkdir(parents=True, exist_ok=True)
        for hertz, seconds in ((600, 0.5), (440, 8)):
            write_tone(folder / f"{hertz}.wav", seconds, hertz, level=-15)
        self._tone, self._other = tone(700), tone(1000)
        self._sent = 0
        self._server = self._start("faults", "", "")
        self._mute = self._start("mute", 'rtp_timeout = "2s"\n', self._bad_engines())
        self._full = self._start_on_a_full_disk()

    def close(self):
        """Ends everything."""
        for server in (self._server, self._mute, self._full):
            server.stop()
        if self._mounted:
            subprocess.run(["umount", "-l", self._folder / "full"], check=False)
        self._places.close()
        self._narrow_places.close()
        self._application.close()

    def cases(self):
        """Every check."""
        for fault in (
            "hangs", "drips", "is_2_gigabytes", "has_no_end", "is_a_page", "is_cut_off",
            "redirects_in_a_circle", "is_not_what_it_says",
        ):
            yield Case(f"voice-faults/audio-that-{fault.replace('_', '-')}", self._audio(fault))
        for fault in ("never_answers", "closes_at_once", "stalls", "talks_nonsense"):
            yield Case(f"voice-faults/stream-that-{fault.replace('_', '-')}", self._stream(fault))
        for name in (
            "stream_that_floods", "stream_that_stalls_for_good", "private_networks_are_refused", "disk_that_is_full",
            "engines_that_fail_leave_a_tone", "caller_that_never_sends",
            "caller_that_is_gone_is_hung_up", "audio_from_a_wrong_source",
            "new_port_in_mid_prompt", "new_codec_in_mid_prompt", "hold_in_mid_prompt",
            "offer_that_comes_late", "keys_by_info_beside_events",
        ):
            yield Case(f"voice-faults/{name.replace('_', '-')}", getattr(self, f"_{name}"))
        yield Case("voice-faults/sigterm-completes-recordings-and-streams", self._sigterm)

    def afterwards(self):
        """What must be true once everybody has hung up."""
        yield Case("voice-faults/nothing-is-left", self._nothing_left)

    # Audio

    def _audio(self, fault):
        def run():
            behave = getattr(self, f"_{fault}")
            url = self._places.on(f"/{fault}.wav", behave).replace("ws:", "http:")
            document = f"<Play>{url}#tt=1500</Play><Play>{self._wav(600)}</Play>"
            with self._call(self._server, fault, document) as (phone, findings):
                findings.true("the call ends", phone.ended.wait(20))
                heard = phone.heard()
                spans = heard.loud()
                findings.true(f"what can be played is heard: {spans}", spans)
                if spans:
                    level = heard.part(spans[-1][1] - 0.4, spans[-1][1] - 0.1).tone(600)
                    findings.true(f"600 Hz at {level:.1f} dB", abs(level + 15) < 1)
                text = self._trace(self._server, fault)
                findings.true(f"the journal names it: {text}", "13420" in text)

        return run

    def _hangs(self, place):
        place.raw.recv(1)

    def _drips(self, place):
        place.raw.sendall(f"{_WAV}Content-Length: 100000\r\n\r\n".encode())
        for byte in self._file(440)[:200]:
            place.raw.sendall(bytes((byte,)))
            time.sleep(0.2)

    def _is_2_gigabytes(self, place):
        place.raw.sendall(f"{_WAV}Content-Length: {2 << 30}\r\n\r\n".encode())
        self._pour(place, lambda piece: piece)

    def _has_no_end(self, place):
        place.raw.sendall(f"{_WAV}Transfer-Encoding: chunked\r\n\r\n".encode())
        self._pour(place, lambda piece: f"{len(piece):x}\r\n".encode() + piece + b"\r\n")

    def _pour(self, place, framed):
        piece, sent = framed(self._file(440)[:65536]), 0
        while sent < 2 * _ENOUGH:
            place.raw.sendall(piece)
            sent += len(piece)
        raise AssertionError("all of it was read")

    def _is_a_page(self, place):
        page = b"<html><body>Please sign in</body></html>"
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(page)}\r\n\r\n"
        place.raw.sendall(head.encode() + page)

    def _is_not_what_it_says(self, place):
        noise = os.urandom(20000)
        head = f"HTTP/1.1 200 OK\r\nContent-Type: audio/mpeg\r\nContent-Length: {len(noise)}\r\n\r\n"
        place.raw.sendall(head.encode() + noise)

    def _is_cut_off(self, place):
        file = self._file(440)
        place.raw.sendall(f"{_WAV}Content-Length: {len(file)}\r\n\r\n".encode())
        place.raw.sendall(file[:30000])

    def _redirects_in_a_circle(self, place):
        place.raw.sendall(
            b"HTTP/1.1 302 Found\r\nLocation: /redirects_in_a_circle.wav\r\nContent-Length: 0\r\n\r\n"
        )

    def _private_networks_are_refused(self):
        document = self._folder / "private.xml"
        document.write_text(
            f"<Response><Play>{self._wav(440)}</Play><Say>Hello</Say></Response>"
        )
        extra = f"""[webhook]
allow_private_networks = false
[[applications]]
name = "static"
account = "{ACCOUNTS["twiml"].sid}"
document = "{document}"
[[routes]]
to = "*"
application = "static"
"""
        server = Hookflash(self._env.binary, self._env.work, "private", Settings(extra=extra))
        findings = Findings()
        try:
            before = len(self._application.requests("/440.wav"))
            phone = Caller(server.sip_port, "private")
            try:
                findings.equal("status of the INVITE", phone.dial(), 200)
                findings.true("the call ends", phone.ended.wait(10))
                level = phone.heard().tone(440)
                findings.true(f"440 Hz at {level:.1f} dB", level < -40)
            finally:
                phone.close()
            after = len(self._application.requests("/440.wav"))
            findings.equal("requests for the audio", after - before, 0)
            text = server.text(f"/hookflash/v1/calls/{server.calls()[0]['sid']}/trace")
            findings.true(f"the journal says why: {text}", "private" in text)
        finally:
            server.stop()
        findings.raise_any()

    # Streams

    def _stream(self, fault):
        def run():
            url = self._places.on(f"/{fault}", getattr(self, f"_stream_{fault}"))
            document = (
                f'<Start><Stream url="{url}" statusCallback="/told-{fault}"/></Start>'
                f'<Connect action="/over-{fault}"><Stream url="{url}"/></Connect>'
            )
            self._document(f"/over-{fault}", f"<Play>{self._wav(600)}</Play>")
            with self._call(self._server, fault, document, says=self._tone) as (phone, findings):
                lives = fault in ("stalls", "talks_nonsense")
                over = self._application.await_requests(f"/over-{fault}", 1, 5 if lives else 30)
                if lives:
                    findings.equal("ends of the stream that lives on", len(over), 0)
                    phone.hangs_up()
                else:
                    findings.equal("ends of the stream", len(over), 1)
                    findings.true("the call ends", phone.ended.wait(10))
                    level = phone.heard().loud()
                    findings.equal("sounds afterwards", len(level), 1)
                    told = [r.body for r in self._application.requests(f"/told-{fault}")]
                    findings.true(
                        f"the end is told: {told}",
                        b"stream-error" in told[-1] or b"stream-stopped" in told[-1],
                    )

        return run

    @staticmethod
    def _stream_never_answers(place):
        place.raw.recv(1)

    @staticmethod
    def _stream_closes_at_once(place):
        place.accept()
        place.close()

    @staticmethod
    def _stream_stalls(place):
        place.raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        place.accept()
        time.sleep(40)

    @staticmethod
    def _stream_talks_nonsense(place):
        place.accept()
        for text in (
            "", "{", "[]", "null", '{"event":"media"}', '{"event":"media","media":{"payload":7}}',
            '{"event":"media","media":{"payload":"***"}}', '{"event":"mark"}', '{"event":"dtmf"}',
            "\u0000" * 100, json.dumps({"event": "x" * 100_000}), "[" * 50_000,
        ):
            place.send(text)
        place.send(os.urandom(5000), 2)
        for _ in place.frames():
            pass

    def _stream_that_floods(self):
        sent = []

        def flood(place):
            place.accept()
            frames = (json.loads(frame) for frame in place.frames())
            sid = next(m for m in frames if m["event"] == "start")["streamSid"]
            payload = base64.b64encode(self._tone * 4).decode()
            message = {"event": "media", "streamSid": sid, "media": {"payload": payload}}
            for _ in range(4000):
                place.send(message)
                sent.append(1)
            for _ in frames:
                pass

        url = self._places.on("/flood", flood)
        document = f'<Connect action="/flooded"><Stream url="{url}"/></Connect>'
        before = _memory(self._server)
        with self._call(self._server, "flood", document) as (phone, findings):
            time.sleep(6)
            grown = _memory(self._server) - before
            findings.true(f"memory has grown by {grown} kB", grown < 64 << 10)
            level = phone.heard().part(1, 5).tone(700)
            spans, sent_so_far = phone.heard().loud(), len(sent)
            findings.true(
                f"what was sent first plays at {level:.1f} dB: {spans}, {len(phone.packets)}"
                f" packets, {sent_so_far} messages", abs(level + 15) < 1,
            )
            findings.equal("another call is answered", self._rings(), 200)

    def _stream_that_stalls_for_good(self):
        """500 messages in a row that the application does not take end the stream, not the call."""
        over = threading.Event()

        def stall(place):
            place.accept()
            over.wait(60)

        url = self._narrow_places.on("/stalled", stall)
        document = (
            f'<Connect action="/over-stalled"><Stream url="{url}" statusCallback="/told-stalled"/>'
            "</Connect>"
        )
        self._document("/over-stalled", f"<Play>{self._wav(600)}</Play>")
        with self._call(self._server, "stalled", document, says=self._tone) as (phone, findings):
            began = time.monotonic()
            done = self._application.await_requests("/over-stalled", 1, 45)
            lasted = time.monotonic() - began
            findings.equal("ends of the stream", len(done), 1)
            # The server keeps 8 s for it, and gives it up 10 s after that.
            findings.true(f"it is given up after {lasted:.1f} s", 17 < lasted)
            findings.true("the call ends", phone.ended.wait(10))
            findings.equal("sounds afterwards", len(phone.heard().loud()), 1)
            told = [r.body.decode() for r in self._application.requests("/told-stalled")]
            findings.true(f"the error is told: {told}", "stream-error" in told[-1])
            text = self._trace(self._server, "stalled")
            for words in ("takes messages too slowly", "takes no messages"):
                findings.true(f"the journal says `{words}`", words in text)
            open_still = _streams_open(self._server, self._narrow_places)
            closed = until(lambda: not _streams_open(self._server, self._narrow_places), 10, 0.2)
            findings.true(f"the socket is closed: {open_still}", closed)
        over.set()

    def _rings(self):
        self._document("/voice", "<Hangup/>", "other")
        phone = Caller(self._server.sip_port, "other")
        try:
            return phone.dial(3)
        finally:
            phone.close()

    # Disk and engines

    def _start_on_a_full_disk(self):
        """Recordings go to a file system with no room; where none can be made, to no folder."""
        folder = self._folder / "full"
        folder.mkdir(exist_ok=True)
        self._mounted = False
        if os.geteuid() == 0:
            command = ["mount", "-t", "tmpfs", "-o", "size=96k", "tmpfs", folder]
            self._mounted = subprocess.run(command, capture_output=True).returncode == 0
        if not self._mounted:
            for account in ACCOUNTS.values():
                (folder / account.sid).write_text("no folder")
        return self._start("full", "", f'[recordings]\nfolder = "{folder}"\n')

    def _disk_that_is_full(self):
        record = (
            '<Record action="/full-done" timeout="0" maxLength="20" trim="do-not-trim"'
            ' playBeep="false" recordingStatusCallback="/full-told"/>'
        )
        self._document("/full-done", f"<Play>{self._wav(600)}</Play>")
        with self._call(self._full, "full", record, says=self._tone) as (phone, findings):
            told = self._application.await_requests("/full-told", 1, 20)
            text = told[0].body.decode() if told else ""
            findings.true(f"failed is told: {text}", "RecordingStatus=failed" in text)
            findings.true("with an error code", "ErrorCode=12400" in text)
            findings.equal("results", len(self._application.await_requests("/full-done", 1, 5)), 1)
            findings.true("the call ends", phone.ended.wait(10))
            findings.equal("sounds afterwards", len(phone.heard().loud()), 1)

    def _bad_engines(self):
        parts = []
        for name, text in (
            ("crash", "kill -SEGV $$"), ("hang", "sleep 600"),
            ("garbage", "cat >/dev/null; head -c 5000 /dev/urandom"),
        ):
            program = self._folder / f"engine-{name}"
            program.write_text(f"#!/bin/sh\n{text}\n")
            program.chmod(0o755)
            parts.append(
                f'[[speech.engines]]\ntype = "flite"\nname = "{name}"\npath = "{program}"\n'
                'time_limit = "1s"\n'
            )
        return "".join(parts)

    def _engines_that_fail_leave_a_tone(self):
        document = f"<Say>Good morning.</Say><Play>{self._wav(600)}</Play>"
        with self._call(self._mute, "engines", document) as (phone, findings):
            findings.true("the call ends", phone.ended.wait(15))
            spans = phone.heard().loud(gap=0.1)
            findings.true(f"a tone, and what follows: {spans}", spans)
            loud = sum(end - start for start, end in spans)
            findings.true(f"{loud:.2f} s of sound", 0.55 < loud < 2)
            left = subprocess.run(
                ["ps", "--ppid", str(self._mute.process.pid), "-o", "args="],
                capture_output=True, text=True,
            ).stdout
            findings.equal("programs left", left, "")

    # Callers

    def _caller_that_never_sends(self):
        document = f"<Play>{self._wav(600)}</Play>"
        with self._call(self._server, "silent", document, sends=False) as (phone, findings):
            findings.true("the call ends", phone.ended.wait(10))
            findings.equal("sounds", len(phone.heard().loud()), 1)

    def _caller_that_is_gone_is_hung_up(self):
        document = f'<Play>{self._wav(600)}</Play><Pause length="30"/>'
        with self._call(self._mute, "gone", document, sends=False) as (phone, findings):
            findings.true("the call ends", phone.ended.wait(8))

    def _audio_from_a_wrong_source(self):
        record = (
            '<Record action="/strange" timeout="0" maxLength="3" trim="do-not-trim"'
            ' playBeep="false"/>'
        )
        with self._call(self._server, "strange", record, says=self._tone) as (phone, findings):
            time.sleep(0.5)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                stranger.bind(("127.0.0.2", 0))
                stranger.settimeout(0.01)
                got = 0
                for number in range(120):
                    head = struct.pack("!BBHII", 0x80, 0, number, number * 160, 99)
                    start = number * 160 % 8000
                    stranger.sendto(head + self._other[start:start + 160], phone._peer)
                    try:
                        stranger.recv(2000)
                        got += 1
                    except OSError:
                        pass
                    time.sleep(0.01)
            findings.equal("packets that the stranger gets", got, 0)
            done = self._application.await_requests("/strange", 1, 10)
            findings.equal("results", len(done), 1)
            files = sorted(self._recordings("faults"), key=lambda f: f.stat().st_mtime)
            heard = Sound.read(files[-1])
            mine, theirs = heard.part(0.5, 2.5).tone(700), heard.part(0.5, 2.5).tone(1000)
            findings.true(f"the caller at {mine:.1f} dB", abs(mine + 15) < 1)
            findings.true(f"the stranger at {theirs:.1f} dB", theirs < -45)

    def _new_port_in_mid_prompt(self):
        with self._in_mid_prompt("port") as (phone, findings):
            before = len(phone.packets)
            findings.equal("status", phone.reinvite(moves=True), 200)
            time.sleep(1)
            fresh = phone.packets[before + 10:]
            findings.true(f"{len(fresh)} packets on the new port", len(fresh) > 30)
            self._prompt_goes_on(phone, findings)

    def _new_codec_in_mid_prompt(self):
        with self._in_mid_prompt("codec") as (phone, findings):
            findings.equal("status", phone.reinvite(payload_types=(8, 101)), 200)
            time.sleep(1)
            findings.equal("codec", {p.payload_type for p in phone.packets[-30:]}, {8})
            self._prompt_goes_on(phone, findings)

    def _hold_in_mid_prompt(self):
        with self._in_mid_prompt("hold") as (phone, findings):
            findings.equal("status", phone.reinvite(direction="inactive"), 200)
            findings.true("inactive is answered so", "a=inactive" in phone.answer)
            time.sleep(0.3)
            before = len(phone.packets)
            time.sleep(0.7)
            findings.equal("packets on hold", len(phone.packets) - before, 0)
            findings.equal("status", phone.reinvite(), 200)
            time.sleep(1)
            heard = Sound(8000, phone.heard().samples[-4000:]).tone(440)
            findings.true(f"then the prompt again at {heard:.1f} dB", abs(heard + 15) < 1)

    @contextmanager
    def _in_mid_prompt(self, name):
        with self._call(
            self._server, name, f"<Play>{self._wav(440)}</Play>", says=self._tone
        ) as (phone, findings):
            time.sleep(1.2)
            yield phone, findings

    @staticmethod
    def _prompt_goes_on(phone, findings):
        heard = phone.heard()
        level = heard.part(0.5, heard.seconds - 0.1).tone(440)
        findings.true(f"the prompt without a hole, at {level:.1f} dB", abs(level + 15) < 1)

    def _offer_that_comes_late(self):
        with self._call(
            self._server, "late", f"<Play>{self._wav(600)}</Play>", offers=False, says=self._tone
        ) as (phone, findings):
            findings.true("the call ends", phone.ended.wait(10))
            spans = phone.heard().loud()
            findings.true(f"heard {spans}", len(spans) == 1 and spans[0][1] - spans[0][0] > 0.4)

    def _keys_by_info_beside_events(self):
        document = '<Gather action="/info-keys" numDigits="3" timeout="3"/>'
        with self._call(self._server, "info", document) as (phone, findings):
            phone.info("application/dtmf-relay", "Signal=7\r\nDuration=120\r\n")
            time.sleep(0.5)
            phone.info("application/dtmf", "8")
            time.sleep(0.5)
            phone.info("application/dtmf-relay", "Signal=?\r\n")
            phone.press("9")
            done = self._application.await_requests("/info-keys", 1, 8)
            text = done[0].body.decode() if done else ""
            findings.true(f"keys in {text}", "Digits=789" in text)

    # The end

    def _sigterm(self):
        folder = self._folder / "term"
        server = self._start(
            "term", "", f'[recordings]\nfolder = "{folder}"\n[shutdown]\ngrace = "1s"\n'
        )
        got = []

        def listen(place):
            place.accept()
            for frame in place.frames():
                got.append(json.loads(frame)["event"])

        url = self._places.on("/term", listen)
        documents = {
            "term-record": '<Record action="/term-done" timeout="0" playBeep="false"'
            ' recordingStatusCallback="/term-told"/>',
            "term-stream": f'<Connect action="/term-over"><Stream url="{url}"/></Connect>',
        }
        findings, phones = Findings(), []
        try:
            for user, document in documents.items():
                self._document("/voice", document, user)
                phones.append(Caller(server.sip_port, user, says=self._tone))
                findings.equal("status of the INVITE", phones[-1].dial(), 200)
            time.sleep(1.5)
            server.process.signal(signal.SIGTERM)
            for phone in phones:
                findings.true("the phone is hung up", phone.ended.wait(10))
            findings.equal("exit status", server.process.wait(15), 0)
        finally:
            for phone in phones:
                phone.close()
            server.stop()
        told = [r.body.decode() for r in self._application.requests("/term-told")]
        findings.true(f"the recording is told: {told}", "completed" in "".join(told))
        findings.equal("the stream is told", got[-1:], ["stop"])
        files = list(folder.glob("*/*.wav"))
        findings.equal("files", len(files), 1)
        for file in files:
            with wave.open(str(file), "rb") as sound:
                seconds = sound.getnframes() / sound.getframerate()
                findings.true(f"{seconds:.1f} s recorded", seconds > 1.3)
        findings.raise_any()

    def _nothing_left(self):
        findings = Findings()
        for server in (self._server, self._mute, self._full):
            findings.true("no call lives", until(lambda: not server.live(), 10, 0.2))
            findings.equal("media ports in use", server.media_ports(), [])
            findings.true("no panic", "panicked" not in server.process.output())
            sockets = until(lambda: not _streams_open(server, self._places), 10, 0.2)
            findings.true("no stream is open", sockets)
        findings.raise_any()

    # Inside

    def _start(self, name, media, extra):
        application = ConfiguredApplication("twiml", "twiml", f"{self._application.url}/voice", "*")
        if "[recordings]" not in extra:
            extra += f'[recordings]\nfolder = "{self._folder}/recordings-{name}"\n'
        return Hookflash(
            self._env.binary, self._env.work, name, Settings([application], media=media, extra=extra)
        )

    @contextmanager
    def _call(self, server, user, document, **caller):
        self._document("/voice", document, user)
        findings = Findings()
        phone = Caller(server.sip_port, user, **caller)
        try:
            findings.equal("status of the INVITE", phone.dial(), 200)
            yield phone, findings
        finally:
            phone.close()
        findings.raise_any(self._trace(server, user)[-3000:])

    def _document(self, path, document, user=None):
        self._documents[path, user] = Reply(f"<Response>{document}</Response>", "text/xml")

    def _answer(self, request):
        if request.path.endswith(".wav"):
            return Reply(self._file(request.path[1:-4]), "audio/wav")
        body = request.body.decode()
        for (path, user), reply in self._documents.items():
            if path == request.path and (not user or f"sip%3A{user}%40" in body):
                return reply
        return Reply("", None, 204)

    def _file(self, name):
        return (self._folder / f"{name}.wav").read_bytes()

    def _wav(self, hertz):
        return f"{self._application.url}/{hertz}.wav"

    def _recordings(self, name):
        return (self._folder / f"recordings-{name}").glob("*/*.wav")

    @staticmethod
    def _trace(server, user):
        call = next((c for c in server.calls() if f"sip:{user}@" in c["to"]), None)
        return server.text(f"/hookflash/v1/calls/{call['sid']}/trace") if call else "no such call"


def _memory(server):
    """Resident memory in kB."""
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as status:
        line = next(line for line in status if line.startswith("VmRSS"))
    return int(line.split()[1])


def _streams_open(server, places):
    """Connections of the server to the places that misbehave."""
    port = f":{int(places.url.rsplit(':', 1)[1]):04X}"
    held = set()
    for descriptor in os.listdir(f"/proc/{server.process.pid}/fd"):
        try:
            held.add(os.readlink(f"/proc/{server.process.pid}/fd/{descriptor}"))
        except FileNotFoundError:
            continue
    with open(f"/proc/{server.process.pid}/net/tcp", encoding="ascii") as table:
        lines = [line.split() for line in list(table)[1:]]
    return [f for f in lines if f[2].endswith(port) and f"socket:[{f[9]}]" in held]


@contextmanager
def voice_faults(env):
    """The ring, closed afterwards."""
    ring = VoiceFaults(env)
    try:
        yield ring
    finally:
        ring.close()
