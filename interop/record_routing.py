"""A proxy that record-routes stands between caller and server.

Every in-dialog request of either side (REFER, NOTIFY, BYE, the caller's ACK) must follow the
route set; the proxy answers 404 to one that does not, and tells which ones passed.
"""

from contextlib import contextmanager

from far_ends import BEHAVIOURS
from ring.application import Application, Reply
from ring.dialects import ALL
from ring.hookflash import ConfiguredApplication, Hookflash, Settings
from ring.kamailio import Kamailio
from ring.runner import Case, Findings
from ring.scenario import FarEnd
from ring.sipp import Sipp

_PLAYED = ("accepts-and-waits-for-bye", "target-fails-with-486", "hangs-up-while-ringing")
_TRANSPORTS = {"udp": "u1", "tcp": "t1"}


class RecordRouting:
    """One proxy, one server, one application."""

    def __init__(self, env):
        self._env = env
        self._application = Application(self._document)
        self._kamailio = Kamailio(env.work)
        self._server = Hookflash(
            env.binary,
            env.work,
            "record-routed",
            Settings(
                [
                    ConfiguredApplication(
                        "twiml", "twiml", f"{self._application.url}/twiml/voice", "*"
                    )
                ]
            ),
        )

    def close(self):
        """Ends server, proxy and application."""
        self._server.stop()
        self._kamailio.stop()
        self._application.close()

    def cases(self):
        """Each behaviour over UDP, over TCP, and with the transport changing at the proxy."""
        for behaviour in BEHAVIOURS:
            if behaviour.name not in _PLAYED:
                continue
            for caller, server in (("udp", "udp"), ("tcp", "tcp"), ("udp", "tcp"), ("tcp", "udp")):
                yield Case(
                    f"kamailio/{caller}-to-{server}/{behaviour.name}",
                    self._case(behaviour, caller, server),
                )

    def _case(self, behaviour, caller_transport, server_transport):
        def run():
            case = f"{behaviour.name}-{caller_transport}-{server_transport}"
            far = FarEnd(
                reliable=caller_transport == "tcp", server_transport=server_transport, proxies=1
            )
            far.calls()
            behaviour.play(far)
            caller = Sipp(
                self._env.work / "record-routing", case, far.xml(case), self._server.sip_port,
                case, transport=_TRANSPORTS[caller_transport], via=self._kamailio.port,
            )
            outcome = caller.finish()
            findings = Findings()
            findings.equal("SIPp's exit status", outcome.status, 0)
            self._check_wire(findings, outcome, behaviour, caller_transport, server_transport)
            self._check_result(findings, behaviour, case)
            _, unrouted = self._kamailio.routed()
            findings.equal("requests outside the route set", unrouted, [])
            findings.raise_any(f"{outcome.ladder()}\n{outcome.errors[-600:]}")

        return run

    def _check_wire(self, findings, outcome, behaviour, caller_transport, server_transport):
        requests = outcome.received("REFER")[:1]
        if not behaviour.hangs_up:
            requests += outcome.received("BYE")[:1]
            findings.equal("BYE from the server", len(outcome.received("BYE")) > 0, True)
        findings.true("REFER arrived", outcome.received("REFER"))
        for request in requests:
            vias = [via for value in request.values("Via") for via in value.split(",")]
            findings.equal(f"Via fields of {request.method}", len(vias), 2)
            findings.true(
                f"{request.method} came through the proxy: {vias}",
                f"127.0.0.1:{self._kamailio.port}" in vias[0],
            )
            # The proxy takes its own Route fields off; a rest would be one it did not know.
            findings.equal(f"Route left in {request.method}", request.values("Route"), [])
        hops = 1 if caller_transport == server_transport else 2
        answer = next(
            (m for m in outcome.messages if not m.sent and m.status == 200
             and "INVITE" in (m.value("CSeq") or "")), None,
        )
        recorded = answer.values("Record-Route") if answer else []
        routes = [route for value in recorded for route in value.split(",")]
        findings.equal("Record-Route entries in the 200", len(routes), hops)

    def _check_result(self, findings, behaviour, case):
        path = f"/twiml/done/{case}"
        found = self._application.await_requests(path, 1, 8)
        findings.equal("result callbacks", len(found), 1)
        if found:
            twiml = ALL["twiml"]
            fields = twiml.fields(found[0])
            got = {k: v for k, v in fields.items() if twiml.is_result_field(k)}
            findings.equal("result", got, twiml.result(behaviour.facts, behaviour.facts.refer))

    def _document(self, request):
        twiml = ALL["twiml"]
        _, _, kind, *_ = request.path.split("/")
        if kind == "voice":
            case = twiml.fields(request)["To"].split(":")[1].split("@")[0]
            return Reply(twiml.refer("sip:bob@192.0.2.7", result=f"/twiml/done/{case}"))
        return Reply(twiml.hangup())


@contextmanager
def record_routing(env):
    """Starts what the cases need, and ends it again."""
    ring = RecordRouting(env)
    try:
        yield ring
    finally:
        ring.close()
