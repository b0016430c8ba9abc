#!/bin/sh
# submit.sh RULE CPUS MEMORY_MB MINUTES GPUS SCRIPT: makes a Job of job.yaml, prints its name.
set -eu
sed -e "s|@RULE@|$(echo "$1" | tr _ -)|" -e "s|@CPUS@|$2|" -e "s|@MEMORY@|$3|" -e "s|@SECONDS@|$(($4 * 60))|" \
    -e "s|@GPUS@|$5|" -e "s|@SCRIPT@|$6|" -e "s|@FOLDER@|$PWD|" "$(dirname "$0")/job.yaml" |
    kubectl create -f - -o name
