"""Bricks: how a volume is cut, encoded, read and summed up. No GL here."""
