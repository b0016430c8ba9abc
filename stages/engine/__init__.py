"""What runs the stages: items, their store and records, code digests, the command line. None of it decides a result."""
