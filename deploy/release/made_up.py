"""A release of made-up artifacts, for tests of what is done with releases."""

import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

from deploy.release import archive
from deploy.release.gather import Artifact, gather
from third_party.sbom import cyclonedx

__all__ = ["bill", "made_up_release", "staged_tree"]

VERSION = "1.2.3"
# An installer of nothing that answers as the real ones do.
INSTALLER_SCRIPT = """\
#!/bin/sh
case $1 in
  --license) echo Licences of trilho-full ;;
  --sbom) cat <<'END' ;;
{bill}END
  *) exit 2 ;;
esac
"""


def bill(name: str, part: str = "zlib") -> bytes:
    """Writes a bill of materials of an artifact with one part."""
    inside = cyclonedx.Part(name=part, version="1", purl=f"pkg:deb/debian/{part}@1", how="carried")
    return cyclonedx.document(
        cyclonedx.Part(
            name=name, version=VERSION, purl=f"pkg:generic/{name}@{VERSION}", needs=(inside.purl,)
        ),
        [inside],
        completeness={"assemblies": "complete", "dependencies": "complete", "why": "Made up."},
    )


def staged_tree(file: Path, name: str, texts: Mapping[str, str] | None = None) -> Path:
    """Writes a staged tree that has its bill and its licences, `texts` by name, and no more."""
    rule = "=" * 100
    licenses = f"Licences of {name}\n" + "".join(
        f"\n{rule}\n{part}\n{rule}\n{text}\n" for part, text in (texts or {}).items()
    )
    with tarfile.open(file, "w") as tree:
        for path, content in (
            ("share/sbom.cdx.json", bill(name)),
            ("share/licenses.txt", licenses.encode()),
        ):
            info = tarfile.TarInfo(path)
            info.size = len(content)
            tree.addfile(info, io.BytesIO(content))
    return file


def made_up_release(folder: Path) -> Path:
    """Gathers a release.

    Args:
        folder: Where artifacts and release go; an empty one.

    Returns:
        The release.
    """
    built = folder / "built"
    built.mkdir()
    installer = built / f"trilho-{VERSION}-linux-x86_64.sh"
    installer.write_text(INSTALLER_SCRIPT.format(bill=bill("trilho-full").decode()))
    tarball = built / f"trilho-server-{VERSION}-linux-x86_64.tar.xz"
    tarball.write_bytes(b"packed")
    bundle = built / f"trilho-client-{VERSION}-bundle.zip"
    base = f"io/trilho/trilho-client/{VERSION}/trilho-client-{VERSION}"
    files = {f"{base}.jar": b"classes", f"{base}-cyclonedx.json": bill("trilho-client", "grpc")}
    archive.pack(bundle, files, checksums=True)
    license_ = folder / "LICENSE"
    license_.write_text("Apache License\n")
    artifacts = [
        Artifact(path=installer, file=installer.name, title="Installs", staged=""),
        Artifact(path=tarball, file=tarball.name, title="Serves", staged="server"),
        Artifact(path=bundle, file=bundle.name, title="The client", staged=""),
    ]
    gather(
        folder / "release",
        version=VERSION,
        artifacts=artifacts,
        staged={"server": staged_tree(built / "server.tar", "trilho-server")},
        license_=license_,
    )
    return folder / "release"


def components(release: Path) -> dict[str, dict[str, object]]:
    """Returns the parts that a release's bill lists, by name."""
    content = json.loads((release / f"trilho-{VERSION}.cdx.json").read_text())
    return {part["name"]: part for part in content["components"]}
