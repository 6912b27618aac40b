"""Volumes that are made, not read: the demo's cell at any size, and analytic phantoms whose answers are known."""
