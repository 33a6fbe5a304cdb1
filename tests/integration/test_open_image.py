"""IMAGE from each transport, for each command that takes one: the same image, brought once."""

import ctypes
import ctypes.util
import gzip
import io
import json
import os
import platform as machine
import shutil
import subprocess
import tarfile
import time
import unittest

from image_layout import ImageLayout, digest_of, make_layer, platform
from terrane_test import Registry, TestCase, have

IN_ACCESS = 1
PROGRAM = 'int main (void) { return __builtin_puts ("said by the image") < 0; }\n'


class ReadCounter:
    """Counts how often files are read while it is entered: inotify(7), IN_ACCESS."""

    def __init__(self, *paths):
        self.libc = ctypes.CDLL(ctypes.util.find_library("c"), use_errno=True)
        self.paths = paths

    def __enter__(self):
        self.fd = self.libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        for path in self.paths:
            if self.libc.inotify_add_watch(self.fd, os.fsencode(path), IN_ACCESS) < 0:
                raise OSError(ctypes.get_errno(), "inotify_add_watch")
        return self

    def __exit__(self, *_):
        try:
            self.reads = len(os.read(self.fd, 1 << 20))
        except BlockingIOError:
            self.reads = 0
        os.close(self.fd)


def make_docker_archive(path, config, layers, name="app:1"):
    """The output of docker save, with layers that are not compressed."""
    with tarfile.open(path, "w") as tar:
        members = [("c.json", config)] + [(f"{i}.tar", layer) for i, layer in enumerate(layers)]
        members.append(("manifest.json", json.dumps([{"Config": "c.json", "RepoTags": [name],
                                                      "Layers": [f"{i}.tar" for i in range(len(layers))]}]).encode()))
        for member, data in members:
            info = tarfile.TarInfo(member)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


class Case(TestCase):
    def setUp(self):
        super().setUp()
        self.layers = [make_layer(f=b"one"), make_layer(g=b"two")]
        self.make_images("app", self.layers)

    def make_images(self, name, layers, of="linux/amd64"):
        """An image as a layout, as both kinds of archive."""
        layout = ImageLayout(self.directory / name)
        layout.name(layout.image(of, layers), "1")
        config = json.dumps({**platform(of), "rootfs": {"type": "layers", "diff_ids": [digest_of(layer) for layer in layers]}})
        subprocess.run(["tar", "-C", layout.path, "-cf", self.directory / f"{name}.oci.tar", "."], check=True)
        make_docker_archive(self.directory / f"{name}.docker.tar", config.encode(), layers)
        return {"oci": f"oci:{layout.path}:1", "oci-archive": f"oci-archive:{self.directory}/{name}.oci.tar:1",
                "docker-archive": f"docker-archive:{self.directory}/{name}.docker.tar:app:1"}

    def inspect(self, image, *options):
        return json.loads(self.run_terrane("--json", "inspect", *options, image).stdout)

    def diff_ids(self, image, *options):
        return [layer["diffID"] for layer in self.inspect(image, *options)["layers"]]


@unittest.skipUnless(have("docker-registry", "gcc", "bwrap"), "docker-registry, gcc or bubblewrap is not installed")
@unittest.skipUnless(machine.machine() == "x86_64", "the image is for x86-64")
class EveryTransport(Case):
    def setUp(self):
        TestCase.setUp(self)
        source = self.write("program.c", PROGRAM)
        subprocess.run(["gcc", "-static", "-O1", "-o", self.directory / "program", source], check=True)
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as tar:
            tar.add(self.directory / "program", "program")
        self.layers = [make_layer(f=b"one"), out.getvalue()]
        self.images = self.make_images("app", self.layers)
        self.registry = self.enterContext(Registry(self.directory / "registry"))
        self.images["registry"] = f"docker://{self.registry.host}/app:1"
        self.run_terrane("push", self.images["oci"], self.images["registry"])
        self.run_terrane("pull", self.images["registry"], "stored")
        self.images["store"] = "stored:latest"

    def fresh(self, name):
        """A store that has only what is named."""
        shutil.rmtree(self.store, ignore_errors=True)
        if name == "store":
            self.run_terrane("pull", self.images["registry"], "stored")

    def test_commands(self):
        expected = [digest_of(layer) for layer in self.layers]
        for name, image in self.images.items():
            for command in ("inspect", "check", "why", "run", "validate", "push", "build"):
                with self.subTest(name, command=command):
                    self.fresh(name)
                    getattr(self, "do_" + command)(image, expected)

    def do_inspect(self, image, expected):
        self.assertEqual(self.diff_ids(image), expected)
        self.assertEqual(self.diff_ids(image, "--platform", "linux/amd64"), expected)
        self.assert_fails(1, "the image is for linux/amd64, not for linux/arm64|no image for linux/arm64; .* offers .linux/amd64",
                          "inspect", "--platform", "linux/arm64", image)

    def do_check(self, image, _):
        document = json.loads(self.run_terrane("--json", "check", "--target", "oci", image).stdout)
        self.assertEqual(document["digest"], self.inspect(image)["digest"])

    def do_why(self, image, _):
        document = json.loads(self.run_terrane("--json", "why", image, "/program").stdout)
        self.assertEqual([(file["path"], file["tree"]) for file in document["files"]], [("/program", "layer 2")])

    def do_run(self, image, _):
        self.assertEqual(self.run_terrane("run", image, "/program").stdout, "said by the image\n")

    def do_validate(self, image, _):
        self.run_terrane("validate", "--command", "/program", image)

    def do_push(self, image, expected):
        destination = f"docker://{self.registry.host}/again:1"
        self.run_terrane("push", image, destination)
        self.assertEqual(self.diff_ids(destination), expected)

    def do_build(self, image, expected):
        if ":" in image.replace(":latest", ""):  # profiles do not take names of the store
            record = self.build(self.write_profile(base={"image": image}, trees=[{"name": "copy", "image": image,
                                                                                  "paths": ["/f"], "prefix": "/copy"}]))
            self.assertEqual([layer["diff_id"] for layer in record["layers"]][:2], expected)
            self.assertIn("copy", [layer["tree"] for layer in record["layers"]])

    def test_layers_of_a_registry_come_when_they_are_needed(self):
        self.fresh("registry")
        self.run_terrane("inspect", self.images["registry"])
        blobs = self.layout() / "blobs/sha256"
        self.assertEqual(len(list(blobs.iterdir())), 2)  # manifest and configuration
        self.run_terrane("why", self.images["registry"], "/program")
        self.assertEqual(len(list(blobs.iterdir())), 4)
        # Local layers are used without those of the registry.
        digest = self.inspect(self.images["registry"])["digest"]
        shutil.rmtree(self.registry.storage)
        image = f"docker://{self.registry.host}/app@{digest}"
        self.assertEqual(self.run_terrane("--offline", "run", image, "/program").stdout, "said by the image\n")


class Archives(Case):
    """An archive is identified by its file: it is read again only if that changed."""

    def settle(self, *paths):
        """Files that changed in the last two seconds are not believed."""
        changed = max(max(os.stat(path).st_ctime, os.stat(path).st_mtime) for path in paths)
        while time.time() < changed + 3:
            time.sleep(0.1)

    def test_they_are_read_once(self):
        images = self.make_images("once", self.layers)
        paths = {kind: self.directory / f"once.{kind.split('-')[0]}.tar" for kind in ("oci-archive", "docker-archive")}
        self.settle(*paths.values())
        for kind, path in paths.items():
            image = images[kind]
            with self.subTest(kind), ReadCounter(path) as first:
                self.assertEqual(self.diff_ids(image), [digest_of(layer) for layer in self.layers])
            self.assertGreater(first.reads, 0)
            for command in (["inspect"], ["inspect", "--platform", "linux/amd64"], ["check", "--target", "oci"], ["why"],
                            ["build"]):
                with self.subTest(kind, command=command), ReadCounter(path) as again:
                    if command == ["build"]:
                        self.build(self.write_profile(base={"image": image}))
                    else:
                        self.run_terrane(*command, image, *(["/f"] if command == ["why"] else []))
                self.assertEqual(again.reads, 0, (kind, command))

    def test_layers_are_read_once_whichever_command_comes_first(self):
        images = self.make_images("layers", self.layers)
        self.run_terrane("why", images["oci"], "/f")
        layers = [self.blob(layer["digest"]) for layer in self.inspect(images["oci"])["layers"]]
        record = None
        with ReadCounter(*layers) as again:
            self.run_terrane("check", "--target", "oci", images["oci"])
            record = self.build(self.write_profile(base={"image": images["oci"]}))
        self.assertEqual(again.reads, 0)
        self.assertEqual(len(record["layers"]), 2)

    def test_files_that_the_store_lost_are_read_again(self):
        images = self.make_images("files", self.layers)
        before = self.run_terrane("why", images["oci"], "/f").stdout
        for suffix in ("dirtree", "dirmeta"):
            for path in (self.store / "repo/objects").glob(f"*/*.{suffix}"):
                path.write_bytes(b"damaged")
            self.assertEqual(self.run_terrane("why", images["oci"], "/f").stdout, before)

    def change(self, path, layers, name):
        """Another archive of the same size in the same file, with the same time of modification."""
        before = os.stat(path)
        self.make_images(name, layers)
        data = (self.directory / f"{name}{path.name[path.name.index('.'):]}").read_bytes()
        self.assertEqual(len(data), before.st_size)
        path.write_bytes(data)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    def test_a_changed_archive_is_not_believed(self):
        images = self.make_images("old", self.layers)
        others = [make_layer(f=b"two"), make_layer(g=b"one")]
        for kind in ("oci-archive", "docker-archive"):
            path = self.directory / f"old.{kind.split('-')[0]}.tar"
            for settled in (True, False):
                with self.subTest(kind, settled=settled):
                    self.make_images(f"again-{kind}-{settled}", self.layers)
                    shutil.copyfile(self.directory / f"again-{kind}-{settled}.{kind.split('-')[0]}.tar", path)
                    if settled:
                        self.settle(path)
                    self.assertEqual(self.diff_ids(images[kind]), [digest_of(layer) for layer in self.layers])
                    self.change(path, others, f"new-{kind}-{settled}")
                    self.assertEqual(self.diff_ids(images[kind]), [digest_of(layer) for layer in others])

    def test_what_gc_took_comes_back(self):
        images = self.make_images("gone", self.layers)
        for kind in ("oci-archive", "docker-archive"):
            with self.subTest(kind):
                self.assertEqual(self.diff_ids(images[kind]), [digest_of(layer) for layer in self.layers])
                self.run_terrane("gc")
                self.assertEqual(list((self.layout() / "blobs/sha256").iterdir()), [])
                self.run_terrane("why", images[kind], "/f")

    def test_a_lost_or_damaged_document_comes_back(self):
        images = self.make_images("lost", self.layers)
        for kind in ("oci-archive", "docker-archive"):
            document = self.inspect(images[kind])
            manifest = self.read_json_blob(document["digest"])
            for digest in (document["digest"], manifest["config"]["digest"], manifest["layers"][0]["digest"]):
                with self.subTest(kind, digest=digest):
                    self.blob(digest).unlink()
                    self.assertEqual(self.inspect(images[kind]), document)
                    self.assertTrue(self.blob(digest).exists())
            for digest in (document["digest"], manifest["config"]["digest"]):
                with self.subTest(kind, damaged=digest):
                    data = self.blob(digest).read_bytes()
                    self.blob(digest).unlink()
                    self.blob(digest).write_bytes(data[:-2] + b" }")
                    self.assertEqual(self.inspect(images[kind]), document)
                    self.assertEqual(self.blob(digest).read_bytes(), data)

    def test_the_platform_decides_between_images_of_one_archive(self):
        layout = ImageLayout(self.directory / "two")
        images = []
        for of in ("linux/amd64", "linux/arm64"):
            images.append(dict(layout.image(of, [make_layer(f=of.encode())]), platform=platform(of)))
        layout.name(layout.index(*images), "1")
        path = self.directory / "two.tar"
        subprocess.run(["tar", "-C", layout.path, "-cf", path, "."], check=True)
        for _ in range(2):
            for of, image in zip(("linux/amd64", "linux/arm64"), images):
                document = self.inspect(f"oci-archive:{path}:1", "--platform", of)
                self.assertEqual(document["digest"], image["digest"])
            self.assert_fails(1, "no image for linux/s390x; .* offers .linux/amd64, linux/arm64", "inspect", "--platform",
                              "linux/s390x", f"oci-archive:{path}:1")
        # That it is of an index is known when it is not read again, too.
        findings = [self.run_terrane("--json", "check", "--platform", "linux/amd64", f"oci-archive:{path}:1", exit_code=3)
                    for _ in range(2)]
        for result in findings:
            self.assertIn("lambda.image-index", result.stdout)

    def test_the_platform_with_its_variant(self):
        layout = ImageLayout(self.directory / "v")
        layout.name(layout.image("linux/arm/v7", self.layers), "1")
        text = self.run_terrane("inspect", f"oci:{layout.path}:1").stdout
        self.assertIn("linux/arm/v7", text)
        self.assert_fails(1, "the image is for linux/arm/v7, not for linux/arm/v6", "inspect", "--platform", "linux/arm/v6",
                          f"oci:{layout.path}:1")


class BuiltImages(Case):
    def test_nothing_reads_the_layers_of_what_was_built(self):
        images = self.make_images("base", self.layers)
        self.write("app/h", "three")
        self.build(self.write_profile(base={"image": images["oci"]}, trees=[{"name": "app", "directory": "app", "prefix": "/"}]))
        document = self.inspect("test")
        layers = [self.blob(layer["digest"]) for layer in document["layers"]]
        known = {}
        with ReadCounter(*layers) as reads:
            for path, tree in (("/f", "layer 1"), ("/g", "layer 2"), ("/h", "app")):
                answer = json.loads(self.run_terrane("--json", "why", "test", path).stdout)
                self.assertEqual(answer["files"][0]["tree"], tree)
                known[path] = answer
            check = json.loads(self.run_terrane("--json", "check", "--target", "oci", "test").stdout)
        self.assertEqual(reads.reads, 0)
        # It is what the layers say.
        shutil.rmtree(self.store / "cache/unpacked")
        with ReadCounter(*layers) as reads:
            self.assertEqual(json.loads(self.run_terrane("--json", "check", "--target", "oci", "test").stdout), check)
            for path, answer in known.items():
                self.assertEqual(json.loads(self.run_terrane("--json", "why", "test", path).stdout), answer)
        self.assertGreater(reads.reads, 0)
        self.assertEqual(gzip.decompress(layers[0].read_bytes()), self.layers[0])


if __name__ == "__main__":
    unittest.main()
