"""Checks that a central repository of Maven would take a bundle."""

import hashlib
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

__all__ = ["check_bundle"]

_POM = "{http://maven.apache.org/POM/4.0.0}"
# Elements that a central repository refuses a POM without.
_POM_ELEMENTS = (
    *("groupId", "artifactId", "version", "name", "description", "url"),
    *("licenses/license/name", "developers/developer/name", "scm/connection", "scm/url"),
)
_BUNDLED = (".jar", "-sources.jar", "-javadoc.jar", ".pom")


def check_bundle(bundle: Path) -> None:
    """Checks that a central repository would take a bundle, signatures aside.

    Args:
        bundle: NAME-bundle.zip.

    Raises:
        ValueError: A file or checksum is missing or wrong, or the POM lacks an element.
    """
    with zipfile.ZipFile(bundle) as archive:
        names = set(archive.namelist())
        poms = [name for name in names if name.endswith(".pom")]
        if len(poms) != 1:
            raise ValueError(f"{bundle.name}: expected one POM, found {len(poms)}")
        pom_name = poms[0]
        pom = ET.fromstring(archive.read(pom_name))  # noqa: S314 - it is of this build
        values = {
            path: pom.findtext("/".join(_POM + part for part in path.split("/")))
            for path in _POM_ELEMENTS
        }
        if missing := [path for path, value in values.items() if not value]:
            raise ValueError(f"{pom_name} lacks {', '.join(missing)}")
        group, artifact, version = (values[name] for name in ("groupId", "artifactId", "version"))
        base = f"{str(group).replace('.', '/')}/{artifact}/{version}/{artifact}-{version}"
        if absent := [base + end for end in _BUNDLED if base + end not in names]:
            raise ValueError(f"{bundle.name} lacks {', '.join(absent)}")
        for name in names:
            if not name.startswith(base):
                raise ValueError(f"{bundle.name} has {name}, which is not {base}...")
            if name.rpartition(".")[2] in {"md5", "sha1", "sha256", "sha512", "asc"}:
                continue
            for algorithm in ("md5", "sha1"):
                digest = hashlib.new(algorithm, archive.read(name), usedforsecurity=False)
                if f"{name}.{algorithm}" not in names:
                    raise ValueError(f"{bundle.name} lacks {name}.{algorithm}")
                if archive.read(f"{name}.{algorithm}").decode() != digest.hexdigest():
                    raise ValueError(f"{name}.{algorithm} is not the hash of {name}")
