"""What schemathesis asks of every answer besides: that nothing of another's part of the network is in it."""

import os

import schemathesis

FOREIGN = [word for word in os.environ.get("FARSIGHT_FOREIGN", "").split(",") if word]


@schemathesis.serializer("application/offset+octet-stream")
def piece_of_a_file(ctx, value):
    """The bytes of an upload's next piece, as tus sends them."""
    return {"data": value if isinstance(value, bytes) else str(value).encode()}


@schemathesis.check
def nothing_foreign(ctx, response, case):
    """No word that only another's rows hold."""
    for word in FOREIGN:
        if word.encode() in response.content:
            raise AssertionError(f"another's row is shown: {word}")
