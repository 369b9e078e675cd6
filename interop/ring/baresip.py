"""A headless baresip with its control socket."""

import json
import queue
import re
import socket
import threading
import time
import uuid

from ring.ports import free_port
from ring.process import Process, until
from ring.sound import Sound

#: It takes any of them for a call.
_RTP_PORTS = 20
_MODULES = {"opus/48000/2": "module opus.so\n", "L16/16000/1": "module l16.so\n"}
_CONFIG = """poll_method epoll
sip_listen 127.0.0.1:{sip}
call_max_calls 4
call_local_timeout 30
audio_player aubridge,{name}
audio_source {source}
audio_alert aubridge,{name}
rtp_ports {rtp}-{rtp_end}
rtp_timeout 0
net_interface 127.0.0.1
module_path /usr/lib/baresip/modules
module g711.so
module aubridge.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{control}
ringback_disabled yes
{more}"""
_HEARD = """module sndfile.so
snd_path {folder}
"""


class Baresip:
    """One phone: it dials, answers by itself or waits, and tells its events."""

    def __init__(
        self, work, name, answers=True, says=None, codec="PCMU/8000/1", dtmf="auto",
        registers=None,
    ):
        """With `says` the phone plays that WAV file in its calls; it keeps what it hears. With
        `registers` (user, domain, password, port) it registers there, and calls through it."""
        self.name = name
        self.sip_port = free_port()
        control, rtp = free_port(), free_port(following=_RTP_PORTS - 1)
        folder = work / f"baresip-{name}"
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        more = _HEARD.format(folder=folder) + ("module aufile.so\n" if says else "")
        (folder / "config").write_text(
            _CONFIG.format(
                sip=self.sip_port, control=control, name=name,
                source=f"aufile,{says}" if says else f"aubridge,{name}",
                rtp=rtp, rtp_end=rtp + _RTP_PORTS - 1, more=more + _MODULES.get(codec, ""),
            )
        )
        mode = "auto" if answers else "manual"
        account = f"<sip:{name}@127.0.0.1:{self.sip_port}>;regint=0"
        if registers:
            user, domain, password, port = registers
            account = (
                f"<sip:{user}@{domain}>;regint=60;auth_user={user};auth_pass={password}"
                f';outbound="sip:127.0.0.1:{port};transport=udp"'
            )
        (folder / "accounts").write_text(
            f"{account};answermode={mode};audio_codecs={codec};dtmfmode={dtmf}\n"
        )
        for file in ("contacts", "current_contact"):
            (folder / file).touch()
        (folder / "uuid").write_text(f"{uuid.uuid4()}\n")
        self.process = Process(
            f"baresip-{name}", ["baresip", "-f", folder], folder / "baresip.log",
            cwd=folder,
        )
        self._events = []
        self._responses = queue.Queue()
        self._changed = threading.Condition()
        self._socket = until(lambda: self._connect(control), 10)
        if not self._socket:
            raise RuntimeError(f"baresip {name} is not ready:\n{self.process.output()[-2000:]}")
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def uri(self):
        """Where this phone can be called."""
        return f"sip:{self.name}@127.0.0.1:{self.sip_port}"

    def command(self, name, parameters=""):
        """Sends a command and returns baresip's response."""
        text = json.dumps({"command": name, "params": parameters, "token": name})
        self._socket.sendall(f"{len(text)}:{text},".encode())
        return self._responses.get(timeout=10)

    def press(self, keys, every=0.25):
        """Presses keys, one after another."""
        for key in keys:
            self.command("sndcode", key)
            time.sleep(every)

    def keys(self):
        """The keys that the other side pressed."""
        with self._changed:
            return "".join(
                event.get("param", "") for event in self._events
                if event.get("type") == "CALL_DTMF_START"
            )

    def heard(self):
        """What the latest call has let it hear so far; None before there is anything."""
        files = sorted(self._folder.glob("*-dec.wav"), key=lambda file: file.stat().st_mtime)
        return Sound.growing(files[-1]) if files else None

    def await_event(self, kind, seconds=15, **fields):
        """Waits for an event; returns it, or None."""

        def found():
            return next(
                (e for e in self._events
                 if e.get("type") == kind and all(e.get(k) == v for k, v in fields.items())),
                None,
            )

        with self._changed:
            self._changed.wait_for(found, seconds)
            return found()

    def registration(self, seconds=15):
        """The status of its last REGISTER; None while there is none. Its event may come before
        anybody listens, so it is read from what the phone prints."""
        found = until(lambda: re.findall(r"@\S+: (?:\{\S+\} )?(\d{3}) ", self.process.output()), seconds)
        return int(found[-1]) if found else None

    def events(self):
        """The types of all events so far."""
        with self._changed:
            return [event.get("type") for event in self._events]

    def stop(self):
        """Ends the phone."""
        self.process.stop()
        self._socket.close()

    @staticmethod
    def _connect(port):
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=2)
        except OSError:
            return None

    def _listen(self):
        self._socket.settimeout(None)
        data = b""
        while True:
            try:
                piece = self._socket.recv(65536)
            except OSError:
                return
            if not piece:
                return
            data += piece
            while b":" in data:
                length, _, rest = data.partition(b":")
                if len(rest) <= int(length):
                    break
                self._take(json.loads(rest[: int(length)]))
                data = rest[int(length) + 1:]

    def _take(self, message):
        if message.get("event"):
            with self._changed:
                self._events.append(message)
                self._changed.notify_all()
        else:
            self._responses.put(message)
