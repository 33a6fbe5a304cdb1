"""What the function does: describe a raster, or carry a box from one coordinate system to another."""

import rasterio
from rasterio.warp import transform_bounds


def _describe_raster(href):
    with rasterio.open(href) as raster:
        return {"size": [raster.width, raster.height], "bands": raster.count, "crs": str(raster.crs),
                "bounds": list(raster.bounds)}


def @FUNCTION@(event, context):
    if "href" in event:
        return _describe_raster(event["href"])
    return {"bounds": list(transform_bounds(event["from"], event["to"], *event["bounds"]))}
