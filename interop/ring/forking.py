"""A proxy that sends each INVITE on to several parties at once, and lets every answer through.

It keeps no state but the Via that each branch adds, and is out of the way after the answer: ACK
and BYE go to the party's own Contact. Real proxies cancel the losers; two phones that pick up at
the same moment get past that, and this one makes it certain.
"""

import re
import socket
import threading

from ring.process import until


class ForkingProxy:
    """One proxy on one port, UDP."""

    def __init__(self, ports):
        """It forks to these ports of loopback."""
        self._ports = ports
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._upstream = None
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def uri(self):
        """Where all of them can be called at once."""
        return f"sip:all@127.0.0.1:{self.port}"

    def close(self):
        """Ends the proxy."""
        self._socket.close()

    def forwarded(self):
        """Whether an INVITE has come through."""
        return until(lambda: self._upstream, 5)

    def _listen(self):
        while True:
            try:
                data, peer = self._socket.recvfrom(65536)
                self._forward(data.decode("utf-8", "replace"), peer)
            except OSError:
                return

    def _forward(self, text, peer):
        if text.startswith("SIP/2.0 "):
            # The first Via is this proxy's own.
            text = re.sub(r"(?im)^Via[ \t]*:.*\r\n", "", text, count=1)
            self._socket.sendto(text.encode(), self._upstream)
            return
        self._upstream = peer
        branch = re.search(r"branch=([^;\s,]+)", text).group(1)
        start, rest = text.split("\r\n", 1)
        for port in self._ports:
            via = f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};branch={branch}x{port}"
            self._socket.sendto(f"{start}\r\n{via}\r\n{rest}".encode(), ("127.0.0.1", port))
