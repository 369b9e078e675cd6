"""Ports on loopback that nothing else uses, for UDP and TCP alike.

They come from below the system's ephemeral range, so that no outgoing connection takes one
between this check and its use.
"""

import itertools
import socket
import threading

_FIRST, _LAST, _SHARE = 20000, 29000, 1500
_KINDS = (socket.SOCK_DGRAM, socket.SOCK_STREAM)
_lock = threading.Lock()


def _own_share():
    """A part of the range that no other run of the ring uses at the same time: whoever has its
    first port on another loopback address has it all. With too many runs, shares overlap."""
    for first in range(_FIRST, _LAST, _SHARE):
        claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            claim.bind(("127.0.0.2", first))
        except OSError:
            claim.close()
            continue
        return range(first, first + _SHARE, 2), claim
    return range(_FIRST, _LAST, 2), None


_share, _claim = _own_share()
_candidates = itertools.cycle(_share)
_kept = set()


def free_port(following=1):
    """An even port; so many that follow it are free too, and are not handed out either. One by
    default, for RTCP."""
    with _lock:
        for port in itertools.islice(_candidates, 2000):
            block = range(port, port + following + 1)
            if block.stop > _share.stop or not _kept.isdisjoint(block):
                continue
            if all(_is_free(p, kind) for p in block for kind in _KINDS):
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


def kept_port():
    """A port for later: it is not handed out again."""
    port = free_port()
    _kept.add(port)
    return port


def closed_port():
    """A port on which nobody ever listens: connections to it are refused."""
    return kept_port()


def is_taken(port):
    """Whether somebody listens for UDP or TCP there."""
    return not all(_is_free(port, kind) for kind in _KINDS)


def _is_free(port, kind):
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
