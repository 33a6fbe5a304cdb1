"""Azure Functions custom handler: describes a raster: POST /api/describe {"path": "/vsiaz/container/scene.tif"}."""

import http.server
import json
import os

import rasterio


def describe(path):
    with rasterio.open(path) as dataset:
        return {"driver": dataset.driver, "width": dataset.width, "height": dataset.height, "bands": dataset.count,
                "crs": dataset.crs.to_string() if dataset.crs else None, "bounds": list(dataset.bounds)}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        try:
            status, answer = 200, describe(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["path"])
        except (KeyError, TypeError, ValueError):
            status, answer = 400, {"error": 'the request needs a "path"'}
        except rasterio.errors.RasterioIOError as error:
            status, answer = 404, {"error": str(error)}
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    port = int(os.environ["FUNCTIONS_CUSTOMHANDLER_PORT"])
    http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
