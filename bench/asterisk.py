"""Asterisk as a yardstick: it does a part of the benchmark's work, on the server's core.

It runs from a folder of its own, which is made once (as root) with
`debootstrap --variant=minbase --include=asterisk sid FOLDER`. Debian 12 has no Asterisk. What is
configured there is overwritten: one endpoint for everybody, and no others' protocols.
"""

import shutil
import socket
import time

from loads import SERVER_CORE, WORK, pinned
from ring.ports import free_port
from ring.process import Process, until

_APPLICATIONS = {
    "answer": ("Answer()", "Wait(600)"),
    "transfer": ("Answer()", "Transfer(PJSIP/sip:agent@127.0.0.1:9)", "Hangup()"),
    "play": ("Answer()", "Playback(/tmp/prompt)", "Goto(2)"),
}
_OTHERS = (
    "chan_dahdi", "chan_iax2", "chan_mgcp", "chan_mobile", "chan_motif", "chan_ooh323", "chan_skinny",
    "chan_unistim", "pbx_dundi", "res_corosync", "res_hep", "res_hep_pjsip", "res_hep_rtcp",
    "res_snmp", "res_xmpp", "cdr_csv", "cdr_custom",
)


class Asterisk:
    """One of them, which answers every call with one application."""

    def __init__(self, folder, application):
        """It plays the prompt that has been written to the folder of all benchmarks."""
        self.port = free_port()
        configuration = folder / "etc" / "asterisk"
        (configuration / "pjsip.conf").write_text(
            "[global]\ntype=global\nendpoint_identifier_order=anonymous\n"
            f"[udp]\ntype=transport\nprotocol=udp\nbind=127.0.0.1:{self.port}\n"
            "[anonymous]\ntype=endpoint\ncontext=all\ndisallow=all\nallow=ulaw\ntransport=udp\n"
        )
        (configuration / "modules.conf").write_text(
            "[modules]\nautoload=yes\n" + "".join(f"noload={name}.so\n" for name in _OTHERS)
        )
        first, *rest = _APPLICATIONS[application]
        (configuration / "extensions.conf").write_text(
            f"[all]\nexten => _.,1,{first}\n" + "".join(f" same => n,{step}\n" for step in rest)
        )
        shutil.copy(WORK / "prompt.ulaw", folder / "tmp")
        self._process = Process(
            "asterisk", pinned(SERVER_CORE, "chroot", folder, "asterisk", "-f", "-q"),
            WORK / "asterisk.log",
        )
        if not until(self._answers, 30):
            raise SystemExit(f"Asterisk is not ready:\n{self._process.output()[-2000:]}")
        # It loads more after it has begun to answer.
        time.sleep(5)

    @property
    def pid(self):
        return self._process.pid

    def stop(self):
        """Ends it."""
        self._process.stop()

    def _answers(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
            asker.settimeout(1)
            asker.connect(("127.0.0.1", self.port))
            port = asker.getsockname()[1]
            try:
                asker.send(
                    b"OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%d;branch=z9hG4bK1\r\n"
                    b"From: <sip:a@127.0.0.1>;tag=1\r\nTo: <sip:127.0.0.1>\r\nCall-ID: 1\r\n"
                    b"CSeq: 1 OPTIONS\r\nMax-Forwards: 1\r\nContent-Length: 0\r\n\r\n" % port
                )
                return asker.recv(1500).startswith(b"SIP/2.0")
            except OSError:
                return False
