"""Lambda handler: describes a GeoTIFF (or any raster that GDAL opens).

Event:    {"path": "scene.tif", "bands": [1, 2]}
          path    a file (relative to the function's directory), a /vsi… path, or a URL: s3://, https://
          bands   the bands to take statistics of; all when absent
Response: driver, width, height, crs, bounds and, for each band, dtype, nodata, min, max, mean, std
          (null where a band has not a single valid pixel)
"""

import os

import numpy
import rasterio
from rasterio.errors import RasterioIOError

TASK_ROOT = os.environ.get("LAMBDA_TASK_ROOT", os.path.dirname(os.path.abspath(__file__)))


def locate(path):
    """Relative paths are files of the function; absolute paths and URLs stay as they are."""
    return path if "://" in path else os.path.join(TASK_ROOT, path)


def describe_band(dataset, index):
    """Statistics of one band, nodata and NaN left out, block by block: memory does not grow with the raster."""
    count, low, high, mean, squares = 0, numpy.inf, -numpy.inf, 0.0, 0.0
    for _, window in dataset.block_windows(index):
        values = dataset.read(index, window=window, masked=True).compressed().astype("float64")
        values = values[numpy.isfinite(values)]
        if values.size == 0:
            continue
        low, high = min(low, values.min()), max(high, values.max())
        # Chan's update: the squares around the block's own mean, moved to the common one; plain sums lose digits.
        delta, total = values.mean() - mean, count + values.size
        squares += values.var() * values.size + delta**2 * count * values.size / total
        mean += delta * values.size / total
        count = total
    statistics = {"min": None, "max": None, "mean": None, "std": None}
    if count:
        deviation = (squares / count) ** 0.5
        statistics = {"min": float(low), "max": float(high), "mean": float(mean), "std": float(deviation)}
    nodata = dataset.nodatavals[index - 1]
    return {
        "band": index,
        "dtype": dataset.dtypes[index - 1],
        "nodata": nodata if nodata is None or numpy.isfinite(nodata) else str(nodata),  # JSON has no NaN
        **statistics,
    }


def handler(event, context):
    path = event.get("path") if isinstance(event, dict) else None
    if not isinstance(path, str) or not path:
        raise ValueError('the event needs a "path", as in {"path": "sample.tif"}')
    try:
        dataset = rasterio.open(locate(path))
    except RasterioIOError as error:
        raise FileNotFoundError(f"cannot open {path!r}: {error}") from error
    with dataset:
        bands = event.get("bands", list(dataset.indexes))
        if not isinstance(bands, list) or not all(band in dataset.indexes for band in bands):
            raise ValueError(f'"bands" must be a list of numbers from 1 to {dataset.count}, not {bands!r}')
        return {
            "driver": dataset.driver,
            "width": dataset.width,
            "height": dataset.height,
            "crs": dataset.crs.to_string() if dataset.crs else None,
            "bounds": list(dataset.bounds),
            "bands": [describe_band(dataset, band) for band in bands],
        }
