#!/bin/sh
# Runs the cluster's program from the unpacked archive that this file lies in; needs Python 3.11 and Java.
set -eu
home=$(dirname "$(dirname "$(readlink -f "$0")")")
TRILHO_HADOOP_HOME=$home PYTHONPATH=$home exec python3 -m deploy.hadoop.main "$@"
