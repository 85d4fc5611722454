"""Everything at once, for a short time; TRILHO_SOAK_SECONDS makes it a long one."""

import os
from pathlib import Path

from e2e.models import Export
from e2e.soak import soak

SECONDS = float(os.environ.get("TRILHO_SOAK_SECONDS", "20"))
KINDS = [
    *["grpc_mnist", "grpc_half_plus_two", "grpc_spin"],
    *["rest_mnist", "rest_half_plus_two", "rest_spin"],
    *["grpc_introspection", "rest_introspection"],
    *["grpc_refused", "rest_refused"],
    *["cancelled", "out_of_time", "grpc_hung_up", "rest_hung_up", "killed"],
    *["version_swapped", "graph_is_no_graph", "variables_are_missing", "file_is_another"],
    *["reloaded", "certificate_changed"],
]


def test_nothing_fails_and_nothing_grows(
    mnist: Export, half_plus_two: Export, spin: Export, tmp_path: Path
) -> None:
    exports = {"mnist": mnist, "half_plus_two": half_plus_two, "spin": spin}
    report = soak(tmp_path, exports, SECONDS)
    print(f"\n{report}", *report.problems(), sep="\n")
    assert report.problems() == []
    # Else it would have shown less than it seems.
    assert [kind for kind in KINDS if not report.ledger.done[kind]] == []
