"""Writes TF Serving's services, and all their messages need, as one FileDescriptorSet.

Usage: serving_descriptors.py OUT. Prints a line a file: `serving NAME` for what the
services import, `session NAME` for what only the server needs: what configures a
session, and the records of warm-up files and request logs.
"""

import sys
from pathlib import Path

from google.protobuf import descriptor, descriptor_pb2
from tensorflow.core.protobuf import config_pb2
from tensorflow_serving.apis import (
    model_service_pb2,
    prediction_log_pb2,
    prediction_service_pb2,
)


def main(out: str) -> None:
    """Walks the imports, dependencies first, as --descriptor_set_in wants them."""
    files = descriptor_pb2.FileDescriptorSet()
    seen: set[str] = set()

    def add(file: descriptor.FileDescriptor, kind: str) -> None:
        if file.name in seen:
            return
        seen.add(file.name)
        for dependency in file.dependencies:
            add(dependency, kind)
        file.CopyToProto(files.file.add())
        if not file.name.startswith("google/protobuf/"):
            print(kind, file.name)

    add(prediction_service_pb2.DESCRIPTOR, "serving")
    add(model_service_pb2.DESCRIPTOR, "serving")
    add(config_pb2.DESCRIPTOR, "session")
    add(prediction_log_pb2.DESCRIPTOR, "session")
    Path(out).write_bytes(files.SerializeToString(deterministic=True))


if __name__ == "__main__":
    main(sys.argv[1])
