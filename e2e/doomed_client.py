"""A client that calls without end, for somebody else to kill.

    doomed_client.py ADDRESS CERTIFICATES METHOD FILE

calls METHOD with the bytes of FILE, several calls at once, and says "calling" when the first one
is answered. It loads nothing but gRPC, so that many of them may be started.
"""

import sys
from pathlib import Path
from typing import Any

import grpc

CALLS_AT_ONCE = 8


def main(address: str, certificates: str, method: str, file: str) -> None:
    """Calls until it is killed."""
    credentials = grpc.ssl_channel_credentials(Path(certificates).read_bytes())
    call: Any = grpc.secure_channel(address, credentials).unary_unary(method)
    request = Path(file).read_bytes()
    call(request)
    print("calling", flush=True)
    while True:
        for future in [call.future(request) for _ in range(CALLS_AT_ONCE)]:
            future.result()


if __name__ == "__main__":
    main(*sys.argv[1:])
