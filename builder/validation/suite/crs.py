"""Transformations with results that are known: closed forms, and one operation by its code."""

from terrane_harness import Skip, expect_close, operation

# lon 10, lat 45 by EPSG guidance note 7-2: R * lambda, R * ln tan(pi/4 + phi/2), R = 6378137
WEB_MERCATOR = (1113194.9079327357, 5621521.486192066)
# ED50 to WGS 84 (1), EPSG:1133: geocentric translations by -87, -98, -121
ED50_TO_WGS84 = (49.99914703731646, 4.998744105203575)


def by_pyproj(source, target, *point):
    import pyproj
    return pyproj.Transformer.from_crs(source, target, always_xy=True).transform(*point)


def by_rasterio(source, target, x, y):
    import rasterio.warp
    xs, ys = rasterio.warp.transform(f"EPSG:{source}", f"EPSG:{target}", [x], [y])
    return xs[0], ys[0]


def by_fiona(source, target, x, y):
    import fiona.transform
    xs, ys = fiona.transform.transform("EPSG:4326", "EPSG:3857", [0], [45])
    if abs(ys[0]) < 1:  # the first releases for GDAL 3: the equator at 45 degrees, not 45 degrees north
        raise Skip(f"fiona {fiona.__version__} takes points in the order of axes that EPSG has")
    xs, ys = fiona.transform.transform(f"EPSG:{source}", f"EPSG:{target}", [x], [y])
    return xs[0], ys[0]


def by_osgeo(source, target, x, y):
    from osgeo import osr
    osr.UseExceptions()
    systems = [osr.SpatialReference() for _ in range(2)]
    for system, code in zip(systems, (source, target)):
        system.ImportFromEPSG(code)
        system.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    return osr.CoordinateTransformation(*systems).TransformPoint(x, y)[:2]


ENGINES = {"pyproj": by_pyproj, "rasterio": by_rasterio, "fiona": by_fiona, "osgeo": by_osgeo}


def add(engine, transform):
    @operation(f"geo.crs.4326-3857.{engine}", engine)
    def web_mercator():
        expect_close("the point", transform(4326, 3857, 10, 45), WEB_MERCATOR, 1e-6)

    @operation(f"geo.crs.4326-32631.{engine}", engine)
    def utm():
        expect_close("the point", transform(4326, 32631, 3, 45), (500000.000, 4982950.400), 1e-3)

    @operation(f"geo.crs.4326-2154.{engine}", engine)
    def lambert():
        expect_close("the point", transform(4326, 2154, 2.3522, 48.8566), (652469.0227, 6862035.2594), 1e-3)


for name, function in ENGINES.items():
    add(name, function)


@operation("geo.crs.4979-4978.pyproj", "pyproj")
def geocentric():
    expect_close("the point", by_pyproj(4979, 4978, 10, 50, 100), (4045519.7076, 713334.2754, 4862865.6422), 1e-3)


@operation("geo.crs.epsg-1133.pyproj", "pyproj")
def datum_by_code():
    import pyproj
    transformer = pyproj.Transformer.from_pipeline("urn:ogc:def:coordinateOperation:EPSG::1133")
    expect_close("the point", transformer.transform(50, 5), ED50_TO_WGS84, 1e-9)


@operation("geo.crs.epsg-1133-as-pipeline.pyproj", "pyproj")
def datum_by_formula():
    import pyproj
    transformer = pyproj.Transformer.from_pipeline(
        "+proj=pipeline +step +proj=axisswap +order=2,1 +step +proj=unitconvert +xy_in=deg +xy_out=rad "
        "+step +proj=cart +ellps=intl +step +proj=helmert +x=-87 +y=-98 +z=-121 +step +inv +proj=cart +ellps=WGS84 "
        "+step +proj=unitconvert +xy_in=rad +xy_out=deg +step +proj=axisswap +order=2,1")
    expect_close("the point", transformer.transform(50, 5), ED50_TO_WGS84, 1e-9)


@operation("geo.crs.epsg-1133.osgeo", "osgeo")
def datum_by_osr():
    from osgeo import osr
    osr.UseExceptions()
    systems = [osr.SpatialReference() for _ in range(2)]
    for system, code in zip(systems, (4230, 4326)):
        system.ImportFromEPSG(code)
    options = osr.CoordinateTransformationOptions()
    options.SetOperation("urn:ogc:def:coordinateOperation:EPSG::1133")
    expect_close("the point", osr.CoordinateTransformation(*systems, options).TransformPoint(50, 5)[:2], ED50_TO_WGS84, 1e-9)
