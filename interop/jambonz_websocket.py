"""jambonz' WebSocket, with applications made with the official libraries."""

import json
from contextlib import contextmanager

from far_ends import BEHAVIOURS
from ring.caller import Caller
from ring.dialects import ALL
from ring.hookflash import ConfiguredApplication, Hookflash, Settings
from ring.process import Process, until
from ring.runner import Case, Findings
from ring.scenario import FarEnd
from ring.sipp import Sipp

TARGET = "sip:bob@192.0.2.7:5090;transport=udp?X-Account=1%3B2"
LIBRARIES = ("node-client-ws", "sdk")


class _Application:
    """One process with one library."""

    def __init__(self, env, library):
        folder = env.work / "jambonz-websocket"
        folder.mkdir(parents=True, exist_ok=True)
        self._process = Process(
            f"application-{library}",
            ["node", env.sources / "sdk" / "jambonz_websocket.cjs", library, TARGET],
            folder / f"{library}.log",
            env={"NODE_MODULES_FROM": env.tools / "node"},
        )
        if not until(self._lines, 20):
            raise RuntimeError(f"{library} does not start:\n{self._process.output()[-2000:]}")
        self.url = f"ws://127.0.0.1:{self._lines()[0]['data']}/voice"

    def told(self, user, what=None):
        """What the application was told about the calls to a user."""
        lines = [line for line in self._lines() if line["user"] == user]
        return [line["data"] for line in lines if line["what"] == what] if what else lines

    def stop(self):
        """Ends it."""
        self._process.stop()

    def _lines(self):
        found = []
        for line in self._process.output().splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
        return found


class JambonzWebSocket:
    """One server, one application per library, and a caller for each case."""

    def __init__(self, env):
        self._env = env
        self._applications = {name: _Application(env, name) for name in LIBRARIES}
        self._server = Hookflash(
            env.binary,
            env.work,
            "jambonz-websocket-server",
            Settings(
                [
                    ConfiguredApplication(name, "jambonz", application.url, f"{name}-*")
                    for name, application in self._applications.items()
                ]
            ),
        )

    def close(self):
        """Ends server and applications."""
        self._server.stop()
        for application in self._applications.values():
            application.stop()

    def cases(self):
        """Every case with every library."""
        played = {"accepts-and-waits-for-bye", "target-fails-with-486"}
        for library in LIBRARIES:
            for behaviour in BEHAVIOURS:
                if behaviour.name in played:
                    name = f"jambonz-websocket/{library}/{behaviour.name}"
                    yield Case(name, self._transfer(library, behaviour))
            for work in (
                self._keys, self._prompt, self._queue, self._status, self._request, self._wrong,
                self._news, self._broken,
            ):
                yield self._case(library, work)

    def afterwards(self):
        """What cannot run beside others; nothing is left, and nothing was complained of."""
        for library in LIBRARIES:
            # When two connections open at the same moment, node-client-ws 0.x keeps its listener for
            # first messages on one of them, which then acknowledges a redirect with nothing.
            yield self._case(library, self._moves)
        yield Case("jambonz-websocket/nothing-is-left", self._nothing_left)

    def _case(self, library, work):
        name = f"jambonz-websocket/{library}/{work.__name__[1:]}"
        return Case(name, self._called(library, work))

    def _transfer(self, library, behaviour):
        def run():
            user = f"{library}-{behaviour.name}-transfer"
            far = FarEnd()
            far.calls()
            behaviour.play(far)
            folder = self._env.work / "jambonz-websocket"
            outcome = Sipp(folder, user, far.xml(user), self._server.sip_port, user).finish()
            application, findings = self._applications[library], Findings()
            findings.equal("SIPp's exit status", outcome.status, 0)
            until(lambda: application.told(user, "close"), 8)
            dialect = ALL["jambonz"]
            results = [
                {key: value for key, value in data.items() if dialect.is_result_field(key)}
                for data in application.told(user, "/transferred")
            ]
            wanted = dialect.result(behaviour.facts, behaviour.facts.refer)
            findings.equal("results", results, [wanted])
            told = [data["call_status"] for data in application.told(user, "/progress")]
            final = wanted["final_referred_call_status"]
            findings.equal("progress", told, [100, 180, final])
            findings.equal("codes of the farewell", application.told(user, "close"), [1000])
            self._check_statuses(findings, application, user)
            findings.raise_any(f"{outcome.ladder()}\n{outcome.errors[-600:]}")

        return run

    def _called(self, library, work):
        def run():
            user = f"{library}-{work.__name__[1:]}"
            application, findings = self._applications[library], Findings()
            phone = Caller(self._server.sip_port, user)
            try:
                findings.equal("answer", phone.dial(), 200)
                work(phone, lambda what: application.told(user, what), findings)
                findings.true("the call ends", phone.ended.wait(20))
            finally:
                phone.close()
            until(lambda: 1000 in application.told(user, "close"), 8)
            findings.equal("last farewell", application.told(user, "close")[-1:], [1000])
            self._check_statuses(findings, application, user)
            findings.raise_any(json.dumps(application.told(user), indent=1)[-4000:])

        return run

    @staticmethod
    def _check_statuses(findings, application, user):
        statuses = [data["call_status"] for data in application.told(user, "call:status")]
        findings.equal("statuses", statuses, ["trying", "in-progress", "completed"])

    @staticmethod
    def _keys(phone, told, findings):
        until(lambda: told("call:status"), 5)
        phone.press("42")
        until(lambda: told("/keys"), 10)
        findings.equal("digits", [data["digits"] for data in told("/keys")], ["42"])

    @staticmethod
    def _prompt(phone, told, findings):
        # The prompt alone would last for a minute.
        findings.true("the redirect cuts the prompt short", phone.ended.wait(10))

    @staticmethod
    def _queue(phone, told, findings):
        findings.true("the pause is not cut short", not phone.ended.wait(2))

    @staticmethod
    def _status(phone, told, findings):
        findings.true("the call is completed by command", phone.ended.wait(10))

    @staticmethod
    def _request(phone, told, findings):
        until(lambda: any(r.startswith("INFO ") for r in phone.requests), 5)
        infos = [request for request in phone.requests if request.startswith("INFO ")]
        findings.equal("INFO requests", len(infos), 1)
        findings.true("with its body", infos and infos[0].endswith("hello"))

    @staticmethod
    def _wrong(phone, told, findings):
        until(lambda: told("jambonz:error"), 10)
        errors = told("jambonz:error")
        findings.equal("errors", [error["msg"] for error in errors], ["InvalidMessage"])
        if errors:
            findings.true("the reason", "invalid instruction: nope" in errors[0]["details"])

    @staticmethod
    def _moves(phone, told, findings):
        until(lambda: told("/elsewhere"), 10)
        findings.equal("redirects", len(told("/elsewhere")), 1)

    @staticmethod
    def _news(phone, told, findings):
        until(lambda: len(told("verb:status")) == 5, 15)
        news = [(data["event"], data["name"], data.get("id")) for data in told("verb:status")]
        findings.equal(
            "news", news,
            [("finished", "config", None), ("starting", "say", "greeting"),
             ("finished", "say", "greeting"), ("starting", "hangup", None),
             ("finished", "hangup", None)],
        )

    @staticmethod
    def _broken(phone, told, findings):
        until(lambda: told("again"), 10)
        findings.equal("reconnections", len(told("again")), 1)
        first, again = told("session")[:1], told("session")[1:]
        findings.equal("what the reconnection tells", again, first)

    def _nothing_left(self):
        findings = Findings()
        findings.true("a call is left", until(lambda: not self._server.live(), 10))
        findings.equal("media ports", self._server.media_ports(), [])
        problems = self._server.log_problems(expected="is lost")
        findings.equal("problems in the log", problems[:5], [])
        findings.equal("exit status", self._server.stop(), 0)
        findings.raise_any()


@contextmanager
def jambonz_websocket(env):
    """Starts what the cases need, and ends it again."""
    ring = JambonzWebSocket(env)
    try:
        yield ring
    finally:
        ring.close()
