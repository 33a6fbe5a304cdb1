"""Validates a stack of wheels from inside the image: real operations, each with a value known beforehand.

Each wheel has libraries and data of its own, so each is tried by itself and all in one process. Needs no network and
writes only under /tmp. Prints one line per check; exits with 1 when any of them failed.
"""

import os
import sys
import time

import numpy
import pyogrio
import pyproj
import rasterio
import rasterio.warp
import shapely
from rasterio.io import MemoryFile
from rasterio.transform import from_origin

WEB_MERCATOR = (1113194.9079327357, 6446275.841017158)  # EPSG guidance note 7-2: R * lambda, R * ln tan(pi/4 + phi/2)


def expect_close(what, actual, expected, tolerance):
    if not numpy.allclose(actual, expected, rtol=0, atol=tolerance):
        raise AssertionError(f"{what} is {actual}, expected {expected} within {tolerance}")


def versions():
    """what each wheel brings"""
    return (f"rasterio {rasterio.__version__} with GDAL {rasterio.__gdal_version__}, pyogrio with GDAL "
            f"{'.'.join(map(str, pyogrio.__gdal_version__))}, pyproj with PROJ {pyproj.proj_version_str}, "
            f"GEOS {shapely.geos_version_string}")


def environment():
    """nothing in the environment leads a wheel to the data of another"""
    wrong = [name for name in ("GDAL_DATA", "PROJ_DATA", "PROJ_LIB") if os.environ.get(name)
             and not os.environ[name].startswith(os.path.dirname(rasterio.__file__))]
    if wrong:
        raise AssertionError(f"{', '.join(wrong)} must not be set for wheels")


def transforms():
    """10° E, 50° N in Web Mercator, by the PROJ of pyproj and of rasterio"""
    transformer = pyproj.Transformer.from_crs(4326, 3857, always_xy=True)
    expect_close("pyproj's result", transformer.transform(10, 50), WEB_MERCATOR, 1e-6)
    x, y = rasterio.warp.transform("EPSG:4326", "EPSG:3857", [10], [50])
    expect_close("rasterio's result", (x[0], y[0]), WEB_MERCATOR, 1e-6)


def rasters():
    """a GeoTIFF in each codec keeps its pixels"""
    pixels = (numpy.arange(256 * 256) % 251).astype("uint8").reshape(1, 256, 256)
    for codec in ("DEFLATE", "LZW", "ZSTD", "LERC"):
        with MemoryFile() as memory:
            with memory.open(driver="GTiff", width=256, height=256, count=1, dtype="uint8", crs="EPSG:32632",
                             transform=from_origin(500000, 5500000, 10, 10), compress=codec) as dataset:
                dataset.write(pixels)
            with memory.open() as dataset:
                if not numpy.array_equal(dataset.read(), pixels):
                    raise AssertionError(f"{codec} changed the pixels")
                expect_close("the bounds", dataset.bounds, (500000, 5497440, 502560, 5500000), 0)


def geometry():
    """the area of a circle of 16 segments a quarter, and a polygon in a GeoPackage"""
    circle = shapely.Point(0, 0).buffer(1)
    expect_close("the area", circle.area, 32 * numpy.sin(numpy.pi / 32), 1e-12)  # 64 triangles
    path = "/tmp/wheels.gpkg"
    pyogrio.raw.write(path, geometry=numpy.array([shapely.to_wkb(circle)], dtype=object), field_data=[numpy.array([7])],
                      fields=["value"], layer="circles", driver="GPKG", geometry_type="Polygon", crs="EPSG:4326")
    _, _, geometries, fields = pyogrio.raw.read(path)
    os.unlink(path)
    if list(fields[0]) != [7] or not shapely.from_wkb(geometries[0]).equals(circle):
        raise AssertionError("the GeoPackage has something else")


def linear_algebra():
    """a system of equations, which needs BLAS and LAPACK"""
    expect_close("the solution", numpy.linalg.solve([[2.0, 1.0], [1.0, 3.0]], [3.0, 5.0]), (0.8, 1.4), 1e-12)


def main():
    failed = 0
    for check in (versions, environment, transforms, rasters, geometry, linear_algebra):
        started = time.perf_counter()
        try:
            detail, mark = check() or check.__doc__, "ok"
        except Exception as error:  # the next check says something new
            failed += 1
            detail, mark = f"{check.__doc__}: {type(error).__name__}: {error}", "FAILED"
        print(f"{mark} {check.__name__} ({(time.perf_counter() - started) * 1000:.0f} ms): {detail}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
