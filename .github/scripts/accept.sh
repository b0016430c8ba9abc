#!/usr/bin/env bash
# Keep this run's report as the accepted one of its scale; the one before it goes, once the new one is complete.
set -euo pipefail
if [ -z "${ACCEPTED_RUNS:-}" ]; then
    echo "::error::the variable ACCEPTED_RUNS names no folder to keep accepted runs in"
    exit 2
fi
if ! head -n 1 reports/report.md | grep -q ': VALID$'; then
    echo "::error::there is no report, or it is invalid; it was not accepted"
    exit 2
fi
mkdir -p "$ACCEPTED_RUNS"
new=$(mktemp -d "$ACCEPTED_RUNS/.new.XXXXXX")
cp -R reports/. "$new"
chmod 755 "$new"
rm -rf "${ACCEPTED_RUNS:?}/$SCALE"
mv "$new" "$ACCEPTED_RUNS/$SCALE"
