#!/usr/bin/env bash
# Post the comparison, the report's verdict and all of its tables, each under its headings, as the summary of the job.
set -euo pipefail
summary=${GITHUB_STEP_SUMMARY:-/dev/stdout}
if [ ! -f reports/report.md ]; then
    echo "The evaluation at scale $SCALE ended without a report; the job's log says why." >>"$summary"
    exit 0
fi
{
    if [ -f reports/against.txt ]; then
        echo "Against the accepted run of scale $SCALE:"
        printf '\n```\n'
        sed 's/^::warning:://' reports/against.txt
        printf '```\n\n'
    fi
    # A heading waits until a table comes that it stands over. Figures are not posted: they are in the report that is kept.
    awk '
        /^```/ { fenced = !fenced }
        fenced { next }
        /^##+ / { begun = 1; heading[length($1)] = $0; for (i = length($1) + 1; i < 7; i++) delete heading[i]; next }
        !begun { print; next } # the verdict, and what failed
        /^\|/ { for (i = 2; i < 7; i++) if (i in heading) { print heading[i]; print ""; delete heading[i] }
                print; inside = 1; next }
        inside { print ""; inside = 0 }
    ' reports/report.md
} >>"$summary"
