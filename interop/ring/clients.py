"""The vendors' libraries as clients of the REST APIs, each in a process that is asked many times."""

import json
import queue
import subprocess
import threading
from dataclasses import dataclass

from ring.dialects import ACCOUNTS
from ring.process import Process

_PATIENCE = 40


@dataclass(frozen=True)
class Library:
    """One package of one vendor."""

    name: str
    dialect: str
    #: the virtual environment it lives in; Node's when there is none
    python: str | None = None
    #: it gets a token first, and shows that (Bandwidth)
    oauth2: bool = False


CLIENTS = (
    Library("pypi-twilio", "twiml", "twilio"),
    Library("npm-twilio", "twiml"),
    Library("pypi-signalwire", "cxml", "signalwire"),
    Library("npm-signalwire", "cxml"),
    Library("pypi-bandwidth", "bxml", "bandwidth"),
    Library("pypi-oauth2-bandwidth", "bxml", "bandwidth", oauth2=True),
    Library("npm-bandwidth", "bxml"),
    Library("npm-jambonz-node-client", "jambonz"),
    Library("npm-jambonz-sdk", "jambonz"),
)


class Refused(Exception):
    """What the library raised."""

    def __init__(self, problem):
        super().__init__(json.dumps(problem))
        self.problem = problem
        self.status = problem.get("status")
        self.code = problem.get("code")


class Client:
    """One library, pointed at one server."""

    def __init__(self, env, library, base_url):
        self.sdk = library
        folder = env.work / "clients"
        folder.mkdir(parents=True, exist_ok=True)
        if library.python:
            script = env.sources / "sdk" / f"{library.python}_client.py"
            command = [env.tools / library.python / "bin" / "python", script, base_url]
        else:
            script = env.sources / "sdk" / "rest_clients.cjs"
            command = ["node", script, library.name.removeprefix("npm-"), base_url]
        self._process = Process(
            library.name, command, folder / f"{library.name}.log", stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, env={"NODE_MODULES_FROM": str(env.tools / "node")},
        )
        self._answers = queue.Queue()
        self._one_at_a_time = threading.Lock()
        account = ACCOUNTS[library.dialect]
        self._whom = {"user": account.sid, "token": account.token, "account": account.sid}
        if library.oauth2:
            self._whom["oauth2"] = True
        threading.Thread(target=self._read, daemon=True).start()

    def ask(self, do, whom=None, **arguments):
        """Has the library do something; returns what it returned, or raises Refused."""
        answer = self._exchange(self._question(do, whom, arguments))
        return _or_raise(answer)

    def refused(self, do, whom=None, **arguments):
        """Has the library do what must be refused; returns what it raised, or None."""
        try:
            self.ask(do, whom, **arguments)
        except Refused as error:
            return error
        return None

    def at_once(self, *questions):
        """Two things at the same time; returns two answers, each as the library gave it."""
        asked = [self._question(do, None, arguments) for do, arguments in questions]
        return self._exchange({"do": "both", "questions": asked})

    def stop(self):
        """Ends the library's process."""
        self._process.stdin.close()
        self._process.stop()

    def _question(self, do, whom, arguments):
        return {"do": do, "as": {**self._whom, **(whom or {})}, **arguments}

    def _exchange(self, question):
        with self._one_at_a_time:
            self._process.stdin.write(json.dumps(question).encode() + b"\n")
            self._process.stdin.flush()
            try:
                return json.loads(self._answers.get(timeout=_PATIENCE))
            except queue.Empty:
                raise AssertionError(
                    f"{self.sdk.name} does not answer {question}:\n"
                    + self._process.output()[-2000:]
                ) from None

    def _read(self):
        for line in self._process.stdout:
            self._answers.put(line)


def _or_raise(answer):
    if isinstance(answer, dict) and isinstance(answer.get("error"), dict):
        raise Refused(answer["error"])
    return answer
