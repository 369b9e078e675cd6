"""Calls that the REST API orders: how long from the request to the INVITE on the wire.

The called party is a socket whose packets the kernel stamps. It answers every INVITE with 486, so
that calls are over at once and only what comes before the INVITE is measured.
"""

import base64
import re
import select
import socket
import struct
import threading
import time
from urllib.parse import quote

SO_TIMESTAMPNS = 35
STAMP = struct.Struct("qq")
TAKEN_OVER = ("Via", "From", "Call-ID", "CSeq")
NUMBER = re.compile(rb"^INVITE sip:n(\d+)@")


class BusyParty:
    """Is called, notes when, and is busy."""

    def __init__(self):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.5)
        self.port = self._socket.getsockname()[1]
        self.called = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self):
        while not self._over.is_set():
            try:
                packet, extra, _, peer = self._socket.recvmsg(4096, 64)
            except TimeoutError:
                continue
            found = NUMBER.match(packet)
            if not found:
                continue
            seconds, nanoseconds = STAMP.unpack(extra[0][2])
            # What is repeated counts from its first copy.
            self.called.setdefault(int(found[1]), seconds + nanoseconds / 1e9)
            self._socket.sendto(self._busy(packet.decode()), peer)

    @staticmethod
    def _busy(invite):
        lines = invite.split("\r\n\r\n", 1)[0].split("\r\n")[1:]
        taken = [line for line in lines if line.split(":", 1)[0] in TAKEN_OVER]
        to = next(line for line in lines if line.startswith("To:"))
        answer = ["SIP/2.0 486 Busy Here", *taken, f"{to};tag=busy", "Content-Length: 0", "", ""]
        return "\r\n".join(answer).encode()

    def close(self):
        """Stops listening."""
        self._over.set()
        self._thread.join()
        self._socket.close()


def place(http_port, party, account, token, calls, rate, connections=16):
    """Orders calls at an even pace; gives the milliseconds from each order to its INVITE."""
    key = base64.b64encode(f"{account}:{token}".encode()).decode()
    target = f"sip:n%d@127.0.0.1:{party.port}"
    free = [socket.create_connection(("127.0.0.1", http_port)) for _ in range(connections)]
    busy, asked, refused = {}, {}, 0
    began = time.monotonic()
    for number in range(calls):
        due = began + number / rate
        while (wait := due - time.monotonic()) > 0 or not free:
            ready, _, _ = select.select(list(busy), [], [], max(wait, 0.001) if free else 1)
            for connection in ready:
                reply = connection.recv(65536)
                refused += not reply.startswith(b"HTTP/1.1 201")
                del busy[connection]
                free.append(connection)
        body = (
            f"To={quote(target % number)}&From=%2B441632960001"
            "&Twiml=%3CResponse%3E%3CHangup%2F%3E%3C%2FResponse%3E"
        )
        request = (
            f"POST /2010-04-01/Accounts/{account}/Calls.json HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Basic {key}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        )
        connection = free.pop()
        asked[number] = time.time()
        connection.sendall(request.encode())
        busy[connection] = number
    time.sleep(1)
    for connection in [*free, *busy]:
        connection.close()
    taken = [(party.called[n] - at) * 1000 for n, at in asked.items() if n in party.called]
    return sorted(taken), refused, calls - len(taken)


def pages(http_port, account, token, size, count):
    """Lists calls page by page; gives the milliseconds of each page and how many calls came."""
    key = base64.b64encode(f"{account}:{token}".encode()).decode()
    connection = socket.create_connection(("127.0.0.1", http_port))
    path = f"/2010-04-01/Accounts/{account}/Calls.json?PageSize={size}"
    taken, listed = [], 0
    while path and len(taken) < count:
        began = time.perf_counter()
        connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic {key}\r\n\r\n".encode()
        )
        body = _body(connection)
        taken.append((time.perf_counter() - began) * 1000)
        listed += body.count(b'"direction"')
        found = re.search(rb'"next_page_uri":\s*"([^"]+)"', body)
        path = found[1].decode() if found else None
    connection.close()
    return taken, listed


def _body(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, data = data.split(b"\r\n\r\n", 1)
    length = int(re.search(rb"content-length: (\d+)", head, re.IGNORECASE)[1])
    while len(data) < length:
        data += connection.recv(1 << 20)
    return data


def percentile(ordered, share):
    """Of ordered figures, the one that so many stay within."""
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0
