"""All that a release consists of. A room that makes something more to be released adds a line to the list."""

load("//:version.bzl", "VERSION")

def _artifact(file, label, title, quick = None, draft = None, staged = None):
    """Describes a file of the release.

    Args:
      file: its name there, which says the version.
      label: makes it, and nothing else.
      title: says what it is, for the bill of materials.
      quick: makes it fast enough for the everyday build; None if that does without it.
      draft: makes the same with little compression, to try a release with; None if that is no other.
      staged: the tree that is packed in it, which has a bill of materials and licences; None if the file has its own.

    Returns:
      A struct.
    """
    return struct(
        draft = draft or label,
        file = file.format(version = VERSION),
        label = label,
        quick = quick,
        staged = staged,
        title = title,
    )

ARTIFACTS = [
    _artifact(
        file = "trilho-{version}-linux-x86_64.sh",
        draft = "//deploy/installer:trilho-installer_quick",
        label = "//deploy/installer:trilho-installer",
        title = "Installer of all: trains, converts, publishes, serves",
    ),
    _artifact(
        file = "trilho-core-{version}-linux-x86_64.sh",
        draft = "//deploy/installer:trilho-core-installer_quick",
        label = "//deploy/installer:trilho-core-installer",
        title = "Installer of what training containers need",
    ),
    _artifact(
        file = "trilho-server-{version}-linux-x86_64.tar.xz",
        draft = "//deploy/server:tarball_quick",
        label = "//deploy/server:tarball",
        staged = "//deploy/staging:server",
        title = "The server, to be unpacked anywhere",
    ),
    _artifact(
        file = "trilho-server_{version}_amd64.deb",
        draft = "//deploy/server:deb_quick",
        label = "//deploy/server:deb",
        staged = "//deploy/staging:server",
        title = "The server, for Debian and its kin",
    ),
    _artifact(
        file = "trilho-server-{version}-1.x86_64.rpm",
        draft = "//deploy/server:rpm_quick",
        label = "//deploy/server:rpm",
        staged = "//deploy/staging:server",
        title = "The server, for distributions with RPM",
    ),
    _artifact(
        file = "trilho-{version}-py3-none-any.whl",
        label = "//python:wheel",
        quick = "//python:wheel",
        title = "The Python package",
    ),
    _artifact(
        file = "trilho-client-{version}-bundle.zip",
        label = "//deploy/release:client_bundle",
        quick = "//deploy/release:client_bundle",
        title = "The Java client: jar, sources, Javadoc and POM, as a Maven repository lays them out",
    ),
    _artifact(
        file = "trilho-contracts-{version}.zip",
        label = "//deploy/release:contracts",
        quick = "//deploy/release:contracts",
        title = "The contracts, as .proto and as descriptor sets with all imports",
    ),
]
