"""`python -m trilho`: the command line."""

import os

from trilho.cli.main import main

if __name__ == "__main__":
    # `bazel run` starts it elsewhere than where the user is, and paths are meant from there.
    if called_from := os.environ.pop("BUILD_WORKING_DIRECTORY", ""):
        os.chdir(called_from)
    main(prog_name="trilho")
