"""The option that says which server is called."""

import re
from typing import Any

import click

__all__ = ["make_server_option", "server_option"]

_PLACE = re.compile(r"(\[[^\]]+\]|[^:/\[\]]+):(\d{1,5})")
_LAST_PORT = 65535
# Names that gRPC resolves in other ways, e.g. dns:///models:8500, unix:/run/trilho.sock.
_RESOLVED = re.compile(r"(dns|ipv4|ipv6|unix|unix-abstract|vsock|xds):")


class _Server(click.ParamType[str]):
    """HOST:PORT, or a target of gRPC with a scheme.

    Without a port gRPC takes 443, where no server of models is, and the call's
    error says nothing of that.
    """

    name = "server"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Refuses what names no port."""
        place = _PLACE.fullmatch(value)
        if not _RESOLVED.match(value) and not (place and 0 < int(place[2]) <= _LAST_PORT):
            self.fail(f'"{value}": expected HOST:PORT, e.g. localhost:8500', param, ctx)
        return value


_SETTINGS: dict[str, Any] = {
    "type": _Server(),
    "default": "localhost:8500",
    "show_default": True,
    "metavar": "HOST:PORT",
}

server_option = click.option("--server", **_SETTINGS)


def make_server_option() -> click.Option:
    """Makes the option for a command that is put together of parameters."""
    return click.Option(["--server"], **_SETTINGS)
