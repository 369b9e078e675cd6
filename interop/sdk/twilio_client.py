"""Twilio's Python library as a client of the REST API."""

import sys
from functools import cache

from answering import answer_questions
from laml_operations import Operations, error_of
from twilio.rest import Client


@cache
def _client(user, token, account):
    client = Client(user, token, account)
    client.api.base_url = sys.argv[1]
    return client


answer_questions(lambda whom: Operations(_client(**whom)), error_of)
