"""Limits hold against a program that tries to have more: memory where the watch does not look, files without content, and
a life of its own after terrane's. Expected values are the limits of docs/sandbox.md; a probe goes on to five times as much."""

import contextlib
import ctypes
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time
import unittest

from terrane_test import BUILD, TERRANE, TestCase, have, make_tar

PROBE = BUILD / "tests/limits-probe"
SLOW_CLONE = pathlib.Path(__file__).with_name("slow_clone.c")
PR_SET_CHILD_SUBREAPER = 36

WAYS = ("first-thread-ended", "files-of-a-thread", "unreadable", "unmapped", "closed-files", "files-on-their-way",
        "many-descriptors")


def children():
    """Processes that are this one's, by birth or as orphans, with their command lines."""
    found = {}
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (path / "stat").read_text().rpartition(")")[2].split()
            if int(fields[1]) == os.getpid() and fields[0] != "Z":
                found[int(path.name)] = (path / "cmdline").read_bytes()
    return found


def reap():
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


@unittest.skipUnless(have("bwrap"), "bubblewrap is not installed")
class Limits(TestCase):
    users = [None] + (["nobody"] if os.geteuid() == 0 else [])

    def image_for(self, user):
        home = self.directory / f"home-{user}"
        home.mkdir()
        if user is not None:
            shutil.chown(home, user)
        base = home / "base.tar"
        make_tar(base, [("dev", "dir", None), ("proc", "dir", None), ("tmp", "dir", None),
                        ("probe", "file", PROBE.read_bytes(), {"mode": 0o755})])
        profile = self.write_profile(base={"archive": str(base)}, config={"entrypoint": ["/probe"]})
        self.run_terrane("-q", "build", profile, "--no-lock", store=home / "store", user=user)
        return home / "store"

    def test_memory_is_found_wherever_it_is(self):
        event = self.write("event.json", "{}")
        for user in self.users:
            store = self.image_for(user)
            for way in WAYS:
                with self.subTest(user=user, way=way):
                    result = self.run_terrane("--json", "invoke", "test", "--event", event, "--memory", "128", "--timeout", "60s",
                                              "--cmd", way, store=store, user=user, exit_code=1)
                    self.assertEqual(json.loads(result.stdout)["responses"][0]["error_type"], "Runtime.OutOfMemory")
                    self.assertNotIn("\nall\n", result.stderr)

    def test_files_without_content_are_limited(self):
        """As many as mke2fs makes inodes: one for 16 KiB, of which directories of the file system have a few."""
        for user in self.users:
            store = self.image_for(user)
            for options, directory, inodes in ([], "/tmp", (512 << 20) >> 14), (["--writable"], "/", (1 << 30) >> 14):
                with self.subTest(user=user, directory=directory):
                    output = self.run_terrane("-q", "run", *options, "test", "/probe", "make-files", directory, store=store,
                                              user=user).stdout
                    count = int(re.fullmatch(r"(\d+) No space left on device\n", output).group(1))
                    self.assertTrue(inodes - 64 < count < inodes, count)

    def wait_until_gone(self):
        end = time.monotonic() + 20
        left = children()
        while left and time.monotonic() < end:
            time.sleep(0.02)
            reap()
            left = children()
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        reap()
        self.assertEqual(left, {})

    @unittest.skipUnless(have("gcc"), "gcc is not installed")
    def test_nothing_outlives_a_killed_terrane(self):
        """Killed while bubblewrap's first process is there that waits for its parent's word, and while the program runs."""
        library = self.directory / "slow_clone.so"
        subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, SLOW_CLONE, "-ldl"], check=True)
        wrapper = self.write("bin/bwrap", f"#!/bin/sh\nLD_PRELOAD={library} exec {shutil.which('bwrap')} \"$@\"\n")
        wrapper.chmod(0o755)
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self.addCleanup(ctypes.CDLL(None).prctl, PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
        for user in self.users:
            store = self.image_for(user)
            account = [] if user is None else ["setpriv", "--reuid", user, "--regid", "nogroup", "--clear-groups"]
            for directory, processes in ((f"{wrapper.parent}:", 2), ("", 3)):
                with self.subTest(user=user, processes=processes):
                    terrane = subprocess.Popen([*account, TERRANE, "-q", "--store", store, "run", "test", "/probe", "wait"],
                                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                               env=os.environ | {"PATH": directory + os.environ["PATH"]})
                    self.wait_for_descendants(terrane.pid, processes)
                    terrane.kill()
                    terrane.wait()
                    self.wait_until_gone()

    def wait_for_descendants(self, pid, count):
        """bubblewrap, process 1 of the sandbox, and the program below that."""
        for _ in range(2000):
            line, parent = [], pid
            while True:
                try:
                    tasks = list(pathlib.Path(f"/proc/{parent}/task").iterdir())
                    below = [int(word) for task in tasks for word in (task / "children").read_text().split()]
                except OSError:
                    below = []
                if not below:
                    break
                parent = below[0]
                line.append(parent)
            if len(line) >= count:
                return
            time.sleep(0.005)
        self.fail("there was no sandbox")


FULL = r"""
set -u
mount -t tmpfs -o size=8m none "$1" || exit 77
terrane() { "$TERRANE" --store "$1/store" --quiet "${@:2}"; }
terrane "$1" build --no-lock --no-validate "$2" >&2 || exit 77  # a tmpfs without extended attributes
dd if=/dev/zero of="$1/fill" bs=4k 2>/dev/null
dd if=/dev/zero of="$1/fill2" bs=1 count=1 2>/dev/null && exit 78
terrane "$1" build --no-lock --no-validate "$3" 2>"$4/build"
echo "build $?"
terrane "$1" rm test >&2
echo "rm $?"
terrane "$1" gc >&2
echo "gc $?"
free=$(df --output=avail -B1 "$1" | tail -1)
[ "$free" -gt 2000000 ] && echo freed
rm "$1/fill" "$1/fill2"
terrane "$1" build --no-lock --no-validate "$2" 2>"$4/again" >&2
echo "again $?"
terrane "$1" fsck >&2
echo "fsck $?"
"""


@unittest.skipUnless(have("unshare"), "unshare is not installed")
class FullFileSystem(LimitsCase):
    def test_rm_and_gc_make_room(self):
        """An index with one name less needs a new file: that is what a file system that is full has no room for."""
        self.write("other/f", os.urandom(3000000))
        other = self.write_profile("other.json", name="other", trees=[{"name": "t", "directory": "other", "prefix": "/t"}])
        self.write("tree/random", os.urandom(2500000))
        (self.directory / "mount").mkdir()
        namespaces = ["unshare", "--mount"] + ([] if os.geteuid() == 0 else ["--map-root-user"])
        result = subprocess.run([*namespaces, "bash", "-c", FULL, "bash", self.directory / "mount", self.profile, other,
                                 self.directory], capture_output=True, text=True, timeout=120,
                                env=dict(os.environ, TERRANE=str(pathlib.Path(TERRANE).resolve())))
        if result.returncode == 77:
            self.skipTest(f"no tmpfs for a store here: {result.stderr}")
        self.assertEqual(result.stdout.split("\n")[:-1], ["build 1", "rm 0", "gc 0", "freed", "again 0", "fsck 0"], result.stderr)
        self.assertRegex((self.directory / "build").read_text(), r"^terrane: .*No space left on device\n$")


if __name__ == "__main__":
    unittest.main()
