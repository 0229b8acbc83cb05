"""A store of tiles on 127.0.0.1 that fails in the ways of the real network."""

from __future__ import annotations

import gc
import hashlib
import re
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Store:
    """What a server has and how it misbehaves; the tests change it while it runs.

    `answers` holds, for a path, how to answer its next GETs, one word each: break (half of what is
    left, then the line drops), stall (half, then silence), drip (in pieces, slowly), spoil (one
    byte changed), short (a length that is too small), refuse (drops at once), or a status number.
    """

    objects: dict[str, bytes] = field(default_factory=dict)
    answers: dict[str, deque[str]] = field(default_factory=dict)
    head_answers: dict[str, deque[str]] = field(default_factory=dict)
    ranges: bool = True
    tags: str = "md5"
    requests: list[tuple[str, str, str | None]] = field(default_factory=list)
    url: str = ""

    def tag(self, content: bytes) -> str | None:
        digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
        return {"md5": f'"{digest}"', "parts": f'"{digest}-3"'}.get(self.tags)

    def gets(self, word: str = "") -> list[str | None]:
        """Return the Range of each GET whose path holds a word."""
        return [span for verb, path, span in self.requests if verb == "GET" and word in path]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    store: Store
    timeout = 5

    def log_message(self, *_: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        path = self.note()
        content = self.store.objects.get(path)
        how = next_of(self.store.head_answers, path)
        if content is None or how.isdecimal():
            self.answer(int(how) if how else 404, {"Content-Length": "0"})
        else:
            self.answer(200, self.labels(content) | {"Content-Length": str(len(content))})

    def do_GET(self) -> None:
        path = self.note()
        content = self.store.objects.get(path)
        how = next_of(self.store.answers, path)
        if content is None or how.isdecimal():
            self.answer(int(how) if how else 404, {"Content-Length": "0"})
            return
        if how == "refuse":
            self.close_connection = True
            return
        start, labels, status = self.stretch(content), self.labels(content), 200
        if start:
            labels["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            status = 206
        body = spoiled(content[start:]) if how == "spoil" else content[start:]
        body = body[: len(body) // 2] if how == "short" else body
        self.answer(status, labels | {"Content-Length": str(len(body))})
        self.send(body, how)

    def note(self) -> str:
        # A proxy is asked for the whole address.
        path = re.sub(r"^http://[^/]+", "", self.path)
        self.store.requests.append((self.command, self.path, self.headers.get("Range")))
        return path

    def labels(self, content: bytes) -> dict[str, str]:
        tag = self.store.tag(content)
        return {"ETag": tag} if tag else {}

    def stretch(self, content: bytes) -> int:
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        same = self.headers.get("If-Range") == self.store.tag(content)
        return int(wanted[1]) if wanted and same and self.store.ranges else 0

    def answer(self, status: int, labels: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in labels.items():
            self.send_header(name, value)
        self.end_headers()

    def send(self, body: bytes, how: str) -> None:
        try:
            if how in {"break", "stall"}:
                self.wfile.write(body[: (len(body) + 1) // 2])
                self.wfile.flush()
                if how == "stall":
                    time.sleep(0.6)
                self.close_connection = True
            elif how == "drip":
                step = len(body) // 8 + 1
                for place in range(0, len(body), step):
                    self.wfile.write(body[place : place + step])
                    time.sleep(0.03)
            else:
                self.wfile.write(body)
        except OSError:
            self.close_connection = True


def next_of(answers: dict[str, deque[str]], path: str) -> str:
    queue = answers.get(path)
    return queue.popleft() if queue else ""


def spoiled(content: bytes) -> bytes:
    # Well inside the packed cells, past the directory at the front.
    place = len(content) * 3 // 4
    return content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]


class Server(ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        pass


@contextmanager
def served(store: Store) -> Iterator[Store]:
    server = Server(("127.0.0.1", 0), type("Bound", (Handler,), {"store": store}))
    server.daemon_threads = False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    store.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield store
    finally:
        # An error that a test caught holds its connection until it is collected.
        gc.collect()
        server.shutdown()
        thread.join()
        server.server_close()
