"""Debian packages that are carried along at run time, and those whose static code the build links."""

_BUILD = """
package(default_visibility = ["//visibility:public"])

# `packages` is one source artifact, with a folder for each package as dpkg-deb unpacked it.
exports_files(["packages", "packages.tsv"])
"""

_NOT_THERE = """apt-get download of third_party/debian's pinned packages failed:
%s
If the archive has a version no longer, `./dev lock` pins those that it has now; review and commit what changes.
If apt knows no package at all, its lists are missing: `apt-get update` fetches them.
"""

def _run(ctx, arguments, context):
    """Runs a program; where it fails, its output takes the place of %s in the context."""
    result = ctx.execute(arguments, timeout = 1800)
    if result.return_code:
        fail(context % (result.stdout + result.stderr).strip())
    return result.stdout

def _pins(lock):
    """Reads the lines `package version sha256` of a lock file."""
    return [line.split(" ") for line in lock.splitlines() if line and not line.startswith("#")]

# A row for each package: name, version, source package, SHA-256 of the .deb, what it depends on.
_ROW = "dpkg-deb --show --showformat='${Package}\\t${Version}\\t${source:Package}\\t'\"$2\"'\\t${Depends}\\n' \"$1\""

# Links into another package would lead nowhere, which Bazel's caches do not take: a file comes in their place, and
# folders of documents, which the packages of one source share, are found where they are.
_LINKS = """set -eu
find packages -xtype l | sort | while read -r link; do
  inside=${link#packages/*/}
  target=$(readlink "$link")
  case $target in
    /*) target=${target#/} ;;
    *) target=$(dirname "$inside")/$target ;;
  esac
  rm "$link"
  for package in packages/*; do
    if [ -f "$package/$target" ]; then
      cp "$package/$target" "$link"
      break
    fi
  done
done
"""

def _packages_impl(ctx):
    pins = _pins(ctx.read(ctx.attr.lock))
    ctx.file("debs/README", "What apt-get downloads.\n")
    ctx.report_progress("apt-get download of %d packages" % len(pins))
    _run(
        ctx,
        ["sh", "-c", "cd debs && exec apt-get download --quiet \"$@\"", "sh"] + ["%s=%s" % (name, version) for name, version, _ in pins],
        _NOT_THERE,
    )
    rows = []
    for name, version, sha256 in pins:
        (deb,) = [f for f in ctx.path("debs").readdir() if f.basename.startswith(name + "_")]
        _run(
            ctx,
            ["sh", "-c", "echo \"$1  $2\" | sha256sum --check --quiet", "sh", sha256, deb],
            "%s %s is not what runtime_lock.txt says:\n%%s" % (name, version),
        )
        _run(ctx, ["sh", "-c", "mkdir -p \"$2\" && dpkg-deb --extract \"$1\" \"$2\"", "sh", deb, "packages/" + name], "%s cannot be unpacked:\n%%s" % deb)
        rows.append(_run(ctx, ["sh", "-c", _ROW, "sh", deb, sha256], "%s cannot be read:\n%%s" % deb))
    ctx.delete("debs")
    _run(ctx, ["sh", "-c", _LINKS], "links between the packages cannot be followed:\n%s")
    ctx.file("packages.tsv", "".join(rows))
    ctx.file("BUILD", _BUILD)

debian_packages_repository = repository_rule(
    doc = """Downloads the packages that `lock` pins, checks their SHA-256 and unpacks them; nothing in them is run.

`@NAME//:packages` has a folder for each, `@NAME//:packages.tsv` a row.""",
    implementation = _packages_impl,
    attrs = {"lock": attr.label(
        doc = "Lines `package version sha256`, which `./dev lock` renews.",
        allow_single_file = True,
        mandatory = True,
    )},
)

# The rows are as above; an installed package has no archive to take a sum of.
_INSTALLED = """set -eu
package=$(dpkg-query --search "$1" | sed 's/: .*//; s/:.*//')
mkdir -p packages/"$package"/usr/share/doc/"$package"
cp -L /usr/share/doc/"$package"/copyright packages/"$package"/usr/share/doc/"$package"/copyright
dpkg-query --show --showformat='${Package}\\t${Version}\\t${source:Package}\\t-\\t${Depends}\\n' "$package"
"""

def _installed_impl(ctx):
    rows = []
    for file in ctx.attr.files:
        row = _run(
            ctx,
            ["sh", "-c", _INSTALLED, "sh", file],
            "%s belongs to no Debian package; `./dev packages` installs what the build needs:\n%%s" % file,
        )
        if row not in rows:
            rows.append(row)
    ctx.file("packages.tsv", "".join(sorted(rows)))
    ctx.file("BUILD", _BUILD)

debian_installed_repository = repository_rule(
    doc = """Names the installed packages that `files` belong to, with their versions and licences.

What is linked statically leaves no trace in a program; this tells which code is in it.""",
    implementation = _installed_impl,
    # Another version may be installed at any time.
    local = True,
    attrs = {"files": attr.string_list(
        doc = "Static libraries and headers, by their paths.",
        mandatory = True,
    )},
)
