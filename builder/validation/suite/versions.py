"""One GDAL, PROJ and GEOS behind all modules, and the data files that belong to them."""

import importlib
import os
import sqlite3

from terrane_harness import Skip, expect, gdal_library, has, is_bundled, mapped, operation

MODULES = ("numpy", "osgeo.gdal", "osgeo.ogr", "osgeo.osr", "rasterio", "rasterio.warp", "rasterio.features", "fiona", "pyogrio",
           "pyproj", "shapely", "shapely.geometry")
ONE_OF_EACH = ("libgdal", "libproj", "libgeos_c")
STEMS = ONE_OF_EACH + ("libsqlite3", "libcurl", "libssl", "libcrypto", "libtiff", "libexpat", "libstdc++")


def import_everything():
    present = [module for module in MODULES if has(module.split(".")[0])]
    if not present:
        raise Skip("the image has no geospatial package")
    for module in present:
        importlib.import_module(module)
    return present


def bundles(package):
    """Whether a package is a wheel with a GDAL of its own."""
    folder = os.path.dirname(os.path.dirname(os.path.abspath(importlib.import_module(package).__file__)))
    libraries = os.path.join(folder, package + ".libs")
    return os.path.isdir(libraries) and any(name.startswith("libgdal") for name in os.listdir(libraries))


@operation("geo.versions.gdal")
def gdal_versions():
    found = {}
    if has("osgeo"):
        from osgeo import gdal
        found["osgeo"] = gdal.VersionInfo("RELEASE_NAME")
        expect("the version of osgeo's bindings", importlib.import_module("osgeo").__version__, found["osgeo"])
    for package in ("rasterio", "fiona", "pyogrio"):
        if has(package):
            version = importlib.import_module(package).__gdal_version__
            found[package] = version if isinstance(version, str) else ".".join(map(str, version))
    if not found:
        raise Skip("the image has no package with GDAL")
    shared = {version for package, version in found.items() if not bundles(package)}
    text = ", ".join(f"{package} {version}" for package, version in found.items())
    if len(shared) > 1:
        raise AssertionError(f"packages that share one GDAL say different versions: {text}")
    return text


@operation("geo.versions.build-info", "osgeo")
def build_info():
    from osgeo import gdal
    info = dict(line.split("=", 1) for line in gdal.VersionInfo("BUILD_INFO").splitlines() if "=" in line)
    expect("GDAL's GEOS_ENABLED", info.get("GEOS_ENABLED"), "YES")
    if "PROJ_RUNTIME_VERSION" not in info:
        raise Skip(f"GDAL {gdal.VersionInfo('RELEASE_NAME')} has GEOS, and does not say which PROJ it uses")
    expect("GDAL's PROJ at run time", info["PROJ_RUNTIME_VERSION"], info.get("PROJ_BUILD_VERSION"))
    return "PROJ " + info["PROJ_RUNTIME_VERSION"]


@operation("geo.libraries.unique")
def libraries():
    import_everything()
    plain, bundled = {}, {}
    for path in mapped():
        name = os.path.basename(path)
        for stem in STEMS:
            if name.startswith((stem + ".so", stem + "-")) and (is_bundled(path) or name.startswith(stem + ".so")):
                (bundled if is_bundled(path) else plain).setdefault(stem, set()).add(path)
    for stem, paths in plain.items():
        if len(paths) > 1:
            raise AssertionError(f"{stem} is loaded from {len(paths)} places: {', '.join(sorted(paths))}")
    for stem in ONE_OF_EACH:
        if stem in plain and stem in bundled:
            raise AssertionError(f"{stem} is loaded from the image ({plain[stem].pop()}) and from wheels "
                                 f"({', '.join(sorted(bundled[stem]))}): choose one")
    return ", ".join(f"{stem} {len(plain.get(stem, ())) + len(bundled.get(stem, ()))}" for stem in ONE_OF_EACH
                     if stem in plain or stem in bundled)


def look_at_database(path):
    """Opens a proj.db as SQLite and returns what it says about itself."""
    connection = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    try:
        metadata = dict(connection.execute("select key, value from metadata"))
        systems = connection.execute("select count(*) from crs_view").fetchone()[0]
    finally:
        connection.close()
    if systems <= 5000:  # PROJ 6.3 has 9892
        raise AssertionError(f"{path} has only {systems} coordinate systems")
    major, minor = (metadata.get("DATABASE.LAYOUT.VERSION." + part) for part in ("MAJOR", "MINOR"))
    layout = f"layout {major}.{minor}" if major else "layout of PROJ 6"  # which does not number it
    return f"{layout}, EPSG {metadata.get('EPSG.VERSION', 'unknown')}, {systems} systems"


def check_database(directories):
    present = [os.path.join(path, "proj.db") for path in directories if os.path.exists(os.path.join(path, "proj.db"))]
    if not present:
        raise AssertionError(f"Cannot find proj.db in {', '.join(directories)}; PROJ_DATA is {os.environ.get('PROJ_DATA')!r}")
    return look_at_database(present[0])


@operation("geo.proj-db.pyproj", "pyproj")
def database_of_pyproj():
    import pyproj
    return check_database(pyproj.datadir.get_data_dir().split(os.pathsep))


@operation("geo.proj-db.osgeo", "osgeo")
def database_of_osgeo():
    from osgeo import gdal, osr
    if not hasattr(osr, "GetPROJSearchPaths"):
        raise Skip(f"GDAL {gdal.VersionInfo('RELEASE_NAME')} does not say where its PROJ looks")
    return check_database(osr.GetPROJSearchPaths())


@operation("geo.data.osgeo", "osgeo")
def data_of_osgeo():
    from osgeo import gdal
    for driver, name in (("VRT", "gdalvrt.xsd"), ("DXF", "header.dxf")):
        if gdal.GetDriverByName(driver) and not gdal.FindFile("gdal", name):
            raise AssertionError(f"GDAL does not find {name}; GDAL_DATA is {os.environ.get('GDAL_DATA')!r}")


@operation("geo.data.rasterio", "rasterio")
def data_of_rasterio():
    import ctypes
    import rasterio
    library = gdal_library("rasterio")
    library.CPLFindFile.restype = ctypes.c_char_p
    library.CPLFindFile.argtypes = [ctypes.c_char_p, ctypes.c_char_p]
    with rasterio.Env():  # says where the wheel has its data
        if not library.CPLFindFile(b"gdal", b"gdalvrt.xsd"):
            raise AssertionError(f"rasterio's GDAL does not find its data; GDAL_DATA is {os.environ.get('GDAL_DATA')!r}")


@operation("geo.data.pyogrio", "pyogrio")
def data_of_pyogrio():
    import pyogrio
    path = pyogrio.get_gdal_data_path()
    if not path or not os.path.exists(os.path.join(path, "header.dxf")):
        raise AssertionError(f"pyogrio's GDAL does not find its data in {path!r}")
