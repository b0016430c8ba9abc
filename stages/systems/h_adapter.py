"""H-Adapter: a diffusion model with an attention mask. No public code of it was found."""

from stages.systems import System

ENTRY = System(
    title="H-Adapter",
    paper="Jeong, Cho and Park, ECCV 2026, arXiv 2606.25578",
    repository=None,
    why_not="no public code was found",
)
