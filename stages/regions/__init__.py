"""Label schemes, pairs, masks and target maps: arrays only."""
