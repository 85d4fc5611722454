"""What Debian's Bazel leaves out."""

load(":java_tools_repository.bzl", "java_tools_repository")

_HERE = "third_party/debian_bazel/"

def debian_bazel_repositories():
    """Stands in for what upstream's Bazel 4 embeds or downloads.

    Does nothing under another Bazel: Debian's reports no version, or 4.x.
    """
    if native.bazel_version and not native.bazel_version.startswith("4."):
        return
    for name in ["rules_cc", "rules_java", "rules_python"]:
        native.local_repository(
            name = name,
            path = _HERE + name,
        )
    native.local_repository(
        name = "remote_coverage_tools",
        path = _HERE + "coverage_tools",
    )
    java_tools_repository(name = "remote_java_tools_linux")
