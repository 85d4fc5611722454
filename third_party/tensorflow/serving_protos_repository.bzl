"""TF Serving's API as descriptors, out of the tensorflow-serving-api package."""

_BUILD = """
load("@trilho//protos:descriptor_set.bzl", "descriptor_set")

package(default_visibility = ["//visibility:public"])

exports_files(["serving.desc"])

# The services and all that their messages are made of.
descriptor_set(
    name = "serving",
    descriptor = "serving.desc",
    protos = {serving},
    services = {services},
)

# The same and what configures a session, for the server.
descriptor_set(
    name = "serving_and_session",
    descriptor = "serving.desc",
    protos = {all},
    services = {services},
)
"""

def _impl(ctx):
    root = ctx.path(ctx.attr.pip).dirname
    python = ctx.os.environ.get("BAZEL_PYTHON") or ctx.which("python3")
    result = ctx.execute(
        [python, ctx.path(ctx.attr._script), "serving.desc"],
        environment = {
            "PYTHONPATH": str(root.get_child("site-packages")),
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "CUDA_VISIBLE_DEVICES": "",
        },
        timeout = 600,
    )
    if result.return_code:
        fail("TF Serving's descriptors: " + result.stdout + result.stderr)
    lines = [line.split(" ") for line in result.stdout.splitlines() if line.endswith(".proto")]
    serving = [name for kind, name in lines if kind == "serving"]
    ctx.file("BUILD", _BUILD.format(
        all = repr([name for _, name in lines]),
        serving = repr(serving),
        services = repr([name for name in serving if name.endswith("_service.proto")]),
    ))

serving_protos_repository = repository_rule(
    doc = "`@NAME//:serving`, a descriptor_set; no .proto file of TF Serving is copied into this tree.",
    implementation = _impl,
    attrs = {
        "pip": attr.label(
            doc = "The BUILD file of the pip repository.",
            mandatory = True,
        ),
        "_script": attr.label(default = "//third_party/tensorflow:serving_descriptors.py"),
    },
    environ = ["BAZEL_PYTHON"],
)
