"""What the REST APIs must refuse, and how the official libraries see it."""

FOREIGN = {
    "twiml": ("AC" + "0" * 31 + "9", "foreign-twiml"),
    "cxml": ("a1b2c3d4-0000-4000-8000-000000000092", "foreign-cxml"),
    "bxml": ("9900093", "foreign-bxml"),
    "jambonz": ("a1b2c3d4-0000-4000-8000-000000000094", "foreign-jambonz"),
}
#: accounts of somebody else, for the server's configuration
FOREIGN_ACCOUNTS = "\n".join(
    f'[[accounts]]\nsid = "{sid}"\ndialect = "{dialect}"\nauth_token = "{token}"\n'
    for dialect, (sid, token) in FOREIGN.items()
)


def _foreigner(stage):
    sid, token = FOREIGN[stage.dialect.name]
    return {"user": sid, "token": token, "account": sid}


def wrong_credentials(stage):
    """A wrong token is refused for whatever is asked."""
    whom = {"token": "wrong"}
    sid = stage.words.unknown_sid
    wanted = stage.words.unauthorized
    if stage.client.sdk.oauth2:
        # The library makes nothing of a token that it does not get.
        stage.findings.true("a token was given", stage.client.refused("fetch", whom, sid=sid))
        return
    stage.refused(wanted, "hang_up", whom=whom, sid=sid)
    stage.refused(wanted, "list", whom=whom)
    order = stage.words.order(stage, "sip:far@127.0.0.1:9", stage.url("hold"))
    stage.refused(wanted, "create", whom=whom, **order)


def unknown_calls(stage):
    """A call that there is not cannot be read, changed or ended."""
    sid = stage.words.unknown_sid
    wanted = stage.words.unknown
    stage.refused(wanted, "fetch", sid=sid)
    stage.refused(wanted, "redirect", sid=sid, url=stage.url("first"))
    stage.refused(wanted, "hang_up", sid=sid)
    if stage.words.has_documents:
        stage.refused(wanted, "document", sid=sid, document=stage.dialect.hangup())
    if stage.words.has_deletion:
        stage.refused(wanted, "delete", sid=sid)


def calls_of_another_account(stage):
    """A call is there for its own account alone, by any path and any list."""
    answers = stage.ring.crowd.uri(f"answers-{stage.sdk}")
    order = stage.words.order(stage, answers, stage.url("hold"))
    stage.sid = stage.words.sid(stage.client.ask("create", **order))
    stage.findings.equal("requests for the first document", len(stage.requests("hold")), 1)
    foreigner = _foreigner(stage)
    wanted = stage.words.unknown
    stage.refused(wanted, "fetch", whom=foreigner, sid=stage.sid)
    stage.refused(wanted, "hang_up", whom=foreigner, sid=stage.sid)
    stage.refused(
        wanted, "redirect", whom=foreigner, sid=stage.sid, url=stage.url("first")
    )
    stage.findings.equal("calls of the other account", stage.client.ask("list", foreigner), [])
    # The other account's own credentials, with this account's path.
    trespasser = {"user": foreigner["user"], "token": foreigner["token"]}
    if stage.dialect.name == "cxml" and stage.sdk.startswith("npm"):
        # This library takes user and account from one argument.
        trespasser = None
    if trespasser:
        error = stage.client.refused("fetch", trespasser, sid=stage.sid)
        problems = [w.problem(error) for w in stage.words.foreign_account]
        stage.findings.true(f"a foreign path: {problems}", None in problems)
    stage.client.ask("hang_up", sid=stage.sid)
    stage.ended("completed")
    stage.findings.equal("documents of the intruder", stage.requests("first", 0, 0), [])


def orders_that_cannot_be_carried_out(stage):
    """Wrong orders get the vendor's error, and nobody is called."""
    # SignalWire has a code of its own for a URL that is none.
    bad_url = 21402 if stage.dialect.name == "cxml" else 21205
    for change, code in (
        ({"to": ""}, 21201),
        ({"url": "nonsense"}, bad_url),
        ({"url": None}, 21205),
        ({"url": None, "application_sid": "AP" + "0" * 32}, 21218),
        ({"send_digits": "12x"}, 21206),
        ({"status_callback": "nonsense"}, bad_url),
    ):
        order = stage.words.order(stage, "sip:far@127.0.0.1:9", stage.url("hold"))
        order = {name: value for name, value in {**order, **change}.items() if value is not None}
        error = stage.client.refused("create", **order)
        stage.findings.true(f"{change} was accepted", error)
        if error:
            stage.findings.equal(f"status for {change}", error.status, 400)
            stage.findings.equal(f"code for {change}", error.code, code)


def orders_that_are_invalid(stage):
    """The same for Bandwidth: 400, `validation`, and a description."""
    for change in (
        {"answerUrl": "nonsense"}, {"callTimeout": 301}, {"callTimeout": 0},
        {"applicationId": "00000000-0000-4000-8000-000000000000"}, {"answerMethod": "POST", "to": ""},
    ):
        order = {**stage.words.order(stage, "sip:far@127.0.0.1:9", stage.url("hold")), **change}
        error = stage.client.refused("create", **order)
        # What the Python library refuses by itself never reaches the server.
        if error and error.status is None:
            continue
        stage.findings.true(f"{change} was accepted", error)
        if error:
            stage.findings.equal(f"status for {change}", error.status, 400)
            stage.findings.equal("type", error.problem.get("type"), "validation")
            stage.findings.true("there is no description", error.problem.get("description"))


def orders_that_say_too_little(stage):
    """The same for jambonz: 400 or 422 and a sentence."""
    for change in (
        {"to": {"type": "sip"}}, {"to": {"type": "carrier-pigeon", "name": "x"}},
        {"application_sid": "00000000-0000-4000-8000-000000000000", "call_hook": None},
        {"call_hook": "nonsense"},
    ):
        order = {**stage.words.order(stage, "sip:far@127.0.0.1:9", stage.url("hold")), **change}
        error = stage.client.refused("create", **{k: v for k, v in order.items() if v is not None})
        if error and not error.status:
            continue
        stage.findings.true(f"{change} was accepted", error)
        if error:
            stage.findings.equal(f"status for {change}", error.status, 400)


def _speaks(*dialects):
    return lambda library: library.dialect in dialects


REFUSAL_CASES = [
    (wrong_credentials,),
    (unknown_calls,),
    (calls_of_another_account,),
    (orders_that_cannot_be_carried_out, _speaks("twiml", "cxml")),
    (orders_that_are_invalid, _speaks("bxml")),
    (orders_that_say_too_little, _speaks("jambonz")),
]
