"""terrane copy and terrane tag: any transport to any, read back by other tools."""

import json
import subprocess
import tarfile
import unittest

from image_layout import INDEX, ImageLayout, digest_of, make_layer, platform
from terrane_test import Registry, TestCase, have


class Copy(TestCase):
    def copy(self, source, destination, *arguments, **options):
        return json.loads(self.run_terrane("--json", "copy", source, destination, *arguments, **options).stdout)

    def make(self):
        self.write("app/f", b"content " * 10000)
        return self.build(self.write_profile(trees=[{"name": "app", "directory": "app", "prefix": "/app"}]))

    def skopeo(self, command, image, *arguments):
        return json.loads(subprocess.run(["skopeo", command, "--tls-verify=false", *arguments, image], capture_output=True, check=True).stdout)

    def test_tag(self):
        digest = self.make()["digest"]
        report = json.loads(self.run_terrane("--json", "tag", "test", "other:v1").stdout)
        self.assertEqual(report, {"name": "other:v1", "digest": digest})
        self.assertEqual(self.run_terrane("tag", "other:v1", "third").stdout, f"third:latest  {digest}\n")
        self.run_terrane("rm", "test")
        self.assertEqual({row["name"] for row in json.loads(self.run_terrane("--json", "images").stdout)}, {"other:v1", "third:latest"})
        self.run_terrane("gc")
        self.run_terrane("diff", "other:v1", "third")
        self.assert_fails(1, "no image|missing", "tag", "missing", "x")
        self.assert_fails(2, "tag: invalid name ‘Bad/Name’.*; did you mean ‘bad/name’", "tag", "third", "Bad/Name")
        self.assert_fails(2, "tag: invalid name ‘a.json’: .*profile.*; did you mean ‘a’", "tag", "third", "a.json")
        self.assert_fails(2, "oci:x is not a name in the store; 'terrane copy IMAGE oci:x'", "tag", "third", "oci:x")
        for elsewhere in ("docker://h.example/x", "docker://h/x:y", "docker://H"):  # the last two lack a registry
            self.assert_fails(2, f"{elsewhere} is not a name in the store; 'terrane copy", "tag", "third", elsewhere)
            self.assert_fails(2, f"{elsewhere} is not in the store; 'terrane copy", "tag", elsewhere, "third")
        self.assert_fails(2, "terrane copy", "tag", f"oci:{self.directory}/x", "y")
        self.assert_store_is_sound()

    @unittest.skipUnless(have("skopeo"), "needs skopeo")
    def test_files(self):
        digest = self.make()["digest"]
        at = self.directory
        for source, destination in (("test", f"oci:{at}/layout:a"), (f"oci:{at}/layout:a", f"oci:{at}/second"),
                                    (f"oci:{at}/second:a", f"oci-archive:{at}/a.tar:b"), (f"oci-archive:{at}/a.tar", "back:v1"),
                                    (f"oci-archive:{at}/a.tar", f"oci:{at}/third:c")):
            with self.subTest(source=source, destination=destination):
                report = self.copy(source, destination)
                self.assertEqual((report["digest"], report["images"]), (digest, 1))
        self.assertEqual(self.skopeo("inspect", f"oci:{at}/second:a")["Digest"], digest)
        self.assertEqual(self.skopeo("inspect", f"oci-archive:{at}/a.tar:b")["Digest"], digest)
        report = self.copy("back:v1", f"docker-archive:{at}/d.tar:x/y:z")
        # The archive has no manifest; docker names the image by its configuration.
        self.assertEqual((report["digest"], report["image_id"]), (digest, self.read_json_blob(digest)["config"]["digest"]))
        with tarfile.open(at / "d.tar") as tar:
            config = tar.extractfile(json.load(tar.extractfile("manifest.json"))[0]["Config"]).read()
        self.assertEqual(digest_of(config), report["image_id"])
        self.assertIn(f"image ID {report['image_id']}\n", self.run_terrane("copy", "back:v1", f"docker-archive:{at}/d.tar:x/y:z").stdout)
        self.assertEqual(self.skopeo("list-tags", f"docker-archive:{at}/d.tar")["Tags"], ["x/y:z"])
        self.copy(f"docker-archive:{at}/d.tar:x/y:z", "again")
        files = json.loads(self.run_terrane("--json", "diff", "test", "again", exit_code=4).stdout)["files"]
        self.assertEqual(files, [])  # docker's archives lack annotations, so the digest is another one
        self.assert_fails(2, "docker-archive:FILE:NAME:TAG", "copy", f"oci:{at}/layout", f"docker-archive:{at}/e.tar")
        self.assert_fails(2, f"second is where the image is; write oci:{at}/./second:NAME", "copy", f"oci:{at}/second", f"oci:{at}/./second")
        self.assert_fails(2, "for a registry", "copy", "test", f"oci:{at}/x", "--create-repository")
        self.assert_fails(2, "one platform", "copy", "test", f"oci:{at}/x", "--platform", "linux/amd64,linux/arm64")
        for source, destination, pattern in (
                (f"oci:{at}/layout", f"oci:{at}/x", "an image for one platform, and not an image index"),
                ("test", f"oci:{at}/x", "an image in the store, which is for one platform"),
                (f"oci-archive:{at}/a.tar", f"oci:{at}/x", "of an archive one image is copied"),
                # Nothing listens there: it is refused before anything is fetched.
                ("docker://localhost:1/x", f"docker-archive:{at}/x.tar:x:1", "a docker archive holds no image index"),
                ("docker://localhost:1/x", "x", "an image in the store, such as x, is for one platform; say which one")):
            with self.subTest(source=source, destination=destination):
                self.assert_fails(2, f"copy: --platform all: .*{pattern}", "copy", source, destination, "--platform", "all")
        for command in (("copy", "test", "dir:/x"), ("copy", "sif:x", "y"), ("push", "test", "docker-daemon:x"), ("run", "ostree:x", "true")):
            self.assert_fails(2, "terrane has no transport", *command)
        self.assert_fails(2, "copy: invalid name ‘x.json’: .*profile", "copy", "test", "x.json")
        self.assertFalse((at / "x").exists())
        self.assert_store_is_sound()

    def contradictory(self, name, change_config=None, change=None, content=b"1"):
        """A layout with an image of two layers, whose configuration or files are changed."""
        layout = ImageLayout(self.directory / name)
        layers = [make_layer(a=content), make_layer(b=content)]
        diff_ids = [digest_of(layer) for layer in layers]
        config = {"rootfs": {"type": "layers", "diff_ids": change_config(diff_ids)}} if change_config else None
        manifest = layout.name(layout.image(layers=layers, config=config))
        if change:
            blobs = self.directory / name / "blobs/sha256"
            document = json.loads((blobs / manifest["digest"][7:]).read_text())
            change(blobs / document["layers"][1]["digest"][7:])
        return f"oci:{layout.path}"

    def test_contradictions(self):
        """Images whose parts do not belong together, or are damaged, leave nothing at any destination."""
        at = self.directory
        few = self.contradictory("few", lambda diff_ids: diff_ids[:1])
        many = self.contradictory("many", lambda diff_ids: [*diff_ids, diff_ids[0]])
        damaged = self.contradictory("damaged", change=lambda blob: blob.write_bytes(blob.read_bytes()[:-1] + b"x"))
        missing = self.contradictory("missing", change=lambda blob: blob.unlink())
        for source, pattern in ((few, "2 layers and 1 diff_ids"), (many, "2 layers and 3 diff_ids"), (missing, "the blob sha256:.*No such file"),
                                (damaged, f"the blob sha256:[0-9a-f]{{12}}… of {at}/damaged: .*digest")):
            for destination in ("new:1", f"oci:{at}/made/new:1", f"oci-archive:{at}/new.tar:1", f"docker-archive:{at}/new.tar:x:1"):
                with self.subTest(source=source, destination=destination):
                    self.assert_fails(1, pattern, "copy", source, destination)
                    self.assertFalse((at / "made").exists() or (at / "new.tar").exists())
        # An existing layout, and an existing directory above, stay; and what is in the layout.
        whole = self.contradictory("whole", content=b"other")
        self.copy(whole, f"oci:{at}/old/layout:1")
        index = (at / "old/layout/index.json").read_bytes()
        self.assert_fails(1, "digest", "copy", damaged, f"oci:{at}/old/layout:2")
        self.assert_fails(1, "digest", "copy", damaged, f"oci:{at}/old/new/")
        self.assertEqual((at / "old/layout/index.json").read_bytes(), index)
        self.assertEqual([path.name for path in (at / "old").iterdir()], ["layout"])
        # Layers that are not those of the configuration are refused where they are unpacked: by the store.
        swapped = self.contradictory("swapped", lambda diff_ids: diff_ids[::-1])
        self.copy(swapped, f"oci-archive:{at}/swapped.tar:1")
        for source in (swapped, f"oci-archive:{at}/swapped.tar"):
            self.assert_fails(1, f"{source}: layer sha256:.*unpacks to sha256:.*diff_ids", "copy", source, "swapped")
        self.assertEqual(json.loads(self.run_terrane("--json", "images").stdout), [])
        self.assertEqual(self.copy(whole, "whole")["images"], 1)
        # A damaged index is named once.
        (at / "few/index.json").write_text('{"schemaVersion":2,"manif')
        self.assertEqual(self.assert_fails(1, "cut off", "copy", few, "new").count("few"), 1)

    @unittest.skipUnless(have("docker-registry", "skopeo"), "needs docker-registry and skopeo")
    def test_contradictions_at_registries(self):
        """Only counted there: the number of layers and of diff_ids, by copy and push; pull as well."""
        few = self.contradictory("few", lambda diff_ids: diff_ids[:1])
        layout = ImageLayout(self.directory / "index")
        images = [layout.image(layers=[make_layer(a=b"1")], config={"rootfs": {"type": "layers", "diff_ids": []}})]
        layout.name(layout.index({**images[0], "platform": platform("linux/amd64")}))
        empty = ImageLayout(self.directory / "artifact")
        artifact = empty.name(empty.image(config={"rootfs": None}, config_type="application/vnd.example.thing+json"))
        with Registry(self.directory / "one") as one:
            for command in ("copy", "push"):
                self.assert_fails(1, "2 layers and 1 diff_ids", command, few, f"docker://{one.host}/x:1")
            self.assert_fails(1, "1 layers and 0 diff_ids", "copy", f"oci:{layout.path}", f"docker://{one.host}/x:1", "--platform", "all")
            report = json.loads(self.run_terrane("--json", "push", f"oci:{empty.path}", f"docker://{one.host}/x:1").stdout)
            self.assertEqual(report["digest"], artifact["digest"])  # artifacts have no diff_ids
            subprocess.run(["skopeo", "copy", "--dest-tls-verify=false", few, f"docker://{one.host}/few:1"], capture_output=True, check=True)
            for command in (("pull", f"docker://{one.host}/few:1"), ("copy", f"docker://{one.host}/few:1", f"docker://{one.host}/y:1")):
                self.assert_fails(1, "2 layers and 1 diff_ids", *command)

    @unittest.skipUnless(have("docker-registry", "skopeo", "podman"), "needs docker-registry, skopeo and podman")
    def test_registries(self):
        digest = self.make()["digest"]
        layers = [layer["digest"] for layer in self.read_json_blob(digest)["layers"]]
        empty = self.directory / "empty"
        with Registry(self.directory / "one") as one, Registry(self.directory / "two") as two:
            pushed = self.copy("test", f"docker://{one.host}/a/x:1")["push"]
            self.assertEqual(pushed["reference"], f"{one.host}/a/x@{digest}")
            # From registry to registry, with a store that has nothing and gets no layer.
            report = self.copy(f"docker://{one.host}/a/x:1", f"docker://{two.host}/y:2", store=empty)["push"]
            self.assertEqual((report["blobs_uploaded"], report["digest"]), (len(layers) + 1, digest))
            for layer in layers:
                self.assertFalse(self.blob(layer, empty).exists())
            self.assertEqual(list((empty / "roots").iterdir()), [])
            self.assertEqual(self.skopeo("inspect", f"docker://{two.host}/y:2")["Digest"], digest)
            # In one registry layers are mounted, and a tag in the same repository moves nothing.
            report = self.copy(f"docker://{one.host}/a/x:1", f"docker://{one.host}/b:1", store=empty)["push"]
            self.assertEqual((report["blobs_uploaded"], report["blobs_mounted"]), (0, len(layers) + 1))
            report = self.copy(f"docker://{one.host}/a/x:1", f"docker://{one.host}/a/x:2", store=empty)["push"]
            self.assertEqual((report["blobs_uploaded"], report["blobs_existing"]), (0, len(layers) + 1))
            self.assertIn("nothing to send", self.run_terrane("copy", f"docker://{one.host}/a/x:1", f"docker://{one.host}/a/x:2").stdout)
            # podman finds the image there.
            root = ["podman", "--root", str(self.directory / "podman"), "--runroot", str(self.directory / "podman-run"), "--storage-driver", "vfs"]
            subprocess.run([*root, "pull", "--quiet", "--tls-verify=false", f"{two.host}/y:2"], check=True, capture_output=True)
            found = subprocess.run([*root, "image", "inspect", f"{two.host}/y:2"], check=True, capture_output=True).stdout
            self.assertEqual(json.loads(found)[0]["Digest"], digest)
            # A layer that is damaged over there is not passed on.
            self.damage(one, layers[1])
            self.assert_fails(1, f"sha256:{layers[1][7:19]}", "copy", f"docker://{one.host}/a/x:1", f"docker://{two.host}/z:1", store=empty)
            self.assertNotEqual(subprocess.run(["skopeo", "inspect", "--tls-verify=false", f"docker://{two.host}/z:1"], capture_output=True).returncode, 0)
            self.assertEqual(list((empty / "roots").iterdir()), [])
            self.assert_fails(2, "--offline", "copy", "test", f"docker://{two.host}/z:1", "--offline")

    def damage(self, registry, digest):
        hexadecimal = digest.removeprefix("sha256:")
        path = registry.storage / "docker/registry/v2/blobs/sha256" / hexadecimal[:2] / hexadecimal / "data"
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)

    @unittest.skipUnless(have("docker-registry", "skopeo"), "needs docker-registry and skopeo")
    def test_indexes(self):
        layout = ImageLayout(self.directory / "foreign")
        images = [{**layout.image(of), "platform": platform(of)} for of in ("linux/amd64", "linux/arm64")]
        index = layout.index(*images, annotations={"x": "kept"})
        (layout.path / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [index]}))
        raw = (layout.path / "blobs/sha256" / index["digest"][7:]).read_bytes()
        empty = self.directory / "empty"
        with Registry(self.directory / "one") as one, Registry(self.directory / "two") as two:
            report = self.copy(f"oci:{layout.path}", f"docker://{one.host}/x:1", "--platform", "all")
            self.assertEqual((report["digest"], report["images"]), (index["digest"], 2))
            self.copy(f"docker://{one.host}/x:1", f"docker://{two.host}/x:2", "--platform", "all", store=empty)
            found = subprocess.run(["skopeo", "inspect", "--raw", "--tls-verify=false", f"docker://{two.host}/x:2"], capture_output=True, check=True)
            self.assertEqual(found.stdout, raw)
            for image in images:
                self.assertEqual(self.skopeo("inspect", f"docker://{two.host}/x@{image['digest']}")["Digest"], image["digest"])
            target = f"oci:{self.directory}/out:t"
            self.copy(f"docker://{two.host}/x:2", target, "--platform", "all", store=empty)
            entry = json.loads((self.directory / "out/index.json").read_text())["manifests"][0]
            self.assertEqual((entry["mediaType"], entry["digest"]), (INDEX, digest_of(raw)))
            self.assertEqual(len(list((self.directory / "out/blobs/sha256").iterdir())), 1 + 3 * len(images))
            one_image = self.copy(f"docker://{two.host}/x:2", "arm", "--platform", "linux/arm64", store=empty)
            self.assertEqual(one_image["digest"], images[1]["digest"])
            self.assert_fails(2, "say which one", "copy", f"docker://{two.host}/x:2", "arm", "--platform", "all")
        nested = layout.index({**index, "platform": platform("linux/amd64")})
        (layout.path / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [nested]}))
        self.assert_fails(1, "not only images", "copy", f"oci:{layout.path}", f"oci:{self.directory}/n", "--platform", "all")


if __name__ == "__main__":
    unittest.main()
