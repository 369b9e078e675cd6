"""Registrations both ways: baresip is a user of the server, the server is a customer of Kamailio.

The phone registers, is called through the API, calls in, and is transferred; the provider takes
the server's registration, hands it calls, and challenges those that it places.
"""

import re
import signal
from contextlib import contextmanager

from ring.application import Application, Reply
from ring.baresip import Baresip
from ring.caller import Caller
from ring.crowd import Crowd
from ring.dialects import ALL
from ring.endings import ENDINGS
from ring.hookflash import ConfiguredApplication, Hookflash, Settings
from ring.kamailio import Provider
from ring.process import until
from ring.rest import APIS
from ring.runner import Case, Findings

_DOMAIN = "ring.example"
_USERS = ("anna", "bob", "carol")


class Registrations:
    """One server with users, one with a provider; an application for both."""

    def __init__(self, env):
        self._env = env
        self._application = Application(self._answer)
        applications = [
            ConfiguredApplication(
                name, name, f"{self._application.url}/{name}/voice/inbound", f"{name}-*"
            )
            for name in ALL
        ]
        users = "\n".join(
            f'[[users]]\nname = "{name}"\ndomain = "{_DOMAIN}"\npassword = "secret-{name}"\n'
            for name in _USERS
        )
        self._registrar = Hookflash(
            env.binary, env.work, "registrar",
            # Debian's baresip gives up when it is offered anything but MD5.
            Settings(
                applications, admits=(), sip=f'domains = ["{_DOMAIN}"]\ndigest = ["MD5"]',
                extra=users,
            ),
        )
        self._crowd = Crowd()
        self._provider = Provider(env.work, "twiml-line", "provider-secret", self._crowd.port)
        trunk = (
            f'[[trunks]]\nname = "provider"\nuri = "sip:127.0.0.1:{self._provider.port}"\n'
            'numbers = ["+44*"]\nusername = "twiml-line"\npassword = "provider-secret"\n'
            "register = true\n"
        )
        self._customer = Hookflash(
            env.binary, env.work, "customer", Settings(applications, extra=trunk)
        )
        self._anna = Baresip(env.work, "anna-desk", registers=self._account("anna"))

    def close(self):
        """Ends everything."""
        self._anna.stop()
        self._registrar.stop()
        self._customer.stop()
        self._provider.stop()
        self._crowd.close()
        self._application.close()

    def cases(self):
        """The phone's, one after another; then the provider's."""
        yield Case("registrations/baresip/registers", self._registers)
        for dialect in ALL.values():
            yield Case(f"registrations/baresip/is-called/{dialect.name}", self._is_called(dialect))
        for dialect in ALL.values():
            yield Case(f"registrations/baresip/calls-in/{dialect.name}", self._calls_in(dialect))
        for name in ("twiml", "cxml", "jambonz"):
            yield Case(
                f"registrations/baresip/is-transferred/{name}", self._is_transferred(ALL[name])
            )
        yield Case("registrations/a-wrong-password-registers-nobody", self._wrong_password)
        yield Case("registrations/nobody-is-where-nobody-registered", self._unregistered)
        yield Case("registrations/kamailio/takes-the-registration", self._registered)
        yield Case("registrations/kamailio/hands-calls-over", self._handed_over)
        yield Case("registrations/kamailio/challenges-our-calls", self._challenged)
        yield Case("registrations/kamailio/is-told-at-the-end", self._unregistered_at_the_end)

    # The phone

    def _account(self, name, password=None):
        return (name, _DOMAIN, password or f"secret-{name}", self._registrar.sip_port)

    def _registers(self):
        findings = Findings()
        findings.equal("status of REGISTER", self._anna.registration(), 200)
        view = str(self._registrar.get("/hookflash/v1/registrations"))
        findings.true(f"not in the view: {view}", "anna" in view)
        findings.raise_any(self._anna.process.output()[-800:])

    def _is_called(self, dialect):
        def run():
            findings = Findings()
            api, case = self._api(self._registrar, dialect), "is-called"
            reply = self._place(api, f"sip:anna@{_DOMAIN}", case)
            findings.true(f"{reply.status} {reply.body[:300]}", reply.status < 300)
            findings.equal("first document", len(self._requests(dialect, "hold", case)), 1)
            api.hang_up(api.sid(reply))
            self._check_end(findings, dialect, case, "completed")
            findings.raise_any(f"{self._anna.events()}")

        return run

    def _calls_in(self, dialect):
        def run():
            findings = Findings()
            before = len(self._requests(dialect, "voice", "inbound", 0))
            self._anna.command("dial", f"sip:{dialect.name}-desk@{_DOMAIN}")
            found = self._requests(dialect, "voice", "inbound", before + 1)
            findings.equal("requests for the first document", len(found), before + 1)
            if found:
                caller = found[-1].get("From") or found[-1].get("from")
                findings.true(f"the caller is {caller}", "anna" in caller)
            up = until(lambda: [c for c in self._registrar.live() if c["answeredAt"]], 8)
            findings.true("the call is answered", up)
            self._anna.command("hangup")
            findings.true("the call ends", until(lambda: not self._registrar.live(), 8))
            findings.raise_any(f"{self._anna.events()}")

        return run

    def _is_transferred(self, dialect):
        def run():
            findings = Findings()
            api, case = self._api(self._registrar, dialect), "is-transferred"
            reply = self._place(api, f"sip:anna@{_DOMAIN}", case)
            findings.equal("first document", len(self._requests(dialect, "hold", case)), 1)
            before = len(self._requests(dialect, "voice", "inbound", 0))
            redirected = api.redirect(api.sid(reply), self._url(dialect, "refer", case))
            findings.true(f"redirect: {redirected.status}", redirected.status < 300)
            # The phone follows: it calls the target through the server, which answers that call.
            asked = self._requests(dialect, "voice", "inbound", before + 1)
            findings.equal("calls to the target", len(asked), before + 1)
            results = self._requests(dialect, "done", case)
            findings.equal("result callbacks", len(results), 1)
            for fields in results:
                told = str(
                    fields.get("NotifySipResponseCode") or fields.get("final_referred_call_status")
                )
                findings.equal("final status", told, "200")
            self._check_end(findings, dialect, case, "completed")
            self._anna.command("hangup")
            findings.true("all calls end", until(lambda: not self._registrar.live(), 10))
            findings.raise_any(f"{self._anna.events()}\n{self._anna.process.output()[-800:]}")

        return run

    def _wrong_password(self):
        phone = Baresip(
            self._env.work, "carol-desk", registers=self._account("carol", "something-else")
        )
        findings = Findings()
        try:
            status = phone.registration()
            findings.equal("status of REGISTER", status, 401)
            view = str(self._registrar.get("/hookflash/v1/registrations"))
            findings.true(f"carol is in the view: {view}", "carol" not in view)
        finally:
            phone.stop()
        findings.raise_any(phone.process.output()[-800:])

    def _unregistered(self):
        findings = Findings()
        dialect, case = ALL["twiml"], "unregistered"
        reply = self._place(self._api(self._registrar, dialect), f"sip:bob@{_DOMAIN}", case)
        findings.equal("status", reply.status, 400)
        findings.true(f"the reason is not told: {reply.body}", b"regist" in reply.body)
        findings.raise_any()

    # The provider

    def _registered(self):
        findings = Findings()
        found = until(lambda: self._provider.registrations(), 10)
        findings.true("Kamailio has a registration", found)
        view = str(self._customer.get("/hookflash/v1/registrations"))
        findings.true(f"not in the view: {view}", "provider" in view)
        findings.raise_any()

    def _handed_over(self):
        findings = Findings()
        phone = Caller(self._provider.port, "twiml-line")
        try:
            findings.equal("status of the INVITE", phone.dial(), 200)
            findings.true("the call is in the view", self._customer.live())
        finally:
            phone.close()
        findings.true("the call ends", until(lambda: not self._customer.live(), 8))
        findings.raise_any()

    def _challenged(self):
        findings = Findings()
        dialect, case = ALL["twiml"], "challenged"
        reply = self._place(self._api(self._customer, dialect), "+442071838750", case)
        findings.true(f"{reply.status} {reply.body[:300]}", reply.status < 300)
        findings.equal("first document", len(self._requests(dialect, "hold", case)), 1)
        self._check_end(findings, dialect, case, "completed")
        findings.raise_any()

    def _unregistered_at_the_end(self):
        findings = Findings()
        self._customer.process.signal(signal.SIGTERM)
        findings.equal("exit status", self._customer.process.wait(20), 0)
        last = until(
            lambda: re.search(r"expires 0\b", (self._provider.registrations() or [""])[-1]), 5
        )
        findings.true(f"unregistered: {self._provider.registrations()}", last)
        phone = Caller(self._provider.port, "twiml-line")
        try:
            findings.equal("status of the INVITE", phone.dial(), 404)
        finally:
            phone.close()
        findings.raise_any()

    # The application

    def _api(self, server, dialect):
        return APIS[dialect.name](server, dialect.name)

    def _url(self, dialect, kind, case):
        return f"{self._application.url}/{dialect.name}/{kind}/{case}"

    def _place(self, api, to, case):
        dialect = ALL[api.dialect]
        return api.create(
            to, "+15550001111", self._url(dialect, "hold", case),
            self._url(dialect, "status", case),
        )

    def _requests(self, dialect, kind, case, count=1):
        path = f"/{dialect.name}/{kind}/{case}"
        found = self._application.await_requests(path, count, 8 if count else 0)
        return [dialect.fields(r) for r in found if r.path == path]

    def _check_end(self, findings, dialect, case, ending):
        def finals():
            told = self._requests(dialect, "status", case, 0)
            return [dialect.status(f) for f in told if dialect.is_final(f)]

        until(finals, 12)
        findings.equal("final status callbacks", len(finals()), 1)
        for word in finals():
            findings.equal("its word", word, ENDINGS[ending][dialect.name])

    def _answer(self, request):
        _, name, kind, case = request.path.split("/", 3)
        dialect = ALL[name]
        if kind in ("hold", "voice"):
            return Reply(dialect.hold(), dialect.content_type)
        if kind == "refer":
            target = f"sip:{name}-desk@{_DOMAIN}"
            document = dialect.refer(target, result=f"/{name}/done/{case}")
            return Reply(document, dialect.content_type)
        if kind == "done":
            return Reply(dialect.hangup(), dialect.content_type)
        return Reply("", None, 204)


@contextmanager
def registrations(env):
    """Starts what the cases need, and ends it again."""
    ring = Registrations(env)
    try:
        yield ring
    finally:
        ring.close()
