"""Web applications that fail: the vendor's way to a fallback, or a defined end of the call.

Whatever happens, the caller is never left hanging: SIPp waits for a final answer or a BYE.
"""

from contextlib import contextmanager
from dataclasses import dataclass

from far_ends import BEHAVIOURS
from ring.application import Application, Reply
from ring.dialects import ALL
from ring.hookflash import ConfiguredApplication, Hookflash, Settings
from ring.ports import closed_port
from ring.process import until
from ring.runner import Case, Findings
from ring.scenario import FarEnd
from ring.sipp import Sipp

_REFUSALS = (403, 404, 408, 480, 486, 487, 488, 500, 503, 600, 603)
_LONGER_THAN_ANY_LIMIT = 25.0


@dataclass(frozen=True)
class Problem:
    """One way in which the first document goes wrong."""

    name: str
    #: codes that TwiML and cXML may give it
    twiml: frozenset[int]
    cxml: frozenset[int]
    #: True: BXML asks the fallback; False: the document is at fault and the call ends
    fetching: bool
    dialects: tuple[str, ...] = tuple(ALL)


def _codes(*codes):
    return frozenset(codes)


PROBLEMS = (
    Problem("slow", _codes(11200, 11201, 11203, 11205), _codes(11200, 11203), True),
    Problem("refused", _codes(11200, 11202, 11205), _codes(11200, 11202, 11205), True),
    Problem("dropped", _codes(11200, 11205, 11206), _codes(11200, 11205, 11206, 11251), True),
    Problem("redirected-for-ever", _codes(11215), _codes(11215), True),
    Problem("not-found", _codes(11200, 11217), _codes(11200, 11217), True),
    Problem("server-error", _codes(11200, 11217), _codes(11200, 11217), True),
    Problem("empty", _codes(11770, 12100), _codes(11770, 12100, 20422), False),
    Problem("wrong-content-type", _codes(12300), _codes(12300, 20422, 11200), False,
            ("twiml", "cxml", "jambonz")),
    Problem("malformed", _codes(12100), _codes(12100, 20422), False),
    Problem("wrong-root", _codes(12100, 12102), _codes(12100, 12102, 20422), False),
    Problem("too-large", _codes(11750), _codes(11750), False, ("twiml", "cxml", "bxml")),
)

_RESULT_PROBLEMS = ("server-error", "dropped", "malformed")

_MALFORMED = {
    "twiml": "<Response><Refer><Sip>sip:a@b</Refer></Response>",
    "cxml": "<Response><Hangup></Response>",
    "bxml": "<Response><Refer><SipUri>sip:a@b</SipUri></Response>",
    "jambonz": '[{"verb":"sip:refer","referTo":+49301234}]',
}
_WRONG_ROOT = {
    "twiml": "<Answer><Hangup/></Answer>",
    "cxml": "<Answer><Hangup/></Answer>",
    "bxml": "<Answer><Hangup/></Answer>",
    "jambonz": '[{"verb":"no-such-verb"}]',
}


class BadWebhooks:
    """One server with an application for each problem."""

    def __init__(self, env):
        self._env = env
        self._application = Application(self._document)
        self._applications = []
        for problem in PROBLEMS:
            for name in problem.dialects:
                for rescued in (True, False):
                    self._add(name, problem.name, rescued)
        for name in ALL:
            for problem_name in _RESULT_PROBLEMS:
                for rescued in (True, False):
                    self._add(name, f"result-{problem_name}", rescued)
        self._server = Hookflash(
            env.binary, env.work, "bad-webhooks", Settings(self._applications)
        )

    def _add(self, dialect, problem, rescued):
        case = f"{problem}-{'rescued' if rescued else 'alone'}"
        base = f"{self._application.url}/{dialect}"
        url = f"{base}/voice/{case}"
        if problem == "refused":
            url = f"http://127.0.0.1:{closed_port()}/voice/{case}"
        if problem == "slow" and dialect in ("twiml", "cxml"):
            url += "#rt=700"
        self._applications.append(
            ConfiguredApplication(
                f"{dialect}-{case}", dialect, url, f"{dialect}-{case}",
                fallback_url=f"{base}/fallback/{case}" if rescued else None,
                status_callback=f"{base}/status/{case}",
            )
        )

    def close(self):
        """Ends server and application."""
        self._server.stop()
        self._application.close()

    def cases(self):
        """The first document fails, with and without a fallback; then the result callback."""
        for problem in PROBLEMS:
            for name in problem.dialects:
                for rescued in (True, False):
                    end = "rescued" if rescued else "alone"
                    yield Case(
                        f"bad-webhook/{name}/{problem.name}-{end}",
                        self._first_document(ALL[name], problem, rescued),
                    )
        for dialect in ALL.values():
            for problem_name in _RESULT_PROBLEMS:
                for rescued in (True, False):
                    end = "rescued" if rescued else "alone"
                    yield Case(
                        f"bad-webhook/{dialect.name}/result-{problem_name}-{end}",
                        self._result(dialect, problem_name, rescued),
                    )

    def afterwards(self):
        """What must hold when all is over."""
        yield Case("bad-webhook/afterwards/no-call-is-live", self._nothing_left)

    # The first document

    def _first_document(self, dialect, problem, rescued):
        def run():
            case = f"{problem.name}-{'rescued' if rescued else 'alone'}"
            far = FarEnd()
            far.calls_and_awaits_the_end(_REFUSALS)
            outcome = self._call(dialect, case, far)
            findings = Findings()
            findings.equal("SIPp's exit status", outcome.status, 0)
            if dialect.name == "jambonz":
                self._check_refusal(findings, outcome)
                self._check_rescue(findings, dialect, case, False)
            elif dialect.name == "bxml":
                rescue = rescued and problem.fetching
                if problem.name != "empty":
                    self._check_rescue(findings, dialect, case, rescue)
                    if not rescue:
                        cause = "callback-error" if problem.fetching else "invalid-bxml"
                        self._check_cause(findings, case, cause)
            else:
                self._check_rescue(findings, dialect, case, rescued)
                if rescued:
                    codes = getattr(problem, dialect.name)
                    self._check_error(findings, dialect, case, codes)
            self._check_final_status(findings, dialect, case)
            findings.raise_any(f"{outcome.ladder()}\n{outcome.errors[-400:]}")

        return run

    @staticmethod
    def _check_refusal(findings, outcome):
        finals = [m for m in outcome.messages if not m.sent and m.status >= 200]
        findings.equal("final answer to INVITE", {m.status for m in finals}, {480})
        findings.true("X-Reason in the 480", finals and finals[0].value("X-Reason"))

    # The result callback

    def _result(self, dialect, problem_name, rescued):
        def run():
            case = f"result-{problem_name}-{'rescued' if rescued else 'alone'}"
            far = FarEnd()
            far.calls()
            next(b for b in BEHAVIOURS if b.name == "target-fails-with-486").play(far)
            outcome = self._call(dialect, case, far)
            findings = Findings()
            findings.equal("SIPp's exit status", outcome.status, 0)
            asked = self._application.await_requests(f"/{dialect.name}/done/{case}", 1, 5)
            findings.true("the result URL was called", asked)
            later = self._application.await_requests(
                f"/{dialect.name}/later/{case}", 1, 5 if dialect.name == "jambonz" else 0
            )
            findings.equal(
                "requests for the next verb", len(later), int(dialect.name == "jambonz")
            )
            if dialect.name in ("twiml", "cxml"):
                self._check_rescue(findings, dialect, case, rescued)
            else:
                self._check_rescue(findings, dialect, case, False)
            if dialect.name == "bxml":
                malformed = problem_name == "malformed"
                self._check_cause(findings, case, "invalid-bxml" if malformed else "callback-error")
            self._check_final_status(findings, dialect, case)
            findings.raise_any(f"{outcome.ladder()}\n{outcome.errors[-400:]}")

        return run

    # Shared checks

    def _call(self, dialect, case, far):
        name = f"{dialect.name}-{case}"
        return Sipp(
            self._env.work / "bad-webhooks", name, far.xml(name), self._server.sip_port, name,
            seconds=50,
        ).finish()

    def _check_rescue(self, findings, dialect, case, wanted):
        fallback = self._application.await_requests(
            f"/{dialect.name}/fallback/{case}", 1, 5 if wanted else 0
        )
        findings.equal("requests for the fallback URL", len(fallback), int(wanted))
        rescued = self._application.await_requests(
            f"/{dialect.name}/rescued/{case}", 1, 5 if wanted else 0
        )
        findings.equal("documents run after the fallback", len(rescued), int(wanted))

    def _check_error(self, findings, dialect, case, codes):
        requests = self._application.requests(f"/{dialect.name}/fallback/{case}")
        fields = dialect.fields(requests[0]) if requests else {}
        code = fields.get("ErrorCode", "")
        findings.true(f"ErrorCode: expected one of {sorted(codes)}, got {code!r}",
                      code.isdigit() and int(code) in codes)
        findings.true(
            f"ErrorUrl: {fields.get('ErrorUrl')!r}",
            f"/voice/{case}" in fields.get("ErrorUrl", ""),
        )

    def _check_cause(self, findings, case, cause):
        found = self._application.await_requests(f"/bxml/status/{case}", 1, 8)
        causes = [ALL["bxml"].fields(r).get("cause") for r in found]
        findings.equal("cause of the disconnect event", causes, [cause])

    def _check_final_status(self, findings, dialect, case):
        path = f"/{dialect.name}/status/{case}"

        def finals():
            fields = [dialect.fields(r) for r in self._application.requests(path)]
            ends = ("completed", "failed", "busy", "no-answer", "canceled")
            return [
                f for f in fields
                if f.get("CallStatus") in ends or f.get("eventType") == "disconnect"
                or f.get("call_status") in ends
            ]

        until(finals, 8)
        findings.equal("final status callbacks", len(finals()), 1)

    def _nothing_left(self):
        findings = Findings()
        until(lambda: not self._server.live(), 10, every=0.5)
        findings.equal("live calls", [c["sid"] for c in self._server.live()], [])
        findings.equal(
            "panics", [line for line in self._server.log_problems() if "panicked at" in line], []
        )
        findings.raise_any()

    # The application

    def _document(self, request):
        _, name, kind, case = request.path.split("/")
        dialect = ALL[name]
        problem = case.rsplit("-", 1)[0]
        if kind == "voice" and problem.startswith("result-"):
            return Reply(
                dialect.refer(
                    "sip:bob@192.0.2.7", result=f"/{name}/done/{case}", then=f"/{name}/later/{case}"
                ),
                dialect.content_type,
            )
        if kind == "voice":
            return self._bad(dialect, problem, request)
        if kind == "done":
            return self._bad(dialect, problem.removeprefix("result-"), request)
        if kind == "fallback":
            return Reply(dialect.redirect(f"/{name}/rescued/{case}"), dialect.content_type)
        if kind == "status":
            return Reply("", None, 204)
        return Reply(dialect.hangup(), dialect.content_type)

    @staticmethod
    def _bad(dialect, problem, request):
        good = dialect.hangup()
        media_type = dialect.content_type
        replies = {
            "slow": Reply(good, media_type, delay=_LONGER_THAN_ANY_LIMIT),
            "dropped": Reply(drop=True),
            "redirected-for-ever": Reply("", None, 302, {"Location": request.target}),
            "not-found": Reply("no", "text/plain", 404),
            "server-error": Reply("no", "text/plain", 500),
            "empty": Reply("", media_type),
            "wrong-content-type": Reply(good, "application/octet-stream"),
            "malformed": Reply(_MALFORMED[dialect.name], media_type),
            "wrong-root": Reply(_WRONG_ROOT[dialect.name], media_type),
            "too-large": Reply(
                good.replace("<Response>", f"<Response><!--{'x' * 70000}-->"), media_type
            ),
        }
        return replies[problem]


@contextmanager
def bad_webhooks(env):
    """Starts what the cases need, and ends it again."""
    ring = BadWebhooks(env)
    try:
        yield ring
    finally:
        ring.close()
