"""Runs SIPp and reads what it saw on the wire."""

import re
from dataclasses import dataclass

from ring.ports import free_port, is_taken
from ring.process import Process, until


@dataclass(frozen=True)
class Message:
    """One SIP message of SIPp's own trace."""

    sent: bool
    text: str

    @property
    def start(self):
        return self.text.split("\n", 1)[0].strip()

    @property
    def method(self):
        """The method of a request; empty for a response."""
        word = self.start.split(" ", 1)[0]
        return "" if word.upper().startswith("SIP/") else word

    @property
    def status(self):
        """The code of a response; 0 for a request."""
        return 0 if self.method else int(self.start.split(" ")[1])

    def values(self, name):
        """All values of a header field, in order, as they stood there."""
        head = self.text.split("\n\n", 1)[0]
        return re.findall(rf"(?im)^{re.escape(name)}[ \t]*:[ \t]*(.*?)[ \t]*$", head)

    def value(self, name):
        """The first value of a header field, or None."""
        values = self.values(name)
        return values[0] if values else None


@dataclass
class Outcome:
    """How a SIPp run ended."""

    status: int | None
    messages: list[Message]
    errors: str

    def received(self, method):
        """Requests that came in, each transmission counted."""
        return [m for m in self.messages if not m.sent and m.method == method]

    def sent(self, method):
        """Requests that went out, each transmission counted."""
        return [m for m in self.messages if m.sent and m.method == method]

    def ladder(self):
        """The messages, one line each, for a person."""
        return "\n".join(f"{'-->' if m.sent else '<--'} {m.start}" for m in self.messages)


class Sipp:
    """One SIPp process with one scenario."""

    def __init__(
        self, folder, name, xml, peer_port, service, transport="u1", via=None, seconds=25,
        host="127.0.0.1", port=None,
    ):
        folder.mkdir(parents=True, exist_ok=True)
        scenario = folder / f"{name}.xml"
        scenario.write_text(xml, encoding="utf-8")
        self._messages = folder / f"{name}.messages"
        self._errors = folder / f"{name}.errors"
        self._messages.unlink(missing_ok=True)
        self._seconds = seconds
        command = [
            "sipp", f"{host}:{peer_port}", "-sf", scenario, "-s", service,
            "-i", host, "-mi", host.strip("[]"), "-t", transport,
            "-m", "1", "-l", "1", "-nostdin",
            "-default_behaviors", "all,-abortunexp",
            "-recv_timeout", (seconds - 5) * 1000, "-timeout", f"{seconds}s", "-timeout_error",
            "-trace_msg", "-message_file", self._messages, "-message_overwrite", "true",
            "-trace_err", "-error_file", self._errors, "-error_overwrite", "true",
        ]
        if via:
            command += ["-rsa", f"127.0.0.1:{via}"]
        for _ in range(3):
            self._errors.unlink(missing_ok=True)
            self.port = port or free_port()
            self._process = Process(
                f"sipp-{name}", [*command, "-p", self.port, "-cp", free_port()],
                folder / f"{name}.out", cwd=folder,
            )
            if host != "127.0.0.1" or not self._lost_its_port():
                break

    @property
    def uri(self):
        """Where a called party can be called."""
        return f"sip:far@127.0.0.1:{self.port}"

    def has_sent(self, status):
        """Whether such a response has left so far."""
        return any(m.sent and m.status == status for m in self._read_messages())

    def has_received(self, method):
        """Whether such a request has come so far."""
        return any(not m.sent and m.method == method for m in self._read_messages())

    def finish(self):
        """Waits for the end and reads the traces."""
        status = self._process.wait(self._seconds + 10)
        if status is None:
            self._process.stop()
        return Outcome(status, self._read_messages(), self._read_errors())

    def cut_short(self):
        """Ends it before its end, and reads the traces."""
        return Outcome(self._process.stop(), self._read_messages(), self._read_errors())

    def _lost_its_port(self):
        """Whether somebody was faster. Otherwise it listens now."""
        until(lambda: is_taken(self.port) or not self._process.alive(), 10, every=0.02)
        self._process.wait(0.03)
        return "Unable to bind" in self._read_errors()

    def _read_messages(self):
        if not self._messages.exists():
            return []
        text = self._messages.read_bytes().decode("utf-8", "replace").replace("\r\n", "\n")
        found = re.split(r"(?m)^-{20,} \d{4}-\d\d-\d\d.*\n", text)
        messages = []
        for part in found:
            head, _, body = part.partition("\n\n")
            if " message sent " in head or " message received " in head:
                messages.append(Message(" message sent " in head, body))
        return messages

    def _read_errors(self):
        return self._errors.read_text(errors="replace") if self._errors.exists() else ""
