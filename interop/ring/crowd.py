"""Many parties on one socket: those that are called answer as their names say, others call.

For load, and for calls whose signalling is not on trial. A name is a word, a hyphen and the rest:
`answers-…` picks up and waits, `leaves-…` picks up and hangs up after a moment, `rings-…` never
picks up, `busy-…` is, `moves-…` is always elsewhere, at this very address; `distrusts-…` wants
other credentials every time; `overloaded-…` takes no calls. On loopback nothing is lost, so that
nothing is sent twice.
"""

import random
import re
import socket
import threading
import time

_COPIED = ("Via", "From", "To", "Call-ID", "CSeq", "Record-Route")
_REFUSALS = {
    "busy": "486 Busy Here",
    "moves": "302 Moved Temporarily\r\nContact: <{uri}>",
    "distrusts": '401 Unauthorized\r\nWWW-Authenticate: Digest realm="crowd", nonce="{nonce}"',
    "overloaded": "503 Service Unavailable",
}
_SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 9 RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
    "a=sendrecv\r\n"
)


class Crowd:
    """All parties, until closed."""

    def __init__(self, stays=0.4, otherwise="leaves"):
        """`otherwise` is the manner of names that begin with no known word."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._stays, self._otherwise = stays, otherwise
        self._lock = threading.Lock()
        self._dialogs = {}
        self._due = []
        self._invited, self._answered = {}, {}
        self._closed = threading.Event()
        for work in (self._listen, self._leave):
            threading.Thread(target=work, daemon=True).start()

    def close(self):
        """Leaves without a word."""
        self._closed.set()
        self._socket.close()

    def uri(self, name):
        """Where this party can be called."""
        return f"sip:{name}@127.0.0.1:{self.port}"

    def calls(self, server_port, user, caller):
        """A party calls; it hangs up a moment after the answer."""
        call_id, tag = f"{random.getrandbits(60):x}", f"{random.getrandbits(40):x}"
        target = f"sip:{user}@127.0.0.1:{server_port}"
        party = f"From: <sip:{caller}@127.0.0.1:{self.port}>;tag={tag}\r\n"
        with self._lock:
            self._dialogs[call_id] = {
                "local": party, "remote": f"To: <{target}>\r\n", "target": target,
                "peer": ("127.0.0.1", server_port), "leaves": True,
            }
        self._request("INVITE", call_id, 1, _SDP)
        return call_id

    def invited(self):
        """Names that were called, and how many INVITEs each got."""
        with self._lock:
            return dict(self._invited)

    def answered(self):
        """Statuses that calls of this crowd got, by Call-ID."""
        with self._lock:
            return dict(self._answered)

    def forgets(self):
        """Every call is forgotten, as if all phones had been switched off."""
        with self._lock:
            self._dialogs.clear()
            self._due.clear()

    # Inside

    def _listen(self):
        while not self._closed.is_set():
            try:
                data, peer = self._socket.recvfrom(65536)
            except OSError:
                return
            text = data.decode("utf-8", "replace")
            try:
                if text.startswith("SIP/2.0 "):
                    self._response(text)
                else:
                    self._take(text, peer)
            except OSError:
                continue

    def _take(self, text, peer):
        method, uri = text.split(" ", 2)[:2]
        call_id = _field(text, "Call-ID")
        if method == "INVITE":
            self._is_called(text, uri, call_id, peer)
        elif method == "CANCEL":
            self._answer(text, peer, "200 OK")
            with self._lock:
                dialog = self._dialogs.get(call_id)
            if dialog:
                self._answer(dialog["invite"], peer, "487 Request Terminated")
        elif method != "ACK":
            with self._lock:
                known = call_id in self._dialogs
                if method == "BYE":
                    self._dialogs.pop(call_id, None)
            self._answer(text, peer, "200 OK" if known else "481 Gone")

    def _is_called(self, text, uri, call_id, peer):
        name = re.match(r"sips?:([^@;>]*)", uri).group(1)
        manner = name.split("-", 1)[0] if "-" in name else self._otherwise
        target = re.search(r"<([^>]+)>", _field(text, "Contact")).group(1)
        with self._lock:
            self._invited[name] = self._invited.get(name, 0) + 1
            self._dialogs[call_id] = {
                "local": f"From: {_field(text, 'To')};tag=crowd\r\n",
                "remote": f"To: {_field(text, 'From')}\r\n", "target": target, "peer": peer,
                "invite": text,
            }
        if manner in _REFUSALS:
            nonce = f"{random.getrandbits(60):x}"
            self._answer(text, peer, _REFUSALS[manner].format(uri=uri, nonce=nonce))
            return
        self._answer(text, peer, "180 Ringing")
        if manner in ("answers", "leaves"):
            self._answer(text, peer, "200 OK", _SDP)
            if manner == "leaves":
                self._leaves_later(call_id)

    def _response(self, text):
        status, call_id = int(text[8:11]), _field(text, "Call-ID")
        number, method = _field(text, "CSeq").split()
        if method != "INVITE" or status < 200:
            return
        with self._lock:
            self._answered.setdefault(call_id, status)
            dialog = self._dialogs.get(call_id)
            if dialog and status < 300:
                dialog["remote"] = f"To: {_field(text, 'To')}\r\n"
                contact = re.search(r"<([^>]+)>", _field(text, "Contact") or "")
                dialog["target"] = contact.group(1) if contact else dialog["target"]
        if dialog:
            via = _field(text, "Via") if status >= 300 else None
            self._request("ACK", call_id, number, via=via)
            if status < 300:
                self._leaves_later(call_id)

    def _leaves_later(self, call_id):
        with self._lock:
            self._due.append((time.monotonic() + self._stays * random.uniform(0.3, 1.7), call_id))

    def _leave(self):
        while not self._closed.wait(0.02):
            now = time.monotonic()
            with self._lock:
                due = [call for at, call in self._due if at <= now]
                self._due = [(at, call) for at, call in self._due if at > now]
            for call_id in due:
                self._request("BYE", call_id, 2)

    def _answer(self, request, peer, status, body=""):
        copied = "".join(
            f"{name}: {value}{';tag=crowd' if name == 'To' and 'tag=' not in value else ''}\r\n"
            for name in _COPIED for value in _fields(request, name)
        )
        contact = f"Contact: <sip:crowd@127.0.0.1:{self.port}>\r\n" if body else ""
        self._send(f"SIP/2.0 {status}\r\n{copied}{contact}", body, peer)

    def _request(self, method, call_id, number, body="", via=None):
        with self._lock:
            dialog = self._dialogs.get(call_id)
        if not dialog:
            return
        branch = f"SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK{random.getrandbits(50):x}"
        self._send(
            f"{method} {dialog['target']} SIP/2.0\r\nVia: {via or branch}\r\nMax-Forwards: 70\r\n"
            f"{dialog['local']}{dialog['remote']}Call-ID: {call_id}\r\nCSeq: {number} {method}\r\n"
            f"Contact: <sip:crowd@127.0.0.1:{self.port}>\r\n", body, dialog["peer"],
        )

    def _send(self, head, body, peer):
        kind = "Content-Type: application/sdp\r\n" if body else ""
        text = f"{head}{kind}Content-Length: {len(body)}\r\n\r\n{body}"
        try:
            self._socket.sendto(text.encode(), peer)
        except OSError:
            if not self._closed.is_set():
                raise


def _fields(text, name):
    head = text.split("\r\n\r\n", 1)[0]
    return re.findall(rf"(?im)^{name}[ \t]*:[ \t]*(.*?)\r?$", head)


def _field(text, name):
    found = _fields(text, name)
    return found[0] if found else ""
