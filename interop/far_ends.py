"""How far ends behave when they are asked to transfer: each behaviour once, for every dialect.

A behaviour is told as steps of the caller's phone (what SIPp will play) and as the facts that a
truthful transferor must have learned from it. What an application is told about the facts is the
dialect's business and stands in `expected.py`.
"""

from dataclasses import dataclass, field
from typing import Callable

from ring.scenario import FarEnd


@dataclass(frozen=True)
class Facts:
    """What happened on the wire, as far as the transferor can know it."""

    end: str
    outcome: str
    refer: int | None = 202
    notified: tuple[int, ...] = ()
    final: int | None = None
    #: the call is over when the result is known, so that no document can run any more
    call_over: bool = False
    #: statuses that come when the result is known already
    late: tuple[int, ...] = ()
    #: the far end answers REFER late or never: a code may or may not be known
    refer_may_be: tuple[int | None, ...] = ()


@dataclass(frozen=True)
class Behaviour:
    """One way of answering REFER."""

    name: str
    facts: Facts
    play: Callable[[FarEnd], None]
    #: every limit of the server is shortened, because the far end is silent
    impatient: bool = False
    #: the reply to the first result refers again; these are the facts of that second transfer
    again: Facts | None = None
    #: the far end ends the call itself
    hangs_up: bool = False
    #: credentials must have been sent under this header
    credentials: str | None = None
    says: str = field(default="")


BEHAVIOURS: list[Behaviour] = []


def behaviour(facts, **more):
    """Registers a behaviour under its function's name."""

    def register(play):
        name = play.__name__.replace("_", "-")
        BEHAVIOURS.append(Behaviour(name, facts, play, says=play.__doc__, **more))
        return play

    return register


def _followed(*notified, **more):
    return Facts("final", "succeeded", notified=notified, final=notified[-1], **more)


def _failed(*notified, **more):
    return Facts("final", "failed", notified=notified, final=notified[-1], **more)


def _refused(code):
    return Facts("rejected", "failed", refer=code)


def _target_answers(far, final=200):
    far.notifies(100)
    far.notifies(180)
    far.notifies(final, over=True)


# The far end follows the REFER and the target answers


@behaviour(_followed(100, 180, 200))
def accepts_and_waits_for_bye(far):
    """202, NOTIFY 100, 180, 200; the far end leaves the BYE to us."""
    far.is_referred()
    far.accepts()
    _target_answers(far)
    far.is_hung_up()


@behaviour(_followed(100, 180, 200), hangs_up=True)
def accepts_and_hangs_up(far):
    """202, NOTIFY 100, 180, 200, and the far end says BYE itself."""
    far.is_referred()
    far.accepts()
    _target_answers(far)
    far.hangs_up()


# The far end follows the REFER and the target does not answer


def _target_fails(code):
    def play(far):
        far.is_referred()
        far.accepts()
        _target_answers(far, code)
        far.is_hung_up()

    play.__name__ = f"target_fails_with_{code}"
    play.__doc__ = f"202, NOTIFY 100, 180, {code}; the call is still up."
    behaviour(_failed(100, 180, code))(play)


for _code in (486, 404, 603, 487, 302):
    _target_fails(_code)


# The far end leaves


@behaviour(
    Facts("leg_hangup", "canceled", notified=(100, 180), call_over=True), hangs_up=True
)
def hangs_up_while_ringing(far):
    """202, NOTIFY 100 and 180, then BYE."""
    far.is_referred()
    far.accepts()
    far.notifies(100)
    far.notifies(180)
    far.hangs_up()


@behaviour(Facts("leg_hangup", "canceled", call_over=True), hangs_up=True)
def hangs_up_at_once(far):
    """202 and BYE without a single NOTIFY."""
    far.is_referred()
    far.accepts()
    far.hangs_up()


# The far end refuses


def _refuses(code):
    def play(far):
        far.is_referred()
        far.answers_refer(code)
        far.is_hung_up()

    play.__name__ = f"refuses_with_{code}"
    play.__doc__ = f"{code} to REFER; the call goes on."
    behaviour(_refused(code))(play)


for _code in (405, 603, 302, 503):
    _refuses(_code)


@behaviour(Facts("rejected", "failed", refer=481, call_over=True))
def refuses_with_481(far):
    """481 to REFER: the far end no longer knows the call, so the call ends."""
    far.is_referred()
    far.answers_refer(481)
    far.may_be_hung_up()


# The far end says nothing


@behaviour(Facts("timeout", "unknown"), impatient=True)
def accepts_and_falls_silent(far):
    """202 and no NOTIFY at all."""
    far.is_referred()
    far.accepts()
    far.is_hung_up()


@behaviour(Facts("timeout", "unknown", notified=(100, 180)), impatient=True)
def rings_for_ever(far):
    """202, NOTIFY 100 and 180, and nothing more."""
    far.is_referred()
    far.accepts()
    far.notifies(100)
    far.notifies(180)
    far.is_hung_up()


@behaviour(Facts("timeout", "unknown", late=(200,)), impatient=True)
def notifies_after_the_limit(far):
    """202; NOTIFY 200 comes when the limit has passed and the call has ended."""
    far.is_referred()
    far.accepts()
    far.is_hung_up()
    far.notifies(200, over=True)


@behaviour(
    Facts("leg_hangup", "canceled", notified=(100,), call_over=True, late=(200,)),
    hangs_up=True,
)
def notifies_after_hanging_up(far):
    """202, NOTIFY 100, BYE, and a second later NOTIFY 200."""
    far.is_referred()
    far.accepts()
    far.notifies(100)
    far.hangs_up()
    far.pauses(1000)
    far.notifies(200, over=True)


@behaviour(Facts("rejected", "failed", refer=408), impatient=True)
def never_answers(far):
    """No answer to REFER, however often it is sent."""
    far.is_referred()
    far.is_hung_up()


# Order and codes of the answers


@behaviour(_followed(100, 180, 200))
def notifies_before_accepting(far):
    """The first NOTIFY overtakes the 202."""
    far.is_referred()
    far.notifies(100)
    far.accepts()
    far.notifies(180)
    far.notifies(200, over=True)
    far.is_hung_up()


@behaviour(_followed(100, 180, 200))
def notifies_everything_before_accepting(far):
    """All NOTIFYs, the final one included, overtake the 202."""
    far.is_referred()
    _target_answers(far)
    far.accepts()
    far.is_hung_up()


@behaviour(_followed(100, 180, 200, refer=200))
def accepts_with_200(far):
    """200 instead of 202, as RFC 7647 asks."""
    far.is_referred()
    far.answers_refer(200)
    _target_answers(far)
    far.is_hung_up()


@behaviour(_followed(100, 180, 200))
def accepts_late(far):
    """202 after 1.6 s, when REFER has been sent three times."""
    far.is_referred()
    far.pauses(1600)
    far.accepts()
    _target_answers(far)
    far.is_hung_up()


def _challenges(code, field_name):
    def play(far):
        far.is_referred()
        far.challenges(code)
        far.is_referred()
        far.accepts()
        _target_answers(far)
        far.is_hung_up()

    play.__name__ = f"challenges_with_{code}"
    play.__doc__ = f"{code} with a digest challenge, then as usual."
    behaviour(_followed(100, 180, 200), credentials=field_name)(play)


_challenges(401, "Authorization")
_challenges(407, "Proxy-Authorization")


@behaviour(_refused(401), impatient=True)
def challenges_without_credentials_being_known(far):
    """401 with a digest challenge to a server that has no credentials: a refusal."""
    far.is_referred()
    far.challenges(401)
    far.is_hung_up()


# Subscriptions that end without an outcome


@behaviour(Facts("subscription_ended", "unknown", notified=(100,)))
def terminates_with_trying(far):
    """202 and a single NOTIFY: 100, terminated;reason=noresource."""
    far.is_referred()
    far.accepts()
    far.notifies(100, over=True)
    far.is_hung_up()


@behaviour(Facts("subscription_ended", "unknown"))
def terminates_without_body(far):
    """202 and a single NOTIFY: terminated;reason=noresource with no body."""
    far.is_referred()
    far.accepts()
    far.notifies_body("", over=True)
    far.is_hung_up()


# Spellings of message/sipfrag


def _spells(name, doc, body, final=200, content_type="message/sipfrag;version=2.0"):
    def play(far):
        far.is_referred()
        far.accepts()
        far.notifies(100)
        far.notifies_body(body, over=True, content_type=content_type)
        far.is_hung_up()

    play.__name__ = name
    play.__doc__ = doc
    facts = _followed(100, final) if final < 300 else _failed(100, final)
    behaviour(facts)(play)


_spells("sipfrag_without_line_end", "Nothing follows the reason phrase.", "SIP/2.0 200 OK")
_spells(
    "sipfrag_with_headers",
    "Header fields follow the status line.",
    "SIP/2.0 486 Busy Here\nTo: <sip:bob@example.com>;tag=9\n"
    'Reason: Q.850;cause=17;text="User busy"\nWarning: 399 far "200 OK"\n\n',
    final=486,
)
_spells(
    "sipfrag_in_lower_case",
    "Version and media type in lower and mixed case.",
    "sip/2.0 200 ok\n",
    content_type="Message/SipFrag",
)
_spells(
    "sipfrag_with_bare_line_feeds",
    "Lines end with LF alone.",
    r"SIP/2.0 200 OK\x0aContact: <sip:bob@192.0.2.9>\x0a",
)


# The subscription itself


@behaviour(_followed(100, 180, 200))
def names_the_refer_by_id(far):
    """Every NOTIFY carries Event: refer;id= with the CSeq of the REFER."""
    far.is_referred()
    far.accepts()
    far.notifies(100, with_id=True)
    far.notifies(180, with_id=True)
    far.notifies(200, over=True, with_id=True)
    far.is_hung_up()


@behaviour(Facts("no_subscription", "unknown"))
def declines_the_subscription(far):
    """202 with Refer-Sub: false: no NOTIFY will ever come."""
    far.is_referred()
    far.answers_refer(202, "Refer-Sub: false\n")
    far.is_hung_up()


@behaviour(_followed(100, 200))
def leaves_the_subscription_active(far):
    """The final status comes in a NOTIFY that says active."""
    far.is_referred()
    far.accepts()
    far.notifies(100)
    far.notifies(200, state="active;expires=58")
    far.is_hung_up()


@behaviour(_followed(200))
def notifies_only_the_end(far):
    """202 and one NOTIFY: 200, terminated."""
    far.is_referred()
    far.accepts()
    far.notifies(200, over=True)
    far.is_hung_up()


@behaviour(_failed(100, 486), again=_followed(100, 200))
def is_referred_again(far):
    """The first transfer fails with 486; the reply refers again, and that one succeeds."""
    far.is_referred()
    far.accepts()
    far.notifies(100)
    far.notifies(486, over=True)
    far.is_referred()
    far.accepts()
    far.notifies(100, with_id=True)
    far.notifies(200, over=True, with_id=True)
    far.is_hung_up()


# Crossings


@behaviour(
    Facts("leg_hangup", "canceled", refer=None, call_over=True, refer_may_be=(None, 481)),
    hangs_up=True,
)
def crosses_with_bye(far):
    """The far end's BYE crosses our REFER, which then gets 481."""
    far.is_referred()
    far.hangs_up()
    far.answers_refer(481)


@behaviour(_followed(100, 180, 200))
def crosses_with_reinvite(far):
    """The far end's re-INVITE crosses our REFER; both are served."""
    far.is_referred()
    far.reinvites()
    far.accepts()
    _target_answers(far)
    far.is_hung_up()
