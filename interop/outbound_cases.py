"""What called parties, trunks and proxies do, each told once for all dialects."""

import json
import subprocess
from dataclasses import dataclass
from typing import Callable

from ring.answerer import Answerer, beep, silence, speech
from ring.called_end import CalledEnd
from ring.digest import verify
from ring.dialects import ACCOUNTS, DIALECTS
from ring.endings import ANSWERED, ENDINGS, TOLD
from ring.forking import ForkingProxy
from ring.key_presses import write_capture
from ring.ports import closed_port, free_port, kept_port
from ring.process import until

TARGET = "sip:bob@192.0.2.7:5090;transport=udp?X-Account=1%3B2&X-Note=a%20b"
_USER, _PASSWORD = "hookflash", "trunk-secret"
#: numbers that a trunk has for one case alone, with the port it is on
TRUNKS = {}


@dataclass(frozen=True)
class OutboundCase:
    """One way for a call to go."""

    name: str
    play: Callable
    dialects: tuple
    #: every timer of the server is shortened
    impatient: bool


CASES = []


def case(dialects=DIALECTS, impatient=False):
    """Registers a case under its function's name."""

    def register(play):
        CASES.append(
            OutboundCase(play.__name__.replace("_", "-"), play, dialects, impatient)
        )
        return play

    return register


def _own_trunk(case_name):
    """A trunk of its own for this case in each dialect."""
    for dialect in DIALECTS:
        number = f"+4412{len(TRUNKS):05}"
        TRUNKS[dialect, case_name] = (number, kept_port())


def trunk_settings(trunk_port, full_port):
    """Trunks for the configuration: a dead one and a full one, each before one that works."""
    secrets = f'username = "{_USER}"\npassword = "{_PASSWORD}"\n'
    trunks = [
        ("dead", closed_port(), ["+4410*"], ""),
        ("full", full_port, ["+4411*"], ""),
        *(
            (f"{dialect}-{name}", port, [number], secrets)
            for (dialect, name), (number, port) in TRUNKS.items()
        ),
        ("works", trunk_port, ["+4410*", "+4411*"], ""),
    ]
    return "\n".join(
        f'[[trunks]]\nname = "{name}"\nuri = "sip:127.0.0.1:{port};transport=udp"\n'
        f"numbers = {json.dumps(numbers)}\n{more}"
        for name, port, numbers, more in trunks
    )


# Answered


@case()
def answered_and_hung_up_by_the_party(call):
    """180, 200; the called party says BYE. What is told on the way is told in order."""
    far = CalledEnd()
    far.is_called()
    far.pauses(600)
    far.hangs_up()
    call.is_placed(call.party(far))
    call.finishes()
    call.ended("completed")
    wanted = TOLD[call.dialect.name]
    told = call.requests("status", len(wanted))
    call.findings.equal(
        "status callbacks", [call.dialect.status(f) for f in told], wanted
    )


@case()
def early_media_and_then_an_answer(call):
    """183 with a session description before the 200."""
    far = CalledEnd()
    far.is_invited()
    far.has_early_media()
    far.answers()
    far.is_hung_up()
    call.is_placed(call.party(far))
    call.is_up()
    call.is_hung_up()
    call.finishes()
    call.ended("completed")


@case()
def what_the_called_side_sends_before_its_answer(call):
    """183 with a session description and packets before the 200: they count, and silence is sent."""
    capture = write_capture(call.ring.work / f"early-{call.dialect.name}.pcap", "12")
    far = CalledEnd(rtp_port="[auto_media_port]")
    far.is_invited()
    far.has_early_media(100)
    far.presses(capture, 1600)
    far.answers()
    far.is_hung_up()
    call.is_placed(call.party(far))
    call.is_up()
    call.is_hung_up()
    call.finishes()
    call.ended("completed")
    call.had_media_before_its_answer(1.0)


@case()
def a_reliable_provisional_answer(call):
    """183 with 100rel: PRACK comes, and the answer counts."""
    far = CalledEnd()
    far.is_invited()
    far.rings_reliably()
    far.answers()
    far.is_hung_up()
    call.is_placed(call.party(far))
    call.is_up()
    call.is_hung_up()
    outcome, = call.finishes()
    acknowledged = [m.value("RAck") for m in outcome.received("PRACK")]
    call.findings.equal("PRACK requests", len(acknowledged), 1)
    for rack in acknowledged:
        call.findings.like("RAck", rack, r"1 \d+ INVITE")
    call.ended("completed")


@case(impatient=True)
def a_bye_that_is_never_answered(call):
    """Our BYE gets no answer: the call is over all the same."""
    far = CalledEnd()
    far.is_called()
    far.ignores_bye(4500)
    call.is_placed(call.party(far))
    call.is_up()
    call.is_hung_up()
    call.finishes()
    call.ended("completed")


# Not answered

#: where each vendor tells the SIP code of the end; Bandwidth has none
_CODES = ("SipResponseCode", "SipResultCode", "sip_status")


def _refused(code, ending):
    def play(call):
        far = CalledEnd()
        far.is_invited()
        far.rings()
        far.refuses(code)
        call.is_placed(call.party(far))
        call.finishes()
        for fields in call.ended(ending):
            codes = [fields[name] for name in _CODES if name in fields]
            wanted = [] if call.dialect.name == "bxml" else [str(code)]
            call.findings.equal("SIP code that is told", [str(c) for c in codes], wanted)
        call.findings.equal("documents", call.requests("hold", 0, 0), [])

    play.__name__ = f"refused_with_{code}"
    case()(play)


for _code, _ending in (
    (486, "busy"), (600, "busy-everywhere"), (603, "declined"), (404, "failed"), (480, "unavailable"),
):
    _refused(_code, _ending)


@case()
def nobody_picks_up(call):
    """180 and no more: the ring timeout ends it."""
    far = CalledEnd()
    far.is_invited()
    far.rings()
    far.is_canceled()
    call.is_placed(call.party(far), timeout=4)
    call.finishes()
    call.ended("not-answered")


@case(impatient=True)
def nobody_is_there(call):
    """No answer at all, not even 100."""
    call.is_placed(f"sip:nobody@127.0.0.1:{closed_port()}")
    call.ended("nobody")
    call.findings.equal("documents", call.requests("hold", 0, 0), [])


@case()
def canceled_while_ringing(call):
    """The API ends a call that rings: CANCEL, 487."""
    far = CalledEnd()
    far.is_invited()
    far.rings()
    far.is_canceled()
    call.is_placed(call.party(far))
    until(lambda: len(call.requests("status", 0, 0)) > 1 or call.dialect.name == "bxml", 5)
    until(lambda: call.server.call(call.sid)["status"] in ("ringing", "initiated"), 5)
    reply = call.api.cancel(call.sid)
    call.findings.true(f"cancel: {reply.status} {reply.body[:300]}", reply.status < 300)
    call.finishes()
    call.ended("canceled")


@case()
def an_answer_that_crosses_the_cancel(call):
    """The 200 comes although CANCEL has left: ACK, BYE, and the call was canceled."""
    far = CalledEnd()
    far.is_invited()
    far.rings()
    far.answers_across_the_cancel()
    call.is_placed(call.party(far))
    until(lambda: call.server.call(call.sid)["status"] in ("ringing", "initiated"), 5)
    until(lambda: call.parties[0].has_sent(180), 5)
    reply = call.api.cancel(call.sid)
    call.findings.true(f"cancel: {reply.status} {reply.body[:300]}", reply.status < 300)
    call.finishes()
    call.ended("canceled")
    call.findings.equal("documents", call.requests("hold", 0, 0), [])


# Elsewhere


@case()
def moved_to_somebody_who_answers(call):
    """302 with another Contact, which answers."""
    second = CalledEnd()
    second.is_called()
    second.is_hung_up()
    there = call.party(second, "second")
    first = CalledEnd()
    first.is_invited()
    first.refuses(302, f"Contact: <{there}>\n")
    call.is_placed(call.party(first, "first"))
    call.is_up()
    call.is_hung_up()
    call.finishes()
    call.ended("completed")


@case()
def moved_in_a_circle(call):
    """302 to the same place again and again: it ends after a few."""
    name = f"moves-{call.dialect.name}"
    call.is_placed(call.ring.crowd.uri(name))
    call.ended("failed")
    invited = call.ring.crowd.invited().get(name, 0)
    call.findings.true(f"{invited} INVITEs", 1 <= invited <= 6)


@case()
def two_phones_pick_up(call):
    """A proxy forks; both parties answer. One has the call, the other one gets ACK and BYE."""
    quick, slow = CalledEnd(proxies=1), CalledEnd(proxies=1)
    quick.is_called()
    quick.is_hung_up()
    slow.is_invited()
    slow.rings()
    slow.pauses(300)
    slow.answers()
    slow.is_hung_up()
    ports = [free_port(), free_port()]
    for far, name, port in ((quick, "quick", ports[0]), (slow, "slow", ports[1])):
        call.party(far, name, port)
    proxy = ForkingProxy(ports)
    try:
        call.is_placed(proxy.uri)
        call.is_up()
        gone = until(lambda: call.parties[1].has_received("BYE"), 5)
        call.findings.true("the second to answer is let go", gone)
        call.findings.true(
            "the first to answer keeps the call", not call.parties[0].has_received("BYE")
        )
        call.is_hung_up()
        call.finishes()
        call.ended("completed")
    finally:
        proxy.close()


# Credentials


for _name in ("credentials-are-asked-for", "credentials-are-never-right"):
    _own_trunk(_name)


@case()
def credentials_are_asked_for(call):
    """401 to the INVITE: the trunk's credentials are shown, and so they are for BYE."""
    number, port = TRUNKS[call.dialect.name, "credentials-are-asked-for"]
    far = CalledEnd()
    far.is_invited()
    far.demands_credentials()
    far.is_called()
    far.is_hung_up()
    call.party(far, port=port)
    call.is_placed(number)
    call.is_up()
    call.is_hung_up()
    outcome, = call.finishes()
    invites = {m.value("CSeq"): m for m in outcome.received("INVITE")}
    call.findings.equal("INVITEs (by CSeq)", len(invites), 2)
    if len(invites) == 2:
        shown = list(invites.values())[-1].value("Authorization")
        call.findings.equal(
            "credentials", verify(shown, "INVITE", _USER, _PASSWORD), None
        )
    call.ended("completed")


@case()
def credentials_are_never_right(call):
    """401 again and again: it ends after two or three."""
    number, port = TRUNKS[call.dialect.name, "credentials-are-never-right"]
    far = CalledEnd()
    for nonce in ("first", "second"):
        far.is_invited()
        far.demands_credentials(nonce=nonce)
    call.party(far, port=port)
    call.is_placed(number)
    call.finishes()
    call.ended("failed")


@case()
def nobody_knows_any_credentials(call):
    """401 from a party for which none are configured."""
    name = f"distrusts-{call.dialect.name}"
    call.is_placed(call.ring.crowd.uri(name))
    call.ended("failed")
    call.findings.equal("INVITEs", call.ring.crowd.invited().get(name), 1)


# Trunks


@case(impatient=True)
def a_dead_trunk_and_then_one_that_works(call):
    """The first trunk for the number does not answer; the second one does."""
    call.is_placed(f"+4410{call.caller[-7:]}")
    call.is_up()
    call.ended("completed")


@case()
def a_full_trunk_and_then_one_that_works(call):
    """The first trunk says 503; the second one takes the call."""
    number = f"+4411{call.caller[-7:]}"
    call.is_placed(number)
    call.is_up()
    call.ended("completed")
    call.findings.equal("asked of the other one", call.ring.trunk.invited().get(number), 1)
    # It is left alone for a while once it has said so.
    call.findings.true("nothing was asked of the full trunk", call.ring.full_trunk.invited())


@case()
def a_number_that_no_trunk_takes(call):
    """There is no way to reach it, which is said at once; there is no call."""
    reply = call.api.create("+999000111", call.caller, call.url("hold"), call.url("status"))
    call.findings.equal("status", reply.status, 400)
    call.findings.true(f"the reason is not told: {reply.body}", b"trunk" in reply.body)
    call.findings.equal("callbacks", call.requests("status", 0, 0), [])


# Mid-call


def _interrupted(kind, document):
    def play(call):
        far = CalledEnd()
        far.is_called()
        far.is_hung_up()
        call.says("running", document(call))
        call.is_placed(call.party(far), call.url("running"))
        call.findings.equal("requests for the document", len(call.requests("running")), 1)
        until(lambda: _verb_runs(call), 5)
        call.is_redirected("after")
        call.findings.equal("requests for the next one", len(call.requests("after", 1, 5)), 1)
        call.finishes()
        call.ended("completed")
        call.findings.equal("callbacks of the interrupted verb", call.requests("never", 0, 0), [])

    play.__name__ = f"interrupts_{kind}"
    case()(play)


def _verb_runs(call):
    return call.server.call(call.sid)["verbs"]


_interrupted("a_prompt", lambda call: call.words.document(
    call.words.play(f"{call.ring.application.url}/tone.wav")
))
_interrupted("a_pause", lambda call: call.words.document(call.words.pause(30)))
_interrupted("a_gather", lambda call: call.words.document(
    call.words.gather(call.url("never"), f"{call.ring.application.url}/tone.wav", 5)
))


@case(dialects=("twiml", "cxml", "bxml"))
def interrupts_a_recording(call):
    """The recording ends, and its action is not asked."""
    far = CalledEnd()
    far.is_called()
    far.is_hung_up()
    words = call.words
    call.says("running", words.document(words.record(call.url("never"), call.url("told"), 30)))
    call.is_placed(call.party(far), call.url("running"))
    until(lambda: _verb_runs(call), 5)
    call.is_redirected("after")
    call.findings.equal("requests for the next one", len(call.requests("after", 1, 5)), 1)
    call.finishes()
    call.ended("completed")
    call.findings.equal("callbacks of the interrupted verb", call.requests("never", 0, 0), [])


@case(dialects=("twiml", "cxml", "jambonz"))
def interrupts_a_transfer(call):
    """The transfer is superseded, and nothing is told of it."""
    far = CalledEnd()
    far.is_called()
    far.is_referred()
    far.accepts()
    far.notifies(100)
    far.is_hung_up()
    call.is_placed(call.party(far), call.url("refer"))
    notified = until(lambda: [
        t for t in call.server.call(call.sid)["transfers"] if t["notifyStatuses"]
    ], 8)
    call.findings.true("the transfer is under way", notified)
    call.is_redirected("after")
    call.findings.equal("requests for the next one", len(call.requests("after", 1, 5)), 1)
    call.finishes()
    call.ended("completed")
    call.findings.equal("result callbacks", call.requests("done", 0, 0), [])
    ends = [t["end"] for t in call.server.call(call.sid)["transfers"]]
    call.findings.equal("ends of transfers", ends, ["superseded"])


@case(dialects=("twiml", "cxml", "jambonz"))
def hung_up_during_a_transfer(call):
    """The transfer is canceled, and its result is told once."""
    far = CalledEnd()
    far.is_called()
    far.is_referred()
    far.accepts()
    far.notifies(100)
    far.is_hung_up()
    call.is_placed(call.party(far), call.url("refer"))
    until(lambda: [
        t for t in call.server.call(call.sid)["transfers"] if t["notifyStatuses"]
    ], 8)
    call.is_hung_up()
    call.finishes()
    call.ended("completed")
    call.findings.equal("result callbacks", len(call.requests("done", 1, 5)), 1)
    outcomes = [t["outcome"] for t in call.server.call(call.sid)["transfers"]]
    call.findings.equal("outcomes of transfers", outcomes, ["canceled"])


# What the order says


@case(dialects=("twiml", "cxml"))
def keys_are_sent_after_the_answer(call):
    """SendDigits is heard by whoever picks up, before the document runs."""
    party = Answerer(call.server.sip_port)
    try:
        call.is_placed(party.uri, more={"SendDigits": "12w3#"})
        call.is_up()
        heard = until(lambda: party.keys() == "123#", 8)
        call.findings.true(f"keys heard: {party.keys()}", heard)
        call.is_hung_up()
        call.findings.true("the server hangs up", party.ended.wait(5))
        call.ended("completed")
    finally:
        party.close()


_HEADERS = {
    "twiml": {"To": "{uri}?X-Account=4711"},
    "cxml": {"To": "{uri}?X-Account=4711"},
    "bxml": {"uui": "NDcxMQ==;encoding=base64"},
    "jambonz": {"headers": {"X-Account": "4711"}},
}


@case()
def header_fields_reach_the_party(call):
    """What the order says about header fields stands in the INVITE."""
    party = Answerer(call.server.sip_port)
    try:
        more = {
            name: value.format(uri=party.uri) if isinstance(value, str) else value
            for name, value in _HEADERS[call.dialect.name].items()
        }
        call.is_placed(party.uri, more=more)
        call.is_up()
        name, wanted = ("User-to-User", "NDcxMQ==;encoding=base64")
        if call.dialect.name != "bxml":
            name, wanted = "X-Account", "4711"
        call.findings.equal(name, party.invite(name), wanted)
        call.findings.true(
            "From is who calls", call.caller in (party.invite("From") or "")
        )
        call.is_hung_up()
        call.ended("completed")
    finally:
        party.close()


# The command line


@case()
def placed_from_the_command_line(call):
    """`hookflash call` places a call with one document, and gives it another one in its middle."""
    far = CalledEnd()
    far.is_called()
    refers = call.dialect.name != "bxml"
    if refers:
        far.is_referred()
        far.accepts()
        far.notifies(100)
        far.notifies(200, over=True)
    far.is_hung_up()
    files = {}
    for kind, document in (
        ("first", call.dialect.hold()),
        ("then", call.dialect.refer(TARGET, call.url("done")) if refers else call.dialect.hangup()),
    ):
        files[kind] = call.ring.work / f"{call.dialect.name}-{kind}.document"
        files[kind].write_text(document, encoding="utf-8")
    done = subprocess.run(
        [call.server.binary, "call", call.party(far), "--from", call.caller,
         "--document", files["first"], "--then-document", files["then"], "--then-after", "300ms",
         "--config", call.server.file, "--account", ACCOUNTS[call.dialect.name].sid],
        capture_output=True, text=True, timeout=40, check=False, stdin=subprocess.DEVNULL,
    )
    call.findings.equal(f"exit status: {done.stdout}{done.stderr}", done.returncode, 0)
    told = done.stdout.splitlines()
    answered, ended = ANSWERED[call.dialect.name], ENDINGS["completed"][call.dialect.name]
    call.findings.true(f"printed: {told}", {answered, "goes on with another document"} <= set(told))
    call.findings.true(f"printed at last: {told[-1:]}", told[-1:] in ([ended], [f"disconnected ({ended})"]))
    call.findings.equal("result callbacks", len(call.requests("done", int(refers), 4)), int(refers))
    call.finishes()


# Who picked up

_GREETING = (
    "You have reached the office of Anna Example. Nobody is here to take your call right now."
    " Please leave your name and your number after the tone, and we will call you back."
)


def _picks_up(name, sound, order, answered_by):
    def play(call):
        party = Answerer(call.server.sip_port, says=sound())
        try:
            call.is_placed(party.uri, more=order)
            told = call.requests("hold", 1, 20)
            found = [fields.get("AnsweredBy") for fields in told]
            call.findings.equal("AnsweredBy of the first request", found, [answered_by])
            call.is_hung_up()
            call.ended("completed")
        finally:
            party.close()

    play.__name__ = name
    case(dialects=("twiml", "cxml"))(play)


_picks_up(
    "a_person_picks_up", lambda: speech("Hello?") + silence(20),
    {"MachineDetection": "Enable"}, "human",
)
_picks_up(
    "a_machine_picks_up", lambda: speech(_GREETING) + beep() + silence(20),
    {"MachineDetection": "Enable"}, "machine_start",
)
_picks_up(
    "a_machine_says_its_greeting", lambda: speech(_GREETING) + beep() + silence(20),
    {"MachineDetection": "DetectMessageEnd"}, "machine_end_beep",
)
