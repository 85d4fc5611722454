"""Options out of a YAML file and `key=value`, with the types that the options' class says."""

import dataclasses
import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path

import docstring_parser
import yaml
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from trilho.errors import TrilhoError
from trilho.training.config import TrainingConfig

__all__ = ["OptionError", "describe", "parse_assignments", "read_file", "resolve"]


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
    values = {name: value for layer in layers for name, value in layer.items()}
    for field in dataclasses.fields(config):
        value, has = values.get(field.name), type(field.default)
        if has is tuple and field.name in values:
            values[field.name] = _split(value)
        elif isinstance(value, bool) and has is not bool:
            # To Python, and so to pydantic, it is a number; to YAML, yes and on are true.
            raise OptionError(f"{field.name} cannot be {_text(value)}")
    try:
        return TypeAdapter(config).validate_python(values)
    except ValidationError as error:
        told = [_explain(one, config) for one in error.errors()]
        raise OptionError("; ".join(told)) from error


def describe(config: type[TrainingConfig]) -> list[tuple[str, str, str]]:
    """Lists the options, those of all models last.

    Args:
        config: Their class.

    Returns:
        Name, default and what the docstring says, of each.
    """
    documented: dict[str, str] = {}
    for owner in reversed(config.__mro__):
        attributes = docstring_parser.parse(owner.__doc__ or "").params
        documented |= {
            one.arg_name: " ".join((one.description or "").split()) for one in attributes
        }
    shared = [field.name for field in dataclasses.fields(TrainingConfig)]
    fields = sorted(dataclasses.fields(config), key=lambda field: field.name in shared)
    return [(field.name, _text(field.default), documented.get(field.name, "")) for field in fields]


def _split(value: object) -> object:
    """Reads 64,32 as a list, and so 64."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value if isinstance(value, list | tuple) else [value]


def _explain(error: ErrorDetails, config: type[TrainingConfig]) -> str:
    if not error["loc"]:
        # What the options' own checks say.
        return str(error["ctx"]["error"])
    name = str(error["loc"][0])
    if error["type"] != "unexpected_keyword_argument":
        message = error["msg"]
        return f"{name} is {_text(error['input'])}: {message[0].lower()}{message[1:]}"
    names = sorted(field.name for field in dataclasses.fields(config))
    near = difflib.get_close_matches(name, names, n=1)
    hint = f'; did you mean "{near[0]}"? Options' if near else "; options"
    return f'There is no option "{name}"{hint} are {", ".join(names)}'


def _text(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(str(one) for one in value)
    return str(value)
