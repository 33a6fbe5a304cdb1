"""--mount and --network: what a program in the sandbox has of this machine, and what it has not all the same. The base is
Debian's; what is expected comes from the kernel's manual pages and from docs/sandbox.md."""

import json
import os
import pathlib
import pwd
import re
import secrets
import shutil
import socket
import stat
import subprocess
import threading
import unittest

from terrane_test import INPUTS, SHARED, TOP, TestCase, free_port, have, reachable_file, remove_tree, seeded_store, shared_gdal_build, wait_for_port

BASE = reachable_file(next(iter(sorted(INPUTS.glob("debian12-base-*.tar.zst"))), None))
VENV = TOP / "build/venv/bin"
PYTHON = "/usr/bin/python3.11"

# Setting the set-user-ID bit of a file of the host, by every call that takes a mode. Numbers are amd64's and arm64's.
SET_ID = r'''
import ctypes, os, platform, struct
libc = ctypes.CDLL(None, use_errno=True)
arm = platform.machine() == "aarch64"
numbers = {"fchmodat2": 452, "openat2": 437}
def attempt(name, function):
    try:
        function()
        print(name, "done")
    except OSError as error:
        print(name, os.strerror(error.errno))
def call(*words):
    if libc.syscall(*words) < 0:
        raise OSError(ctypes.get_errno(), "")
os.chdir("/out")
open("file", "w").close()
os.mkdir("directory")
for mode in (0o4755, 0o2755):
    attempt("chmod", lambda: os.chmod("file", mode))
    attempt("fchmod", lambda: os.chmod(os.open("file", os.O_RDONLY), mode))
    attempt("fchmodat2", lambda: call(numbers["fchmodat2"], -100, b"file", mode, 0))
    attempt("open", lambda: os.open("new", os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
    attempt("tmpfile", lambda: os.open(".", os.O_TMPFILE | os.O_WRONLY, mode))
    attempt("mknod", lambda: os.mknod("node", mode | 0o100000))
    attempt("mkdir", lambda: os.mkdir("made", mode))
    how = struct.pack("<QQQ", os.O_CREAT | os.O_WRONLY, mode, 0)
    attempt("openat2", lambda: call(numbers["openat2"], -100, b"new2", how, len(how)))
os.chmod("file", 0o754)
'''

# Asks the Runtime API of a function, as the user of the tests.
NEXT = "/2018-06-01/runtime/invocation/next"

HANDLER = '''
import json, os, socket, time
def handler(event, context):
    answer = {"api": os.environ["AWS_LAMBDA_RUNTIME_API"], "hosts": os.path.exists("/etc/hosts") and open("/etc/hosts").read()}
    for name in event.get("read", []):
        answer[name] = open(name).read()
    for name, text in event.get("write", {}).items():
        with open(name, "w") as file:
            file.write(text)
    if "connect" in event:
        with socket.create_connection((event.get("host", "127.0.0.1"), event["connect"]), 5) as connection:
            connection.sendall(answer["api"].encode() + b"\\n")
            answer["heard"] = connection.makefile().readline()
    return answer
'''


@unittest.skipIf(BASE is None, "profiles/inputs is empty, run scripts/debian-rootfs")
@unittest.skipUnless(have("bwrap"), "bubblewrap is not installed")
class HostAccess(TestCase):
    users = [None] + (["nobody"] if os.geteuid() == 0 else [])

    homes = {}

    def image_for(self, user):
        """A home with the image, which is made once for all tests, and directories of the host for it."""
        if user not in self.homes:
            self.homes[user] = self.make_home(user)
        home = self.homes[user]
        shutil.rmtree(home / "out", ignore_errors=True)
        (home / "out").mkdir()
        if user is not None:
            shutil.chown(home / "out", user)
        return home

    def make_home(self, user):
        home = pathlib.Path(os.environ.get("TERRANE_TEST_TMPDIR", "/var/tmp"), f"terrane-test-{secrets.token_hex(6)}")
        home.mkdir()
        home.chmod(0o755)
        self.addClassCleanup(remove_tree, home)
        self.addClassCleanup(self.homes.clear)
        tree, function = home / "tree", home / "function"
        for name in ("srv/there", "srv/link-target"):
            (tree / name).mkdir(parents=True)
        (tree / "srv/file").write_text("the image's\n")
        for name, target in {"absolute": "/srv/link-target", "out": "../../../../../../../srv/link-target", "dangling": "/srv/nowhere",
                             "proc": "/proc"}.items():
            (tree / "srv" / name).symlink_to(target)
        function.mkdir()
        (function / "app.py").write_text(HANDLER)
        (function / "bootstrap.py").write_text(BOOTSTRAP)
        if user is not None:
            shutil.chown(home, user)
        seeded_store(home / "store", user, base={"archive": str(BASE)})
        (home / "profile.json").write_text(json.dumps({
            "name": "test", "platform": "linux/amd64", "target": "oci", "base": {"archive": str(BASE)},
            "trees": [{"name": "links", "directory": "tree", "prefix": "/"},
                      {"name": "app", "directory": "function", "prefix": "/var/task"}],
            "config": {"entrypoint": [PYTHON, "/var/task/bootstrap.py"], "cmd": ["app.handler"], "env": {"PATH": "/usr/bin:/bin"}}}))
        self.run_terrane("-q", "build", "--no-lock", "--no-validate", home / "profile.json", store=home / "store", user=user)
        for name, text in {"data/file": "of the host\n", "data/inner/deep": "deep\n", "other/file": "other\n"}.items():
            path = home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (home / "data/link").symlink_to("/etc")
        if user is not None:
            subprocess.run(["chown", "-Rh", user, str(home / "data"), str(home / "other")], check=True)
        return home

    def sh(self, home, user, script, *options, **more):
        return self.run_terrane("-q", "run", *options, "test", "--", "/bin/sh", "-c", script, store=home / "store", user=user, cwd=home,
                                **more).stdout

    def checkout(self, home):
        """Everything of the image's file system and of the host's directories that a program must not change."""
        facts = {}
        for top in ("store/roots", "data", "other"):
            for directory, names, files in os.walk(home / top):
                for name in names + files:
                    info = os.lstat(os.path.join(directory, name))
                    # Files are hard links of a seed, which other tests copy and remove at the same time.
                    links = info.st_nlink if stat.S_ISDIR(info.st_mode) else None
                    facts[directory, name] = (info.st_mode, info.st_uid, info.st_gid, info.st_size, info.st_mtime_ns, links)
        return facts

    def test_mounts(self):
        for user in self.users:
            with self.subTest(user):
                home = self.image_for(user)
                self.sh(home, user, "true")
                before = self.checkout(home)
                owner = (0, 0) if user is None else (pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
                # Read-only unless said; a relative path; a path that the image does not have, and nothing is left of.
                script = ("cat /mnt/new/deep/file; id -u; stat -c %u /mnt/new/deep/file; for f in file new; do echo x > /mnt/new/deep/$f || echo no; done; "
                          "chmod 777 /mnt/new/deep/file || echo no; touch /mnt/new/other || echo no")
                self.assertEqual(self.sh(home, user, script, "--mount", "data:/mnt/new/deep/"),
                                 "of the host\n993\n993\n" + "no\n" * 4)
                # Over what the image has, a file over a file, and with :ro.
                self.assertEqual(self.sh(home, user, "cat /srv/file; cat /srv/there/file", "--mount", "data/file:/srv/file:ro",
                                         "--mount", f"{home}/other:/srv//there/."), "of the host\nother\n")
                # The image's links lead where they do in it.
                self.assertEqual(self.sh(home, user, "cat /srv/link-target/file", "--mount", "other:/srv/out"), "other\n")
                self.assertEqual(self.sh(home, user, "cat /srv/link-target/new/file", "--mount", "other:/srv/absolute/new"), "other\n")
                # In another mount, whichever is named first; in /tmp, which keeps its size.
                for options in (["data:/a", "other:/a/inner"], ["other:/a/inner", "data:/a"]):
                    self.assertEqual(self.sh(home, user, "cat /a/file /a/inner/file", *[word for mount in options for word in ("--mount", mount)]),
                                     "of the host\nother\n")
                self.assertEqual(self.sh(home, user, "cat /tmp/x/y/file; echo 1 > /tmp/z; df --output=size -BM /tmp | tail -1 | tr -d ' '", "--mount", "data:/tmp/x/y"),
                                 "of the host\n512M\n")
                # Names as long as they may be, and in an image that may be written to.
                long = "/" + "n" * 255
                self.assertEqual(self.sh(home, user, f"cat {long}/{long}/file; touch /srv/there/x && echo done", "--writable", "--mount",
                                         f"data:{long}/{long}"), "of the host\ndone\n")
                # A colon in the name on the host.
                (home / "a:b:rw").mkdir(exist_ok=True)
                self.assertEqual(self.sh(home, user, "ls -d /c", "--mount", "a:b:rw:/c:ro"), "/c\n")
                self.assertEqual(self.checkout(home), before)
                # rw: what is written belongs to the user of terrane, and cannot have that user's rights.
                self.sh(home, user, "echo kept > /out/kept; mkdir /out/d; ln -s /etc/passwd /out/l; umask 077; touch /out/private",
                        "--mount", "out:/out:rw")
                self.assertEqual((home / "out/kept").read_text(), "kept\n")
                for name in ("kept", "d", "l", "private"):
                    info = os.lstat(home / "out" / name)
                    self.assertEqual((info.st_uid, info.st_gid), owner, name)
                self.assertEqual(stat.S_IMODE(os.lstat(home / "out/private").st_mode), 0o600)
                self.assertEqual(self.checkout(home), before)
                self.run_terrane("fsck", store=home / "store", user=user)

    def test_no_file_of_the_host_gets_its_owners_rights(self):
        for user in self.users:
            with self.subTest(user):
                home = self.image_for(user)
                self.write("set-id.py", SET_ID)
                (self.directory / "set-id.py").chmod(0o644)
                output = self.run_terrane("-q", "run", "--mount", "out:/out:rw", "--mount", f"{self.directory}/set-id.py:/probe.py", "test", "--",
                                          PYTHON, "/probe.py", store=home / "store", user=user, cwd=home).stdout
                attempts = [line.split(" ", 1) for line in output.splitlines()]
                self.assertEqual(len(attempts), 16)
                for name, result in attempts:
                    self.assertEqual(result, "Function not implemented" if name == "openat2" else "Operation not permitted", name)
                self.assertEqual(stat.S_IMODE((home / "out/file").stat().st_mode), 0o754)
                self.assertEqual(sorted(os.listdir(home / "out")), ["directory", "file"])

    def test_what_is_refused(self):
        home = self.image_for(None)
        os.mkfifo(home / "pipe")
        (home / "to-proc").symlink_to("/proc/self")
        run = lambda *mounts: [word for mount in mounts for word in ("--mount", mount)]
        cases = [
            # the words
            ("data", 2, "expected HOST:PATH or HOST:PATH:rw"), ("data:relative", 2, "PATH begins with /"), (":/x", 2, "expected HOST:PATH"),
            ("data:/x:wr", 2, "rw, ro or nothing, not ‘wr’"), ("data:/x:ro,z", 2, "not ‘ro,z’"), ("data:/x/../y", 2, "“..”"),
            ("type=bind,source=data,target=/x", 2, "docker"), ("data:/", 2, "/ is the image"), ("data://.", 2, "/ is the image"),
            ("data:/tmp", 2, "--tmp"), ("data:/tmp/terrane/x", 2, "belongs to the sandbox"), ("data:/proc", 2, "belongs to the sandbox"),
            ("data:/" + "x" * 256, 2, "PATH is too long"), ("data:" + "/xxxxxxx" * 400, 2, "PATH is too long"), ("data:/dev/x", 2, "belongs to the sandbox"), ("data:/sys/fs", 2, "belongs to the sandbox"), ("data:/./proc/x", 2, "belongs to the sandbox"),
            # the host
            ("nosuch:/x", 1, "‘nosuch’ does not exist on this machine"), ("pipe:/x", 2, "neither a directory nor a regular file"),
            ("/:/x", 2, "file system of the kernel"), ("/proc:/x", 2, "file system of the kernel"), ("to-proc:/x", 2, "file system of the kernel"),
            ("/dev/null:/x", 2, "neither a directory nor a regular file"), (".:/x:rw", 2, "store"), ("store/repo:/x:rw", 2, "store"),
            # the image
            ("data/file:/srv", 2, "‘/srv’ is a directory in the image, and a file on this machine"),
            ("data:/srv/file", 2, "‘/srv/file’ is not a directory in the image"), ("data:/srv/file/x", 2, "‘/srv/file/x’"),
            ("data:/srv/dangling", 2, "symbolic link of the image whose target is missing"), ("data:/srv/dangling/x", 2, "symbolic link"),
            ("data:/srv/proc/x", 2, "belongs to the sandbox"),
        ]
        for mount, code, words in cases:
            with self.subTest(mount):
                self.assert_fails(code, re.escape(words), "run", "--mount", mount, "test", "--", "/bin/true", store=home / "store", cwd=home)
        for mounts, words in ((["data:/a", "other:/a"], "are one place in the image"),
                              (["data:/srv/absolute", "other:/srv/link-target"], "are one place in the image"),
                              (["data:/a", "other:/a/none"], "terrane makes nothing there"),
                              (["data:/a:rw", "other:/a/none"], "terrane makes nothing there"),
                              (["data:/a", "other:/a/link"], "is a symbolic link")):
            with self.subTest(mounts):
                self.assert_fails(2, words, "run", *run(*mounts), "test", "--", "/bin/true", store=home / "store", cwd=home)
        self.assertFalse((home / "data/none").exists())
        # As docker has it.
        self.assert_fails(2, "given by --mount ‘/tmp:/data’", "run", "-v", "/tmp:/data", "test", store=home / "store")
        self.assert_fails(2, "‘--volume’; did you mean ‘--mount’", "run", "--volume", "/tmp:/data", "test", store=home / "store")
        self.assert_fails(2, "‘--net’; did you mean ‘--network’", "run", "--net", "host", "test", store=home / "store")
        self.assert_fails(2, "expected one of none, host, got ‘bridge’", "run", "--network", "bridge", "test", store=home / "store")
        # Where there is no bubblewrap.
        self.assert_fails(1, "--mount with rw needs bubblewrap", "run", "--sandbox", "podman", "--mount", "data:/x:rw", "test", "--", "/bin/true",
                          store=home / "store", cwd=home)
        if os.geteuid() == 0:
            self.run_terrane("-q", "run", "--sandbox", "none", "test", "--", "/bin/true", store=home / "store")
            self.assertIn("--mount needs bubblewrap or podman",
                          self.run_terrane("-q", "run", "--sandbox", "none", "--mount", "data:/x", "test", "--", "/bin/true", exit_code=1,
                                           store=home / "store", cwd=home).stderr)

    def test_documents_say_so(self):
        home = self.image_for(None)
        options = ["--network", "host", "--mount", "data:/srv/there", "--mount", "out:/out:rw"]
        expected = {"network": "host", "mounts": [{"host": str(home / "data"), "path": "/srv/there", "writable": False},
                                                  {"host": str(home / "out"), "path": "/out", "writable": True}]}
        found = lambda text: {key: value for key, value in json.loads(text).items() if key in ("network", "mounts")}
        run = self.run_terrane("--json", "run", *options, "test", "--", "/bin/true", store=home / "store", cwd=home)
        self.assertEqual(found(run.stdout), expected)
        validate = self.run_terrane("--json", "validate", *options, "--command", "/bin/cat /srv/there/file", "test", store=home / "store", cwd=home)
        self.assertEqual(found(validate.stdout), expected)
        self.assertEqual(json.loads(validate.stdout)["results"][0]["output"], "of the host\n")
        plain = self.run_terrane("--json", "validate", "--command", "/bin/true", "test", store=home / "store")
        self.assertEqual(found(plain.stdout), {})
        # Builds are validated without: what is remembered of them is what holds on Lambda.
        self.assert_fails(2, "unknown option ‘--mount’", "build", "--mount", "data:/x", home / "profile.json", store=home / "store")
        http = self.write_profile("http.json", base={"archive": str(BASE)}, validate={"http": [{"path": "/"}]})
        self.assert_fails(1, "validate.http is not run with --network host", "validate", "--network", "host", "--profile", http, "test",
                          store=home / "store")

    def test_network(self):
        """With host, this machine's loopback; and the Runtime API is the function's alone."""
        for user in self.users:
            with self.subTest(user):
                home = self.image_for(user)
                asked = []
                with socket.create_server(("127.0.0.1", 0)) as server:
                    def serve():
                        connection, _ = server.accept()
                        with connection, connection.makefile() as lines:
                            address = lines.readline().strip()
                            # The function is running. Another process of this machine, as any user.
                            accounts = [[], ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups"]] if os.geteuid() == 0 else [[]]
                            for account in accounts:
                                asked.append(subprocess.run([*account, "curl", "-sS", "--max-time", "20", f"http://{address}{NEXT}"],
                                                            capture_output=True, text=True, env={"PATH": os.environ["PATH"]}))
                            connection.sendall(b"word of the host\n")
                    thread = threading.Thread(target=serve)
                    thread.start()
                    event = self.write("event.json", json.dumps({"connect": server.getsockname()[1], "read": ["/data/file"],
                                                                 "write": {"/out/answer": "written"}}))
                    result = self.run_terrane("--json", "invoke", "--network", "host", "--mount", "data:/data", "--mount", "out:/out:rw", "test",
                                              "--event", event, store=home / "store", user=user, cwd=home)
                    thread.join()
                document = json.loads(result.stdout)
                self.assertEqual(document["network"], "host")
                answer = document["responses"][0]["response"]
                self.assertEqual((answer["heard"], answer["/data/file"]), ("word of the host\n", "of the host\n"))
                self.assertEqual((home / "out/answer").read_text(), "written")
                self.assertNotEqual(answer["api"], "127.0.0.1:9001")
                self.assertEqual(answer["hosts"], pathlib.Path("/etc/hosts").read_text())
                for other in asked:  # 52: empty reply; 56: connection reset
                    self.assertIn(other.returncode, (52, 56), other)
                    self.assertEqual(other.stdout, "")
                # By default nothing of it.
                with socket.create_server(("127.0.0.1", 0)) as server:
                    event = self.write("lonely.json", json.dumps({"connect": server.getsockname()[1]}))
                    lonely = self.run_terrane("-q", "invoke", "test", "--event", event, exit_code=1, store=home / "store", user=user)
                self.assertIn("ConnectionRefusedError", lonely.stderr)
                facts = self.sh(home, user, "cat /proc/net/dev | wc -l; hostname")
                self.assertEqual(facts.split(), ["3", "lambda"])

    @unittest.skipUnless(have("podman"), "podman is not installed")
    @unittest.skipUnless(os.geteuid() == 0, "does not apply: an ordinary user's podman needs more than this machine may have")
    def test_podman(self):
        home = self.image_for(None)
        (home / 'a,"b').mkdir()
        # Works even if crun refuses the host's cgroups.
        configuration = self.write("containers.conf", '[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\n')
        output = self.sh(home, None, "cat /srv/there/file; ls -d '/c'; touch /srv/there/x || echo no; wc -l < /proc/net/dev", "--sandbox", "podman",
                         "--mount", "data:/srv/there", "--mount", 'a,"b:/c', "--network", "host",
                         env={"CONTAINERS_CONF": str(configuration)})
        lines = output.splitlines()
        self.assertEqual(lines[:3], ["of the host", "/c", "no"])
        self.assertEqual(int(lines[3]), len(pathlib.Path("/proc/net/dev").read_text().splitlines()))


    def test_podman_gets_the_options(self):
        """A program that shows what it was given; the image is nowhere."""
        podman = self.write("bin/podman", '#!/bin/sh\nprintf "%s\\n" "$@"\n')
        podman.chmod(0o755)
        (self.directory / "data").mkdir()
        run = ["-q", "run", "--podman", "docker://registry.example/app:1"]
        environment = {"PATH": f"{podman.parent}:{os.environ['PATH']}"}
        words = self.run_terrane(*run, "--mount", "data:/a", "--network", "host", env=environment, cwd=self.directory).stdout.splitlines()
        self.assertIn(f'--mount=type=bind,ro=true,"source={self.directory}/data","destination=/a"', words)
        self.assertIn("--network=host", words)
        self.assertNotIn("--no-hosts", words)
        self.assertIn("--network=none", self.run_terrane(*run, env=environment).stdout.splitlines())
        self.assert_fails(1, "--mount with rw needs bubblewrap", *run[1:], "--mount", "data:/a:rw", env=environment, cwd=self.directory)


# A runtime: asks for events and answers with what the handler says.
BOOTSTRAP = '''
import http.client, json, os, sys
import app
connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    connection.request("GET", "/2018-06-01/runtime/invocation/next")
    response = connection.getresponse()
    event, request = json.loads(response.read()), response.headers["Lambda-Runtime-Aws-Request-Id"]
    try:
        path, body = "response", app.handler(event, None)
    except Exception as error:
        path, body = "error", {"errorType": type(error).__name__, "errorMessage": str(error)}
    connection.request("POST", f"/2018-06-01/runtime/invocation/{request}/{path}", json.dumps(body))
    connection.getresponse().read()
'''

# As boto3's users do; moto has no signatures to check unless it is told so.
PUT = """
import sys, boto3
url, path = sys.argv[1:]
s3 = boto3.client("s3", endpoint_url=url, aws_access_key_id="key", aws_secret_access_key="secret", region_name="us-east-1")
s3.create_bucket(Bucket="scenes")
s3.put_object(Bucket="scenes", Key="area/scene.tif", Body=open(path, "rb").read())
"""


@unittest.skipUnless(list(INPUTS.glob("debian12-gdal-*.tar.zst")), "profiles/inputs is empty, run scripts/debian-rootfs")
@unittest.skipUnless((VENV / "moto_server").exists(), "run scripts/install-moto")
class S3(TestCase):
    """docs/invoke.md: a cloud-optimised GeoTIFF, made by the image's GDAL, read by its function over /vsis3."""

    def setUp(self):
        super().setUp()
        self.port = free_port()
        self.log = open(self.directory / "moto.log", "wb")
        self.process = subprocess.Popen([VENV / "moto_server", "-H", "127.0.0.1", "-p", str(self.port)], stdout=self.log, stderr=self.log)
        self.addCleanup(self.log.close)
        self.addCleanup(self.process.wait)
        self.addCleanup(self.process.terminate)
        wait_for_port(self.port, self.process, 60)

    def test_a_function_reads_a_cog(self):
        image = shared_gdal_build()["name"]
        out = self.directory / "out"
        out.mkdir()
        url = f"http://127.0.0.1:{self.port}"
        # 640 x 640 pixels in tiles of 128: what one tile needs is less than the file.
        make = ("from osgeo import gdal; gdal.UseExceptions(); gdal.Translate('/out/scene.tif', '/var/task/sample.tif', format='COG', "
                "bandList=[1], width=640, height=640, creationOptions=['BLOCKSIZE=128', 'COMPRESS=NONE'])")
        self.run_terrane("-q", "run", "--mount", f"{out}:/out:rw", image, "--", PYTHON, "-c", make, store=SHARED / "store")
        scene = out / "scene.tif"
        self.assertIn(b"LAYOUT=IFDS_BEFORE_DATA", scene.read_bytes()[:300])  # GDAL's mark of a COG
        subprocess.run([VENV / "python", "-c", PUT, url, str(scene)], check=True)
        env = [word for name, value in {"AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}.items()
               for word in ("--env", f"{name}={value}")]
        events = []
        for name, path in (("rasterio", "s3://scenes/area/scene.tif"), ("gdal", "/vsis3/scenes/area/scene.tif")):
            events += ["--event", self.write(f"{name}.json", json.dumps({"path": path}))]
        result = self.run_terrane("--json", "invoke", "--network", "host", *env, *events, image, store=SHARED / "store")
        for answer in json.loads(result.stdout)["responses"]:
            band = answer["response"]["bands"][0]
            self.assertEqual((answer["response"]["width"], answer["response"]["height"]), (640, 640))
            # The sample counts from 1 to 4096; each of its pixels is 100 of the scene's.
            self.assertEqual((band["min"], band["max"], band["mean"]), (1.0, 4096.0, 2048.5))
        # GDAL's own words, which every version of it knows. Neither 3.6 nor 3.10 of the wheels knows AWS_ENDPOINT_URL.
        words = [word for value in (f"AWS_S3_ENDPOINT=127.0.0.1:{self.port}", "AWS_HTTPS=NO", "AWS_VIRTUAL_HOSTING=FALSE", "AWS_ACCESS_KEY_ID=key",
                                    "AWS_SECRET_ACCESS_KEY=secret") for word in ("--env", value)]
        ask = "from osgeo import gdal; print(gdal.Info('/vsis3/scenes/area/scene.tif', format='json')['metadata']['IMAGE_STRUCTURE']['LAYOUT'])"
        info = self.run_terrane("-q", "run", "--network", "host", *words, image, "--", PYTHON, "-c", ask, store=SHARED / "store")
        self.assertEqual(info.stdout, "COG\n")
        self.assertIn(b"GET /scenes/area/scene.tif HTTP/1.1", (self.directory / "moto.log").read_bytes())
        # Without the network there is no S3.
        lonely = self.run_terrane("-q", "invoke", *env, *events[:2], image, exit_code=1, store=SHARED / "store")
        self.assertIn("FileNotFoundError", lonely.stderr)


if __name__ == "__main__":
    unittest.main()
