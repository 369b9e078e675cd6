"""The server under test: its configuration, its life, and its own view over HTTP."""

import json
import os
import re
import signal
import urllib.error
import urllib.request
from dataclasses import dataclass, field

from ring.dialects import ACCOUNTS
from ring.ports import free_port, has_ipv6
from ring.process import Process, until

START_SECONDS = 20
MEDIA_PORTS = range(40000, 50000)


@dataclass
class ConfiguredApplication:
    """One application of the configuration and the users that reach it."""

    name: str
    dialect: str
    url: str
    users: str
    fallback_url: str | None = None
    status_callback: str | None = None
    events_url: str | None = None
    method: str = "POST"


@dataclass
class Settings:
    """What differs between the servers of the ring."""

    applications: list[ConfiguredApplication] = field(default_factory=list)
    t1: str = "500ms"
    final_notify_timeout: str = "40s"
    grace_after_success: str = "700ms"
    trunk_credentials: tuple[str, str] | None = ("trunk-user", "trunk-password")
    #: addresses that may call without a password
    admits: tuple[str, ...] = ("127.0.0.1/32", "::1/128")
    #: further lines of the section `sip`
    sip: str = ""
    media: str = ""
    store: str = "sqlite::memory:"
    #: trunks, users and accounts beside those that all servers have
    extra: str = ""


class Hookflash:
    """A running `hookflash serve`."""

    def __init__(self, binary, work, name, settings):
        self.sip_port = free_port()
        self.http_port = free_port()
        self.folder = work / name
        self.folder.mkdir(parents=True, exist_ok=True)
        self._name, self.binary = name, binary
        self.file = self.folder / "hookflash.toml"
        self.file.write_text(self._configuration(settings), encoding="utf-8")
        self.process = None
        self.start()

    def start(self):
        """Starts it, for the first time or again."""
        self.process = Process(
            self._name,
            [self.binary, "serve", "--config", self.file, "--log", "json"],
            self.folder / "hookflash.log",
            cwd=self.folder,
            env={"RUST_BACKTRACE": "1"},
        )
        ready = until(
            lambda: not self.process.alive() or self.status("/readyz") == 200, START_SECONDS
        )
        if not ready or not self.process.alive():
            raise RuntimeError(f"{self._name} is not ready:\n{self.process.output()[-3000:]}")

    def kill(self):
        """SIGKILL, in the middle of whatever it does."""
        self.process.signal(signal.SIGKILL)
        self.process.wait(5)

    def calls(self):
        """All calls of the server's own view, newest first."""
        calls, after = [], ""
        while True:
            page = self.get(f"/hookflash/v1/calls?limit=200{after}")
            calls += page["calls"]
            if not page.get("next"):
                return calls
            after = f"&after={page['next']}"

    def call(self, sid):
        """One call of the server's own view."""
        return self.get(f"/hookflash/v1/calls/{sid}")

    def live(self):
        """Calls that have not ended."""
        return [call for call in self.calls() if not call["endedAt"]]

    def get(self, path):
        """JSON behind a path."""
        with urllib.request.urlopen(self._url(path), timeout=10) as reply:
            return json.load(reply)

    def text(self, path):
        """Text behind a path."""
        with urllib.request.urlopen(self._url(path), timeout=10) as reply:
            return reply.read().decode()

    def status(self, path):
        """The status behind a path, or None when nobody answers."""
        try:
            with urllib.request.urlopen(self._url(path), timeout=2) as reply:
                return reply.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return None

    def reconfigure(self, settings):
        """Writes new settings (or any text) into the configuration, and SIGHUP."""
        text = settings if isinstance(settings, str) else self._configuration(settings)
        self.file.write_text(text, encoding="utf-8")
        self.process.signal(signal.SIGHUP)

    def stop(self):
        """SIGTERM; returns the exit status."""
        return self.process.stop(grace=15)

    def log_problems(self, expected="\0"):
        """Lines of the log that are no JSON, or tell of a panic, an error or a warning, except
        for those that hold `expected`."""
        problems = []
        for line in self.process.output().splitlines():
            try:
                fine = json.loads(line)["level"] not in ("WARN", "ERROR")
            except (ValueError, KeyError, TypeError):
                fine = False
            if not fine and expected not in line:
                problems.append(line)
        return problems

    def media_ports(self):
        """UDP ports of the media range that the process holds."""
        held = set()
        for descriptor in os.listdir(f"/proc/{self.process.pid}/fd"):
            try:
                held.add(os.readlink(f"/proc/{self.process.pid}/fd/{descriptor}"))
            except FileNotFoundError:
                continue
        ports = []
        with open(f"/proc/{self.process.pid}/net/udp", encoding="ascii") as table:
            for line in list(table)[1:]:
                fields = line.split()
                port = int(fields[1].split(":")[1], 16)
                if f"socket:[{fields[9]}]" in held and port in MEDIA_PORTS:
                    ports.append(port)
        return ports

    def census(self):
        """What SIP still holds, by kind; empty when nothing is left."""
        left = {}
        for line in self.text("/metrics").splitlines():
            found = re.match(
                r"hookflash_sip_(legs|transactions|dialogs|subscriptions)\{.*\} (\d+)", line
            )
            if found and int(found.group(2)):
                left[found.group(1)] = left.get(found.group(1), 0) + int(found.group(2))
        return left

    def _url(self, path):
        return f"http://127.0.0.1:{self.http_port}{path}"

    def _configuration(self, settings):
        wait = settings.final_notify_timeout
        hosts = ["127.0.0.1", "[::1]"] if has_ipv6() else ["127.0.0.1"]
        listen = ", ".join(
            f'"{kind}://{host}:{self.sip_port}"' for host in hosts for kind in ("udp", "tcp")
        )
        credentials = ""
        if settings.trunk_credentials:
            user, password = settings.trunk_credentials
            credentials = f'username = "{user}"\npassword = "{password}"\n'
        parts = [
            f"""[sip]
listen = [{listen}]
t1 = "{settings.t1}"
{settings.sip}

[http]
listen = "127.0.0.1:{self.http_port}"

[media]
ports = "{MEDIA_PORTS.start}-{MEDIA_PORTS.stop - 1}"
{settings.media}
[store]
url = "{settings.store}"

[transfer]
final_notify_timeout = {{ twiml = "{wait}", cxml = "{wait}", bxml = "{wait}", jambonz = "{wait}" }}
grace_after_success = "{settings.grace_after_success}"

[[trunks]]
name = "carrier"
uri = "sip:127.0.0.1:9;transport=udp"
numbers = ["+0*"]
from = {json.dumps(settings.admits)}
{credentials}"""
        ]
        for account in ACCOUNTS.values():
            basic = ""
            if account.dialect == "bxml":
                basic = (
                    f'callback_user = "{account.user}"\ncallback_password = "{account.password}"\n'
                )
            parts.append(
                f"""[[accounts]]
sid = "{account.sid}"
dialect = "{account.dialect}"
auth_token = "{account.token}"
signing_key = "{account.key}"
{basic}"""
            )
        for application in settings.applications:
            optional = "".join(
                f'{key} = "{value}"\n'
                for key, value in (
                    ("fallback_url", application.fallback_url),
                    ("status_callback", application.status_callback),
                    ("events_url", application.events_url),
                )
                if value
            )
            parts.append(
                f"""[[applications]]
name = "{application.name}"
account = "{ACCOUNTS[application.dialect].sid}"
url = "{application.url}"
method = "{application.method}"
{optional}
[[routes]]
to = "{application.users}"
application = "{application.name}"
"""
            )
        parts.append(settings.extra)
        return "\n".join(parts)
