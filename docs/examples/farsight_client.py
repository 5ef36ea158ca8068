#!/usr/bin/env python3
"""A small client of Farsight's door for machines, with nothing but the standard library: copy it, change it.

    export FARSIGHT_URL=https://tower.example FARSIGHT_TOKEN=fsk_…
    python3 farsight_client.py send work_orders orders.csv
    python3 farsight_client.py pull alerts cursor.txt

`send` sends a file's facts (.csv, .ndjson, .json) in requests of some rows each; run again after a fault, it stores nothing
twice. `pull` prints what changed since the last time, one object a line, and keeps the cursor in a file.
"""

import base64
import hashlib
import hmac
import http.client
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

ROWS = 5_000
KINDS = {".csv": "text/csv", ".ndjson": "application/x-ndjson", ".json": "application/json"}
TRIES = 8


class Refused(Exception):
    """An answer that another try would not change: a problem document (RFC 9457)."""

    def __init__(self, problem):
        super().__init__(problem.get("detail", ""))
        self.problem = problem


class Farsight:
    """The door, with a token."""

    def __init__(self, url, token):
        self.url, self.token = url.rstrip("/"), token

    def call(self, method, path, body=None, headers=None):
        """Calls once and again: the network, a restart, 409, 429 and 503 pass. Gives what is answered."""
        headers = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        for attempt in range(TRIES):
            request = urllib.request.Request(self.url + path, data=body, headers=headers, method=method)
            wait = min(2**attempt, 60)
            try:
                with urllib.request.urlopen(request, timeout=1800) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                if error.code not in (409, 429, 502, 503, 504):
                    raise Refused(json.load(error)) from None
                wait = int(error.headers.get("Retry-After", wait))
            except (OSError, ValueError, http.client.HTTPException):
                pass  # nobody there, or an answer that broke off: with the same key nothing is stored twice
            if attempt + 1 < TRIES:
                time.sleep(wait)
        raise SystemExit(f"{method} {path}: no answer after {TRIES} tries")

    def send(self, table, body, kind="application/json"):
        """Sends facts. The key says what is sent, so that the same request is known again."""
        key = hashlib.sha256(table.encode() + b"\n" + body).hexdigest()
        return self.call("POST", f"/api/v1/facts/{table}", body, {"Content-Type": kind, "Idempotency-Key": key})

    def pull(self, what, cursor=""):
        """What has changed after a cursor: pieces of objects, each with the cursor to keep once they are dealt with."""
        more = True
        while more:
            query = {"limit": 500, **({"cursor": cursor} if cursor else {})}
            piece = self.call("GET", f"/api/v1/{what}?{urllib.parse.urlencode(query)}")
            cursor, more = piece["next"], piece["more"]
            yield piece["items"], cursor


def requests(path):
    """A file's facts in requests of some rows each; the lines of CSV after its header (no line breaks within cells)."""
    lines = path.read_bytes().splitlines(keepends=True)
    if path.suffix == ".json":
        return [b"".join(lines)]
    header = [lines.pop(0)] if path.suffix == ".csv" and lines else []
    return [b"".join(header + lines[at : at + ROWS]) for at in range(0, len(lines), ROWS)]


def is_genuine(secrets, headers, body, now, tolerance=300):
    """Whether a webhook comes from the tower (Standard Webhooks): one of the secrets signed it, a short while ago."""
    sent, told = headers.get("webhook-timestamp", ""), headers.get("webhook-signature", "").split()
    if not sent.isdigit() or abs(now - int(sent)) > tolerance:
        return False
    signed = f"{headers.get('webhook-id', '')}.{sent}.".encode() + body
    for secret in secrets:
        key = base64.b64decode(secret.removeprefix("whsec_"))
        right = "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
        if any(hmac.compare_digest(right, one) for one in told):
            return True
    return False


def main():
    if len(sys.argv) != 4 or sys.argv[1] not in ("send", "pull"):
        sys.exit(__doc__)
    tower = Farsight(os.environ["FARSIGHT_URL"], os.environ["FARSIGHT_TOKEN"])
    deed, what, path = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    try:
        if deed == "send":
            for body in requests(path):
                told = tower.send(what, body, KINDS[path.suffix])
                print(f"{told['new']} new, {told['corrected']} corrected, {told['unchanged']} known")
            return
        for items, cursor in tower.pull(what, path.read_text().strip() if path.exists() else ""):
            for item in items:
                print(json.dumps(item, ensure_ascii=False))
            path.write_text(cursor)
    except Refused as refused:
        for error in refused.problem.get("errors", []):
            print(f"line {error['line']}, {error['field']} '{error['value']}': {error['reason']}: {error['remedy']}", file=sys.stderr)
        sys.exit(f"{refused.problem['code']}: {refused}")


if __name__ == "__main__":
    main()
