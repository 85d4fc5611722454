"""@remote_java_tools_linux, which native java_* rules call, built from Debian's own sources."""

_SOURCES = "/usr/src/bazel-bootstrap"

_BUILD = '''
package(default_visibility = ["//visibility:public"])

exports_files(glob(["java_tools/*"]))

[filegroup(
    name = name,
    srcs = ["java_tools/" + file],
) for name, file in {
    "GenClass": "GenClass_deploy.jar",
    "JavaBuilder": "VanillaJavaBuilder_deploy.jar",
    "SingleJar": "bazel-singlejar_deploy.jar",
    "VanillaJavaBuilder": "VanillaJavaBuilder_deploy.jar",
    "ijar": "ijar",
    "singlejar": "bazel-singlejar_deploy.jar",
}.items()]

java_toolchain(
    name = "toolchain",
    forcibly_disable_header_compilation = True,
    genclass = [":GenClass"],
    ijar = [":ijar"],
    javabuilder = [":VanillaJavaBuilder"],
    javac_supports_workers = False,
    jvm_opts = [
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
    ],
    misc = [
        "-g",
        "-parameters",
        "--release",
        "%s",
    ],
    singlejar = [":SingleJar"],
    source_version = "",
    target_version = "",
)
'''

def _impl(ctx):
    if not ctx.path(_SOURCES + "/src/java_tools").exists:
        fail("%s is missing: `./dev packages` installs bazel-bootstrap-source and junit4" % _SOURCES)
    ctx.report_progress("compiling JavaBuilder, singlejar and the JUnit runner")
    result = ctx.execute([ctx.path(ctx.attr._script), _SOURCES, str(ctx.path("."))], timeout = 900)
    if result.return_code:
        fail("Bazel's Java tools: " + result.stdout + result.stderr)
    ctx.file("BUILD", _BUILD % ctx.attr.java_release)

java_tools_repository = repository_rule(
    doc = "The programs and the java_toolchain that Bazel 4 expects under this name.",
    implementation = _impl,
    attrs = {
        "java_release": attr.string(
            default = "8",
            doc = "javac's --release for every java_* target",
        ),
        "_script": attr.label(default = "//third_party/debian_bazel:build_java_tools.sh"),
    },
)
