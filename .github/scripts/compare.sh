#!/usr/bin/env bash
# Compare this run with the accepted one of its scale; exit status 3 if a mean moved for the worse.
set -euo pipefail
accepted=${ACCEPTED_RUNS:-}/$SCALE
if [ -z "${ACCEPTED_RUNS:-}" ] || [ ! -d "$accepted" ]; then
    echo "::warning::no run of scale $SCALE was accepted yet" | tee reports/against.txt
    exit 0
fi
PATH=$PWD/.venv/bin:$PATH python -m stages.report --against "$accepted" --fail | tee reports/against.txt
