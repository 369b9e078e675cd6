"""Runs cases, several at a time, and says how each one went."""

import fnmatch
import re
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Callable


class Findings:
    """Collects everything that is wrong in one case, so that one run tells the whole story."""

    def __init__(self):
        self._found = []

    def equal(self, what, got, wanted):
        """`got` must equal `wanted`, in value and in type."""
        if got != wanted or type(got) is not type(wanted):
            self._found.append(f"{what}: expected {wanted!r}, got {got!r}")

    def like(self, what, got, pattern):
        """`got` must be a text that the pattern describes as a whole."""
        if not isinstance(got, str) or not re.fullmatch(pattern, got):
            self._found.append(f"{what}: expected something like {pattern}, got {got!r}")

    def true(self, what, holds):
        """`holds` must be true."""
        if not holds:
            self._found.append(what)

    def raise_any(self, context=""):
        """Fails the case if anything was found."""
        if self._found:
            raise AssertionError("\n".join(self._found) + (f"\n{context}" if context else ""))


class Skipped(Exception):
    """This machine cannot do what the case needs; says what that is."""


@dataclass(frozen=True)
class Case:
    """One thing to prove."""

    name: str
    run: Callable[[], None]


@dataclass
class Tally:
    """How many cases held, how many did not, and how many could not be run here."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0


class Runner:
    """Runs groups of cases and counts."""

    def __init__(self, patterns, jobs, seconds, out=sys.stdout):
        self._patterns = patterns
        self._deadline = time.monotonic() + seconds
        self._jobs = jobs
        self._out = out
        self._lock = threading.Lock()
        self.tally = Tally()
        self.failures = []

    def wanted(self, name):
        """Whether a case was asked for."""
        return not self._patterns or any(fnmatch.fnmatch(name, p) for p in self._patterns)

    def run(self, cases, jobs=None):
        """Runs the cases that were asked for."""
        chosen = [case for case in cases if self.wanted(case.name)]
        with ThreadPoolExecutor(max_workers=jobs or self._jobs) as pool:
            futures = {pool.submit(self._run_one, case) for case in chosen}
            for future in as_completed(futures):
                future.result()
        return len(chosen)

    def _run_one(self, case):
        started = time.monotonic()
        try:
            if started > self._deadline:
                raise AssertionError("not run: the ring's time was over")
            case.run()
            problem = None
        except Skipped as why:
            with self._lock:
                self.tally.skipped += 1
                print(f"skip  {case.name}  ({why})", file=self._out, flush=True)
            return
        except AssertionError as error:
            problem = str(error) or traceback.format_exc()
        except Exception:
            problem = traceback.format_exc()
        self._report(case.name, problem, time.monotonic() - started)

    def _report(self, name, problem, seconds):
        with self._lock:
            if problem is None:
                self.tally.passed += 1
                print(f"ok    {name}  ({seconds:.1f} s)", file=self._out)
            else:
                self.tally.failed += 1
                self.failures.append(name)
                indented = "\n".join(f"        {line}" for line in problem.splitlines())
                print(f"FAIL  {name}  ({seconds:.1f} s)\n{indented}", file=self._out)
            self._out.flush()
