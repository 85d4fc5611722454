"""report.html: what a run came to, in one file."""

import base64
import platform
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from trilho.export.manifest import git_revision, package_versions

__all__ = ["REPORT_NAME", "write_report"]

REPORT_NAME = "report.html"

_PACKAGES = ("keras", "numpy", "tensorflow", "tensorflow-cpu", "trilho")
_STYLE = """
body { font-family: system-ui, sans-serif; margin: 2rem auto; max-width: 68rem; padding: 0 1rem; }
table { border-collapse: collapse; }
td, th { border-bottom: 1px solid #ddd; padding: .25rem 1rem .25rem 0; text-align: left; }
td + td { font-variant-numeric: tabular-nums; }
figure { display: inline-block; margin: .5rem; }
img { max-width: 32rem; width: 100%; }
"""


def write_report(
    directory: Path,
    *,
    model: str,
    metrics: Mapping[str, float],
    options: Mapping[str, str],
    plots: Sequence[Path],
    seconds: float,
) -> Path:
    """Writes report.html, which needs no other file.

    Args:
        directory: The run's folder.
        model: The model's name.
        metrics: What was measured, by name.
        options: What it was trained with, by name.
        plots: PNG files to embed.
        seconds: What the training took.

    Returns:
        The file.
    """
    environment = {
        **package_versions(_PACKAGES),
        "Python": platform.python_version(),
        "system": platform.platform(),
        "git revision": git_revision(Path(__file__).resolve().parent) or "unknown",
        "seconds": f"{seconds:.1f}",
    }
    title = f"Training of {escape(model)}"
    parts = [
        "<!DOCTYPE html>",
        f'<html lang="en"><head><meta charset="utf-8"><title>{title}</title>',
        f"<style>{_STYLE}</style></head><body>",
        f"<h1>{title}</h1>",
        _table("Figures", {name: f"{value:.6g}" for name, value in metrics.items()}),
        "<h2>Plots</h2>",
        *(_image(path) for path in plots),
        _table("Options", options),
        _table("Environment", environment),
        "</body></html>",
    ]
    path = directory / REPORT_NAME
    path.write_text("\n".join(parts) + "\n", encoding="utf-8")
    return path


def _table(title: str, rows: Mapping[str, str]) -> str:
    lines = [
        f"<tr><td>{escape(name)}</td><td>{escape(value)}</td></tr>" for name, value in rows.items()
    ]
    return "\n".join([f"<h2>{title}</h2>", "<table>", *lines, "</table>"])


def _image(path: Path) -> str:
    content = base64.b64encode(path.read_bytes()).decode("ascii")
    name = escape(path.stem.replace("_", " "))
    source = f"data:image/png;base64,{content}"
    return f'<figure><img src="{source}" alt="{name}"><figcaption>{name}</figcaption></figure>'
