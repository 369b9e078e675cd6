"""Kamailio: a record-routing proxy between caller and server, or a provider to register with."""

import socket
from pathlib import Path

from ring.ports import free_port
from ring.process import Process, until

_HEAD = """#!KAMAILIO
debug=1
log_stderror=yes
children=2
tcp_children=2
auto_aliases=no
dns=no
rev_dns=no
listen=udp:127.0.0.1:{port}
listen=tcp:127.0.0.1:{port}
mpath="{modules}"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "xlog.so"
modparam("rr", "append_fromtag", 1)
modparam("rr", "enable_double_rr", 1)
modparam("tm", "fr_timer", 5000)
"""
_PROXY = """
request_route {{
    if (!mf_process_maxfwd_header("10")) {{
        sl_send_reply("483", "Too Many Hops");
        exit;
    }}
    if (has_totag()) {{
        if (!loose_route()) {{
            if (is_method("ACK")) {{
                if (t_check_trans()) t_relay();
                exit;
            }}
            xlog("L_WARN", "unrouted $rm to $ru\\n");
            sl_send_reply("404", "Not Through Here");
            exit;
        }}
        xlog("L_WARN", "routed $rm to $ru via $du\\n");
        t_relay();
        exit;
    }}
    if (is_method("CANCEL")) {{
        if (t_check_trans()) t_relay();
        exit;
    }}
    t_check_trans();
    if (is_method("INVITE")) record_route();
    t_relay();
}}
"""
_PROVIDER = """
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
modparam("usrloc", "db_mode", 0)
modparam("registrar", "use_path", 0)
modparam("registrar", "default_expires", {expires})
modparam("registrar", "max_expires", {expires})

request_route {{
    if (!mf_process_maxfwd_header("10")) {{
        sl_send_reply("483", "Too Many Hops");
        exit;
    }}
    if (has_totag()) {{
        # The customer's callers know no route set.
        loose_route();
        if (uri != myself) t_relay();
        exit;
    }}
    if (is_method("CANCEL")) {{
        if (t_check_trans()) t_relay();
        exit;
    }}
    t_check_trans();
    if (is_method("REGISTER")) {{
        if (!pv_www_authenticate("{realm}", "{password}", "0")) {{
            www_challenge("{realm}", "1");
            exit;
        }}
        if ($au != "{user}") {{
            sl_send_reply("403", "Not You");
            exit;
        }}
        save("location");
        xlog("L_WARN", "registered $tU expires $hdr(Expires) contact $ct\\n");
        exit;
    }}
    if ($rU == "{user}") {{
        record_route();
        if (!lookup("location")) {{
            sl_send_reply("404", "Nobody Registered");
            exit;
        }}
        t_relay();
        exit;
    }}
    if (!pv_proxy_authenticate("{realm}", "{password}", "0")) {{
        proxy_challenge("{realm}", "1");
        exit;
    }}
    consume_credentials();
    record_route();
    $du = "sip:127.0.0.1:{subscribers}";
    t_relay();
}}
"""


class Kamailio:
    """One proxy on one port, UDP and TCP."""

    def __init__(self, work, name="kamailio", script=_PROXY, **words):
        self.port = free_port()
        folder = work / name
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "kamailio.cfg"
        text = (_HEAD + script).format(port=self.port, modules=_modules(), **words)
        config.write_text(text, encoding="utf-8")
        pid = folder / "kamailio.pid"
        pid.unlink(missing_ok=True)
        self._process = Process(
            "kamailio",
            ["kamailio", "-f", config, "-DD", "-E", "-m", "32", "-M", "8",
             "-P", pid, "-Y", folder, "-w", folder],
            folder / "kamailio.log",
            cwd=folder,
        )
        ready = until(lambda: not self._process.alive() or self._listens(), 15)
        if not ready or not self._process.alive():
            raise RuntimeError(f"kamailio is not ready:\n{self._process.output()[-3000:]}")

    def routed(self):
        """In-dialog requests that followed the route set, and those that did not."""
        lines = self._process.output().splitlines()
        return (
            [line.split("routed ", 1)[1] for line in lines if " routed " in f" {line}"
             and "unrouted" not in line],
            [line for line in lines if "unrouted" in line],
        )

    def stop(self):
        """Ends the proxy."""
        self._process.stop()

    def _listens(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True


class Provider(Kamailio):
    """A provider with one customer, who registers and calls with a password."""

    def __init__(self, work, user, password, subscribers, expires=60):
        """Calls of the customer go to the port of its subscribers."""
        super().__init__(
            work, "kamailio-provider", _PROVIDER, user=user, password=password,
            realm="provider.example", subscribers=subscribers, expires=expires,
        )

    def registrations(self):
        """What was registered, in order: a line for each REGISTER that counted."""
        lines = self._process.output().splitlines()
        return [line.split("registered ", 1)[1] for line in lines if "registered " in line]


def _modules():
    """Debian keeps the modules under the architecture's own folder."""
    return str(next(Path("/usr/lib").glob("*/kamailio/modules")))
