"""The custom handler that Azure Functions calls: POST /api/handle with the event as JSON."""

import http.server
import json
import os

from @MODULE@ import @FUNCTION@ as handle


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        try:
            event = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
            status, answer = (200, handle(event, None)) if isinstance(event, dict) else (400, {"error": "expected an object"})
        except ValueError as error:
            status, answer = 400, {"error": str(error)}
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    port = int(os.environ["FUNCTIONS_CUSTOMHANDLER_PORT"])
    http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
