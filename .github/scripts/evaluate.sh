#!/usr/bin/env bash
# Run the evaluation at the scale that SCALE names.
set -euo pipefail
scale=workflow/scales/$SCALE.yaml
if [ ! -f "$scale" ]; then
    echo "::error::$scale: no such scale"
    exit 2
fi
PATH=$PWD/.venv/bin:$PATH snakemake --cores "${CORES:-1}" --resources gpu=1 --configfile "$scale"
