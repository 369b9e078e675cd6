"""What callers hear, measured at a socket: the intervals between packets of each stream.

The kernel stamps each packet when it arrives, so that the load of the measuring process does not
show in the figures.
"""

import socket
import struct
import threading
import wave
from dataclasses import dataclass, field

SO_TIMESTAMPNS = 35
STAMP = struct.Struct("qq")
BEAT_MS = 20.0


@dataclass
class Intervals:
    """How far from 20 ms packets followed each other, over all streams, in milliseconds."""

    deviations: list = field(default_factory=list)
    lost: int = 0

    def percentile(self, share):
        """The deviation that so many packets stayed within."""
        ordered = sorted(self.deviations)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


class Ear:
    """A socket that listens to some callers' streams."""

    def __init__(self):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.5)
        self.port = self._socket.getsockname()[1]
        self._packets = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self):
        while not self._over.is_set():
            try:
                packet, extra, _, _ = self._socket.recvmsg(64, 64)
            except TimeoutError:
                continue
            # RTCP may come to the same port.
            if len(packet) < 12 or 72 <= packet[1] & 0x7F <= 76:
                continue
            sequence, ssrc = struct.unpack_from(">H4xI", packet, 2)
            seconds, nanoseconds = STAMP.unpack(extra[0][2])
            self._packets.append((ssrc, sequence, seconds * 1000 + nanoseconds / 1e6))

    def finish(self):
        """Stops listening; gives the intervals."""
        self._over.set()
        self._thread.join()
        self._socket.close()
        intervals, last = Intervals(), {}
        for ssrc, sequence, at in self._packets:
            if ssrc in last:
                before, then = last[ssrc]
                steps = (sequence - before) & 0xFFFF
                if steps == 1:
                    intervals.deviations.append(abs(at - then - BEAT_MS))
                elif steps < 1000:
                    intervals.lost += steps - 1
            last[ssrc] = (sequence, at)
        return intervals


class Sink:
    """A socket that nobody reads: the kernel throws away what does not fit."""

    def __init__(self):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]

    def close(self):
        """Lets the port go."""
        self._socket.close()


def write_prompt(folder, name="prompt", seconds=10):
    """A triangle wave of 400 Hz, as WAV and as bare G.711."""
    period = [*range(-5, 5), *range(5, -5, -1)]
    samples = [value * 1600 for value in period] * (int(seconds * 8000) // len(period))
    with wave.open(str(folder / f"{name}.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    (folder / f"{name}.ulaw").write_bytes(bytes(_mulaw(sample) for sample in samples))


def _mulaw(sample):
    """One sample in G.711 (ITU-T G.711, mu-law)."""
    sign, magnitude = (0x80, -sample) if sample < 0 else (0, sample)
    magnitude = min(magnitude, 32635) + 132
    exponent = magnitude.bit_length() - 8
    return ~(sign | exponent << 4 | (magnitude >> (exponent + 3)) & 0x0F) & 0xFF
