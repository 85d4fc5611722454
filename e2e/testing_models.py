"""The small models of cpp_server/testing, served from folders of a test."""

import shutil
from pathlib import Path

from e2e.programs import runfile

__all__ = ["VERSIONS", "copy_testing_models"]

VERSIONS = [1, 2]

# Of cpp_server/testing/make_models.py.
_MODELS = "cpp_server/testing/models"


def copy_testing_models(folder: Path, *names: str) -> Path:
    """Copies models and lists them in a configuration: both versions, of which 1 is "stable".

    Args:
        folder: Where to; made if missing.
        *names: Of //cpp_server/testing:models, which the test has in its `data`.

    Returns:
        What --model_config_file takes.
    """
    configs = []
    for name in names:
        for version in VERSIONS:
            # The runfiles are links.
            target = folder / name / str(version)
            shutil.copytree(runfile(f"{_MODELS}/{name}/{version}"), target)
        configs.append(
            f'config {{ name: "{name}" base_path: "{folder / name}" model_platform: "tensorflow" '
            'model_version_policy { all {} } version_labels { key: "stable" value: 1 } }'
        )
    file = folder / "models.config"
    file.write_text(f"model_config_list {{ {' '.join(configs)} }}", encoding="utf-8")
    return file
