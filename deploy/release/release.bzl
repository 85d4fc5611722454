"""The rules that gather a release: a folder, and the archives of small files in it."""

load("//:version.bzl", "VERSION")
load("//java_client:maven.bzl", "MavenArtifactInfo")

def _single(target, what):
    files = target.files.to_list()
    if len(files) != 1:
        fail("%s of %s: expected one file, got %s" % (what, target.label, [f.short_path for f in files]))
    return files[0]

def _release_impl(ctx):
    out = ctx.actions.declare_directory(ctx.attr.folder)
    inputs = [ctx.file.license]
    args = ctx.actions.args()
    args.add("--output", out.path)
    args.add("--version", VERSION)
    args.add("--license", ctx.file.license)
    for target, description in ctx.attr.artifacts.items():
        file = _single(target, "an artifact")
        inputs.append(file)
        fields = json.decode(description)
        args.add("--artifact", json.encode(dict(fields.items() + {"path": file.path}.items())))
    for target, tree in ctx.attr.staged.items():
        file = _single(target, "a staged tree")
        inputs.append(file)
        args.add("--staged", tree + "=" + file.path)
    ctx.actions.run(
        executable = ctx.executable._gather,
        arguments = [args],
        inputs = inputs,
        outputs = [out],
        mnemonic = "GatherRelease",
        progress_message = "Gathering %s" % ctx.label,
        # A gigabyte, copied once; a sandbox and a cache would copy it again.
        execution_requirements = {"no-cache": "1", "no-sandbox": "1"},
    )
    return [DefaultInfo(
        files = depset([out]),
        runfiles = ctx.runfiles(files = [out]),
    )]

_release = rule(
    doc = "FOLDER with every artifact, SHA256SUMS, a bill of materials of all and the licences.",
    implementation = _release_impl,
    attrs = {
        "artifacts": attr.label_keyed_string_dict(
            doc = "Each artifact's label, and in JSON its name, title and staged tree.",
            allow_files = True,
            mandatory = True,
        ),
        "folder": attr.string(mandatory = True),
        "license": attr.label(
            allow_single_file = True,
            mandatory = True,
        ),
        "staged": attr.label_keyed_string_dict(
            doc = "Each staged tree's label, and its name in `artifacts`.",
            allow_files = True,
        ),
        "_gather": attr.label(
            cfg = "exec",
            default = "//deploy/release:gather",
            executable = True,
        ),
    },
)

def release(name, artifacts, folder, form = "label", **kwargs):
    """Gathers a release.

    Args:
      name: the target.
      artifacts: of artifacts.bzl.
      folder: the name of the folder.
      form: the field of the artifacts that says what makes them; those without are left out.
      **kwargs: passed on.
    """
    chosen = [artifact for artifact in artifacts if getattr(artifact, form)]
    _release(
        name = name,
        artifacts = {
            getattr(artifact, form): json.encode({
                "file": artifact.file,
                "staged": artifact.staged or "",
                "title": artifact.title,
            })
            for artifact in chosen
        },
        folder = folder,
        license = "//:LICENSE",
        staged = {artifact.staged: artifact.staged for artifact in chosen if artifact.staged},
        **kwargs
    )

def _archive(ctx, out, files):
    """Packs `files`, each by its name in the archive, without times and owners."""
    args = ctx.actions.args()
    args.add("--output", out)
    if ctx.attr.checksums:
        args.add("--checksums")
    args.add_all(["%s=%s" % (name, file.path) for name, file in files.items()])
    ctx.actions.run(
        executable = ctx.executable._archive,
        arguments = [args],
        inputs = files.values(),
        outputs = [out],
        mnemonic = "PackArchive",
    )
    return [DefaultInfo(
        files = depset([out]),
        runfiles = ctx.runfiles(files = [out]),
    )]

def _maven_bundle_impl(ctx):
    info = ctx.attr.artifact[MavenArtifactInfo]
    group, artifact, version = info.coordinates.split(":")
    folder = "/".join(group.split(".") + [artifact, version])
    out = ctx.actions.declare_file("%s-%s-bundle.zip" % (artifact, version))
    files = [info.jar, info.javadoc, info.pom, info.sbom, info.sources]
    return _archive(ctx, out, {folder + "/" + file.basename: file for file in files})

_ARCHIVE = {
    "_archive": attr.label(
        cfg = "exec",
        default = "//deploy/release:archive",
        executable = True,
    ),
}

maven_bundle = rule(
    doc = "ARTIFACT-VERSION-bundle.zip, a Maven repository with one artifact, as central repositories take it.",
    implementation = _maven_bundle_impl,
    attrs = dict(
        _ARCHIVE,
        artifact = attr.label(
            mandatory = True,
            providers = [MavenArtifactInfo],
        ),
        checksums = attr.bool(default = True),
    ),
)

def _versioned_zip_impl(ctx):
    out = ctx.actions.declare_file("%s-%s.zip" % (ctx.attr.basename, VERSION))
    files = {}
    for file in ctx.files.srcs:
        if file.basename in files:
            fail("two files are named %s: %s and %s" % (file.basename, file.path, files[file.basename].path))
        files[file.basename] = file
    return _archive(ctx, out, files)

versioned_zip = rule(
    doc = "BASENAME-VERSION.zip with `srcs`, without folders.",
    implementation = _versioned_zip_impl,
    attrs = dict(
        _ARCHIVE,
        basename = attr.string(mandatory = True),
        checksums = attr.bool(default = False),
        srcs = attr.label_list(
            allow_files = True,
            mandatory = True,
        ),
    ),
)
