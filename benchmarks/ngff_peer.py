"""ngff-zarr's conversion of a numpy file, in a process of its own: `python -m benchmarks.ngff_peer IN.npy OUT VARIANT`.

Variants: "chunks" (a file a chunk), "shards", and "shards, our codec"; all with means of 2 x 2 x 2 voxels by dask, the
fastest of its methods here, chunks of 64 a side, OME-Zarr 0.5.
"""

from __future__ import annotations

import sys
from typing import Any

VARIANTS = ("chunks", "shards", "shards, our codec")
CHUNK, PER_SHARD = 64, 8


def main() -> None:
    import dask.array
    import ngff_zarr
    import numpy as np
    from zarr.codecs import BloscCodec

    source, output, variant = sys.argv[1:]
    voxels = np.load(source, mmap_mode="r")
    image = ngff_zarr.to_ngff_image(
        dask.array.from_array(voxels, chunks=CHUNK),
        dims=["z", "y", "x"],
        scale={"z": 1.0, "y": 1.0, "x": 1.0},
        axes_units=dict.fromkeys("zyx", "micrometer"),
    )
    factors = [2]
    while max(voxels.shape) > CHUNK * factors[-1]:
        factors.append(2 * factors[-1])
    made = ngff_zarr.to_multiscales(image, factors, method=ngff_zarr.Methods.DASK_BIN_SHRINK, chunks=CHUNK)
    options: dict[str, Any] = {} if variant == "chunks" else {"chunks_per_shard": PER_SHARD}
    if variant == "shards, our codec":
        codec = BloscCodec(cname="zstd", clevel=1, shuffle="shuffle", typesize=voxels.dtype.itemsize)
        options["compressors"] = [codec]
    ngff_zarr.to_ngff_zarr(output, made, version="0.5", **options)


if __name__ == "__main__":
    main()
