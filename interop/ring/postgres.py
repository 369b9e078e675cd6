"""A PostgreSQL server of the ring's own, on a free port, as a user without rights."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

from ring.ports import free_port
from ring.process import Process, until

_USER = "postgres"


class Postgres:
    """One database cluster in a folder; it can be stopped and started."""

    def __init__(self, work):
        self._programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
        # Its user must reach the folder, which the ring's own folders do not promise.
        self._folder = Path(subprocess.run(
            ["mktemp", "-d", "/tmp/ring-postgres.XXXXXX"], capture_output=True, text=True,
            check=True,
        ).stdout.strip())
        self._log = work / "postgres.log"
        self._port = free_port()
        self._process = None
        shutil.chown(self._folder, _USER, _USER)
        subprocess.run(
            self._as_user(
                self._programs / "initdb", "-D", self._folder / "data", "-A", "trust",
                "-U", "ring", "--no-sync",
            ),
            capture_output=True, check=True, cwd="/",
        )
        self.start()
        subprocess.run(
            [self._programs / "createdb", "-h", "127.0.0.1", "-p", str(self._port), "-U", "ring",
             "calls"],
            capture_output=True, check=True, cwd="/",
        )

    @property
    def url(self):
        """What `store.url` says."""
        return f"postgres://ring@127.0.0.1:{self._port}/calls"

    def start(self):
        """Starts it, for the first time or again."""
        self._process = Process(
            "postgres",
            self._as_user(
                self._programs / "postgres", "-D", self._folder / "data", "-h", "127.0.0.1",
                "-p", self._port, "-k", self._folder, "-c", "fsync=off",
            ),
            self._log, cwd="/",
        )
        if not until(self._is_ready, 20, 0.1):
            raise RuntimeError(f"PostgreSQL is not ready:\n{self._process.output()[-2000:]}")

    def stop(self):
        """Ends every session and the server."""
        self._process.signal(signal.SIGINT)
        if self._process.wait(20) is None:
            self._process.stop()

    def remove(self):
        """Stops it for good."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def ask(self, statement):
        """What a statement returns, as text."""
        return subprocess.run(
            [self._programs / "psql", "-h", "127.0.0.1", "-p", str(self._port), "-U", "ring",
             "-At", "-c", statement, "calls"],
            capture_output=True, text=True, check=True, cwd="/",
        ).stdout.strip()

    def _is_ready(self):
        done = subprocess.run(
            [self._programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self._port)],
            check=False,
        )
        return done.returncode == 0

    @staticmethod
    def _as_user(*command):
        """PostgreSQL refuses to run as root."""
        if os.getuid() != 0:
            return list(command)
        return ["setpriv", "--reuid", _USER, "--regid", _USER, "--clear-groups", *command]
