"""What an application does with calls, in the words of Twilio's library; SignalWire's is built on
it and has the same."""

import json
import re
from datetime import datetime
from itertools import islice

_FIELDS = (
    "sid", "account_sid", "parent_call_sid", "to", "from_formatted", "status", "start_time",
    "end_time", "duration", "direction", "answered_by", "date_created", "date_updated", "uri",
)


def error_of(error):
    """Fields of an exception of the library. That of a list has them in its text alone."""
    message = getattr(error, "msg", str(error))
    told = re.search(r"HTTP (\d{3}) (\{.*\})", message)
    if told:
        return {"status": int(told[1]), "code": json.loads(told[2])["code"], "message": message}
    return {name: getattr(error, name, None) for name in ("status", "code")} | {"message": message}


class Operations:
    """The calls of one account."""

    def __init__(self, client):
        self._client = client

    def create(self, to, **arguments):
        return _call(self._client.calls.create(to=to, **_named(arguments)))

    def fetch(self, sid):
        return _call(self._client.calls(sid).fetch())

    def list(self, limit=None, page_size=None, **filters):
        found = self._client.calls.list(limit=limit, page_size=page_size, **_named(filters))
        return [_call(call) for call in found]

    def pages(self, most, page_size, **filters):
        """Walks from page to page as the library does, and tells what is on each."""
        page = self._client.calls.page(page_size=page_size, **_named(filters))
        pages = []
        while page is not None and len(pages) < most:
            pages.append([call.sid for call in page])
            page = page.next_page()
        return pages

    def page(self, number, page_size, **filters):
        """One page by its number, which may lie past the end."""
        page = self._client.calls.page(page_number=number, page_size=page_size, **_named(filters))
        return [call.sid for call in page]

    def first(self, count, page_size):
        """As many calls as asked for, streamed."""
        return [call.sid for call in islice(self._client.calls.stream(page_size=page_size), count)]

    def redirect(self, sid, url, method="POST"):
        return _call(self._client.calls(sid).update(url=url, method=method))

    def document(self, sid, document):
        return _call(self._client.calls(sid).update(twiml=document))

    def hang_up(self, sid):
        return _call(self._client.calls(sid).update(status="completed"))

    def cancel(self, sid):
        return _call(self._client.calls(sid).update(status="canceled"))

    def update(self, sid, **arguments):
        return _call(self._client.calls(sid).update(**arguments))

    def delete(self, sid):
        return self._client.calls(sid).delete()

    def recordings(self, sid):
        return [_recording(r) for r in self._client.calls(sid).recordings.list()]

    def account_recordings(self, **filters):
        found = self._client.recordings.list(page_size=1, **_named(filters))
        return [_recording(recording) for recording in found]

    def recording(self, sid, recording):
        return _recording(self._client.calls(sid).recordings(recording).fetch())

    def delete_recording(self, sid, recording):
        return self._client.calls(sid).recordings(recording).delete()


_TIMES = ("start_time", "end_time", "date_created")


def _named(arguments):
    """`from` is no name in Python, and times are no texts."""
    return {
        "from_" if name == "from" else name:
            datetime.fromisoformat(value) if name.startswith(_TIMES) else value
        for name, value in arguments.items()
    }


def _call(call):
    caller = call._from if hasattr(call, "_from") else call.from_
    return {name: getattr(call, name) for name in _FIELDS} | {"from": caller}


def _recording(recording):
    return {name: getattr(recording, name) for name in
            ("sid", "call_sid", "status", "duration", "channels", "source")}
