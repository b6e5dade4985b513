"""A web server of byte ranges, as a process of its own: ``python range_server.py <folder> <log>``.

It prints its port, and appends the number of bytes of every answer to the log.  Not a thread of the test, because
GDAL waits for it while it holds the interpreter's lock.
"""

from __future__ import annotations

import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class _RangeHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        path = Path(sys.argv[1]) / self.path.lstrip("/")
        if not path.is_file():
            self.send_error(404)
            return
        content = path.read_bytes()
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        first, last = (int(asked[1]), int(asked[2] or len(content) - 1)) if asked else (0, len(content) - 1)
        part = content[first : last + 1]
        self.send_response(206 if asked else 200)
        if asked:
            self.send_header("Content-Range", f"bytes {first}-{first + len(part) - 1}/{len(content)}")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        if body:
            self.wfile.write(part)
            with Path(sys.argv[2]).open("a") as log:
                log.write(f"{len(part)}\n")

    def log_message(self, *_: object) -> None:
        """Nothing to say."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), _RangeHandler)
    print(server.server_address[1], flush=True)
    server.serve_forever()
