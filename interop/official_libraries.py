"""The vendors' own libraries on the application's side.

Their document builders write what the server must execute, and their validators judge what the
server sends: the callbacks of these calls, and every request that the transfer cases recorded.
"""

import json
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass

from far_ends import BEHAVIOURS
from ring.application import Application, Reply
from ring.dialects import ACCOUNTS, ALL
from ring.hookflash import ConfiguredApplication, Hookflash, Settings
from ring.runner import Case, Findings
from ring.scenario import FarEnd
from ring.sipp import Sipp

TARGET = "sip:bob@192.0.2.7:5090;transport=udp?X-Account=1%3B2&X-Note=a%20b"


@dataclass(frozen=True)
class Library:
    """One package of one vendor and how it is run."""

    name: str
    dialect: str
    python: str | None = None
    validates: bool = True

    def ask(self, env, question):
        """Runs the library on one question."""
        if self.python:
            script = env.sources / "sdk" / f"{self.python}_library.py"
            command = [env.tools / self.python / "bin" / "python", script]
        else:
            command = ["node", env.sources / "sdk" / "node_libraries.cjs"]
            question = {"library": self.name.removeprefix("npm-"), **question}
        done = subprocess.run(
            command, input=json.dumps(question), capture_output=True, text=True, timeout=120,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "NODE_MODULES_FROM": env.tools / "node"},
            check=False,
        )
        if done.returncode:
            raise AssertionError(f"{self.name}: {done.stderr[-2000:]}")
        return json.loads(done.stdout)


LIBRARIES = (
    Library("pypi-twilio", "twiml", "twilio"),
    Library("npm-twilio", "twiml"),
    Library("pypi-signalwire", "cxml", "signalwire"),
    Library("npm-signalwire", "cxml"),
    Library("pypi-bandwidth", "bxml", "bandwidth"),
    Library("npm-bandwidth", "bxml", validates=False),
    Library("npm-jambonz-node-client", "jambonz"),
    Library("npm-jambonz-sdk", "jambonz"),
)
_BY_NAME = {library.name: library for library in LIBRARIES}


class OfficialLibraries:
    """One server, one application that lets the libraries write its documents."""

    def __init__(self, env):
        self._env = env
        self._documents = {}
        self._application = Application(self._document)
        self._server = Hookflash(
            env.binary,
            env.work,
            "libraries",
            Settings(
                [
                    ConfiguredApplication(
                        library.name,
                        library.dialect,
                        f"{self._application.url}/{library.name}/voice?app=a%20b",
                        f"{library.name}-*",
                    )
                    for library in LIBRARIES
                ]
            ),
        )

    def close(self):
        """Ends server and application."""
        self._server.stop()
        self._application.close()

    def cases(self):
        """A transfer that succeeds and one that fails, with each library; then its validator."""
        played = {"accepts-and-waits-for-bye", "target-fails-with-486"}
        for library in LIBRARIES:
            for behaviour in BEHAVIOURS:
                if behaviour.name in played:
                    yield Case(
                        f"libraries/{library.name}/{behaviour.name}",
                        self._case(library, behaviour),
                    )

    def validations(self):
        """Every validator over everything that was recorded for its dialect."""
        for library in LIBRARIES:
            if library.validates:
                yield Case(
                    f"libraries/{library.name}/accepts-its-callbacks", self._validation(library)
                )
        for library in LIBRARIES:
            if library.validates and library.dialect != "bxml":
                yield Case(
                    f"libraries/{library.name}/refuses-a-changed-callback",
                    self._forgery(library),
                )

    def _case(self, library, behaviour):
        def run():
            name = f"{library.name}-{behaviour.name}"
            self._prepare(library, behaviour.name)
            far = FarEnd()
            far.calls()
            behaviour.play(far)
            outcome = Sipp(
                self._env.work / "libraries", name, far.xml(name), self._server.sip_port, name
            ).finish()
            findings = Findings()
            findings.equal("SIPp's exit status", outcome.status, 0)
            findings.equal(
                "Refer-To", {m.value("Refer-To") for m in outcome.received("REFER")},
                {f"<{TARGET}>"},
            )
            path = f"/{library.name}/done/{behaviour.name}"
            found = self._application.await_requests(path, 1, 8)
            findings.equal("result callbacks", len(found), 1)
            if found:
                dialect = ALL[library.dialect]
                fields = dialect.fields(found[0])
                findings.equal(
                    "result", {k: v for k, v in fields.items() if dialect.is_result_field(k)},
                    dialect.result(behaviour.facts, behaviour.facts.refer),
                )
            findings.raise_any(f"{outcome.ladder()}\n{outcome.errors[-600:]}")

        return run

    def _prepare(self, library, case):
        """Has the library write its documents; starting it takes too long during a call."""
        question = {"target": TARGET, "result": f"/{library.name}/done/{case}"}
        writer = library
        if library.name == "npm-bandwidth":
            # It has no Refer class: its document leads to one that the Python library writes.
            first = library.ask(self._env, {"next": f"/{library.name}/refer/{case}"})
            self._documents[f"/{library.name}/first/{case}"] = first
            writer = _BY_NAME["pypi-bandwidth"]
        kind = "first" if writer is library else "refer"
        document = writer.ask(self._env, question)
        self._documents[f"/{library.name}/{kind}/{case}"] = document

    def _document(self, request):
        _, name, kind, *rest = request.path.split("/")
        dialect = ALL[_BY_NAME[name].dialect]
        if kind == "done":
            return Reply(dialect.hangup(), dialect.content_type)
        path = request.path
        if kind == "voice":
            fields = dialect.fields(request)
            user = str(fields.get("To") or fields.get("to")).split(f"{name}-", 1)[1]
            path = f"/{name}/first/{user.split('@')[0]}"
        return Reply(self._documents[path], dialect.content_type)

    def _recorded(self, library):
        requests = self._application.recorded() + self._env.recorded
        return [r for r in requests if _dialect_of(r) == library.dialect]

    def _validation(self, library):
        def run():
            requests = self._recorded(library)
            if library.dialect == "bxml":
                requests = [r for r in requests if "/done" in r["url"]]
            verdicts = library.ask(
                self._env, {"requests": requests, "key": ACCOUNTS[library.dialect].key}
            )
            findings = Findings()
            findings.true("nothing was recorded", verdicts)
            refused = [r["url"] for r, valid in zip(requests, verdicts) if not valid]
            findings.equal(f"refused of {len(verdicts)}", refused[:20], [])
            findings.raise_any()

        return run

    def _forgery(self, library):
        def run():
            genuine = next(r for r in self._recorded(library) if "/done" in r["url"])
            changed = {
                **genuine,
                "body": genuine["body"].replace("202", "200").replace("inbound", "outbound"),
            }
            verdicts = library.ask(
                self._env, {"requests": [changed], "key": ACCOUNTS[library.dialect].key}
            )
            findings = Findings()
            findings.equal("verdict", verdicts, [False])
            findings.raise_any()

        return run


def _dialect_of(request):
    first = request["url"].split("/")[3]
    return _BY_NAME[first].dialect if first in _BY_NAME else first


@contextmanager
def official_libraries(env):
    """Starts what the cases need, and ends it again."""
    ring = OfficialLibraries(env)
    try:
        yield ring
    finally:
        ring.close()
