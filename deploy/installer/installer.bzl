"""The rule that makes a self-extracting file of a staged tree."""

load("//:version.bzl", "VERSION")

def installer(name, tree, out, level, **kwargs):
    """Makes a file that installs a tree.

    Args:
      name: the target.
      tree: a staged tree's tar.
      out: the file's name, with %s for the version.
      level: of zstd: 19 for a release, which takes a quarter of an hour, 3 for a look.
      **kwargs: passed on to genrule.
    """
    native.genrule(
        name = name,
        srcs = [
            tree,
            "@debian_runtime//:packages",
            "@debian_runtime//:packages.tsv",
        ],
        outs = [out % VERSION],
        cmd = " ".join([
            "$(location :pack)",
            "--tree=$(location %s)" % tree,
            "--packages=$(location @debian_runtime//:packages)",
            "--versions=$(location @debian_runtime//:packages.tsv)",
            "--level=%d" % level,
            "--out=$@",
        ]),
        message = "Packing",
        tags = [
            "manual",
            # Packages are one folder, which a sandbox shows as a link out of it, and the file is
            # large.
            "no-cache",
            "no-remote",
            "no-sandbox",
        ],
        tools = [":pack"],
        **kwargs
    )
