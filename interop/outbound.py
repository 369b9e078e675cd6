"""Calls that the server places, and every way in which called parties, trunks and proxies answer.

Each case is one call by plain REST. Whatever happens there is exactly one final status callback
with the right word, and SIP holds nothing afterwards.
"""

from contextlib import contextmanager
from datetime import datetime

from far_ends import BEHAVIOURS
from outbound_cases import CASES, TARGET, trunk_settings
from ring.application import Application, Reply
from ring.called_end import CalledEnd
from ring.crowd import Crowd
from ring.dialects import ACCOUNTS, ALL
from ring.endings import ENDINGS
from ring.hookflash import ConfiguredApplication, Hookflash, Settings
from ring.process import until
from ring.rest import APIS
from ring.runner import Case, Findings
from ring.signature import signature_problem
from ring.sipp import Sipp
from ring.sound import write_tone
from ring.view import check_transfer
from ring.words import WORDS


class Call:
    """One case in one dialect: the call that it places, and what is found."""

    def __init__(self, ring, dialect, case, number, impatient):
        self.ring, self.dialect, self.case = ring, dialect, case
        self.server = ring.impatient if impatient else ring.patient
        self.api = APIS[dialect.name](self.server, dialect.name)
        self.words = WORDS[dialect.name]
        self.findings = Findings()
        self.caller = f"+1556{number:07}"
        #: SIPp processes of this case, with what was read of them
        self.parties, self.outcomes = [], []
        self.sid, self.documents = None, {}

    def url(self, kind):
        """A URL of the application for this case."""
        return f"{self.ring.application.url}/{self.dialect.name}/{kind}/{self.case}"

    def requests(self, kind, count=1, seconds=8):
        """The fields of what was asked for at such a URL."""
        path = f"/{self.dialect.name}/{kind}/{self.case}"
        found = self.ring.application.await_requests(path, count, seconds)
        return [self.dialect.fields(r) for r in found if r.path == path]

    def says(self, kind, document):
        """Fixes what the application answers at such a URL."""
        path = f"/{self.dialect.name}/{kind}/{self.case}"
        self.ring.application.on(path, Reply(document, self.dialect.content_type))

    def party(self, far, name="far", port=None):
        """Starts a far end; returns where it can be called."""
        name = f"{self.dialect.name}-{self.case}-{name}"
        party = Sipp(
            self.ring.work, name, far.xml(name), self.server.sip_port, "far", seconds=35,
            port=port,
        )
        self.parties.append(party)
        return party.uri

    def is_placed(self, to, url=None, status=201, **more):
        """Has the call placed."""
        reply = self.api.create(
            to, self.caller, url or self.url("hold"), self.url("status"), **more
        )
        if self.dialect.name == "cxml" and status == 201:
            status = reply.status if reply.status in (200, 201) else 201
        self.findings.equal(f"answer to the order: {reply.body[:300]}", reply.status, status)
        if reply.status in (200, 201):
            self.sid = self.api.sid(reply)
            self.ring.placed.add(self.sid)
        return reply

    def is_up(self):
        """Waits until the call's first document was fetched."""
        self.findings.equal("requests for the first document", len(self.requests("hold")), 1)

    def is_redirected(self, kind):
        """Has the call go on with another document."""
        reply = self.api.redirect(self.sid, self.url(kind))
        self.findings.true(f"redirect: {reply.status} {reply.body[:300]}", reply.status < 300)

    def is_hung_up(self):
        """Has the call ended."""
        reply = self.api.hang_up(self.sid)
        self.findings.true(f"hang-up: {reply.status} {reply.body[:300]}", reply.status < 300)

    def finishes(self):
        """Every far end has played its part; returns their outcomes, in the order of starting."""
        self.outcomes = [party.finish() for party in self.parties]
        for number, outcome in enumerate(self.outcomes):
            self.findings.equal(f"exit status of SIPp {number}", outcome.status, 0)
        return self.outcomes

    def ended(self, ending, seconds=15):
        """Exactly one final status callback has come, with this ending's word; returns it."""
        wanted = ENDINGS[ending][self.dialect.name]
        told = until(lambda: self._finals(), seconds, 0.1) or []
        self.findings.equal("final status callbacks", len(told), 1)
        for fields in told:
            self.findings.equal("word of the final callback", self.dialect.status(fields), wanted)
            self.findings.equal("call of the final callback", self.dialect.call_sid(fields), self.sid)
        view = self.server.call(self.sid) if self.sid else {}
        self.findings.true("the call has an end in the server's own view", view.get("endedAt"))
        return told

    def had_media_before_its_answer(self, seconds):
        """More was sent than fits between the answer and the end, and something came."""
        view = self.server.call(self.sid)
        answered, ended = (datetime.fromisoformat(view[at]) for at in ("answeredAt", "endedAt"))
        media = view["legs"][0]["media"]
        sent = media["packetsSent"] * 0.02 - (ended - answered).total_seconds()
        self.findings.true(f"{sent:.2f} s of silence before the answer", sent >= seconds)
        self.findings.true(f"{media['packetsReceived']} packets", media["packetsReceived"] > 0)

    def _finals(self):
        return [f for f in self.requests("status", 0, 0) if self.dialect.is_final(f)]

    def context(self):
        """What a person wants to see of a case that failed."""
        outcomes = self.outcomes or [party.cut_short() for party in self.parties]
        return "\n\n".join(f"{o.ladder()}\n{o.errors[-400:]}" for o in outcomes)


class Outbound:
    """Servers, an application, trunks and many parties."""

    def __init__(self, env):
        self.work = env.work / "outbound"
        self.work.mkdir(parents=True, exist_ok=True)
        write_tone(self.work / "tone.wav", 20, 440, level=-15)
        self.application = Application(self._answer)
        self.crowd = Crowd()
        #: a trunk that takes every call, and one that takes none
        self.trunk, self.full_trunk = Crowd(), Crowd(otherwise="overloaded")
        applications = [
            ConfiguredApplication(
                name, name, f"{self.application.url}/{name}/voice/inbound", f"{name}-*"
            )
            for name in ALL
        ]
        extra = trunk_settings(self.trunk.port, self.full_trunk.port)
        self.patient = Hookflash(
            env.binary, env.work, "outbound", Settings(applications, extra=extra)
        )
        self.impatient = Hookflash(
            env.binary, env.work, "outbound-impatient",
            Settings(applications, t1="50ms", extra=extra),
        )
        self._cases = 0
        #: calls that have a status callback
        self.placed = set()

    def close(self):
        """Ends everything."""
        self.patient.stop()
        self.impatient.stop()
        for each in (self.crowd, self.trunk, self.full_trunk, self.application):
            each.close()

    def cases(self):
        """Each case in each dialect; then every answer to REFER, on a leg that was called."""
        for case in CASES:
            for dialect in ALL.values():
                if dialect.name in case.dialects:
                    yield self._case(dialect, case.name, case.play, case.impatient)
        for behaviour in BEHAVIOURS:
            # Credentials are a trunk's, and this party is called directly.
            if not behaviour.impatient and not behaviour.credentials:
                yield self._case(
                    ALL["twiml"], f"refer-{behaviour.name}", _transfer(behaviour), False
                )

    def afterwards(self):
        """What must hold when all is over."""
        yield Case("outbound/afterwards/nothing-is-left", self._nothing_is_left)
        yield Case("outbound/afterwards/one-final-callback-each", self._one_final_each)
        yield Case("outbound/afterwards/every-request-is-authenticated", self._authenticated)

    def _case(self, dialect, name, play, impatient):
        self._cases += 1
        number = self._cases

        def run():
            call = Call(self, dialect, name, number, impatient)
            try:
                play(call)
            except AssertionError as error:
                call.findings.true(str(error), False)
            finally:
                context = call.context()
            call.findings.raise_any(context)

        return Case(f"outbound/{dialect.name}/{name}", run)

    def _answer(self, request):
        if request.path == "/tone.wav":
            return Reply((self.work / "tone.wav").read_bytes(), "audio/wav")
        _, name, kind, case = request.path.split("/", 3)
        dialect = ALL[name]
        documents = {
            "hold": dialect.hold,
            "refer": lambda: dialect.refer(
                TARGET, result=f"/{name}/done/{case}", progress=f"/{name}/progress/{case}"
            ),
            "done": lambda: dialect.redirect(f"/{name}/after/{case}"),
            "after": dialect.hangup,
        }
        if kind in documents:
            return Reply(documents[kind](), dialect.content_type)
        return Reply("", None, 204)

    def _nothing_is_left(self):
        findings = Findings()
        for server in (self.patient, self.impatient):
            findings.true("a call lives", until(lambda s=server: not s.live(), 10, 0.2))
            findings.equal("media ports in use", server.media_ports(), [])
            until(lambda s=server: not s.census(), 40, 0.5)
            findings.equal("what SIP still holds", server.census(), {})
            findings.equal("problems in the log", server.log_problems("a trunk"), [])
        findings.raise_any()

    def _one_final_each(self):
        finals = {}
        for request in self.application.requests():
            name, kind = request.path.split("/")[1:3] if request.path.count("/") > 1 else ("", "")
            if kind != "status":
                continue
            fields = ALL[name].fields(request)
            if ALL[name].is_final(fields):
                sid = ALL[name].call_sid(fields)
                finals[sid] = finals.get(sid, 0) + 1
        findings = Findings()
        findings.equal("calls with more than one end", {s for s, n in finals.items() if n > 1}, set())
        findings.equal("calls without an end", self.placed - set(finals), set())
        findings.raise_any()

    def _authenticated(self):
        findings = Findings()
        for request in self.application.requests():
            name = request.path.split("/")[1]
            if name not in ALL or name == "bxml":
                continue
            problem = signature_problem(name, ACCOUNTS[name], self.application.url, request)
            findings.equal(f"authentication of {request.path}", problem, None)
        findings.raise_any()


def _transfer(behaviour):
    def play(call):
        far = CalledEnd()
        far.is_called()
        behaviour.play(far)
        call.is_placed(call.party(far))
        call.is_up()
        again = behaviour.again
        if again:
            call.says("done", call.dialect.refer("sip:carol@192.0.2.8", result=call.url("again")))
        call.is_redirected("refer")
        results = call.requests("done", 1, 12)
        call.findings.equal("result callbacks", len(results), 1)
        call.finishes()
        call.ended("completed")
        view = call.server.call(call.sid)["transfers"]
        facts = [behaviour.facts] + ([again] if again else [])
        call.findings.equal("transfers in the view", len(view), len(facts))
        for transfer, fact in zip(view, facts):
            check_transfer(call.findings, transfer, fact)
        if not behaviour.facts.refer_may_be:
            wanted = call.dialect.result(behaviour.facts, behaviour.facts.refer)
            for fields in results:
                got = {k: v for k, v in fields.items() if call.dialect.is_result_field(k)}
                call.findings.equal("result", got, wanted)

    return play


@contextmanager
def outbound(env):
    """Starts what the cases need, and ends it again."""
    ring = Outbound(env)
    try:
        yield ring
    finally:
        ring.close()
