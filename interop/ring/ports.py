"""Ports on loopback that nothing else uses, for UDP and TCP alike.

They come from below the system's ephemeral range, so that no outgoing connection takes one
between this check and its use.
"""

import itertools
import os
import socket
import threading

_FIRST, _LAST = 20000, 29000
_lock = threading.Lock()
_candidates = itertools.cycle(range(_FIRST, _LAST, 2))
for _ in range(os.getpid() * 37 % ((_LAST - _FIRST) // 2)):
    next(_candidates)


def free_port(following=1):
    """An even port; so many that follow it are free too, and are not handed out either. One by
    default, for RTCP."""
    with _lock:
        for port in itertools.islice(_candidates, 2000):
            block = range(port, port + following + 1)
            if block.stop <= _LAST and all(_is_free(p, kind) for p in block for kind in _KINDS):
                for _ in range(following // 2):
                    next(_candidates)
                return port
    raise RuntimeError("no free port on loopback")


def has_ipv6():
    """Whether this machine has the IPv6 loopback address."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def closed_port():
    """A port on which nobody listens: connections to it are refused."""
    return free_port()


def is_taken(port):
    """Whether somebody listens for UDP or TCP there."""
    return not all(_is_free(port, kind) for kind in _KINDS)


_KINDS = (socket.SOCK_DGRAM, socket.SOCK_STREAM)


def _is_free(port, kind):
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
