"""The web application on the other side: it serves documents by path and records every request.

A request is kept exactly as it came (order, headers in order, raw body), so that signatures can
be recomputed later, also by the vendors' own libraries.
"""

import socket
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@dataclass
class Request:
    """One request as it arrived."""

    number: int
    at: float
    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    answered: int = 0

    @property
    def path(self):
        return urlsplit(self.target).path

    @property
    def query(self):
        return urlsplit(self.target).query

    def header(self, name):
        """The value of a header field, or None."""
        for key, value in self.headers:
            if key.lower() == name.lower():
                return value
        return None


@dataclass
class Reply:
    """What a path answers."""

    body: str | bytes = ""
    content_type: str | None = "application/xml"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    #: close the connection without any answer
    drop: bool = False


class Application:
    """Serves until closed; `answer` is asked for paths that have no fixed reply."""

    def __init__(self, answer=None):
        self._answer = answer
        self._replies = {}
        self._requests = []
        self._changed = threading.Condition()
        application = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 30

            def do_GET(self):
                application._serve(self)

            do_POST = do_PUT = do_DELETE = do_GET

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

            def handle_error(self, *_):
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        """Stops serving."""
        self._server.shutdown()
        self._server.server_close()

    def on(self, path, reply):
        """Fixes what `path` answers: a Reply, or a function of the Request."""
        self._replies[path] = reply

    def requests(self, prefix=""):
        """Everything that came so far for paths that start with `prefix`, in order."""
        with self._changed:
            return [request for request in self._requests if request.path.startswith(prefix)]

    def await_requests(self, prefix, count, seconds):
        """Waits until `count` requests have come; returns what there is by then."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while True:
                found = [r for r in self._requests if r.path.startswith(prefix)]
                left = deadline - time.monotonic()
                if len(found) >= count or left <= 0:
                    return found
                self._changed.wait(left)

    def recorded(self):
        """Every request as plain data, for validators in other languages."""
        return [
            {
                "url": self.url + request.target,
                "at": request.at,
                "method": request.method,
                "headers": request.headers,
                "body": request.body.decode("utf-8", "surrogateescape"),
            }
            for request in self.requests()
        ]

    def _serve(self, handler):
        length = int(handler.headers.get("Content-Length") or 0)
        body = handler.rfile.read(length)
        with self._changed:
            request = Request(
                len(self._requests), time.time(), handler.command, handler.path,
                list(handler.headers.items()), body,
            )
            self._requests.append(request)
            self._changed.notify_all()
        reply = self._replies.get(request.path)
        if callable(reply):
            reply = reply(request)
        if reply is None and self._answer:
            reply = self._answer(request)
        if reply is None:
            reply = Reply("nothing here", "text/plain", 404)
        time.sleep(reply.delay)
        if reply.drop:
            handler.close_connection = True
            handler.connection.shutdown(socket.SHUT_RDWR)
            return
        content = reply.body.encode() if isinstance(reply.body, str) else reply.body
        request.answered = reply.status
        handler.send_response(reply.status)
        if reply.content_type:
            handler.send_header("Content-Type", reply.content_type)
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)
