"""A WebSocket server by hand, so that it can also misbehave."""

import base64
import hashlib
import json
import re
import socket
import struct
import threading

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Socket:
    """One accepted connection after (or instead of) its handshake."""

    def __init__(self, raw, head):
        self.raw, self.head = raw, head

    def header(self, name):
        """A header field of the handshake."""
        found = re.search(rf"(?im)^{name}:[ \t]*(.*?)\r?$", self.head)
        return found.group(1) if found else None

    def accept(self):
        """Answers the handshake."""
        key = hashlib.sha1((self.header("Sec-WebSocket-Key") + _GUID).encode()).digest()
        protocol = self.header("Sec-WebSocket-Protocol")
        chosen = f"Sec-WebSocket-Protocol: {protocol}\r\n" if protocol else ""
        self.raw.sendall(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"{chosen}Sec-WebSocket-Accept: {base64.b64encode(key).decode()}\r\n\r\n".encode()
        )

    def frames(self):
        """Text and binary messages until the peer closes."""
        while True:
            head = self._read(2)
            if not head:
                return
            kind, length = head[0] & 15, head[1] & 127
            if length > 125:
                more = self._read(2 if length == 126 else 8)
                length = int.from_bytes(more, "big")
            mask = self._read(4) if head[1] & 128 else bytes(4)
            data = bytes(b ^ mask[n % 4] for n, b in enumerate(self._read(length)))
            if kind == 8:
                self.send(data, 8)
                return
            if kind == 9:
                self.send(data, 10)
            elif kind in (1, 2):
                yield data.decode() if kind == 1 else data

    def send(self, data, kind=1):
        """One frame; what is no text or bytes goes as JSON."""
        if not isinstance(data, (str, bytes)):
            data = json.dumps(data)
        data = data.encode() if isinstance(data, str) else data
        if len(data) < 126:
            head = bytes((0x80 | kind, len(data)))
        else:
            head = struct.pack("!BBQ", 0x80 | kind, 127, len(data))
        self.raw.sendall(head + data)

    def close(self, code=1000):
        """A close frame and the end of the connection."""
        try:
            self.send(struct.pack("!H", code), 8)
        except OSError:
            pass
        self.raw.close()

    def _read(self, count):
        data = b""
        while len(data) < count:
            piece = self.raw.recv(count - len(data))
            if not piece:
                return b""
            data += piece
        return data


class WebSockets:
    """Listens until closed; each connection gets a thread with the behaviour of its path."""

    def __init__(self, narrow=False):
        """`narrow`: what is not read soon waits on the other side, as over a slow network."""
        self._behaviours, self.opened = {}, []
        self._listener = socket.create_server(("127.0.0.1", 0))
        if narrow:
            # Both hold for connections to come. The size of segments is what the sender reckons
            # its own buffer by: some KB, where loopback's usual segments make it 2 MB.
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            self._listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
        self.url = f"ws://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def on(self, path, behaviour):
        """What happens to connections to `path`; the URL to use for it."""
        self._behaviours[path] = behaviour
        return self.url + path

    def close(self):
        """Takes no more connections."""
        self._listener.close()

    def _serve(self):
        while True:
            try:
                raw, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._begin, args=(raw,), daemon=True).start()

    def _begin(self, raw):
        head = b""
        try:
            while b"\r\n\r\n" not in head:
                piece = raw.recv(1)
                if not piece:
                    return
                head += piece
            opened = Socket(raw, head.decode())
            self.opened.append(opened)
            path = opened.head.split(" ")[1].split("?")[0]
            self._behaviours[path](opened)
        except OSError:
            pass
        finally:
            raw.close()
