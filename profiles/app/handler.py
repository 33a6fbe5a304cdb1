"""Lambda handler: describes a GeoTIFF (or any raster that GDAL opens), or cuts a piece out of it.

Event:    {"path": "scene.tif", "bands": [1, 2]}
          path    a file (relative to the function's directory), a /vsi… path, or a URL: s3://, https://
          bands   the bands to take statistics of; all when absent
          window  [column, row, width, height]: answer with these pixels as a GeoTIFF instead
Response: driver, width, height, crs, bounds and, for each band, dtype, nodata, min, max, mean, std
          (null where a band has not a single valid pixel); with a window, what API Gateway and function URLs turn
          into a download: {"statusCode": 200, "headers": …, "isBase64Encoded": true, "body": …}
"""

import base64
import os
from urllib.parse import urlsplit

import numpy
import rasterio
from rasterio.errors import RasterioIOError
from rasterio.io import MemoryFile
from rasterio.windows import Window

MAX_PIXELS = 1 << 20  # a response has at most 6 MB, in base64

TASK_ROOT = os.environ.get("LAMBDA_TASK_ROOT", os.path.dirname(os.path.abspath(__file__)))


def use_endpoint(environ):
    """GDAL has words of its own for AWS_ENDPOINT_URL: with moto or MinIO, s3:// leads there as it does in boto3."""
    url = urlsplit(environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL") or "")
    if url.netloc:
        environ.setdefault("AWS_S3_ENDPOINT", url.netloc)
        environ.setdefault("AWS_HTTPS", "NO" if url.scheme == "http" else "YES")
        environ.setdefault("AWS_VIRTUAL_HOSTING", "FALSE")  # http://host/bucket/key, not http://bucket.host/key


use_endpoint(os.environ)


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


def cut(dataset, bands, numbers):
    """The pixels of a window with their place on Earth, as a GeoTIFF for an HTTP client."""
    if not isinstance(numbers, list) or len(numbers) != 4 or not all(type(number) is int for number in numbers):
        raise ValueError(f'"window" must be [column, row, width, height], not {numbers!r}')
    column, row, width, height = numbers
    inside = (min(column, row) >= 0 and min(width, height) > 0
              and column + width <= dataset.width and row + height <= dataset.height)
    if not inside or width * height * len(bands) > MAX_PIXELS:
        raise ValueError(f"window {numbers} must be inside of {dataset.width} x {dataset.height} pixels, at most {MAX_PIXELS}")
    window = Window(column, row, width, height)
    with MemoryFile() as memory:
        with memory.open(driver="GTiff", width=width, height=height, count=len(bands), dtype=dataset.dtypes[bands[0] - 1],
                         crs=dataset.crs, transform=dataset.window_transform(window), nodata=dataset.nodata) as piece:
            piece.write(dataset.read(bands, window=window))
        body = base64.b64encode(memory.read()).decode()
    return {"statusCode": 200, "headers": {"Content-Type": "image/tiff; application=geotiff"}, "isBase64Encoded": True,
            "body": body}


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
        if "window" in event:
            return cut(dataset, bands, event["window"])
        return {
            "driver": dataset.driver,
            "width": dataset.width,
            "height": dataset.height,
            "crs": dataset.crs.to_string() if dataset.crs else None,
            "bounds": list(dataset.bounds),
            "bands": [describe_band(dataset, band) for band in bands],
        }
