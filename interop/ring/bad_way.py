"""A bad way between a phone and the server: datagrams are lost, late, out of order and double.

What the phone sends to the way goes on to the server with the way's media address in its offer,
and answers come back likewise. If only media is to be spoilt, everything after the first answer
goes between phone and server directly, as their Contacts say; else those name the way as well.
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
_CONTACT = re.compile(rb"(?im)^(?:contact|m)\s*:.*$")
_LENGTH = re.compile(rb"(?im)^(content-length|l)\s*:\s*\d+")


class BadWay:
    """One phone's way to the server. `port` is where it dials instead of the server's."""

    def __init__(self, server, loss=0.05, jitter=0.06, doubled=0.02, signalling=None, seed=1):
        """`server` is the server's SIP port; `loss` and `doubled` are shares of packets, `jitter` the
        most that one is late, in seconds. `signalling` is the share of SIP datagrams that are lost;
        without, they pass as they are."""
        self._server = ("127.0.0.1", server)
        self._loss, self._jitter, self._doubled = loss, jitter, doubled
        self._signalling_loss = signalling
        self._chance = random.Random(seed)
        self._signalling = _socket()
        self.port = self._signalling.getsockname()[1]
        # What stands for the phone is where the server sends to, and the other way round. What comes
        # to one of them goes out of the other, to whom the one stands for.
        self._of_phone, self._of_server = _socket(), _socket()
        self._phone = None
        self._media = {}
        self._late, self._order = [], itertools.count()
        #: datagrams so far, of media unless signalling is spoilt, then of both
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
                elif way in self._media:
                    out, to = self._media[way]
                    self._spoil(out, to, packet, self._loss)
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
        to = self._phone if from_server else self._server
        if self._signalling_loss is None:
            self._signalling.sendto(head + b"\r\n\r\n" + body, to)
            return
        ours, theirs = (b"127.0.0.1:%d" % port for port in (self.port, source[1]))
        head = _CONTACT.sub(lambda field: field[0].replace(theirs, ours), head)
        packet = head + b"\r\n\r\n" + body
        self._spoil(self._signalling, to, packet, self._signalling_loss)

    def _spoil(self, out, to, packet, loss):
        if self._chance.random() < loss:
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
