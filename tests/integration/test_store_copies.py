"""A store that was copied: what caches of CI, tar, cp, zip and half a transfer leave of it costs time, never a build."""

import itertools
import os
import pwd
import shutil
import subprocess
import unittest
import zipfile

from terrane_test import TestCase, copy_store, have, make_tar, read_cache_entry, remove_tree, sha256

PARTS = ("repo", "images", "downloads", "cache", "roots", "version", "lock")
WARNING = "is a copy that is not whole"


def lose_attributes(path):
    """The attributes of a file besides its content and its mode; a mark is an attribute, too."""
    for name in os.listxattr(path, follow_symlinks=False):
        os.removexattr(path, name, follow_symlinks=False)


def walk(store):
    return [path for path in sorted(store.rglob("*")) if path.is_file() and not path.is_symlink()]


class Copies(TestCase):
    def setUp(self):
        super().setUp()
        self.write("one/f", os.urandom(100_000))
        self.write("one/d/m.py", "x = 1\n" * 1000)
        self.write("one/tool", "#!/bin/sh\n").chmod(0o755)
        (self.directory / "one/link").symlink_to("f")
        make_tar(self.directory / "two.tar", [("a", "file", b"a" * 5000), ("b", "link", "a"), ("c", "symlink", "a"), ("e", "dir", None)])
        self.profile = self.write_profile(trees=[{"name": "t", "directory": "one", "prefix": "/t"},
                                                 {"name": "u", "archive": "two.tar", "prefix": "/u"}])
        self.digest = self.build(self.profile, "--no-lock")["digest"]
        self.copy = self.directory / "copy"

    def heals(self, warns, store=None, user=None):
        """The next build gives the same image, with one warning or none, and what follows finds nothing to do."""
        store = store or self.copy
        result = self.run_terrane("build", "--no-lock", self.profile, store=store, user=user)
        self.assertIn(self.digest, result.stdout)
        self.assertEqual(result.stderr.count(WARNING), 1 if warns else 0, result.stderr)
        self.assertEqual(self.run_terrane("fsck", store=store, user=user).stderr, "")

    def run_program(self, *words, **options):
        subprocess.run(list(map(str, words)), check=True, cwd=self.directory, **options)

    def test_tar_as_caches_of_ci_call_it(self):
        self.run_program("tar", "-cf", "c.tar", "store")
        remove_tree(self.store)
        self.run_program("tar", "-xf", "c.tar")
        self.heals(True, self.store)
        self.heals(False, self.store)

    def test_tar_that_keeps_attributes(self):
        self.run_program("tar", "--xattrs", "--xattrs-include=*", "-cf", "c.tar", "store")
        remove_tree(self.store)
        self.run_program("tar", "--xattrs", "--xattrs-include=*", "-xf", "c.tar")
        self.heals(False, self.store)

    def test_cp(self):
        for options, warns in ((["-r"], True), (["-a"], False), (["-rL"], True)):
            with self.subTest(options=options):
                remove_tree(self.copy)
                self.run_program("cp", *options, "store", "copy")
                self.heals(warns)

    @unittest.skipUnless(have("rsync"), "rsync is not installed")
    def test_rsync(self):
        for options, warns in ((["-a"], True), (["-aX"], False), (["-r"], True)):
            with self.subTest(options=options):
                remove_tree(self.copy)
                self.run_program("rsync", *options, "store/", "copy/")
                self.heals(warns)

    def test_part_that_took_the_place_of_another(self):
        """A cache that lists directories restores some of them into a store that is there."""
        copy_store(self.store, self.copy)
        remove_tree(self.copy / "repo")
        self.run_program("cp", "-r", "store/repo", "copy/repo")
        self.heals(True)

    def test_zip_without_empty_directories_modes_and_hidden_files(self):
        """The attributes that upload-artifact keeps."""
        with zipfile.ZipFile(self.directory / "a.zip", "w") as archive:
            for path in walk(self.store):
                if not any(part.startswith(".") for part in path.relative_to(self.store).parts):
                    archive.writestr(str(path.relative_to(self.store)), path.read_bytes())
        with zipfile.ZipFile(self.directory / "a.zip") as archive:
            archive.extractall(self.copy)
        self.heals(True)

    def test_parts_of_it(self):
        """With their attributes, as a cache that lists directories restores them."""
        for kept in itertools.chain(*(itertools.combinations(PARTS[:4], n) for n in (0, 1, 3))):
            with self.subTest(kept=kept):
                remove_tree(self.copy)
                self.copy.mkdir()
                for part in kept:
                    shutil.copytree(self.store / part, self.copy / part, symlinks=True)
                if len(kept) == 3:
                    shutil.copy2(self.store / "version", self.copy / "version")
                self.heals(False)  # what is there is whole

    def test_files_that_came_half_or_not_at_all(self):
        files = [path.relative_to(self.store) for path in walk(self.store) if path.parts[len(self.store.parts)] in PARTS[:4]]
        self.assertIn("images/oci-layout", map(str, files))
        self.assertIn("repo/config", map(str, files))
        for damage in ("cut", "empty", "gone", "flipped"):
            for offset in range(2):
                with self.subTest(damage=damage, offset=offset):
                    remove_tree(self.copy)
                    shutil.copytree(self.store, self.copy, symlinks=True)
                    for name in files[offset::2]:
                        path = self.copy / name
                        if damage == "gone":
                            path.unlink()
                        elif damage == "flipped":
                            content = path.read_bytes()
                            path.write_bytes(bytes([content[0] ^ 1]) + content[1:] if content else b"x")
                        else:
                            os.truncate(path, path.stat().st_size // 2 if damage == "cut" else 0)
                    result = self.run_terrane("build", "--no-lock", self.profile, store=self.copy)
                    self.assertIn(self.digest, result.stdout)
                    self.assertLessEqual(result.stderr.count(WARNING), 1)
                    self.assertEqual(self.run_terrane("fsck", store=self.copy).stderr, "")

    def test_times(self):
        """All at once, or 1970: what is verified does not go by them."""
        for moment in (0, 2_000_000_000):
            with self.subTest(moment=moment):
                remove_tree(self.copy)
                shutil.copytree(self.store, self.copy, symlinks=True)
                for path in (self.copy, *self.copy.rglob("*")):
                    os.utime(path, (moment, moment), follow_symlinks=False)
                self.heals(False)

    def test_permissions(self):
        """A umask removed all of them; only the user needs any. As an ordinary user, since root is not restricted."""
        root = os.geteuid() == 0
        user = "nobody" if root else None
        for mode in (0o000, 0o200, 0o500):
            with self.subTest(mode=oct(mode)):
                remove_tree(self.copy)
                shutil.copytree(self.store, self.copy, symlinks=True)
                for path in (self.copy, *self.copy.rglob("*")):
                    lose_attributes(path)
                    if root:
                        os.chown(path, pwd.getpwnam("nobody").pw_uid, -1, follow_symlinks=False)
                    if path not in (self.copy, self.copy / "lock") and not path.is_symlink():
                        path.chmod(mode)
                self.directory.chmod(0o755)
                self.heals(True, user=user)

    def test_store_over_another_one(self):
        """Two machines' stores in one directory: with cp into the files that are there, and with tar, which replaces them."""
        other = self.directory / "other"
        self.write("three/g", "g" * 3000)
        second = self.write_profile("second.json", name="second", trees=[{"name": "v", "directory": "three", "prefix": "/v"}])
        expected = self.build(second, "--no-lock", store=other)["digest"]
        for command in (["cp", "-rT", "other", "copy"], ["cp", "-aT", "other", "copy"],
                        ["sh", "-c", "tar -C other -cf - . | tar -C copy -xf -"]):
            with self.subTest(command=command):
                remove_tree(self.copy)
                copy_store(self.store, self.copy)
                for path in walk(self.copy / "repo"):  # not the ones of self.store, which cp would write into
                    if path.stat().st_nlink > 1:
                        shutil.copy2(path, path.with_name("new"))
                        path.with_name("new").rename(path)
                self.run_program(*command)
                self.heals("-aT" not in command)
                self.assertEqual(self.build(second, "--no-lock", store=self.copy)["digest"], expected)
                self.assertEqual(self.run_terrane("fsck", store=self.copy).stderr, "")

    def test_copy_during_another_boot(self):
        """The mark of unsynced writes comes along; one verification answers both."""
        shutil.copytree(self.store, self.copy, symlinks=True)
        (self.copy / "unsynced").write_text("00000000-0000-0000-0000-000000000000")
        for path in walk(self.copy):
            lose_attributes(path)
        self.heals(True)
        self.assertFalse((self.copy / "unsynced").exists() and "00000000" in (self.copy / "unsynced").read_text())

    def test_objects_that_lost_attributes_are_not_trusted(self):
        """An object is its attributes too: without them it is neither a link nor a program."""
        self.run_program("cp", "-r", "store", "copy")
        self.run_terrane("images", store=self.copy)
        self.assertEqual([path for path in walk(self.copy / "repo/objects") if path.suffix == ".file"], [])
        entries = list((self.copy / "cache/trees").iterdir())
        self.assertEqual({read_cache_entry(entry)["commit"] for entry in entries},
                         {read_cache_entry(self.store / "cache/trees" / entry.name)["commit"] for entry in entries})
        self.heals(False)

    def test_what_is_wrong_with_a_source_costs_no_checkouts(self):
        """A digest that differs may come of a damaged store, which is looked at; a sound one stays as it is."""
        checkout = self.store / "roots" / ("1" * 64)
        checkout.mkdir(parents=True)
        wrong = self.write_profile("wrong.json", trees=[{"name": "u", "archive": [{"file": "two.tar", "sha256": "0" * 64}], "prefix": "/u"}])
        self.assert_fails(1, "two.tar has the sha256", "build", "--no-lock", wrong)
        self.assertTrue(checkout.exists())

    def test_users_own_move_is_no_copy(self):
        self.store.rename(self.copy)
        mark = os.getxattr(self.copy / "version", "user.terrane.place")
        self.heals(False)
        self.assertEqual(os.getxattr(self.copy / "version", "user.terrane.place"), mark)

    def test_old_stores_are_verified_once(self):
        """Those of versions that set no mark."""
        os.removexattr(self.store / "version", "user.terrane.place")
        self.heals(False, self.store)
        os.getxattr(self.store / "version", "user.terrane.place")

    def test_what_another_program_put_into_it(self):
        """A commit without attributes needs none, so its tree counts as stored; the objects that it leads to are not."""
        archive = {"archive": [{"file": "two.tar", "sha256": sha256(self.directory / "two.tar")}]}
        profile = {"base": archive, "trees": [{"name": "u", **archive, "prefix": "/u"}]}
        self.build(self.write_profile("known.json", **profile), "--no-lock")
        changed = self.write_profile("changed.json", config={"cmd": ["/x"]}, **profile)
        self.run_terrane("images", store=self.copy)
        self.run_program("rsync", "-a", "--ignore-existing", "store/", "copy/")
        digest = self.build(changed, "--no-lock")["digest"]
        result = self.run_terrane("build", "--no-lock", changed, store=self.copy)
        self.assertIn(digest, result.stdout)
        self.assertEqual(result.stderr.count("something in it was damaged"), 1, result.stderr)
        self.assertEqual(self.run_terrane("fsck", store=self.copy).stderr, "")

    def test_what_cannot_be_read_is_not_taken_for_verified(self):
        if os.geteuid() != 0:
            self.skipTest("does not apply: needs files of another user")
        shutil.copytree(self.store, self.copy, symlinks=True)
        for path in (self.copy, *self.copy.rglob("*")):
            os.chown(path, pwd.getpwnam("nobody").pw_uid, -1, follow_symlinks=False)
        unreadable = next(path for path in walk(self.copy / "images/blobs") if path.stat().st_size > 5000)
        os.chown(unreadable, 0, 0)
        unreadable.chmod(0o600)
        self.directory.chmod(0o755)
        self.run_terrane("images", store=self.copy, user="nobody")
        with self.assertRaises(OSError):
            os.getxattr(self.copy / "version", "user.terrane.place")
            mark = os.getxattr(self.copy / "version", "user.terrane.place").decode().split()
            if int(mark[1]) != (self.copy / "version").stat().st_ino:
                raise OSError
        os.chown(unreadable, pwd.getpwnam("nobody").pw_uid, -1)
        self.heals(False, user="nobody")


if __name__ == "__main__":
    unittest.main()
