"""validate.invoke and validate.http: what a function or a server must answer before its image gets a name."""

import base64
import json
import unittest
import xml.etree.ElementTree as xml

from terrane_test import INPUTS, TOP, TestCase, seeded_store

BASE = next(iter(sorted(INPUTS.glob("debian12-base-*.tar.zst"))), None)
REQUIREMENTS = TOP / "profiles/requirements/awslambdaric.txt"
PYTHON = "/usr/bin/python3.11"

HANDLER = '''
import os
def handler(event, context):
    print("the handler's log")
    if event.get("raise"):
        raise KeyError("no such tile")
    if event.get("eat"):
        return len(bytearray(event["eat"] << 20))
    while event.get("hang"):
        pass
    return {"statusCode": 200, "body": {"event": event, "list": [1, 2.0]}, "stage": os.environ.get("STAGE"),
            "name": os.environ["AWS_LAMBDA_FUNCTION_NAME"], "memory": context.memory_limit_in_mb}
'''

SERVER = '''
import http.server, os, sys
if os.environ.get("BEHAVIOUR") == "ends":
    print("the server's log")
    sys.exit(3)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/chunks":
            self.wfile.write(b"HTTP/1.1 103 Early Hints\\r\\nLink: </a>\\r\\n\\r\\n"
                             b"HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n"
                             b"2\\r\\nin\\r\\n7\\r\\n chunks\\r\\n0\\r\\n\\r\\n")
            return
        body = f"path {self.path}, port {os.environ['PORT']}, azure {os.environ.get('FUNCTIONS_CUSTOMHANDLER_PORT')}".encode()
        self.send_response(404 if self.path == "/missing" else 200)
        self.end_headers()
        self.wfile.write(body)
    def do_HEAD(self):
        self.send_response(204)
        self.send_header("Content-Length", "5")
        self.end_headers()
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        open("/var/written", "w").write("Cloud Run lets it")
        self.send_response(201)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
port = 9999 if os.environ.get("BEHAVIOUR") == "other port" else int(os.environ["PORT"])
http.server.HTTPServer(("127.0.0.1", port), Handler).serve_forever()
'''

# A runtime of the test's own, which answers with the bytes that it is asked for.
RAW = '''
import base64, http.client, json, os, sys
host, api = os.environ["AWS_LAMBDA_RUNTIME_API"], "/2018-06-01/runtime/invocation/"
while True:
    connection = http.client.HTTPConnection(host)
    connection.request("GET", api + "next")
    event = connection.getresponse()
    body = base64.b64decode(json.loads(event.read())["answer"])
    connection = http.client.HTTPConnection(host)
    connection.request("POST", api + event.headers["Lambda-Runtime-Aws-Request-Id"] + "/response", body)
    connection.getresponse().read()
'''

RUNTIME = {"name": "runtime", "wheels": {"requirements": str(REQUIREMENTS)}, "prefix": "/usr/local/lib/python3.11/dist-packages"}


@unittest.skipIf(BASE is None, "profiles/inputs is empty, run scripts/debian-rootfs")
class ProbeCase(TestCase):
    def setUp(self):
        super().setUp()
        (self.directory / "task").mkdir()
        (self.directory / "task/app.py").write_text(HANDLER)
        (self.directory / "task/server.py").write_text(SERVER)
        (self.directory / "task/raw.py").write_text(RAW)
        seeded_store(self.store, base={"archive": str(BASE)}, trees=[RUNTIME])

    def profile(self, validate, target="oci", entrypoint=(PYTHON, "-m", "awslambdaric"), cmd=("app.handler",), **more):
        profile = {"name": "app", "platform": "linux/amd64", "target": target, "base": {"archive": str(BASE)}, "trees": [
            RUNTIME, {"name": "task", "directory": "task", "prefix": "/var/task"}],
            "config": {"entrypoint": list(entrypoint), "cmd": list(cmd), "working_dir": "/var/task",
                       "env": {"PATH": "/usr/bin:/bin", "LAMBDA_TASK_ROOT": "/var/task"} | more.pop("env", {})},
            "validate": validate, **more}
        return self.write("profile.json", json.dumps(profile))

    def build(self, path, exit_code=0):
        result = self.run_terrane("--json", "-q", "build", path, exit_code=exit_code)
        return (json.loads(result.stdout) if result.stdout else None), result.stderr


class InvokeGate(ProbeCase):
    def test_answers_that_are_right(self):
        (self.directory / "event.json").write_text('{"tile": [1, 2]}')
        record, _ = self.build(self.profile({"invoke": [
            {"event": "event.json", "expect": {"statusCode": 200, "body": {"event": {"tile": [1, 2]}, "list": [1.0, 2]}}},
            {"event": {"n": None}, "env": {"STAGE": "test"}, "memory": "256MiB", "expect": {"stage": "test", "memory": "256"}},
            {"event": {}}]}))
        results = record["validation"]
        self.assertEqual([(result["kind"], result["name"], result["passed"]) for result in results],
                         [("invoke", "event.json", True), ("invoke", "event 1", True), ("invoke", "event 2", True)])
        for result in results:
            self.assertIn("the handler's log\n", result["output"])
            self.assertRegex(result["output"], "REPORT RequestId: ")
            self.assertGreater(result["wall_usecs"], 0)
            self.assertGreater(result["peak_rss_bytes"], 5_000_000)

    def test_of_an_image_that_is_there(self):
        """terrane validate --profile runs the probes of a profile on whatever image is named."""
        self.build(self.profile({}))
        path = self.profile({"invoke": [{"event": {}, "expect": {"statusCode": 200}},
                                        {"event": {"eat": 200}, "expect": {"statusCode": 200}}]},
                            limits={"memory": "128MiB"})
        junit = self.directory / "junit.xml"
        run = self.run_terrane("--json", "validate", "app", "--profile", path, "--junit", junit, exit_code=3)
        results = json.loads(run.stdout)["results"]
        self.assertEqual([(result["kind"], result["name"], result["passed"]) for result in results],
                         [("invoke", "event 0", True), ("invoke", "event 1", False)])
        self.assertEqual(results[1]["error_type"], "Runtime.OutOfMemory")
        self.assertIn("invoke event 1: the function failed with ‘Runtime.OutOfMemory’\n  ", run.stderr)
        self.assertEqual(len(xml.parse(junit).findall(".//testcase/failure")), 1)
        self.assert_fails(1, "validate.invoke and validate.http need --sandbox bubblewrap or none: in podman there is no loopback",
                          "validate", "app", "--profile", path, "--sandbox", "podman")

    def test_the_event_is_part_of_the_key(self):
        event = self.directory / "event.json"
        event.write_text('{"tile": 1}')
        path = self.profile({"invoke": {"event": "event.json", "expect": {"body": {"event": {"tile": 1}}}}})
        self.assertFalse(self.build(path)[0]["validation_cached"])
        self.assertTrue(self.build(path)[0]["validation_cached"])
        event.write_text('{"tile": 2}')
        _, log = self.build(path, exit_code=3)
        self.assertIn("invoke event.json: in its answer, ‘body.event.tile’ is ‘2’, expected ‘1’", log)

    def test_the_name_is_part_of_the_key(self):
        """The function sees it, and it is the only thing that changes."""
        probe = {"invoke": {"event": {}, "expect": {"name": "app"}}}
        record, _ = self.build(self.profile(probe))
        self.assertFalse(record["validation_cached"])
        self.assertTrue(self.build(self.profile(probe))[0]["validation_cached"])
        _, log = self.build(self.profile(probe, name="other"), exit_code=3)
        self.assertIn("‘name’ is ‘\"other\"’, expected ‘\"app\"’", log)

    def test_all_failures_are_reported_together(self):
        _, log = self.build(self.profile({"imports": ["no_such_module"], "invoke": [
            {"event": {"raise": True}},
            {"event": {"hang": True}, "timeout": "500ms"},
            {"event": {"eat": 200}, "memory": "128MiB"},
            {"event": {}, "expect": {"statusCode": 500}},
            {"event": {}, "expect": {"no": {"such": "member"}}},
            {"event": {}, "expect": {"body": {"list": [1]}}},
            {"event": {}}]}), exit_code=3)
        for text in ("7 of 8 validations failed:", "import no_such_module: ModuleNotFoundError: No module named 'no_such_module'\n  | Traceback",
                     "invoke event 0: the function failed with ‘KeyError’\n  'no such tile'",
                     'File "/var/task/app.py", line 6, in handler', "  | the handler's log",
                     "invoke event 1: the function failed with ‘Sandbox.Timedout’", "Task timed out after 0.50 seconds",
                     "invoke event 2: the function failed with ‘Runtime.OutOfMemory’",
                     "invoke event 3: in its answer, ‘statusCode’ is ‘200’, expected ‘500’",
                     "invoke event 4: in its answer, ‘no’ is missing, expected ",
                     "invoke event 5: in its answer, ‘body.list’ is ‘[1, 2.0]’, expected ‘[1]’"):
            self.assertIn(text, log)
        self.assertNotIn("invoke event 6", log)
        self.assertNotIn("app:latest", self.run_terrane("images").stdout)

    def test_answers_that_few_give(self):
        """Nothing, text with a NUL, JSON with one, and an integer that has no 64 bits: all can be expected, and missed."""
        raw = lambda text: {"answer": base64.b64encode(text).decode()}
        big = b'{"id": 123456789012345678901234567890, "n": 1}'
        for expected, code in ((["", "ok\ufffdmore", {"n": 1}], 0), (["x", "ok", {"n": 2}], 3)):
            with self.subTest(code):
                _, log = self.build(self.profile({"invoke": [
                    {"event": raw(body), "expect": expect} for body, expect in zip((b"", b"ok\0more", big), expected)]},
                    entrypoint=[PYTHON, "raw.py"], cmd=[]), exit_code=code)
                self.assertNotIn("CRITICAL", log)
        for text in ("3 of 3 validations", "the answer is ‘\"\"’, expected ‘\"x\"’", "‘n’ is ‘1.0’, expected ‘2’"):
            self.assertIn(text, log)

    def test_several_functions_of_one_image(self):
        (self.directory / "task/second.py").write_text(
            "import os\ndef main(event, context): return {'who': 'second', 'handler': os.environ['_HANDLER']}\n")
        second = {"who": "second", "handler": "second.main"}
        record, _ = self.build(self.profile({"invoke": [
            {"event": {}, "expect": {"statusCode": 200}},
            {"event": {}, "handler": "second.main", "expect": second},
            {"event": {}, "cmd": ["second.main"], "expect": second}]}))
        self.assertEqual([(result["name"], result["passed"]) for result in record["validation"]],
                         [("event 0", True), ("second.main event 1", True), ("second.main event 2", True)])

    def test_what_lambda_lacks_is_explained(self):
        """The function's traceback, which its client writes as one line, is shown as lines."""
        (self.directory / "task/shared.py").write_text("import multiprocessing\ndef main(event, context):\n    multiprocessing.Lock()\n")
        _, log = self.build(self.profile({"invoke": {"event": {}, "handler": "shared.main"}}), exit_code=3)
        self.assertIn("\n  → Lambda has no /dev/shm", log)
        self.assertRegex(log, r'\n  \| Traceback \(most recent call last\):\n  \|   File "/var/task/shared\.py", line 3, in main\n')

    def test_an_event_that_is_not_json(self):
        (self.directory / "event.json").write_text("key=value")
        self.assert_fails(1, r"validate\.invoke.*\.event: Could not parse request body into json: unexpected character at byte 0",
                          "build", self.profile({"invoke": {"event": "event.json"}}))

    def test_an_event_that_is_not_there(self):
        path = self.profile({"invoke": {"event": "absent.json"}})
        self.assert_fails(1, r"profile\.json: validate\.invoke.*\.event: .*absent\.json", "build", path)

    def test_an_entrypoint_that_lambda_refuses(self):
        _, log = self.build(self.profile({"invoke": {"event": {}}}, entrypoint=["/no/such"]), exit_code=3)
        self.assertRegex(log, "‘Runtime.InvalidEntrypoint’\n  RequestId: .* Error: fork/exec /no/such: no such file or directory")


class HttpGate(ProbeCase):
    def serve(self, validate, exit_code=0, target="cloud-run", **env):
        if target == "azure-functions":  # what its host looks for first
            self.write("task/host.json", "{}")
            env["AzureWebJobsScriptRoot"] = "/var/task"
        path = self.profile({"http": validate}, target, [PYTHON, "server.py"], [], env=env)
        return self.build(path, exit_code)

    def test_answers_that_are_right(self):
        record, _ = self.serve([{"path": "/a?b=c", "expect_body": "path /a[?]b=c, port 8080, azure None"},
                                {"path": "/missing", "expect_status": 404},
                                {"path": "/chunks", "expect_body": "^in chunks$"},
                                {"path": "/", "method": "HEAD", "expect_status": 204},
                                {"path": "/", "method": "POST", "body": "posted", "expect_status": 201, "expect_body": "^posted$"}])
        self.assertEqual([(result["kind"], result["name"], result["passed"], result["http_status"])
                          for result in record["validation"]],
                         [("http", "GET /a?b=c", True, 200), ("http", "GET /missing", True, 404),
                          ("http", "GET /chunks", True, 200), ("http", "HEAD /", True, 204), ("http", "POST /", True, 201)])

    def test_azure_names_its_port(self):
        (self.directory / "task/host.json").write_text('{"version": "2.0", "customHandler": {"description": {"defaultExecutablePath": "server.py"}}}')
        self.serve({"path": "/", "expect_body": "azure 8080$"}, target="azure-functions", AzureWebJobsScriptRoot="/var/task")

    def test_answers_that_are_wrong(self):
        _, log = self.serve([{"path": "/missing"}, {"path": "/", "expect_body": "^nothing"}], exit_code=3)
        self.assertIn("2 of 2 validations failed", log)
        self.assertIn("http GET /missing: status 404, expected 200", log)
        self.assertRegex(log, "http GET /: nothing in its answer of [0-9]+ bytes matches ‘.nothing’")

    def test_a_server_that_ends(self):
        _, log = self.serve({"path": "/"}, exit_code=3, BEHAVIOUR="ends")
        self.assertIn("http GET /: the server ended with exit code 3\n  | the server's log", log)

    def test_a_server_that_listens_elsewhere(self):
        record, log = self.serve({"path": "/", "timeout": "1s"}, exit_code=3, BEHAVIOUR="other port")
        self.assertIn("http GET /: the server does not listen on port 8080, which PORT names", log)


if __name__ == "__main__":
    unittest.main()
