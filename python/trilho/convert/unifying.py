"""The columns of files that need not have the same ones."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import pyarrow as pa

from trilho.convert.column_types import widened

__all__ = ["Columns"]


@dataclass(kw_only=True)
class Columns:
    """The columns of all files: those of the first one in its order, then those that are new.

    Attributes:
        texts: Columns whose numbers are kept as text, and so go together with strings.
        types: Each column's, wide enough for all files (`column_types.widened`).
        conflicts: Why there is no such type, by the column's name or NAME.FIELD.
        twice: Columns that one file has more than once.
    """

    texts: Collection[str] = ()
    types: dict[str, pa.DataType] = field(default_factory=dict)
    conflicts: dict[str, str] = field(default_factory=dict)
    twice: set[str] = field(default_factory=set)
    _places: dict[str, str] = field(default_factory=dict)
    _known: list[pa.Schema] = field(default_factory=list)

    def add(self, schema: pa.Schema, place: str) -> None:
        """Takes a file's columns in.

        Args:
            schema: The file's.
            place: Its path, for errors.
        """
        if any(schema.equals(known) for known in self._known):
            return
        self._known.append(schema)
        self.twice.update(name for name in schema.names if schema.names.count(name) > 1)
        self._add(((one.name, one.type) for one in schema), self.types, place, "")

    @property
    def schema(self) -> pa.Schema:
        """All columns; one that a file has twice is there twice."""
        fields = [pa.field(name, kind) for name, kind in self.types.items()]
        return pa.schema(fields + [one for one in fields if one.name in self.twice])

    def _add(
        self,
        fields: Iterable[tuple[str, pa.DataType]],
        types: dict[str, pa.DataType],
        place: str,
        prefix: str,
    ) -> None:
        for name, kind in fields:
            path = prefix + name
            before = types.get(name)
            if before is None:
                types[name] = kind
                self._places[path] = place
                continue
            both = [before, kind]
            if all(pa.types.is_struct(one) for one in both):
                inner = {one.name: one.type for one in before}
                self._add(((one.name, one.type) for one in kind), inner, place, f"{path}.")
                types[name] = pa.struct(list(inner.items()))
                continue
            wide = widened(before, kind, as_text=path in self.texts)
            if wide is None:
                first = self._places.get(path, next(iter(self._places.values())))
                # The first one counts: there may be many files that differ.
                self.conflicts.setdefault(
                    path, f"{place}: {path} is {kind} and not {before}, unlike {first}"
                )
            else:
                types[name] = wide
