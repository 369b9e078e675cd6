"""The pages of `docs/migrating/`, followed to the letter.

What a page says to save is saved, what it says to start is started, its scripts run on the vendors'
libraries, and what they print is what the page says is seen. Only the ports are others, the binary
is the one under test, and the libraries are installed already.
"""

import re
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass

from ring.ports import free_port
from ring.process import Process, until
from ring.runner import Case, Findings

_PORTS = ("3000", "5060", "5090", "5091", "8080")
_PROGRAM = "../target/release/hookflash"
_VENDORS = ("twilio", "signalwire", "bandwidth", "jambonz")
#: what the pages say to try next: the phone it is said of, its option, and a word that is told then
_DESK, _CUSTOMER = "5090", "5091"
_NEXT = (
    ("busy-desk", _DESK, "--answer 486", {"twilio": "busy", "signalwire": "busy"}, "486"),
    ("refused", _CUSTOMER, "--on-refer reject=405", {}, "405"),
)


@dataclass(frozen=True)
class Page:
    """The fenced blocks of a page, in order: language and text."""

    vendor: str
    text: str
    blocks: tuple

    @classmethod
    def read(cls, folder, vendor):
        """Reads one page."""
        text = (folder / f"{vendor}.md").read_text(encoding="utf-8")
        return cls(vendor, text, tuple(re.findall(r"(?ms)^```(\w+)\n(.*?)^```$", text)))

    def block(self, language):
        """The only block in this language, or None."""
        found = [text for kind, text in self.blocks if kind == language]
        assert len(found) < 2, f"{self.vendor}.md has {len(found)} {language} blocks"
        return found[0] if found else None

    def commands(self, beginning):
        """Lines of the shell blocks that begin so."""
        lines = [line for kind, text in self.blocks if kind == "sh" for line in text.splitlines()]
        return [line for line in lines if line.startswith(beginning)]


class Migrating:
    """Each page with each language that it has."""

    def __init__(self, env):
        self._env = env
        folder = env.sources.parent / "docs" / "migrating"
        self._pages = [Page.read(folder, vendor) for vendor in _VENDORS]

    def cases(self):
        """A page's Python, then its Node."""
        for page in self._pages:
            for language, file in (("python", "call.py"), ("js", "call.js")):
                if page.block(language):
                    name = f"migrating/{page.vendor}/{language}"
                    yield Case(name, self._follow(page, language, file))
                    for case, phone, option, words, other in _NEXT:
                        word = words.get(page.vendor, other)
                        tried = self._follow(page, language, file, (phone, option, word))
                        yield Case(f"{name}/{case}", tried)

    def _follow(self, page, language, file, tried=None):
        """Follows a page; with `tried`, as it says to go on: a phone is given an option."""
        phone, option, word = tried or (None, "", "")
        kind = "" if tried is None else f"-{word}"

        def run():
            assert option in page.text, f"{page.vendor}.md does not say {option}"
            ports = {port: str(free_port()) for port in _PORTS}
            folder = self._env.work / "migrating" / f"{page.vendor}-{language}{kind}"
            folder.mkdir(parents=True)

            def here(text):
                return re.sub(rf"\b({'|'.join(_PORTS)})\b", lambda m: ports[m.group(1)], text)

            (folder / "hookflash.toml").write_text(here(page.block("toml")), encoding="utf-8")
            (folder / file).write_text(here(page.block(language)), encoding="utf-8")
            running = []
            try:
                started = page.commands(_PROGRAM)
                if tried:
                    started = [_with_option(line, phone, option) for line in started]
                callers = [line for line in started if "--call" in line]
                for line in started:
                    if line not in callers:
                        running.append(self._start(folder, here(line), ports))
                until(lambda: _is_ready(ports["8080"]), 15)
                script = self._script(page, language, file, folder)
                running.append(script)
                if callers:
                    until(lambda: "waiting for a call" in script.output(), 20)
                    running.append(self._start(folder, here(callers[0]), ports))
                status = script.wait(60)
                findings = Findings()
                findings.equal("exit status of the script", status, 0)
                if tried:
                    printed = script.output()
                    findings.true(f"{word} is not printed:\n{printed}", word in printed)
                else:
                    findings.equal(
                        "what is printed", _bare(script.output()), _bare(here(page.block("text")))
                    )
                findings.raise_any(
                    f"{script.output()}\n" + "\n".join(p.output()[-1500:] for p in running)
                )
            finally:
                for process in running:
                    process.stop()

        return run

    def _start(self, folder, line, ports):
        words = line.split()
        words[0] = self._env.binary
        name = "-".join(words[1:2] + re.findall(r"\d{4,5}", line))
        environment = {
            "HOOKFLASH_SIP__LISTEN": f'["udp://127.0.0.1:{ports["5060"]}"]',
            "HOOKFLASH_HTTP__LISTEN": f"127.0.0.1:{ports['8080']}",
        }
        return Process(name, words, folder / f"{name}.log", cwd=folder, env=environment)

    def _script(self, page, language, file, folder):
        # The page's own command, with the program that it installs in its place.
        command = next(
            line for line in page.commands(("node", ".venv/bin/python")) if line.endswith(file)
        ).split()
        environment = {}
        if language == "python":
            command[0] = self._env.tools / page.vendor / "bin" / "python"
        else:
            environment["NODE_PATH"] = str(self._env.tools / "node" / "node_modules")
        return Process(file, command, folder / f"{file}.log", cwd=folder, env=environment)


def _with_option(line, phone, option):
    """The customer's phone waits at its port, or it is the one that calls."""
    is_it = phone in line or (phone == _CUSTOMER and "--call" in line)
    return f"{line} {option}" if is_it else line


def _is_ready(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as reply:
            return reply.status == 200
    except OSError:
        return False


def _bare(text):
    """The lines without what Python and Node write in different ways. Requests that are made at
    the same time may come in any order."""
    return sorted(re.sub(r"[\s{}'\",]", "", line) for line in text.splitlines())


@contextmanager
def migrating(env):
    """The cases start and end what they need."""
    yield Migrating(env)
