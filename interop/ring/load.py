"""Calls in both directions at a steady rate, and the books about them.

The books know of every call what its client and its application know: that it was asked for, that
the order was accepted, that a webhook came. Whatever happens to the server, each call that anybody
heard of has its final status callback in the end, and no other call has one.
"""

import itertools
import threading
import time
import urllib.error
from http.client import HTTPException

from ring.application import Application, Reply
from ring.crowd import Crowd
from ring.dialects import ALL
from ring.rest import APIS

_MANNERS = ("leaves", "busy", "rings", "answers")


class Load:
    """An application, parties, and threads that keep them busy."""

    def __init__(self, per_second=8):
        self.application = Application(self._answer)
        self.crowd = Crowd(stays=0.3)
        self._pause = 1 / per_second
        #: how status callbacks are answered
        self.takes_status = 204
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        #: what was asked for: "accepted" with its sid, "refused", or "unheard" when no answer came
        self.orders = {}
        self._server, self._running = None, threading.Event()
        self._over = threading.Event()
        self._busy = threading.Semaphore(0)
        self._threads = [
            threading.Thread(target=work, daemon=True) for work in (self._order, self._call)
        ]
        for thread in self._threads:
            thread.start()

    def close(self):
        """Ends everything."""
        self._over.set()
        self._running.set()
        for thread in self._threads:
            thread.join(20)
        self.crowd.close()
        self.application.close()

    def begins(self, server):
        """Calls this server from now on."""
        self._server = server
        self._running.set()

    def rests(self):
        """No new calls."""
        self._running.clear()

    def heard_of(self):
        """Calls that an application or a client knows of: sid, and how it came to know."""
        known = {}
        for dialect, kind, fields in self._told():
            if not (kind == "status" and dialect.is_final(fields)):
                known[dialect.call_sid(fields)] = kind
        with self._lock:
            known.update({
                sid: "order" for state, sid in self.orders.values() if state == "accepted"
            })
        return known

    def finals(self):
        """The words of the final status callbacks, and who was called by whom, by sid."""
        finals = {}
        for dialect, kind, fields in self._told():
            if kind == "status" and dialect.is_final(fields):
                parties = str(fields.get("To") or fields.get("to")) + " " + str(
                    fields.get("From") or fields.get("from")
                )
                words, _ = finals.setdefault(dialect.call_sid(fields), (set(), parties))
                words.add(dialect.status(fields))
        return finals

    def untold(self):
        """Calls that somebody heard of and whose end was not told."""
        finals = self.finals()
        return {sid: how for sid, how in self.heard_of().items() if sid not in finals}

    def never_were(self):
        """Ends that were told of calls that nobody placed, or whose order was refused."""
        known = self.heard_of()
        with self._lock:
            placed = {name for name, (state, _) in self.orders.items() if state != "refused"}
        return {
            sid: parties for sid, (_, parties) in self.finals().items()
            if sid not in known and not any(name in parties for name in placed)
        }

    def _told(self):
        for request in self.application.requests():
            _, name, kind, *_ = request.path.split("/")
            yield ALL[name], kind, ALL[name].fields(request)

    def _order(self):
        for number in self._numbers:
            self._wait()
            if self._over.is_set():
                return
            dialect = ALL[("twiml", "bxml", "jambonz")[number % 3]]
            name = f"{_MANNERS[number % 4]}-{number:06}-order"
            base = f"{self.application.url}/{dialect.name}"
            api = APIS[dialect.name](self._server, dialect.name)
            state = ("unheard", None)
            with self._lock:
                self.orders[name] = state
            try:
                reply = api.create(
                    self.crowd.uri(name), "+15580000000", f"{base}/hold", f"{base}/status",
                    timeout=1,
                )
                accepted = reply.status in (200, 201)
                state = ("accepted", api.sid(reply)) if accepted else ("refused", None)
            except (urllib.error.URLError, HTTPException, OSError, ValueError):
                pass
            with self._lock:
                self.orders[name] = state

    def _call(self):
        for number in itertools.count(1):
            self._wait()
            if self._over.is_set():
                return
            user = f"{('twiml', 'cxml', 'bxml', 'jambonz')[number % 4]}-{number}"
            caller = f"+1559{number:07}"
            with self._lock:
                self.orders[caller[1:]] = ("called", None)
            try:
                self.crowd.calls(self._server.sip_port, user, caller)
            except OSError:
                continue

    def _wait(self):
        time.sleep(self._pause)
        self._running.wait()

    def _answer(self, request):
        _, name, kind, *_ = request.path.split("/")
        if kind == "status":
            return Reply("", None, self.takes_status)
        return Reply(_BRIEF[name], ALL[name].content_type)


#: a document that answers, waits a moment and hangs up
_BRIEF = {
    "twiml": '<Response><Gather timeout="1"/></Response>',
    "cxml": '<Response><Gather timeout="1"/></Response>',
    "bxml": '<Response><Gather firstDigitTimeout="1"/></Response>',
    "jambonz": '[{"verb":"answer"},{"verb":"pause","length":1},{"verb":"hangup"}]',
}
