"""A caller in a few lines, for what no phone does: it offers late, is silent, sends from a wrong
place, changes its mind in mid-call. It hears µ-law and A-law, and presses keys as events."""

import math
import random
import re
import socket
import struct
import threading
import time
from bisect import bisect
from dataclasses import dataclass

from ring.process import until
from ring.sound import Sound

_EVENTS = "0123456789*#ABCD"
_FRAME = 160


def _from_ulaw(byte):
    byte = ~byte & 0xFF
    size = (((byte & 0x0F) << 3) + 0x84 << ((byte & 0x70) >> 4)) - 0x84
    return (-size if byte & 0x80 else size) / 32768


def _from_alaw(byte):
    byte ^= 0x55
    step, segment = (byte & 0x0F) << 4, (byte & 0x70) >> 4
    size = step + 8 if segment == 0 else (step + 0x108) << segment - 1
    return (size if byte & 0x80 else -size) / 32768


_DECODERS = {0: [_from_ulaw(b) for b in range(256)], 8: [_from_alaw(b) for b in range(256)]}
_ENCODERS = {
    kind: {round(value * 32768): byte for byte, value in enumerate(table)}
    for kind, table in _DECODERS.items()
}


def tone(hertz, payload_type=0, level=-15.0):
    """One second of a tone as G.711, which repeats without a seam at whole frequencies."""
    peak = 32768 * math.sqrt(2) * 10 ** (level / 20)
    steps = sorted(_ENCODERS[payload_type])
    codes = _ENCODERS[payload_type]
    wave = (peak * math.sin(2 * math.pi * hertz * n / 8000) for n in range(8000))
    return bytes(codes[min(steps, key=lambda step: abs(step - value))] for value in wave)


def encoded(samples, payload_type=0):
    """Samples between -1 and 1 at 8 kHz as G.711."""
    steps, codes = sorted(_ENCODERS[payload_type]), _ENCODERS[payload_type]
    return bytes(
        codes[steps[min(bisect(steps, round(sample * 32768)), len(steps) - 1)]]
        for sample in samples
    )


@dataclass
class Packet:
    """One RTP packet as it came."""

    at: float
    payload_type: int
    marker: bool
    timestamp: int
    payload: bytes


class Caller:
    """One caller with one call."""

    def __init__(self, server_port, user, says=None, sends=True, offers=True, payload_type=0):
        self._server = ("127.0.0.1", server_port)
        self._user, self._offers, self._type = user, offers, payload_type
        self._sip, self.rtp = _bound(), _bound()
        self._rtp_port = self.rtp.getsockname()[1]
        self._tag, self._id = f"{random.getrandbits(40):x}", f"{random.getrandbits(60):x}"
        self._cseq, self._version = 1, 1
        self._to, self._target = f"<sip:{user}@127.0.0.1>", f"sip:{user}@127.0.0.1:{server_port}"
        self.responses, self.requests, self.packets = [], [], []
        self.ended = threading.Event()
        self._closed = threading.Event()
        self._peer = None
        self._says = says or b"\xff" * 8000
        self._sends = sends
        self._clock = (random.getrandbits(16), random.getrandbits(24))
        self._keys, self._keys_lock = [], threading.Lock()
        for work in (self._listen, self._hear, self._speak):
            threading.Thread(target=work, daemon=True).start()

    # Signalling

    def dial(self, seconds=15):
        """INVITE until a final response; returns its status. An answer is acknowledged."""
        self._request("INVITE", self._sdp() if self._offers else "")
        return self._acknowledged(seconds)

    def reinvite(self, seconds=10, **changes):
        """Another offer: `direction`, `payload_types`, or a new RTP socket with `moves`."""
        if changes.pop("moves", False):
            self.rtp, old = _bound(), self.rtp
            self._rtp_port = self.rtp.getsockname()[1]
            threading.Thread(target=self._hear, daemon=True).start()
            old.close()
        self._cseq, self._version = self._cseq + 1, self._version + 1
        self._request("INVITE", self._sdp(**changes))
        return self._acknowledged(seconds)

    def info(self, content_type, body):
        """An INFO with this body."""
        self._cseq += 1
        self._request("INFO", body, content_type)

    def hangs_up(self):
        """BYE, and its answer."""
        if self.ended.is_set():
            return
        self._cseq += 1
        self._request("BYE", "")
        until(lambda: self._final(), 3)
        self.ended.set()

    def close(self):
        """Hangs up and frees the ports."""
        if self._peer or self._final():
            self.hangs_up()
        self._closed.set()
        self._sip.close()
        self.rtp.close()

    @property
    def answer(self):
        """The session description of the latest 2xx."""
        found = [r for r in self.responses if r.startswith("SIP/2.0 2") and "m=audio" in r]
        return found[-1].split("\r\n\r\n", 1)[1] if found else ""

    def header(self, method, name):
        """A header field of the latest request with this method."""
        found = [r for r in self.requests if r.startswith(method + " ")]
        return _field(found[-1], name) if found else None

    # Sound

    def press(self, keys, press_ms=100, gap_ms=100):
        """Presses keys, one after another, and waits until they are sent."""
        with self._keys_lock:
            for key in keys:
                steps = press_ms // 20
                self._keys += [(key, n, False) for n in range(1, steps + 1)]
                self._keys += [(key, steps, True)] * 3 + [None] * (gap_ms // 20)
        until(lambda: not self._keys or self.ended.is_set(), 10)

    def heard(self):
        """What came, each packet where its timestamp puts it."""
        voice = [p for p in self.packets if p.payload_type in _DECODERS]
        if not voice:
            return Sound(8000, [])
        first = voice[0].timestamp
        last = max((p.timestamp - first) & 0xFFFFFFFF for p in voice)
        samples = [0.0] * (min(last, 8000 * 600) + _FRAME)
        for packet in voice:
            table, start = _DECODERS[packet.payload_type], packet.timestamp - first & 0xFFFFFFFF
            sound = [table[byte] for byte in packet.payload]
            samples[start:start + len(sound)] = sound
        return Sound(8000, samples)

    def keys(self):
        """The keys that the other side pressed, each event once."""
        events = {}
        for packet in list(self.packets):
            if packet.payload_type == 101 and len(packet.payload) >= 4:
                events.setdefault(packet.timestamp, _EVENTS[packet.payload[0]])
        return "".join(events.values())

    def key_times(self):
        """When the keys that the other side pressed began, in seconds of its own clock."""
        began = {p.timestamp for p in list(self.packets) if p.payload_type == 101}
        return [timestamp / 8000 for timestamp in sorted(began)]

    # Inside

    def _final(self):
        return next(
            (r for r in self.responses
             if int(r[8:11]) >= 200 and _field(r, "CSeq").split()[0] == str(self._cseq)),
            None,
        )

    def _acknowledged(self, seconds):
        final = until(self._final, seconds)
        if not final:
            return None
        status = int(final[8:11])
        if status >= 300:
            self._send(f"ACK {self._target} SIP/2.0", f"{self._cseq} ACK", "")
            return status
        self._to = _field(final, "To")
        contact = re.search(r"<([^>]+)>", _field(final, "Contact") or "")
        self._target = contact.group(1) if contact else self._target
        late = not self._offers and self._cseq == 1
        self._send(f"ACK {self._target} SIP/2.0", f"{self._cseq} ACK", self._sdp() if late else "")
        port = re.search(r"m=audio (\d+)", self.answer)
        self._peer = ("127.0.0.1", int(port.group(1))) if port else None
        return status

    def _sdp(self, direction="sendrecv", payload_types=None, port=None):
        types = payload_types or (self._type, 101)
        names = {0: "PCMU/8000", 8: "PCMA/8000", 101: "telephone-event/8000", 9: "G722/8000"}
        maps = "".join(f"a=rtpmap:{kind} {names[kind]}\r\n" for kind in types)
        return (
            f"v=0\r\no=- 7 {self._version} IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\n"
            f"t=0 0\r\nm=audio {self._rtp_port if port is None else port} RTP/AVP "
            f"{' '.join(map(str, types))}\r\n{maps}a=ptime:20\r\na={direction}\r\n"
        )

    def _request(self, method, body, content_type="application/sdp"):
        self._send(f"{method} {self._target} SIP/2.0", f"{self._cseq} {method}", body, content_type)

    def _send(self, start, cseq, body, content_type="application/sdp"):
        host, port = self._sip.getsockname()
        kind = f"Content-Type: {content_type}\r\n" if body else ""
        text = (
            f"{start}\r\nVia: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{random.getrandbits(50):x}"
            f";rport\r\nMax-Forwards: 70\r\nFrom: <sip:+493012345678@{host}:{port}>;tag={self._tag}"
            f"\r\nTo: {self._to}\r\nCall-ID: {self._id}\r\nCSeq: {cseq}\r\n"
            f"Contact: <sip:caller@{host}:{port}>\r\nAllow: INVITE, ACK, BYE, CANCEL, INFO, MESSAGE,"
            f" OPTIONS, NOTIFY, REFER, UPDATE\r\n{kind}Content-Length: {len(body)}\r\n\r\n{body}"
        )
        self._sip.sendto(text.encode(), self._server)

    def _listen(self):
        while not self._closed.is_set():
            try:
                text = self._sip.recvfrom(65536)[0].decode("utf-8", "replace")
            except OSError:
                return
            if text.startswith("SIP/2.0 "):
                self.responses.append(text)
            elif not text.startswith("ACK "):
                self.requests.append(text)
                try:
                    self._respond(text)
                except OSError:
                    return

    def _respond(self, text):
        self._reply(text, "202 Accepted" if text.startswith("REFER ") else "200 OK")
        if text.startswith("BYE "):
            self.ended.set()

    def _reply(self, text, status, headers="", body=""):
        copied = "".join(
            f"{line}\r\n" for line in text.split("\r\n\r\n", 1)[0].split("\r\n")[1:]
            if line.split(":", 1)[0] in ("Via", "From", "To", "Call-ID", "CSeq")
        )
        reply = f"SIP/2.0 {status}\r\n{copied}{headers}Content-Length: {len(body)}\r\n\r\n{body}"
        self._sip.sendto(reply.encode(), self._server)

    def _hear(self):
        rtp = self.rtp
        while not self._closed.is_set():
            try:
                data = rtp.recvfrom(4096)[0]
            except OSError:
                return
            if len(data) >= 12 and not 192 <= data[1] <= 223:
                flags, _, stamp, _ = struct.unpack("!xBHII", data[:12])
                self.packets.append(
                    Packet(time.monotonic(), flags & 127, flags > 127, stamp, data[12:])
                )

    def _speak(self):
        due, frame = time.monotonic(), 0
        sequence, clock = self._clock
        event_at = 0
        while not self._closed.is_set():
            due += 0.02
            time.sleep(max(0.0, due - time.monotonic()))
            if not self._peer or self.ended.is_set():
                continue
            with self._keys_lock:
                step = self._keys.pop(0) if self._keys else None
            start = frame * _FRAME % len(self._says)
            kind, marker, stamp = self._type, False, clock + frame * _FRAME
            payload = self._says[start:start + _FRAME]
            if step:
                key, length, over = step
                if length == 1 and not over:
                    event_at, marker = stamp, True
                kind, stamp = 101, event_at
                payload = struct.pack(
                    "!BBH", _EVENTS.index(key), (0x80 if over else 0) | 10, length * _FRAME
                )
            frame += 1
            if not self._sends and not step:
                continue
            sequence = sequence + 1 & 0xFFFF
            head = struct.pack(
                "!BBHII", 0x80, kind | (0x80 if marker else 0), sequence, stamp & 0xFFFFFFFF, 77
            )
            try:
                self.rtp.sendto(head + payload, self._peer)
            except OSError:
                continue


def _bound():
    found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    found.bind(("127.0.0.1", 0))
    return found


def _field(text, name):
    found = re.search(rf"(?im)^{name}[ \t]*:[ \t]*(.*?)\r?$", text.split("\r\n\r\n", 1)[0])
    return found.group(1) if found else None
