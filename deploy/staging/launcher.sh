#!/bin/sh
# Starts a program of this folder under the C library that the folder carries.
#
# The folder may be moved, renamed or mounted read-only: every path is derived from where this file lies. The host gives
# a POSIX shell and readlink or ls, and nothing else is asked of it.
set -u

program='@PROGRAM@'     # python, server, or a script of libexec/ that Python runs
tensorflow='@TENSORFLOW@' # the folder of TensorFlow's libraries, from the top

# A shell that was given a bare name ("sh trilho") has it from the working folder or from the PATH.
called=$0
case $called in
  */*) ;;
  *) if [ -f "./$called" ]; then called=./$called; else called=$(command -v -- "$called") || exit 127; fi ;;
esac
file=$called
while [ -h "$file" ]; do
  target=$(readlink "$file" 2>/dev/null) || { target=$(ls -ld "$file") && target=${target#*" -> "}; } || exit 127
  case $target in
    /*) file=$target ;;
    *) file=${file%/*}/$target ;;
  esac
done
# -P: where a folder on the way is a link, as `current` is, what is above that folder is not what is above the link.
home=$(CDPATH='' cd -P -- "${file%/*}/.." && pwd -P) || exit 127
native=$home/lib/native

# LD_LIBRARY_PATH need not be unset: --library-path takes its place here, and programs of the host may want it.
unset LD_PRELOAD LD_AUDIT
# These two stay in the environment, since the C library looks at them whenever a program asks for a locale.
export LOCPATH="$home/lib/locale" GCONV_PATH="$home/lib/gconv"

run() {
  real=$1
  shown=$2
  shift 2
  # A link to the loader: ps, top and pgrep call a process by the name of what was started.
  exec "$home/libexec/loader/${file##*/}" --inhibit-cache --library-path "$native:$home/$tensorflow" \
    --argv0 "$shown" "$home/libexec/$real" "$@"
}

if [ "$program" = server ]; then
  run trilho_server "$called" "$@"
fi

# Packages of the host are built for its own Python. TRILHO_PYTHONPATH names folders that are wanted in spite of that.
unset PYTHONPATH PYTHONHOME
[ -z "${TRILHO_PYTHONPATH:-}" ] || export PYTHONPATH="$TRILHO_PYTHONPATH"

# Certificates and time zones are the host's, which are newer, if it has any.
if [ -z "${SSL_CERT_FILE:-}${SSL_CERT_DIR:-}" ]; then
  for bundle in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/ca-bundle.pem \
    /etc/ssl/cert.pem "$home/lib/python3/dist-packages/certifi/cacert.pem"; do
    if [ -r "$bundle" ]; then
      export SSL_CERT_FILE="$bundle"
      break
    fi
  done
fi
if [ -z "${TZDIR:-}" ] && [ ! -d /usr/share/zoneinfo ]; then
  export TZDIR="$home/lib/python3/dist-packages/tzdata/zoneinfo"
fi

# -s: no packages from the user's home, either.
if [ "$program" = python ]; then
  # Python looks for its library and for a virtual environment from the name that it is called by. It follows links of
  # files and not of folders, so that it gets the real name, unless the one that was called is an environment's.
  if [ ! -f "${called%/*}/../pyvenv.cfg" ] && [ ! -f "${called%/*}/pyvenv.cfg" ]; then
    called=$home/bin/python
  fi
  run python3.11 "$called" -s "$@"
fi
run python3.11 "$home/bin/python" -s "$home/libexec/$program" "$@"
