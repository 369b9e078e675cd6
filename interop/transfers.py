"""Every far-end behaviour in every dialect, and what runs after the transfer.

Each case is one SIPp caller and one call. Checked are the callbacks (which, how often, every
field that speaks of the transfer, with type), the documents that are fetched afterwards and those
that must not be, the wire (one REFER, its target byte for byte), and the server's own view.
"""

import re
from contextlib import contextmanager
from urllib.parse import unquote

from far_ends import BEHAVIOURS
from ring.application import Application, Reply
from ring.digest import verify
from ring.dialects import ACCOUNTS, ALL
from ring.hookflash import ConfiguredApplication, Hookflash, Settings
from ring.ports import has_ipv6
from ring.process import until
from ring.runner import Case, Findings
from ring.scenario import FarEnd
from ring.signature import signature_problem
from ring.sipp import Sipp
from ring.view import check_transfer

TARGET = "sip:bob@192.0.2.7:5090;transport=udp?X-Account=1%3B2&X-Note=a%20b"
AGAIN = "sip:carol@192.0.2.8"
_EVENTS = {"TRANSFER_REFER_SUCCESS", "TRANSFER_REFER_ERROR"}


class Transfers:
    """The servers, the web application, and the cases that use them."""

    def __init__(self, env):
        self._env = env
        self._programmes = {}
        self._application = Application(self._document)
        applications = [
            ConfiguredApplication(
                name=name,
                dialect=name,
                url=f"{self._application.url}/{name}/voice",
                users=f"{name}-*",
                status_callback=f"{self._application.url}/{name}/status",
                events_url=f"{self._application.url}/jambonz/events" if name == "jambonz" else None,
            )
            for name in ALL
        ]
        self._patient = Hookflash(
            env.binary, env.work, "patient", Settings(applications)
        )
        self._impatient = Hookflash(
            env.binary,
            env.work,
            "impatient",
            Settings(
                applications, t1="50ms", final_notify_timeout="1500ms", trunk_credentials=None
            ),
        )

    def close(self):
        """Ends servers and application; the requests are kept for other validators."""
        self._env.recorded.extend(self._application.recorded())
        self._patient.stop()
        self._impatient.stop()
        self._application.close()

    def cases(self):
        """All cases in the order in which they start: slow ones first."""
        ordered = sorted(BEHAVIOURS, key=lambda b: not b.impatient)
        for behaviour in ordered:
            for dialect in ALL.values():
                yield Case(
                    f"transfer/{dialect.name}/{behaviour.name}",
                    self._case(dialect, behaviour, "result"),
                )
        by_name = {behaviour.name: behaviour for behaviour in BEHAVIOURS}
        success = by_name["accepts-and-waits-for-bye"]
        failure = by_name["target-fails-with-486"]
        for dialect in ALL.values():
            for kind in ("no-result", "empty-reply"):
                for behaviour in (success, failure):
                    yield Case(
                        f"continuation/{dialect.name}/{kind}/{behaviour.name}",
                        self._case(dialect, behaviour, kind, prefix=f"{kind}-"),
                    )
            for behaviour in (success, failure, by_name["hangs-up-while-ringing"]):
                yield Case(
                    f"transfer-over-tcp/{dialect.name}/{behaviour.name}",
                    self._case(dialect, behaviour, "result", prefix="tcp-", transport="t1"),
                )
        if has_ipv6():
            for transport in ("u1", "t1"):
                yield Case(
                    f"transfer-over-ipv6/{transport}/{success.name}",
                    self._case(
                        ALL["twiml"], success, "result", prefix=f"ipv6-{transport}-",
                        transport=transport, host="[::1]",
                    ),
                )

    def afterwards(self):
        """What must hold when all is over: nothing live, no callback repeated."""
        yield Case("transfer/afterwards/no-call-is-live", self._no_call_is_live)
        yield Case("transfer/afterwards/no-callback-was-repeated", self._nothing_repeated)
        yield Case("transfer/afterwards/no-media-port-is-held", self._no_port_is_held)
        yield Case("transfer/afterwards/metrics-can-be-scraped", self._metrics)
        yield Case("transfer/afterwards/sigterm-ends-an-idle-server", self._ends)
        yield Case("transfer/afterwards/every-request-is-authenticated", self._authenticated)
        yield Case("transfer/afterwards/nothing-went-wrong-in-the-log", self._log)

    # One case

    def _case(self, dialect, behaviour, kind, prefix="", transport="u1", host="127.0.0.1"):
        def run():
            case = prefix + behaviour.name
            self._programmes[dialect.name, case] = (behaviour, kind)
            server = self._impatient if behaviour.impatient else self._patient
            far = FarEnd(reliable=transport == "t1")
            far.calls()
            behaviour.play(far)
            caller = Sipp(
                self._env.work / "transfers", f"{dialect.name}-{case}", far.xml(case),
                server.sip_port, f"{dialect.name}-{case}", transport=transport, host=host,
            )
            outcome = caller.finish()
            findings = Findings()
            findings.equal("SIPp's exit status", outcome.status, 0)
            self._check_wire(findings, outcome, behaviour)
            sid = self._check_callbacks(findings, dialect, behaviour, kind, case)
            self._check_continuation(findings, dialect, behaviour, kind, case)
            if sid:
                self._check_view(findings, server, sid, behaviour, dialect)
                self._check_status(findings, dialect, sid)
                if dialect.name == "jambonz":
                    self._check_events(findings, sid, behaviour)
            findings.raise_any(f"{outcome.ladder()}\n{outcome.errors[-600:]}")

        return run

    # Documents

    def _document(self, request):
        _, name, kind, *rest = request.path.split("/")
        dialect = ALL[name]
        if kind == "voice":
            case = self._case_of(dialect, request)
            programme = self._programmes[name, case][1]
            if programme == "no-result":
                return self._reply(dialect, dialect.refer(TARGET, then=f"/{name}/later/{case}"))
            return self._reply(
                dialect,
                dialect.refer(
                    TARGET,
                    result=f"/{name}/done/{case}",
                    progress=f"/{name}/progress/{case}",
                    then=f"/{name}/later/{case}",
                ),
            )
        if kind == "done":
            behaviour, programme = self._programmes[name, rest[0]]
            if programme == "empty-reply":
                return self._reply(dialect, dialect.nothing())
            if behaviour.again:
                return self._reply(
                    dialect, dialect.refer(AGAIN, result=f"/{name}/done-again/{rest[0]}")
                )
        if kind in ("done", "done-again"):
            return self._reply(dialect, dialect.redirect(f"/{name}/after/{rest[0]}"))
        if kind in ("after", "later"):
            return self._reply(dialect, dialect.hangup())
        return Reply("", None, 204)

    @staticmethod
    def _reply(dialect, document):
        return Reply(document, dialect.content_type)

    @staticmethod
    def _case_of(dialect, request):
        fields = dialect.fields(request)
        to = unquote(fields.get("To") or fields.get("to"))
        return re.search(rf"{dialect.name}-([a-z0-9-]+)", to).group(1)

    # Checks

    def _check_wire(self, findings, outcome, behaviour):
        refers = {m.value("CSeq"): m for m in outcome.received("REFER")}
        wanted = 1 + bool(behaviour.again) + bool(behaviour.credentials)
        findings.equal("REFER requests (by CSeq)", len(refers), wanted)
        targets = [m.value("Refer-To") for m in refers.values()]
        expected = [f"<{TARGET}>"] * (1 + bool(behaviour.credentials))
        expected += [f"<{AGAIN}>"] if behaviour.again else []
        findings.equal("Refer-To", targets, expected)
        for refer in refers.values():
            findings.equal("Contact fields of REFER", len(refer.values("Contact")), 1)
            findings.equal("Referred-By fields of REFER", len(refer.values("Referred-By")), 1)
            for foreign in ("Event", "Subscription-State", "Refer-Sub"):
                findings.equal(f"{foreign} in REFER", refer.value(foreign), None)
        if behaviour.credentials:
            last = list(refers.values())[-1]
            problem = verify(
                last.value(behaviour.credentials), "REFER", "trunk-user", "trunk-password"
            )
            findings.equal(f"{behaviour.credentials} of the second REFER", problem, None)
        answers = [
            m for m in outcome.messages
            if not m.sent and m.status and "NOTIFY" in (m.value("CSeq") or "")
        ]
        findings.equal("answers to NOTIFY", {m.status for m in answers} - {200}, set())

    def _check_callbacks(self, findings, dialect, behaviour, kind, case):
        if kind == "no-result":
            return self._sid_of_first_request(findings, dialect, case)
        status = "completed" if behaviour.facts.call_over else "in-progress"
        if behaviour.hangs_up and not behaviour.facts.call_over:
            status = "in-progress|completed"
        path = f"/{dialect.name}/done/{case}"
        sid = self._check_result(findings, dialect, behaviour.facts, path, status)
        if behaviour.again:
            path = f"/{dialect.name}/done-again/{case}"
            self._check_result(findings, dialect, behaviour.again, path, status)
        if dialect.name == "jambonz":
            self._check_progress(findings, behaviour, case)
        return sid

    def _sid_of_first_request(self, findings, dialect, case):
        for request in self._application.requests(f"/{dialect.name}/voice"):
            if self._case_of(dialect, request) == case:
                return dialect.call_sid(dialect.fields(request))
        findings.true("the application was never asked", False)
        return None

    def _check_result(self, findings, dialect, facts, path, status):
        found = [
            r for r in self._application.await_requests(path, 1, 8) if r.path == path
        ]
        findings.equal(f"callbacks to {path}", len(found), 1)
        if not found:
            return None
        request = found[0]
        account = ACCOUNTS[dialect.name]
        findings.equal("method of the callback", request.method, "POST")
        findings.equal(
            "signature", signature_problem(dialect.name, account, self._application.url, request),
            None,
        )
        fields = dialect.fields(request)
        got = {name: value for name, value in fields.items() if dialect.is_result_field(name)}
        if facts.refer_may_be:
            wanted = [dialect.result(facts, code) for code in facts.refer_may_be]
            findings.true(f"result: expected one of {wanted}, got {got}", got in wanted)
        else:
            wanted = dialect.result(facts, facts.refer)
            findings.equal("names of the result's fields", sorted(got), sorted(wanted))
            for name, value in wanted.items():
                findings.equal(name, got.get(name), value)
        for name, pattern in dialect.call_fields(account, status).items():
            self._check_call_field(findings, name, fields.get(name), pattern)
        return dialect.call_sid(fields)

    @staticmethod
    def _check_call_field(findings, name, value, pattern):
        if isinstance(pattern, int):
            findings.equal(name, value, pattern)
        else:
            matches = isinstance(value, str) and re.fullmatch(pattern, value)
            findings.true(f"{name}: expected something like {pattern}, got {value!r}", matches)

    def _check_progress(self, findings, behaviour, case):
        facts = behaviour.facts
        path = f"/jambonz/progress/{case}"
        found = self._application.await_requests(path, len(facts.notified), 4)
        bodies = [ALL["jambonz"].fields(r) for r in found if r.path == path]
        findings.equal(
            "statuses of the event hook",
            [body.get("call_status") for body in bodies], list(facts.notified),
        )
        findings.equal(
            "event of the event hook",
            {body.get("event") for body in bodies},
            {"transfer-status"} if facts.notified else set(),
        )

    def _check_continuation(self, findings, dialect, behaviour, kind, case):
        facts = behaviour.again or behaviour.facts
        succeeded = facts.outcome == "succeeded"
        over = facts.call_over or behaviour.hangs_up
        over = over or (dialect.ends_call_after_success and succeeded)
        reply_runs = kind == "result" and not over
        next_verb_runs = not over and (
            kind == "no-result" or (kind == "empty-reply" and dialect.name == "jambonz")
        )
        self._check_fetched(findings, f"/{dialect.name}/after/{case}", reply_runs)
        self._check_fetched(findings, f"/{dialect.name}/later/{case}", next_verb_runs)

    def _check_fetched(self, findings, path, wanted):
        found = [r for r in self._application.await_requests(path, 1, 8 if wanted else 0)
                 if r.path == path]
        findings.equal(f"requests for {path}", len(found), int(wanted))

    def _check_view(self, findings, server, sid, behaviour, dialect):
        ended = until(lambda: server.call(sid).get("endedAt"), 8, every=0.2)
        findings.true("the call has an end in the server's own view", ended)
        call = server.call(sid)
        findings.equal("dialect in the view", call["dialect"], dialect.name)
        transfers = call["transfers"]
        facts = [behaviour.facts] + ([behaviour.again] if behaviour.again else [])
        findings.equal("transfers in the view", len(transfers), len(facts))
        for transfer, fact in zip(transfers, facts):
            check_transfer(findings, transfer, fact)

    def _check_status(self, findings, dialect, sid):
        """The final status callback came, and it came once."""
        finals = until(lambda: self._finals(dialect, sid), 8, every=0.1)
        findings.equal("final status callbacks", len(finals), 1)

    def _finals(self, dialect, sid):
        fields = [
            dialect.fields(r) for r in self._application.requests(f"/{dialect.name}/status")
        ]
        return [f for f in fields if dialect.call_sid(f) == sid and dialect.is_final(f)]

    def _check_events(self, findings, sid, behaviour):
        """One Voice Gateway event for each transfer."""
        facts = [behaviour.facts] + ([behaviour.again] if behaviour.again else [])
        events = until(
            lambda: (lambda e: e if len(e) >= len(facts) else None)(self._events(sid)), 8
        ) or self._events(sid)
        wanted = [
            "TRANSFER_REFER_SUCCESS" if f.outcome == "succeeded" else "TRANSFER_REFER_ERROR"
            for f in facts
        ]
        findings.equal("Voice Gateway events", [e["event"] for e in events], wanted)
        for event, fact in zip(events, facts):
            payload = event["payload"]
            if not fact.refer_may_be:
                findings.equal("refer_status of the event", payload.get("refer_status"), fact.refer)
            findings.equal(
                "final_referred_call_status of the event",
                payload.get("final_referred_call_status"), fact.final,
            )
            findings.true("verdict of the event", payload.get("verdict"))
            findings.equal("method in the event", payload.get("sip", {}).get("method"), "INVITE")
            findings.equal("sip_status of the event", payload.get("sip_status"), 100)
            number = event.get("numberMetaData", {})
            findings.equal("country of the caller", number.get("country"), "DE")
            findings.equal("number of the caller", number.get("number"), "+493012345678")

    def _events(self, sid):
        bodies = [
            ALL["jambonz"].fields(r) for r in self._application.requests("/jambonz/events")
        ]
        return [b for b in bodies
                if b.get("event") in _EVENTS and b["payload"].get("call_sid") == sid]

    # Afterwards

    def _no_call_is_live(self):
        findings = Findings()
        for server in (self._patient, self._impatient):
            until(lambda: not server.live(), 10, every=0.5)
            findings.equal("live calls", [c["sid"] for c in server.live()], [])
        findings.raise_any()

    def _nothing_repeated(self):
        findings = Findings()
        seen = {}
        for request in self._application.requests():
            if request.path.split("/")[2] in ("done", "done-again", "after", "later"):
                seen[request.path] = seen.get(request.path, 0) + 1
        findings.equal("requests made more than once", {p: n for p, n in seen.items() if n > 1}, {})
        findings.raise_any()

    def _no_port_is_held(self):
        findings = Findings()
        for server in (self._patient, self._impatient):
            until(lambda: not server.media_ports(), 5, every=0.5)
            findings.equal("media ports", server.media_ports(), [])
        findings.raise_any()

    def _metrics(self):
        findings = Findings()
        text = self._patient.text("/metrics")
        findings.true("Prometheus types", "# TYPE " in text)
        findings.true("metrics of our own", "hookflash_" in text)
        findings.raise_any(text[:1500])

    def _ends(self):
        findings = Findings()
        for server in (self._patient, self._impatient):
            findings.equal("exit status after SIGTERM", server.stop(), 0)
        findings.raise_any()

    def _authenticated(self):
        findings = Findings()
        for request in self._application.requests():
            name = request.path.split("/")[1]
            problem = signature_problem(name, ACCOUNTS[name], self._application.url, request)
            findings.equal(f"authentication of {request.path}", problem, None)
        findings.raise_any()

    def _log(self):
        findings = Findings()
        for server in (self._patient, self._impatient):
            findings.equal("complaints in the log", server.log_problems(), [])
        findings.raise_any()


@contextmanager
def transfers(env):
    """Starts what the cases need, and ends it again."""
    ring = Transfers(env)
    try:
        yield ring
    finally:
        ring.close()
