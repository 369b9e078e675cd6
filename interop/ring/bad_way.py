"""A bad way between a phone and the server: packets of RTP are lost, late, out of order and double.

It stands in the signalling only as far as it must: requests that the phone sends to it go on to
the server with the way's media address in their offer, and answers come back likewise. Everything
after the first answer goes between phone and server directly, as their Contacts say.
"""

import heapq
import itertools
import random
import re
import select
import socket
import threading
import time

from ring.ports import free_port

_MEDIA = re.compile(rb"(?m)^m=audio (\d+) ")
_LENGTH = re.compile(rb"(?im)^(content-length|l)\s*:\s*\d+")


class BadWay:
    """One phone's way to the server. `port` is where it dials instead of the server's."""

    def __init__(self, server, loss=0.05, jitter=0.06, doubled=0.02, seed=1):
        """`server` is the server's SIP port; `loss` and `doubled` are shares of packets, `jitter` the most
        that one is late, in seconds. The same seed spoils the same packets."""
        self._server = ("127.0.0.1", server)
        self._loss, self._jitter, self._doubled = loss, jitter, doubled
        self._chance = random.Random(seed)
        self._signalling = _socket()
        self.port = self._signalling.getsockname()[1]
        # What stands for the phone is where the server sends to, and the other way round. What comes
        # to one of them goes out of the other, to whom the one stands for.
        self._of_phone, self._of_server = _socket(), _socket()
        self._phone = None
        self._media = {}
        self._late, self._order = [], itertools.count()
        self.passed = self.lost = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def close(self):
        """Ends it."""
        self._over.set()
        self._thread.join()
        for way in (self._signalling, self._of_phone, self._of_server):
            way.close()

    def _work(self):
        while not self._over.is_set():
            wait = self._late[0][0] - time.monotonic() if self._late else 0.1
            ways = [self._signalling, self._of_phone, self._of_server]
            for way in select.select(ways, [], [], min(max(wait, 0), 0.1))[0]:
                packet, source = way.recvfrom(65536)
                if way is self._signalling:
                    self._signal(packet, source)
                else:
                    self._spoil(way, packet)
            while self._late and self._late[0][0] <= time.monotonic():
                _, _, way, to, packet = heapq.heappop(self._late)
                way.sendto(packet, to)

    def _signal(self, packet, source):
        from_server = source == self._server
        if not from_server:
            self._phone = source
        stands_for, other = (
            (self._of_server, self._of_phone) if from_server else (self._of_phone, self._of_server)
        )
        head, _, body = packet.partition(b"\r\n\r\n")
        media = _MEDIA.search(body)
        if media:
            self._media[stands_for] = (other, ("127.0.0.1", int(media[1])))
            port = stands_for.getsockname()[1]
            body = _MEDIA.sub(b"m=audio %d " % port, body)
            head = _LENGTH.sub(b"Content-Length: %d" % len(body), head)
        packet = head + b"\r\n\r\n" + body
        self._signalling.sendto(packet, self._phone if from_server else self._server)

    def _spoil(self, way, packet):
        if way not in self._media:
            return
        out, to = self._media[way]
        if self._chance.random() < self._loss:
            self.lost += 1
            return
        self.passed += 1
        for _ in range(2 if self._chance.random() < self._doubled else 1):
            due = time.monotonic() + self._chance.random() * self._jitter
            heapq.heappush(self._late, (due, next(self._order), out, to, packet))


def _socket():
    way = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    way.bind(("127.0.0.1", free_port()))
    return way
