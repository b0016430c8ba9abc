"""The official code's target map: hair by Navier–Stokes, then two fitted faces show what is missing."""

from stages.codes.official_target import completed_target
from stages.fills import Completion

ENTRY = Completion(
    source="ZPdesu/Barbershop; docs/paper.md", networks=("generator", "parser"), compose=completed_target
)
