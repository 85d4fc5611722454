import pytest

from deploy.release.gates.versions import allows_breaks


@pytest.mark.parametrize(
    ("old", "new", "allowed"),
    [
        ("0.1.0", "0.1.0", False),
        ("0.1.0", "0.1.1", False),
        ("0.1.9", "0.2.0", True),
        ("0.9.0", "1.0.0", True),
        ("1.2.0", "1.3.0", False),
        ("1.9.0", "2.0.0", True),
        ("9.0.0", "10.0.0", True),
    ],
)
def test_the_first_number_that_is_not_zero_announces_breaks(
    old: str, new: str, *, allowed: bool
) -> None:
    assert allows_breaks(old, new) == allowed


def test_versions_that_are_none_or_go_back_are_refused() -> None:
    with pytest.raises(ValueError, match=r"'1.2' is no MAJOR.MINOR.PATCH"):
        allows_breaks("1.2", "1.3.0")
    with pytest.raises(ValueError, match=r"0.1.0 is older than 0.2.0"):
        allows_breaks("0.2.0", "0.1.0")
