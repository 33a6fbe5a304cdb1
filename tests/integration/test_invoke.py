"""invoke, serve and run: real images in the sandbox against the emulated Runtime API.

The functions use AWS's own runtime client, awslambdaric; what that never does is done by a client of the test's own.
"""

import base64
import concurrent.futures
import contextlib
import fcntl
import http.client
import json
import os
import pathlib
import pty
import re
import secrets
import select
import shlex
import shutil
import signal
import socket
import struct
import subprocess
import termios
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request
import zlib

from terrane_test import GDAL_PROFILE, INPUTS, SANITIZER, SHARED, TERRANE, TOP, TestCase, have, reachable_file, remove_tree, shared_gdal_build

BASE = reachable_file(next(iter(sorted(INPUTS.glob("debian12-base-*.tar.zst"))), None))
REQUIREMENTS = reachable_file(TOP / "profiles/requirements/awslambdaric.txt")
PYTHON = "/usr/bin/python3.11"

GOOD = '''
import os, sys, time
calls = 0
def handler(event, context):
    global calls
    calls += 1
    print("from the handler")
    time.sleep(event.get("sleep", 0))
    return {"calls": calls, "event": event, "env": {k: os.environ.get(k) for k in event.get("env", [])},
            "left": context.get_remaining_time_in_millis(), "arn": context.invoked_function_arn,
            "id": context.aws_request_id, "memory": context.memory_limit_in_mb, "user": os.getuid(),
            "client": context.client_context and context.client_context.custom}
'''

BROKEN = {
    "raises": "def handler(event, context): raise ValueError('no such thing as ' + str(event))\n",
    "missing": "def another(event, context): pass\n",
    "imports": "import no_such_module\ndef handler(event, context): pass\n",
    "syntax": "def handler(event, context)\n    pass\n",
    "loops": "def handler(event, context):\n    while True: pass\n",
    "hogs": "def handler(event, context):\n    all = []\n    while True: all.append(bytearray(1 << 20))\n",
    "forks": "import os, time\ndef handler(event, context):\n    while True:\n        if os.fork() == 0: time.sleep(1000)\n",
    "writes": "def handler(event, context): open('/var/task/file', 'w')\n",
    "connects": "import socket\ndef handler(event, context): socket.create_connection(('192.0.2.1', 80), 2)\n",
    "shared": "import multiprocessing\ndef handler(event, context): multiprocessing.Lock()\n",
    "large": "def handler(event, context): return 'x' * (7 << 20)\n",
    "exits": "import os\nos._exit(3)\n",
    "hides": "import os\ndef handler(event, context):\n    fd = os.memfd_create('x')\n"
             "    for i in range(2000): os.write(fd, bytes(1 << 20))\n",
    "threads": "import threading, time\ndef handler(event, context):\n    threading.stack_size(1 << 16)\n"
               "    for i in range(1100): threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()\n    time.sleep(1000)\n",
    "shares": "import os, time\nall = b'x' * (80 << 20)\ndef handler(event, context):\n"
              "    children = []\n"
              "    for i in range(5):\n        pid = os.fork()\n        if pid == 0:\n            time.sleep(2)\n            os._exit(0)\n"
              "        children.append(pid)\n"
              "    for pid in children: os.waitpid(pid, 0)\n    return 'done'\n",
    "floods": "import os\ndef handler(event, context):\n    while True: os.write(2, b'x' * 65536)\n",
    "floods_and_hogs": "import os, threading\ndef write():\n    while True: os.write(2, b'x' * 65536)\n"
                       "def handler(event, context):\n    threading.Thread(target=write).start()\n    all = []\n"
                       "    while True: all.append(bytearray(1 << 20))\n",
}

# A runtime of the test's own: does what awslambdaric never would and returns the answers that it got.
CLIENT = r'''
import base64, http.client, json, os, signal, sys, time
hung_up = False
host = os.environ["AWS_LAMBDA_RUNTIME_API"]
def call(method, path, body=None, headers={}, **options):
    connection = http.client.HTTPConnection(host)
    connection.request(method, path, body, headers, **options)
    response = connection.getresponse()
    return response.status, response.read(), response.headers
def stream(path, pieces, trailers, between=lambda: None):
    connection = http.client.HTTPConnection(host)
    connection.putrequest("POST", path)
    connection.putheader("Transfer-Encoding", "chunked")
    connection.putheader("Lambda-Runtime-Function-Response-Mode", "streaming")
    connection.putheader("Trailer", ", ".join(trailers))
    connection.endheaders()
    for piece in pieces:
        connection.send(b"%x\r\n%s\r\n" % (len(piece), piece))
        between()
    connection.send(b"0\r\n" + b"".join(b"%s: %s\r\n" % (k.encode(), v) for k, v in trailers.items()) + b"\r\n")
    return connection.getresponse().status
def wait_for_test():
    signal.sigwait({signal.SIGUSR1})
def end():
    time.sleep(0.5)  # what comes with the end itself may be lost, as on Lambda
    os._exit(4)
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
API = "/2018-06-01/runtime"
facts = {"early": call("POST", API + "/invocation/x/response", b"")[0]}
while True:
    status, event, headers = call("GET", API + "/invocation/next")
    if status == 403 and hung_up:  # not noticed yet
        time.sleep(0.01)
        continue
    if status != 200:
        sys.exit(0)
    request_id = headers["Lambda-Runtime-Aws-Request-Id"]
    answer = API + "/invocation/" + request_id
    event = json.loads(event)
    facts["headers"] = {k: v for k, v in headers.items() if k.startswith("Lambda-")}
    if event == "stream":
        stream(answer + "/response", [b"one ", b"two ", b"three"], {})
    elif event == "broken stream":
        stream(answer + "/response", [b"one "], {"Lambda-Runtime-Function-Error-Type": b"Stream.Broke",
               "Lambda-Runtime-Function-Error-Body": base64.b64encode(b'{"errorMessage": "in the middle"}')})
    elif event == "slow stream":
        stream(answer + "/response", [b"first\n", b"second\n"], {}, wait_for_test)
    elif event == "slow broken stream":
        stream(answer + "/response", [b"first\n", b"second\n"], {"Lambda-Runtime-Function-Error-Type": b"Stream.Broke",
               "Lambda-Runtime-Function-Error-Body": base64.b64encode(b'{"errorMessage": "in the middle"}')}, wait_for_test)
    elif event == "stream and exit":
        stream(answer + "/response", [b"first\n"], {}, end)
    elif event == "stream and hang up":
        connection = http.client.HTTPConnection(host)
        connection.putrequest("POST", answer + "/response")
        connection.putheader("Transfer-Encoding", "chunked")
        connection.putheader("Lambda-Runtime-Function-Response-Mode", "streaming")
        connection.endheaders()
        connection.send(b"6\r\nfirst\n\r\n")
        connection.close()
        hung_up = True
    elif event == "long stream":
        facts["long"] = stream(answer + "/response", [b"x" * 1000000] * 10, {})
    elif event == "typed error":
        call("POST", answer + "/error", b'{"errorMessage": "m", "errorType": "In.Body"}',
             {"Lambda-Runtime-Function-Error-Type": "In.Header", "Lambda-Runtime-Function-XRay-Error-Cause": "x" * 900000})
    elif event == "limit":
        call("POST", answer + "/response", b"x" * (6 * 1024 * 1024 + 100))
    elif event == "over":
        facts["over"] = call("POST", answer + "/response", b"x" * (6 * 1024 * 1024 + 101))[0]
    elif event == "50 MB":
        stream(answer + "/response", [b"x" * 1000000] * 50, {})
    elif isinstance(event, dict) and "hold" in event:
        held = [http.client.HTTPConnection(host) for _ in range(event["hold"])]
        for connection in held:
            connection.connect()
        call("POST", answer + "/response", b'"held"')
        del held
    elif event == "answer and go on":
        call("POST", answer + "/response", b"first\n")
        signal.sigwait({signal.SIGUSR1})
    elif event == "empty":
        call("POST", answer + "/response", b"")
    elif event == "empty error":
        call("POST", answer + "/error", b"", {"Lambda-Runtime-Function-Error-Type": "No.Body"})
    elif event == "exit after answer":
        call("POST", answer + "/response", b'"done"')
        sys.exit(1)
    elif event == "exit":
        sys.exit(0)
    else:
        facts["wrong id"] = call("POST", API + "/invocation/wrong/response", b"")[:2]
        facts["wrong id"] = [facts["wrong id"][0], json.loads(facts["wrong id"][1])["errorType"]]
        facts["late init error"] = call("POST", API + "/init/error", b"{}")[0]
        status, body, _ = call("GET", API + "/invocation/next")
        facts["next while running"] = [status, json.loads(body)["errorType"]]
        facts["no such call"] = call("GET", "/2018-06-01/nothing")[0]
        facts["wrong method"] = call("POST", API + "/invocation/next", b"")[0]
        facts["mode"] = call("POST", answer + "/response", b"", {"Lambda-Runtime-Function-Response-Mode": "odd"})[0]
        facts["response"], body, _ = call("POST", answer + "/response", json.dumps(facts).encode())
        facts["twice"] = call("POST", answer + "/response", b"{}")[0]
        facts["body"] = json.loads(body)
'''

# public.ecr.aws/lambda/python as far as running a function goes: the same files in the same places, with the same rules.
AWS_FILES = {"lambda-entrypoint.sh": '''#!/bin/sh
if [ $# -ne 1 ]; then
  echo "entrypoint requires the handler name to be the first argument" 1>&2
  exit 142
fi
export _HANDLER="$1"
RUNTIME_ENTRYPOINT=/var/runtime/bootstrap
if [ -z "${AWS_LAMBDA_RUNTIME_API}" ]; then
  exec /usr/local/bin/aws-lambda-rie $RUNTIME_ENTRYPOINT
else
  exec $RUNTIME_ENTRYPOINT
fi
''', "var/runtime/bootstrap": '''#!/bin/bash
export AWS_EXECUTION_ENV=AWS_Lambda_python3.11
if [ -z "$AWS_LAMBDA_EXEC_WRAPPER" ]; then
  exec /var/lang/bin/python3.11 /var/runtime/bootstrap.py
fi
if [ ! -f "$AWS_LAMBDA_EXEC_WRAPPER" ]; then
  echo "$AWS_LAMBDA_EXEC_WRAPPER: does not exist"
  exit 127
fi
if [ ! -x "$AWS_LAMBDA_EXEC_WRAPPER" ]; then
  echo "$AWS_LAMBDA_EXEC_WRAPPER: is not an executable"
  exit 126
fi
exec -- "$AWS_LAMBDA_EXEC_WRAPPER" /var/lang/bin/python3.11 /var/runtime/bootstrap.py
''', "var/runtime/bootstrap.py": '''
import os, sys
sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
from awslambdaric.__main__ import main
main([sys.argv[0], os.environ["_HANDLER"]])
''', "opt/wrapper": '''#!/bin/bash
export WRAPPED="by $0"
exec "$@"
'''}
AWS_CONFIG = {"entrypoint": ["/lambda-entrypoint.sh"], "working_dir": "/var/task", "env": {
    "LANG": "en_US.UTF-8", "TZ": ":/etc/localtime", "PATH": "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
    "LD_LIBRARY_PATH": "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib",
    "LAMBDA_TASK_ROOT": "/var/task", "LAMBDA_RUNTIME_DIR": "/var/runtime"}}


def processes():
    return [path for path in os.listdir("/proc") if path.isdigit()]


def descendants(pid):
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            for child in (task / "children").read_text().split():
                found += [child, *descendants(child)]
    return found


HOME = pathlib.Path(os.environ.get("TERRANE_TEST_TMPDIR", "/var/tmp"), f"terrane-test-{secrets.token_hex(6)}")
USERS = [None] + (["nobody"] if os.geteuid() == 0 else [])


def setUpModule():
    HOME.mkdir()
    HOME.chmod(0o755)
    for user in USERS:
        (HOME / str(user).lower()).mkdir()
        if user is not None:
            shutil.chown(HOME / str(user).lower(), user)
    task = HOME / "task"
    task.mkdir()
    for name, text in {"good": GOOD, "client": CLIENT, "slow": "import time\ntime.sleep(20)\n", **BROKEN}.items():
        (task / f"{name}.py").write_text(text)


def tearDownModule():
    remove_tree(HOME)


@unittest.skipIf(BASE is None, "profiles/inputs is empty, run scripts/debian-rootfs")
class InvokeCase(TestCase):
    """A store for all tests: its base is read once. Images differ in their configuration."""

    users = USERS
    home = HOME
    built = set()

    def image(self, cmd, user=None, entrypoint=(PYTHON, "-m", "awslambdaric"), working_dir="/var/task", mark=None):
        """Builds the image with this command, and returns its name."""
        number = zlib.crc32(json.dumps([cmd, entrypoint, working_dir, mark]).encode())
        name = re.sub("[^a-z]", "-", cmd or "none") + f"-{number:08x}"
        profile = {"name": name, "platform": "linux/amd64", "target": "oci", "base": {"archive": str(BASE)}, "trees": [
            {"name": "runtime", "wheels": {"requirements": str(REQUIREMENTS)},
             "prefix": "/usr/local/lib/python3.11/dist-packages"},
            {"name": "task", "directory": str(self.home / "task"), "prefix": "/var/task"}],
            "config": {"entrypoint": list(entrypoint), "working_dir": working_dir,
                       "env": {"PATH": "/usr/bin:/bin", "LAMBDA_TASK_ROOT": "/var/task", "GREETING": "from the image"}}}
        if cmd:
            profile["config"]["cmd"] = [cmd]
        if mark:  # a file system that no other image has
            (self.directory / mark).mkdir()
            (self.directory / mark / "file").write_text(mark)
            profile["trees"].append({"name": "mark", "directory": str(self.directory / mark), "prefix": f"/{mark}"})
        path = self.write(f"{name}.json", json.dumps(profile))
        key = (user, path.read_text())
        if key not in self.built or mark:
            self.run_terrane("-q", "build", path, store=self.store_of(user), user=user)
            self.built.add(key)
        return name

    def store_of(self, user):
        return self.home / str(user).lower() / "store"

    def invoke(self, image, *events, arguments=(), exit_code=0, user=None, env=None):
        """Returns the responses and stderr."""
        for index, event in enumerate(events):
            self.write(f"event-{index}.json", event if isinstance(event, bytes) else json.dumps(event))
        files = [part for index in range(len(events)) for part in ("--event", self.directory / f"event-{index}.json")]
        result = self.run_terrane("--json", "-q", "invoke", image, *files, *arguments, exit_code=exit_code,
                                  store=self.store_of(user), user=user, env=env)
        return json.loads(result.stdout)["responses"], result.stderr


    def go_on(self, token):
        """Signals the function with that variable."""
        for path in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                program = (path / "cmdline").read_bytes().split(b"\0")[0]
                if program == PYTHON.encode() and token.encode() in (path / "environ").read_bytes().split(b"\0"):
                    os.kill(int(path.name), signal.SIGUSR1)
                    return
        self.fail("no process has " + token)


class Invoke(InvokeCase):
    def test_several_events_in_one_warm_environment(self):
        for user in self.users:
            with self.subTest(user):
                image = self.image("good.handler", user)
                responses, log = self.invoke(image, {"n": 1}, {"n": 2}, {"n": 3}, arguments=["--memory", "256", "--timeout", "7"],
                                             user=user)
                self.assertEqual([response["response"]["calls"] for response in responses], [1, 2, 3])
                self.assertEqual([response["cold"] for response in responses], [True, False, False])
                self.assertEqual([response["response"]["event"]["n"] for response in responses], [1, 2, 3])
                first = responses[0]
                self.assertEqual(first["response"]["id"], first["request_id"])
                self.assertTrue(5000 < first["response"]["left"] <= 7000, first)
                self.assertEqual((first["response"]["memory"], first["response"]["user"]), ("256", 993))
                self.assertEqual(first["response"]["arn"],
                                 "arn:aws:lambda:us-east-1:012345678912:function:" + image)
                self.assertTrue(10_000_000 < first["max_memory_bytes"] < 64_000_000, first)
                self.assertGreaterEqual(first["billed_ms"] * 1000, first["init_usecs"] + first["duration_usecs"])
                self.assertEqual(log.count("from the handler"), 3)
                # The log of each event stands between its START and its END.
                self.assertRegex(log, r"(?s)(START RequestId: (\S+) Version: \$LATEST\nfrom the handler\nEND RequestId: \2\n"
                                      r"REPORT RequestId: \2\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 256 MB\t"
                                      r"Max Memory Used: \d+ MB.*?\n.*){3}")
                self.assertEqual(len(re.findall(r"Init Duration: [\d.]+ ms", log)), 1)

    def test_the_response_is_all_of_stdout(self):
        image = self.image("good.handler")
        event = self.write("event.json", "{}")
        result = self.run_terrane("-q", "invoke", image, "--event", event, store=self.store_of(None))
        self.assertEqual(json.loads(result.stdout)["calls"], 1)
        self.assertFalse(result.stdout.endswith("\n"))
        piped = self.run_terrane("-q", "invoke", image, store=self.store_of(None), stdin='{"a": "é"}')
        self.assertEqual(json.loads(piped.stdout)["event"], {"a": "é"})

    def test_environment(self):
        image = self.image("good.handler")
        names = ["AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
                 "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_REGION", "AWS_DEFAULT_REGION",
                 "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_RUNTIME_API", "_HANDLER", "TZ", "LAMBDA_TASK_ROOT", "GREETING",
                 "AWS_ACCESS_KEY_ID", "HOME", "MINE", "EQUALS"]
        responses, _ = self.invoke(
            image, {"env": names}, arguments=["--env", "MINE", "-e", "EQUALS=a=b", "--env", "GREETING=changed"],
            env={"MINE": "from here", "AWS_ACCESS_KEY_ID": "secret"})
        env = responses[0]["response"]["env"]
        self.assertRegex(env.pop("AWS_LAMBDA_LOG_STREAM_NAME"), r"^\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}$")
        self.assertEqual(env, {
            "AWS_LAMBDA_FUNCTION_NAME": image, "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "3008", "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/" + image,
            "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1", "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001", "_HANDLER": "good.handler", "TZ": ":UTC",
            "LAMBDA_TASK_ROOT": "/var/task", "GREETING": "changed", "AWS_ACCESS_KEY_ID": None, "HOME": None,
            "MINE": "from here", "EQUALS": "a=b"})

    def broken(self, name, user, *arguments):
        """The error of one broken function, and stderr."""
        image = self.image(None, user, ("/usr/bin/dash", "-c", f"exec {PYTHON} -m awslambdaric $FUNCTION"))
        arguments = [*arguments, "--env", f"FUNCTION={name}.handler"]
        responses, log = self.invoke(image, {"n": 1}, arguments=arguments, exit_code=1, user=user)
        self.assertEqual(responses[0]["status"], "error")
        return responses[0]["error_type"], responses[0]["error"]["errorMessage"], log

    def test_broken_functions(self):
        expected = {
            "raises": ("ValueError", r"no such thing as \{'n': 1\}"),
            "missing": ("Runtime.HandlerNotFound", "Handler 'handler' missing on module 'missing'"),
            "imports": ("Runtime.ImportModuleError", "Unable to import module 'imports': No module named 'no_such_module'"),
            "syntax": ("Runtime.UserCodeSyntaxError", "Syntax error in module 'syntax'"),
            "writes": ("OSError", r"\[Errno 30\] Read-only file system: '/var/task/file'"),
            "connects": ("OSError", r"\[Errno 101\] Network is unreachable"),
            "large": ("Function.ResponseSizeTooLarge", "exceeded maximum allowed payload size"),
            "exits": ("Runtime.ExitError", "RequestId: .* Error: Runtime exited with error: exit status 3"),
        }
        for user in self.users:
            # Rights that only root has; the rest is the runtime client's.
            for name in expected if user == self.users[-1] else ("writes", "connects", "exits"):
                error_type, message = expected[name]
                with self.subTest(user=user, function=name):
                    got, text, log = self.broken(name, user)
                    self.assertEqual(got, error_type, log)
                    self.assertRegex(text, message)
                    self.assertIn(f"the function failed with ‘{error_type}’", log)
                    self.assertIn("REPORT RequestId: ", log)
            with self.subTest(user=user, function="shared"):
                got, text, _ = self.broken("shared", user)
                self.assertIn(got, ("OSError", "FileNotFoundError"), text)

    def test_what_never_ends_or_takes_all(self):
        for user in self.users:
            before = len(processes())
            with self.subTest(user=user, function="loops"):
                got, text, log = self.broken("loops", user, "--timeout", "1.5")
                self.assertEqual(got, "Sandbox.Timedout")
                self.assertRegex(text, r"RequestId: \S+ Error: Task timed out after 1\.50 seconds")
                self.assertRegex(log, r"\n\S+ Task timed out after 1\.50 seconds\n")
                self.assertRegex(log, r"Duration: 1500\.00 ms.*Status: timeout")
            with self.subTest(user=user, function="hogs"):
                got, text, log = self.broken("hogs", user, "--memory", "128", "--timeout", "20")
                self.assertEqual(got, "Runtime.OutOfMemory")
                self.assertRegex(text, "Runtime exited with error: signal: killed")
                used = int(re.search(r"Max Memory Used: (\d+) MB", log).group(1))
                self.assertTrue(128 <= used < 512, log)
            with self.subTest(user=user, function="forks"):
                got, text, _ = self.broken("forks", user, "--timeout", "120")
                # The kernel does not limit root's processes; there the sandbox is killed, for their number or their memory.
                watched = user is None and os.geteuid() == 0
                self.assertIn(got, ("Runtime.ExitError", "Runtime.OutOfMemory") if watched else ("BlockingIOError",), text)
            deadline = time.monotonic() + 5
            while len(processes()) > before + 50 and time.monotonic() < deadline:
                time.sleep(0.1)
            self.assertLess(len(processes()), before + 50)

    def test_the_trace_is_shown(self):
        _, _, log = self.broken("raises", None)
        tail = log[log.index("terrane: event"):]
        self.assertRegex(tail, r"(?s)‘ValueError’\n  no such thing as .*\n    File \"/var/task/raises.py\", line 1, in handler")

    def test_a_failure_does_not_stop_the_other_events(self):
        image = self.image("client.main", entrypoint=(PYTHON, "/var/task/client.py"))
        responses, _ = self.invoke(image, "exit", "stream", "exit after answer", "stream", exit_code=1)
        self.assertEqual([response["status"] for response in responses], ["error", "ok", "ok", "ok"])
        self.assertEqual([response["cold"] for response in responses], [True, True, False, True])
        self.assertEqual(responses[0]["error_type"], "Runtime.ExitError")
        self.assertIn("exited without providing a reason", responses[0]["error"]["errorMessage"])

    def test_reports_of_failed_initialisations(self):
        """Lambda begins again on the event's time, and says so of both."""
        number = r"\d+\.\d\d"
        for function, error_type in (("imports", "Runtime.ImportModuleError"), ("exits", "Runtime.ExitError")):
            with self.subTest(function):
                got, _, log = self.broken(function, None)
                self.assertEqual(got, error_type)
                self.assertRegex(log, rf"(?s)INIT_START .*"
                                      rf"INIT_REPORT Init Duration: {number} ms\tPhase: init\tStatus: error\tError Type: {error_type}\n.*"
                                      rf"INIT_REPORT Init Duration: {number} ms\tPhase: invoke\tStatus: error\tError Type: {error_type}\n"
                                      rf"START RequestId: (\S+) Version: \$LATEST\nEND RequestId: \1\n"
                                      rf"REPORT RequestId: \1\tDuration: {number} ms\t[^\n]*\tStatus: error\tError Type: {error_type}\t")
                self.assertNotRegex(log, "REPORT RequestId.*Init Duration")
        image = self.image("good.handler", entrypoint=["/nowhere/program"])
        _, log = self.invoke(image, {}, exit_code=1)
        self.assertRegex(log, r"INIT_REPORT .*Error Type: Runtime.InvalidEntrypoint\nSTART .*\nEND .*\nREPORT .*Error Type: Runtime.InvalidEntrypoint")

    def test_other_functions_of_an_image(self):
        for user in self.users:
            with self.subTest(user):
                image = self.image("raises.handler", user)
                for arguments in (["--handler", "good.handler"], ["--cmd", "good.handler"]):
                    responses, _ = self.invoke(image, {"env": ["_HANDLER"]}, arguments=arguments, user=user)
                    self.assertEqual(responses[0]["response"]["env"], {"_HANDLER": "good.handler"})
        # An image without an entrypoint: the last word of its command is the handler.
        image = self.image("unused", entrypoint=("/usr/bin/dash", "-c"))
        responses, _ = self.invoke(image, {}, arguments=["--cmd", f"exec {PYTHON} -m awslambdaric $0", "--cmd", "good.handler"])
        self.assertEqual(responses[0]["response"]["calls"], 1)
        result = self.run_terrane("-q", "run", image, "--cmd", 'echo "$0 $1"', "--cmd", "a b", "--cmd", "c", store=self.store_of(None))
        self.assertEqual(result.stdout, "a b c\n")
        self.assert_fails(2, "invoke: --handler and --cmd exclude each other", "invoke", "none", "--handler", "a.b", "--cmd", "c")
        self.assert_fails(2, "serve: --handler: the handler is empty", "serve", "none", "--handler", "")
        self.assert_fails(2, "run: --cmd and --handler exclude a command", "run", "none", "--handler", "a.b", "--", "/bin/sh")

    def test_events_that_are_not_json(self):
        self.assert_fails(1, r"the event \S*event.json: Could not parse request body into json: unexpected character at byte 0",
                          "invoke", "none", "--event", self.write("event.json", "key=value"))

    def test_a_slow_initialisation_begins_anew(self):
        image = self.image("slow.handler")
        responses, log = self.invoke(image, {}, arguments=["--timeout", "1"], exit_code=1)
        self.assertEqual(responses[0]["error_type"], "Sandbox.Timedout")
        self.assertTrue(responses[0]["init_timed_out"])
        self.assertRegex(log, r"INIT_REPORT Init Duration: 100\d\d\.\d\d ms\tPhase: init\tStatus: timeout")
        self.assertRegex(log, r"INIT_REPORT Init Duration: 10\d\d\.\d\d ms\tPhase: invoke\tStatus: timeout")

    def test_the_runtime_api(self):
        image = self.image("client.main", entrypoint=(PYTHON, "/var/task/client.py"))
        responses, _ = self.invoke(image, {}, {}, "stream", "broken stream", "typed error", "limit", "over", {}, exit_code=1)
        first, second = responses[0]["response"], responses[1]["response"]
        self.assertEqual(first["early"], 400)
        self.assertEqual(first["wrong id"], [400, "InvalidRequestID"])
        self.assertEqual(first["late init error"], 403)
        self.assertEqual(first["next while running"], [403, "InvalidStateTransition"])
        self.assertEqual((first["no such call"], first["wrong method"], first["mode"]), (404, 405, 400))
        self.assertEqual((second["response"], second["twice"], second["body"]), (202, 403, {"status": "OK"}))
        headers = first["headers"]
        self.assertEqual(headers["Lambda-Runtime-Aws-Request-Id"], responses[0]["request_id"])
        self.assertTrue(0 < int(headers["Lambda-Runtime-Deadline-Ms"]) / 1000 - time.time() <= 300, headers)
        self.assertRegex(headers["Lambda-Runtime-Trace-Id"], r"^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0$")
        self.assertEqual(responses[2]["response"], "one two three")
        self.assertEqual((responses[3]["error_type"], responses[3]["error"]), ("Stream.Broke", {"errorMessage": "in the middle"}))
        self.assertEqual(responses[4]["error_type"], "In.Header")
        self.assertEqual(len(responses[5]["response"]), 6 * 1024 * 1024 + 100)
        self.assertEqual(responses[6]["error_type"], "Function.ResponseSizeTooLarge")
        self.assertEqual(responses[7]["response"]["over"], 413)

    def test_answers_without_a_body(self):
        image = self.image("client.main", entrypoint=(PYTHON, "/var/task/client.py"))
        responses, log = self.invoke(image, "empty", "empty error", {}, exit_code=1)
        self.assertEqual([response["status"] for response in responses], ["ok", "error", "ok"])
        self.assertEqual((responses[0]["response"], responses[1]["error"]), ("", ""))
        self.assertIn("the function failed with ‘No.Body’\n  without a message", log)
        self.assertNotIn("CRITICAL", log)

    def test_a_stream_is_shown_while_it_comes(self):
        """The function goes on when the test has seen the first part, and says so by a signal."""
        image = self.image("client.main", entrypoint=(PYTHON, "/var/task/client.py"))
        for event, code, message in ("slow stream", 0, ""), ("slow broken stream", 1, "failed with ‘Stream.Broke’\n  in the middle"):
            with self.subTest(event):
                path, token = self.write("event.json", json.dumps(event)), "TOKEN=" + secrets.token_hex(8)
                process = subprocess.Popen([TERRANE, "-q", "--store", str(self.store_of(None)), "invoke", image, "--event", path,
                                            "--env", token], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                self.assertEqual(process.stdout.readline(), "first\n")
                self.go_on(token)
                self.assertEqual(process.stdout.readline(), "second\n")
                self.go_on(token)
                rest, log = process.communicate(timeout=30)
                self.assertEqual((rest, process.returncode), ("", code))
                self.assertIn(message, log)

    def test_what_goes_on_behind_its_answer(self):
        """The answer is there when it was given, and stands when the function is killed later."""
        image = self.image("client.main", entrypoint=(PYTHON, "/var/task/client.py"))
        path, token = self.write("event.json", '"answer and go on"'), "TOKEN=" + secrets.token_hex(8)
        process = subprocess.Popen([TERRANE, "-q", "--store", str(self.store_of(None)), "invoke", image, "--event", path,
                                    "--env", token], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertEqual(process.stdout.readline(), "first\n")
        self.go_on(token)
        rest, log = process.communicate(timeout=100)
        self.assertEqual((rest, process.returncode), ("", 0))
        self.assertNotIn("Status:", log)
        responses, log = self.invoke(image, "answer and go on", "stream", arguments=["--timeout", "3"])
        self.assertEqual([(response["response"], response["late_timeout"], response["cold"]) for response in responses],
                         [("first\n", True, True), ("one two three", False, True)])
        self.assertRegex(log, r"Task timed out after 3\.00 seconds\nEND RequestId: .*\nREPORT .*Duration: 3000\.00 ms.*\tStatus: timeout")
        self.assertEqual(log.count("Status: timeout"), 1)

    def test_connections_that_are_left_open(self):
        image = self.image("client.main", entrypoint=(PYTHON, "/var/task/client.py"))
        responses, log = self.invoke(image, {"hold": 200}, {"hold": 400}, exit_code=1)
        self.assertEqual([response["status"] for response in responses], ["ok", "error"])
        self.assertEqual(responses[1]["error_type"], "Runtime.ExitError", log)  # and no timeout
        self.assertRegex(log, "(RemoteDisconnected|ConnectionResetError|BrokenPipeError)")

    def test_streams_that_break(self):
        image = self.image("client.main", entrypoint=(PYTHON, "/var/task/client.py"))
        for event, pattern in {"stream and exit": "Runtime.ExitError’\n  RequestId: .* exit status 4",
                               "stream and hang up": "Runtime.TruncatedResponse’\n  The streamed response ended before"}.items():
            with self.subTest(event):
                path = self.write("event.json", json.dumps(event))
                result = self.run_terrane("-q", "invoke", image, "--event", path, store=self.store_of(None), exit_code=1)
                self.assertEqual(result.stdout, "first\n")
                self.assertRegex(result.stderr, "the function failed with ‘" + pattern)
        # More than a response without a stream may have.
        path = self.write("event.json", json.dumps("long stream"))
        result = self.run_terrane("-q", "invoke", image, "--event", path, store=self.store_of(None))
        self.assertEqual(result.stdout, "x" * 10_000_000)

    def test_working_directories(self):
        image = self.image("good.handler", working_dir="/no/such")
        responses, _ = self.invoke(image, {}, exit_code=1)
        self.assertEqual(responses[0]["error_type"], "Runtime.InvalidWorkingDir")
        self.assertRegex(responses[0]["error"]["errorMessage"], "RequestId: .* Error: chdir /no/such: no such file or directory")

    def test_entrypoints_that_lambda_refuses(self):
        for entrypoint in (["/nowhere/program"], ["/usr/bin/python3", "-V"], ["python3.11", "-m", "awslambdaric", "x"],
                           ["/etc/os-release", "a", "b", "c", "d"]):
            with self.subTest(entrypoint):
                image = self.image("good.handler", entrypoint=entrypoint)
                responses, _ = self.invoke(image, {}, exit_code=1)
                self.assertEqual(responses[0]["error_type"], "Runtime.InvalidEntrypoint")

    def test_usage(self):
        for pattern, arguments in {
                "--memory: expected a size from 128MiB to 10GiB": ["--memory", "64"],
                "--tmp: expected a size from 512MiB to 10GiB": ["--tmp", "1"],
                "--timeout: expected a duration from 1ms to 900s": ["--timeout", "901"],
                "there is no variable ‘NO_SUCH_VARIABLE’": ["--env", "NO_SUCH_VARIABLE"],
                r"invoke: --env: expected NAME\[=VALUE\], got ‘=x’": ["--env", "=x"]}.items():
            self.assert_fails(2, pattern, "invoke", "none", *arguments)
        self.assert_fails(1, "the event /nowhere/event.json: ", "invoke", "none", "--event", "/nowhere/event.json")
        self.assert_fails(1, "none", "invoke", "none", "--event", self.write("event.json", "{}"))

    def test_ctrl_c_leaves_nothing(self):
        image = self.image("loops.handler")
        process = subprocess.Popen([TERRANE, "--store", str(self.store_of(None)), "invoke", image], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        while b"START RequestId" not in process.stderr.readline():
            pass
        below = descendants(process.pid)
        self.assertGreaterEqual(len(below), 3)  # bubblewrap, process 1, the function
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(10), 130)
        process.stderr.close()
        self.assertEqual([pid for pid in below if os.path.exists(f"/proc/{pid}/root/var")], [])

    def test_kill_9_leaves_nothing(self):
        image = self.image("loops.handler")
        process = subprocess.Popen([TERRANE, "--store", str(self.store_of(None)), "invoke", image], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        while b"START RequestId" not in process.stderr.readline():
            pass
        children = [pid for task in pathlib.Path(f"/proc/{process.pid}/task").iterdir()
                    for pid in (task / "children").read_text().split()]
        self.assertTrue(children)
        process.kill()
        process.wait()
        process.stderr.close()
        deadline = time.monotonic() + 5
        while any(os.path.exists(f"/proc/{pid}/root/var") for pid in children) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertFalse(any(os.path.exists(f"/proc/{pid}/root/var") for pid in children))


class ServeCase(InvokeCase):
    @contextlib.contextmanager
    def serve(self, image, *arguments):
        process = subprocess.Popen([TERRANE, "--store", str(self.store_of(None)), "serve", image, "--port", "0", *arguments],
                                   stderr=subprocess.PIPE, text=True)
        try:
            line = process.stderr.readline()
            while "POST events to" not in line:
                self.assertNotEqual(line, "", "the server ended")
                line = process.stderr.readline()
            self.server = process
            yield line.split()[-1]
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(10), 0)
        finally:
            process.kill()
            process.wait()
            process.stderr.close()

    def post(self, url, event, headers={}):
        request = urllib.request.Request(url, json.dumps(event).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, response.read(), response.headers
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read(), error.headers


class Serve(ServeCase):
    def test_the_endpoint_of_the_emulator(self):
        with self.serve(self.image("good.handler"), "--timeout", "2") as url:
            self.assertTrue(url.endswith("/2015-03-31/functions/function/invocations"))
            for n in (1, 2):
                status, body, headers = self.post(url, {"n": n})
                self.assertEqual((status, json.loads(body)["calls"]), (200, n))
            context = base64.b64encode(json.dumps({"custom": {"a": "b"}}).encode()).decode()
            status, body, _ = self.post(url, {}, {"X-Amz-Client-Context": context})
            self.assertEqual(json.loads(body)["client"], {"a": "b"})
            # One at a time. On a busy machine one may be answered before the next arrives: they are sent again.
            for _ in range(5):
                with concurrent.futures.ThreadPoolExecutor(3) as pool:
                    results = list(pool.map(lambda event: self.post(url, event), [{"sleep": 1.5}] * 3))
                if [status for status, _, _ in results].count(429) == 2:
                    break
            self.assertEqual(sorted(status for status, _, _ in results), [200, 429, 429])
            self.assertEqual({headers["X-Amzn-ErrorType"] for status, _, headers in results if status == 429},
                             {"TooManyRequestsException"})
            status, body, headers = self.post(url, {"sleep": 5})
            error = json.loads(body)
            self.assertEqual((status, error["errorType"], headers["X-Amz-Function-Error"]), (200, "Sandbox.Timedout", "Unhandled"))
            self.assertRegex(error["errorMessage"], r"^RequestId: [0-9a-f-]{36} Error: Task timed out after 2\.00 seconds$")
            status, body, _ = self.post(url, {})
            self.assertEqual((status, json.loads(body)["calls"]), (200, 1))
            self.assertEqual(self.post(url.replace("/function/", "/other/"), {})[0], 404)
            self.assertEqual(self.post(url, "x" * (7 << 20))[0], 413)
            with self.assertRaises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(url, timeout=10)
            self.assertEqual(caught.exception.code, 405)
            caught.exception.close()

    def test_errors(self):
        with self.serve(self.image("raises.handler")) as url:
            status, body, headers = self.post(url, {})
            self.assertEqual((status, json.loads(body)["errorType"], headers["X-Amz-Function-Error"]),
                             (200, "ValueError", "Unhandled"))
        with self.serve(self.image("exits.handler")) as url:
            status, body, headers = self.post(url, {})
            self.assertEqual((status, json.loads(body)["errorType"], headers["X-Amz-Function-Error"]),
                             (200, "Runtime.ExitError", "Unhandled"))

    def post_bytes(self, url, body, **headers):
        request = urllib.request.Request(url, body, {name.replace("_", "-"): value for name, value in headers.items()})
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, response.read(), response.headers
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read(), error.headers

    def test_what_lambda_documents_of_invoke(self):
        """Invocation types, the log's end, and events that the function never sees."""
        with self.serve(self.image("good.handler")) as url:
            self.assertEqual(self.post_bytes(url, b"{}", X_Amz_Invocation_Type="DryRun")[:2], (204, b""))
            for body, place in (b"key=value", 0), (b'{"a": 1', 7), (b'{"a": "\xff"}', 7):
                status, answer, headers = self.post_bytes(url, body)
                self.assertEqual((status, headers["X-Amzn-ErrorType"]), (400, "InvalidRequestContentException"))
                self.assertRegex(json.loads(answer)["Message"], f"^Could not parse request body into json: .* at byte {place}$")
            self.assertEqual(self.post_bytes(url, b"x", X_Amz_Invocation_Type="Event")[0], 400)
            self.assertEqual(self.post_bytes(url, b"{}", X_Amz_Invocation_Type="Else")[0], 400)
            self.assertEqual(self.post_bytes(url, b"{}", X_Amz_Log_Type="Head")[0], 400)
            self.assertEqual(self.post_bytes(url, b'"%s"' % (b"x" * 1048575), X_Amz_Invocation_Type="Event")[0], 413)
            # Nothing of that was the function's. The log is that of one event: START to REPORT, and what was printed between.
            status, answer, headers = self.post_bytes(url, b"", X_Amz_Log_Type="Tail")
            self.assertEqual((status, json.loads(answer)["calls"], json.loads(answer)["event"]), (200, 1, {}))
            self.assertEqual(headers["X-Amz-Executed-Version"], "$LATEST")
            log = base64.b64decode(headers["X-Amz-Log-Result"], validate=True).decode()
            self.assertRegex(log, r"(?s)^INIT_START .*START RequestId: (\S+) Version: \$LATEST\nfrom the handler\n"
                                  r"END RequestId: \1\nREPORT RequestId: \1\t[^\n]*\n$")
            self.assertEqual(headers["X-Amzn-RequestId"], json.loads(answer)["id"])
            # Two asynchronous ones, one after the other, before one that is waited for.
            for _ in range(2):
                self.assertEqual(self.post_bytes(url, b'{"sleep": 0.2}', X_Amz_Invocation_Type="Event")[:2], (202, b""))
            status, deadline = 429, time.monotonic() + 30
            while status == 429 and time.monotonic() < deadline:
                time.sleep(0.05)
                status, answer, headers = self.post(url, {})
            self.assertEqual(status, 200)
            self.assertIsNone(headers["X-Amz-Log-Result"])
            seen = json.loads(answer)["calls"]
            while seen < 4 and time.monotonic() < deadline:
                seen = json.loads(self.post(url, {})[1]).get("calls", 0)
            self.assertGreaterEqual(seen, 4)

    def test_a_long_log_has_its_end(self):
        with self.serve(self.image("client.main", entrypoint=("/usr/bin/dash", "-c", "for i in 1 2 3 4 5 6; do head -c 1000 "
                                                              "/dev/zero | tr '\\0' $i; done; exit 1"))) as url:
            _, _, headers = self.post_bytes(url, b"{}", X_Amz_Log_Type="Tail")
            log = base64.b64decode(headers["X-Amz-Log-Result"])
            self.assertEqual(len(log), 4096)
            self.assertRegex(log, rb"\nREPORT [^\n]*\tStatus: error\tError Type: Runtime\.ExitError[^\n]*\n$")

    def test_a_stream_goes_out_while_it_comes(self):
        image, token = self.image("client.main", entrypoint=(PYTHON, "/var/task/client.py")), "TOKEN=" + secrets.token_hex(8)
        with self.serve(image, "--env", token) as url:
            for event in "slow stream", "slow broken stream":
                request = urllib.request.Request(url, json.dumps(event).encode())
                with self.subTest(event), urllib.request.urlopen(request, timeout=30) as response:
                    self.assertEqual((response.status, response.headers["Transfer-Encoding"]), (200, "chunked"))
                    self.assertEqual(response.readline(), b"first\n")
                    self.go_on(token)
                    self.assertEqual(response.readline(), b"second\n")
                    self.go_on(token)
                    if event == "slow stream":
                        self.assertEqual(response.read(), b"")
                    else:  # what was said cannot be taken back: the client sees that it is not all
                        self.assertRaises(http.client.IncompleteRead, response.read)
            # The function is still there.
            self.assertEqual(self.post(url, "stream")[:2], (200, b"one two three"))

    def test_what_goes_on_behind_its_answer(self):
        """The next event waits for it."""
        token = "TOKEN=" + secrets.token_hex(8)
        with self.serve(self.image("client.main", entrypoint=(PYTHON, "/var/task/client.py")), "--env", token) as url, \
                concurrent.futures.ThreadPoolExecutor() as pool:
            self.assertEqual(self.post(url, "answer and go on")[:2], (200, b"first\n"))
            future = pool.submit(self.post, url, "stream")
            time.sleep(0.5)
            self.assertFalse(future.done())
            self.go_on(token)
            self.assertEqual(future.result()[:2], (200, b"one two three"))

    def test_clients_that_do_not_read(self):
        """The unread data of two clients are not all in memory; the second one's function waits for the first one to read."""
        with self.serve(self.image("client.main", entrypoint=(PYTHON, "/var/task/client.py"))) as url:
            responses = []
            for _ in range(2):
                while self.post(url, "empty")[0] == 429:  # the function is busy with what is not read yet
                    time.sleep(0.05)
                responses.append(urllib.request.urlopen(urllib.request.Request(url, b'"50 MB"'), timeout=60))
            time.sleep(2)  # there is nothing to wait for: the memory does not grow
            self.assertEqual(self.post(url, "empty")[0], 429)
            status = pathlib.Path(f"/proc/{self.server.pid}/status").read_text()
            self.assertLess(int(re.search(r"VmHWM:\s*(\d+) kB", status).group(1)), 250_000 if SANITIZER else 95_000)  # it has a use for memory, too
            for response in responses:
                with response:
                    self.assertEqual(len(response.read()), 50_000_000)
            # One that is gone holds up nothing.
            with urllib.request.urlopen(urllib.request.Request(url, b'"50 MB"'), timeout=60) as response:
                self.assertEqual(len(response.read(10)), 10)
            while self.post(url, "empty")[0] == 429:
                time.sleep(0.05)

    def test_clients_that_send_half_a_request(self):
        with self.serve(self.image("good.handler")) as url, contextlib.ExitStack() as stack:
            address = urllib.parse.urlsplit(url)
            for _ in range(70):
                half = stack.enter_context(socket.create_connection((address.hostname, address.port)))
                half.sendall(b"POST /2015-03-31/functions/function/invocations HTTP/1.1\r\nContent-Length: 10\r\n\r\n{")
            deadline = time.monotonic() + 100
            status = None
            while status is None and time.monotonic() < deadline:
                with contextlib.suppress(OSError):  # closed at once, as long as the others are there
                    status = self.post(url, {})[0]
                time.sleep(0.1)
            self.assertEqual(status, 200)

    def test_gc_neither_waits_nor_takes_the_file_system_away(self):
        image = self.image("good.handler", mark="only-here")
        with self.serve(image) as url:
            self.run_terrane("rm", image, store=self.store_of(None))
            self.run_terrane("gc", store=self.store_of(None))
            (root,) = [path for path in (self.store_of(None) / "roots").iterdir() if (path / "only-here").exists()]
            self.assertEqual(self.post(url, {})[0], 200)
        self.run_terrane("gc", store=self.store_of(None))
        self.assertFalse(root.exists())

    def test_it_ends_while_a_function_runs(self):
        with self.serve(self.image("loops.handler")) as url, concurrent.futures.ThreadPoolExecutor() as pool:
            future = pool.submit(self.post, url, {})
            time.sleep(1)
        with contextlib.suppress(OSError):
            future.result()


class AwsBase(ServeCase):
    """An image laid out as AWS's own for Python: their entrypoint, bootstrap and runtime client, without their emulator."""

    def aws_image(self, *cmd):
        top = self.directory / "top"
        for name, text in AWS_FILES.items():
            (top / name).parent.mkdir(parents=True, exist_ok=True)
            (top / name).write_text(text)
            (top / name).chmod(0o755)
        (top / "var/lang/bin").mkdir(parents=True)
        (top / "var/lang/bin/python3.11").symlink_to(PYTHON)
        name = f"aws-{len(cmd)}"
        profile = {"name": name, "platform": "linux/amd64", "target": "aws-lambda" if cmd else "oci", "base": {"archive": str(BASE)}, "trees": [
            {"name": "runtime", "wheels": {"requirements": str(REQUIREMENTS)}, "prefix": "/var/runtime"},
            {"name": "top", "directory": str(top), "prefix": "/"},
            {"name": "task", "directory": str(self.home / "task"), "prefix": "/var/task"}], "config": AWS_CONFIG | {"cmd": list(cmd)}}
        self.run_terrane("-q", "build", self.write(f"{name}.json", json.dumps(profile)), store=self.store_of(None))
        return name

    def test_invoke(self):
        image = self.aws_image("good.handler")
        names = ["AWS_EXECUTION_ENV", "_HANDLER", "LAMBDA_RUNTIME_DIR", "WRAPPED"]
        responses, _ = self.invoke(image, {"env": names}, {"env": names})
        self.assertEqual([response["response"]["calls"] for response in responses], [1, 2])
        expected = {"AWS_EXECUTION_ENV": "AWS_Lambda_python3.11", "_HANDLER": "good.handler", "LAMBDA_RUNTIME_DIR": "/var/runtime"}
        self.assertEqual(responses[1]["response"]["env"], expected | {"WRAPPED": None})
        responses, _ = self.invoke(image, {"env": names}, arguments=["--env", "AWS_LAMBDA_EXEC_WRAPPER=/opt/wrapper"])
        self.assertEqual(responses[0]["response"]["env"], expected | {"WRAPPED": "by /opt/wrapper"})
        for wrapper, code, text in ("/opt/none", 127, "does not exist"), ("/var/runtime/bootstrap.json", 127, "does not exist"), \
                ("/var/task/good.py", 126, "is not an executable"):
            responses, log = self.invoke(image, {}, arguments=["--env", f"AWS_LAMBDA_EXEC_WRAPPER={wrapper}"], exit_code=1)
            self.assertEqual(responses[0]["error_type"], "Runtime.ExitError")
            self.assertIn(f"exited with error: exit status {code}", responses[0]["error"]["errorMessage"])
            self.assertIn(f"{wrapper}: {text}\n", log)

    def test_without_a_handler(self):
        responses, log = self.invoke(self.aws_image(), {}, exit_code=1)
        self.assertEqual(responses[0]["error_type"], "Runtime.ExitError")
        self.assertIn("Runtime exited with error: exit status 142", responses[0]["error"]["errorMessage"])
        self.assertIn("entrypoint requires the handler name to be the first argument\n", log)

    def test_serve(self):
        with self.serve(self.aws_image("good.handler")) as url:
            status, body, _ = self.post(url, {"env": ["AWS_EXECUTION_ENV"]})
            self.assertEqual((status, json.loads(body)["env"]), (200, {"AWS_EXECUTION_ENV": "AWS_Lambda_python3.11"}))


class Run(InvokeCase):
    def run_in(self, image, *arguments, **options):
        return self.run_terrane("-q", "run", image, *arguments, store=self.store_of(options.get("user")), **options)

    def test_commands(self):
        for user in self.users:
            with self.subTest(user):
                image = self.image("good.handler", user)
                result = self.run_in(image, "--env", "A=b c", "--", "/bin/sh", "-c",
                                     'echo "$A $GREETING $(id -u) $(pwd)"; echo err >&2; cat; exit 7', exit_code=7, user=user,
                                     stdin="from stdin\n")
                self.assertEqual(result.stdout, "b c from the image 993 /var/task\nfrom stdin\n")
                self.assertEqual(result.stderr, "err\n")
                self.run_in(image, "--", "/bin/sh", "-c", "kill -9 $$", exit_code=137, user=user)
                missing = self.run_in(image, "--", "/no/such", exit_code=127, user=user)
                self.assertIn("/no/such: No such file or directory", missing.stderr)
                self.run_in(image, "--", "/bin/sh", "-c", "echo > /etc/new", exit_code=2, user=user)

    def test_writable_changes_are_thrown_away(self):
        for user in self.users:
            with self.subTest(user):
                image = self.image("good.handler", user)
                script = "echo changed > /etc/debian_version && rm -r /usr/share/doc && mkdir /opt/new && cat /etc/debian_version"
                result = self.run_in(image, "--writable", "--", "/bin/sh", "-c", script, user=user)
                self.assertEqual(result.stdout, "changed\n")
                result = self.run_in(image, "--", "/bin/sh", "-c", "cat /etc/debian_version; ls -d /usr/share/doc /opt/new",
                                     exit_code=2, user=user)
                self.assertRegex(result.stdout, r"^12\.\d+\n/usr/share/doc\n$")
                self.run_terrane("fsck", store=self.store_of(user), user=user)
                self.assertNotIn(str(self.store_of(user)), pathlib.Path("/proc/mounts").read_text())

    @contextlib.contextmanager
    def on_a_terminal(self, image, *arguments, term=None):
        """Gives the process and the other end of its terminal."""
        master, slave = pty.openpty()
        environment = {name: value for name, value in os.environ.items() if name != "TERM"} | ({"TERM": term} if term else {})
        process = subprocess.Popen([TERRANE, "-q", "--store", str(self.store_of(None)), "run", image, *arguments], env=environment,
                                   stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                                   preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        try:
            os.set_blocking(master, False)
            yield process, master, slave
        finally:
            process.kill()
            process.wait()
            os.close(master)
            os.close(slave)

    def talk(self, process, master, text=b"", until=None):
        """Types as fast as the terminal takes it, until the process has ended or said that. Returns what it wrote."""
        output, deadline = b"", time.monotonic() + 100
        while process.poll() is None and not (until and until in output and not text):
            self.assertLess(time.monotonic(), deadline, (len(text), output[-1000:]))
            readable, writable, _ = select.select([master], [master] if text else [], [], 0.1)
            if readable:
                output += os.read(master, 65536)
            if writable:
                text = text[os.write(master, text[:4096]):]
        while select.select([master], [], [], 0)[0]:
            output += os.read(master, 65536)
        return output

    def test_a_shell_on_a_terminal(self):
        image = self.image("good.handler")
        with self.on_a_terminal(image, "--shell", term="vt220") as (process, master, slave):
            output = self.talk(process, master, b"test -t 0 && test -t 1 && echo sum $((6*7)); echo > /dev/tty job $TERM; exit 5\n")
            self.assertEqual(process.wait(), 5, output)
            self.assertIn(b"sum 42", output)
            self.assertIn(b"\njob vt220", output)
        for term, arguments, expected in (None, [], b"()"), ("vt220\x1b[", [], b"()"), ("vt220", ["--env", "TERM=vt100"], b"(vt100)"):
            with self.subTest(term), self.on_a_terminal(image, *arguments, "--", "/bin/sh", "-c", 'echo "($TERM)"', term=term) as (
                    process, master, _):
                self.assertIn(expected, self.talk(process, master))

    def test_a_paste_that_nobody_reads(self):
        """More than all terminals on the way hold."""
        image = self.image("good.handler")
        lines = [b"line %06d %s\n" % (number, b"x" * 40) for number in range(8000)]
        self.assertGreater(sum(map(len, lines)), 400_000)
        with self.on_a_terminal(image, "--", "/bin/sh", "-c", "stty -echo; echo ready; exec cat") as (process, master, _):
            self.talk(process, master, until=b"ready")
            output = self.talk(process, master, b"".join(lines) + b"\x04")
            self.assertEqual(process.wait(), 0)
            self.assertEqual(output.replace(b"\r\n", b"\n"), b"".join(lines))
        with self.on_a_terminal(image, "--", "/bin/sh", "-c", "echo ready; exec sleep 1000") as (process, master, slave):
            before = termios.tcgetattr(slave)
            self.talk(process, master, until=b"ready")
            os.write(master, b"x")
            for _ in range(50):  # until it takes no more
                with contextlib.suppress(BlockingIOError):
                    while os.write(master, lines[0] * 50):
                        pass
                time.sleep(0.02)
            process.send_signal(signal.SIGTERM)
            self.talk(process, master)
            self.assertEqual(process.wait(), 130)
            self.assertEqual(termios.tcgetattr(slave), before)

    def test_signals_leave_the_terminal_as_it_was(self):
        image = self.image("good.handler")
        for number, code in (signal.SIGHUP, 130), (signal.SIGQUIT, -signal.SIGQUIT):
            with self.subTest(number), self.on_a_terminal(image, "--", "/bin/sh", "-c", "echo ready; exec sleep 1000") as (
                    process, master, slave):
                before = termios.tcgetattr(slave)
                self.talk(process, master, until=b"ready")
                self.assertNotEqual(termios.tcgetattr(slave), before)
                process.send_signal(number)
                self.talk(process, master)
                self.assertEqual(process.wait(), code)
                self.assertEqual(termios.tcgetattr(slave), before)

    def test_the_shell_is_the_images_own(self):
        """/bin is an absolute link in this image: on the host there may be another shell at its end, or none."""
        tree = self.directory / "tree"
        (tree / "programs").mkdir(parents=True)
        (tree / "programs/bash").symlink_to("/usr/bin/dash")
        (tree / "bin").symlink_to("/programs")
        name = "other-bin"
        self.run_terrane("-q", "build", self.write(f"{name}.json", json.dumps(
            {"name": name, "platform": "linux/amd64", "target": "oci",
             "base": {"archive": str(BASE), "exclude": ["bin"]}, "trees": [{"name": "tree", "directory": str(tree), "prefix": "/"}],
             "config": {"env": {"PATH": "/usr/bin"}}})), store=self.store_of(None))
        with self.on_a_terminal(name, "--shell") as (process, master, _):
            output = self.talk(process, master, b"echo is $0; exit\n")
            self.assertIn(b"is /bin/bash\r\n", output)  # after the prompt, or on a line of its own when it was typed early

    def test_usage(self):
        self.assert_fails(2, "--shell excludes a command", "run", "--shell", "none", "--", "true")
        self.assert_fails(2, "--podman exclude each other", "run", "--podman", "--shell", "none")


class SandboxOption(InvokeCase):
    """Refused before anything is looked for, announced or run: there is no such image."""

    def test_where_it_cannot_work(self):
        for command in ("serve", "invoke"):
            self.assertIn("bubblewrap (default) or none;", self.run_terrane(command, "--help").stdout)
            self.assert_fails(2, "--sandbox podman has no way in for the Runtime API", command, "no-such-image", "--sandbox", "podman", stdin="{}")
        self.assert_fails(2, "run: --podman and --sandbox exclude each other", "run", "--podman", "--sandbox", "none", "no-such-image")


class Counted(InvokeCase):
    def test_memory_that_no_process_maps(self):
        for user in self.users:
            with self.subTest(user):
                responses, _ = self.invoke(self.image("hides.handler", user), {}, arguments=["--memory", "256"], exit_code=1, user=user)
                self.assertEqual(responses[0]["error_type"], "Runtime.OutOfMemory")

    @unittest.skipUnless(os.geteuid() == 0, "the kernel limits everybody else")
    def test_threads_count(self):
        responses, _ = self.invoke(self.image("threads.handler"), {}, exit_code=1)
        self.assertEqual(responses[0]["error_type"], "Runtime.ExitError")
        self.assertIn("signal: killed (more than 1024 processes and threads)", responses[0]["error"]["errorMessage"])

    def test_shared_pages_count_once(self):
        for user in self.users:
            with self.subTest(user):
                responses, _ = self.invoke(self.image("shares.handler", user), {}, user=user)
                self.assertEqual(responses[0]["response"], "done")
                # Six processes have the same 80 MiB.
                self.assertTrue(80 << 20 < responses[0]["max_memory_bytes"] < 240 << 20, responses)


class Stalled(InvokeCase):
    """The standard error output is not read; time, memory and signals are watched all the same."""

    def inside(self, token):
        """Whether a program with that variable runs."""
        for path in pathlib.Path("/proc").glob("[0-9]*/environ"):
            with contextlib.suppress(OSError):
                if token.encode() in path.read_bytes() and os.readlink(path.parent / "exe").startswith("/usr/bin/python3"):
                    return True
        return False

    @contextlib.contextmanager
    def stalled(self, image, *arguments):
        token = secrets.token_hex(8)
        reader, writer = os.pipe()
        event = self.write("event.json", "{}")
        with subprocess.Popen([TERRANE, "-q", "--store", str(self.store_of(None)), "invoke", image, "--event", str(event),
                               "--env", f"TOKEN={token}", *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=writer) as process:
            os.close(writer)
            try:
                self.wait_for(lambda: self.inside(token))
                yield process, token
                process.wait(60)
            finally:
                process.kill()
                os.close(reader)

    def wait_for(self, condition):
        deadline = time.monotonic() + 60
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)

    def test_it_is_killed_all_the_same(self):
        for image, arguments in (("floods.handler", ["--timeout", "4"]), ("floods_and_hogs.handler", ["--memory", "200"])):
            with self.subTest(image), self.stalled(self.image(image), *arguments) as (process, token):
                self.wait_for(lambda: not self.inside(token))
                self.assertIsNone(process.poll())  # there is more to be said
                process.send_signal(signal.SIGINT)
            self.assertEqual(process.returncode, 130)

    def test_the_first_signal_ends_it(self):
        with self.stalled(self.image("floods.handler")) as (process, token):
            time.sleep(1)  # until nothing more can be written
            process.send_signal(signal.SIGINT)
            self.wait_for(lambda: not self.inside(token))
        self.assertEqual(process.returncode, 130)


class Podman(InvokeCase):
    """podman gets the printed command: the real one, with settings that work in CI's containers."""

    PROBE = ("id -u; id -g; echo $GREETING $SECRET $AWS_LAMBDA_FUNCTION_MEMORY_SIZE ${AWS_LAMBDA_RUNTIME_API:-none}; "
             "df -Pm /tmp | tail -1 | { read a size b; echo $size; }; grep -c : /proc/net/dev; ls -d /dev/shm; "
             "echo ${HTTPS_PROXY:-no} ${https_proxy:-proxy} $_HANDLER; hostname; touch /x /tmp/y /var/tmp/z /run/z; grep CapEff /proc/self/status; ulimit -n; exit 7")

    def environment(self, home):
        """Storage of its own; runc and cgroupfs where crun does not know the host's cgroups."""
        (home / "storage.conf").write_text(f'[storage]\ndriver = "overlay"\ngraphroot = "{home}/root"\nrunroot = "{home}/run"\n')
        (home / "containers.conf").write_text('[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\n')
        return {"CONTAINERS_STORAGE_CONF": str(home / "storage.conf"), "CONTAINERS_CONF": str(home / "containers.conf")}

    @unittest.skipUnless(have("podman", "runc") and os.geteuid() == 0, "needs podman, runc and root")
    def test_it_prints_and_runs(self):
        image = self.image("good.handler")
        environment = self.environment(self.directory) | {"SECRET": "not shown", "HTTPS_PROXY": "http://u:p@192.0.2.1",
                                                            "https_proxy": "http://u:p@192.0.2.1"}
        try:
            result = self.run_terrane("-q", "run", "--podman", image, "--env", "GREETING=a b", "-e", "SECRET", "--memory", "256",
                                      "--tmp", "600", "--", "/bin/sh", "-c", self.PROBE, store=self.store_of(None),
                                      env=environment, exit_code=7)
        finally:
            subprocess.run(["podman", "system", "reset", "--force"], env=dict(os.environ, **environment), capture_output=True)
        self.assertEqual(result.stdout, "993\n990\na b not shown 256 none\n600\n1\nno proxy good.handler\nlambda\nCapEff:\t0000000000000000\n1024\n")
        for path in ("/x", "/var/tmp/z", "/run/z"):
            self.assertRegex(result.stderr, f"'{path}': (Read-only file system|Permission denied)")
        self.assertNotIn("'/tmp/y'", result.stderr)
        self.assertIn("'/dev/shm': No such file or directory", result.stderr)
        words = shlex.split(result.stderr.splitlines()[0])
        self.assertEqual(words[:3], ["podman", "run", "--rm"])
        self.assertIn("--env=GREETING=a b", words)
        self.assertIn("--env=SECRET", words)
        self.assertEqual(words[-4:], ["--entrypoint=/bin/sh", f"oci:{self.store_of(None)}/images:{image}:latest", "-c", self.PROBE])

    def test_options_are_passed_on(self):
        """To a program that shows what it was given: the images are nowhere."""
        bin = self.directory / "bin"
        bin.mkdir()
        (bin / "podman").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
        (bin / "podman").chmod(0o755)
        environment = {"PATH": f"{bin}:{os.environ['PATH']}"}
        result = self.run_terrane("-q", "run", "--podman", "docker://registry.example/app:1", "--platform", "linux/arm64",
                                  "--tls-verify", "false", env=environment)
        self.assertEqual(set(result.stdout.splitlines()) & {"--platform=linux/arm64", "--tls-verify=false"},
                         {"--platform=linux/arm64", "--tls-verify=false"})
        self.assertEqual(result.stdout.splitlines()[-1], "docker://registry.example/app:1")
        result = self.run_terrane("-q", "run", "--podman", "docker://registry.example/app:1", env=environment)
        self.assertNotRegex(result.stdout, "--(platform|tls-verify)")

    @unittest.skipUnless(have("podman", "runc") and os.geteuid() == 0, "needs podman, runc and root")
    def test_store_whose_path_podman_refuses(self):
        """As the default store's is, for podman 4.3: a component begins with a dot."""
        image = self.image("good.handler")
        alias = self.directory / ".Local_" / "share"
        alias.parent.mkdir()
        alias.symlink_to(self.store_of(None))
        environment = self.environment(self.directory) | {"XDG_RUNTIME_DIR": ""}
        self.addCleanup(subprocess.run, ["podman", "system", "reset", "--force"], env=dict(os.environ, **environment), capture_output=True)
        for _ in range(2):  # the second time the link is there
            result = self.run_terrane("-q", "run", "--podman", image, "--", "/bin/sh", "-c", "echo inside", store=alias, env=environment)
            self.assertEqual(result.stdout, "inside\n")
        link = re.search(r"oci:(\S+)/images:", result.stderr)[1]
        self.assertRegex(link, r"^/tmp/terrane-\d+/store-[0-9a-f]{12}$")
        self.addCleanup(os.unlink, link)
        self.assertEqual(os.readlink(link), str(alias))

    def test_directory_for_links_of_somebody_else(self):
        image = self.image("good.handler")
        runtime = pathlib.Path("/var/tmp", f"terrane-test-{secrets.token_hex(6)}")
        (runtime / "terrane").mkdir(parents=True)
        self.addCleanup(remove_tree, runtime)
        (runtime / "terrane").chmod(0o777)
        alias = self.directory / ".store"
        alias.symlink_to(self.store_of(None))
        self.assert_fails(1, "/terrane belongs to another user, or others may write to it; remove it", "run", "--podman", image,
                          store=alias, env={"XDG_RUNTIME_DIR": str(runtime)})

    def test_what_podman_cannot_take(self):
        image = self.image("good.handler")
        result = self.run_terrane("-q", "run", "--podman", image, store=self.store_of(None), env={"PATH": "/nowhere"}, exit_code=1)
        self.assertIn("terrane: podman is not installed", result.stderr)
        self.assert_fails(1, "none", "run", "--podman", "none")


def tiff_tags(data):
    """The tags of the first image in a little-endian TIFF: numbers and what they have."""
    sizes = {2: (1, "s"), 3: (2, "H"), 4: (4, "I"), 12: (8, "d")}
    magic, version, offset = struct.unpack_from("<2sHI", data)
    assert (magic, version) == (b"II", 42), data[:8]
    (count,) = struct.unpack_from("<H", data, offset)
    tags = {}
    for i in range(count):
        entry = offset + 2 + 12 * i
        tag, kind, number = struct.unpack_from("<HHI", data, entry)
        size, letter = sizes[kind]
        place = entry + 8 if size * number <= 4 else struct.unpack_from("<I", data, entry + 8)[0]
        tags[tag] = struct.unpack_from(f"<{number}{letter}", data, place)
    return tags


class Gdal(TestCase):
    @unittest.skipUnless(list(INPUTS.glob("debian12-gdal-*")), "profiles/inputs is empty, run scripts/debian-rootfs")
    def test_the_shipped_function_answers_the_shipped_event(self):
        record = shared_gdal_build()
        event = TOP / "profiles/event.json"
        result = self.run_terrane("--json", "-q", "invoke", record["name"], "--event", event, "--event", event, store=SHARED / "store")
        responses = json.loads(result.stdout)["responses"]
        for response in responses:
            first = response["response"]["bands"][0]
            self.assertEqual((first["min"], first["max"], first["mean"]), (1.0, 4096.0, 2048.5))
            # 1 to 4096, each once: the standard deviation is that of a discrete uniform distribution.
            self.assertAlmostEqual(first["std"], ((4096**2 - 1) / 12) ** 0.5)
        self.cuts_a_geotiff(record["name"])
        # An image that terrane did not build here: its layers are read.
        output = self.directory / "image.tar"
        self.run_terrane("build", "--no-validate", "-o", f"oci-archive:{output}", GDAL_PROFILE, store=SHARED / "store")
        elsewhere = self.run_terrane("--json", "-q", "invoke", f"oci-archive:{output}", "--event", event)
        self.assertEqual(json.loads(elsewhere.stdout)["responses"][0]["response"], responses[0]["response"])

    def cuts_a_geotiff(self, image):
        """The answer is read as TIFF 6.0 and the GeoTIFF standard write it, by nothing of GDAL."""
        result = self.run_terrane("-q", "invoke", image, "--event", TOP / "profiles/event-window.json", store=SHARED / "store")
        answer = json.loads(result.stdout)
        self.assertEqual((answer["statusCode"], answer["headers"]["Content-Type"]), (200, "image/tiff; application=geotiff"))
        tags = tiff_tags(data := base64.b64decode(answer["body"], validate=True))
        original = tiff_tags((TOP / "profiles/app/sample.tif").read_bytes())
        self.assertEqual((tags[256], tags[257], tags[258], tags[259]), ((16,), (10,), (16,), (1,)))  # 16 bits, not compressed
        pixels = b"".join(data[start:start + size] for start, size in zip(tags[273], tags[279]))
        # The sample counts from 1 along its rows of 64.
        self.assertEqual(list(struct.unpack("<160H", pixels)), [row * 64 + column + 1 for row in range(4, 14) for column in range(8, 24)])
        self.assertEqual(tags[33550], original[33550])  # ModelPixelScale
        (scale_x, scale_y, _), tie = original[33550], original[33922]
        self.assertEqual(tags[33922][3:5], (tie[3] + 8 * scale_x, tie[4] - 4 * scale_y))  # the corner's place
        self.assertEqual(tags[34735][:3], (1, 1, 0))  # GeoKeyDirectory, version 1.1.0
        keys = lambda directory: {directory[i]: directory[i + 3] for i in range(4, len(directory), 4)}
        self.assertEqual(keys(tags[34735])[3072], keys(original[34735])[3072])  # ProjectedCRS


if __name__ == "__main__":
    unittest.main()
