"""A stand-in for the arithmetic of all stages, for measurements of everything else."""
