"""The applications in `examples/`, run as a new user would run them.

baresip hears a voice, types its account number, is transferred to a desk that is busy, hears why,
asks again, and reaches the desk. SIPp types the same keys and shows the REFER as it stood on the
wire.
"""

import socket
from contextlib import contextmanager
from dataclasses import dataclass

from ring.baresip import Baresip
from ring.hookflash import ConfiguredApplication, Hookflash, Settings
from ring.key_presses import write_capture
from ring.ports import kept_port
from ring.process import Process, until
from ring.runner import Case, Findings
from ring.scenario import FarEnd
from ring.sipp import Sipp

ACCOUNT_NUMBER = "402771"
_UUI = f"User-to-User={ACCOUNT_NUMBER.encode().hex()}%3Bencoding%3Dhex"
_QUERY = f"?{_UUI}&X-Account={ACCOUNT_NUMBER}"
#: SIPp's caller is referred to a place that it never calls.
_NOWHERE = "sip:billing@192.0.2.9"


@dataclass(frozen=True)
class Example:
    """One application of the folder."""

    vendor: str
    language: str
    dialect: str

    @property
    def name(self):
        return f"{self.vendor}-{self.language}"

    def start(self, env, port, billing):
        """Runs it as its README says, on a free port."""
        folder = env.sources.parent / "examples" / self.vendor / self.language
        environment = {"PORT": str(port), "BILLING": billing}
        if self.language == "python":
            command = [env.tools / f"example-{self.vendor}" / "bin" / "python", folder / "app.py"]
        else:
            command = ["node", folder / "app.js"]
            environment["NODE_PATH"] = str(env.tools / "examples" / "node_modules")
        log = env.work / f"example-{self.name}-{port}.log"
        process = Process(f"example-{self.name}", command, log, cwd=env.work, env=environment)
        if not until(lambda: _listens(port) or not process.alive(), 20):
            raise RuntimeError(f"{self.name} does not listen:\n{process.output()[-2000:]}")
        if not process.alive():
            raise RuntimeError(f"{self.name} has ended:\n{process.output()[-2000:]}")
        return process


EXAMPLES = tuple(
    Example(vendor, language, dialect)
    for vendor, dialect in (
        ("twilio", "twiml"), ("signalwire", "cxml"), ("bandwidth", "bxml"), ("jambonz", "jambonz"),
    )
    for language in ("python", "node")
)


class BillingLines:
    """One server; an application and two phones for each case."""

    def __init__(self, env):
        self._env = env
        #: the caller's half and SIPp's half of each example listen on ports of their own
        self._ports = {
            (example, role): kept_port() for example in EXAMPLES for role in ("heard", "wire")
        }
        applications = [
            ConfiguredApplication(
                f"{example.name}-{role}", example.dialect, f"http://127.0.0.1:{port}/voice",
                f"{example.name}-{role}",
            )
            for (example, role), port in self._ports.items()
        ]
        self._server = Hookflash(env.binary, env.work, "billing", Settings(applications))

    def close(self):
        """Ends the server."""
        self._server.stop()

    def cases(self):
        """Every example with both callers."""
        for example in EXAMPLES:
            yield Case(f"examples/{example.name}/caller-is-told-and-asks-again", self._heard(example))
            yield Case(f"examples/{example.name}/account-number-travels", self._wire(example))

    def afterwards(self):
        """What must be true once everybody has hung up."""
        yield Case("examples/nothing-is-left", self._nothing_left)

    def _heard(self, example):
        def run():
            desk = Baresip(self._env.work, f"desk-{example.name}", answers=False)
            caller = Baresip(self._env.work, f"caller-{example.name}")
            application = None
            try:
                port = self._ports[example, "heard"]
                application = example.start(self._env, port, desk.uri)
                self._call(example, caller, desk, application)
            finally:
                caller.stop()
                desk.stop()
                if application:
                    application.stop()

        return run

    def _call(self, example, caller, desk, application):
        findings = Findings()
        caller.command("dial", f"sip:{example.name}-heard@127.0.0.1:{self._server.sip_port}")
        findings.true("the call is answered", caller.await_event("CALL_ESTABLISHED"))
        findings.true("the welcome is heard", _speech(caller, since=0.0, seconds=1.0))
        caller.press(ACCOUNT_NUMBER)
        findings.true("the phone is asked to transfer", caller.await_event("TRANSFER", 20))
        findings.true("the desk rings", desk.await_event("CALL_INCOMING", 10))
        so_far = caller.heard().seconds
        desk.command("hangup")
        findings.true("the caller hears why", _speech(caller, since=so_far, seconds=1.0))
        caller.press("1")
        findings.true(
            "the desk rings again", until(lambda: desk.events().count("CALL_INCOMING") == 2, 20)
        )
        desk.command("accept")
        findings.true("the desk answers", desk.await_event("CALL_ESTABLISHED", 10))
        findings.true("the server's call ends", until(lambda: not self._live(example), 15, 0.2))
        transfers = self._transfers(example)
        findings.equal("outcomes", [t["outcome"] for t in transfers], ["failed", "succeeded"])
        findings.equal(
            "targets", [t["target"] for t in transfers], [f"{desk.uri}{_QUERY}"] * 2
        )
        findings.equal("final codes", [t["finalNotifyStatus"] for t in transfers], [486, 200])
        findings.raise_any(
            f"caller: {caller.events()}\ndesk: {desk.events()}\n"
            f"application: {application.output()[-1500:]}"
        )

    def _wire(self, example):
        def run():
            folder = self._env.work / f"keys-{example.name}"
            folder.mkdir(parents=True, exist_ok=True)
            port = self._ports[example, "wire"]
            application = example.start(self._env, port, _NOWHERE)
            try:
                capture = write_capture(folder / "keys.pcap", ACCOUNT_NUMBER)
                far = FarEnd(rtp_port="[auto_media_port]")
                far.calls()
                far.pauses(1500)
                far.presses(capture, 1600)
                far.is_referred()
                far.accepts()
                far.notifies(200, over=True)
                far.hangs_up()
                sipp = Sipp(
                    folder, "caller", far.xml(f"keys {example.name}"), self._server.sip_port,
                    f"{example.name}-wire", seconds=40,
                )
                outcome = sipp.finish()
            finally:
                application.stop()
            findings = Findings()
            findings.equal("SIPp's exit status", outcome.status, 0)
            refers = outcome.received("REFER")
            findings.equal("REFERs", len(refers), 1)
            if refers:
                findings.equal("Refer-To", refers[0].value("Refer-To"), f"<{_NOWHERE}{_QUERY}>")
            findings.raise_any(
                f"{outcome.ladder()}\n{outcome.errors[-800:]}\n{application.output()[-800:]}"
            )

        return run

    def _nothing_left(self):
        findings = Findings()
        findings.true("no call lives", until(lambda: not self._server.live(), 10, 0.2))
        findings.equal("media ports in use", self._server.media_ports(), [])
        findings.equal("problems in the log", self._server.log_problems(), [])
        findings.raise_any()

    def _live(self, example):
        return [c for c in self._server.live() if f"{example.name}-heard" in c["to"]]

    def _transfers(self, example):
        call = next(c for c in self._server.calls() if f"{example.name}-heard" in c["to"])
        return self._server.call(call["sid"])["transfers"]


def _speech(phone, since, seconds):
    """Waits until the phone has heard so many seconds of sound after a moment, and then a pause."""

    def found():
        sound = phone.heard()
        if not sound:
            return False
        later = sound.part(since, sound.seconds)
        spans = later.loud()
        return (
            sum(end - start for start, end in spans) >= seconds
            and later.seconds - spans[-1][1] > 0.3
        )

    return until(found, 20, every=0.25)


def _listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


@contextmanager
def billing_lines(env):
    """The ring, closed afterwards."""
    ring = BillingLines(env)
    try:
        yield ring
    finally:
        ring.close()
