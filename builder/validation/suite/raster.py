"""Rasters written, read, compressed and reprojected, in memory."""

from terrane_harness import Skip, driver_item, expect, expect_close, gdal_library, has, operation

CODECS = ("DEFLATE", "LZW", "ZSTD", "LZMA", "LERC", "LERC_ZSTD", "LERC_DEFLATE", "WEBP", "JPEG", "JXL")
ALWAYS = ("DEFLATE", "LZW")  # without them no GDAL is of use
LOSSY = ("WEBP", "JPEG")


def ramp():
    import numpy
    return numpy.arange(512 * 512, dtype="uint32").reshape(512, 512).astype("uint16")


def noise():
    import numpy
    return numpy.random.default_rng(1).integers(0, 256, (3, 512, 512), dtype="uint8")


def check_codec(library, driver, codec):
    offered = driver_item(library, driver, "DMD_CREATIONOPTIONLIST")
    if offered is None:
        raise Skip(f"GDAL has no driver {driver}")
    if f"<Value>{codec}</Value>" not in offered and f">{codec}<" not in offered:
        if codec in ALWAYS:
            raise AssertionError(f"the driver {driver} does not offer {codec}")
        raise Skip(f"GDAL has no {codec}")


def compare(codec, pixels, source):
    import numpy
    if codec in LOSSY:
        expect(f"{codec}: the shape", pixels.shape, source.shape)
        expect(f"{codec}: whether there is anything in the pixels", bool(pixels.any()), True)
    else:
        expect(f"{codec}: equality of the pixels", bool(numpy.array_equal(pixels, source)), True)


def add_codec(codec):
    @operation(f"geo.cog.{codec}.osgeo", "osgeo", "numpy")
    def by_osgeo():
        from osgeo import gdal
        gdal.UseExceptions()
        check_codec(gdal_library("osgeo.gdal"), "COG", codec)
        pixels = noise()
        source = gdal.GetDriverByName("MEM").Create("", 512, 512, 3, gdal.GDT_Byte)
        for band in range(3):  # a dataset has WriteArray since GDAL 3.3
            source.GetRasterBand(band + 1).WriteArray(pixels[band])
        path = "/vsimem/terrane-cog.tif"
        options = [f"COMPRESS={codec}", "BLOCKSIZE=256", "OVERVIEWS=IGNORE_EXISTING"]
        gdal.GetDriverByName("COG").CreateCopy(path, source, options=options).FlushCache()
        copy = gdal.Open(path)
        expect(f"{codec}: LAYOUT", copy.GetMetadata("IMAGE_STRUCTURE").get("LAYOUT"), "COG")
        expect(f"{codec}: overviews", copy.GetRasterBand(1).GetOverviewCount(), 1)
        compare(codec, copy.ReadAsArray(), pixels)
        copy = None
        gdal.Unlink(path)

    @operation(f"geo.cog.{codec}.rasterio", "rasterio", "numpy")
    def by_rasterio():
        import rasterio
        import rasterio.shutil
        from rasterio.io import MemoryFile
        check_codec(gdal_library("rasterio"), "COG", codec)
        pixels = noise()
        with MemoryFile() as source, MemoryFile() as target:
            with source.open(driver="GTiff", width=512, height=512, count=3, dtype="uint8", crs="EPSG:32631",
                             transform=rasterio.Affine(10, 0, 500000, 0, -10, 4982950)) as dataset:
                dataset.write(pixels)
            with source.open() as dataset:
                rasterio.shutil.copy(dataset, target.name, driver="COG", compress=codec, blocksize=256,
                                     overviews="IGNORE_EXISTING")
            with rasterio.open(target.name) as dataset:
                expect(f"{codec}: LAYOUT", dataset.tags(ns="IMAGE_STRUCTURE").get("LAYOUT"), "COG")
                expect(f"{codec}: overviews", len(dataset.overviews(1)), 1)
                compare(codec, dataset.read(), pixels)


@operation("geo.gtiff.rasterio", "rasterio", "numpy")
def geotiff():
    import numpy
    import rasterio
    from rasterio.io import MemoryFile
    pixels = ramp()
    with MemoryFile() as memory:
        with memory.open(driver="GTiff", width=512, height=512, count=1, dtype="uint16", crs="EPSG:32631", tiled=True,
                         transform=rasterio.Affine(10, 0, 500000, 0, -10, 4982950), compress="deflate", predictor=2) as dataset:
            dataset.write(pixels, 1)
        with memory.open() as dataset:
            expect("the EPSG code", dataset.crs.to_epsg(), 32631)
            expect("equality of the pixels", bool(numpy.array_equal(dataset.read(1), pixels)), True)


@operation("geo.gtiff.osgeo", "osgeo", "numpy")
def geotiff_by_osgeo():
    import numpy
    from osgeo import gdal, osr
    gdal.UseExceptions()
    pixels, path = ramp(), "/vsimem/terrane.tif"
    dataset = gdal.GetDriverByName("GTiff").Create(path, 512, 512, 1, gdal.GDT_UInt16,
                                                   ["TILED=YES", "COMPRESS=DEFLATE", "PREDICTOR=2"])
    system = osr.SpatialReference()
    system.ImportFromEPSG(32631)
    dataset.SetProjection(system.ExportToWkt())
    dataset.SetGeoTransform((500000, 10, 0, 4982950, 0, -10))
    dataset.GetRasterBand(1).WriteArray(pixels)
    dataset = None
    dataset = gdal.Open(path)
    expect("the EPSG code", dataset.GetSpatialRef().GetAuthorityCode(None), "32631")
    expect("equality of the pixels", bool(numpy.array_equal(dataset.ReadAsArray(), pixels)), True)
    dataset = None
    gdal.Unlink(path)


for name in CODECS:
    add_codec(name)


@operation("geo.warp.rasterio", "rasterio", "numpy")
def warp():
    import numpy
    import rasterio
    import rasterio.warp
    values = numpy.full((100, 100), 7, dtype="float32")
    result = numpy.zeros((80, 80), dtype="float32")
    bounds = rasterio.warp.transform_bounds("EPSG:32631", "EPSG:3857", 500100, 4982100, 500900, 4982900)
    rasterio.warp.reproject(
        values, result, src_crs="EPSG:32631", dst_crs="EPSG:3857", resampling=rasterio.warp.Resampling.bilinear,
        src_transform=rasterio.Affine(10, 0, 500000, 0, -10, 4983000),
        dst_transform=rasterio.transform.from_bounds(*bounds, 80, 80))
    expect_close("the mean", [result.mean()], [7], 1e-3)


@operation("geo.warped-vrt.rasterio", "rasterio", "numpy")
def warped_vrt():
    import numpy
    import rasterio
    from rasterio.io import MemoryFile
    from rasterio.vrt import WarpedVRT
    with MemoryFile() as memory:
        with memory.open(driver="GTiff", width=64, height=64, count=1, dtype="float32", crs="EPSG:32631",
                         transform=rasterio.Affine(10, 0, 500000, 0, -10, 4983000)) as dataset:
            dataset.write(numpy.full((1, 64, 64), 7, dtype="float32"))
        with memory.open() as dataset, WarpedVRT(dataset, crs="EPSG:3857") as view:
            expect("the EPSG code", view.crs.to_epsg(), 3857)
            middle = view.read(1)[view.height // 2, view.width // 2]
            expect_close("the value in the middle", [middle], [7], 1e-3)


@operation("geo.warp.osgeo", "osgeo", "numpy")
def warp_by_osgeo():
    from osgeo import gdal, osr
    gdal.UseExceptions()
    source = gdal.GetDriverByName("MEM").Create("", 100, 100, 1, gdal.GDT_Float32)
    system = osr.SpatialReference()
    system.ImportFromEPSG(32631)
    source.SetProjection(system.ExportToWkt())
    source.SetGeoTransform((500000, 10, 0, 4983000, 0, -10))
    source.GetRasterBand(1).Fill(7)
    result = gdal.Warp("", source, format="MEM", dstSRS="EPSG:3857", resampleAlg="bilinear")
    pixels = result.ReadAsArray()
    expect_close("the value in the middle", [pixels[pixels.shape[0] // 2, pixels.shape[1] // 2]], [7], 1e-3)


@operation("geo.features.rasterio", "rasterio", "numpy")
def features():
    import numpy
    import rasterio.features
    import rasterio.fill
    box = {"type": "Polygon", "coordinates": [[(2, 2), (5, 2), (5, 6), (2, 6), (2, 2)]]}
    pixels = rasterio.features.rasterize([(box, 1)], out_shape=(10, 10), dtype="uint8")
    expect("the number of pixels in a box of 3 by 4", int(pixels.sum()), 12)
    rings = [shape["coordinates"][0] for shape, value in rasterio.features.shapes(pixels) if value == 1]
    expect("the number of shapes", len(rings), 1)
    area = abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(rings[0], rings[0][1:]))) / 2
    expect_close("the area of the shape", [area], [12], 1e-9)
    speckled = pixels.copy()
    speckled[8, 8] = 1
    expect("the number of pixels after sieve", int(rasterio.features.sieve(speckled, 2).sum()), 12)
    holes = numpy.full((5, 5), 3, dtype="float32")
    mask = numpy.ones((5, 5), dtype="uint8")
    holes[2, 2], mask[2, 2] = 0, 0
    expect_close("the filled hole", [rasterio.fill.fillnodata(holes, mask)[2, 2]], [3], 1e-5)


@operation("geo.gdal-array.osgeo", "osgeo", "numpy")
def gdal_array():
    if has("osgeo._gdal_array"):
        from osgeo import gdal_array  # noqa: F401
    else:
        raise AssertionError("osgeo was built without numpy: it has no _gdal_array")
