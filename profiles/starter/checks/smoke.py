"""Real work with known results, run inside the finished image without a network."""

import math

import numpy
import rasterio
from rasterio.io import MemoryFile

from @MODULE@ import @FUNCTION@

# GDAL: write a GeoTIFF, read it back.
pixels = numpy.arange(64 * 64, dtype="uint16").reshape(1, 64, 64)
with MemoryFile() as memory:
    with memory.open(driver="GTiff", width=64, height=64, count=1, dtype="uint16", crs="EPSG:32631",
                     transform=rasterio.Affine(10, 0, 500000, 0, -10, 4982950)) as raster:
        raster.write(pixels)
    with memory.open() as raster:
        assert raster.crs.to_epsg() == 32631
        assert (raster.read() == pixels).all()

# PROJ finds its database: one degree at the equator, on the sphere of web maps.
answer = @FUNCTION@({"from": "EPSG:4326", "to": "EPSG:3857", "bounds": [0, 0, 1, 1]}, None)
degree = math.radians(1) * 6378137
assert math.isclose(answer["bounds"][2], degree, rel_tol=1e-9), answer
