"""What a phone heard, as numbers: how loud, how long, which tones, which keys."""

import math
import wave
from array import array
from dataclasses import dataclass

_ROWS = (697.0, 770.0, 852.0, 941.0)
_COLUMNS = (1209.0, 1336.0, 1477.0, 1633.0)
_KEYS = ("123A", "456B", "789C", "*0#D")
_BLOCK = 0.020


@dataclass
class Sound:
    """Mono samples between -1 and 1."""

    rate: int
    samples: list[float]

    @classmethod
    def read(cls, path):
        """Reads a 16-bit WAV file, by its path or open; of several channels the first."""
        with wave.open(path if hasattr(path, "read") else str(path), "rb") as file:
            assert file.getsampwidth() == 2, f"{path}: not 16 bit"
            pcm = array("h", file.readframes(file.getnframes()))
            return cls(file.getframerate(), [s / 32768 for s in pcm[:: file.getnchannels()]])

    @classmethod
    def growing(cls, path):
        """Reads a 16-bit WAV file that is still being written; of several channels the first."""
        with open(path, "rb") as file:
            head, body = file.read(44), file.read()
        if len(head) < 44:
            return cls(8000, [])
        pcm = array("h", body[: len(body) // 2 * 2])
        channels = int.from_bytes(head[22:24], "little")
        return cls(int.from_bytes(head[24:28], "little"), [s / 32768 for s in pcm[::channels]])

    @classmethod
    def channels(cls, path):
        """All channels of a 16-bit WAV file."""
        with wave.open(str(path), "rb") as file:
            pcm = array("h", file.readframes(file.getnframes()))
            count = file.getnchannels()
            return [
                cls(file.getframerate(), [s / 32768 for s in pcm[first::count]])
                for first in range(count)
            ]

    @property
    def seconds(self):
        return len(self.samples) / self.rate

    def part(self, start, end):
        """What was heard between two moments, in seconds."""
        return Sound(self.rate, self.samples[int(start * self.rate):int(end * self.rate)])

    def level(self):
        """Root mean square in dB below full scale; -99 for silence."""
        if not self.samples:
            return -99.0
        mean = sum(s * s for s in self.samples) / len(self.samples)
        return 10 * math.log10(mean) if mean > 1e-10 else -99.0

    def tone(self, hertz):
        """Level of one frequency as the root mean square of its sine, in dB below full scale."""
        if not self.samples:
            return -99.0
        power = self._goertzel(hertz)
        return 10 * math.log10(power / 2) if power > 1e-10 else -99.0

    def tones(self, hertz, window=0.1):
        """Level of one frequency in each window of so many seconds."""
        size = int(self.rate * window)
        firsts = range(0, len(self.samples) - size + 1, size)
        return [Sound(self.rate, self.samples[n:n + size]).tone(hertz) for n in firsts]

    def loud(self, threshold=-45.0, gap=0.25):
        """Where something is heard: (start, end) in seconds, shorter gaps left out."""
        size = int(self.rate * _BLOCK)
        spans = []
        for first in range(0, len(self.samples) - size, size):
            if Sound(self.rate, self.samples[first:first + size]).level() > threshold:
                start, end = first / self.rate, (first + size) / self.rate
                if spans and start - spans[-1][1] <= gap:
                    spans[-1] = (spans[-1][0], end)
                else:
                    spans.append((start, end))
        return spans

    def keys(self):
        """The keys whose tones are heard, in order."""
        size = int(self.rate * _BLOCK)
        heard, last, count = "", None, 0
        for first in range(0, len(self.samples) - size, size):
            key = Sound(self.rate, self.samples[first:first + size])._key()
            count = count + 1 if key == last else 1
            if key and count == 2:
                heard += key
            last = key
        return heard

    def _key(self):
        if self.level() < -40:
            return None
        rows = [self._goertzel(f) for f in _ROWS]
        columns = [self._goertzel(f) for f in _COLUMNS]
        row, column = max(rows), max(columns)
        total = 2 * sum(s * s for s in self.samples) / len(self.samples)
        if row + column < 0.7 * total or min(row, column) < 0.1 * max(row, column):
            return None
        return _KEYS[rows.index(row)][columns.index(column)]

    def _goertzel(self, hertz):
        """The squared amplitude of one frequency."""
        turn = 2 * math.cos(2 * math.pi * hertz / self.rate)
        before = last = 0.0
        for sample in self.samples:
            before, last = last, sample + turn * last - before
        power = last * last + before * before - turn * last * before
        return 4 * power / len(self.samples) ** 2


def write_tone(path, seconds, hertz, rate=8000, channels=1, level=-12.0):
    """Writes a WAV file with a sine of this root mean square level, the same in each channel."""
    peak = 32768 * math.sqrt(2) * 10 ** (level / 20)
    pcm = array(
        "h",
        (
            int(peak * math.sin(2 * math.pi * hertz * n / rate))
            for n in range(int(seconds * rate)) for _ in range(channels)
        ),
    )
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(pcm.tobytes())
