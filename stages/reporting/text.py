"""The text of the report, as Markdown."""

import subprocess
from pathlib import Path
from typing import Any

import pandas as pd

from stages.config import canonical, methods_with
from stages.metrics.comparison import compare, smallest_p
from stages.regions.pair import Pair
from stages.reporting.names import method_name
from stages.reporting.tables import (
    comparison_table,
    cost_table,
    pair_table,
    reconstruction_table,
    transfer_table,
    weights_table,
)
from stages.reporting.verdict import failures, incomplete, unmeasured


def commit() -> str:
    """The commit that is checked out, marked if files differ from it."""
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12"], capture_output=True, text=True
    )
    return described.stdout.strip() or "not in a git repository"


def render_report(
    frame: pd.DataFrame, records: list[dict[str, Any]], images: int, pairs: list[Pair], params: dict[str, Any],
    weights: list[Path], metrics_sha256: str,
) -> str:  # fmt: skip
    """The report as Markdown; every number in it comes from the table or the records."""
    methods = list(params["methods"])
    embedding = methods_with(params["methods"], "code")
    expected = {"reconstruction": embedding, "transfer": methods}
    failed, missing = failures(records), incomplete(frame, expected, images, len(pairs))
    verdict = "INVALID" if failed or missing else "VALID"
    chosen = (
        f"the list `{params['pairs']['file']}`" if params["pairs"]["file"]
        else f"a seeded sampler for variety of hair (seed {params['pairs']['seed']}); the paper's list is unpublished"
    )  # fmt: skip
    against = params["report"]["against"]
    options = {key: params["score"][key] for key in ("level", "resamples", "seed")}
    compared = compare(frame, against, **options)
    comparisons = "\n\n".join(
        f"### {protocol.capitalize()}\n\n{comparison_table(compared, protocol)}"
        for protocol in dict.fromkeys(compared["protocol"])
    )
    problems = ""
    if failed:
        problems += f"\n{len(failed)} items failed:\n\n" + "".join(f"- {line}\n" for line in failed)
    if noted := unmeasured(frame):
        problems += "\nNot measured, and left out of the means:\n\n" + "".join(f"- {line}\n" for line in noted)
    if missing:
        problems += "\nSummaries that do not cover everything:\n\n" + "".join(f"- {line}\n" for line in missing)
    return f"""# Barbershop, evaluated: {verdict}

{images} images, {len(pairs)} pairs, {len(failed)} failed items.
{problems}
## Transfer

![identity, hair, target map and composites](figures/transfer.png)

The first {min(params["report"]["rows"], len(pairs))} of {len(pairs)} pairs in the order of the list; none was chosen by
hand. The pairs are ours: {chosen}.

{transfer_table(frame, methods)}

*kept*: the composite against the identity, outside what is taken. *taken*: against the reference, inside what is taken
from it both in its own map and in the target; IoU is between the composite's own label map and the target map.
Fréchet distances are between the pairs' sources and the composites.

## Reconstruction

![images and their embeddings](figures/reconstruction.png)

Every image against its embedding, as in the paper's Table 1. Published rows are the paper's own, on its own 120 images
and networks: they show what to expect of those, and cannot be compared digit by digit with what is measured here.

{reconstruction_table(frame, embedding)}

Means over N images at {params["score"]["size"]} px with {params["score"]["level"]:.0%} BCa bootstrap intervals
({params["score"]["resamples"]:,} resamples). ST-LPIPS is shift-tolerant LPIPS (ECCV 2022). *Fréchet* is the distance
of that name on pooled features of the network it names: not FID, whose network needs weights that are not in a package
(`score.inception`). A Fréchet distance at a small N is mostly bias: compare it at the same N only.

## Against {method_name(against)}

{comparisons}

Mean of a method's value less that of {method_name(against)} on the same items, with its paired
{params["score"]["level"]:.0%} BCa bootstrap interval; the share of items on which the method is the better one (a tie
is half a win); p of the two-sided Wilcoxon signed-rank test, corrected by Holm for the {len(compared)} tests of this
section. {len(pairs)} pairs cannot give a p below {smallest_p(len(pairs)):.2g} before the correction.

## Cost

{cost_table(records)}

Seconds and memory as measured when the items were computed; items from the store keep theirs.

## Provenance

- commit: `{commit()}`
- seeds: faces {params["faces"]["drawn"]["seed"]}, pairs {params["pairs"]["seed"]}, bootstrap {params["score"]["seed"]}
- metrics.parquet: sha256 `{metrics_sha256}`

{weights_table(weights)}

<details><summary>Pairs</summary>

{pair_table(pairs)}

</details>

<details><summary>Parameters</summary>

```json
{canonical(params)}
```

</details>
"""
