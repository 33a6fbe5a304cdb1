"""Same inputs, same digest, whatever the surroundings."""

import json
import os
import pathlib
import random
import shutil
import subprocess
import unittest

from terrane_test import TERRANE, TestCase, have, make_tar, read_cache_entry, sha256, write_cache_entry

# Differences of another machine: entries of directories in an order of its own, another time.
SHIM = r"""
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MAX = 4096 };
static struct { DIR *dir; struct dirent *entries[MAX]; int count, next; } listing;

/* Of one directory at a time, all entries, the last one first; others as they are. */
struct dirent *readdir (DIR *dir)
{
  struct dirent *(*real) (DIR *) = dlsym (RTLD_NEXT, "readdir"), *entry;
  if (getenv ("SHUFFLE") == NULL)
    return real (dir);
  if (listing.dir != dir || listing.next < 0)
    {
      listing.dir = dir;
      listing.count = 0;
      while (listing.count < MAX && (entry = real (dir)) != NULL)
        {
          listing.entries[listing.count] = malloc (sizeof *entry);
          memcpy (listing.entries[listing.count++], entry, entry->d_reclen);
        }
      listing.next = listing.count;
      if (listing.count > 20)
        close (creat (getenv ("SHUFFLE"), 0600));
    }
  return --listing.next < 0 ? NULL : listing.entries[listing.next];
}
struct dirent64 *readdir64 (DIR *dir) { return (struct dirent64 *) readdir (dir); }

int clock_gettime (clockid_t clock, struct timespec *now)
{
  int (*real) (clockid_t, struct timespec *) = dlsym (RTLD_NEXT, "clock_gettime");
  int result = real (clock, now);
  if (clock == CLOCK_REALTIME && getenv ("LATER") != NULL)
    now->tv_sec += atol (getenv ("LATER"));
  return result;
}
"""

# Another version of libdeflate: other bytes for the same input and level. A library of its own, since terrane loads it when it is needed.
COMPRESSOR = r"""
#include <dlfcn.h>
#include <libdeflate.h>
static void *real (const char *name) { return dlsym (dlopen (REAL, RTLD_NOW | RTLD_LOCAL), name); }
#define FORWARD(type, name, parameters, ...) \
  type name parameters { return ((type (*) parameters) real (#name)) (__VA_ARGS__); }
FORWARD (struct libdeflate_compressor *, libdeflate_alloc_compressor, (int level), level + 5)
FORWARD (void, libdeflate_free_compressor, (struct libdeflate_compressor *self), self)
FORWARD (uint32_t, libdeflate_crc32, (uint32_t crc, const void *data, size_t len), crc, data, len)
FORWARD (size_t, libdeflate_deflate_compress_bound, (struct libdeflate_compressor *self, size_t len), self, len)
FORWARD (size_t, libdeflate_deflate_compress, (struct libdeflate_compressor *self, const void *in, size_t len, void *out, size_t size),
         self, in, len, out, size)
"""


class Determinism(TestCase):
    def setUp(self):
        super().setUp()
        members = [("usr", "dir", None), ("usr/share", "dir", None)]
        for i in range(200):
            members.append((f"usr/share/file-{i:03}-{'ä' * (i % 3)}", "file", bytes([i]) * (i * 997), {"mode": 0o644}))
        members += [("bin", "symlink", "usr/bin"), ("usr/su", "file", b"x", {"mode": 0o4755, "uid": 5})]
        self.inputs = self.directory / "inputs"
        self.inputs.mkdir()
        make_tar(self.inputs / "base.tar", members)
        (self.inputs / "app").mkdir()
        for i in range(50):
            (self.inputs / f"app/module_{i}.py").write_text(f"x = {i}\n" * 1000)
        # A big one, so that there are several compressed blocks.
        (self.inputs / "app/big.bin").write_bytes(b"".join(bytes([i % 251, i % 7]) for i in range(3_000_000)))
        self.profile = self.inputs / "profile.json"
        self.profile.write_text(
            '{"name": "test", "platform": "linux/amd64", "target": "oci", "base": {"archive": "base.tar"},'
            ' "trees": [{"name": "app", "directory": "app", "prefix": "/var/task"}],'
            ' "config": {"entrypoint": ["/bin/x"], "env": {"A": "1"}}}')
        self.reference = self.build(self.profile)

    def build_elsewhere(self, profile=None, **options):
        store = self.directory / f"store-{len(list(self.directory.iterdir()))}"
        arguments = options.pop("arguments", [])
        return self.build(profile or self.profile, *arguments, store=store, **options)

    def assert_same(self, record):
        self.assertEqual(record["digest"], self.reference["digest"])
        self.assertFalse(record["unchanged"], "the build was not done anew")

    def test_again(self):
        self.assert_same(self.build_elsewhere())

    def test_another_directory(self):
        copy = self.directory / "some where/else"
        shutil.copytree(self.inputs, copy, symlinks=True)
        self.assert_same(self.build_elsewhere(copy / "profile.json"))
        self.assert_same(self.build_elsewhere("profile.json", cwd=copy))

    def test_jobs(self):
        for jobs in range(1, 9):
            with self.subTest(jobs):
                self.assert_same(self.build_elsewhere(arguments=["--jobs", jobs]))

    def shim(self):
        library = self.directory / "shim.so"
        source = self.write("shim.c", SHIM)
        subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
        return str(library)

    @unittest.skipUnless(have("gcc", "unshare"), "needs gcc and unshare")
    def test_another_machine(self):
        """Another host name, time of day, times of files, order in directories: all at once, as each build costs time."""
        copy = self.directory / "moved"
        shutil.copytree(self.inputs, copy)
        for path in copy.rglob("*"):
            moment = random.Random(path.name).randrange(0, 2_000_000_000)
            os.utime(path, (moment, moment), follow_symlinks=False)
        shuffled = self.directory / "shuffled"
        rights = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        environment = {"LD_PRELOAD": self.shim(), "SHUFFLE": str(shuffled), "LATER": str(400 * 86400)}
        result = subprocess.run(["unshare", "--uts", *rights, "sh", "-c", 'hostname elsewhere && [ "$(uname -n)" = elsewhere ] && shift && exec "$@"',
                                 "sh", "-", "env", *(f"{name}={value}" for name, value in environment.items()),
                                 TERRANE, "--json", "--store", str(self.directory / "other"), "build", str(copy / "profile.json")],
                                capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertTrue(shuffled.exists(), "no directory was read in another order")
        self.assert_same(json.loads(result.stdout))

    @unittest.skipUnless(have("gcc"), "needs gcc")
    def test_another_compressor_gives_the_same_tars(self):
        """By docs/layer-format.md, the digests of layers depend on libdeflate, and their content does not."""
        real = subprocess.run(["gcc", "-print-file-name=libdeflate.so.0"], check=True, capture_output=True, text=True).stdout.strip()
        source = self.write("compressor.c", COMPRESSOR)
        library = self.directory / "other/libdeflate.so.0"
        library.parent.mkdir()
        subprocess.run(["gcc", "-shared", "-fPIC", "-O1", f'-DREAL="{real}"', "-Wl,-soname,libdeflate.so.0", "-o", library, source, "-ldl"], check=True)
        other = self.build_elsewhere(env={"LD_LIBRARY_PATH": str(library.parent)}, arguments=["--no-lock"])
        self.assertNotEqual(other["digest"], self.reference["digest"])
        self.assertNotEqual([layer["digest"] for layer in other["layers"]], [layer["digest"] for layer in self.reference["layers"]])
        for member in ("config_digest", "commit"):
            self.assertEqual(other[member], self.reference[member])
        self.assertEqual([layer["diff_id"] for layer in other["layers"]], [layer["diff_id"] for layer in self.reference["layers"]])

    @unittest.skipUnless(os.uname().machine == "x86_64", "does not apply: the processors are those of x86-64")
    @unittest.skipUnless(have("qemu-x86_64-static"), "needs qemu-x86_64-static")
    def test_another_processor(self):
        """The oldest and a newer model: compressor and digests choose their code by what the processor can do."""
        (self.inputs / "app/big.bin").write_bytes(b"".join(bytes([i % 251, i % 7]) for i in range(300_000)))
        here = self.build_elsewhere()
        for model in ("qemu64", "Haswell"):
            with self.subTest(model):
                result = subprocess.run(["qemu-x86_64-static", "-cpu", model, TERRANE, "--json", "--store", str(self.directory / model), "build",
                                         str(self.profile)], capture_output=True, text=True)
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertEqual(json.loads(result.stdout)["digest"], here["digest"])

    def test_verify(self):
        record = self.build(self.profile, "--verify")
        self.assertEqual(record["verified"], {"equal": True, "digest": record["digest"]})
        self.assertEqual(list((self.store / "roots").glob(".*")), [])
        self.assertIn("verified: built again in an empty store, with the same digest\n", self.run_terrane("build", self.profile, "--verify").stdout)

    def test_verify_finds_what_a_store_was_made_to_believe(self):
        """Another tree under the key of this one: only a build that does not ask the store notices."""
        keys, base = {}, {"archive": str(self.inputs / "base.tar"), "sha256": sha256(self.inputs / "base.tar")}
        self.build(self.write_profile("base.json", base=base))
        for name in ("right", "wrong"):
            path = make_tar(self.directory / f"{name}.tar", [("module.py", "file", f"x = {name}".encode())])
            profile = self.write_profile(f"{name}.json", base=base, trees=[{"name": "app", "archive": path.name, "sha256": sha256(path), "prefix": "/app"}])
            before = set((self.store / "cache/trees").iterdir())
            record = self.build(profile)
            (key,) = set((self.store / "cache/trees").iterdir()) - before
            keys[name] = record, key
        self.profile = self.directory / "right.json"
        (right, mine), (wrong, other) = keys["right"], keys["wrong"]
        write_cache_entry(mine, read_cache_entry(other))
        record = json.loads(self.run_terrane("--json", "build", self.profile, "--verify", "--output", f"oci:{self.directory}/out",
                                             exit_code=4).stdout)
        self.assertEqual((record["layers"][1]["digest"], record["verified"]["digest"], record["passed"]),
                         (wrong["layers"][1]["digest"], right["digest"], False))
        self.assertEqual(record["error"]["code"], "different")
        self.assertEqual(record["verified"]["difference"]["causes"], [{
            "kind": "layer", "layer": 2, "tree": "app", "path": "/app/module.py", "attribute": "content", "offset": 4,
            "a": ord("w"), "b": ord("r")}])
        self.assertFalse((self.directory / "out").exists())
        self.assertEqual(list((self.store / "roots").glob(".*")), [])
        text = self.run_terrane("build", self.profile, "--verify", exit_code=4)
        self.assertIn("module.py", text.stdout)
        self.assertRegex(text.stderr, "the same lock gives another image: layer 2, app: /app/module.py: content, byte 4")

    def test_umask(self):
        for umask in (0o000, 0o077):
            with self.subTest(oct(umask)):
                self.assert_same(self.build_elsewhere(umask=umask))

    def test_modes_of_a_checkout(self):
        copy = self.directory / "private"
        shutil.copytree(self.inputs, copy)
        for path in (copy / "app").rglob("*"):
            path.chmod(0o600)
        self.assert_same(self.build_elsewhere(copy / "profile.json"))

    def test_locale_and_time_zone(self):
        for env in ({"LC_ALL": "C"}, {"LC_ALL": "C.UTF-8", "TZ": "Asia/Tokyo"}, {"LC_ALL": "no_such_locale"}):
            with self.subTest(env):
                self.assert_same(self.build_elsewhere(env=env))

    @unittest.skipUnless(os.geteuid() == 0, "only root can become another user")
    def test_another_user(self):
        copy = self.directory / "theirs"
        shutil.copytree(self.inputs, copy)
        home = self.directory / "home"
        home.mkdir()
        shutil.chown(home, "nobody")
        for path in [copy, *copy.rglob("*")]:
            shutil.chown(path, "nobody")
        self.assert_same(self.build(copy / "profile.json", store=home / "store", user="nobody"))

    def test_order_of_directory_entries_and_archive_members(self):
        copy = self.directory / "shuffled"
        (copy / "app").mkdir(parents=True)
        for path in sorted((self.inputs / "app").iterdir(), reverse=True):
            shutil.copy(path, copy / "app")
        shutil.copy(self.profile, copy)
        tree = self.directory / "tree"
        tree.mkdir()
        subprocess.run(["tar", "-C", str(tree), "--same-permissions", "--numeric-owner", "-xf",
                        str(self.inputs / "base.tar")], check=True)
        subprocess.run(["tar", "-C", str(tree), "--numeric-owner", "-cf", str(copy / "base.tar"), "bin", "usr"],
                       check=True)
        if os.geteuid() == 0:  # else the owners of the members are lost
            self.assert_same(self.build_elsewhere(copy / "profile.json"))

    def test_source_date_epoch_changes_only_the_documents(self):
        other = self.build_elsewhere(env={"SOURCE_DATE_EPOCH": "1"})
        self.assertNotEqual(other["digest"], self.reference["digest"])
        self.assertEqual([layer["digest"] for layer in other["layers"]],
                         [layer["digest"] for layer in self.reference["layers"]])

    # A change of layer bytes for equal inputs must come with a new assembler version and new golden files, see
    # docs/layer-format.md. diffIDs do not depend on the compressor.
    def test_golden_diff_ids(self):
        golden = pathlib.Path(__file__).with_name("golden-diff-ids-v1.txt").read_text().split()
        self.assertEqual([layer["diff_id"] for layer in self.reference["layers"]], golden)

    def test_golden_digest_for_this_compressor(self):
        version = subprocess.run([TERRANE, "--version"], check=True, capture_output=True, text=True).stdout
        if "libdeflate 1.14" not in version:
            self.skipTest("the golden digests are those of libdeflate 1.14")
        golden = pathlib.Path(__file__).with_name("golden-digests-v1.txt").read_text().split()
        self.assertEqual([layer["digest"] for layer in self.reference["layers"]], golden)


if __name__ == "__main__":
    unittest.main()
