"""Where voxels come from: one module a format, all behind `base.Source`."""
