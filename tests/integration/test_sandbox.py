"""Validation in the sandbox, as an ordinary user and as root, on the Debian base of the shipped profile."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import unittest

from terrane_test import INPUTS, SANITIZER, TERRANE, TestCase, have, reachable_file, seeded_store, sha256, without_overlays

BASE = reachable_file(next(iter(sorted(INPUTS.glob("debian12-base-*.tar.zst"))), None))

# The promises of the sandbox, checked from inside.
PROBE = r'''
import json, os, socket
facts = {"uid": os.getuid(), "gid": os.getgid(), "env": dict(os.environ), "cwd": os.getcwd(),
         "shm": os.path.exists("/dev/shm"), "interfaces": [name for _, name in socket.if_nameindex()]}
def attempt(function):
    try:
        function()
        return "done"
    except OSError as error:
        return os.strerror(error.errno)
facts["write_root"] = attempt(lambda: open("/var/file", "w"))
facts["write_dev"] = attempt(lambda: open("/dev/file", "w"))
facts["write_tmp"] = attempt(lambda: open("/tmp/file", "w"))
facts["connect"] = attempt(lambda: socket.create_connection(("192.0.2.1", 80), 2))
status = dict(line.split(":\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\t" in line)
facts["capabilities"] = int(status["CapEff"], 16) | int(status["CapBnd"], 16)
facts["no_new_privs"] = status["NoNewPrivs"]
facts["tmp_bytes"] = os.statvfs("/tmp").f_blocks * os.statvfs("/tmp").f_frsize
facts["home"] = os.path.expanduser("~")
facts["make_home"] = attempt(lambda: os.makedirs(os.path.expanduser("~/.cache")))
facts["tmpfs"] = [line.split()[1] for line in open("/proc/mounts") if line.split()[2] == "tmpfs"]
facts["init"] = open("/proc/1/comm").read().strip()
print("FACTS " + json.dumps(facts))
'''


@unittest.skipIf(BASE is None, "profiles/inputs is empty, run scripts/debian-rootfs")
class Sandbox(TestCase):
    users = [None] + (["nobody"] if os.geteuid() == 0 else [])

    def setUp(self):
        super().setUp()
        seeded_store(self.store, base={"archive": str(BASE)})

    def profile(self, **validate):
        return self.write_profile(base={"archive": str(BASE)}, validate=validate, config={
            "env": {"PATH": "/usr/bin", "GREETING": "hello world = ä"}, "working_dir": "/usr"})

    def store_for(self, user):
        if user is None:
            return self.store
        home = self.directory / f"home-{user}"
        if not home.exists():
            home.mkdir()
            shutil.chown(home, user)
            seeded_store(home / "store", user, base={"archive": str(BASE)})
        return home / "store"

    def test_what_the_program_sees(self):
        self.write("probe.py", PROBE)
        for user in self.users:
            with self.subTest(user):
                record = self.build(self.profile(scripts=["probe.py"]), store=self.store_for(user), user=user)
                output = record["validation"][0]["output"]
                facts = json.loads(re.search("^FACTS (.*)$", output, re.MULTILINE).group(1))
                self.assertEqual((facts["uid"], facts["gid"]), (993, 990))
                self.assertEqual(facts["env"] | {"PWD": "/usr"},
                                 {"PATH": "/usr/bin", "GREETING": "hello world = ä", "PWD": "/usr"} |
                                 {key: value for key, value in facts["env"].items() if key == "LC_CTYPE"})
                self.assertEqual(facts["cwd"], "/usr")
                self.assertEqual(facts["write_root"], "Read-only file system")
                self.assertIn(facts["write_dev"], ("Read-only file system", "Permission denied"))
                self.assertEqual(facts["write_tmp"], "done")
                self.assertEqual(facts["tmp_bytes"], 512 * 1024 * 1024)
                self.assertFalse(facts["shm"])
                self.assertEqual(facts["interfaces"], ["lo"])
                self.assertEqual(facts["connect"], "Network is unreachable")
                self.assertEqual((facts["capabilities"], facts["no_new_privs"]), (0, "1"))
                self.assertEqual(facts["init"], "init")
                self.assertEqual(facts["home"], "/home/sbx_user1051")
                self.assertEqual(facts["make_home"], "Read-only file system")
                # glibc before 2.34 would make semaphores of multiprocessing there, which Lambda has no place for.
                self.assertEqual([path for path in facts["tmpfs"] if not path.startswith("/dev/")], [])

    def test_failures_are_told_apart_and_all_are_run(self):
        self.write("crash.py", "import ctypes; ctypes.string_at(0)\n")
        self.write("slow.py", "import time; time.sleep(100)\n")
        self.write("big.py", "x = bytearray(200 * 1024 * 1024)\n")
        self.write("direct.sh", "#!/bin/sh\necho from the shell; exit 7\n")
        for user in self.users:
            with self.subTest(user):
                store = self.store_for(user)
                record_path = store.parent / "record.json"
                profile = self.profile(imports=["json", "no_such_module"], timeout=2,
                                       scripts=["crash.py", "slow.py", "big.py", "direct.sh"])
                message = self.assert_fails(3, "4 of 6 validations failed", "build", profile, "--record", record_path,
                                            store=store, user=user)
                for part in ("import no_such_module: ModuleNotFoundError: No module named 'no_such_module'\n", "  | Traceback (most recent call last)",
                             "script crash.py: was killed by signal 11", "script slow.py: was killed after 2 s",
                             "script direct.sh: failed with exit code 7\n  | from the shell"):
                    self.assertIn(part, message)
                results = {result["name"]: result for result in json.loads(record_path.read_text())["validation"]}
                self.assertTrue(results["json"]["passed"] and results["big.py"]["passed"])
                # Memory is that of the program alone, not of terrane or bubblewrap.
                self.assertGreater(results["big.py"]["peak_rss_bytes"], 200 * 1024 * 1024)
                self.assertLess(results["big.py"]["peak_rss_bytes"], 230 * 1024 * 1024)
                self.assertLess(results["json"]["peak_rss_bytes"], 20 * 1024 * 1024)
                self.assertGreater(results["slow.py"]["wall_usecs"], 1_900_000)
                self.assertLess(results["slow.py"]["wall_usecs"], 10_000_000)
                # The image has no name, so nothing can be pushed or run by mistake.
                self.assertEqual(self.run_terrane("--json", "images", store=store, user=user).stdout, "[]\n")

    def test_a_result_is_remembered_until_something_changes(self):
        script = self.write("check.py", "print('first')\n")
        profile = self.profile(scripts=["check.py"])
        self.assertFalse(self.build(profile)["validation_cached"])
        self.assertTrue(self.build(profile)["validation_cached"])
        script.write_text("raise SystemExit('changed')\n")
        self.assert_fails(3, "changed", "build", profile)
        self.run_terrane("build", profile, "--no-validate")

    def test_no_python(self):
        self.assert_fails(1, r"no python3 in its PATH \(/usr/local/sbin:.*:/bin\)", "build",
                          self.write_profile(validate={"imports": ["json"]}))

    def test_writable_in_a_store_of_any_name(self):
        """Commas, colons and backslashes have a meaning in the options of an overlay."""
        for user in self.users:
            with self.subTest(user):
                store = self.store_for(user).parent / "a,b:c\\d e"
                self.build(self.profile(), store=store, user=user)
                result = self.run_terrane("-q", "run", "--writable", "test", "--", "/bin/sh", "-c",
                                          "echo new > /etc/new && cat /etc/new && rm /etc/debian_version", store=store, user=user)
                self.assertEqual(result.stdout, "new\n")
                result = self.run_terrane("-q", "run", "test", "--", "/bin/sh", "-c", "ls /etc/new /etc/debian_version",
                                          store=store, user=user, exit_code=2)
                self.assertEqual(result.stdout, "/etc/debian_version\n")

    @unittest.skipIf(SANITIZER, "does not apply: the sanitizer comes first in the list of libraries")
    def test_a_kernel_without_overlays_in_namespaces(self):
        """If the preparation fails, the sandbox is started again, with a tmpfs for /tmp."""
        self.build(self.profile())
        command = ["-q", "run", "test", "--", "/bin/sh", "-c", "grep ' /tmp ' /proc/mounts | cut -d' ' -f3"]
        self.assertEqual(self.run_terrane(*command).stdout, "overlay\n")
        self.assertEqual(self.run_terrane(*command, env=without_overlays(self.directory)).stdout, "tmpfs\n")

    def test_a_store_of_a_relative_path(self):
        """For all that uses a file system of the store: compiling, validation and run. The sandbox changes the directory."""
        self.write("app/a.py", "x = 1\n")
        self.write("there.py", "import json; print(json.__file__)\n")
        profile = self.write_profile(base={"archive": str(BASE)}, trees=[{"name": "app", "directory": "app", "prefix": "/opt/app"}],
                                     transforms={"bytecode": "unchecked-hash"}, config={"env": {"PATH": "/usr/bin"}}, validate={"scripts": ["there.py"]})
        for user in self.users:
            with self.subTest(user):
                store = self.store_for(user)
                where = {"store": store.name, "cwd": store.parent, "user": user}
                record = self.build(profile, "--no-lock", **where)
                self.assertIn("/json/__init__.py", record["validation"][0]["output"])
                result = self.run_terrane("-q", "run", "test", "--", "/bin/sh", "-c", "ls /opt/app/__pycache__", **where)
                self.assertEqual(result.stdout, "a.cpython-311.pyc\n")

    def test_bubblewrap_fails_while_it_makes_the_sandbox(self):
        """After it has said what its child is: the source of a mount is not there."""
        real = shutil.which("bwrap")
        self.write("bin/bwrap", f'#!/bin/sh\nexec {real} --ro-bind /nonexistent /x "$@"\n').chmod(0o755)
        self.build(self.profile(), "--no-lock")
        result = self.run_terrane("-q", "run", "test", "--", "/bin/true", exit_code=1,
                                  env={"PATH": f"{self.directory / 'bin'}:/usr/bin:/bin"})
        self.assertRegex(result.stderr, "bwrap: .*/nonexistent(?s:.*)terrane: .*the sandbox could not be made; bubblewrap says above why not")

    def test_what_lambda_lacks_is_explained(self):
        self.write("home.py", "import pathlib; (pathlib.Path.home() / '.cache').mkdir(parents=True)\n")
        self.write("lock.py", "import multiprocessing; multiprocessing.Lock()\n")
        self.write("full.py", "open('/tmp/x', 'wb').write(bytes(3 << 20))\n")
        self.write("metadata.py", "import importlib.metadata; importlib.metadata.version('rio-tiler')\n")
        profile = json.loads(self.profile(scripts=["home.py", "lock.py", "full.py", "metadata.py"]).read_text())
        path = self.write("limited.json", json.dumps(profile | {"limits": {"tmp": "2MiB"}}))
        for user in self.users:
            with self.subTest(user):
                message = self.assert_fails(3, "4 of 4 validations failed", "build", path, store=self.store_for(user), user=user)
                for script, text in {"home.py": "the user's home is named in /etc/passwd and does not exist",
                                     "lock.py": "Lambda has no /dev/shm", "full.py": "/tmp is full: it has 2 MB here",
                                     "metadata.py": "nothing along sys.path is the installed package ‘rio-tiler’"}.items():
                    self.assertRegex(message, rf"(?s)script {script}: failed with exit code 1\n(  \|[^\n]*\n)*  → {text}")

    def test_probes_are_refused_before_the_build(self):
        """The base does not exist, which is not noticed."""
        profile = self.write_profile(base={"archive": "/no/such"}, validate={"http": [{"path": "/"}]},
                                     config={"entrypoint": ["/bin/true"]}, target="oci")
        self.assert_fails(1, "validate.invoke and validate.http need --sandbox bubblewrap or none", "build", profile, "--sandbox", "podman")

    def test_bubblewrap_missing(self):
        self.assert_fails(1, r"bubblewrap is not installed; 'sudo apt install bubblewrap'", "build",
                          self.profile(imports=["json"]), env={"PATH": str(self.directory)})

    def test_user_namespaces_forbidden(self):
        """A stand-in says what bubblewrap says where namespaces are forbidden; this host allows them."""
        fake = self.write("bin/bwrap", "#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
        fake.chmod(0o755)
        self.assert_fails(1, r"the sandbox could not be made: .* user namespaces.*\(bwrap: No permissions", "build",
                          self.profile(imports=["json"]), env={"PATH": f"{fake.parent}:/usr/bin:/bin"})

    def checkout_facts(self, store, name):
        """Everything about a checkout that its files are, besides their content, which hard links share."""
        manifest = self.run_terrane("--json", "images", store=store).stdout
        self.assertIn(name, manifest)
        facts = {}
        [root] = [path for path in (store / "roots").iterdir() if not path.name.startswith(".")]
        for directory, names, files in os.walk(root):
            for path in [os.path.join(directory, entry) for entry in names + files] + [directory]:
                info = os.lstat(path)
                relative = os.path.relpath(path, root)
                if relative in ("proc", "dev", "tmp"):
                    continue
                value = os.readlink(path) if os.path.islink(path) else \
                    sha256(path) if os.path.isfile(path) else None
                facts[relative] = (info.st_mode, info.st_uid, info.st_size if not os.path.isdir(path) else 0,
                                   info.st_mtime if value is None and relative != "." else 0, value)
        return facts

    def test_a_checkout_becomes_the_next_ones(self):
        """Only what differs is checked out, and the result is that of a checkout from nothing."""
        def write(version):
            tree = self.directory / "tree"
            if version == 1:
                for name in ("same/a", "gone/file", "kind", "deep/er/x", "mode/x", "readonly/x"):
                    self.write(f"tree/{name}", f"{name} one\n")
                (tree / "link").symlink_to("same/a")
                (tree / "becomes").symlink_to("same")
            else:
                (tree / "deep/er/x").write_text("changed\n")
                shutil.rmtree(tree / "gone")
                (tree / "kind").unlink()
                self.write("tree/kind/file", "now a directory\n")
                (tree / "link").unlink()
                (tree / "link").write_text("now a file\n")
                (tree / "becomes").unlink()
                (tree / "becomes").mkdir()
                (tree / "mode").chmod(0o700)
                self.write("tree/new/deep/file", "new\n").chmod(0o755)
                (tree / "readonly").chmod(0o755)
                (tree / "readonly/x").write_text("changed\n")
            (tree / "readonly").chmod(0o555)
            return self.write_profile(base={"archive": str(BASE)}, trees=[
                {"name": "tree", "directory": "tree", "prefix": "/opt/tree"}])
        (self.directory / "tree").mkdir()
        for version in (1, 2):
            self.run_terrane("build", write(version), "--no-lock")
            self.run_terrane("run", "test", "--", "/bin/true")
            if version == 1:
                [first] = (self.store / "roots").iterdir()
                inode = first.stat().st_ino
        [second] = (self.store / "roots").iterdir()
        self.assertNotEqual(first.name, second.name)
        self.assertEqual(second.stat().st_ino, inode)
        other = self.directory / "other"
        self.run_terrane("build", self.directory / "profile.json", "--no-lock", store=other)
        self.run_terrane("run", "test", "--", "/bin/true", store=other)
        changed, new = self.checkout_facts(self.store, "test"), self.checkout_facts(other, "test")
        self.assertEqual([(path, changed.get(path), new.get(path)) for path in sorted(changed.keys() | new.keys())
                          if changed.get(path) != new.get(path)], [])
        self.assert_store_is_sound()

    def test_a_checkout_in_use_is_left_alone(self):
        self.write("tree/file", "one\n")
        profile = self.write_profile(base={"archive": str(BASE)}, trees=[
            {"name": "tree", "directory": "tree", "prefix": "/opt/tree"}])
        self.run_terrane("build", profile, "--no-lock")
        with subprocess.Popen([TERRANE, "--store", str(self.store), "run", "test", "--", "/bin/sh", "-c",
                               "cat /opt/tree/file; read x; cat /opt/tree/file"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
            self.assertEqual(running.stdout.readline(), "one\n")
            self.write("tree/file", "two\n")
            self.run_terrane("build", profile, "--no-lock")
            self.assertEqual(self.run_terrane("run", "test", "--", "/bin/cat", "/opt/tree/file").stdout, "two\n")
            output, _ = running.communicate("go\n")
            self.assertEqual(output, "one\n")
        self.assertEqual(len(list((self.store / "roots").iterdir())), 2)

    def test_user_namespaces_switched_off(self):
        """By the kernel itself, in a user namespace of which the test has the setting."""
        self.write("check.sh", "#!/bin/sh\n")
        probe = ["unshare", "--user", "--map-root-user", "sh", "-c", "echo 0 >/proc/sys/user/max_user_namespaces"]
        if subprocess.run(probe, capture_output=True).returncode != 0:
            self.skipTest("this host allows no user namespace")
        profile = self.profile(scripts=["check.sh"])
        result = subprocess.run(["unshare", "--user", "--map-root-user", "sh", "-c",
                                 'echo 0 >/proc/sys/user/max_user_namespaces; exec "$@"', "sh", TERRANE, "--quiet", "--store",
                                 str(self.store), "build", "--no-lock", str(profile)], capture_output=True, text=True)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("user namespaces are switched off; allow them with 'sudo sysctl user.max_user_namespaces=15000'",
                      result.stderr)

    @unittest.skipUnless(have("podman") and os.geteuid() == 0, "needs podman and root")
    def test_podman(self):
        # Works even if crun refuses the host's cgroups.
        configuration = self.write("containers.conf", '[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\n')
        self.write("check.sh", "#!/bin/sh\nexec 2>&1\nid -u; id -g; ulimit -n; grep -E 'NoNewPrivs|CapEff' /proc/self/status | tr -s '\\t' ' '\n"
                               "echo x >/tmp/file && echo written\necho x >/etc/file\necho $GREETING; ls /sys/class/net\n"
                               "ls -d /dev/shm; cat /proc/sys/kernel/hostname; echo x >/var/tmp/file; "
                               "echo ${HTTPS_PROXY:-no proxy} ${https_proxy:-here}\n"
                               "echo \"$LINES\" $AWS_ACCESS_KEY_ID; cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max; exit 7\n")
        # A name without a value, and one with an asterisk, would be the host's variables to podman.
        profile = self.write_profile(base={"archive": str(BASE)}, validate={"scripts": ["check.sh"]}, config={"env": {
            "PATH": "/usr/bin", "GREETING": "hello world = ä", "LINES": "one\n#two\n\"three\" "}})
        record_path = self.directory / "record.json"
        host = {"CONTAINERS_CONF": str(configuration), "HTTPS_PROXY": "http://u:p@192.0.2.1", "https_proxy": "http://u:p@192.0.2.1",
                "AWS_ACCESS_KEY_ID": "hosts"}
        self.assert_fails(3, "script check.sh: failed with exit code 7", "build", profile, "--no-lock", "--sandbox", "podman",
                          "--record", record_path, env=host)
        result = json.loads(record_path.read_text())["validation"][0]
        self.assertEqual(result["sandbox"], "podman")
        lines = result["output"].splitlines()
        self.assertEqual(lines[:3], ["993", "990", "1024"])
        for line in ("CapEff: 0000000000000000", "NoNewPrivs: 1", "written", "hello world = ä", "lo", "lambda", "no proxy here", "1024"):
            self.assertIn(line, lines)
        self.assertIn('one\n#two\n"three" \n', result["output"])
        self.assertNotIn("hosts", lines)
        self.assertRegex(result["output"], "/dev/shm.*No such file")
        self.assertRegex(result["output"], "/var/tmp/file: (Read-only file system|Permission denied)")
        self.assertRegex(result["output"], "etc/file: Read-only file system")
        slow = self.write("slow.sh", "#!/bin/sh\nexec sleep 1000\n")
        self.assert_fails(3, "script slow.sh:? was killed after 3 s", "build",
                          self.profile(scripts=[slow.name], timeout=3), "--no-lock", "--sandbox", "podman",
                          env={"CONTAINERS_CONF": str(configuration)})
        names = subprocess.run(["podman", "ps", "--all", "--format", "{{.Names}}"], capture_output=True, text=True).stdout
        self.assertNotIn("terrane-", names)

    def test_podman_gets_no_variable_of_the_image(self):
        """Not even one that a file of variables cannot have: LD_PRELOAD would load a library of the image on the host."""
        podman = self.write("bin/podman", "#!/bin/sh\nenv\nprintf 'argument %s\\n' \"$@\"\n")
        podman.chmod(0o755)
        self.run_terrane("-q", "build", self.write_profile(config={"env": {
            "LD_PRELOAD": "x\n:/image/l.so", "PLAIN": "value", "STAR*": "a\nb"}}), "--no-validate")
        result = self.run_terrane("-q", "run", "--sandbox", "podman", "test", "--", "/program",
                                  env={"PATH": f"{podman.parent}:{os.environ['PATH']}"})
        environment, _, arguments = result.stdout.partition("argument ")
        self.assertNotRegex(environment, "LD_PRELOAD|/image|PLAIN|STAR")
        self.assertIn("argument --env=LD_PRELOAD=x\n:/image/l.so\n", "argument " + arguments)


if __name__ == "__main__":
    unittest.main()