"""A `Caller` that is called: it picks up, hears, speaks and presses keys."""

import re
import subprocess
import tempfile
from pathlib import Path

from ring.caller import Caller, encoded, tone
from ring.process import until
from ring.sound import Sound

_SILENCE = b"\xff" * 8000


def speech(text):
    """A text as flite says it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "speech.wav"
        subprocess.run(["flite", "-voice", "kal", "-t", text, "-o", file], check=True)
        return encoded(Sound.read(file).samples)


def silence(seconds):
    """Nothing."""
    return _SILENCE * int(seconds)


def beep(hertz=1000, seconds=0.5):
    """What an answering machine says at last."""
    return tone(hertz)[:int(8000 * seconds)]


class Answerer(Caller):
    """One party that picks up the first call that comes."""

    def __init__(self, server_port, says=None):
        super().__init__(server_port, "caller", says=says)

    @property
    def uri(self):
        """Where it can be called."""
        return f"sip:answerer@127.0.0.1:{self._sip.getsockname()[1]}"

    def is_called(self, seconds=10):
        """Waits for the call; whether it came."""
        return bool(until(lambda: self._peer, seconds))

    def invite(self, name):
        """A header field of the INVITE."""
        found = next((r for r in self.requests if r.startswith("INVITE ")), "")
        value = re.search(rf"(?im)^{name}[ \t]*:[ \t]*(.*?)\r?$", found)
        return value.group(1) if value else None

    def close(self):
        """Hangs up and frees the ports."""
        self._peer = None
        super().close()

    def _respond(self, text):
        if not text.startswith("INVITE "):
            super()._respond(text)
            return
        port = re.search(r"m=audio (\d+)", text)
        self._peer = ("127.0.0.1", int(port.group(1))) if port else None
        host, own = self._sip.getsockname()
        tagged = re.sub(r"(?im)^(To:.*?)\r$", rf"\1;tag={self._tag}\r", text)
        contact = (
            f"Contact: <sip:answerer@{host}:{own}>\r\nContent-Type: application/sdp\r\n"
        )
        self._reply(tagged, "200 OK", contact, self._sdp())
