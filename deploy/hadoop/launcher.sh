#!/bin/sh
# Runs the cluster's program from the unpacked archive that this file lies in; needs Python 3.11 and Java.
set -eu
TRILHO_HADOOP_HOME=$(dirname "$(dirname "$(readlink -f "$0")")")
PYTHONPATH=$TRILHO_HADOOP_HOME
export TRILHO_HADOOP_HOME PYTHONPATH
exec python3 -m deploy.hadoop.main "$@"
