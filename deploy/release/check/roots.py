"""Tries installers and packages in bare root folders: the Bazel tests that the tag names."""

import os

from deploy.release.check.steps import CheckError, Steps

__all__ = ["TAG", "check_roots"]

TAG = "release_check"


def check_roots(steps: Steps) -> None:
    """Runs every test below //deploy that has the tag, one after another.

    Args:
        steps: Does the steps.

    Raises:
        CheckError: A test failed, there is none, or this user may not make root folders.
    """
    if os.geteuid() != 0:
        raise CheckError("roots: chroot is for root: run as root, or leave it out by --only")
    with steps.step("//deploy/...", f"looking for tests with the tag {TAG}"):
        query = rf'attr(tags, "\b{TAG}\b", tests(//deploy/...))'
        found = steps.run("bazel", "query", "--noshow_progress", "--output=label", query)
        tests = sorted(line for line in found.splitlines() if line.startswith("//"))
        if not tests:
            raise ValueError("there are none")
    for test in tests:
        with steps.step(test, "running in its root folders"):
            steps.run("bazel", "test", "--noshow_progress", f"--test_tag_filters={TAG}", test)
