"""Models that the tests of a file share."""

from pathlib import Path

import pytest

from e2e.models import (
    Export,
    export_half_plus_two,
    export_mnist,
    export_payments,
    export_spin,
)


@pytest.fixture(scope="session")
def mnist(tmp_path_factory: pytest.TempPathFactory) -> Export:
    """See `export_mnist`."""
    return export_mnist(tmp_path_factory.mktemp("export") / "mnist")


@pytest.fixture(scope="session")
def half_plus_two(tmp_path_factory: pytest.TempPathFactory) -> Export:
    """See `export_half_plus_two`."""
    return export_half_plus_two(tmp_path_factory.mktemp("export") / "half_plus_two")


@pytest.fixture(scope="session")
def spin(tmp_path_factory: pytest.TempPathFactory) -> Export:
    """See `export_spin`."""
    return export_spin(tmp_path_factory.mktemp("export") / "spin")


@pytest.fixture(scope="session")
def payments_model(tmp_path_factory: pytest.TempPathFactory) -> Export:
    """See `export_payments`."""
    return export_payments(tmp_path_factory.mktemp("export") / "payments")


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """The folder of a model named mnist, not made yet."""
    return tmp_path / "mnist"
