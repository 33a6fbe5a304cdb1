"""A damaged store: never an image with another digest and exit 0, and one damaged document costs no other one."""

import json
import os
import shutil
import subprocess
import unittest

from terrane_test import TERRANE, TestCase, sha256


def cut(path):
    os.truncate(path, path.stat().st_size // 2)


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def empty(path):
    os.truncate(path, 0)


def as_directory(path):
    path.unlink()
    path.mkdir()
    (path / "inside").write_text("x")


def as_fifo(path):
    path.unlink()
    os.mkfifo(path)


def as_link(path):
    moved = path.with_name("moved")
    path.rename(moved)
    path.symlink_to(moved.name)


class Damage(TestCase):
    def setUp(self):
        super().setUp()
        self.write("one/f", os.urandom(200_000))
        self.write("one/d/m.py", "x = 1\n" * 1000)
        self.profile = self.write_profile(trees=[{"name": "t", "directory": "one", "prefix": "/t"}])
        self.record = self.build(self.profile, "--no-lock")
        self.digest = self.record["digest"]
        self.layer = self.record["layers"][1]["digest"]

    def damaged(self):
        """A copy of the store to be damaged."""
        store = self.directory / "damaged"
        shutil.rmtree(store, ignore_errors=True)
        shutil.copytree(self.store, store, symlinks=True)
        return store

    def forget_layers(self, store):
        for blob in self.layout(store).glob("blobs/sha256/*"):
            blob.unlink()
        for kind in ("layers", "images"):
            shutil.rmtree(store / "cache" / kind)

    def objects(self, store, suffix):
        return sorted((path for path in (store / "repo/objects").rglob("*" + suffix) if path.is_file()),
                      key=lambda path: path.stat().st_size)

    def terrane(self, store, *arguments):
        result = subprocess.run([TERRANE, "--store", str(store), *map(str, arguments)], capture_output=True, text=True)
        self.assertIn(result.returncode, (0, 1), result.stderr)
        return result

    def test_damaged_objects_do_not_get_into_layers(self):
        """SHA-256 of an object is its name: what does not digest to it is damaged, whatever it holds."""
        for suffix in (".file", ".dirtree", ".dirmeta", ".commit"):
            for damage in (cut, flip, empty):
                count = len(self.objects(self.store, suffix))
                for number in range(count) if damage == empty else [count - 1]:
                    store = self.damaged()
                    self.forget_layers(store)
                    path = self.objects(store, suffix)[number]
                    if path.stat().st_size == 0:
                        continue
                    with self.subTest(object=path.name, damage=damage.__name__):
                        path.chmod(0o600)
                        damage(path)
                        result = self.terrane(store, "--json", "build", "--no-lock", self.profile)
                        if result.returncode == 0:
                            self.assertEqual(json.loads(result.stdout)["digest"], self.digest)
                        else:
                            self.assertIn("fsck --repair", result.stderr)
                        # What the message says to do helps.
                        self.terrane(store, "fsck", "--repair")
                        self.assertEqual(self.build(self.profile, "--no-lock", store=store)["digest"], self.digest)
                        self.assert_store_is_sound(store)

    def test_damaged_objects_do_not_get_into_other_trees(self):
        """A tree that is taken from another image is made of that image's objects."""
        self.build(self.profile, "--no-lock", "--output", f"oci:{self.directory}/from:x")
        shutil.rmtree(self.store)

        def profile(prefix):
            return self.write_profile("taken.json", name="taken", trees=[
                {"name": "t", "image": f"oci:{self.directory}/from:x", "paths": ["/t"], "prefix": prefix}])

        self.build(profile("/u"), "--no-lock")
        expected = self.build(profile("/v"), "--no-lock", store=self.directory / "sound")["digest"]
        for damage in (cut, flip, empty):
            with self.subTest(damage=damage.__name__):
                store = self.damaged()
                damage(self.objects(store, ".file")[-1])
                result = self.terrane(store, "--json", "build", "--no-lock", profile("/v"))
                self.assertTrue(result.returncode == 1 or json.loads(result.stdout)["digest"] == expected)
                self.terrane(store, "fsck", "--repair")
                self.assertEqual(self.build(profile("/v"), "--no-lock", store=store)["digest"], expected)

    def test_damaged_layers_are_not_reused(self):
        for damage in (cut, flip, empty, as_directory, as_fifo, as_link, os.unlink):
            with self.subTest(damage=damage.__name__):
                store = self.damaged()
                shutil.rmtree(store / "cache/images")
                blob = self.blob(self.layer, store)
                damage(blob)
                result = self.terrane(store, "--json", "build", "--no-lock", self.profile)
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertEqual(json.loads(result.stdout)["digest"], self.digest)
                self.assertEqual("sha256:" + sha256(blob), self.layer)
                self.assertTrue(blob.is_file() and not blob.is_symlink())
                self.assert_store_is_sound(store)

    def test_damaged_layer_is_made_again_though_nothing_knew_of_the_damage(self):
        for damage in (cut, flip):
            with self.subTest(damage=damage.__name__):
                store = self.damaged()
                shutil.rmtree(store / "cache")
                damage(self.blob(self.layer, store))
                self.assertEqual(self.build(self.profile, "--no-lock", store=store)["digest"], self.digest)
                self.assertEqual("sha256:" + sha256(self.blob(self.layer, store)), self.layer)

    def test_size_of_a_layer_is_not_taken_from_the_file(self):
        """The entry of an older version has no size: then the digest decides."""
        store = self.damaged()
        shutil.rmtree(store / "cache/images")
        for entry in (store / "cache/layers").iterdir():
            value = json.loads(entry.read_text())
            self.assertEqual(value.pop("size"), self.blob(value["digest"]).stat().st_size)
            entry.write_text(json.dumps(value))
        cut(self.blob(self.layer, store))
        self.assertEqual(self.build(self.profile, "--no-lock", store=store)["digest"], self.digest)

    def test_damaged_layers_are_not_copied_out(self):
        store = self.damaged()
        flip(self.blob(self.layer, store))
        for output in (f"oci:{self.directory}/layout:x", f"oci-archive:{self.directory}/x.tar",
                       f"docker-archive:{self.directory}/y.tar:x:1"):
            with self.subTest(output=output):
                result = self.terrane(store, "build", "--no-lock", "--output", output, self.profile)
                self.assertEqual(result.returncode, 1)
                self.assertRegex(result.stderr, "digest")
        self.assertFalse((self.directory / "x.tar").exists())
        self.assertFalse((self.directory / "y.tar").exists())

    def test_damaged_layers_of_an_output_are_replaced(self):
        layout = self.directory / "layout"
        output = ("--output", f"oci:{layout}:x")
        self.build(self.profile, "--no-lock", *output)
        blob = layout / "blobs/sha256" / self.layer.removeprefix("sha256:")
        for damage in (cut, flip, empty, as_directory, as_fifo, as_link):
            with self.subTest(damage=damage.__name__):
                damage(blob)
                self.build(self.profile, "--no-lock", *output)
                self.assertEqual("sha256:" + sha256(blob), self.layer)
                self.assertFalse(blob.is_symlink())


if __name__ == "__main__":
    unittest.main()
