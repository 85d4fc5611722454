"""What --data may be, for all models, and where their recipes are found."""

import gzip
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from trilho.cli.main import main
from trilho.data import mnist, movielens
from trilho.data.cache import DataError
from trilho.training.recipe import RecipeError, find_recipe, find_recipes, recipe_names


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and nothing to fetch with."""
    monkeypatch.setenv("TRILHO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "none"))
    return tmp_path / "cache"


@pytest.mark.parametrize("model", ["census", "mnist", "recommender"])
def test_nothing_is_fetched_into_a_folder_that_somebody_names(model: str, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()

    with pytest.raises(DataError, match=r"mine: .*expected .*; without --data .* fetched"):
        find_recipes()[model].fetch(str(tmp_path / "mine"))

    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    assert not list((tmp_path / "mine").iterdir())


@pytest.mark.parametrize("model", ["mnist", "recommender"])
@pytest.mark.parametrize("source", ["missing", "hdfs:///data"])
def test_what_is_no_folder_is_told(model: str, source: str) -> None:
    with pytest.raises(DataError, match=f"{source}: expected a local folder with "):
        find_recipes()[model].fetch(source)


def test_other_data_in_the_files_of_a_data_set_stays_what_it_is(tmp_path: Path) -> None:
    names = [*(f"{name}.gz" for name in mnist.FILES), *movielens.FILES]
    for name in names:
        (tmp_path / name).write_bytes(gzip.compress(b"mine"))

    for model in ("mnist", "recommender"):
        assert find_recipes()[model].fetch(str(tmp_path)) == str(tmp_path)

    assert {gzip.decompress((tmp_path / name).read_bytes()) for name in names} == {b"mine"}
    (tmp_path / next(iter(mnist.FILES))).with_suffix(".gz").unlink()
    with pytest.raises(DataError, match="has no train-images-idx3-ubyte; without --data"):
        find_recipes()["mnist"].fetch(str(tmp_path))


_CONFIG = """
from trilho.training.config import TrainingConfig
from trilho.training.recipe import Recipe
RECIPE = Recipe(name="NAME", summary="Train NAME of PACKAGE.", config=TrainingConfig,
    fetch=lambda source: "", data_help="", module="PACKAGE.train")
"""


def _package(folder: Path, package: str, *, name: str, content: str = _CONFIG) -> None:
    (folder / package).mkdir(parents=True)
    (folder / package / "__init__.py").touch()
    text = content.replace("NAME", name).replace("PACKAGE", package)
    (folder / package / "config.py").write_text(text)


def _install(folder: Path, package: str, *, name: str, content: str = _CONFIG) -> None:
    """Does what pip does of a package with an entry point."""
    _package(folder, package, name=name, content=content)
    information = folder / f"{package}-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1\n")
    entry = f"[trilho.models]\n{name} = {package}.config:RECIPE\n"
    (information / "entry_points.txt").write_text(entry)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder where packages are installed; another one, `work`, is worked in."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "site"), *sys.path])
    return tmp_path / "site"


def test_recipes_of_installed_packages_are_found(site: Path) -> None:
    _install(site, "recipes_a", name="fraud")

    assert recipe_names() == ["census", "fraud", "mnist", "recommender"]
    recipe = find_recipe("fraud")
    assert recipe is not None
    assert recipe.module == "recipes_a.train"
    assert find_recipe("other") is None


def test_a_recipe_of_the_working_folder_comes_first(site: Path, tmp_path: Path) -> None:
    _install(site, "recipes_b", name="fraud")
    _install(site, "recipes_c", name="fraud")
    _package(tmp_path / "work", "recipes_d", name="fraud")

    with pytest.raises(RecipeError, match=r'two packages have a recipe "fraud": recipes_b.* and'):
        find_recipe("fraud")
    recipe = find_recipe("fraud", ["recipes_d"])
    assert recipe is not None
    assert recipe.module == "recipes_d.train"
    listed = CliRunner().invoke(main, ["train", "--module", "recipes_d", "--help"]).output
    assert "fraud        Train fraud of recipes_d." in listed


def test_a_broken_package_harms_itself_alone(site: Path) -> None:
    _install(site, "recipes_e", name="fraud", content="import no_such_module")

    listed = CliRunner().invoke(main, ["train", "--help"])
    assert listed.exit_code == 0
    assert "Train the network for handwritten digits." in listed.output
    result = CliRunner().invoke(main, ["train", "fraud", "--export", "models"])
    assert result.exit_code == 1
    assert 'entry point fraud = "recipes_e.config:RECIPE" of trilho.models cannot' in result.output
    assert "No module named 'no_such_module'" in result.output


@pytest.mark.parametrize(
    ("module", "message"),
    [
        ("no_such_module", 'there is no module "no_such_module" in '),
        ("./fraud", "./fraud is a path: expected the name of a module or package"),
        ("recipes_f", "recipes_f.config has no RECIPE that is a recipe of trilho"),
        ("recipes_g", "recipes_g cannot be imported: No module named 'no_such_module'"),
    ],
)
@pytest.mark.usefixtures("site")
def test_what_module_names_is_told(module: str, message: str, tmp_path: Path) -> None:
    _package(tmp_path / "work", "recipes_f", name="fraud", content="RECIPE = 3")
    _package(tmp_path / "work", "recipes_g", name="fraud", content="import no_such_module")

    result = CliRunner().invoke(main, ["train", "--module", module, "fraud"])

    assert result.exit_code == 1
    assert message in result.output
