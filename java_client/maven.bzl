"""What a Maven repository wants of a Java library: jar, sources, Javadoc and POM."""

load("//:version.bzl", "DEVELOPER", "SCM_URL", "URL")

MavenArtifactInfo = provider(
    doc = "The files of a Maven artifact.",
    fields = {
        "coordinates": "group:artifact:version",
        "jar": "its classes",
        "javadoc": "its documentation, a jar",
        "pom": "what it needs",
        "sbom": "its bill of materials, which is in the jar too",
        "sources": "its sources, a jar",
    },
)

_CoordinatesInfo = provider(
    doc = "Where a jar came from.",
    fields = {
        "coordinates": "group:artifact:version, or None for what is built here",
        "resolved": "coordinates=file=needs of this jar and of all that it needs, a depset",
    },
)

_TAG = "maven_coordinates="

def _coordinates_impl(target, ctx):
    tags = [t[len(_TAG):] for t in ctx.rule.attr.tags if t.startswith(_TAG)]
    needed = [dep[_CoordinatesInfo] for dep in getattr(ctx.rule.attr, "deps", []) if _CoordinatesInfo in dep]
    own = []
    if tags:
        files = [output.class_jar.basename for output in target[JavaInfo].outputs.jars]
        own = ["=".join([tags[0], files[0], ",".join([need.coordinates for need in needed])])]
    return [_CoordinatesInfo(
        coordinates = tags[0] if tags else None,
        resolved = depset(own, transitive = [need.resolved for need in needed]),
    )]

_coordinates = aspect(
    doc = "Reads the tag that third_party/maven puts on a jar, so that a version is stated once.",
    implementation = _coordinates_impl,
    attr_aspects = ["deps"],
)

_POM = """<?xml version="1.0" encoding="UTF-8"?>
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>{group}</groupId>
  <artifactId>{artifact}</artifactId>
  <version>{version}</version>
  <name>{artifact}</name>
  <description>{description}</description>
  <url>{url}</url>
  <licenses>
    <license>
      <name>Apache-2.0</name>
      <url>https://www.apache.org/licenses/LICENSE-2.0.txt</url>
    </license>
  </licenses>
  <developers>
    <developer>
      <name>{developer}</name>
      <url>{url}</url>
    </developer>
  </developers>
  <scm>
    <connection>scm:git:{scm}</connection>
    <url>{scm}</url>
  </scm>
  <dependencies>
{dependencies}  </dependencies>
</project>
"""

_DEPENDENCY = """    <dependency>
      <groupId>{group}</groupId>
      <artifactId>{artifact}</artifactId>
      <version>{version}</version>
      <scope>{scope}</scope>
    </dependency>
"""

# javadoc reads sources from a folder, and has a way to fail on warnings.
_JAVADOC = """set -e
home=$1 sources=$2 out=$3 classpath=$4 title=$5; shift 5
work=$out.work; rm -rf "$work"; mkdir -p "$work/src" "$work/doc"
jar=$PWD/$home/bin/jar; test -x "$jar" || jar=$home/bin/jar
archive=$PWD/$sources; (cd "$work/src" && "$jar" -xf "$archive")
find "$work/src" -name '*.java' > "$work/files"
"${jar%jar}javadoc" -quiet -notimestamp -Xdoclint:all -Werror -encoding UTF-8 -charset UTF-8 \\
    -windowtitle "$title" -doctitle "$title" -d "$work/doc" -cp "$classpath" "@$work/files"
"$jar" --create --file "$out" --date=1980-01-01T00:00:02Z -C "$work/doc" .
rm -rf "$work"
"""

def _merge(ctx, jars, out, manifest = [], resources = {}):
    """Puts the entries of several jars, and single files, into one, the same bytes at each build."""
    args = ctx.actions.args()
    args.add("--output", out)
    args.add("--normalize")
    args.add("--compression")
    args.add("--exclude_build_data")
    args.add_all("--sources", jars)
    args.add_all("--deploy_manifest_lines", manifest)
    args.add_all("--resources", [file.path + ":" + name for name, file in resources.items()])
    tool = ctx.file._singlejar
    runtime = ctx.attr._jdk[java_common.JavaRuntimeInfo]

    # Debian's Bazel has singlejar as a jar, others as a program.
    is_jar = tool.extension == "jar"
    ctx.actions.run(
        executable = runtime.java_executable_exec_path if is_jar else tool,
        arguments = (["-jar", tool.path] if is_jar else []) + [args],
        inputs = depset(jars + resources.values(), transitive = [runtime.files]),
        outputs = [out],
        tools = [tool],
        mnemonic = "MergeJars",
    )

def _javadoc(ctx, sources, out, title):
    runtime = ctx.attr._jdk[java_common.JavaRuntimeInfo]
    classpath = depset(transitive = [lib[JavaInfo].transitive_compile_time_jars for lib in ctx.attr.libs])
    args = ctx.actions.args()
    args.add_all([runtime.java_home, sources.path, out.path])
    args.add_joined(classpath, join_with = ":", omit_if_empty = False)
    args.add(title)
    ctx.actions.run_shell(
        command = _JAVADOC,
        arguments = [args],
        inputs = depset([sources], transitive = [classpath, runtime.files]),
        outputs = [out],
        mnemonic = "Javadoc",
        progress_message = "Writing Javadoc of %s" % ctx.label,
    )

def _dependencies(targets, scope):
    out = []
    for target in targets:
        coordinates = target[_CoordinatesInfo].coordinates
        if not coordinates:
            fail("%s has no tag %sGROUP:ARTIFACT:VERSION" % (target.label, _TAG))
        group, artifact, version = coordinates.split(":")
        out.append(_DEPENDENCY.format(group = group, artifact = artifact, version = version, scope = scope))
    return out

def _sbom(ctx, out):
    """Lists what the jar carries, and what Maven resolved for its POM."""
    direct = [dep[_CoordinatesInfo] for dep in ctx.attr.compile_deps + ctx.attr.runtime_deps]
    args = ctx.actions.args()
    args.add("--output", out)
    args.add("--coordinates", ctx.attr.coordinates)
    args.add_all([dep.coordinates for dep in direct], before_each = "--direct")
    args.add_all(depset(transitive = [dep.resolved for dep in direct]), before_each = "--resolved")
    args.add("--sums", ctx.file.sums)
    args.add_all(ctx.attr.carried, before_each = "--carried")
    args.add("--lock", ctx.file._pip_lock)
    ctx.actions.run(
        executable = ctx.executable._maven_sbom,
        arguments = [args],
        inputs = [ctx.file.sums, ctx.file._pip_lock],
        outputs = [out],
        mnemonic = "MavenSbom",
    )

def _impl(ctx):
    group, artifact, version = ctx.attr.coordinates.split(":")
    base = "%s-%s" % (artifact, version)
    info = MavenArtifactInfo(
        coordinates = ctx.attr.coordinates,
        jar = ctx.actions.declare_file(base + ".jar"),
        sources = ctx.actions.declare_file(base + "-sources.jar"),
        javadoc = ctx.actions.declare_file(base + "-javadoc.jar"),
        pom = ctx.actions.declare_file(base + ".pom"),
        sbom = ctx.actions.declare_file(base + "-cyclonedx.json"),
    )
    libs = [lib[JavaInfo] for lib in ctx.attr.libs]
    _sbom(ctx, info.sbom)
    license = {"META-INF/LICENSE": ctx.file.license}
    sbom = {"META-INF/sbom/%s.cdx.json" % artifact: info.sbom}
    _merge(
        ctx,
        [output.class_jar for lib in libs for output in lib.outputs.jars],
        info.jar,
        manifest = ["Automatic-Module-Name: " + ctx.attr.module_name],
        resources = dict(license.items() + sbom.items()),
    )
    _merge(ctx, [jar for lib in libs for jar in lib.source_jars], info.sources, resources = license)
    _javadoc(ctx, libs[0].source_jars[0], info.javadoc, "%s %s" % (artifact, version))
    ctx.actions.write(info.pom, _POM.format(
        group = group,
        artifact = artifact,
        version = version,
        description = ctx.attr.description,
        developer = DEVELOPER,
        scm = SCM_URL,
        url = URL,
        dependencies = "".join(
            _dependencies(ctx.attr.compile_deps, "compile") + _dependencies(ctx.attr.runtime_deps, "runtime"),
        ),
    ))
    files = [info.jar, info.sources, info.javadoc, info.pom, info.sbom]
    return [info, DefaultInfo(files = depset(files), runfiles = ctx.runfiles(files = files))]

maven_artifact = rule(
    doc = """Assembles ARTIFACT-VERSION.{jar,pom} and -sources.jar, -javadoc.jar, -cyclonedx.json.

The jar holds the classes of `libs` and of nothing else; what they need besides
is listed in the POM. Javadoc covers the first of `libs` and its warnings are
errors.""",
    implementation = _impl,
    attrs = {
        "carried": attr.string_list(
            doc = "What is in the jar though not of this tree: PACKAGE=LICENSE=DESCRIPTION.",
        ),
        "compile_deps": attr.label_list(
            doc = "Jars of third_party/maven that users compile against.",
            aspects = [_coordinates],
        ),
        "coordinates": attr.string(
            doc = "group:artifact:version",
            mandatory = True,
        ),
        "description": attr.string(mandatory = True),
        "libs": attr.label_list(
            doc = "Libraries whose own classes go into the jar.",
            mandatory = True,
            providers = [JavaInfo],
        ),
        "license": attr.label(
            allow_single_file = True,
            mandatory = True,
        ),
        "module_name": attr.string(
            doc = "The name of the jar on Java 9's module path.",
            mandatory = True,
        ),
        "runtime_deps": attr.label_list(
            doc = "Jars of third_party/maven that only have to be there.",
            aspects = [_coordinates],
        ),
        "sums": attr.label(
            allow_single_file = True,
            doc = "The lock of third_party/maven's jars.",
            mandatory = True,
        ),
        "_jdk": attr.label(
            cfg = "exec",
            default = "@bazel_tools//tools/jdk:current_java_runtime",
        ),
        "_maven_sbom": attr.label(
            cfg = "exec",
            default = "//third_party/sbom:maven_sbom",
            executable = True,
        ),
        "_pip_lock": attr.label(
            allow_single_file = True,
            default = "//third_party/pip:requirements_lock.txt",
        ),
        "_singlejar": attr.label(
            allow_single_file = True,
            cfg = "exec",
            default = "@bazel_tools//tools/jdk:singlejar",
        ),
    },
)
