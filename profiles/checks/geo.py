"""Validates a geospatial stack from inside the image: real operations, each with a value known beforehand.

Needs no network and writes only under /tmp. Prints one line per check; exits with 1 when any of them failed.
"""

import json
import os
import sys
import time

import fiona
import numpy
import pyproj
import rasterio
import rasterio.warp
import shapely
from osgeo import gdal, osr
from rasterio.io import MemoryFile
from shapely.geometry import Point

gdal.UseExceptions()
osr.UseExceptions()

CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


def expect(what, actual, expected):
    if actual != expected:
        raise AssertionError(f"{what} is {actual!r}, expected {expected!r}")


def expect_close(what, actual, expected, tolerance):
    if not numpy.allclose(actual, expected, rtol=0, atol=tolerance):
        raise AssertionError(f"{what} is {tuple(actual)}, expected {tuple(expected)} within {tolerance}")


@check
def versions():
    """one GDAL and one PROJ behind all modules"""
    release = gdal.VersionInfo("RELEASE_NAME")
    expect("rasterio's GDAL", rasterio.__gdal_version__, release)
    expect("fiona's GDAL", fiona.__gdal_version__, release)
    build = dict(line.split("=", 1) for line in gdal.VersionInfo("BUILD_INFO").splitlines() if "=" in line)
    expect("GDAL's GEOS_ENABLED", build.get("GEOS_ENABLED"), "YES")
    expect("GDAL's PROJ at run time", build.get("PROJ_RUNTIME_VERSION"), build.get("PROJ_BUILD_VERSION"))
    expect("pyproj's PROJ", pyproj.proj_version_str, build.get("PROJ_RUNTIME_VERSION"))
    return f"GDAL {release}, PROJ {pyproj.proj_version_str}, GEOS {shapely.geos.geos_version_string.split('-')[0]}"


@check
def libraries():
    """each shared library is mapped from one place"""
    places = {}
    with open("/proc/self/maps", encoding="utf-8") as maps:
        for line in maps:
            path = line.split(maxsplit=5)[-1].strip()
            name = os.path.basename(path)
            for stem in ("libgdal", "libproj", "libgeos_c", "libsqlite3", "libtiff", "libcrypto", "libstdc++"):
                if name.startswith(stem + ".so"):
                    places.setdefault(stem, set()).add(path)
    for stem in ("libgdal", "libproj", "libgeos_c"):
        if stem not in places:
            raise AssertionError(f"{stem} is not mapped: a module brings a private copy")
    for stem, paths in places.items():
        expect(f"the number of copies of {stem} ({', '.join(sorted(paths))})", len(paths), 1)


@check
def data_files():
    """GDAL_DATA and PROJ_DATA lead to the data files"""
    for name in ("gdalvrt.xsd", "header.dxf", "tms_MapML_APSTILE.json"):
        if not gdal.FindFile("gdal", name):
            raise AssertionError(f"GDAL does not find {name}; GDAL_DATA is {os.environ.get('GDAL_DATA')!r}")
    for who, paths in (("GDAL", osr.GetPROJSearchPaths()), ("pyproj", pyproj.datadir.get_data_dir().split(os.pathsep))):
        if not any(os.access(os.path.join(path, "proj.db"), os.R_OK) for path in paths):
            raise AssertionError(f"{who} can read no proj.db in {paths}; PROJ_DATA is {os.environ.get('PROJ_DATA')!r}")


@check
def web_mercator():
    """EPSG:4326 to EPSG:3857 by pyproj, rasterio and osr, against the closed form"""
    expected = (1113194.9079327357, 5621521.486192066)
    by_pyproj = pyproj.Transformer.from_crs(4326, 3857, always_xy=True).transform(10, 45)
    by_rasterio = [values[0] for values in rasterio.warp.transform("EPSG:4326", "EPSG:3857", [10], [45])]
    systems = [osr.SpatialReference() for _ in range(2)]
    for system, code in zip(systems, (4326, 3857)):
        system.ImportFromEPSG(code)
        system.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    by_osr = osr.CoordinateTransformation(*systems).TransformPoint(10, 45)[:2]
    for who, actual in (("pyproj", by_pyproj), ("rasterio", by_rasterio), ("osr", by_osr)):
        expect_close(f"the point by {who}", actual, expected, 1e-6)


@check
def utm():
    """EPSG:4326 to EPSG:32631"""
    point = pyproj.Transformer.from_crs(4326, 32631, always_xy=True).transform(3, 45)
    expect_close("the point", point, (500000.000, 4982950.400), 1e-3)


@check
def datum_shift():
    """EPSG operation 1133 (ED50 to WGS 84): the database and the engine, whatever the EPSG release"""
    operation = pyproj.Transformer.from_pipeline("urn:ogc:def:coordinateOperation:EPSG::1133")
    expect_close("the point", operation.transform(50, 5), (49.99914703731646, 4.998744105203575), 1e-9)


@check
def geotiff():
    """GeoTIFF written and read in memory"""
    pixels = numpy.arange(512 * 512, dtype="uint32").reshape(512, 512).astype("uint16")
    with MemoryFile() as memory:
        with memory.open(driver="GTiff", width=512, height=512, count=1, dtype="uint16", crs="EPSG:32631", tiled=True,
                         transform=rasterio.Affine(10, 0, 500000, 0, -10, 4982950),
                         compress="deflate", predictor=2) as dataset:
            dataset.write(pixels, 1)
        with memory.open() as dataset:
            expect("the EPSG code", dataset.crs.to_epsg(), 32631)
            expect("equality of the pixels", numpy.array_equal(dataset.read(1), pixels), True)


@check
def cloud_optimised():
    """COG with each codec of the library"""
    noise = numpy.random.default_rng(1).integers(0, 256, (3, 512, 512), dtype="uint8")
    source = gdal.GetDriverByName("MEM").Create("", 512, 512, 3, gdal.GDT_Byte)
    source.WriteArray(noise)
    offered = gdal.GetDriverByName("COG").GetMetadataItem("DMD_CREATIONOPTIONLIST")
    codecs = [codec for codec in ("DEFLATE", "LZW", "ZSTD", "LERC", "LERC_ZSTD", "WEBP", "JPEG")
              if f"<Value>{codec}</Value>" in offered]
    for codec in ("DEFLATE", "LZW", "JPEG"):
        if codec not in codecs:
            raise AssertionError(f"the COG driver does not offer {codec}")
    for codec in codecs:
        options = [f"COMPRESS={codec}", "BLOCKSIZE=256", "OVERVIEWS=IGNORE_EXISTING"]
        gdal.GetDriverByName("COG").CreateCopy("/vsimem/cog.tif", source, options=options).FlushCache()
        copy = gdal.Open("/vsimem/cog.tif")
        expect(f"{codec}: LAYOUT", copy.GetMetadata("IMAGE_STRUCTURE").get("LAYOUT"), "COG")
        expect(f"{codec}: overviews", copy.GetRasterBand(1).GetOverviewCount(), 1)
        pixels = copy.ReadAsArray()
        if codec in ("WEBP", "JPEG"):
            expect(f"{codec}: shape", pixels.shape, noise.shape)
        else:
            expect(f"{codec}: equality of the pixels", numpy.array_equal(pixels, noise), True)
        copy = None
        gdal.Unlink("/vsimem/cog.tif")
    return " ".join(codecs)


@check
def warp():
    """reprojection of a raster"""
    values = numpy.full((100, 100), 7, dtype="float32")
    result = numpy.zeros((80, 80), dtype="float32")
    bounds = rasterio.warp.transform_bounds("EPSG:32631", "EPSG:3857", 500100, 4982100, 500900, 4982900)
    rasterio.warp.reproject(
        values, result, src_crs="EPSG:32631", dst_crs="EPSG:3857", resampling=rasterio.warp.Resampling.bilinear,
        src_transform=rasterio.Affine(10, 0, 500000, 0, -10, 4983000),
        dst_transform=rasterio.transform.from_bounds(*bounds, 80, 80))
    expect_close("the mean", [result.mean()], [7], 1e-3)


@check
def geometry():
    """buffer and union by GEOS"""
    circle = Point(0, 0).buffer(1, 16)
    expect_close("the area of the circle", [circle.area], [3.136548], 1e-6)
    expect_close("the area of the union", [circle.union(Point(1, 0).buffer(1, 16)).area], [5.048112], 1e-6)


@check
def geopackage():
    """GeoPackage written and read, with a spatial index and a name that is not ASCII"""
    path = "/vsimem/check.gpkg"
    schema = {"geometry": "Point", "properties": {"name": "str"}}
    with fiona.open(path, "w", driver="GPKG", crs="EPSG:4326", schema=schema) as layer:
        for x in range(10):
            layer.write({"type": "Feature", "properties": {"name": f"Tårn {x}"},
                         "geometry": {"type": "Point", "coordinates": (x, 45.0)}})
    with fiona.open(path) as layer:
        found = [feature["properties"]["name"] for feature in layer.filter(bbox=(2.5, 44, 4.5, 46))]
        expect("the features in the box", sorted(found), ["Tårn 3", "Tårn 4"])
        expect("the EPSG code", pyproj.CRS.from_user_input(layer.crs_wkt).to_epsg(), 4326)
    fiona.remove(path, driver="GPKG")


@check
def linear_algebra():
    """BLAS and LAPACK behind numpy"""
    matrix = numpy.arange(10000, dtype="float64").reshape(100, 100)
    expect("the first element of the product", (matrix @ matrix)[0, 0], 32835000.0)
    solution = numpy.arange(100, dtype="float64")
    system = matrix + 1e4 * numpy.eye(100)
    expect_close("the solution", numpy.linalg.solve(system, system @ solution), solution, 1e-6)


@check
def remote_access():
    """/vsicurl and /vsis3 are there, with certificates; S3 without credentials fails at once"""
    for prefix in ("/vsicurl/", "/vsis3/"):
        if prefix not in gdal.GetFileSystemsPrefixes():
            raise AssertionError(f"GDAL has no {prefix}")
    with open("/etc/ssl/certs/ca-certificates.crt", encoding="utf-8") as certificates:
        if "BEGIN CERTIFICATE" not in certificates.read():
            raise AssertionError("/etc/ssl/certs/ca-certificates.crt has no certificates")
    if "AWS_ACCESS_KEY_ID" not in os.environ:
        start = time.monotonic()
        try:
            gdal.Open("/vsis3/bucket/key.tif")
        except RuntimeError:
            pass
        if time.monotonic() - start > 3:
            raise AssertionError("/vsis3/ without credentials took more than 3 s; set CPL_AWS_AUTODETECT_EC2=NO")


@check
def handler():
    """the function itself, on its sample"""
    from handler import handler as function
    response = json.loads(json.dumps(function({"path": "sample.tif"}, None)))
    expect("the driver", response["driver"], "GTiff")
    expect("the size", (response["width"], response["height"]), (64, 64))
    expect("the CRS", response["crs"], "EPSG:32631")
    expect("the bounds", response["bounds"], [500000, 4982310, 500640, 4982950])
    ramp, flat = response["bands"]
    expect_close("the ramp", [ramp[key] for key in ("min", "max", "mean", "std")], [1, 4096, 2048.5, 1182.4131], 1e-3)
    expect_close("the flat band", [flat[key] for key in ("min", "max", "mean", "std")], [1000, 1000, 1000, 0], 1e-9)
    chosen = function({"path": "sample.tif", "bands": [2]}, None)["bands"]
    expect("the choice of one band", [band["band"] for band in chosen], [2])
    try:
        function({"path": "absent.tif"}, None)
    except FileNotFoundError:
        return
    raise AssertionError("a missing file was not reported")


def main():
    failed = 0
    for function in CHECKS:
        start = time.monotonic()
        try:
            detail = function()
        except Exception as error:  # one broken part must not hide the others
            failed += 1
            print(f"FAIL  {function.__name__}: {function.__doc__}: {type(error).__name__}: {error}")
        else:
            detail = f": {detail}" if detail else ""
            milliseconds = (time.monotonic() - start) * 1000
            print(f"ok    {function.__name__}: {function.__doc__} ({milliseconds:.0f} ms){detail}")
    if failed:
        sys.exit(f"{failed} of {len(CHECKS)} checks failed")


if __name__ == "__main__":
    main()
