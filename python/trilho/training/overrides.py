"""Options out of a YAML file and `key=value`, with the types that the options' class says."""

import dataclasses
import difflib
import re
import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from trilho.errors import TrilhoError
from trilho.training.config import TrainingConfig

__all__ = ["OptionError", "describe", "parse_assignments", "read_file", "resolve"]

# What a field's annotation evaluates to.
Hint: typing.TypeAlias = typing.Any


class OptionError(TrilhoError):
    """An option is not known, or its value does not suit."""


def read_file(path: Path) -> dict[str, object]:
    """Reads options.

    Args:
        path: A YAML file with a mapping.

    Returns:
        Its values by name, not yet looked at.

    Raises:
        OptionError: It cannot be read, or is no mapping.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise OptionError(f"Cannot read {path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise OptionError(f"{path} is no YAML: {error}") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise OptionError(f"{path}: expected a line `name: value` for each option")
    return {str(name): value for name, value in content.items()}


def parse_assignments(assignments: Sequence[str]) -> dict[str, object]:
    """Splits KEY=VALUE, of which the last one of a key counts; the values are read as YAML.

    Raises:
        OptionError: One has no "=", or its value is no YAML.
    """
    values: dict[str, object] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals or not name:
            raise OptionError(f'"{assignment}" is no assignment; expected key=value')
        try:
            values[name.strip().replace("-", "_")] = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise OptionError(f"{name}: {text!r} is no YAML: {error}") from error
    return values


def resolve(config: type[TrainingConfig], *layers: Mapping[str, object]) -> TrainingConfig:
    """Makes the options.

    Args:
        config: Their class.
        layers: Values by name; later layers win.

    Returns:
        The options, with the class's defaults for what no layer says.

    Raises:
        OptionError: A name is unknown, a value has another type, or is out of its range.
    """
    hints = _types(config)
    values: dict[str, typing.Any] = {}
    for layer in layers:
        for name, value in layer.items():
            if name not in hints:
                raise OptionError(_unknown(name, list(hints)))
            values[name] = _convert(name, value, hints[name])
    try:
        return config(**values)
    except ValueError as error:
        raise OptionError(str(error)) from error


def describe(config: type[TrainingConfig]) -> list[tuple[str, str, str]]:
    """Lists the options, those of all models last.

    Args:
        config: Their class.

    Returns:
        Name, default and what the docstring says, of each.
    """
    documented: dict[str, str] = {}
    for owner in reversed(config.__mro__):
        documented |= _attributes(owner.__doc__ or "")
    shared = [field.name for field in dataclasses.fields(TrainingConfig)]
    fields = sorted(dataclasses.fields(config), key=lambda field: field.name in shared)
    return [(field.name, _text(field.default), documented.get(field.name, "")) for field in fields]


def _types(config: type[TrainingConfig]) -> dict[str, Hint]:
    hints = typing.get_type_hints(config)
    return {field.name: hints[field.name] for field in dataclasses.fields(config)}


def _convert(name: str, value: object, hint: Hint) -> object:
    """Checks a value's type, and turns what is written otherwise: whole numbers, lists."""
    members = typing.get_args(hint)
    if members and not isinstance(hint, types.UnionType):
        member = members[0]
        listed = value if isinstance(value, list | tuple) else _split(value)
        return tuple(_convert(name, one, member) for one in listed)
    if isinstance(hint, types.UnionType):
        if value is None and type(None) in members:
            return None
        (hint, *_) = (one for one in members if one is not type(None))
    if hint is float and isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            # YAML takes 1e-3, without a point, for a string.
            return float(value)
        except ValueError:
            pass
    elif hint is str and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    elif type(value) is hint:
        return value
    raise OptionError(f"{name} must be {_KINDS[hint]}, not {_text(value)}")


_KINDS = {
    bool: "true or false",
    float: "a number",
    int: "a whole number",
    str: "a string",
}


def _split(value: object) -> list[object]:
    """Reads 64,32 as a list."""
    if not isinstance(value, str):
        return [value]
    return [yaml.safe_load(part) for part in value.split(",") if part.strip()]


def _unknown(name: str, names: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, names, n=1)
    hint = f'; did you mean "{near[0]}"?' if near else ""
    return f'There is no option "{name}"{hint} Options are {", ".join(sorted(names))}'


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(str(one) for one in value)
    return str(value)


def _attributes(docstring: str) -> dict[str, str]:
    """Reads the section "Attributes:" of a Google docstring."""
    _, _, section = docstring.partition("Attributes:\n")
    found: dict[str, str] = {}
    name = ""
    for line in section.splitlines():
        start = re.match(r"\s+(\w+): (.*)", line)
        if start and not line.startswith(" " * 9):
            name = start[1]
            found[name] = start[2]
        elif line.strip() and name:
            found[name] += " " + line.strip()
    return found
