"""Hosta: a path-tracing volume renderer that streams its picture to thin clients."""

__version__ = "0.1.0"
