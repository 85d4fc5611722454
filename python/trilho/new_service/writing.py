"""Writing the files of a new service from the template."""

import importlib.util
import keyword
import re
import shutil
import string
import sys
import tempfile
from importlib import resources
from pathlib import Path

from trilho.errors import TrilhoError

__all__ = ["NewServiceError", "write"]

# A package of protobuf, a module of Python, a model of the server, and the stem of a Java class.
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_PLACEHOLDER = "NAME"
# Names of what Python and protobuf have there already.
_TAKEN = frozenset(
    {"google", "grpc", "keras", "model", "numpy", "query", "tensorflow", "test", "train", "trilho"}
)
# No name in com.example.NAME; those that are no lower-case words cannot be given anyway.
_JAVA = (
    "abstract assert boolean break byte case catch char class const continue default do double "
    "else enum extends final finally float for goto if implements import instanceof int interface "
    "long native new package private protected public return short static strictfp super switch "
    "synchronized this throw throws transient try void volatile while true false null"
)


class NewServiceError(TrilhoError):
    """The files cannot be written."""


def write(name: str, parent: Path) -> list[Path]:
    """Writes a folder with the files of a new service, all of them or none.

    Args:
        name: Of the model and the folder: lower case, words joined by underscores.
        parent: Where the folder goes; made if missing.

    Returns:
        The files.

    Raises:
        NewServiceError: The name is no such name, a word of Java's or Python's own, or that of a
            module that is there already; or there is such a folder already.
    """
    if not _NAME.fullmatch(name) or name in _TAKEN:
        raise NewServiceError(
            f'"{name}": expected lower-case words joined by underscores, e.g. card_fraud, and none '
            f"of {', '.join(sorted(_TAKEN))}"
        )
    languages = {"Java": name in _JAVA.split(), "Python": keyword.iskeyword(name)}
    if reserving := " and ".join(language for language, reserves in languages.items() if reserves):
        raise NewServiceError(
            f'"{name}": is a keyword of {reserving}; choose another name, e.g. {name}_model'
        )
    folder = parent / name
    if name in sys.stdlib_module_names or _is_installed(name, parent):
        raise NewServiceError(
            f'"{name}": is a module of Python here already, which the folder would hide; choose '
            f"another name, e.g. {name}_model"
        )
    if folder.exists():
        raise NewServiceError(f"{folder}: exists already; choose another name or place")
    parent.mkdir(parents=True, exist_ok=True)
    words = {"name": name, "Name": "".join(word.capitalize() for word in name.split("_"))}
    aside = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=parent))
    try:
        for template in sorted(
            resources.files(__package__).joinpath("template").iterdir(), key=str
        ):
            text = string.Template(template.read_text(encoding="utf-8")).substitute(words)
            path = aside / template.name.replace(_PLACEHOLDER, name).removesuffix(".template")
            path.write_text(text, encoding="utf-8")
        aside.chmod(0o755)
        aside.rename(folder)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    return sorted(folder.iterdir())


def _is_installed(name: str, parent: Path) -> bool:
    found = importlib.util.find_spec(name)
    places = list(found.submodule_search_locations or ()) if found else []
    return found is not None and str((parent / name).resolve()) not in places
