"""The function itself, on its sample, inside the image. What it is made of is tried by the suite."""

import json
import math

from handler import handler


def expect(what, actual, expected):
    if actual != expected:
        raise AssertionError(f"{what} is {actual!r}, expected {expected!r}")


def expect_close(what, actual, expected, tolerance):
    if not all(math.isclose(a, e, rel_tol=0, abs_tol=tolerance) for a, e in zip(actual, expected, strict=True)):
        raise AssertionError(f"{what} is {tuple(actual)}, expected {tuple(expected)} within {tolerance}")


def main():
    response = json.loads(json.dumps(handler({"path": "sample.tif"}, None)))
    expect("the driver", response["driver"], "GTiff")
    expect("the size", (response["width"], response["height"]), (64, 64))
    expect("the CRS", response["crs"], "EPSG:32631")
    expect("the bounds", response["bounds"], [500000, 4982310, 500640, 4982950])
    ramp, flat = response["bands"]
    expect_close("the ramp", [ramp[key] for key in ("min", "max", "mean", "std")], [1, 4096, 2048.5, 1182.4131], 1e-3)
    expect_close("the flat band", [flat[key] for key in ("min", "max", "mean", "std")], [1000, 1000, 1000, 0], 1e-9)
    chosen = handler({"path": "sample.tif", "bands": [2]}, None)["bands"]
    expect("the choice of one band", [band["band"] for band in chosen], [2])
    try:
        handler({"path": "absent.tif"}, None)
    except FileNotFoundError:
        return
    raise AssertionError("a missing file was not reported")


if __name__ == "__main__":
    main()
