"""From any source to OME-Zarr: plan, cascade of levels, shards, journal, metadata, verification. No GL here."""
