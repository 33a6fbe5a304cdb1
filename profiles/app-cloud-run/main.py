"""Cloud Run function: describes a raster, as in POST / {"path": "/vsigs/bucket/scene.tif"}."""

import functions_framework
import rasterio


@functions_framework.http
def describe(request):
    path = (request.get_json(silent=True) or {}).get("path")
    if not isinstance(path, str) or not path:
        return {"error": 'the request needs a "path"'}, 400
    try:
        with rasterio.open(path) as dataset:
            return {"driver": dataset.driver, "width": dataset.width, "height": dataset.height, "bands": dataset.count,
                    "crs": dataset.crs.to_string() if dataset.crs else None, "bounds": list(dataset.bounds)}
    except rasterio.errors.RasterioIOError as error:
        return {"error": str(error)}, 404
