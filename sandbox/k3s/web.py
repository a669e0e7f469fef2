"""The web server of the supply: python web.py ADDRESS PORT FOLDER CLAIM.

GET gives the files of FOLDER. PUT /cluster claims the datastore for the cluster that the body names; the first one
holds it, as the first member of an etcd cluster does, and any other is refused.
"""

import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_LONGEST = 200


class Supplier(SimpleHTTPRequestHandler):
    """One request."""

    claim: Path

    def do_PUT(self) -> None:
        """200 for the holder, 409 for anybody else."""
        length = int(self.headers.get("Content-Length") or 0)
        name = self.rfile.read(min(length, _LONGEST))
        if self.path != "/cluster" or not name:
            self.send_error(404)
            return
        try:
            with self.claim.open("xb") as file:
                file.write(name)
        except FileExistsError:
            if self.claim.read_bytes() != name:
                self.send_error(409)
                return
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()


if __name__ == "__main__":
    address, port, folder, claim = sys.argv[1:]
    Supplier.claim = Path(claim)
    ThreadingHTTPServer((address, int(port)), partial(Supplier, directory=folder)).serve_forever()
