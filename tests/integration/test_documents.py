"""Manifests, indexes and configurations that contradict themselves, and which image of an index is taken."""

import json
import subprocess
import unittest

from image_layout import LAYER, MANIFEST, ImageLayout, digest_of, make_layer, platform
from terrane_test import TestCase, have


class Ambiguous(TestCase):
    """CVE-2021-41190: documents that are two things are refused, with the digest of the document at fault."""

    def setUp(self):
        super().setUp()
        self.layout = ImageLayout(self.directory / "l")

    def assert_refused(self, pattern, descriptor, exit_code=1):
        self.layout.entries.clear()
        self.layout.name(descriptor, "x")
        for command in (["inspect"], ["check", "--target", "oci"]):
            self.assert_fails(exit_code, pattern, *command, f"oci:{self.directory}/l:x")
        message = self.assert_fails(exit_code, pattern, "build", self.write_profile(base={"image": "oci:l:x"}))
        self.assertIn("base.image", message)

    def test_a_manifest_that_is_also_an_index(self):
        image = self.layout.image()
        for members in ({"manifests": [image]}, {"Manifests": [image]}):
            with self.subTest(members):
                both = self.layout.image(**members)
                self.assert_refused(f"the manifest {both['digest']}: is ambiguous: .*[Mm]anifests", both)

    def test_an_index_that_is_also_a_manifest(self):
        image = dict(self.layout.image(), platform=platform("linux/amd64"))
        for members in ({"layers": []}, {"config": image}):
            with self.subTest(members):
                both = self.layout.index(image, **members)
                self.assert_refused(f"the manifest {both['digest']}: is ambiguous: an image index that has", both)

    def test_a_document_that_is_not_what_its_descriptor_says(self):
        index = self.layout.index(dict(self.layout.image(), platform=platform("linux/amd64")))
        self.assert_refused(f"the manifest {index['digest']} is of type .*index.*, but its descriptor says .*manifest",
                            dict(index, mediaType=MANIFEST))

    def test_counts(self):
        layer, other = make_layer(f=b"1"), make_layer(f=b"2")
        rootfs = {"type": "layers", "diff_ids": [digest_of(layer)]}
        image = self.layout.image(layers=[layer, other], config={"rootfs": rootfs})
        self.assert_refused(f"2 layers and 1 diff_ids: the manifest {image['digest']} and the configuration sha256:", image)
        image = self.layout.image(layers=[layer], config={"history": [{}, {"empty_layer": True}, {}]})
        self.assert_refused("the configuration sha256:[0-9a-f]{64}: history: is about 2 layers, but there are 1 diff_ids",
                            image)
        image = self.layout.image(layers=[layer], config={"history": [{"empty_layer": "yes"}]})
        self.assert_refused(r"history\[0\].empty_layer: expected", image)


class History(TestCase):
    """podman, buildah and docker hold the history entries that are not empty against the layers, once there is one."""

    def test_every_layer_has_an_entry(self):
        layers = [make_layer(f=b"1"), make_layer(g=b"2")]
        self.write("app/h", "h")
        empty = {"created_by": "ENV", "empty_layer": True}
        for number, history in enumerate((None, [], [None], [{"created_by": "a"}], [{"created_by": "a"}, empty],
                                          [{"created_by": "a"}, {"created_by": "b"}, empty])):
            with self.subTest(history):
                layout = ImageLayout(self.directory / f"l{number}")
                layout.name(layout.image(layers=layers, config={"history": history}))
                record = self.build(self.write_profile(base={"image": f"oci:l{number}"}, trees=[
                    {"name": "app", "directory": "app", "prefix": "/app"}]))
                config = self.read_json_blob(record["config_digest"])
                entries = config["history"]
                self.assertEqual(sum(not entry.get("empty_layer") for entry in entries), 3)
                kept = [entry or {} for entry in history or []]
                self.assertEqual(entries[:len(kept)], kept)
                self.assertIn("created_by", entries[-1])


class Platforms(TestCase):
    def chosen(self, image, platform=None, exit_code=0):
        """Which layer the image has; make_layout() writes the name of the image into it."""
        options = ["--platform", platform] if platform else []
        result = self.run_terrane("--json", "inspect", *options, image, exit_code=exit_code)
        return json.loads(result.stdout)["layers"][0]["diffID"]

    def make_layout(self, name, *entries):
        """@entries: (platform of the image, platform in the index or None)."""
        layout = ImageLayout(self.directory / name)
        self.layers = {}
        manifests = []
        for number, (of, said) in enumerate(entries):
            layer = make_layer(f=f"{number} {of}".encode())
            self.layers[digest_of(layer)] = number
            manifest = layout.image(of, [layer])
            if said is not None:
                manifest["platform"] = platform(said)
            manifests.append(manifest)
        return layout, manifests

    def test_nested_and_silent_entries(self):
        layout, (amd, arm, silent) = self.make_layout("n", ("linux/amd64", "linux/amd64"), ("linux/arm64", "linux/arm64/v8"),
                                                      ("linux/s390x", None))
        attestation = dict(layout.image("unknown/unknown"), platform=platform("unknown/unknown"), annotations={
            "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": amd["digest"]})
        layout.name(layout.index(attestation, layout.index(amd), layout.index(arm), silent), "x")
        image = f"oci:{layout.path}:x"
        for wanted, number in (("linux/amd64", 0), ("linux/arm64", 1), ("linux/aarch64", 1), ("linux/arm64/v8", 1),
                               ("linux/s390x", 2)):
            with self.subTest(wanted):
                self.assertEqual(self.layers[self.chosen(image, wanted)], number)
        message = self.assert_fails(1, "no image for linux/ppc64le; the index sha256:.* offers ", "inspect", "--platform",
                                    "linux/ppc64le", image)
        for offered in ("linux/amd64", "linux/arm64/v8", "linux/s390x"):
            self.assertIn(offered, message)
        self.assertNotIn("unknown", message)

    def test_an_index_in_itself_ends(self):
        # Digests forbid cycles, but not depth.
        layout, (amd,) = self.make_layout("deep", ("linux/amd64", "linux/amd64"))
        descriptor = amd
        for _ in range(20):
            descriptor = layout.index(descriptor)
        layout.name(descriptor, "x")
        self.assert_fails(1, "indexes in each other: more than", "inspect", f"oci:{layout.path}:x")

    def test_several_entries_of_a_layout(self):
        layout, (amd, arm) = self.make_layout("s", ("linux/amd64", "linux/amd64"), ("linux/arm64", "linux/arm64"))
        layout.name(amd, "x")
        layout.name(arm, "x")
        for image in (f"oci:{layout.path}:x", f"oci:{layout.path}"):
            self.assertEqual(self.layers[self.chosen(image, "linux/amd64")], 0)
            self.assertEqual(self.layers[self.chosen(image, "linux/arm64")], 1)
        archive = self.directory / "s.tar"
        subprocess.run(["tar", "-C", layout.path, "-cf", archive, "."], check=True)
        self.assertEqual(self.layers[self.chosen(f"oci-archive:{archive}:x", "linux/arm64")], 1)

    def test_the_platform_is_not_ignored(self):
        layout, (amd,) = self.make_layout("one", ("linux/amd64", None))
        layout.name(amd, "x")
        image = f"oci:{layout.path}:x"
        self.build(self.write_profile())
        for name in (image, "test"):
            for command in (["inspect"], ["check"], ["validate"], ["run"], ["invoke"], ["why"]):
                rest = ["x"] if command == ["why"] else []
                with self.subTest(command, name=name):
                    self.assert_fails(1, "the image is for linux/amd64, not for linux/arm64", *command, "--platform",
                                      "linux/arm64", name, *rest)
                    for nonsense in ("nonsense", "linux", "linux/amd65", "linux/amd64/"):
                        self.assert_fails(2, f"‘{nonsense}’ is not a platform", *command, "--platform", nonsense, name, *rest)
        self.assert_fails(2, "‘nonsense’ is not a platform", "pull", "--platform", "nonsense", "docker://127.0.0.1:1/x")

    @unittest.skipUnless(have("skopeo"), "skopeo is not installed")
    def test_variants_as_skopeo_chooses_them(self):
        entries = ("linux/amd64", "linux/arm64/v8", "linux/arm/v5", "linux/arm/v7", "linux/arm", "linux/arm/v6", "linux/386")
        for number, indexed in enumerate((entries, entries[::-1], ("linux/arm/v6", "linux/arm/v7"), ("linux/arm64",),
                                          ("linux/arm/v5", "linux/arm64"))):
            layout, manifests = self.make_layout(f"v{number}", *((of, of) for of in indexed))
            layout.name(layout.index(*manifests), "x")
            for wanted in ("linux/amd64", "linux/arm64", "linux/arm64/v8", "linux/arm", "linux/arm/v8", "linux/arm/v7",
                           "linux/arm/v6", "linux/arm/v5", "linux/386"):
                parts = platform(wanted)
                options = ["--override-os", parts["os"], "--override-arch", parts["architecture"]]
                if "variant" in parts:
                    options += ["--override-variant", parts["variant"]]
                result = subprocess.run(["skopeo", *options, "inspect", "--config", f"oci:{layout.path}:x"],
                                        capture_output=True, text=True)
                with self.subTest(wanted, indexed=indexed):
                    if result.returncode == 0:
                        expected = json.loads(result.stdout)["rootfs"]["diff_ids"][0]
                        self.assertEqual(self.layers[self.chosen(f"oci:{layout.path}:x", wanted)], self.layers[expected])
                    else:
                        self.assert_fails(1, "no image for", "inspect", "--platform", wanted, f"oci:{layout.path}:x")


if __name__ == "__main__":
    unittest.main()
