"""Files to install that the tests share."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from runfiles import Runfiles

from deploy.installer.small_tree import InstallerFile, Workshop


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """Makes files with Debian's busybox and zstd, as a release has them."""
    runfiles = Runfiles.Create()
    assert runfiles
    packages = runfiles.Rlocation("debian_runtime/packages")
    versions = runfiles.Rlocation("debian_runtime/packages.tsv")
    assert packages
    assert versions
    return Workshop(tmp_path_factory.mktemp("workshop"), Path(packages), Path(versions))


@pytest.fixture(scope="session")
def small(workshop: Workshop) -> InstallerFile:
    """A file that is unpacked at once."""
    return workshop.make("small")


@pytest.fixture(scope="session")
def many(workshop: Workshop) -> InstallerFile:
    """A file of many small files, which take a second or so: time to be interrupted in."""
    names = [f"lib/{folder:03}/{number:03}" for folder in range(100) for number in range(60)]
    return workshop.make("many", files={name: name.encode() for name in names})


@pytest.fixture(scope="session")
def needs_root() -> None:
    """Ends a test that mounts and changes users if it may not: in CI that is a failure."""
    if os.geteuid() == 0:
        return
    if os.environ.get("CI"):
        pytest.fail("this test needs root, to mount and to change users; CI must give it")
    pytest.skip("NOT TESTED: this test needs root, to mount and to change users")


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that every user can reach, as pytest's are not."""
    folder = Path(tempfile.mkdtemp(prefix="trilho-installer-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)
