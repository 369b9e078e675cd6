"""The vendors' official libraries as clients of the REST APIs: they place calls, read them, change
them in mid-call, transfer them, and end them, unmodified.

The parties of the calls are SIPp. Each library runs in one process that all its cases ask; what is
checked is what the library returns or raises, what the application is told, what is on the wire,
and the server's own view.
"""

from contextlib import contextmanager

from far_ends import BEHAVIOURS
from rest_lists import LIST_CASES
from rest_refusals import REFUSAL_CASES, FOREIGN_ACCOUNTS
from ring.application import Application, Reply
from ring.called_end import CalledEnd
from ring.client_words import WORDS
from ring.clients import CLIENTS, Client, Refused
from ring.crowd import Crowd
from ring.dialects import ALL
from ring.endings import ANSWERED, ENDINGS, RINGING, TOLD
from ring.hookflash import ConfiguredApplication, Hookflash, Settings
from ring.process import until
from ring.runner import Case, Findings
from ring.scenario import FarEnd
from ring.sipp import Sipp
from ring.view import check_transfer

TARGET = "sip:bob@192.0.2.7:5090;transport=udp?X-Account=1%3B2&X-Note=a%20b"
_PLAYED = (
    "accepts-and-waits-for-bye", "target-fails-with-486", "refuses-with-405",
    "hangs-up-while-ringing",
)
_BEHAVIOURS = {b.name: b for b in BEHAVIOURS if b.name in _PLAYED}


class Stage:
    """One case of one library: its call, its URLs, and what is found."""

    def __init__(self, ring, client, number, case):
        self.ring, self.client, self.case = ring, client, case
        self.sdk = client.sdk.name
        self.dialect = ALL[client.sdk.dialect]
        self.words = WORDS[client.sdk.dialect]
        self.findings = Findings()
        #: a calling party of its own, so that lists can be filtered
        self.caller = f"+1555{number:07}"
        self.far, self.sid = None, None
        self.outcome = None

    def url(self, kind):
        """A URL of the application for this case; `kind` says what it answers."""
        return f"{self.ring.application.url}/{self.sdk}/{kind}/{self.case}"

    def requests(self, kind, count=1, seconds=8):
        """The fields of what was asked for at such a URL."""
        path = f"/{self.sdk}/{kind}/{self.case}"
        found = self.ring.application.await_requests(path, count, seconds)
        return [self.dialect.fields(r) for r in found if r.path == path]

    # The parties

    def places(self, far, **more):
        """Has a call placed to this far end."""
        self.far = self._sipp(far)
        url = None if {"twiml", "application_sid"} & set(more) else self.url("hold")
        order = self.words.order(self, self.far.uri, url, **more)
        self.sid = self.words.sid(self.client.ask("create", **order))

    def is_answered(self, far=None, **more):
        """Has a call placed, and waits until its first document was fetched."""
        self.places(far, **more)
        self.findings.equal("requests for the first document", len(self.requests("hold")), 1)

    def is_called_by(self, far):
        """A call comes in; it waits as its document says."""
        user = f"{self.sdk}-{self.case}"
        self.far = self._sipp(far, user)
        found = until(lambda: self._voice(user), 10)
        assert found, "the application was not asked about the inbound call"
        self.sid = self.dialect.call_sid(found)
        answered = until(lambda: self.ring.server.call(self.sid)["answeredAt"], 8)
        self.findings.true("the inbound call is answered", answered)

    def finishes(self):
        """The far end has played its part."""
        self.outcome = self.far.finish()
        self.findings.equal("SIPp's exit status", self.outcome.status, 0)
        return self.outcome

    # What is known of the call

    def stands(self, word):
        """The library fetches the call until its status is this."""
        call = until(lambda: self._fetched_as(word), 8, every=0.1)
        got = call or self.client.ask("fetch", sid=self.sid)
        self.findings.equal("status of the call", self.words.word(got), word)
        return got

    def ended(self, ending):
        """The call has ended so: for whoever fetches it, and in one final status callback."""
        wanted = ENDINGS[ending][self.dialect.name]
        call = until(lambda: self._fetched_over(), 8, every=0.1)
        self.findings.true("the call is over for the library", call)
        if call:
            self.findings.equal("word of the ended call", self.words.word(call), wanted)
        told = until(lambda: self.finals(), 10) or []
        self.findings.equal("final status callbacks", len(told), 1)
        for fields in told:
            self.findings.equal("word of the final callback", self.dialect.status(fields), wanted)
        return call

    def finals(self):
        """The final status callbacks so far."""
        return [f for f in self.requests("status", 0, 0) if self.dialect.is_final(f)]

    def told_in_order(self, wanted):
        """The status callbacks were these, and numbered if the vendor numbers them."""
        told = self.requests("status", len(wanted))
        self.findings.equal("status callbacks", [self.dialect.status(f) for f in told], wanted)
        if "SequenceNumber" in (told or [{}])[0]:
            numbers = [f["SequenceNumber"] for f in told]
            self.findings.equal("their numbers", numbers, [str(n) for n in range(len(wanted))])

    def refused(self, wanted, do, **arguments):
        """What must be refused is, as the vendor does."""
        error = self.client.refused(do, **arguments)
        # One library tells of a missing call in words alone.
        if wanted.status == 404 and error and "not found" in str(error.problem.get("message")):
            return
        self.findings.equal(f"refusal of {do}", wanted.problem(error), None)

    def _sipp(self, far, user="far"):
        name = f"{self.sdk}-{self.case}".replace("/", "-")
        return Sipp(
            self.ring.work, name, far.xml(name), self.ring.server.sip_port, user,
            seconds=40,
        )

    def _voice(self, user):
        asked = self.ring.application.requests(f"/{self.sdk}/voice")
        fields = [self.dialect.fields(r) for r in asked]
        return next((f for f in fields if user in (f.get("To") or f.get("to"))), None)

    def _fetched_as(self, word):
        call = self.client.ask("fetch", sid=self.sid)
        return call if self.words.word(call) == word else None

    def _fetched_over(self):
        call = self.client.ask("fetch", sid=self.sid)
        return call if self.words.is_over(call) else None


class RestApis:
    """One server, one application, and every library."""

    def __init__(self, env):
        self.work = env.work / "rest-apis"
        self.application = Application(self._answer)
        self.server = Hookflash(
            env.binary, env.work, "rest-apis",
            Settings(
                [
                    ConfiguredApplication(
                        library.name, library.dialect,
                        f"{self.application.url}/{library.name}/voice/inbound",
                        f"{library.name}-*",
                        status_callback=f"{self.application.url}/{library.name}/status/inbound",
                    )
                    for library in CLIENTS
                ],
                store=f"sqlite://{env.work}/rest-apis/hookflash.db",
                extra=FOREIGN_ACCOUNTS,
            ),
        )
        self.crowd = Crowd()
        base = f"http://127.0.0.1:{self.server.http_port}"
        self._clients = [Client(env, library, base) for library in CLIENTS]
        self._cases = 0

    def close(self):
        """Ends everything."""
        for client in self._clients:
            client.stop()
        self.server.stop()
        self.crowd.close()
        self.application.close()

    def cases(self):
        """Each case with each library that can do it."""
        for play, *needs in _CASES + REFUSAL_CASES + LIST_CASES:
            for client in self._clients:
                if all(need(client.sdk) for need in needs):
                    yield self._case(client, play.__name__.strip("_").replace("_", "-"), play)
        for client in self._clients:
            for leg in ("outbound", "inbound"):
                for way in _ways(client.sdk, leg):
                    for behaviour in _BEHAVIOURS.values():
                        yield self._case(
                            client, f"refers-{leg}-by-{way}-{behaviour.name}",
                            _transfer(leg, way, behaviour),
                        )

    def afterwards(self):
        """What must hold when all is over."""
        yield Case("rest/nothing-is-left", self._nothing_is_left)

    def _case(self, client, name, play):
        self._cases += 1
        number = self._cases

        def run():
            stage = Stage(self, client, number, name)
            context = ""
            try:
                play(stage)
            except Refused as error:
                stage.findings.true(f"refused: {error}", False)
            except AssertionError as error:
                stage.findings.true(str(error), False)
            finally:
                if stage.far:
                    outcome = stage.outcome or stage.far.cut_short()
                    context = f"{outcome.ladder()}\n{outcome.errors[-600:]}"
            stage.findings.raise_any(context)

        return Case(f"rest/{client.sdk.name}/{name}", run)

    def _answer(self, request):
        _, name, kind, case = request.path.split("/", 3)
        dialect = ALL[next(lib.dialect for lib in CLIENTS if lib.name == name)]
        documents = {
            "voice": dialect.hold,
            "hold": dialect.hold,
            "first": dialect.hold,
            "second": dialect.hold,
            "refer": lambda: dialect.refer(TARGET, result=f"/{name}/done/{case}"),
            "done": lambda: dialect.redirect(f"/{name}/after/{case}"),
            "after": dialect.hangup,
        }
        if kind in documents:
            return Reply(documents[kind](), dialect.content_type)
        return Reply("", None, 204)

    def _nothing_is_left(self):
        findings = Findings()
        findings.true("no call lives", until(lambda: not self.server.live(), 10, 0.2))
        findings.equal("media ports in use", self.server.media_ports(), [])
        findings.equal("SIP left", until(lambda: not self.server.census(), 40, 0.5), True)
        findings.equal("problems in the log", self.server.log_problems(), [])
        findings.raise_any(str(self.server.census()))


def _ways(library, leg):
    """How a library can have a call transferred in its middle."""
    # Bandwidth transfers inbound calls alone; what it says of others is a case of its own.
    if library.dialect == "bxml" and leg == "outbound":
        return []
    ways = ["url"]
    if WORDS[library.dialect].has_documents:
        ways.append("document")
    return ways


def _transfer(leg, way, behaviour):
    def play(stage):
        facts, dialect = behaviour.facts, stage.dialect
        far = CalledEnd() if leg == "outbound" else FarEnd()
        if leg == "outbound":
            far.is_called()
            behaviour.play(far)
            stage.is_answered(far)
        else:
            far.calls()
            behaviour.play(far)
            stage.is_called_by(far)
        if way == "url":
            stage.client.ask("redirect", sid=stage.sid, url=stage.url("refer"))
        else:
            document = dialect.refer(TARGET, result=stage.url("done"))
            stage.client.ask("document", sid=stage.sid, document=document)
        results = stage.requests("done", 1, 12)
        stage.findings.equal("result callbacks", len(results), 1)
        for fields in results:
            got = {k: v for k, v in fields.items() if dialect.is_result_field(k)}
            stage.findings.equal("result", got, dialect.result(facts, facts.refer))
        outcome = stage.finishes()
        targets = {m.value("Refer-To") for m in outcome.received("REFER")}
        stage.findings.equal("Refer-To", targets, {f"<{TARGET}>"})
        over = behaviour.hangs_up or dialect.ends_call_after_success and facts.final == 200
        if not over:
            stage.findings.equal("what the reply said is done", len(stage.requests("after")), 1)
        if leg == "outbound":
            stage.ended("completed")
        view = until(lambda: _ended_view(stage), 8) or {"transfers": []}
        stage.findings.equal("transfers in the view", len(view["transfers"]), 1)
        for transfer in view["transfers"]:
            check_transfer(stage.findings, transfer, facts)

    return play


def _ended_view(stage):
    call = stage.ring.server.call(stage.sid)
    return call if call["endedAt"] else None


# The life of a call


def is_answered_and_hung_up(stage):
    """Created, fetched, hung up, fetched again, refused, deleted."""
    far = CalledEnd()
    far.is_called()
    far.is_hung_up()
    stage.is_answered(far)
    call = stage.stands(ANSWERED[stage.dialect.name])
    stage.findings.equal("the call that was fetched", stage.words.sid(call), stage.sid)
    stage.client.ask("hang_up", sid=stage.sid)
    stage.finishes()
    stage.ended("completed")
    stage.told_in_order(TOLD[stage.dialect.name])
    stage.refused(stage.words.finished, "redirect", sid=stage.sid, url=stage.url("first"))
    stage.refused(stage.words.finished, "hang_up", sid=stage.sid)
    stage.findings.equal("documents fetched for an ended call", stage.requests("first", 0, 0), [])


def is_deleted(stage):
    """A call that is over is deleted, and is gone. jambonz ends a live call so."""
    far = CalledEnd()
    far.is_called()
    far.is_hung_up()
    stage.is_answered(far)
    if stage.dialect.name == "jambonz":
        stage.client.ask("delete", sid=stage.sid)
        stage.finishes()
        stage.ended("completed")
    else:
        stage.client.ask("hang_up", sid=stage.sid)
        stage.finishes()
        stage.ended("completed")
        stage.client.ask("delete", sid=stage.sid)
        stage.refused(stage.words.unknown, "fetch", sid=stage.sid)
        stage.refused(stage.words.unknown, "delete", sid=stage.sid)


def is_canceled_while_ringing(stage):
    """The called party's phone rings, and stops."""
    far = CalledEnd()
    far.is_invited()
    far.rings()
    far.is_canceled()
    stage.places(far)
    stage.stands(RINGING[stage.dialect.name])
    stage.client.ask("cancel", sid=stage.sid)
    stage.finishes()
    stage.ended("canceled")
    stage.findings.equal("documents", stage.requests("hold", 0, 0), [])


def _refuses_the_call(code, ending):
    def play(stage):
        far = CalledEnd()
        far.is_invited()
        far.rings()
        far.refuses(code)
        stage.places(far)
        stage.finishes()
        stage.ended(ending)

    play.__name__ = f"is_refused_with_{code}"
    return play


def is_not_answered(stage):
    """Nobody picks up in time."""
    far = CalledEnd()
    far.is_invited()
    far.rings()
    far.is_canceled()
    stage.places(far, timeout=4)
    stage.finishes()
    stage.ended("not-answered")


def is_redirected(stage):
    """The document that waits is interrupted at once by another one; that one by a third."""
    far = CalledEnd()
    far.is_called()
    far.is_hung_up()
    stage.is_answered(far)
    for kind in ("first", "second", "after"):
        stage.client.ask("redirect", sid=stage.sid, url=stage.url(kind))
        stage.findings.equal(f"requests for the {kind} document", len(stage.requests(kind)), 1)
    stage.finishes()
    stage.ended("completed")


def is_updated_twice_at_once(stage):
    """Two documents at the same time: both are accepted, one stays, and the call is not lost."""
    far = CalledEnd()
    far.is_called()
    far.is_hung_up()
    stage.is_answered(far)
    answers = stage.client.at_once(
        ("redirect", {"sid": stage.sid, "url": stage.url("first")}),
        ("redirect", {"sid": stage.sid, "url": stage.url("second")}),
    )
    for answer in answers:
        problem = answer.get("error") if isinstance(answer, dict) else None
        stage.findings.equal("error of an update", problem, None)
    fetched = until(lambda: stage.requests("first", 0, 0) + stage.requests("second", 0, 0), 8)
    stage.findings.true("no document was fetched", fetched)
    stage.stands(ANSWERED[stage.dialect.name])
    answers = stage.client.at_once(
        ("hang_up", {"sid": stage.sid}), ("hang_up", {"sid": stage.sid}),
    )
    errors = [a["error"] for a in answers if isinstance(a, dict) and a.get("error")]
    stage.findings.true(f"both hang-ups were refused: {errors}", len(errors) < 2)
    outcome = stage.finishes()
    byes = {m.value("CSeq") for m in outcome.received("BYE")}
    stage.findings.equal("BYE requests (by CSeq)", len(byes), 1)
    stage.ended("completed")


def runs_a_document_of_its_own(stage):
    """The document comes with the order; nobody is asked for one."""
    far = CalledEnd()
    far.is_called()
    far.is_hung_up()
    stage.places(far, twiml=stage.dialect.redirect(stage.url("hold")))
    stage.findings.equal("what the document asks for", len(stage.requests("hold")), 1)
    stage.client.ask("document", sid=stage.sid, document=stage.dialect.hangup())
    stage.finishes()
    stage.ended("completed")


def runs_an_application(stage):
    """The order names an application of the configuration instead of a URL."""
    far = CalledEnd()
    far.is_called()
    far.is_hung_up()
    stage.places(far, application_sid=stage.sdk)


    def told(kind):
        found = stage.ring.application.requests(f"/{stage.sdk}/{kind}/inbound")
        fields = [stage.dialect.fields(r) for r in found]
        return [f for f in fields if stage.dialect.call_sid(f) == stage.sid]

    stage.findings.true("the application's own URL is asked", until(lambda: told("voice"), 8))
    stage.client.ask("hang_up", sid=stage.sid)
    stage.finishes()
    # With an application its own URLs count, whatever else the order names.
    finals = until(lambda: [f for f in told("status") if stage.dialect.is_final(f)], 8) or []
    words = [stage.dialect.status(f) for f in finals]
    stage.findings.equal("final callbacks to the application", words, ["completed"])
    stage.findings.equal("callbacks to the order's URL", stage.requests("status", 0, 0), [])


def outbound_calls_are_not_referred(stage):
    """Bandwidth refers inbound calls alone: no REFER, `failure` without codes, the call goes on."""
    far = CalledEnd()
    far.is_called()
    far.is_hung_up()
    stage.is_answered(far)
    document = stage.dialect.refer(TARGET, result=stage.url("done"))
    stage.client.ask("document", sid=stage.sid, document=document)
    results = stage.requests("done")
    got = [{k: v for k, v in f.items() if stage.dialect.is_result_field(k)} for f in results]
    stage.findings.equal("results", got, [{"referCallStatus": "failure"}])
    outcome = stage.finishes()
    stage.findings.equal("REFER requests", outcome.received("REFER"), [])
    stage.ended("completed")


def transfers_by_the_api_itself(stage):
    """jambonz' `transfer`, which the library has a method for."""
    far = CalledEnd()
    far.is_called()
    behaviour = _BEHAVIOURS["target-fails-with-486"]
    behaviour.play(far)
    stage.is_answered(far)
    stage.client.ask(
        "transfer", sid=stage.sid, mode="blind", blindMethod="refer",
        target=[{"type": "sip", "sipUri": TARGET}], actionHook=stage.url("done"),
    )
    stage.findings.equal("result callbacks", len(stage.requests("done", 1, 12)), 1)
    outcome = stage.finishes()
    targets = {m.value("Refer-To") for m in outcome.received("REFER")}
    stage.findings.equal("Refer-To", targets, {f"<{TARGET}>"})
    stage.ended("completed")


def _is_laml(library):
    return library.dialect in ("twiml", "cxml")


def _deletes(library):
    return WORDS[library.dialect].has_deletion


_CASES = [
    (is_answered_and_hung_up,),
    (is_deleted, _deletes),
    (is_canceled_while_ringing,),
    (is_not_answered,),
    (_refuses_the_call(486, "busy"),),
    (_refuses_the_call(603, "declined"),),
    (_refuses_the_call(404, "failed"),),
    (is_redirected,),
    (is_updated_twice_at_once,),
    (runs_a_document_of_its_own, _is_laml),
    (runs_an_application, lambda library: library.dialect != "bxml"),
    (outbound_calls_are_not_referred, lambda library: library.dialect == "bxml"),
    (transfers_by_the_api_itself, lambda library: library.name == "npm-jambonz-sdk"),
]


@contextmanager
def rest_apis(env):
    """Starts what the cases need, and ends it again."""
    ring = RestApis(env)
    try:
        yield ring
    finally:
        ring.close()
