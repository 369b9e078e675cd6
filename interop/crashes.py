"""The server is killed under load a hundred times, and its store fails in every way: no end of a
call is lost, none is made up, and calls go on.
"""

import json
import random
import shutil
import sqlite3
import subprocess
import time
from contextlib import closing, contextmanager

from ring.dialects import ACCOUNTS, ALL
from ring.hookflash import ConfiguredApplication, Hookflash, Settings
from ring.load import Load
from ring.postgres import Postgres
from ring.process import until
from ring.runner import Case, Findings, Skipped
from ring.signature import signature_problem

_KILLS_EACH = 34
_GONE_SECONDS = 60
_FINALS_SECONDS = 60
#: what is told of calls that died with the server
_CUT_OFF = {"failed", "error"}


class Crashes:
    """A server, a store and a load of their own for each case."""

    def __init__(self, env):
        self._env = env
        self._work = env.work / "crashes"
        self._work.mkdir(parents=True, exist_ok=True)

    def cases(self):
        """Kills first, which take the longest."""
        yield Case("crashes/postgres/is-gone-for-a-minute", self._postgres_is_gone)
        for number in (1, 2, 3):
            yield Case(
                f"crashes/sqlite/killed-{_KILLS_EACH}-times/{number}", self._killed(number)
            )
        yield Case("crashes/postgres/killed-5-times", self._postgres_killed)
        yield Case("crashes/outbox/lists-and-replays", self._outbox)
        yield Case("crashes/disk-is-full", self._disk_full)
        yield Case("crashes/file-is-read-only", self._read_only)
        yield Case("crashes/file-becomes-read-only", self._becomes_read_only)
        yield Case("crashes/file-is-moved-away", self._moved_away)
        yield Case("crashes/file-is-locked", self._locked)

    # Kills

    def _killed(self, number):
        def run():
            name = f"killed-{number}"
            file = self._work / f"{name}.db"
            chance = random.Random(number)
            with self._under_load(name, f"sqlite://{file}") as (server, load):
                findings = Findings()
                for kill in range(_KILLS_EACH):
                    load.begins(server)
                    time.sleep(chance.uniform(0.2, 1.2))
                    server.kill()
                    load.crowd.forgets()
                    if kill % 8 == 7:
                        findings.equal(f"integrity after {kill + 1} kills", _integrity(file), "ok")
                    server.start()
                load.rests()
                self._check_books(findings, server, load, least=2 * _KILLS_EACH)
                hit = [words for words, _ in load.finals().values() if words & _CUT_OFF]
                findings.true(f"only {len(hit)} calls were hit by a kill", len(hit) > _KILLS_EACH / 4)
                findings.equal("exit status", server.stop(), 0)
                findings.equal("integrity at the end", _integrity(file), "ok")
                findings.raise_any(_log_end(server))

        return run

    def _postgres_killed(self):
        postgres = Postgres(self._work)
        try:
            with self._under_load("postgres-killed", postgres.url) as (server, load):
                findings = Findings()
                for _ in range(5):
                    load.begins(server)
                    time.sleep(1)
                    server.kill()
                    load.crowd.forgets()
                    server.start()
                load.rests()
                self._check_books(findings, server, load, least=10)
                findings.raise_any(_log_end(server))
        finally:
            postgres.remove()

    # What a person does about callbacks that nobody took

    def _outbox(self):
        """An application that wants no callbacks leaves dead letters; they outlive a kill, are
        shown, and go out again when a person says so."""
        with self._under_load("outbox", f"sqlite://{self._work}/outbox.db") as (server, load):
            findings = Findings()
            load.takes_status = 410
            load.begins(server)
            until(lambda: _owed(server)[1] >= 6, 20, 0.2)
            load.rests()
            until(lambda: not server.live() and _owed(server)[0] == 0, 20, 0.2)
            dead = _owed(server)[1]
            findings.true(f"only {dead} dead letters", dead >= 6)
            server.kill()
            server.start()
            listed = self._hookflash(findings, server, "list", "--json")
            letters = json.loads(listed)["deadLetters"]
            findings.equal("dead letters that are listed", len(letters), dead)
            findings.true(f"the answer is not told: {letters[:1]}", "410" in str(letters[:1]))
            findings.true("a number is shown in full", "+1559" not in listed)
            load.takes_status = 204
            before = len(load.application.requests())
            self._hookflash(findings, server, "replay", letters[0]["call"])
            until(lambda: _owed(server) == (0, dead - 1), 10, 0.2)
            findings.equal("left after one", _owed(server), (0, dead - 1))
            self._hookflash(findings, server, "replay", "--all")
            until(lambda: _owed(server) == (0, 0), 20, 0.2)
            findings.equal("left after all", _owed(server), (0, 0))
            again = load.application.requests()[before:]
            findings.equal("callbacks that went out again", len(again), dead)
            for request in again:
                name = request.path.split("/")[1]
                if name == "bxml" and b'"outbound"' in request.body:
                    # Its order gave no user and password for them.
                    continue
                problem = signature_problem(
                    name, ACCOUNTS[name], load.application.url, request
                )
                findings.equal("their authentication", problem, None)
            findings.raise_any(listed[:1500])

    @staticmethod
    def _hookflash(findings, server, *command):
        done = subprocess.run(
            [server.binary, "outbox", *command, "--config", server.file],
            capture_output=True, text=True, timeout=20, check=False, stdin=subprocess.DEVNULL,
        )
        findings.equal(f"exit status of {command}: {done.stderr}", done.returncode, 0)
        return done.stdout

    # Stores that fail

    def _postgres_is_gone(self):
        postgres = Postgres(self._work)
        try:
            with self._under_load("postgres-gone", postgres.url) as (server, load):
                findings = Findings()
                load.begins(server)
                time.sleep(2)
                postgres.stop()
                self._calls_go_on(findings, server, load, _GONE_SECONDS)
                postgres.start()
                self._recovers(findings, server, load)
        finally:
            postgres.remove()

    def _disk_full(self):
        with self._small_disk("full") as folder:
            url = f"sqlite://{folder}/hookflash.db"
            with self._under_load("disk-full", url) as (server, load):
                findings = Findings()
                load.begins(server)
                time.sleep(1)
                filler = folder / "filler"
                with open(filler, "wb", buffering=0) as file:
                    try:
                        while True:
                            file.write(bytes(4096))
                    except OSError:
                        pass
                # What is small enough still fits now and then, and then trouble begins anew.
                self._calls_go_on(findings, server, load, 8, most_complaints=20)
                filler.unlink()
                self._recovers(findings, server, load)

    def _locked(self):
        """Another program has the file to itself for a while, as a careless backup does."""
        file = self._work / "locked.db"
        with self._under_load("locked", f"sqlite://{file}") as (server, load):
            findings = Findings()
            load.begins(server)
            time.sleep(1)
            with closing(sqlite3.connect(file, timeout=30, isolation_level=None)) as database:
                database.execute("BEGIN EXCLUSIVE")
                self._calls_go_on(findings, server, load, 8)
                database.execute("ROLLBACK")
            self._recovers(findings, server, load)

    def _read_only(self):
        """A server that finds its file read-only says so, and starts no calls it cannot keep."""
        with self._small_disk("read-only") as folder:
            url = f"sqlite://{folder}/hookflash.db"
            with self._under_load("disk-read-only", url) as (server, load):
                findings = Findings()
                load.begins(server)
                time.sleep(1)
                load.rests()
                self._check_books(findings, server, load, least=2)
                server.stop()
                subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
                try:
                    server.start()
                except RuntimeError as error:
                    findings.true(f"the file is not named: {error}", str(folder) in str(error))
                else:
                    load.begins(server)
                    self._calls_go_on(findings, server, load, 4)
                subprocess.run(["mount", "-o", "remount,rw", folder], check=True)
                if not server.process.alive():
                    server.start()
                load.begins(server)
                time.sleep(1)
                self._recovers(findings, server, load)

    def _becomes_read_only(self):
        """The file and its log cannot be written any more, by nobody: as when a disk turns
        read-only under a running server. Permissions alone change nothing for a file that is open."""
        file = self._work / "immutable.db"
        files = [file, file.with_name(f"{file.name}-wal")]
        with self._under_load("immutable", f"sqlite://{file}") as (server, load):
            findings = Findings()
            load.begins(server)
            time.sleep(1)
            frozen = _chattr("+i", files)
            try:
                if frozen:
                    raise Skipped(frozen)
                self._calls_go_on(findings, server, load, 4)
            finally:
                _chattr("-i", files)
            self._recovers(findings, server, load)

    def _moved_away(self):
        """Somebody moves the file out of the way, sees what that does, and puts it back."""
        file = self._work / "moved.db"
        with self._under_load("moved", f"sqlite://{file}") as (server, load):
            findings = Findings()
            load.begins(server)
            time.sleep(1)
            file.rename(file.with_suffix(".away"))
            self._calls_go_on(findings, server, load, 4)
            said = [line for line in server.log_problems() if "was removed" in line]
            findings.equal("lines that say so", len(said), 1)
            findings.true("a new file was made", not file.exists())
            file.with_suffix(".away").rename(file)
            self._recovers(findings, server, load)

    def _calls_go_on(self, findings, server, load, seconds, most_complaints=1):
        """The store is in trouble: calls come and go, and the operator is told."""
        before = len(load.crowd.answered())
        told = until(lambda: server.status("/readyz") == 503, 15, 0.2)
        findings.true("/readyz does not say 503", told)
        time.sleep(seconds)
        findings.true("no inbound call was answered", len(load.crowd.answered()) > before)
        findings.true("the server has died", server.process.alive())
        complaints = [line for line in server.log_problems() if "store cannot be written" in line]
        findings.true(
            f"{len(complaints)} complaints", 1 <= len(complaints) <= most_complaints
        )

    def _recovers(self, findings, server, load):
        """The store is well again: the backlog drains, and the books are right."""
        load.rests()
        findings.true("/readyz does not say 200", until(lambda: server.status("/readyz") == 200, 30))
        self._check_books(findings, server, load, least=10)
        findings.equal("exit status", server.stop(), 0)
        findings.raise_any(_log_end(server))

    # Books

    def _check_books(self, findings, server, load, least):
        until(lambda: not load.untold(), _FINALS_SECONDS, 0.5)
        findings.equal("calls whose end was not told", load.untold(), {})
        findings.equal("ends of calls that never were", load.never_were(), {})
        ends = load.finals()
        twice = {sid: words for sid, (words, _) in ends.items() if len(words) > 1}
        findings.equal("calls that ended in several ways", twice, {})
        findings.true(f"only {len(ends)} calls ended", len(ends) >= least)
        until(lambda: _owed(server) == (0, 0), 30, 0.5)
        findings.equal("owed, and given up", _owed(server), (0, 0))
        findings.true("a call lives", until(lambda: not server.live(), 10, 0.2))

    # Parts

    @contextmanager
    def _under_load(self, name, store):
        load = Load()
        base = load.application.url
        server = Hookflash(
            self._env.binary, self._work, name,
            Settings(
                [
                    ConfiguredApplication(
                        dialect, dialect, f"{base}/{dialect}/voice", f"{dialect}-*",
                        status_callback=f"{base}/{dialect}/status",
                    )
                    for dialect in ALL
                ],
                store=store, t1="100ms",
            ),
        )
        try:
            yield server, load
        finally:
            load.close()
            server.stop()

    @contextmanager
    def _small_disk(self, name):
        """A file system of eight megabytes."""
        folder = self._work / f"mount-{name}"
        folder.mkdir(parents=True, exist_ok=True)
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder], check=False,
            capture_output=True, text=True,
        )
        if mounted.returncode:
            raise Skipped(mounted.stderr.strip())
        try:
            yield folder
        finally:
            subprocess.run(["umount", "-l", folder], check=False, capture_output=True)


def _chattr(flag, files):
    """Makes files immutable for everybody, or ends that; says why when it cannot be done."""
    try:
        done = subprocess.run(["chattr", flag, *files], capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        return str(error)
    if done.returncode:
        return done.stderr.strip()
    if flag == "+i":
        try:
            with open(files[0], "r+b"):
                return "this file system lets immutable files be written"
        except OSError:
            pass
    return None


def _owed(server):
    """How many final callbacks are owed, and how many were given up."""
    outbox = server.get("/hookflash/v1/outbox")
    return outbox["owedInAll"], outbox["deadLettersInAll"]


def _integrity(file):
    """What SQLite says of the file and its log, looked at as a copy."""
    copy = file.with_suffix(".copy")
    for suffix in ("", "-wal"):
        source = file.with_name(file.name + suffix)
        target = copy.with_name(copy.name + suffix)
        if source.exists():
            shutil.copyfile(source, target)
        else:
            target.unlink(missing_ok=True)
    with sqlite3.connect(copy) as database:
        return database.execute("PRAGMA integrity_check").fetchone()[0]


def _log_end(server):
    return server.process.output()[-1500:]


@contextmanager
def crashes(env):
    """The cases start and end what they need."""
    yield Crashes(env)
