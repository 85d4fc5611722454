import math
from pathlib import Path

import pytest
from click.testing import CliRunner

from trilho.cli.main import main
from trilho.export import manifest
from trilho.export.publishing import BETTER, HEADLINE, publish
from trilho.export.stores import FolderStore, open_store
from trilho.export.versions import ExportError
from trilho.manifest_pb2 import DataSplit

_ROWS = DataSplit(rows=1000, sha256="ab" * 32)


def _version(
    root: Path,
    number: int,
    *,
    value: float,
    better: str = "higher",
    headline: str = "auc",
    rows: DataSplit | None = _ROWS,
) -> Path:
    folder = root / "census" / str(number)
    folder.mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"graph %d" % number)
    made = manifest.build(
        folder,
        model="census",
        metrics={"auc": value},
        training={HEADLINE: headline, BETTER: better} if headline else {},
        splits={} if rows is None else {"test": rows},
    )
    manifest.write(made, folder)
    return folder


def test_a_first_version_is_published_and_verified(tmp_path: Path) -> None:
    folder = _version(tmp_path / "made", 3, value=0.9)
    done = publish(folder.parent, FolderStore(tmp_path / "live"))
    assert (done.model, done.version, done.first, done.comparison) == ("census", 3, True, None)
    assert manifest.verify(tmp_path / "live" / "census" / "3").metrics["auc"] == 0.9
    assert [path.name for path in (tmp_path / "live" / "census").iterdir()] == ["3"]


def test_a_version_is_never_overwritten(tmp_path: Path) -> None:
    folder, store = _version(tmp_path, 1, value=0.9), FolderStore(tmp_path / "live")
    publish(folder, store)
    for force in (False, True):
        with pytest.raises(ExportError, match="never overwritten"):
            publish(folder, store, force=force)
    second = publish(folder, store, version=2)
    assert (second.version, second.first) == (2, False)


@pytest.mark.parametrize(
    ("better", "value", "margin", "force", "published"),
    [
        ("higher", 0.91, 0.0, False, True),
        ("higher", 0.90, 0.0, False, True),
        ("higher", 0.88, 0.0, False, False),
        ("higher", 0.88, 0.03, False, True),
        ("higher", 0.88, 0.01, False, False),
        ("higher", 0.88, 0.0, True, True),
        ("lower", 0.88, 0.0, False, True),
        ("lower", 0.92, 0.0, False, False),
    ],
)
def test_a_worse_version_is_refused_unless_forced(
    *, better: str, value: float, margin: float, force: bool, published: bool, tmp_path: Path
) -> None:
    store = FolderStore(tmp_path / "live")
    publish(_version(tmp_path, 1, value=0.9, better=better), store)
    worse = _version(tmp_path, 2, value=value, better=better)
    if published:
        assert publish(worse, store, margin=margin, force=force).version == 2
    else:
        with pytest.raises(ExportError, match=f"auc is {value:g}, and 0.9 of the live version 1"):
            publish(worse, store, margin=margin, force=force)
    assert store.versions("census") == ([1, 2] if published else [1])


def test_what_cannot_be_compared_is_refused_unless_forced(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "live")
    publish(_version(tmp_path, 1, value=0.9), store)
    other = _version(tmp_path, 2, value=0.9, headline="hit_at_10")
    with pytest.raises(ExportError, match='both need the figure "hit_at_10"'):
        publish(other, store)
    without = _version(tmp_path, 3, value=0.9, headline="")
    with pytest.raises(ExportError, match='both need a "headline" in the manifest'):
        publish(without, store)
    assert publish(without, store, force=True).comparison is None


def test_figures_of_other_rows_are_not_compared(tmp_path: Path) -> None:
    live = f"{tmp_path}/live"
    publish(_version(tmp_path, 1, value=0.9), FolderStore(tmp_path / "live"))
    # Better, but of how easy rows?
    other = _version(tmp_path, 2, value=0.99, rows=DataSplit(rows=300, sha256="cd" * 32))

    why = (
        "auc was measured on other rows; test: 300 rows (SHA-256 cdcdcdcdcdcd...) and 1000 rows "
        "(SHA-256 abababababab...)"
    )
    with pytest.raises(ExportError) as error:
        publish(other, FolderStore(tmp_path / "live"))
    assert str(error.value) == (
        f"version 1 of census is live, and cannot be compared: {why}; --force publishes without"
    )
    said = CliRunner().invoke(main, ["publish", str(other), live, "--force"]).output.splitlines()
    assert said[0] == f"Not compared with the live version: {why}"


def test_what_does_not_say_its_rows_is_compared_with_a_note(tmp_path: Path) -> None:
    live = f"{tmp_path}/live"
    publish(_version(tmp_path, 1, value=0.9, rows=None), FolderStore(tmp_path / "live"))
    better = _version(tmp_path, 2, value=0.91)
    said = CliRunner().invoke(main, ["publish", str(better), live]).output.splitlines()
    assert said[:2] == [
        "auc  0.91, 0.9 of version 1",
        "Nobody knows whether both are of the same rows: a manifest does not say",
    ]
    worse = _version(tmp_path, 3, value=0.8)
    with pytest.raises(ExportError, match=r"worse by 0\.11"):
        publish(worse, FolderStore(tmp_path / "live"))


def _damaged(folder: Path, value: float) -> Path:
    """As a trainer before this one wrote it."""
    made = manifest.read(folder)
    made.metrics["auc"] = value
    manifest.write(made, folder)
    return folder


@pytest.mark.parametrize("better", ["higher", "lower"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_figure_that_is_not_finite_is_worse_than_any(
    value: float, better: str, tmp_path: Path
) -> None:
    store = FolderStore(tmp_path / "live")
    with pytest.raises(ExportError, match="expected figures that are finite numbers, but auc is"):
        _version(tmp_path / "refused", 1, value=value)
    publish(_version(tmp_path, 1, value=0.9, better=better), store)
    broken = _damaged(_version(tmp_path, 2, value=0.9, better=better), value)
    with pytest.raises(ExportError, match="worse by inf"):
        publish(broken, store, margin=1e9)
    publish(broken, store, force=True)
    assert publish(_version(tmp_path, 3, value=0.5, better=better), store).version == 3


@pytest.mark.parametrize("margin", ["nan", "inf"])
def test_a_margin_is_finite(margin: str, tmp_path: Path) -> None:
    folder = _version(tmp_path, 1, value=0.9)
    result = CliRunner().invoke(main, ["publish", str(folder), "live", f"--margin={margin}"])
    assert result.exit_code == 2
    assert f"{margin} is not a finite number" in result.output


def test_a_model_s_own_folder_is_no_place_for_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = tmp_path / "live"
    publish(_version(tmp_path, 1, value=0.9), FolderStore(live))
    worse = _version(tmp_path, 2, value=0.1)

    for force in (False, True):
        with pytest.raises(ExportError, match=f"has versions itself, 1,.* you mean {live}\\?"):
            publish(worse, FolderStore(live / "census"), force=force)
    monkeypatch.chdir(live / "census")
    with pytest.raises(ExportError, match=f"did you mean {live}\\?"):
        publish(worse, open_store("."))
    assert [path.name for path in (live / "census").iterdir()] == ["1"]

    # A model may have a number for its name.
    live.joinpath("2026", "1").mkdir(parents=True)
    publish(worse, FolderStore(live), force=True)


def test_damaged_files_are_not_published(tmp_path: Path) -> None:
    folder = _version(tmp_path, 1, value=0.9)
    (folder / "saved_model.pb").write_bytes(b"graph 2")
    with pytest.raises(ExportError, match="expected SHA-256"):
        publish(folder, FolderStore(tmp_path / "live"))
    assert not (tmp_path / "live").exists()


def test_a_scheme_without_a_store_is_told() -> None:
    with pytest.raises(ExportError, match="expected a folder or file://"):
        open_store("swift://models")


def test_the_command(tmp_path: Path) -> None:
    for number, value in ((1, 0.9), (2, 0.8)):
        _version(tmp_path, number, value=value)
    live = f"file://{tmp_path}/live"
    result = CliRunner().invoke(main, ["publish", f"{tmp_path}/census/1", live])
    place = f"{tmp_path}/live/census/1"
    assert result.output == f"Published  {place}, the first version of census there\n"
    result = CliRunner().invoke(main, ["publish", f"{tmp_path}/census", live])
    assert result.exit_code == 1
    assert "worse by 0.1, where --margin allows 0; --force" in result.output
    result = CliRunner().invoke(main, ["publish", f"{tmp_path}/census", live, "--force"])
    assert result.output.endswith("live/census/2\n")
    assert CliRunner().invoke(main, ["publish", f"{tmp_path}/live", live]).exit_code == 1
