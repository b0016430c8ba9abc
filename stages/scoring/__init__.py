"""Scoring: what measures, and which images each protocol compares."""
