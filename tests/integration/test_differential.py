"""Images by chance, flattened by terrane, umoci and podman, against a model of the specification: layer_model.py.

scripts/differential runs many more.
"""

import os
import unittest

import layer_model
from terrane_test import BUILD, TestCase, have

PROBE = BUILD / "tests/layers-probe"
SEED = "terrane"
IMAGES = 300
OF_UMOCI = 60
OF_PODMAN = 5


class Differential(TestCase):
    def setUp(self):
        super().setUp()
        self.images = [layer_model.Image(SEED, number) for number in range(IMAGES)]
        self.layout = layer_model.Layout(self.directory / "layout", self.images)

    def check(self, peer, image, actual):
        found = layer_model.compare(image, peer, actual)
        if found:
            self.fail(f"{peer}: image {image.name} of the seed {SEED}:\n" + "\n".join(found[:10]))
        return found is not None

    def test_terrane(self):
        listings = layer_model.terrane_listings(PROBE, self.store, self.layout, self.images)
        for image in self.images:
            self.check("terrane", image, listings[image.name])
        self.assert_store_is_sound()

    @unittest.skipUnless(have("umoci"), "umoci is not installed")
    def test_umoci(self):
        compared = sum(self.check("umoci", image, layer_model.umoci_listing(self.layout, image, self.directory))
                       for image in self.images[:OF_UMOCI] if layer_model.comparable(image, "umoci"))
        self.assertGreater(compared, OF_UMOCI // 3)

    @unittest.skipUnless(have("podman") and os.geteuid() == 0, "podman is not installed, or this is not root")
    def test_podman(self):
        podman = layer_model.Podman(self.directory)
        self.addCleanup(podman.close)
        if not podman.works():
            self.skipTest("podman's overlay does not work here")
        chosen = [image for image in self.images if layer_model.comparable(image, "podman")][:OF_PODMAN]
        self.assertEqual(len(chosen), OF_PODMAN)
        for image in chosen:
            self.check("podman", image, podman.listing(self.layout, image))


if __name__ == "__main__":
    unittest.main()
