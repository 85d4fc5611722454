"""The manual has every flag of the page of flags, as roff."""

import re
from pathlib import Path

import pytest

from deploy.server import man_page
from deploy.testing.runfile import runfile

TEMPLATE = ".TH T 8 Trilho @VERSION@\n@FLAGS@\n.SH END\n"
PAGE = """\
# Flags

Nothing of this.

## First

[other.md](other.md) explains them.

It has `--one` that counts.

| flag | default | meaning |
|---|---|---|
| `--one` | `a-b` | Text with `--two` and a \\ in it. |
| `--two` | empty | .dots are no requests. |
"""


def test_each_flag_has_its_default_and_meaning() -> None:
    assert man_page.manual(TEMPLATE, PAGE, "1.2.3") == (
        ".TH T 8 Trilho 1.2.3\n"
        ".SS First\n"
        "It has \\fB\\-\\-one\\fP that counts.\n"
        ".TP\n"
        "\\fB\\-\\-one\\fP=\\fIa\\-b\\fP\n"
        "Text with \\fB\\-\\-two\\fP and a \\e in it.\n"
        ".TP\n"
        "\\fB\\-\\-two\\fP=\\fI\\fP\n"
        "\\&.dots are no requests.\n"
        ".SH END\n"
    )


def test_the_manual_has_all_flags() -> None:
    page = runfile("docs/flags.md").read_text(encoding="utf-8")
    made = runfile("deploy/server/trilho_server.8").read_text(encoding="utf-8")
    flags = re.findall(r"^\| `--(\w+)` \|", page, re.MULTILINE)
    assert len(flags) > 50
    assert re.findall(r"^\.TP\n\\fB\\-\\-(\w+)\\fP=", made, re.MULTILINE) == flags
    assert "@" not in made
    assert all(
        line.startswith((".", "\\", "'")) or not line.startswith(" ") for line in made.splitlines()
    )


@pytest.mark.parametrize(
    ("page", "problem"),
    [
        ("# Nothing\n", "the page has no flags"),
        (
            "## A\n| `--one` | `1` |\n",
            "not a row of a flag, its default and its meaning: | `--one`",
        ),
    ],
)
def test_a_page_of_another_kind_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], page: str, problem: str
) -> None:
    (tmp_path / "page").write_text(page)
    (tmp_path / "template").write_text(TEMPLATE)
    words = [f"--template={tmp_path / 'template'}", f"--flags={tmp_path / 'page'}", "--version=1"]
    assert man_page.main([*words, f"--output={tmp_path / 'made'}"]) == 1
    assert problem in capsys.readouterr().err
    assert not (tmp_path / "made").exists()
