"""The processes of a benchmark: servers, their load, the web application, and what they cost.

The server has core 0 to itself; SIPp and the web application share core 1.
"""

import csv
import os
import signal
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCENARIOS = ROOT / "bench" / "scenarios"
WORK = ROOT / "target" / "bench"
sys.path.insert(0, str(ROOT / "interop"))

from playing import write_prompt
from ring.ports import free_port
from ring.process import Process, until

SERVER_CORE, LOAD_CORE = "0", "1"
# Longer than the 32 s for which SIP remembers finished transactions: from then on a server that
# is under load only uses memory again that it had before.
STEADY_AFTER = 36
TICK = os.sysconf("SC_CLK_TCK")
HELD = {
    "calls": "calls",
    "sip_legs": "legs",
    "sip_transactions": "transactions",
    "sip_dialogs": "dialogs",
    "sip_subscriptions": "subscriptions",
    "sip_timers": "timers",
    "webhooks_owed": "owed requests",
    "media_ports": "RTP ports",
}


@dataclass
class Load:
    """What one SIPp run did."""

    asked: int
    succeeded: int
    failed: int
    refused: int
    retransmitted: int
    seconds: float
    cpu_us: float = 0.0

    @property
    def rate(self):
        """Calls per second that were reached."""
        return self.asked / self.seconds if self.seconds else 0.0

    @property
    def loss_free(self):
        """Whether every call was served without a refusal or a retransmission."""
        return not (self.failed or self.refused or self.retransmitted)


def pinned(core, *command):
    """A command bound to one core."""
    return ["taskset", "-c", core, *map(str, command)]


def cpu_seconds(pid):
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def resident_bytes(pid):
    """VmRSS of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


class Sipp:
    """SIPp as load."""

    def __init__(self, name, scenario, port, calls, rate, service="load", limit=None, hold_ms=0):
        self._name, self._calls = name, calls
        self._stat = WORK / f"{name}.stat.csv"
        for old in WORK.glob(f"{name}.*.csv"):
            old.unlink()
        self._scenario = WORK / f"{name}.xml"
        self._scenario.write_text(scenario)
        for old in WORK.glob(f"{name}_*_counts.csv"):
            old.unlink()
        self._started = time.monotonic()
        self.process = Process(
            f"sipp-{name}",
            pinned(
                LOAD_CORE, "sipp", f"127.0.0.1:{port}", "-sf", self._scenario, "-s", service,
                "-i", "127.0.0.1", "-p", free_port(), "-cp", free_port(), "-nostdin",
                "-m", calls, "-r", rate, "-l", limit or 20000, "-d", hold_ms,
                "-recv_timeout", 40000, "-timeout", "150s", "-buff_size", 4000000,
                "-trace_counts", "-trace_stat", "-stf", self._stat, "-fd", 1,
                "-default_behaviors", "all,-abortunexp",
            ),
            WORK / f"{name}.out",
            cwd=WORK,
        )

    def finish(self):
        """Waits for the end and counts."""
        self.process.wait(170)
        self.process.stop()
        seconds = time.monotonic() - self._started
        last = self._last_row(self._stat)
        counts = self._last_row(next(WORK.glob(f"{self._name}_*_counts.csv")))
        return Load(
            self._calls,
            int(last["SuccessfulCall(C)"]) - self._sum(counts, "_503_Recv"),
            int(last["FailedCall(C)"]),
            self._sum(counts, "_503_Recv"),
            self._sum(counts, "_Retrans"),
            seconds,
        )

    @staticmethod
    def _sum(counts, ending):
        return sum(int(v or 0) for k, v in counts.items() if k and k.endswith(ending))

    @staticmethod
    def _last_row(path):
        with open(path, newline="") as file:
            return list(csv.DictReader(file, delimiter=";"))[-1]


def run_load(name, scenario, port, pid, calls, rate, **more):
    """One SIPp run with the CPU time that the server spent in it."""
    before = cpu_seconds(pid)
    load = Sipp(name, scenario, port, calls, rate, **more).finish()
    load.cpu_us = (cpu_seconds(pid) - before) * 1e6 / calls
    return load


class WebApplication:
    """nginx with one worker and fixed replies: a document that refers, and an empty one."""

    def __init__(self):
        self.port = free_port()
        folder = WORK / "nginx"
        folder.mkdir(parents=True, exist_ok=True)
        document = (
            '<?xml version="1.0" encoding="UTF-8"?><Response><Refer action="/done">'
            "<Sip>sip:bob@192.0.2.7</Sip></Refer></Response>"
        )
        (folder / "nginx.conf").write_text(
            f"""daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    keepalive_requests 100000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    default_type application/xml;
    server {{
        listen 127.0.0.1:{self.port} backlog=4096;
        location /voice {{ return 200 '{document}'; }}
        location /status {{ return 204; }}
        location /done {{ return 200 '<Response/>'; }}
        location /served {{ stub_status; }}
    }}
}}
"""
        )
        self.process = Process(
            "nginx", pinned(LOAD_CORE, "nginx", "-p", folder, "-c", folder / "nginx.conf"),
            folder / "nginx.log",
        )
        until(lambda: self.served() is not None, 10)

    def served(self):
        """Requests served so far."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/served", timeout=2) as reply:
                return int(reply.read().split(b"\n")[2].split()[2])
        except OSError:
            return None


class Server:
    """`hookflash serve` on its core."""

    def __init__(
        self, binary, name, application, dialect="bxml", nice=0, store="sqlite::memory:",
        remembers=10000,
    ):
        """`remembers` is how many ended calls it keeps in memory."""
        self.port, self.http = free_port(), free_port()
        folder = WORK / name
        folder.mkdir(parents=True, exist_ok=True)
        # BXML answers before it pauses; TwiML's Pause would let the caller wait for that.
        write_prompt(folder)
        (folder / "play.xml").write_text(
            '<Response><Play loop="0">file:prompt.wav</Play></Response>'
        )
        (folder / "stay.xml").write_text('<Response><Pause duration="600"/></Response>')
        config = folder / "hookflash.toml"
        config.write_text(
            f"""[sip]
listen = ["udp://127.0.0.1:{self.port}"]

[http]
listen = "127.0.0.1:{self.http}"

[media]
ports = "20000-59999"
prompts = "."

[store]
url = "{store}"

[records]
max = {remembers}

[limits]
calls = 100000

[[accounts]]
sid = "AC00000000000000000000000000000001"
dialect = "{dialect}"
{'auth_token = "token"' if dialect == "twiml" else ""}

[[applications]]
name = "load"
account = "AC00000000000000000000000000000001"
{application}
"""
        )
        command = pinned(SERVER_CORE, binary, "serve", "--config", config)
        if nice:
            command = ["nice", "-n", str(nice), *command]
        self.process = Process(name, command, folder / "hookflash.log", cwd=folder)
        ready = until(lambda: self._ready() or not self.process.alive(), 20)
        if not ready or not self.process.alive():
            raise SystemExit(f"{name} is not ready:\n{self.process.output()[-3000:]}")

    @property
    def pid(self):
        return self.process.pid

    def _ready(self):
        try:
            url = f"http://127.0.0.1:{self.http}/readyz"
            with urllib.request.urlopen(url, timeout=2) as reply:
                return reply.status == 200
        except OSError:
            return False

    def held(self):
        """How many legs, transactions, … it holds, from /metrics."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http}/metrics", timeout=5) as reply:
            lines = reply.read().decode().splitlines()
        values = {}
        for line in lines:
            name, _, value = line.partition(" ")
            name = name.partition("{")[0].removeprefix("hookflash_")
            if name in HELD:
                values[HELD[name]] = int(float(value))
        return values

    def metric(self, wanted):
        """One number of /metrics."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http}/metrics", timeout=5) as reply:
            lines = reply.read().decode().splitlines()
        found = [line.split()[-1] for line in lines if line.startswith(f"hookflash_{wanted}")]
        return int(float(found[0])) if found else 0

    def trace(self, sid):
        """The journal of one call."""
        url = f"http://127.0.0.1:{self.http}/hookflash/v1/calls/{sid}/trace"
        with urllib.request.urlopen(url, timeout=5) as reply:
            return reply.read().decode()

    def thread_seconds(self, prefix):
        """User and system time of its threads whose names begin so."""
        ticks = 0
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            try:
                name = (task / "comm").read_text().strip()
                fields = (task / "stat").read_text().rpartition(")")[2].split()
            except FileNotFoundError:
                continue
            if name.startswith(prefix):
                ticks += int(fields[11]) + int(fields[12])
        return ticks / TICK

    def open_files(self):
        """Its open file descriptors."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def stop(self):
        """Ends it at once: what is left on the line does not matter here."""
        self.process.signal(signal.SIGKILL)
        self.process.stop()


def yardstick(name, *arguments):
    """SIPp as a bare server on the server's core."""
    port = free_port()
    process = Process(
        f"sipp-{name}",
        pinned(
            SERVER_CORE, "sipp", *arguments, "-i", "127.0.0.1", "-p", port, "-cp", free_port(),
            "-nostdin", "-buff_size", 4000000,
        ),
        WORK / f"{name}.out",
        cwd=WORK,
    )
    time.sleep(1)
    return process, port


def warm_up(name, server, options):
    """Brings a server to the state in which load leaves it."""
    calls = options.rate * STEADY_AFTER
    run_load(f"{name}-warm", scenario(name), server.port, server.pid, calls, options.rate)


def scenario(name, media="inactive"):
    """A scenario of this folder, with or without media from the server."""
    return (SCENARIOS / f"{name}.xml").read_text().replace("a=inactive", f"a={media}")


def fresh_store(name):
    """A database file that is not there yet, as the URL of a store."""
    folder = WORK / name
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("bench.db*"):
        old.unlink()
    return "sqlite://bench.db"
