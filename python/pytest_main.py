"""What pytest_test in pytest.bzl starts."""

import os
import sys


def main() -> int:
    """Runs the files named on the command line and returns pytest's exit code."""
    # Python puts the folder of this script first, which is that of the sources: without what is
    # generated. The packages are on the path anyway.
    del sys.path[0]
    import pytest  # noqa: PLC0415 - only with the path in order

    options = ["-p", "no:cacheprovider", "--import-mode=importlib", "-ra"]
    report = os.environ.get("XML_OUTPUT_FILE")
    if report:
        options.append(f"--junitxml={report}")
    chosen = os.environ.get("TESTBRIDGE_TEST_ONLY")
    if chosen:
        options += ["-k", chosen]
    return int(pytest.main([*options, *sys.argv[1:]]))


if __name__ == "__main__":
    sys.exit(main())
