"""Ratios against peers and limits: one script a question, each run as `python -m benchmarks.<name>`."""
