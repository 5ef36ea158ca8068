#!/usr/bin/env python3
"""Redoes published draws (`farsight sample export`) with nothing but Python's standard library.

    python3 tests/draw_outsider.py draw-2026-03-05.json ...

Written from the contract alone, sharing no code with the program. Prints one line a difference; exit 1 when there is
any, 0 when every draw is redone without one.
"""

import hashlib
import hmac
import json
import sys


def sha256(data):
    return hashlib.sha256(data).digest()


def differences(draw):
    """What is wrong with a published draw, in words."""
    pool = draw["pool"]
    if pool != sorted(set(pool), key=lambda code: code.encode()):
        yield "the pool is not sorted with each code once"
    if sha256("\n".join(pool).encode()).hex() != draw["pool_sha256"]:
        yield "the pool does not have its hash"
    if draw["key"] is None:
        yield "the key is not published"
        return
    key = bytes.fromhex(draw["key"])
    if sha256(key).hex() != draw["previous_key"]:
        yield "the key does not hash to the previous key"
    link = bytes.fromhex(draw["previous_key"])
    for _ in range(draw["index"] - 1):
        link = sha256(link)
    if link.hex() != draw["anchor"]:
        yield "the previous key does not lead to the anchor"
    order = sorted(
        pool,
        key=lambda code: hmac.new(key, f"{draw['date']}\n{code}".encode(), hashlib.sha256).digest(),
    )
    size = draw["sample_size"]
    if order[:size] != draw["sample"]:
        yield "the sample is another"
    if order[size : 2 * size] != draw["reserve"]:
        yield "the reserve list is another"
    follow_ups = draw["follow_ups"]
    if len(set(follow_ups)) != len(follow_ups) or set(follow_ups) & set(draw["sample"]) or set(follow_ups) - set(pool):
        yield "a follow-up is there twice, drawn, or not in the pool"


def main(paths):
    if not paths:
        sys.exit(__doc__)
    found = 0
    for path in paths:
        with open(path, encoding="utf-8") as file:
            draw = json.load(file)
        for difference in differences(draw):
            found += 1
            print(f"{path}: {difference}")
    print(f"{len(paths)} draws redone, {found} differences")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
