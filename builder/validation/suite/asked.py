"""What the profile asks for by name: drivers, codecs, transformations."""

from terrane_harness import CONFIG, driver_item, expect, expect_close, gdal_library, gdal_package, has, operation


def add_driver(wanted):
    @operation("driver " + wanted["name"])
    def driver():
        library = gdal_library(gdal_package())
        if driver_item(library, wanted["name"], "DMD_LONGNAME") is None:
            raise AssertionError(f"GDAL has no driver {wanted['name']}")
        for key, item in (("raster", "DCAP_RASTER"), ("vector", "DCAP_VECTOR")):
            if wanted[key] and driver_item(library, wanted["name"], item) != "YES":
                raise AssertionError(f"the driver {wanted['name']} does not read {key}s")
        if wanted["write"] and "YES" not in (driver_item(library, wanted["name"], "DCAP_CREATE"),
                                             driver_item(library, wanted["name"], "DCAP_CREATECOPY")):
            raise AssertionError(f"the driver {wanted['name']} does not write")


def add_codec(codec):
    @operation("codec " + codec)
    def written_and_read():
        package = gdal_package()
        offered = driver_item(gdal_library(package), "GTiff", "DMD_CREATIONOPTIONLIST") or ""
        if f">{codec}<" not in offered:
            raise AssertionError(f"Cannot create TIFF file due to missing codec for {codec}")
        if package.startswith("osgeo"):
            write_by_osgeo(codec)
        elif package == "rasterio":
            write_by_rasterio(codec)
        else:
            return "offered; neither osgeo nor rasterio is there to write with it"


def pixels_for(codec):
    """Bytes of a picture, or one bit a pixel for what is for faxes."""
    values = bytes((x * 7 + y * 3) % 256 for y in range(64) for x in range(64))
    return bytes(value & 1 for value in values) if codec.startswith("CCITT") else values


LOSSY = ("JPEG", "WEBP", "JXL")


def write_by_osgeo(codec):
    from osgeo import gdal
    gdal.UseExceptions()
    path, pixels = "/vsimem/terrane-codec.tif", pixels_for(codec)
    bits = ["NBITS=1"] if codec.startswith("CCITT") else []
    bands = 3 if codec == "WEBP" else 1
    dataset = gdal.GetDriverByName("GTiff").Create(path, 64, 64, bands, gdal.GDT_Byte, [f"COMPRESS={codec}"] + bits)
    if dataset is None:
        raise AssertionError(gdal.GetLastErrorMsg())
    for band in range(bands):
        dataset.GetRasterBand(band + 1).WriteRaster(0, 0, 64, 64, pixels)
    dataset = None
    dataset = gdal.Open(path)
    expect("the compression", dataset.GetMetadataItem("COMPRESSION", "IMAGE_STRUCTURE"), codec)
    read = bytes(dataset.GetRasterBand(1).ReadRaster(0, 0, 64, 64))
    dataset = None
    gdal.Unlink(path)
    if codec not in LOSSY and read != pixels:
        raise AssertionError(f"{codec} changed the pixels")


def write_by_rasterio(codec):
    import numpy
    import rasterio
    from rasterio.io import MemoryFile
    bands = 3 if codec == "WEBP" else 1
    pixels = numpy.frombuffer(pixels_for(codec), dtype="uint8").reshape(64, 64)
    options = {"nbits": 1} if codec.startswith("CCITT") else {}
    with MemoryFile() as memory:
        with memory.open(driver="GTiff", width=64, height=64, count=bands, dtype="uint8", compress=codec, crs="EPSG:32631",
                         transform=rasterio.Affine(10, 0, 500000, 0, -10, 4982950), **options) as dataset:
            for band in range(bands):
                dataset.write(pixels, band + 1)
        with memory.open() as dataset:
            expect("the compression", dataset.tags(ns="IMAGE_STRUCTURE").get("COMPRESSION"), codec)
            if codec not in LOSSY and not numpy.array_equal(dataset.read(1), pixels):
                raise AssertionError(f"{codec} changed the pixels")


def transformer_of(wanted):
    import pyproj
    if wanted["operation_code"]:
        authority, _, code = wanted["operation_code"].partition(":")
        return pyproj.Transformer.from_pipeline(f"urn:ogc:def:coordinateOperation:{authority}::{code}")
    return pyproj.Transformer.from_crs(wanted["from"], wanted["to"], always_xy=True)


def check_operation(wanted, transformer):
    """Name and accuracy of the operation; of several candidates PROJ shows those of the one used last."""
    if wanted["operation"] is None and wanted["accuracy"] is None:
        return
    try:
        used = transformer.get_last_used_operation()  # pyproj 3.6 and newer
    except AttributeError:
        used = transformer
    if wanted["operation"] is not None and wanted["operation"] not in used.description:
        raise AssertionError(f"the operation is {used.description!r}, expected {wanted['operation']!r} in it: a grid that it needs "
                             "may not be in the image")
    if wanted["accuracy"] is not None and not 0 <= used.accuracy <= wanted["accuracy"]:
        raise AssertionError(f"the accuracy of {used.description!r} is {used.accuracy} m, expected at most {wanted['accuracy']} m: a "
                             "grid that a better operation needs may not be in the image")


def by_osgeo(wanted):
    from osgeo import osr
    osr.UseExceptions()
    systems = [osr.SpatialReference() for _ in range(2)]
    for system, name in zip(systems, (wanted["from"], wanted["to"])):
        system.SetFromUserInput(name)
        system.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    return osr.CoordinateTransformation(*systems).TransformPoint(*wanted["point"])[:len(wanted["point"])]


def by_rasterio(wanted):
    import rasterio.warp
    return [values[0] for values in rasterio.warp.transform(wanted["from"], wanted["to"], *([n] for n in wanted["point"]))]


def add_crs(wanted):
    title = wanted["operation_code"] or f"{wanted['from']} to {wanted['to']}"

    @operation("crs " + title)
    def transformation():
        if has("pyproj"):
            transformer = transformer_of(wanted)
            result = transformer.transform(*wanted["point"])
            check_operation(wanted, transformer)
        elif wanted["operation_code"] or wanted["operation"] is not None or wanted["accuracy"] is not None:
            raise AssertionError("operations, their names and accuracies are asked of pyproj, which the image does not have")
        elif has("osgeo"):
            result = by_osgeo(wanted)
        elif has("rasterio"):
            result = by_rasterio(wanted)
        else:
            raise AssertionError("the image has neither pyproj nor osgeo nor rasterio")
        expect_close("the point", result, wanted["expect"], wanted["tolerance"])


for entry in CONFIG["drivers"]:
    add_driver(entry)
for entry in CONFIG["codecs"]:
    add_codec(entry)
for entry in CONFIG["crs"]:
    add_crs(entry)
