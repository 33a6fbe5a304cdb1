"""images, inspect, rm, gc, fsck; two processes at once; a killed build."""

import fcntl
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
import unittest

from terrane_test import SANITIZER, TERRANE, TestCase, sha256


class Store(TestCase):
    def setUp(self):
        super().setUp()
        self.write("one/f", os.urandom(200_000))
        self.write("two/f", os.urandom(200_000))

    def build_named(self, name, directory, **options):
        return self.build(self.write_profile(f"{name}.json", name=name, trees=[
            {"name": "t", "directory": directory, "prefix": "/t"}]), **options)

    def objects(self):
        return sum(len(files) for _, _, files in os.walk(self.store / "repo/objects"))

    def test_images_inspect_and_rm(self):
        record = self.build_named("first", "one")
        self.build_named("second", "two")
        images = json.loads(self.run_terrane("--json", "images").stdout)
        self.assertEqual([image["name"] for image in images], ["first:latest", "second:latest"])
        self.assertEqual(images[0]["digest"], record["digest"])
        self.assertRegex(self.run_terrane("images").stdout, r"first:latest +sha256:[0-9a-f]{12} +linux/amd64 +2 ")
        inspected = json.loads(self.run_terrane("--json", "inspect", "first").stdout)
        self.assertEqual(inspected["digest"], record["digest"])
        self.assertIn(record["digest"], self.run_terrane("inspect", "first:latest").stdout)
        self.assert_fails(1, r"no image ‘none:latest’; there is: first:latest, second:latest", "inspect", "none")
        self.run_terrane("rm", "first")
        self.assert_fails(1, "no image ‘first:latest’", "rm", "first")

    def test_gc_frees_what_no_name_needs(self):
        first, second = self.build_named("first", "one"), self.build_named("second", "two")
        nothing = json.loads(self.run_terrane("--json", "gc").stdout)
        self.assertEqual((nothing["blobs"], nothing["objects"]), (0, 0))
        before = self.objects()
        self.run_terrane("rm", "first")
        report = json.loads(self.run_terrane("--json", "gc").stdout)
        self.assertGreaterEqual(report["blobs"], 3)  # manifest, config, one layer; the base layer is shared
        self.assertGreater(report["bytes"], 400_000)
        self.assertLess(self.objects(), before)
        self.assertFalse(self.blob(first["layers"][1]["digest"]).exists())
        self.assertTrue(self.blob(second["layers"][1]["digest"]).exists())
        self.assert_store_is_sound()
        self.assertTrue(self.build_named("second", "two")["unchanged"])
        self.assertEqual(self.build_named("first", "one")["digest"], first["digest"])

    def test_fsck_finds_and_repairs(self):
        record = self.build_named("first", "one")
        blob = self.blob(record["layers"][1]["digest"])
        data = bytearray(blob.read_bytes())
        data[1000] ^= 1
        blob.write_bytes(data)
        self.assertIn("its content has another digest",
                      self.run_terrane("fsck", exit_code=1).stderr)
        files = [os.path.join(path, name) for path, _, names in os.walk(self.store / "repo/objects") for name in names
                 if name.endswith(".file")]
        with open(max(files, key=os.path.getsize), "r+b") as file:
            file.write(b"broken")
        result = self.run_terrane("fsck", exit_code=1)
        self.assertRegex(result.stderr, r"[Cc]orrupted")
        self.run_terrane("fsck", "--repair")
        self.assert_store_is_sound()
        # The tree's source is unchanged, so only the cache knew its commit: it is read again.
        self.assertEqual(self.build_named("first", "one")["digest"], record["digest"])
        self.assert_store_is_sound()

    def test_lost_writes_of_another_boot_are_found(self):
        record = self.build_named("first", "one")
        mark = self.store / "unsynced"
        self.assertTrue(mark.exists())
        mark.write_text("00000000-0000-0000-0000-000000000000")
        blob = self.blob(record["layers"][1]["digest"])
        blob.write_bytes(b"\0" * blob.stat().st_size)  # what a crash leaves of a file that was not synced
        result = self.run_terrane("--quiet", "images")
        self.assertRegex(result.stderr, r"terrane: .*store: lost in a crash of the machine: blob sha256:")
        self.assertEqual(self.build_named("first", "one")["digest"], record["digest"])
        self.assert_store_is_sound()
        self.assertEqual("sha256:" + sha256(blob),
                         record["layers"][1]["digest"])

    def test_two_builds_at_once(self):
        profiles = [self.write_profile(f"p{i}.json", name=f"p{i}", trees=[
            {"name": "t", "directory": "one" if i % 2 else "two", "prefix": "/t"}]) for i in range(6)]
        processes = [subprocess.Popen([TERRANE, "--store", str(self.store), "-q", "build", str(profile)],
                                      stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) for profile in profiles]
        for process in processes:
            self.assertEqual((process.communicate()[1], process.returncode), ("", 0))
        self.assertEqual(len(json.loads(self.run_terrane("--json", "images").stdout)), 6)
        self.assert_store_is_sound()

    def test_gc_waits_for_builds(self):
        self.build_named("first", "one")
        with open(self.store / "lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH)
            gc = subprocess.Popen([TERRANE, "--store", str(self.store), "gc"], stdout=subprocess.DEVNULL)
            time.sleep(0.3)
            self.assertIsNone(gc.poll())
        self.assertEqual(gc.wait(20), 0)

    def test_lock_is_kept_where_the_store_cannot_be_settled(self):
        """flock(2): a shared lock that fails to become an exclusive one is gone."""
        self.build_named("first", "one")
        os.utime(self.store / "unsynced", (1, 1))  # so old that opening the store would settle it
        with open(self.store / "lock") as lock, socket.create_server(("127.0.0.1", 0)) as silent:
            fcntl.flock(lock, fcntl.LOCK_SH)
            pull = subprocess.Popen([TERRANE, "--store", str(self.store), "pull",
                                     f"docker://127.0.0.1:{silent.getsockname()[1]}/a:b"], stderr=subprocess.DEVNULL)
            try:
                with silent.accept()[0]:  # the store is open, and the registry does not answer
                    fcntl.flock(lock, fcntl.LOCK_UN)
                    with self.assertRaises(BlockingIOError):
                        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            finally:
                pull.kill()
                pull.wait()

    def test_killed_builds_do_no_harm(self):
        for i in range(60):
            self.write(f"many/{i}", os.urandom(700_000))
        profile = self.write_profile(trees=[{"name": "t", "directory": "many", "prefix": "/t"}])
        for number, delay in ((signal.SIGKILL, 0.05), (signal.SIGKILL, 0.2), (signal.SIGKILL, 0.5), (signal.SIGINT, 0.1)):
            process = subprocess.Popen([TERRANE, "--store", str(self.store), "-q", "build", str(profile)],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(delay)
            process.send_signal(number)
            process.wait()
        leftovers = [path.name for path in self.layout().rglob("*") if path.name.startswith(".tmp")]
        self.assertEqual(leftovers, [])
        self.build(profile)
        self.assert_store_is_sound()

    def test_ostree_and_the_peers_read_the_store(self):
        record = self.build_named("first", "one")
        subprocess.run(["ostree", "fsck", "-q", f"--repo={self.store}/repo"], check=True, capture_output=True)
        digest = subprocess.run(["skopeo", "inspect", "--format", "{{.Digest}}", f"oci:{self.layout()}:first:latest"],
                                check=True, capture_output=True, text=True).stdout.strip()
        self.assertEqual(digest, record["digest"])

    def test_others_can_neither_read_nor_lock_the_store(self):
        """Also a store that an older version has made, with permissions for all."""
        parts = ("repo", "images", "downloads", "cache", "roots")
        for older in (False, True):
            with self.subTest(older=older):
                if older:
                    for name in parts:
                        (self.store / name).chmod(0o755)
                    (self.store / "lock").chmod(0o644)
                self.build_named("first", "one", umask=0)
                self.assertEqual({(self.store / name).stat().st_mode & 0o777 for name in parts}, {0o700})
                self.assertEqual((self.store / "lock").stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.store.stat().st_mode & 0o777, 0o700)

    def test_permissions_of_a_directory_that_is_no_store_yet_stay(self):
        self.store.mkdir()
        self.store.chmod(0o1777)
        self.run_terrane("images")
        self.assertEqual(self.store.stat().st_mode & 0o7777, 0o1777)

    @unittest.skipUnless(os.geteuid() == 0, "needs root to give a directory to another user")
    @unittest.skipUnless(os.geteuid() == 0, "needs two users")
    def test_trees_of_a_directory_are_those_of_the_user_who_reads_it(self):
        """Files of the user that runs terrane become root's in the image, those of others stay theirs."""
        nobody = pwd.getpwnam("nobody")
        profile = self.write_profile(trees=[{"name": "t", "directory": "one", "prefix": "/t", "transforms": {"modes": "keep"}}])
        self.store.mkdir(mode=0o700)
        for path in (self.store, self.directory / "one", self.directory / "one/f"):
            os.chown(path, nobody.pw_uid, nobody.pw_gid)
        time.sleep(3)  # younger files have an identity that never comes again
        expected = {}
        for store in (self.store, self.directory / "fresh"):
            for user in ("nobody", None) if store == self.store else (None,):
                record = self.build(profile, "--no-lock", store=store, user=user, env={"TERRANE_STORE_OWNER": "nobody"})
                expected[store, user] = record["layers"][-1]["diff_id"]
        self.assertEqual(expected[self.store, None], expected[self.directory / "fresh", None])
        self.assertNotEqual(expected[self.store, None], expected[self.store, "nobody"])

    def test_store_of_another_user_is_refused_or_asked_for_by_name(self):
        nobody = pwd.getpwnam("nobody")
        self.store.mkdir()
        os.chown(self.store, nobody.pw_uid, nobody.pw_gid)
        self.assert_fails(1, rf"belongs to \u2018nobody\u2019 \({nobody.pw_uid}\)", "images")
        self.assertEqual(list(self.store.iterdir()), [])
        for wrong in ("", "root", "0", "no-such-user"):
            self.assert_fails(1, "belongs to", "images", env={"TERRANE_STORE_OWNER": wrong})
        for name in ("nobody", str(nobody.pw_uid)):
            self.run_terrane("images", env={"TERRANE_STORE_OWNER": name})


if __name__ == "__main__":
    unittest.main()
