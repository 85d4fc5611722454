"""An authority of a test's own, and what it signs."""

import json
import subprocess
from pathlib import Path

from e2e.waiting import PATIENCE_SECONDS

__all__ = ["HOST", "Authority", "write_config"]

# What the certificates are for, besides localhost.
HOST = "127.0.0.1"
_NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


class Authority:
    """Signs certificates; everything is in files of one folder.

    Attributes:
        certificate: Its own.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self.certificate = folder / "ca.pem"
        _openssl(
            *["req", "-x509", *_NEW_KEY, "-keyout", folder / "ca.key", "-out", self.certificate],
            *["-days", "1", "-subj", "/CN=authority"],
        )

    def sign(self, name: str, serial: int, days: int = 1) -> tuple[Path, Path]:
        """Makes a key and its certificate, of a server of this machine or of a client.

        Args:
            name: The certificate's name.
            serial: Its number.
            days: How long it holds; with -1 it has expired yesterday.

        Returns:
            The files of certificate and key.
        """
        key, request, certificate, extensions = (
            self._folder / f"{name}.{suffix}" for suffix in ["key", "csr", "pem", "ext"]
        )
        extensions.write_text(f"subjectAltName=DNS:localhost,IP:{HOST}\n", encoding="ascii")
        _openssl("req", "-new", *_NEW_KEY, "-keyout", key, "-out", request, "-subj", f"/CN={name}")
        _openssl(
            *["x509", "-req", "-in", request, "-days", str(days), "-set_serial", str(serial)],
            *["-CA", self.certificate, "-CAkey", self._folder / "ca.key"],
            *["-extfile", extensions, "-out", certificate],
        )
        return certificate, key


def write_config(file: Path, identity: tuple[Path, Path], client_ca: Path | None = None) -> None:
    """Writes an SSLConfig under its name in one step.

    Args:
        file: Where.
        identity: The server's certificate and key.
        client_ca: Who signs clients; anybody is let in without.
    """
    certificate, key = (path.read_text(encoding="ascii") for path in identity)
    # A JSON string is one of text protos, too.
    text = f"server_cert: {json.dumps(certificate)}\nserver_key: {json.dumps(key)}\n"
    if client_ca is not None:
        text += f"custom_ca: {json.dumps(client_ca.read_text(encoding='ascii'))}\n"
        text += "client_verify: true\n"
    new = file.with_suffix(".new")
    new.write_text(text, encoding="ascii")
    new.replace(file)


def _openssl(*words: object) -> None:
    """Runs openssl, which must succeed."""
    done = subprocess.run(
        ["openssl", *map(str, words)],
        capture_output=True,
        check=False,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stderr
