"""Geometries, and vector files written and read."""

import json
import os
import zipfile

from terrane_harness import expect, expect_close, operation

NAMES = [f"Tårn {x}" for x in range(10)]


@operation("geo.geometry.shapely", "shapely")
def geometry():
    from shapely.geometry import Point
    circle = Point(0, 0).buffer(1, 16)
    expect_close("the area of the circle", [circle.area], [3.136548], 1e-6)
    expect_close("the area of the union", [circle.union(Point(1, 0).buffer(1, 16)).area], [5.048112], 1e-6)


@operation("geo.strtree.shapely", "shapely")
def tree():
    from shapely.geometry import Point
    from shapely.strtree import STRtree
    found = STRtree([Point(x, 45) for x in range(10)]).query(Point(3, 45).buffer(0.5))
    expect("the number of points found", len(found), 1)


@operation("geo.gpkg.fiona", "fiona")
def gpkg_by_fiona():
    import fiona
    path = "/vsimem/terrane.gpkg"
    schema = {"geometry": "Point", "properties": {"name": "str"}}
    with fiona.open(path, "w", driver="GPKG", crs="EPSG:4326", schema=schema) as layer:
        for x, name in enumerate(NAMES):
            layer.write({"type": "Feature", "properties": {"name": name}, "geometry": {"type": "Point", "coordinates": (x, 45.0)}})
    with fiona.open(path) as layer:
        found = [feature["properties"]["name"] for feature in layer.filter(bbox=(2.5, 44, 4.5, 46))]
        expect("the features in the box", sorted(found), NAMES[3:5])
        expect("whether the CRS is there", "4326" in str(layer.crs_wkt), True)
    fiona.remove(path, driver="GPKG")


@operation("geo.gpkg.pyogrio", "pyogrio", "numpy")
def gpkg_by_pyogrio():
    import struct
    import numpy
    import pyogrio
    path = "/tmp/terrane-pyogrio.gpkg"
    points = numpy.array([struct.pack("<BIdd", 1, 1, x, 45.0) for x in range(10)], dtype=object)  # WKB
    pyogrio.raw.write(path, geometry=points, field_data=[numpy.array(NAMES, dtype=object)], fields=["name"], layer="towers",
                      driver="GPKG", geometry_type="Point", crs="EPSG:4326")
    meta, _, geometries, fields = pyogrio.raw.read(path, bbox=(2.5, 44, 4.5, 46))
    os.unlink(path)
    expect("the features in the box", sorted(fields[0]), NAMES[3:5])
    expect("the coordinates", sorted(struct.unpack("<BIdd", bytes(wkb))[2:] for wkb in geometries), [(3.0, 45.0), (4.0, 45.0)])
    expect("the CRS", meta["crs"], "EPSG:4326")


@operation("geo.gpkg.osgeo", "osgeo")
def gpkg_by_osgeo():
    from osgeo import gdal, ogr, osr
    gdal.UseExceptions()
    path = "/vsimem/terrane-osgeo.gpkg"
    system = osr.SpatialReference()
    system.ImportFromEPSG(4326)
    system.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    dataset = ogr.GetDriverByName("GPKG").CreateDataSource(path)
    layer = dataset.CreateLayer("towers", system, ogr.wkbPoint)
    layer.CreateField(ogr.FieldDefn("name", ogr.OFTString))
    for x, name in enumerate(NAMES):
        feature = ogr.Feature(layer.GetLayerDefn())
        feature.SetField("name", name)
        feature.SetGeometry(ogr.CreateGeometryFromWkt(f"POINT ({x} 45)"))
        layer.CreateFeature(feature)
    feature = layer = dataset = None
    dataset = ogr.Open(path)
    layer = dataset.GetLayer(0)
    layer.SetSpatialFilterRect(2.5, 44, 4.5, 46)
    expect("the features in the box", sorted(feature.GetField("name") for feature in layer), NAMES[3:5])
    expect("the EPSG code", layer.GetSpatialRef().GetAuthorityCode(None), "4326")
    layer = dataset = None
    gdal.Unlink(path)


def zip_shapefile(name):
    """Of what was written to /tmp as NAME.shp with its companions. Returns the path for GDAL."""
    archive = f"/tmp/{name}.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for suffix in ("shp", "shx", "dbf", "prj", "cpg"):
            if os.path.exists(f"/tmp/{name}.{suffix}"):
                file.write(f"/tmp/{name}.{suffix}", f"{name}.{suffix}")
                os.unlink(f"/tmp/{name}.{suffix}")
    return f"/vsizip/{archive}/{name}.shp"


@operation("geo.zipped-shapefile.fiona", "fiona")
def zipped_shapefile_by_fiona():
    import fiona
    schema = {"geometry": "Point", "properties": {"number": "int"}}
    with fiona.open("/tmp/terrane_fiona.shp", "w", driver="ESRI Shapefile", crs="EPSG:4326", schema=schema) as layer:
        for x in range(10):
            layer.write({"type": "Feature", "properties": {"number": x}, "geometry": {"type": "Point", "coordinates": (x, 45.0)}})
    with fiona.open(zip_shapefile("terrane_fiona")) as layer:
        expect("the numbers", [feature["properties"]["number"] for feature in layer], list(range(10)))
        expect("the last point", tuple(list(layer)[9]["geometry"]["coordinates"]), (9.0, 45.0))


@operation("geo.zipped-shapefile.pyogrio", "pyogrio", "numpy")
def zipped_shapefile_by_pyogrio():
    import struct
    import numpy
    import pyogrio
    points = numpy.array([struct.pack("<BIdd", 1, 1, x, 45.0) for x in range(10)], dtype=object)  # WKB
    pyogrio.raw.write("/tmp/terrane_pyogrio.shp", geometry=points, field_data=[numpy.arange(10, dtype="int32")],
                      fields=["number"], driver="ESRI Shapefile", geometry_type="Point", crs="EPSG:4326")
    _, _, geometries, fields = pyogrio.raw.read(zip_shapefile("terrane_pyogrio"))
    expect("the numbers", [int(number) for number in fields[0]], list(range(10)))
    expect("the last point", struct.unpack("<BIdd", bytes(geometries[9]))[2:], (9.0, 45.0))


@operation("geo.zipped-shapefile.osgeo", "osgeo")
def zipped_shapefile_by_osgeo():
    from osgeo import ogr
    ogr.UseExceptions()
    dataset = ogr.GetDriverByName("ESRI Shapefile").CreateDataSource("/tmp/terrane_osgeo.shp")
    layer = dataset.CreateLayer("terrane_osgeo", None, ogr.wkbPoint)
    layer.CreateField(ogr.FieldDefn("number", ogr.OFTInteger))
    for x in range(10):
        feature = ogr.Feature(layer.GetLayerDefn())
        feature.SetField("number", x)
        feature.SetGeometry(ogr.CreateGeometryFromWkt(f"POINT ({x} 45)"))
        layer.CreateFeature(feature)
    feature = layer = dataset = None
    dataset = ogr.Open(zip_shapefile("terrane_osgeo"))
    found = [(feature.GetField("number"), feature.GetGeometryRef().GetX()) for feature in dataset.GetLayer(0)]
    expect("the numbers and where they are", found, [(x, float(x)) for x in range(10)])


def write_geojson():
    path = "/tmp/terrane.geojson"
    features = [{"type": "Feature", "properties": {"name": name}, "geometry": {"type": "Point", "coordinates": [x, 45]}}
                for x, name in enumerate(NAMES)]
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"type": "FeatureCollection", "features": features}, file)
    return path


@operation("geo.geojson.fiona", "fiona")
def geojson_by_fiona():
    import fiona
    with fiona.open(write_geojson()) as layer:
        expect("the names", [feature["properties"]["name"] for feature in layer], NAMES)


@operation("geo.geojson.pyogrio", "pyogrio", "numpy")
def geojson_by_pyogrio():
    import pyogrio
    expect("the names", list(pyogrio.raw.read(write_geojson())[3][0]), NAMES)


@operation("geo.geojson.osgeo", "osgeo")
def geojson_by_osgeo():
    from osgeo import ogr
    ogr.UseExceptions()
    dataset = ogr.Open(write_geojson())
    expect("the names", [feature.GetField("name") for feature in dataset.GetLayer(0)], NAMES)
