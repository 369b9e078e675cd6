"""The REST API of each vendor as plain HTTP requests, for cases in which no library is on trial."""

import base64
import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from urllib.parse import urlencode

from ring.dialects import ACCOUNTS


@dataclass(frozen=True)
class Reply:
    """An answer of the API."""

    status: int
    headers: dict
    body: bytes

    @property
    def json(self):
        """The body, read as JSON; None when there is none."""
        return json.loads(self.body) if self.body else None


class Api:
    """What all vendors' APIs can do with calls; a subclass has the words."""

    dialect = ""
    _kind = "application/json"

    def __init__(self, server, application):
        self._base = f"http://127.0.0.1:{server.http_port}"
        self._account = ACCOUNTS[self.dialect]
        #: name of the application that calls are placed for, where an API wants one
        self._application = application

    def create(self, to, caller, url, status_url, timeout=None, more=None):
        """Places a call, with `more` fields in the vendor's own words; returns the reply."""
        raise NotImplementedError

    def sid(self, reply):
        """The new call's identifier."""
        raise NotImplementedError

    def word(self, reply):
        """The status of a call that was fetched."""
        raise NotImplementedError

    def fetch(self, sid):
        """One call."""
        return self._ask("GET", self._path(sid))

    def redirect(self, sid, url):
        """Has the call go on with the document at `url`."""
        raise NotImplementedError

    def hang_up(self, sid):
        """Ends an answered call."""
        raise NotImplementedError

    def cancel(self, sid):
        """Ends a call that nobody has answered."""
        return self.hang_up(sid)

    def _path(self, sid=None):
        raise NotImplementedError

    def _ask(self, method, path, fields=None):
        body = None if fields is None else self._written(fields)
        request = urllib.request.Request(self._base + path, body, method=method)
        request.add_header("Authorization", self._authorization())
        if body is not None:
            request.add_header("Content-Type", self._kind)
        try:
            with urllib.request.urlopen(request, timeout=15) as reply:
                return Reply(reply.status, dict(reply.headers), reply.read())
        except urllib.error.HTTPError as error:
            with error:
                return Reply(error.code, dict(error.headers), error.read())

    def _authorization(self):
        pair = f"{self._account.sid}:{self._account.token}".encode()
        return "Basic " + base64.b64encode(pair).decode()

    @staticmethod
    def _written(fields):
        return json.dumps(fields).encode()


class _Laml(Api):
    _kind = "application/x-www-form-urlencoded"
    _prefix, _suffix = "", ".json"

    def create(self, to, caller, url, status_url, timeout=None, more=None):
        fields = {
            "To": to, "From": caller, "Url": url, "StatusCallback": status_url,
            "StatusCallbackEvent": ["initiated", "ringing", "answered", "completed"],
        }
        if timeout:
            fields["Timeout"] = timeout
        return self._ask("POST", self._path(), {**fields, **(more or {})})

    def sid(self, reply):
        return reply.json["sid"]

    def word(self, reply):
        return reply.json["status"]

    def redirect(self, sid, url):
        return self._ask("POST", self._path(sid), {"Url": url, "Method": "POST"})

    def hang_up(self, sid):
        return self._ask("POST", self._path(sid), {"Status": "completed"})

    def cancel(self, sid):
        return self._ask("POST", self._path(sid), {"Status": "canceled"})

    def _path(self, sid=None):
        call = f"/{sid}" if sid else ""
        return (
            f"{self._prefix}/2010-04-01/Accounts/{self._account.sid}/Calls{call}{self._suffix}"
        )

    @staticmethod
    def _written(fields):
        return urlencode(fields, doseq=True).encode()


class Twilio(_Laml):
    """Twilio's."""

    dialect = "twiml"


class SignalWire(_Laml):
    """SignalWire's, by its documented path."""

    dialect = "cxml"
    _prefix, _suffix = "/api/laml", ""


class Bandwidth(Api):
    """Bandwidth's."""

    dialect = "bxml"

    def create(self, to, caller, url, status_url, timeout=None, more=None):
        fields = {
            "to": to, "from": caller, "applicationId": self._application, "answerUrl": url,
            "disconnectUrl": status_url,
        }
        if timeout:
            fields["callTimeout"] = timeout
        return self._ask("POST", self._path(), {**fields, **(more or {})})

    def sid(self, reply):
        return reply.json["callId"]

    def word(self, reply):
        return reply.json["state"]

    def redirect(self, sid, url):
        return self._ask("POST", self._path(sid), {"state": "active", "redirectUrl": url})

    def hang_up(self, sid):
        return self._ask("POST", self._path(sid), {"state": "completed"})

    def _path(self, sid=None):
        call = f"/{sid}" if sid else ""
        return f"/api/v2/accounts/{self._account.sid}/calls{call}"


class Jambonz(Api):
    """jambonz's."""

    dialect = "jambonz"

    def create(self, to, caller, url, status_url, timeout=None, more=None):
        kind = "sip" if ":" in to else "user" if "@" in to else "phone"
        party = {"sip": "sipUri", "user": "name", "phone": "number"}[kind]
        fields = {
            "to": {"type": kind, party: to}, "from": caller, "call_hook": url,
            "call_status_hook": status_url,
        }
        if timeout:
            fields["timeout"] = timeout
        return self._ask("POST", self._path(), {**fields, **(more or {})})

    def sid(self, reply):
        return reply.json["sid"]

    def word(self, reply):
        return reply.json["call_status"]

    def redirect(self, sid, url):
        return self._ask("PUT", self._path(sid), {"call_hook": url})

    def hang_up(self, sid):
        return self._ask("PUT", self._path(sid), {"call_status": "completed"})

    def cancel(self, sid):
        return self._ask("PUT", self._path(sid), {"call_status": "no-answer"})

    def _authorization(self):
        return f"Bearer {self._account.token}"

    def _path(self, sid=None):
        call = f"/{sid}" if sid else ""
        return f"/v1/Accounts/{self._account.sid}/Calls{call}"


APIS = {api.dialect: api for api in (Twilio, SignalWire, Bandwidth, Jambonz)}
