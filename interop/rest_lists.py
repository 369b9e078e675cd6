"""Lists, pages and recordings, as the official libraries see them."""

import time
from datetime import datetime, timedelta, timezone

from ring.answerer import Answerer
from ring.called_end import CalledEnd
from ring.caller import tone
from ring.process import until

_COUNT = 5


def _calls_the_busy(stage):
    """Places calls to busy parties from this case's own number; their identifiers, oldest first."""
    sids = []
    for number in range(_COUNT):
        to = stage.ring.crowd.uri(f"busy-{stage.sdk}-{number}")
        order = stage.words.order(stage, to, stage.url("hold"))
        sids.append(stage.words.sid(stage.client.ask("create", **order)))
        # Two calls of the same millisecond have no order.
        until(lambda sid=sids[-1]: stage.words.is_over(stage.client.ask("fetch", sid=sid)), 8)
    return sids


def _moment(**ago):
    return (datetime.now(timezone.utc) + timedelta(**ago)).isoformat()


def calls_are_listed(stage):
    """Every filter, and pages from the first to past the end."""
    sids = _calls_the_busy(stage)
    newest_first = sids[::-1]

    def listed(**filters):
        found = stage.client.ask("list", **{"from": stage.caller}, **filters)
        return [stage.words.sid(call) for call in found]

    earlier, later = _moment(hours=-1), _moment(hours=1)
    third = stage.ring.crowd.uri(f"busy-{stage.sdk}-3")
    for filters, wanted in (
        ({}, newest_first),
        ({"to": third}, [sids[3]]),
        ({"to": "sip:nobody@example.com"}, []),
        ({"status": "busy"}, newest_first),
        ({"status": "completed"}, []),
        ({"status": "in-progress"}, []),
        ({"parent_call_sid": stage.words.unknown_sid}, []),
        ({"start_time_after": earlier, "start_time_before": later}, newest_first),
        ({"start_time_after": later}, []),
        ({"start_time_before": earlier}, []),
        # The libraries write a day as its midnight.
        ({"start_time": earlier[:10]}, newest_first if earlier[:10] == later[:10] else None),
        ({"end_time_after": earlier, "end_time_before": later}, newest_first),
        ({"end_time_after": later}, []),
        ({"status": "busy", "to": third, "start_time_after": earlier}, [sids[3]]),
        ({"limit": 2}, newest_first[:2]),
    ):
        if wanted is not None:
            stage.findings.equal(f"listed with {filters}", listed(**filters), wanted)
    pages = stage.client.ask("pages", most=9, page_size=2, **{"from": stage.caller})
    stage.findings.equal("pages", pages, [newest_first[:2], newest_first[2:4], newest_first[4:]])
    past = stage.client.ask("page", number=7, page_size=2, **{"from": stage.caller})
    stage.findings.equal("the page past the end", past, [])
    first = stage.client.ask("first", count=3, page_size=2)
    stage.findings.equal("calls when three were asked for", len(first), 3)


def calls_are_listed_oldest_first(stage):
    """Bandwidth's filters and its pages by the Link header."""
    sids = _calls_the_busy(stage)

    def listed(**filters):
        found = stage.client.ask("list", **{"from": stage.caller}, **filters)
        return [stage.words.sid(call) for call in found]

    earlier, later = _moment(hours=-1), _moment(hours=1)
    third = stage.ring.crowd.uri(f"busy-{stage.sdk}-3")
    for filters, wanted in (
        ({}, sids),
        ({"to": third}, [sids[3]]),
        ({"to": "sip:nobody@example.com"}, []),
        ({"disconnect_cause": "busy"}, sids),
        ({"disconnect_cause": "hangup"}, []),
        ({"min_start_time": earlier, "max_start_time": later}, sids),
        ({"min_start_time": later}, []),
        ({"max_start_time": earlier}, []),
    ):
        stage.findings.equal(f"listed with {filters}", listed(**filters), wanted)
    pages = stage.client.ask("pages", most=9, page_size=2, **{"from": stage.caller})
    stage.findings.equal("pages", pages, [sids[:2], sids[2:4], sids[4:]])


def live_and_recent_calls_are_listed(stage):
    """jambonz lists without pages; one of its libraries can filter."""
    sids = _calls_the_busy(stage)
    if stage.sdk.endswith("node-client"):
        found = [stage.words.sid(call) for call in stage.client.ask("list")]
        stage.findings.equal("calls missing in the list", set(sids) - set(found), set())
        return
    for filters, wanted in (
        ({}, sids),
        ({"direction": "outbound"}, sids),
        ({"direction": "inbound"}, []),
        ({"callStatus": "busy"}, sids),
        ({"callStatus": "completed"}, []),
        ({"to": f"busy-{stage.sdk}-3"}, [sids[3]]),
    ):
        found = stage.client.ask("list", **{"from": stage.caller}, **filters)
        got = {stage.words.sid(call) for call in found}
        stage.findings.equal(f"listed with {filters}", got, set(wanted))
    counts = stage.client.ask("count")
    stage.findings.true(f"counts: {counts}", {"inbound", "outbound"} <= set(counts or {}))


def live_calls_are_listed(stage):
    """A call that goes on is in the lists, as what it is at that moment."""
    far = CalledEnd()
    far.is_called()
    far.is_hung_up()
    stage.is_answered(far)
    if stage.dialect.name in ("twiml", "cxml"):
        filters = {"from": stage.caller, "status": "in-progress"}
    else:
        filters = {} if stage.sdk.endswith("node-client") else {"from": stage.caller}
    found = [stage.words.sid(call) for call in stage.client.ask("list", **filters)]
    stage.findings.true(f"not listed: {found}", stage.sid in found)
    stage.client.ask("hang_up", sid=stage.sid)
    stage.finishes()
    stage.ended("completed")


def recordings_are_kept(stage):
    """A recorded call has one recording, which can be read and deleted."""
    party = Answerer(stage.ring.server.sip_port, says=tone(440))
    try:
        _is_recorded(stage, party)
    finally:
        party.close()


def _is_recorded(stage, party):
    more = {} if stage.dialect.name == "bxml" else {"record": True}
    order = stage.words.order(stage, party.uri, stage.url("hold"), **more)
    stage.sid = stage.words.sid(stage.client.ask("create", **order))
    stage.findings.equal("requests for the first document", len(stage.requests("hold")), 1)
    if stage.dialect.name == "bxml":
        document = (
            '<?xml version="1.0" encoding="UTF-8"?><Response><StartRecording/>'
            '<Gather firstDigitTimeout="30"/></Response>'
        )
        stage.client.ask("document", sid=stage.sid, document=document)
    found = until(lambda: stage.client.ask("recordings", sid=stage.sid), 8, every=0.2)
    stage.findings.equal("recordings of the running call", len(found or []), 1)
    time.sleep(0.7)
    stage.client.ask("hang_up", sid=stage.sid)
    stage.findings.true("the server hangs up", party.ended.wait(5))
    stage.ended("completed")
    done = until(lambda: _complete(stage), 8, every=0.2)
    stage.findings.true("the recording is complete", done)
    if not done:
        return
    recording = stage.words.recording_sid(done)
    if stage.dialect.name != "bxml":
        told = [fields.get("RecordingSid") for fields in stage.finals()]
        stage.findings.equal("recording of the final callback", told, [recording])
    again = stage.client.ask("recording", sid=stage.sid, recording=recording)
    stage.findings.equal("the recording by itself", stage.words.recording_sid(again), recording)
    _are_filtered(stage, recording)
    if stage.dialect.name == "bxml":
        sound = stage.client.ask("sound", sid=stage.sid, recording=recording)
        stage.findings.true(f"{sound} bytes of sound", sound >= 44)
    stage.client.ask("delete_recording", sid=stage.sid, recording=recording)
    stage.findings.equal(
        "recordings after deletion", stage.client.ask("recordings", sid=stage.sid), []
    )
    stage.refused(stage.words.unknown, "recording", sid=stage.sid, recording=recording)


def _are_filtered(stage, recording):
    """The account's recordings by when they began, and by what else the vendor has."""
    earlier, later = _moment(hours=-1), _moment(hours=1)
    if stage.dialect.name == "bxml":
        one = {"from": stage.caller}
        cases = [
            ({}, True), ({"to": "+15550000000"}, False), ({"min_start_time": earlier}, True),
            ({"min_start_time": later}, False), ({"max_start_time": earlier}, False),
        ]
    else:
        one = {"call_sid": stage.sid}
        today = _moment()[:10]
        cases = [
            ({}, True), ({"date_created": today}, True), ({"date_created_after": earlier}, True),
            ({"date_created_after": later}, False), ({"date_created_before": earlier}, False),
        ]
    for filters, is_there in cases:
        found = stage.client.ask("account_recordings", **one, **filters)
        sids = [stage.words.recording_sid(entry) for entry in found]
        wanted = [recording] if is_there else []
        stage.findings.equal(f"recordings with {filters}", sids, wanted)
    if stage.dialect.name != "bxml":
        # Page after page, as the library follows them.
        found = stage.client.ask("account_recordings")
        sids = [stage.words.recording_sid(entry) for entry in found]
        stage.findings.equal("times that it is listed", sids.count(recording), 1)


def _complete(stage):
    found = stage.client.ask("recordings", sid=stage.sid)
    return found[0] if found and found[0]["status"] in ("completed", "complete") else None


def _speaks(*dialects):
    return lambda library: library.dialect in dialects


LIST_CASES = [
    (calls_are_listed, _speaks("twiml", "cxml")),
    (calls_are_listed_oldest_first, _speaks("bxml")),
    (live_and_recent_calls_are_listed, _speaks("jambonz")),
    (live_calls_are_listed,),
    (recordings_are_kept, _speaks("twiml", "cxml", "bxml")),
]
