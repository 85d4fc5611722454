"""HDFS over WebHDFS, the HTTP API of its NameNode, and where that is.

libhdfs, which others use, comes with a Hadoop installation only; this needs HTTP and nothing else.
"""

import getpass
import os
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from fsspec.implementations.webhdfs import WebHDFile, WebHDFS

from trilho.convert.problems import ConvertError

__all__ = ["Hdfs", "open_hdfs"]

# dfs.namenode.http-address of hdfs-default.xml.
_PORT = 9870
_CORE, _HDFS = "core-site.xml", "hdfs-site.xml"
_REFERENCE = re.compile(r"\$\{([^}$\s]+)\}")
# So many deep may values of the configuration refer to others: as many as Hadoop allows.
_DEPTH = 20
# For a NameNode to take the connection, and to say whether it is the active one, in seconds.
_PATIENCE = (10, 60)


def open_hdfs(url: str) -> tuple["Hdfs", str]:
    """Finds the NameNode that a URL means.

    webhdfs://[USER@]HOST[:PORT]/PATH has the NameNode's HTTP port, 9870 by default. The URLs of
    Hadoop itself, hdfs://[USER@]HOST[:PORT]/PATH, have its RPC port: the HTTP port is what
    dfs.namenode.http-address says in hdfs-site.xml, or else 9870. HOST may be a nameservice of
    hdfs-site.xml with several NameNodes, of which the active one is taken. hdfs:///PATH is on
    fs.defaultFS of core-site.xml.

    Both files are looked for in $HADOOP_CONF_DIR, else in $HADOOP_HOME/etc/hadoop, else in
    /etc/hadoop/conf. USER is $HADOOP_USER_NAME or whoever runs this, unless the URL says it.

    Args:
        url: Of one of these kinds.

    Returns:
        The file system, and the path on it.

    Raises:
        ConvertError: The configuration does not say where the NameNode is, or none of a
            nameservice's is active.
    """
    scheme, _, rest = url.partition("://")
    authority, _, path = rest.partition("/")
    configuration = _Configuration()
    if scheme == "hdfs" and not authority:
        authority = _default(url, configuration)
    user, _, address = authority.rpartition("@")
    host, _, port = address.partition(":")
    if scheme == "hdfs":
        host, port = _http_address(url, host, configuration)
    if not host or not (port or "0").isdecimal():
        raise ConvertError(f"{url}: expected {scheme}://HOST[:PORT]/PATH")
    return Hdfs(host, int(port or _PORT), user=user or _current_user()), f"/{path}"


class Hdfs(WebHDFS):  # type: ignore[misc]  # fsspec has no types
    """fsspec's, but that what fails is told."""

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        # fsspec takes "?" for the beginning of a query, and "#" for that of a fragment.
        if "://" not in path:
            return path
        return "/" + path.partition("://")[2].partition("/")[2]

    def exists(self, path: str, **_: object) -> bool:
        """Whether there is such a file or folder; that nobody answers is no answer."""
        return self._type(path) is not None

    def isdir(self, path: str) -> bool:
        """Whether there is such a folder."""
        return self._type(path) == "directory"

    def isfile(self, path: str) -> bool:
        """Whether there is such a file."""
        return self._type(path) == "file"

    def rename(self, source: str, target: str, *, replace: bool) -> None:
        """Renames a file or folder, at once.

        Args:
            source: What.
            target: Its new path; in a folder that exists.
            replace: Whether a file, or an empty folder, may be there.

        Raises:
            FileExistsError: `target` is there.
            OSError: It cannot be renamed.
        """
        # Without this option a folder that is there would get `source` as a member.
        options = "OVERWRITE" if replace else "NONE"
        try:
            response = self._call(
                "RENAME", method="put", path=source, destination=target, renameoptions=options
            )
        except ConvertError as error:
            if self.exists(target):
                raise FileExistsError(str(error)) from error
            raise
        # HttpFS does not know the option, and answers so.
        if response.content and not response.json().get("boolean", True):
            raise FileExistsError(f"{self.url}{source}: cannot be renamed to {target}")

    def mv(self, path1: str, path2: str, **_: object) -> None:
        """Renames: see `rename`."""
        self.rename(path1, path2, replace=False)

    def _type(self, path: str) -> str | None:
        try:
            return str(self.info(path)["type"])
        except FileNotFoundError:
            return None

    def _call(self, op: str, method: str = "get", path: str | None = None, **options: Any) -> Any:  # noqa: ANN401 - as in fsspec
        try:
            return super()._call(op, method, path, **options)
        except requests.ConnectionError as error:
            # Perhaps a DataNode, which the NameNode has referred to.
            where = urlsplit(str(error.request.url)).netloc if error.request else self.url
            # Without what urllib3 says of its own doings.
            reason = getattr(error.args[0], "reason", error) if error.args else error
            raise ConvertError(f"{self.url}: {where} cannot be reached: {reason}") from error
        except (RuntimeError, ValueError) as error:
            # What a NameNode says that is in safe mode, has no quota left, is a standby, ...
            raise ConvertError(f"{self.url}{path or ''}: {error}") from error

    def _open(
        self, path: str, mode: str = "rb", block_size: int | None = None, **options: object
    ) -> WebHDFile:
        options = {"tempdir": self.tempdir, **options}
        return _File(self, path, mode=mode, block_size=block_size or self.blocksize, **options)


class _File(WebHDFile):  # type: ignore[misc]  # fsspec has no types
    def _fetch_range(self, start: int, end: int) -> bytes:
        """Reads; fsspec's own would give an error's text for the file's bytes."""
        start, end = max(start, 0), min(end, self.size)
        if start >= end:
            return b""
        content: bytes = self.fs._call(  # noqa: SLF001 - its file
            "OPEN", path=self.path, offset=start, length=end - start
        ).content
        return content


class _Configuration:
    """What the client configuration of a Hadoop cluster says, and where it was looked for."""

    def __init__(self) -> None:
        home = os.environ.get("HADOOP_HOME")
        if chosen := os.environ.get("HADOOP_CONF_DIR"):
            self.folder, self._why = Path(chosen), "HADOOP_CONF_DIR"
        elif home:
            self.folder, self._why = Path(home) / "etc" / "hadoop", "HADOOP_HOME"
        else:
            self.folder, self._why = Path("/etc/hadoop/conf"), "HADOOP_CONF_DIR is not set"
        self._values = {**_read(self.folder / _CORE), **_read(self.folder / _HDFS)}

    def get(self, name: str) -> str | None:
        """Returns a value, what it refers to put in; None if it is not there."""
        value = self._values.get(name)
        for _ in range(_DEPTH if value else 0):
            found = _REFERENCE.search(value or "")
            if not value or not found or found[1] not in self._values:
                break
            value = value.replace(found[0], self._values[found[1]])
        return value

    def list(self, name: str) -> list[str]:
        """Returns a value's parts, which commas divide."""
        return [part.strip() for part in (self.get(name) or "").split(",") if part.strip()]

    def place(self, file: str) -> str:
        """Says where a file is looked for, and why there."""
        return f"{self.folder / file} ({self._why})"


def _read(path: Path) -> Mapping[str, str]:
    try:
        root = ET.parse(path).getroot()  # noqa: S314 - the user's own configuration
    except FileNotFoundError:
        return {}
    except ET.ParseError as error:
        raise ConvertError(f"{path}: {error}") from error
    properties = root.iter("property")
    pairs = ((item.findtext("name"), item.findtext("value")) for item in properties)
    return {name.strip(): (value or "").strip() for name, value in pairs if name}


def _default(url: str, configuration: _Configuration) -> str:
    value = configuration.get("fs.defaultFS") or configuration.get("fs.default.name")
    place = configuration.place(_CORE)
    if not value:
        raise ConvertError(
            f"{url}: has no host, and fs.defaultFS is not in {place}; expected "
            "hdfs://HOST[:PORT]/PATH, or HADOOP_CONF_DIR to be the cluster's client configuration"
        )
    scheme, _, authority = value.partition("://")
    if scheme != "hdfs" or not authority:
        raise ConvertError(f"{url}: has no host, and fs.defaultFS is {value} in {place}")
    return authority.rstrip("/")


def _http_address(url: str, host: str, configuration: _Configuration) -> tuple[str, str]:
    """Returns host and HTTP port of the NameNode whose RPC address has this host."""
    if configuration.get("dfs.http.policy") == "HTTPS_ONLY":
        raise ConvertError(
            f"{url}: dfs.http.policy is HTTPS_ONLY in {configuration.place(_HDFS)}, expected "
            "WebHDFS by HTTP"
        )
    if host not in configuration.list("dfs.nameservices"):
        address = configuration.get("dfs.namenode.http-address") or ""
        # Of this only the port, as the host is often 0.0.0.0, "all addresses of this one".
        return host, address.rpartition(":")[2]
    key = "dfs.namenode.http-address"
    names = configuration.list(f"dfs.ha.namenodes.{host}")
    keys = [f"{key}.{host}.{name}" for name in names] or [f"{key}.{host}"]
    addresses = [configuration.get(key) for key in keys]
    if missing := [key for key, address in zip(keys, addresses, strict=True) if not address]:
        raise ConvertError(
            f"{url}: {host} is a nameservice, and {', '.join(missing)} is not in "
            f"{configuration.place(_HDFS)}"
        )
    known = [address for address in addresses if address]
    active = known[0] if len(known) == 1 else _active(url, known)
    found, _, port = active.partition(":")
    return found, port


def _active(url: str, addresses: list[str]) -> str:
    """Asks NameNodes for what only the active one answers."""
    answers = []
    for address in addresses:
        question = f"http://{address}/webhdfs/v1/?op=GETFILESTATUS"
        if user := _current_user():
            question += f"&user.name={user}"
        try:
            response = requests.get(question, timeout=_PATIENCE)
        except requests.RequestException as error:
            answers.append(f"{address}: {error}")
            continue
        if "StandbyException" not in response.text:
            return address
        answers.append(f"{address}: standby")
    raise ConvertError(f"{url}: none of its NameNodes is active: {'; '.join(answers)}")


def _current_user() -> str | None:
    try:
        return os.environ.get("HADOOP_USER_NAME") or getpass.getuser()
    except (KeyError, OSError):
        # A container whose user has no name: the server takes its own default.
        return None
