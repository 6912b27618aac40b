"""Measurements that users can take where they are."""
