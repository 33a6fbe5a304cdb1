"""Where the system gives no thread, descriptor, memory or stack: the work is done with what there is, or there is one message."""

import functools
import http.server
import os
import pathlib
import pwd
import resource
import shutil
import subprocess
import sys
import tarfile
import threading
import unittest

from terrane_test import SANITIZER, TERRANE, Registry, TestCase, have, reachable_program

# Fails from the n-th thread on.
NO_THREADS = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
static int begun;
int
pthread_create (pthread_t *thread, const pthread_attr_t *attr, void *(*func) (void *), void *data)
{
  int (*create) (pthread_t *, const pthread_attr_t *, void *(*) (void *), void *);
  *(void **) &create = dlsym (RTLD_NEXT, "pthread_create");
  if (__atomic_fetch_add (&begun, 1, __ATOMIC_SEQ_CST) >= atoi (getenv ("THREADS")))
    return EAGAIN;
  return create (thread, attr, func, data);
}
"""


class LimitsCase(TestCase):
    def setUp(self):
        super().setUp()
        self.write("tree/large", os.urandom(100) * 20000)
        for i in range(40):
            self.write(f"tree/small/{i}", str(i))
        self.profile = self.write_profile(trees=[{"name": "t", "directory": "tree", "prefix": "/t"}])

    def run_limited(self, *arguments, limits=(), env=None, user=None, seconds=60):
        """Runs terrane with limits of its own; being killed by a signal or by the time is a failure of the test."""
        def apply():
            for what, value in limits:
                resource.setrlimit(what, (value, value))
        result = subprocess.run([TERRANE, "--store", self.store, *arguments], capture_output=True, text=True, timeout=seconds,
                                env=dict(os.environ, **(env or {})), preexec_fn=apply, user=user)
        self.assertGreaterEqual(result.returncode, 0, result.stderr)
        if result.returncode != 0:
            self.assertRegex(result.stderr.splitlines()[-1], r"^(terrane: |.*error while loading shared libraries)")
        return result

    def digest_of_unlimited_build(self):
        other = self.directory / "other"
        return self.build(self.profile, "--no-lock", store=other)["digest"]

    def build_limited(self, **options):
        shutil.rmtree(self.store, ignore_errors=True)
        return self.run_limited("--quiet", "build", "--no-lock", "--no-validate", str(self.profile), **options)


@unittest.skipUnless(have("cc"), "no C compiler")
@unittest.skipIf(SANITIZER, "does not apply: the sanitizer comes first in the list of libraries")
class Threads(LimitsCase):
    def setUp(self):
        super().setUp()
        self.shim = self.directory / "threads.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-o", self.shim, self.write("threads.c", NO_THREADS)], check=True)

    def threads(self, n):
        return {"LD_PRELOAD": str(self.shim), "THREADS": str(n)}

    def test_a_build_needs_none(self):
        digest = self.digest_of_unlimited_build()
        for n in (0, 1, 3):
            with self.subTest(threads=n):
                self.assertEqual(self.build_limited(env=self.threads(n)).returncode, 0)
                self.assertIn(digest, self.run_terrane("--json", "inspect", "test").stdout)

    def test_nor_do_commands_that_read_and_tidy(self):
        self.build(self.profile, "--no-lock")
        for command in (["images"], ["inspect", "test"], ["check", "test"], ["rm", "test"], ["gc"], ["fsck"]):
            with self.subTest(command=command):
                self.assertEqual(self.run_limited(*command, env=self.threads(0)).returncode, 0)

    @unittest.skipUnless(have("busybox", "bwrap"), "busybox and bubblewrap are not installed")
    def test_a_sandbox_says_that_it_needs_one(self):
        self.write("base/bin/busybox", pathlib.Path(shutil.which("busybox")).read_bytes()).chmod(0o755)
        self.profile = self.write_profile(config={"cmd": ["/bin/busybox"]})
        self.build(self.profile, "--no-lock")
        for command in (["run", "test", "--", "/bin/busybox", "true"], ["invoke", "--event", str(self.write("event.json", "{}")), "test"]):
            for n in (0, 1):
                with self.subTest(command=command, threads=n):
                    result = self.run_limited(*command, env=self.threads(n), seconds=120)
                    self.assertEqual(result.returncode, 1)
                    self.assertRegex(result.stderr, r"terrane: .*no thread can be started: .*ulimit -u")

    @unittest.skipUnless(have("docker-registry"), "docker-registry is not installed")
    def test_blobs_are_moved_one_after_the_other(self):
        self.build(self.profile, "--no-lock")
        with Registry(self.directory / "registry") as registry:
            image = f"docker://{registry.host}/test"
            options = ["--tls-verify", "false"]
            for n in (0, 1, 2):
                with self.subTest(threads=n):
                    self.assertEqual(self.run_limited("push", *options, "test", f"{image}:{n}", env=self.threads(n)).returncode, 0)
                    shutil.rmtree(self.directory / "other", ignore_errors=True)
                    result = self.run_limited("--store", str(self.directory / "other"), "pull", *options, f"{image}:{n}",
                                              env=self.threads(n))
                    self.assertEqual(result.returncode, 0, result.stderr)

    @unittest.skipUnless(have("ostree"), "ostree is not installed")
    def test_libostree_does_not_wait_for_one_for_ever(self):
        repository = self.directory / "repo"
        subprocess.run(["ostree", f"--repo={repository}", "init", "--mode=archive"], check=True)
        subprocess.run(["ostree", f"--repo={repository}", "commit", "-b", "x", "--owner-uid=0", "--owner-gid=0", "--no-xattrs",
                        f"--tree=dir={self.directory / 'tree'}"], check=True, capture_output=True)

        class Handler(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *_):
                pass
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(repository))) as server:
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
            url = f"http://127.0.0.1:{server.server_address[1]}"
            self.profile = self.write_profile(trees=[{"name": "t", "ostree": {"repository": url, "ref": "x"}, "prefix": "/t"}])
            codes = []
            for n in (0, 2, 4, 5, 6, 9):
                with self.subTest(threads=n):
                    result = self.build_limited(env=self.threads(n))
                    codes.append(result.returncode)
                    if result.returncode != 0:
                        self.assertRegex(result.stderr, "terrane: .*(no thread can be started|creating thread)")
            server.shutdown()
        self.assertEqual((codes[0], codes[-1]), (1, 0))


class OtherLimits(LimitsCase):
    @unittest.skipIf(SANITIZER, "does not apply: the sanitizer reserves addresses")
    def test_little_address_space(self):
        """Whatever the size at which it is not enough: a message. The smaller ones do not load the libraries."""
        digest = self.digest_of_unlimited_build()
        codes = set()
        for mebibytes in [*range(56, 120, 8), 256]:
            with self.subTest(mebibytes=mebibytes):
                result = self.build_limited(limits=[(resource.RLIMIT_AS, mebibytes << 20)])
                codes.add(result.returncode)
                if result.returncode == 0:
                    self.assertIn(digest, self.run_terrane("--json", "inspect", "test").stdout)
                elif result.returncode == 1:
                    self.assertRegex(result.stderr, "terrane: .*(failed to allocate|Cannot allocate memory|memory)")
        self.assertLessEqual({0, 1}, codes)

    @unittest.skipIf(SANITIZER, "does not apply: instrumented frames are larger")
    def test_small_stack(self):
        """The deepest JSON that is read, on the stack that is said to be enough; on less, a message, or the limit is raised."""
        nested = self.write("nested.json", '{"name": ' + 2040 * "[" + 2040 * "]" + "}")
        deep = self.write_profile("deep.json", trees=[{"name": "t", "archive": "deep.tar", "prefix": "/t"}])
        with tarfile.open(self.directory / "deep.tar", "w", format=tarfile.PAX_FORMAT) as tar:
            for depth in (500, 1000, 1500, 2000):
                entry = tarfile.TarInfo("/".join(depth * "d"))
                entry.type = tarfile.DIRTYPE
                tar.addfile(entry)
        for kibibytes in (128, 256, 512, 1023):
            with self.subTest(kibibytes=kibibytes):
                result = self.run_limited("images", limits=[(resource.RLIMIT_STACK, kibibytes << 10)])
                self.assertEqual(result.returncode, 1)
                self.assertIn("too small a stack is allowed: 'ulimit -s' must be 1024 or more", result.stderr)
        at_least = [(resource.RLIMIT_STACK, 1024 << 10)]
        self.assertEqual(self.run_limited("--quiet", "build", "--no-lock", str(nested), limits=at_least).returncode, 2)
        self.assertEqual(self.run_limited("--quiet", "build", "--no-lock", str(deep), limits=at_least).returncode, 0)
        result = subprocess.run(["sh", "-c", 'ulimit -S -s 256 && exec "$0" "$@"', TERRANE, "--store", self.store, "--quiet", "build",
                                 "--no-lock", nested], capture_output=True, text=True)
        self.assertEqual(result.returncode, 2, result.stderr)

    def test_too_few_descriptors(self):
        for n in (16, 31):
            with self.subTest(descriptors=n):
                result = self.run_limited("images", limits=[(resource.RLIMIT_NOFILE, n)])
                self.assertEqual(result.returncode, 1)
                self.assertIn("too few descriptors", result.stderr)

    @unittest.skipUnless(os.geteuid() == 0, "needs root to be another user, whose processes are few")
    @unittest.skipIf(SANITIZER, "does not apply: LeakSanitizer needs a process of its own")
    def test_limit_of_processes(self):
        """The kernel's own refusal: a user who may have as many processes and threads as there are already."""
        program = reachable_program(TERRANE)
        nobody = pwd.getpwnam("nobody")
        os.chown(self.directory, nobody.pw_uid, nobody.pw_gid)
        script = ("import os, resource, sys\n"
                  f"os.setgroups([]); os.setgid({nobody.pw_gid}); os.setuid({nobody.pw_uid})\n"
                  "resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))\n"
                  "os.execv(sys.argv[1], sys.argv[1:])\n")
        result = subprocess.run([sys.executable, "-c", script, program, "--store", self.store, "--json", "build", "--no-lock",
                                 "--no-validate", self.profile], capture_output=True, text=True, timeout=60,
                                env=dict(os.environ, HOME=str(self.directory)))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(self.digest_of_unlimited_build(), result.stdout)


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
