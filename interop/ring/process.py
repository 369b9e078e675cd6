"""Processes that the ring starts, and ends again by their own ids."""

import atexit
import os
import signal
import subprocess
import threading
import time

_running = set()
_lock = threading.Lock()


class Process:
    """A peer that runs in the background with its output in a file."""

    def __init__(
        self, name, command, log, cwd=None, env=None, stdin=subprocess.DEVNULL, stdout=None,
    ):
        self.name = name
        self.log = log
        with open(log, "ab") as output:
            self._process = subprocess.Popen(
                [str(part) for part in command], stdin=stdin, stdout=stdout or output,
                stderr=output, cwd=cwd, env={**os.environ, **(env or {})}, start_new_session=True,
            )
        #: only with `subprocess.PIPE`
        self.stdin, self.stdout = self._process.stdin, self._process.stdout
        with _lock:
            _running.add(self)

    @property
    def pid(self):
        return self._process.pid

    def alive(self):
        """Whether it still runs."""
        return self._process.poll() is None

    def wait(self, seconds):
        """Its exit status, or None when it has not ended by then."""
        try:
            status = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        with _lock:
            _running.discard(self)
        return status

    def signal(self, number):
        """Sends a signal to this process alone."""
        if self.alive():
            self._process.send_signal(number)

    def stop(self, grace=5.0):
        """Asks it to end, and ends its process group if it does not."""
        self.signal(signal.SIGTERM)
        status = self.wait(grace)
        self._end_group()
        return self.wait(5) if status is None else status

    def output(self):
        """What it has printed so far."""
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def _end_group(self):
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def stop_all():
    """Ends whatever is left."""
    with _lock:
        left = list(_running)
    for process in left:
        process.stop(grace=1.0)


def until(condition, seconds, every=0.05):
    """Polls `condition` until it is true; returns its last value."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() >= deadline:
            return value
        time.sleep(every)


atexit.register(stop_all)
