"""The binary in its operator's hands: what it says about wrong files, and its signals.

Documents and configurations are judged by exit status and by the address of the first complaint.
A reload and a shutdown happen in the middle of transfers, which must not notice the first and
must have their say in spite of the second.
"""

import re
import signal
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass

from far_ends import BEHAVIOURS, Facts
from ring.application import Application, Reply
from ring.dialects import ALL
from ring.hookflash import ConfiguredApplication, Hookflash, Settings
from ring.process import until
from ring.runner import Case, Findings
from ring.scenario import FarEnd
from ring.sipp import Sipp

_SUCCESS = next(b for b in BEHAVIOURS if b.name == "accepts-and-waits-for-bye")


@dataclass(frozen=True)
class File:
    """A file, and what a command must say of it."""

    name: str
    text: str
    status: int
    #: a pattern for what is printed
    says: str
    dialect: str = ""


_DOCUMENTS = (
    File("valid", "<Response><Hangup/></Response>", 0, r"valid", "twiml"),
    File("valid", "<Response><Hangup/></Response>", 0, r"valid", "cxml"),
    File("valid", "<Response><Hangup/></Response>", 0, r"valid", "bxml"),
    File("valid", '[{"verb":"hangup"}]', 0, r"valid", "jambonz"),
    File("unclosed", "<Response>\n  <Refer><Sip>sip:a@b</Refer>\n</Response>", 1,
         r"FILE:2:\d+: error\[12100\].*\n.*<Refer><Sip>sip:a@b</Refer>", "twiml"),
    File("unclosed", "<Response>\n  <Refer><SipUri>sip:a@b</Refer>\n</Response>", 1,
         r"FILE:2:\d+: error\[invalid-bxml\].*\n.*<Refer><SipUri>", "bxml"),
    File("unknown-verb", "<Response>\n  <Dance/>\n</Response>", 0,
         r"FILE:2:3: warning\[12200\].*Dance", "twiml"),
    File("unknown-verb", "<Response>\n  <Dance/>\n</Response>", 0,
         r"FILE:2:3: warning\[12200\].*Dance", "cxml"),
    File("unknown-verb", "<Response>\n  <Dance/>\n</Response>", 1,
         r"FILE:2:3: error\[invalid-bxml\].*Dance", "bxml"),
    File("unknown-verb", '[\n  {"verb":"dance"}\n]', 1, r"FILE:2:\d+: error.*dance", "jambonz"),
    File("empty", "", 1, r"FILE:1:1: error\[11770\]", "twiml"),
    File("too-large", f"<Response><!--{'x' * 66000}--></Response>", 1, r"error\[11750\]", "twiml"),
)

_CONFIGURATIONS = (
    File("valid", '[http]\nlisten = "127.0.0.1:8080"\n', 0, r"valid"),
    File("misspelt-key", '[sip]\nlisten = ["udp://127.0.0.1:5060"]\nadvertize = "h"\n', 2,
         r"FILE:3:\d+: sip\.advertize: .*`advertise`"),
    File("wrong-type", '[limits]\ncalls = "many"\n', 2, r"FILE:2:\d+: limits\.calls: "),
    File("no-duration", '[transfer]\nmax_duration = "5 parsecs"\n', 2,
         r"FILE:2:\d+: transfer\.max_duration: .*parsecs"),
    File("no-toml", "[sip\n", 2, r"FILE:1:\d+: "),
    File("missing-secret", '[[accounts]]\nsid = "AC00000000000000000000000000000001"\n'
         'dialect = "twiml"\nauth_token = "env:HOOKFLASH_RING_NOT_SET"\n', 2,
         r"FILE:4:\d+: accounts.*auth_token: .*HOOKFLASH_RING_NOT_SET"),
)


class Operation:
    """One application behind all servers; a server for each signal."""

    def __init__(self, env):
        self._env = env
        self._work = env.work / "operation"
        self._work.mkdir(parents=True, exist_ok=True)
        self._application = Application(self._document)

    def close(self):
        """Ends the application; servers end with their cases."""
        self._application.close()

    def cases(self):
        """Files, then signals."""
        for document in _DOCUMENTS:
            yield Case(
                f"operation/check/{document.dialect}/{document.name}",
                self._judges(document, ".json" if document.dialect == "jambonz" else ".xml",
                             "check", "FILE", "--dialect", document.dialect),
            )
        for file in _CONFIGURATIONS:
            yield Case(
                f"operation/config-check/{file.name}",
                self._judges(file, ".toml", "config", "check", "--config", "FILE"),
            )
            if file.status:
                yield Case(
                    f"operation/serve-refuses/{file.name}",
                    self._judges(file, ".toml", "serve", "--config", "FILE"),
                )
        yield Case("operation/sighup/keeps-the-call", self._reload)
        yield Case("operation/sigterm/ends-calls-with-their-callbacks",
                   lambda: self._shutdown("shutdown", "1500ms"))
        yield Case("operation/sigterm/a-second-one-ends-calls-the-same-way",
                   lambda: self._shutdown("hurry", "10m", hurries=True))

    # Files

    def _judges(self, file, suffix, *command):
        def run():
            path = self._work / f"{command[0]}-{file.dialect}-{file.name}{suffix}"
            path.write_text(file.text, encoding="utf-8")
            arguments = [str(path) if part == "FILE" else part for part in command]
            done = subprocess.run(
                [self._env.binary, *arguments], capture_output=True, text=True, timeout=20,
                check=False, cwd=self._work, stdin=subprocess.DEVNULL,
            )
            printed = done.stdout + done.stderr
            findings = Findings()
            findings.equal("exit status", done.returncode, file.status)
            pattern = file.says.replace("FILE", re.escape(str(path)))
            findings.true(f"nothing like {pattern}", re.search(pattern, printed))
            findings.raise_any(printed)

        return run

    # Signals

    def _reload(self):
        """A call is being transferred while the routes change; the next call sees the change."""
        server = self._serve("reloaded", "twiml", "before")
        findings = Findings()
        try:
            far = FarEnd()
            far.calls()
            far.is_referred()
            far.accepts()
            far.notifies(100)
            far.pauses(2500)
            far.notifies(200, over=True)
            far.is_hung_up()
            caller = self._call(server, "twiml-old", far)
            findings.true("the transfer is under way", self._notified(server, 1))
            server.reconfigure("[sip\n")
            findings.true(
                "a broken file is refused",
                until(lambda: "kept the old configuration" in server.process.output(), 5),
            )
            server.reconfigure(self._settings("twiml", "after"))
            outcome = until(lambda: self._reaches_after(server), 8, every=0.2)
            findings.true("a new call follows the new route", outcome)
            old = caller.finish()
            findings.equal("SIPp's exit status for the old call", old.status, 0)
            found = self._application.await_requests("/twiml/done/before/", 1, 5)
            findings.equal("result callbacks of the old call", len(found), 1)
            if found:
                twiml = ALL["twiml"]
                fields = twiml.fields(found[0])
                got = {k: v for k, v in fields.items() if twiml.is_result_field(k)}
                facts = Facts("final", "succeeded", notified=(100, 200), final=200)
                findings.equal("result", got, twiml.result(facts, 202))
            findings.equal(
                "complaints in the log", server.log_problems("kept the old configuration"), []
            )
            findings.raise_any(old.ladder())
        finally:
            server.stop()

    def _reaches_after(self, server):
        far = FarEnd()
        far.calls()
        _SUCCESS.play(far)
        self._call(server, "twiml-new", far).finish()
        return self._application.requests("/twiml/voice/after")

    def _notified(self, server, count):
        return until(
            lambda: [t for c in server.live() for t in server.call(c["sid"])["transfers"]
                     if t["notifyStatuses"]][count - 1:], 10,
        )

    def _shutdown(self, case, grace, hurries=False):
        """A call in each dialect waits for NOTIFY when the server is told to end.

        Who hurries signals twice in a row, as `timeout` does, which is one signal; and then again.
        """
        applications = [self._configured(name, case) for name in ALL]
        server = Hookflash(
            self._env.binary, self._env.work, case,
            Settings(applications, extra=f'[shutdown]\ngrace = "{grace}"\n'),
        )
        findings = Findings()
        try:
            callers = []
            for name in ALL:
                far = FarEnd()
                far.calls()
                far.is_referred()
                far.accepts()
                far.notifies(100)
                far.is_hung_up()
                callers.append(self._call(server, f"{name}-{case}", far))
            findings.true("all transfers are under way", self._notified(server, len(ALL)))
            server.process.signal(signal.SIGTERM)
            if hurries:
                server.process.signal(signal.SIGTERM)
            findings.true("/readyz says 503", until(lambda: server.status("/readyz") == 503, 1))
            far = FarEnd()
            far.calls_and_awaits_the_end((503,))
            late = self._call(server, f"twiml-late-{case}", far).finish()
            answers = {m.status for m in late.messages if not m.sent and m.status >= 200}
            findings.equal("final answers to a call that comes late", answers, {503})
            if hurries:
                time.sleep(0.6)
                findings.equal("calls after one signal", len(server.live()), len(ALL))
                server.process.signal(signal.SIGTERM)
            for caller in callers:
                findings.equal("SIPp's exit status", caller.finish().status, 0)
            findings.equal("exit status", server.process.wait(20), 0)
            for dialect in ALL.values():
                self._check_callbacks(findings, dialect, case)
            findings.equal("complaints in the log", server.log_problems(), [])
        finally:
            server.stop()
        findings.raise_any()

    def _check_callbacks(self, findings, dialect, case):
        """All have come by the time the process is gone."""
        results = self._application.requests(f"/{dialect.name}/done/{case}/")
        findings.equal(f"{dialect.name}: result callbacks", len(results), 1)
        facts = Facts("leg_hangup", "canceled", notified=(100,))
        for request in results:
            fields = dialect.fields(request)
            got = {k: v for k, v in fields.items() if dialect.is_result_field(k)}
            findings.equal(f"{dialect.name}: result", got, dialect.result(facts, 202))
        told = [
            dialect.fields(r)
            for r in self._application.requests(f"/{dialect.name}/status/{case}")
        ]
        finals = [f for f in told if dialect.is_final(f)]
        findings.equal(f"{dialect.name}: final status callbacks", len(finals), 1)

    # Servers and calls

    def _configured(self, dialect, case):
        base = f"{self._application.url}/{dialect}"
        return ConfiguredApplication(
            f"{dialect}-{case}", dialect, f"{base}/voice/{case}", f"{dialect}-*",
            status_callback=f"{base}/status/{case}",
        )

    def _settings(self, dialect, case):
        return Settings([self._configured(dialect, case)])

    def _serve(self, name, dialect, case):
        return Hookflash(
            self._env.binary, self._env.work, name, self._settings(dialect, case)
        )

    def _call(self, server, name, far):
        return Sipp(self._work, name, far.xml(name), server.sip_port, name)

    def _document(self, request):
        _, name, kind, *rest = request.path.split("/")
        dialect = ALL[name]
        if kind == "voice":
            document = dialect.refer("sip:bob@192.0.2.7", result=f"/{name}/done/{rest[0]}/")
            return Reply(document, dialect.content_type)
        if kind == "done":
            return Reply(dialect.hangup(), dialect.content_type)
        return Reply("", None, 204)


@contextmanager
def operation(env):
    """Starts what the cases need, and ends it again."""
    ring = Operation(env)
    try:
        yield ring
    finally:
        ring.close()
