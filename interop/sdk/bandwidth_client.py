"""Bandwidth's Python library as a client of the REST API."""

import json
import re
import sys
from functools import cache

from answering import answer_questions
from bandwidth import ApiClient, Configuration
from bandwidth.api.calls_api import CallsApi
from bandwidth.api.recordings_api import RecordingsApi
from bandwidth.exceptions import ApiException
from bandwidth.models.call_state_enum import CallStateEnum
from bandwidth.models.create_call import CreateCall
from bandwidth.models.update_call import UpdateCall


@cache
def _client(user, token, oauth2):
    base = sys.argv[1]
    secrets = {"username": user, "password": token}
    if oauth2:
        secrets = {
            "client_id": user, "client_secret": token,
            "access_token_url": f"{base}/api/v1/oauth2/token",
        }
    # Every operation names a server of its own, which wins unless it is ignored.
    return ApiClient(
        Configuration(host=f"{base}/api/v2", ignore_operation_servers=True, **secrets)
    )


class Operations:
    """The calls of one account."""

    def __init__(self, user, token, account, oauth2=False):
        client = _client(user, token, oauth2)
        self._account = account
        self._calls = CallsApi(client)
        self._recordings = RecordingsApi(client)

    def create(self, **arguments):
        return _plain(self._calls.create_call(self._account, CreateCall.from_dict(arguments)))

    def fetch(self, sid):
        return _plain(self._calls.get_call_state(self._account, sid))

    def list(self, **filters):
        return [_plain(call) for call in self._listed(filters).data]

    def pages(self, most, **filters):
        """Walks from page to page by the Link header, as the operation's description says."""
        pages = []
        while len(pages) < most:
            reply = self._listed(filters)
            pages.append([call.call_id for call in reply.data])
            link = re.search(r'[?&]pageToken=([^&>]+).*>; *rel="next"', _link(reply))
            if not link:
                break
            filters["page_token"] = link.group(1)
        return pages

    def redirect(self, sid, url):
        self.update(sid, redirectUrl=url, state=CallStateEnum.ACTIVE)

    def document(self, sid, document):
        self._calls.update_call_bxml(self._account, sid, document)

    def hang_up(self, sid):
        self.update(sid, state=CallStateEnum.COMPLETED)

    cancel = hang_up

    def update(self, sid, **arguments):
        self._calls.update_call(self._account, sid, UpdateCall.from_dict(arguments))

    def recordings(self, sid):
        return [_plain(r) for r in self._recordings.list_call_recordings(self._account, sid)]

    def account_recordings(self, **filters):
        named = {"var_from" if name == "from" else name: value for name, value in filters.items()}
        found = self._recordings.list_account_call_recordings(self._account, **named)
        return [_plain(recording) for recording in found]

    def recording(self, sid, recording):
        return _plain(self._recordings.get_call_recording(self._account, sid, recording))

    def sound(self, sid, recording):
        """How many bytes the recording's file has."""
        return len(self._recordings.download_call_recording(self._account, sid, recording))

    def delete_recording(self, sid, recording):
        self._recordings.delete_recording(self._account, sid, recording)

    def _listed(self, filters):
        named = {"var_from" if name == "from" else name: value for name, value in filters.items()}
        return self._calls.list_calls_with_http_info(self._account, **named)


def _plain(model):
    return json.loads(json.dumps(model.to_dict(), default=str))


def _link(reply):
    headers = {name.lower(): value for name, value in (reply.headers or {}).items()}
    return headers.get("link", "")


def _error_of(error):
    if not isinstance(error, ApiException):
        return {"message": str(error)}
    told = error.data.to_dict() if hasattr(error.data, "to_dict") else {}
    return {"status": error.status, **told}


answer_questions(lambda whom: Operations(**whom), _error_of)
