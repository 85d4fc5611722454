"""Compares what the Python package offers with the last release's, by griffe."""

import tempfile
import zipfile
from pathlib import Path

import griffe

__all__ = ["PUBLIC", "breaks"]

# Modules that teams import: the client, and what models of their own are written with.
PUBLIC = ("client", "contract", "errors", "export", "training")


def breaks(old: Path, new: Path) -> list[str]:
    """Lists what code that uses the old package loses with the new one.

    Args:
        old: The last release's wheel.
        new: The new one.

    Returns:
        A line a break, sorted.
    """
    with tempfile.TemporaryDirectory(prefix="trilho-gate-") as temporary:
        folder = Path(temporary)
        before, after = (
            _load(wheel, folder / name) for wheel, name in ((old, "old"), (new, "new"))
        )
        found = set()
        for module in PUBLIC:
            if module not in before.members:
                continue
            if module not in after.members:
                found.add(f"trilho.{module}: Public object was removed")
                continue
            found |= {
                f"{breakage.obj.path}: {_text(breakage)}"
                for breakage in griffe.find_breaking_changes(before[module], after[module])
                if breakage.obj.is_public
            }
        return sorted(found)


def _text(breakage: griffe.Breakage) -> str:
    kind = str(breakage.kind.value)
    values = [
        f" {word} {value}"
        for word, value in (("from", breakage.old_value), ("to", breakage.new_value))
        if isinstance(value, str)
    ]
    parameters = [
        value.name
        for value in (breakage.old_value, breakage.new_value)
        if isinstance(value, griffe.Parameter)
    ]
    return "".join([*(f"{name}: " for name in parameters[:1]), kind, *values])


def _load(wheel: Path, folder: Path) -> griffe.Module:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    # The sources are read and not run: no package that they import need be there.
    module = griffe.load(
        "trilho", search_paths=[folder], allow_inspection=False, try_relative_path=False
    )
    if not isinstance(module, griffe.Module):
        raise TypeError(f"{wheel} has no package trilho")
    return module
