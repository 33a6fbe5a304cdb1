"""--sandbox none: as root in another root directory, as an ordinary user by the image's own dynamic linker."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import time
import unittest

from terrane_test import INPUTS, TERRANE, TestCase, reachable_file, seeded_store

BASE = reachable_file(next(iter(sorted(INPUTS.glob("debian12-base-*.tar.zst"))), None))

# The least that asks the Runtime API for events.
RUNTIME = """
import http.client, importlib, json, os, sys
sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
module, name = os.environ["_HANDLER"].split(".")
handler = getattr(importlib.import_module(module), name)
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    api.request("GET", "/2018-06-01/runtime/invocation/next")
    answer = api.getresponse()
    event, identity = json.loads(answer.read()), answer.headers["Lambda-Runtime-Aws-Request-Id"]
    api.request("POST", f"/2018-06-01/runtime/invocation/{identity}/response", json.dumps(handler(event)))
    api.getresponse().read()
"""
HANDLER = """
import os, time
def handler(event):
    if "wait" in event:
        print("PORT", os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")[1], flush=True)
        time.sleep(event["wait"])
        return "undisturbed"
    return {"double": event["number"] * 2, "api": os.environ["AWS_LAMBDA_RUNTIME_API"], "uid": os.getuid()}
"""
# Prints the paths of its own files, and tries what it must not do.
SCRIPT = """
import json, os, socket, sys, tempfile, app
def attempt(function):
    try:
        function()
        return "done"
    except OSError as error:
        return type(error).__name__
with tempfile.NamedTemporaryFile() as temporary:
    pass
print("FACTS " + json.dumps({
    "app": app.__file__, "cached": app.__cached__, "os": os.__file__, "uid": os.getuid(), "files": os.sysconf("SC_OPEN_MAX"),
    "descriptors": attempt(lambda: os.fstat(3)), "etc": attempt(lambda: open("/etc/file", "w")),
    "own": attempt(lambda: open(os.path.join(os.path.dirname(app.__file__), "file"), "w")),
    "kill": attempt(lambda: os.kill(os.getppid(), 9)), "home": attempt(lambda: open(os.environ["SECRET"])),
    "namespace": attempt(lambda: os.stat("/no") if not hasattr(os, "unshare") else os.unshare(0x10000000)),
    "raw": attempt(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW)), "temporary": temporary.name}))
"""
# Leaves a process in a session of its own that ignores signals, and whose parent is gone.
DAEMON = """
import os, signal, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() > 0:
        os._exit(0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    time.sleep(1000)
os.wait()
print("started", flush=True)
if sys.argv[1] == "memory":
    waste = bytearray(400 << 20)
if sys.argv[1] != "end":
    time.sleep(1000)
"""


def running(word):
    """Processes whose command line has a word."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if word.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            pass
    return found


@unittest.skipIf(BASE is None, "profiles/inputs is empty, run scripts/debian-rootfs")
class Bare(TestCase):
    users = [None] + (["nobody"] if os.geteuid() == 0 else [])

    def setUp(self):
        super().setUp()
        self.write("app/app.py", HANDLER)
        self.write("app/runtime.py", RUNTIME)
        self.write("app/daemon.py", DAEMON)
        self.write("facts.py", SCRIPT)
        self.event = self.write("event.json", '{"number": 21}')
        self.secret = self.write("secret", "of the host")
        os.chmod(self.directory, 0o755)

    def store_for(self, user):
        store = self.directory / f"home-{user}" / "store"
        store.parent.mkdir()
        if user is not None:
            os.chown(store.parent, *[int(part) for part in subprocess.run(
                ["sh", "-c", f"id -u {user}; id -g {user}"], capture_output=True, text=True).stdout.split()])
        seeded_store(store, user, base={"archive": str(BASE)})
        return store

    def profile(self, bytecode="unchecked-hash", **validate):
        return self.write_profile(
            base={"archive": str(BASE)}, target="aws-lambda", validate=validate,
            trees=[{"name": "app", "directory": "app", "prefix": "/var/task", "transforms": {"bytecode": bytecode}}],
            config={"env": {"LAMBDA_TASK_ROOT": "/var/task", "SECRET": str(self.secret)}, "working_dir": "/var/task",
                    "entrypoint": ["/usr/bin/python3.11", "/var/task/runtime.py"], "cmd": ["app.handler"]})

    def test_everything_that_can_run_does(self):
        """Bytecode, imports, a script, and the function, as root and as an ordinary user."""
        profile = self.profile(imports=["ssl", "app"], scripts=["facts.py"], invoke=[{"event": "event.json", "expect": {"double": 42}}])
        for user in self.users:
            with self.subTest(user):
                store = self.store_for(user)
                as_root = user is None and os.geteuid() == 0
                record_path = store.parent / "record.json"
                result = self.run_terrane("build", profile, "--no-lock", "--record", record_path, store=store, user=user,
                                          env={"TERRANE_SANDBOX": "none"})
                self.assertIn("warning: --sandbox none: the image's programs share this machine's network and processes", result.stderr)
                record = json.loads(record_path.read_text())
                self.assertEqual({(entry["kind"], entry["status"]) for entry in record["validation"]},
                                 {("import", "passed"), ("together", "passed"), ("script", "passed"), ("invoke", "passed")})
                for entry in record["validation"]:
                    self.assertEqual([word for word in entry["unconfined"] if word != "files"][:3], ["network", "processes", "tmp"])
                    self.assertEqual("user" in entry["unconfined"], not as_root)
                [script] = [entry for entry in record["validation"] if entry["kind"] == "script"]
                facts = json.loads(script["output"].split("FACTS ")[1])
                # Paths are the image's, wherever its files are.
                self.assertEqual((facts["app"], facts["os"]), ("/var/task/app.py", "/usr/lib/python3.11/os.py"))
                self.assertTrue(facts["cached"].startswith("/var/task/__pycache__/app."))
                self.assertTrue(facts["temporary"].startswith("/tmp/"))
                self.assertEqual(facts["files"], 1024)
                if as_root:
                    self.assertEqual(facts["uid"], 993)
                for attempt in ("etc", "descriptors", "raw"):
                    self.assertNotEqual(facts[attempt], "done", attempt)
                if "files" not in script["unconfined"]: # the kernel has Landlock
                    for attempt in ("own", "kill", "home"):
                        self.assertNotEqual(facts[attempt], "done", attempt)
                answer = self.run_terrane("--quiet", "invoke", "test", "--sandbox", "none", "--event", self.event, store=store, user=user)
                response = json.loads(answer.stdout)
                self.assertEqual(response["double"], 42)
                self.assertNotEqual(response["api"], "127.0.0.1:9001")
                self.assertIn("Memory Method: sampled", answer.stderr)
                self.assertEqual([path for path in (store / "roots").iterdir() if path.name.startswith(".")], [])
                if not as_root:
                    continue
                # The file was a link to an object of the store.
                listing = self.run_terrane("run", "test", "--sandbox", "none", "--", "/usr/bin/python3.11", "-c",
                                           "import pwd, os; print(pwd.getpwuid(os.getuid()).pw_name)", store=store, user=user)
                self.assertEqual(listing.stdout.strip(), "sbx_user1051")
                self.assert_store_is_sound(store)

    def test_nothing_outlives_it(self):
        """Neither the end of the program, a timeout, the limit of memory, nor a terrane that is killed."""
        for user in self.users:
            with self.subTest(user):
                store, word = self.store_for(user), f"mark-{os.getpid()}-{user}"
                self.run_terrane("build", self.profile(bytecode=False), "--no-lock", "--no-validate", store=store, user=user)
                command = ["--", "/usr/bin/python3.11", "/var/task/daemon.py"]
                if user is None:
                    ended = self.run_terrane("run", "test", "--sandbox", "none", *command, "end", word, store=store)
                    self.assertEqual(ended.stdout, "started\n")
                    self.assertEqual(running(word), [])
                    late = self.run_terrane("run", "test", "--sandbox", "none", "--timeout", "1s", *command, "sleep", word,
                                            exit_code=1, store=store)
                    self.assertIn("killed after the 1 s of --timeout", late.stderr)
                    self.assertEqual(running(word), [])
                large = self.run_terrane("validate", "test", "--sandbox", "none", "--limit-memory", "200MB", "--command",
                                         " ".join([*command[1:], "memory", word]), exit_code=3, store=store, user=user)
                self.assertIn("was killed for more than 200.0 MB in memory", large.stderr)
                self.assertEqual(running(word), [])
                privileges = ["setpriv", f"--reuid={user}", "--clear-groups", "--"] if user is not None else []
                with subprocess.Popen([*privileges, TERRANE, "--store", str(store), "run", "test", "--sandbox", "none", *command, "sleep", word],
                                      stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
                    self.assertEqual(process.stdout.readline(), "started\n")
                    process.send_signal(signal.SIGKILL)
                for _ in range(1000):
                    if not running(word):
                        break
                    time.sleep(0.01)
                self.assertEqual(running(word), [])

    def test_the_port_is_the_function_s_alone(self):
        """Whoever else of this machine finds it is not answered."""
        store = self.store_for(None)
        self.run_terrane("build", self.profile(bytecode=False), "--no-lock", "--no-validate", store=store)
        with subprocess.Popen([TERRANE, "--store", str(store), "--quiet", "invoke", "test", "--sandbox", "none", "--event",
                               str(self.write("wait.json", '{"wait": 1}'))], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            line = next(line for line in process.stderr if line.startswith("PORT"))
            with socket.create_connection(("127.0.0.1", int(line.split()[1])), 20) as stranger:
                try:
                    stranger.sendall(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n")
                    self.assertEqual(stranger.recv(1), b"")
                except ConnectionError:
                    pass
            self.assertEqual(process.stdout.read(), '"undisturbed"')

    def test_where_namespaces_are_forbidden(self):
        """By the kernel, in a namespace of which the test has the setting, and in which no number but root's exists."""
        forbid = ["unshare", "--user", "--map-root-user", "sh", "-c", 'echo 0 >/proc/sys/user/max_user_namespaces; exec "$@"', "sh"]
        if subprocess.run([*forbid, "true"], capture_output=True).returncode != 0:
            self.skipTest("does not apply: this host allows no user namespace")
        profile = self.profile(imports=["app"], invoke=[{"event": "event.json", "expect": {"double": 42}}])
        seeded_store(self.store, base={"archive": str(BASE)})
        command = [*forbid, TERRANE, "--quiet", "--store", str(self.store), "build", "--no-lock", str(profile)]
        result = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertRegex(result.stderr, "user.max_user_namespaces=15000'; or choose '--sandbox none' or '--sandbox podman'")
        result = subprocess.run([*command, "--sandbox", "none"], capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stdout, r"invoke event.json +passed")

    def test_a_word_that_is_no_sandbox(self):
        self.assert_fails(2, "TERRANE_SANDBOX: expected bubblewrap, podman or none, got ‘no’", "run", "test", env={"TERRANE_SANDBOX": "no"})


if __name__ == "__main__":
    unittest.main()
