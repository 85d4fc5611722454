# Puts this folder's programs first on the PATH of a shell: `. FOLDER/bin/activate`; `trilho_deactivate` undoes it.
#
# bash and zsh tell a file where it lies. Other shells do not: there, set TRILHO_HOME to the folder before.
# shellcheck shell=sh disable=SC2296,SC3028,SC3054

if [ -n "${BASH_VERSION:-}" ]; then
  _trilho_file=$(eval 'printf %s "${BASH_SOURCE[0]}"')
elif [ -n "${ZSH_VERSION:-}" ]; then
  _trilho_file=$(eval 'printf %s "${(%):-%x}"')
else
  _trilho_file=${TRILHO_HOME:-.}/bin/activate
fi
# Links are not followed: with `current/bin/activate` the PATH follows whatever is current.
_trilho_bin=$(CDPATH='' cd -- "$(dirname -- "$_trilho_file")" 2>/dev/null && pwd)
if [ -n "$_trilho_bin" ] && [ -x "$_trilho_bin/python" ]; then
  if command -v trilho_deactivate >/dev/null 2>&1; then
    trilho_deactivate
  fi
  _TRILHO_OLD_PATH=$PATH
  PATH=$_trilho_bin:$PATH
  export PATH
  # Drops what the shell remembers of where programs are.
  hash -r 2>/dev/null
  trilho_deactivate() {
    PATH=$_TRILHO_OLD_PATH
    export PATH
    unset _TRILHO_OLD_PATH
    unset -f trilho_deactivate
    hash -r 2>/dev/null
  }
  unset _trilho_file _trilho_bin
else
  unset _trilho_file _trilho_bin
  echo 'activate: this shell does not tell where the file lies: set TRILHO_HOME to the folder above bin/ first' >&2
  false
fi
