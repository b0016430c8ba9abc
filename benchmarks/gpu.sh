#!/usr/bin/env bash
# Every stage on a GPU against the CPU of the same machine, the steps' share of the card's peak, and the tests that need
# a GPU. Planned for eight minutes at most; no run on a GPU has been seen yet.
#
#     benchmarks/gpu.sh pack           # here: data/gpu/1 and 2, weights in bfloat16 and wheels, at most 64 MiB each
#     benchmarks/gpu.sh unpack         # there, when a part has arrived; needs no network
#     benchmarks/gpu.sh run [ITEMS]    # there, with the torch that is there
#
# Without a GPU, `run` compares the CPU with itself: benchmarks/gpu.sh run 2 shows that it works.
set -euo pipefail
cd "$(dirname "$0")/.."
PARTS=data/gpu
OUT=${OUT:-data/gpu/out}
PYTHON=${PYTHON:-python3}
# What the stages import and a machine for PyTorch may lack, for its Python.
WHEELS=(annotated-types anyascii dlib-bin loky pydantic pydantic-core pydot typing-inspection)
THERE=${THERE:-3.12}

case "${1:-}" in
pack)
    rm -rf "$PARTS"
    "$PYTHON" -m benchmarks.gpu_weights pack "$PARTS"
    for wheel in "${WHEELS[@]}"; do
        pinned=$(grep -E "^$wheel==" requirements.lock | grep -oE "^[^ ;]+")
        "$PYTHON" -m pip download --quiet --no-deps --only-binary=:all: --python-version "$THERE" \
            --platform manylinux_2_28_x86_64 --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 \
            --dest "$PARTS/2" "$pinned"
    done
    du -sh "$PARTS"/[12]
    ;;
unpack)
    "$PYTHON" -m benchmarks.gpu_weights unpack "$PARTS"
    find "$PARTS" -name '*.whl' -exec "$PYTHON" -m pip install --quiet --no-deps --no-index {} +
    ;;
run)
    items=${2:-32}
    rm -rf "$OUT"
    mkdir -p "$OUT"
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    export PYTHONUNBUFFERED=1
    {
        "$PYTHON" -m pytest -m gpu tests/gpu -p no:cacheprovider || [ $? -eq 5 ]
        "$PYTHON" -m benchmarks.gpu make "$work/gpu" --items "$items"
        CUDA_VISIBLE_DEVICES="" "$PYTHON" -m benchmarks.gpu make "$work/cpu" --items 2
        "$PYTHON" -m benchmarks.gpu table "$work/gpu" "$work/cpu"
        "$PYTHON" -m benchmarks.steps
    } 2>&1 | tee "$OUT/gpu.txt"
    ;;
*)
    sed -n '2,10s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac
