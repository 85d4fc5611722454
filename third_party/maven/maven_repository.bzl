"""Jars and protoc's programs through `mvn`, with the target names of rules_jvm_external."""

_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:"

_BUILD_HEADER = """
load("@rules_java//java:defs.bzl", "java_import")

package(default_visibility = ["//visibility:public"])

exports_files(glob(["jars/*"]))

# For programs that make a class path of all of them.
filegroup(
    name = "jars",
    srcs = glob(["jars/*.jar"]),
)
"""

_JAVA_IMPORT = """
java_import(
    name = {name},
    jars = [{jar}],
    exports = {deps},
    tags = ["maven_coordinates={coordinates}"],
    deps = {deps},
)
"""

_PROGRAM = """
filegroup(
    name = {name},
    srcs = [{file}],
)
"""

def _mvn(ctx, arguments):
    result = ctx.execute(["mvn", "-B", "-q", "-Dstyle.color=never", "-f", "pom.xml"] + arguments, timeout = 1800)
    if result.return_code:
        fail("mvn %s\n%s%s" % (" ".join(arguments), result.stdout, result.stderr))

def _verify(ctx):
    command = "cd jars && sha256sum * > ../actual.sha256 && find . -name '*.exe' -exec chmod +x {} + && diff ../actual.sha256 \"$1\""
    result = ctx.execute(["sh", "-c", command, "sh", str(ctx.path(ctx.attr.sha256sums))])
    if result.return_code:
        fail("Maven's files differ from %s (left: fetched; `nox -s lock` pins anew):\n%s%s" %
             (ctx.attr.sha256sums, result.stdout, result.stderr))

def _parse(line):
    """A line of dependency:tree as its depth and a struct."""
    body = line.lstrip("|+\\- ")
    depth = (len(line) - len(body)) // 3
    fields = body.lstrip("(").split(" ")[0].rstrip(")").split(":")
    classifier = fields[3] if len(fields) == 6 else ""
    return depth, struct(
        id = (fields[0] + "_" + fields[1]).replace(".", "_").replace("-", "_"),
        artifact = fields[1],
        type = fields[2],
        file = "jars/" + "-".join([f for f in [fields[1], fields[-2], classifier] if f]) + "." + fields[2],
        coordinates = ":".join([fields[0], fields[1], fields[-2]]),
        omitted = " - omitted for" in line,
    )

def _impl(ctx):
    ctx.file("pom.xml", ctx.read(ctx.attr.pom))
    ctx.report_progress("mvn dependency:copy-dependencies")
    _mvn(ctx, [_PLUGIN + "copy-dependencies", "-DoutputDirectory=jars", "-Dmdep.useBaseVersion=true"])
    _verify(ctx)
    _mvn(ctx, [_PLUGIN + "tree", "-Dverbose", "-DoutputType=text", "-DoutputFile=tree.txt"])

    jars, programs, deps, ancestors = {}, {}, {}, []
    for line in ctx.read("tree.txt").splitlines()[1:]:
        depth, node = _parse(line)
        if node.type == "exe":
            programs[node.artifact.replace("-", "_")] = node.file
            continue
        ancestors = ancestors[:depth - 1] + [node.id]
        if not node.omitted:
            jars[node.id] = node
        if depth > 1:
            deps.setdefault(ancestors[-2], {})[node.id] = True

    build = [_BUILD_HEADER]
    for name, node in sorted(jars.items()):
        build.append(_JAVA_IMPORT.format(
            name = repr(name),
            jar = repr(node.file),
            deps = repr([":" + d for d in sorted(deps.get(name, {})) if d in jars]),
            coordinates = node.coordinates,
        ))
    for name, file in sorted(programs.items()):
        build.append(_PROGRAM.format(name = repr(name), file = repr(file)))
    ctx.file("BUILD", "".join(build))

maven_repository = repository_rule(
    doc = """Resolves `pom` with mvn and checks every file against `sha256sums`.

A jar is `@NAME//:group_artifact`, its dependencies exported; a program (type
exe) is `@NAME//:artifact`; all jars are `@NAME//:jars`.""",
    implementation = _impl,
    attrs = {
        "pom": attr.label(
            allow_single_file = True,
            mandatory = True,
        ),
        "sha256sums": attr.label(
            allow_single_file = True,
            mandatory = True,
        ),
    },
)
