"""baresip calls, is transferred, and really reaches a second baresip; or finds it busy.

Nothing is scripted on the phones' side: the first one follows the REFER by itself, and the second
one answers or declines the call that results.
"""

import json
import re
from contextlib import contextmanager

from ring.application import Application, Reply
from ring.bad_way import BadWay
from ring.baresip import Baresip
from ring.dialects import ALL
from ring.hookflash import ConfiguredApplication, Hookflash, Settings
from ring.process import until
from ring.runner import Case, Findings


class Phones:
    """One server, one application; two phones for each case."""

    def __init__(self, env):
        self._env = env
        self._targets = {}
        self._application = Application(self._document)
        self._server = Hookflash(
            env.binary,
            env.work,
            "phones",
            Settings(
                [
                    ConfiguredApplication(
                        name, name, f"{self._application.url}/{name}/voice", f"{name}-*"
                    )
                    for name in ALL
                ]
            ),
        )

    def close(self):
        """Ends server and application."""
        self._server.stop()
        self._application.close()

    def cases(self):
        """Success and a busy target, in every dialect, also where one SIP datagram in six is lost."""
        for dialect in ALL.values():
            yield Case(f"baresip/{dialect.name}/target-answers", self._case(dialect, True))
            yield Case(f"baresip/{dialect.name}/target-is-busy", self._case(dialect, False))
            for seed, answers in enumerate((True, False, True, False), 1):
                yield Case(
                    f"baresip/{dialect.name}/over-a-bad-way/{seed}",
                    self._case(dialect, answers, seed),
                )
        yield Case("baresip/media-flows-while-the-document-pauses", self._media)

    def _case(self, dialect, answers, seed=None):
        """With a seed, over a bad way."""

        def run():
            case = f"{'answers' if answers else 'busy'}{seed or ''}"
            name = f"{dialect.name}-{case}"
            way = BadWay(self._server.sip_port, signalling=1 / 6, seed=seed) if seed else None
            caller = Baresip(self._env.work, f"anna-{name}")
            target = Baresip(self._env.work, f"bob-{name}", answers=answers)
            try:
                self._targets[dialect.name, case] = target.uri
                self._play(dialect, case, name, caller, target, answers, way)
            finally:
                caller.stop()
                target.stop()
                if way:
                    way.close()

        return run

    def _media(self):
        caller = Baresip(self._env.work, "anna-media")
        findings = Findings()
        try:
            caller.command("dial", f"sip:jambonz-pause@127.0.0.1:{self._server.sip_port}")
            findings.true("the server answers the call", caller.await_event("CALL_ESTABLISHED"))
            findings.true("RTP arrives from the server", caller.await_event("CALL_RTPESTAB", 5))
            findings.true("the server hangs up", caller.await_event("CALL_CLOSED", 10))
        finally:
            caller.stop()
        findings.raise_any(f"{caller.events()}\n{caller.process.output()[-800:]}")

    def _play(self, dialect, case, name, caller, target, answers, way):
        findings = Findings()
        port = way.port if way else self._server.sip_port
        caller.command("dial", f"sip:{name}@127.0.0.1:{port}")
        # Over a bad way much is said twice before it is heard.
        patience = 40 if way else 10
        answered = caller.await_event("CALL_ESTABLISHED", patience)
        findings.true("the server answers the call", answered)
        findings.true("the phone is asked to transfer", caller.await_event("TRANSFER", patience))
        if answers:
            established = target.await_event("CALL_ESTABLISHED", patience)
            findings.true("the second phone answers the first one", established)
            if established:
                peer = established.get("peeruri", "")
                findings.true(f"the caller is the first phone: {peer}", caller.name in peer)
        else:
            findings.true("the second phone rings", target.await_event("CALL_INCOMING", patience))
            target.command("hangup")
        path = f"/{dialect.name}/done/{case}"
        found = self._application.await_requests(path, 1, patience)
        findings.equal("result callbacks", len(found), 1)
        if found:
            self._check_result(findings, dialect, dialect.fields(found[0]), answers)
        if answers:
            ended = until(lambda: not self._live(name), patience, every=0.2)
            findings.true("the server's own call has ended", ended)
            findings.true(
                "the two phones still talk", "CALL_CLOSED" not in target.events()
            )
        else:
            later = self._application.await_requests(f"/{dialect.name}/after/{case}", 1, 5)
            findings.equal("requests made by the reply's document", len(later), 1)
        findings.raise_any(
            f"caller: {caller.events()}\ntarget: {target.events()}\n"
            + caller.process.output()[-800:]
        )

    def _live(self, name):
        return [c for c in self._server.live() if name in c["to"]]

    @staticmethod
    def _check_result(findings, dialect, fields, answers):
        words = {
            "twiml": ("ReferCallStatus", "in-progress", "busy"),
            "cxml": ("ReferCallStatus", "in-progress", "busy"),
            "bxml": ("referCallStatus", "success", "failure"),
            "jambonz": ("final_referred_call_status", 200, 486),
        }
        name, success, failure = words[dialect.name]
        findings.equal(name, fields.get(name), success if answers else failure)
        codes = {"twiml": "NotifySipResponseCode", "cxml": "NotifySipResponseCode",
                 "bxml": "notifySipResponseCode", "jambonz": "final_referred_call_status"}
        findings.equal(
            "final status", str(fields.get(codes[dialect.name])), "200" if answers else "486"
        )

    def _document(self, request):
        _, name, kind, *rest = request.path.split("/")
        dialect = ALL[name]
        if kind == "voice":
            fields = dialect.fields(request)
            if "pause" in (fields.get("To") or fields.get("to")):
                # A pause that comes first would delay the answer in TwiML.
                verbs = [{"verb": "answer"}, {"verb": "pause", "length": 2}, {"verb": "hangup"}]
                return Reply(json.dumps(verbs), "application/json")
            case = re.search(r"(?:answers|busy)\d*", fields.get("To") or fields.get("to"))[0]
            document = dialect.refer(
                self._targets[name, case], result=f"/{name}/done/{case}"
            )
        elif kind == "done":
            document = dialect.redirect(f"/{name}/after/{rest[0]}")
        else:
            document = dialect.hangup()
        return Reply(document, dialect.content_type)


@contextmanager
def phones(env):
    """Starts what the cases need, and ends it again."""
    ring = Phones(env)
    try:
        yield ring
    finally:
        ring.close()
