"""A damaged store: never an image with another digest and exit 0, and one damaged document costs no other one."""

import fcntl
import gzip
import hashlib
import json
import os
import pwd
import re
import resource
import shutil
import subprocess
import time
import unittest
import zipfile

from terrane_test import TERRANE, TestCase, make_tar, mark_place, read_cache_entry, sha256, write_cache_entry
from web_server import WebServer


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
        mark_place(store)
        return store

    def damaged_of_a_user(self):
        """The same, with a user that permissions restrict; None is the user of the tests."""
        store = self.damaged()
        if os.geteuid() != 0:
            return store, None
        for path in (store, *store.rglob("*")):
            os.chown(path, pwd.getpwnam("nobody").pw_uid, -1, follow_symlinks=False)
        return store, "nobody"

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
                        # The advice of the message helps.
                        self.terrane(store, "fsck", "--repair")
                        self.assertEqual(self.build(self.profile, "--no-lock", store=store)["digest"], self.digest)
                        self.assert_store_is_sound(store)

    def test_layer_that_is_another(self):
        """Every blob digests to its name, but a layer does not unpack to the diffID of the configuration."""
        store = self.damaged()
        blobs = self.layout(store) / "blobs/sha256"

        def put(data):
            digest = hashlib.sha256(data).hexdigest()
            (blobs / digest).write_bytes(data)
            return {"digest": "sha256:" + digest, "size": len(data)}
        index = json.loads((self.layout(store) / "index.json").read_text())
        manifest = json.loads((blobs / self.digest.removeprefix("sha256:")).read_text())
        manifest["layers"][1].update(put(gzip.compress(bytes(10240), mtime=0)))  # an empty tar
        index["manifests"][0].update(put(json.dumps(manifest).encode()))
        (self.layout(store) / "index.json").write_text(json.dumps(index))
        result = self.terrane(store, "fsck")
        self.assertRegex(result.stderr, f"the layer {manifest['layers'][1]['digest']}: it unpacks to another diffID than")
        self.assertEqual(result.returncode, 1)
        self.terrane(store, "fsck", "--repair")
        self.assert_store_is_sound(store)
        self.assertEqual(self.build(self.profile, "--no-lock", store=store)["digest"], self.digest)

    def test_checkouts_do_not_keep_what_fsck_removed(self):
        """Their files are links to the objects, to the damaged ones as well."""
        run = ("run", "test", "--", "/nothing")
        self.run_terrane(*run, exit_code=127)
        (checkout,) = (self.store / "roots").iterdir()
        file = checkout / "t/f"
        content = file.read_bytes()
        with open(self.objects(self.store, ".file")[-1], "r+b") as damaged:
            damaged.write(b"damaged")
        self.assertNotEqual(file.read_bytes(), content)
        self.run_terrane("fsck", "--repair")
        self.assertEqual(self.build(self.profile, "--no-lock")["digest"], self.digest)
        self.run_terrane(*run, exit_code=127)
        self.assertEqual(file.read_bytes(), content)

    def test_what_cannot_be_read_is_not_removed(self):
        """EACCES, which root does not meet, says nothing about what is in a file."""
        for commands in (("fsck", "--repair"),), (("images",), ("fsck", "--repair")):
            store, user = self.damaged_of_a_user()
            closed = [self.blob(self.layer, store), *(self.objects(store, suffix)[-1] for suffix in (".file", ".dirtree"))]
            for path in closed:
                path.chmod(0)
            if len(commands) == 2:
                (store / "unsynced").write_text("of another boot")
            for command in commands:
                with self.subTest(command=command):
                    result = self.run_terrane(*command, store=store, user=user, exit_code=0 if command == ("images",) else 1)
                    self.assertIn("Permission denied", result.stderr)
                    self.assertEqual([path for path in closed if not path.exists()], [])
            for path in closed:
                path.chmod(0o644)
            self.run_terrane("--quiet", "fsck", store=store, user=user)
            images = json.loads(self.run_terrane("--json", "images", store=store, user=user).stdout)
            self.assertEqual([image["digest"] for image in images], [self.digest])
            self.assertFalse((store / "unsynced").exists() and len(commands) == 2)

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
            value = read_cache_entry(entry)
            self.assertEqual(value.pop("size"), self.blob(value["digest"]).stat().st_size)
            write_cache_entry(entry, value)
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

    def test_damaged_downloads_are_fetched_again(self):
        """Nor unpacked where nothing can be fetched: an uncompressed tar has no checksum over its content."""
        server = WebServer()
        self.addCleanup(server.stop)
        make_tar(self.directory / "app.tar", [("f", "file", b"y" * 100_000)])
        sha = sha256(self.directory / "app.tar")
        server.files["/app.tar"] = (self.directory / "app.tar").read_bytes()
        profile = self.write_profile("d.json", name="d", trees=[
            {"name": "t", "archive": [{"url": server.url + "/app.tar", "sha256": sha}], "prefix": "/t"}])
        digest = self.build(profile, "--no-lock")["digest"]
        for damage in (cut, flip, empty, as_directory, as_fifo, as_link):
            with self.subTest(damage.__name__):
                store = self.damaged()
                for kind in ("trees", "layers", "images"):
                    shutil.rmtree(store / "cache" / kind)
                blob = store / "downloads/blobs/sha256" / sha
                damage(blob)
                self.assertEqual(self.terrane(store, "--offline", "build", profile, "--no-lock").returncode, 1)
                again = self.terrane(store, "--json", "build", profile, "--no-lock")
                self.assertEqual(json.loads(again.stdout).get("digest"), digest, again.stderr)
                self.assertEqual(sha256(blob), sha)

    def test_damaged_index_costs_no_name_that_is_known_otherwise(self):
        index = json.loads((self.layout() / "index.json").read_text())
        one_bad = dict(index, manifests=[*index["manifests"], {"digest": "sha256:short"}])
        for content in (b"", b"{", b"[]", json.dumps(one_bad).encode()):
            for command in (("images",), ("fsck", "--repair"), ("gc",)):
                with self.subTest(content=content[:20], command=command):
                    store = self.damaged()
                    (self.layout(store) / "index.json").write_bytes(content)
                    result = self.terrane(store, "-q", *command)
                    self.assertEqual(result.returncode, 0, result.stderr)
                    self.assertIn("index of images was damaged", result.stderr)
                    images = json.loads(self.terrane(store, "--json", "images").stdout)
                    self.assertEqual([(image["name"], image["digest"]) for image in images],
                                     [("test:latest", self.digest)])
                    self.assert_store_is_sound(store)
                    self.assertTrue(self.build(self.profile, "--no-lock", store=store)["unchanged"])

    def test_name_of_a_manifest_that_cannot_be_read_is_not_lost(self):
        store, user = self.damaged_of_a_user()
        (self.layout(store) / "index.json").write_bytes(b"")
        self.blob(self.digest, store).chmod(0)
        unreadable, = json.loads(self.run_terrane("--json", "images", store=store, user=user).stdout)
        self.assertEqual((unreadable["name"], unreadable["digest"]), ("test:latest", self.digest))
        self.assertIn("Permission denied", unreadable["damage"])
        self.run_terrane("gc", store=store, user=user, exit_code=1)
        self.blob(self.digest, store).chmod(0o644)
        images = json.loads(self.run_terrane("--json", "images", store=store, user=user).stdout)
        self.assertEqual([(image["name"], image["digest"]) for image in images], [("test:latest", self.digest)])

    def test_index_of_images_keeps_its_name(self):
        """Another program may store one, and gc keeps what it lists."""
        document = json.loads((self.layout() / "index.json").read_text())
        image = {key: document["manifests"][0][key] for key in ("mediaType", "digest", "size")}
        media_type = "application/vnd.oci.image.index.v1+json"
        content = json.dumps({"schemaVersion": 2, "mediaType": media_type, "manifests": [
            {**image, "platform": {"os": "linux", "architecture": "amd64"}}]}).encode()
        digest = "sha256:" + hashlib.sha256(content).hexdigest()
        self.blob(digest).write_bytes(content)
        document["manifests"] = [{"mediaType": media_type, "digest": digest, "size": len(content),
                                  "annotations": {"org.opencontainers.image.ref.name": "many:1"}}]
        (self.layout() / "index.json").write_text(json.dumps(document))
        self.assertIn("is an image index", self.run_terrane("fsck", "--repair").stderr)
        self.run_terrane("gc")
        self.assertEqual(json.loads(self.run_terrane("--json", "inspect", "many:1").stdout)["digest"], self.digest)
        self.run_terrane("fsck", exit_code=1)
        self.assertTrue(self.blob(self.layer).exists())

    def test_missing_index_costs_no_name_that_is_known_otherwise(self):
        """As a repair leaves it that is killed before it has written another."""
        for command in (("images",), ("gc",), ("fsck", "--repair"), ("build", "--no-lock", self.profile)):
            with self.subTest(command=command):
                store = self.damaged()
                (self.layout(store) / "index.json").unlink()
                result = self.terrane(store, *command)
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertIn("names that are there again: \u2018test:latest\u2019", result.stderr)
                images = json.loads(self.terrane(store, "--json", "images").stdout)
                self.assertEqual([(image["name"], image["digest"]) for image in images], [("test:latest", self.digest)])
                self.assert_store_is_sound(store)

    def test_index_stays_where_no_other_can_be_written(self):
        """The readable part of it is not lost on a full file system."""
        index = self.layout() / "index.json"
        document = json.loads(index.read_text())
        document["manifests"].append({"digest": "sha256:short"})
        index.write_text(json.dumps(document))
        shutil.rmtree(self.store / "cache/names")
        limit = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, limit[1]))  # a write of more fails, as on a full file system
        try:
            failed = subprocess.run([TERRANE, "--store", str(self.store), "images"], capture_output=True, text=True,
                                    restore_signals=False)  # SIGXFSZ stays ignored
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        self.assertEqual((failed.returncode, "File too large" in failed.stderr), (1, True), failed.stderr)
        images = json.loads(self.run_terrane("--json", "images").stdout)
        self.assertEqual([image["digest"] for image in images], [self.digest])

    def test_names_that_cannot_come_back_are_said_to_be_lost(self):
        store = self.damaged()
        (self.layout(store) / "index.json").write_bytes(b"")
        self.blob(self.digest, store).unlink()
        self.assertIn("lost: \u2018test:latest\u2019", self.terrane(store, "images").stderr)
        self.assertEqual(json.loads(self.terrane(store, "--json", "images").stdout), [])
        self.assertEqual(self.build(self.profile, "--no-lock", store=store)["digest"], self.digest)

    def test_removed_names_do_not_come_back(self):
        self.run_terrane("rm", "test")
        (self.layout() / "index.json").write_bytes(b"")
        self.assertEqual(json.loads(self.run_terrane("--json", "images").stdout), [])

    def test_unreadable_index_is_not_replaced(self):
        """A loop of links is an error, not a missing file."""
        index = self.layout() / "index.json"
        index.unlink()
        index.symlink_to("index.json")
        self.assert_fails(1, "index.json", "images")
        self.assert_fails(1, "index.json", "build", "--no-lock", self.profile)
        self.assertTrue(index.is_symlink())

    def test_files_of_a_new_store_that_a_loss_of_power_emptied(self):
        for name in ("version", "images/oci-layout", "downloads/oci-layout", "repo/config"):
            with self.subTest(name=name):
                store = self.damaged()
                empty(store / name)
                self.assertTrue(self.build(self.profile, "--no-lock", store=store)["unchanged"])
                self.assert_store_is_sound(store)
                self.assertGreater((store / name).stat().st_size, 0)

    def test_damaged_mark_of_unsynced_writes_is_not_taken_for_none(self):
        def too_long(path):
            path.write_text("x" * 100)

        def loop(path):
            path.unlink()
            path.symlink_to(path.name)

        for damage in (empty, flip, too_long, as_directory, as_fifo):
            with self.subTest(damage=damage.__name__):
                store = self.damaged()
                damage(store / "unsynced")
                blob = self.blob(self.layer, store)
                blob.write_bytes(b"\0" * blob.stat().st_size)
                self.assertIn("lost in a crash of the machine: blob", self.terrane(store, "images").stderr)
                self.assertFalse((store / "unsynced").exists())
                self.assertEqual(self.build(self.profile, "--no-lock", store=store)["digest"], self.digest)
        store = self.damaged()
        loop(store / "unsynced")
        result = self.terrane(store, "images")
        self.assertEqual((result.returncode, "symbolic links" in result.stderr), (1, True), result.stderr)

    def test_damaged_manifest_or_configuration_costs_its_image_only(self):
        self.build(self.write_profile("other.json", name="other"), "--no-lock")
        manifest = self.read_json_blob(self.digest)
        for digest in (self.digest, manifest["config"]["digest"]):
            for damage in (cut, flip, empty, as_directory, os.unlink):
                with self.subTest(digest=digest, damage=damage.__name__):
                    store = self.damaged()
                    damage(self.blob(digest, store))
                    result = self.terrane(store, "images")
                    self.assertEqual(result.returncode, 0, result.stderr)
                    self.assertRegex(result.stderr, r"test:latest.*build or pull it again")
                    self.assertRegex(result.stdout, r"other:latest +sha256:[0-9a-f]{12} +linux/amd64")
                    self.assertEqual(self.terrane(store, "gc").returncode, 0)
                    self.assertEqual(self.build(self.profile, "--no-lock", store=store)["digest"], self.digest)
                    self.assert_store_is_sound(store)

    def test_damaged_cache_entry_costs_that_entry_only(self):
        for damage in (cut, flip, empty, as_directory, as_fifo):
            store = self.damaged()
            with self.subTest(damage=damage.__name__):
                for entry in list((store / "cache").rglob("*")):
                    if entry.is_file():
                        damage(entry)
                self.assertEqual(self.build(self.profile, "--no-lock", store=store)["digest"], self.digest)
                self.assertEqual(self.terrane(store, "gc").returncode, 0)
                self.assert_store_is_sound(store)

    def test_entries_of_other_keys_are_not_taken(self):
        """Each entry replaced by a sound one of another key, of the same kind where there is one."""
        self.write("two/f", "of another tree")
        other = self.write_profile("other.json", name="other", trees=[{"name": "t", "directory": "two", "prefix": "/t"}],
                                   validate={"scripts": ["true.py"]})
        self.write("true.py", "")
        record = json.loads(self.run_terrane("--json", "build", "--no-lock", "--no-validate", other).stdout)
        store = self.damaged()
        kinds = {}
        for kind in (store / "cache").iterdir():
            entries = sorted(kind.iterdir())
            kinds[kind.name] = len(entries)
            contents = [entry.read_bytes() for entry in entries]
            for entry, content in zip(entries, contents[1:] + contents[:1] if len(entries) > 1 else [None]):
                entry.write_bytes(content if content else next((store / "cache/trees").iterdir()).read_bytes())
        self.assertGreaterEqual({kind for kind, count in kinds.items() if count > 1}, {"trees", "layers", "images", "names"})
        for profile, digest in ((self.profile, self.digest), (other, record["digest"])):
            self.assertEqual(self.build(profile, "--no-lock", "--no-validate", store=store)["digest"], digest)
        for entry in (store / "cache").rglob("*"):
            if entry.is_file() and entry.parent.name in ("layers", "images", "names"):
                read_cache_entry(entry)  # made again
        self.assertEqual(self.terrane(store, "gc").returncode, 0)
        for entry in (store / "cache").rglob("*"):
            if entry.is_file():
                read_cache_entry(entry)
        self.assert_store_is_sound(store)

    def test_facts_of_damaged_files_are_not_remembered(self):
        shutil.copy("/bin/true", self.directory / "one/program")
        self.build(self.profile, "--no-lock")
        findings = self.terrane(self.store, "--json", "check", "test").stdout
        store = self.damaged()
        shutil.rmtree(store / "cache/programs")
        program, = (path for path in self.objects(store, ".file") if path.stat().st_size == os.stat("/bin/true").st_size)
        program.chmod(0o600)
        data = program.read_bytes()
        at = 0x12  # e_machine, of another processor
        program.write_bytes(data[:at] + b"\x08\0" + data[at + 2:])
        result = self.terrane(store, "check", "test")
        self.assertEqual(result.returncode, 1)
        self.assertIn("is damaged; 'terrane fsck --repair'", result.stderr)
        program.write_bytes(data)
        self.assertEqual(self.terrane(store, "--json", "check", "test").stdout, findings)

    def test_cycle_of_directories(self):
        """Only tampering makes one: a directory with the content of another that leads back to it."""
        trees = self.objects(self.store, ".dirtree")
        for source in trees:
            for target in trees:
                if source == target:
                    continue
                store = self.damaged()
                copy = store / target.relative_to(self.store)
                copy.chmod(0o600)
                copy.write_bytes(source.read_bytes())
                self.assertEqual(self.terrane(store, "fsck").returncode, 1)
                self.assertEqual(self.terrane(store, "gc").returncode, 0)
                self.terrane(store, "fsck", "--repair")
                self.assert_store_is_sound(store)

    def test_leftovers_of_killed_processes_go_with_gc(self):
        names = [self.store / directory / ".tmp-0123456789abcdef"
                 for directory in ("", "images", "images/blobs/sha256", "downloads/blobs/sha256", "cache/trees")]
        other = self.store / "images/.tmp-of-another-program"
        for path in [*names, other]:
            path.write_bytes(b"x")
        self.run_terrane("gc")
        self.assertEqual([path for path in names if path.exists()], [])
        self.assertTrue(other.exists())

    def assert_bases_are_locked(self, bases):
        """The digest of a base that is unpacked comes of the same pass; the lock has that of the whole file."""
        store = self.directory / "cold"
        for base in bases:
            with self.subTest(base=base.name):
                profile = self.write_profile(f"{base.name}.json", name="base", base={"archive": base.name})
                lock = self.directory / f"{base.name}.lock.json"
                self.build(profile, store=store)
                locked = json.loads(lock.read_text())["platforms"]["linux/amd64"]["base"]["archives"]
                self.assertEqual([archive["sha256"] for archive in locked], [sha256(base)])
                self.assertTrue(self.build(profile, "--locked", store=store)["unchanged"])
        self.assertEqual(len(list((store / "cache/digests").iterdir())), len(bases))

    def test_gc_forgets_digests_of_files_that_are_gone(self):
        archive = self.directory / "a.tar"
        make_tar(archive, [("f", "file", b"1")])
        bases = [self.directory / name for name in ("base.tar", "base.tar.gz", "base.zip")]
        bases[0].write_bytes(archive.read_bytes() + bytes(10240))  # zeros after the end are of the file, too
        bases[1].write_bytes(gzip.compress(archive.read_bytes()))
        with zipfile.ZipFile(bases[2], "w") as file:
            file.writestr("f", b"1")
        for path in (archive, *bases):
            os.utime(path, (1_000_000_000, 1_000_000_000))
        time.sleep(3.1)  # until its change time is old enough for the digest to be remembered
        self.assert_bases_are_locked(bases)
        profile = self.write_profile("archive.json", name="archive", trees=[
            {"name": "t", "archive": "a.tar", "prefix": "/t"}])
        self.build(profile, "--no-lock")
        digests = self.store / "cache/digests"
        self.assertEqual(len(list(digests.iterdir())), 1)
        self.run_terrane("gc")
        self.assertEqual(len(list(digests.iterdir())), 1)
        archive.unlink()
        self.run_terrane("gc")
        self.assertEqual(list(digests.iterdir()), [])

    def test_gc_says_that_it_waits(self):
        with open(self.store / "lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH)
            gc = subprocess.Popen([TERRANE, "--store", str(self.store), "gc"], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, text=True)
            self.assertIn("waiting", gc.stderr.readline())
            self.assertIsNone(gc.poll())
        gc.communicate()
        self.assertEqual(gc.returncode, 0)

    @unittest.skipUnless(shutil.which("strace"), "strace is not installed")
    def test_what_cannot_be_made_again_is_synced(self):
        """Between the write of a file and exit 0: fsync of the file before it has its name, of the directory after."""
        trace = self.directory / "trace"
        output = self.directory / "out.tar"
        subprocess.run(["strace", "-f", "-y", "-o", str(trace), "-e", "trace=fsync,linkat,renameat,renameat2", TERRANE,
                        "--store", str(self.directory / "new"), "build", "--record", str(self.directory / "record.json"),
                        "--output", f"oci-archive:{output}", str(self.profile)], check=True, capture_output=True,
                       env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})  # which does not work under ptrace
        lines = trace.read_text().splitlines()
        for name in ("version", "index.json", "oci-layout", "profile.lock.json", "record.json", "out.tar"):
            with self.subTest(name=name):
                at = [i for i, line in enumerate(lines) if re.search(rf"(linkat|renameat2?)\(.*\b{re.escape(name)}\"", line)]
                self.assertTrue(at)
                self.assertTrue(all("fsync(" in lines[i - 1] or ("linkat" in lines[i - 1]) for i in at), lines)
                self.assertTrue(all(any("fsync(" in line for line in lines[i + 1:i + 4]) for i in at))


if __name__ == "__main__":
    unittest.main()
