"""protoc with its Python plugins, out of the package grpcio-tools."""

import sys

from grpc_tools import protoc

if __name__ == "__main__":
    sys.exit(protoc.main(sys.argv))
