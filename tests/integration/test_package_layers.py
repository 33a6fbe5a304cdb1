"""Layers per package of trees of wheels: the same file system as one layer, and an assignment that the lock keeps."""

import hashlib
import json
import os
import random
import subprocess
import unittest

from image_layout import ImageLayout, make_layer
from layer_model import directory_listing
from terrane_test import INPUTS, TestCase, have, reachable_file, seeded_store
from wheel_index import make_wheel, requirement

BASE = reachable_file(next(iter(sorted(INPUTS.glob("debian12-base-*.tar.zst"))), None))
LARGE = 1_200_000  # bytes that do not compress: over the limit of what gets a layer


def noise(seed, size=LARGE):
    return random.Random(seed).randbytes(size)


class PackageLayers(TestCase):
    def setUp(self):
        super().setUp()
        (self.directory / "wheels").mkdir()
        self.wheels = {}

    def add(self, name, version="1.0", size=0, **files):
        files = {f"{name}/__init__.py": f"V = '{version}'\n", **files}
        if size:
            files[f"{name}/data.bin"] = noise(name + version, size)
        wheel = make_wheel(name, version, files=files, entry_points={f"run-{name}": f"{name}:main"})
        (self.directory / "wheels" / wheel[0]).write_bytes(wheel[1])
        self.wheels[name] = (version, wheel)

    def profile(self, mode="per-package", name=None, prefix="/var/task", max=None, trees=(), **members):
        self.write("requirements.txt", "".join(requirement(wheel, version, file) for wheel, (version, file) in self.wheels.items()))
        layers = {"wheels": mode, **({"max": max} if max else {})}
        wheels = {"requirements": "requirements.txt", "index": [], "wheelhouse": "wheels", "python": "3.11", "glibc": "2.34"}
        deps = {"name": "deps", "wheels": wheels, "prefix": prefix}
        members.setdefault("layers", layers)
        return self.write_profile(f"{name or mode}.json", name=name or mode, trees=[deps, *trees], **members)

    def layers(self, record):
        """{the packages of a layer: its digest}, of the tree."""
        return {",".join(layer.get("packages", ["*"])): layer["digest"] for layer in record["layers"] if layer["tree"] == "deps"}

    def unpack(self, record):
        """The image as umoci unpacks it."""
        name = record["name"].split(":")[0]
        image = f"{self.directory / 'out' / name}"
        self.run_terrane("--quiet", "build", self.directory / f"{name}.json", "--output", f"oci:{image}:latest")
        bundle = self.directory / "bundles" / name
        bundle.parent.mkdir(exist_ok=True)
        rootless = [] if os.geteuid() == 0 else ["--rootless"]
        subprocess.run(["umoci", "unpack", *rootless, "--image", f"{image}:latest", bundle], check=True, capture_output=True)
        return directory_listing(bundle / "rootfs")

    def lock(self, name="per-package"):
        return json.loads((self.directory / f"{name}.lock.json").read_text())

    def assigned(self, name="per-package"):
        return {wheel["name"]: wheel.get("layer") for wheel in self.lock(name)["platforms"]["linux/amd64"]["trees"]["deps"]["wheels"]}

    @unittest.skipUnless(have("umoci"), "umoci is not installed")
    def test_same_file_system(self):
        """Data that is deduplicated over packages, namespace packages, equal files, scripts, .pth files, empty directories, a link above
        the prefix, a file of the base that a wheel replaces: umoci unpacks the same from one layer and from several."""
        shared = "+proj=merc\n" * 1000
        self.add("rasterio", size=LARGE, **{"space/one.py": "ONE = 1\n", "rasterio/gdal_data/a.wkt": shared, "common.py": "# equal\n"})
        self.add("fiona", size=LARGE, **{"space/two.py": "TWO = 2\n", "fiona/gdal_data/a.wkt": shared, "common.py": "# equal\n"})
        self.add("pyogrio", **{"space/sub/three.py": "THREE = 3\n", "pyogrio.pth": "import pyogrio\n", "top.py": "TOP = 1\n",
                               "pyogrio/gdal_data/a.wkt": shared})
        self.add("delta", **{"space/sub/four.py": "FOUR = 4\n", "delta-1.0.data/data/share/delta/x": "x",
                             "delta-1.0.data/scripts/tool": "#!python\nprint(1)\n"})
        (self.directory / "base/opt/task").mkdir(parents=True)
        (self.directory / "base/opt/task/top.py").write_text("OLD = 1\n")
        (self.directory / "base/var").mkdir()
        (self.directory / "base/var/task").symlink_to("../opt/task")
        (self.directory / "base/opt/task").chmod(0o750)
        (self.directory / "empty/hollow/inside").mkdir(parents=True)
        members = {"base": {"directory": "base"}, "transforms": {"dedupe": True, "prune": ["python-tests"]},
                   "trees": [{"name": "app", "directory": "empty", "prefix": "/var/task"}]}
        records = {mode: self.build(self.profile(mode, **members)) for mode in ("per-tree", "per-package")}
        self.assertEqual(list(self.layers(records["per-package"])), ["fiona", "rasterio", "delta,pyogrio"])
        self.assertEqual(list(self.layers(records["per-tree"])), ["*"])
        one, several = (self.unpack(records[mode]) for mode in ("per-tree", "per-package"))
        self.assertEqual(one, several)
        links = [path for path, (kind, *_) in several.items() if kind == "link" and path.endswith(b"a.wkt")]
        self.assertEqual(len(links), 2)
        self.assertEqual(several[b"opt/task/space/sub/four.py"][4], hashlib.sha256(b"FOUR = 4\n").hexdigest())
        self.assertEqual(several[b"opt/task/top.py"][4], hashlib.sha256(b"TOP = 1\n").hexdigest())
        self.assertEqual(records["per-tree"]["commit"], records["per-package"]["commit"])

    @unittest.skipUnless(have("umoci"), "umoci is not installed")
    def test_single(self):
        """One layer for two trees of wheels, of which the tree between them replaces a file."""
        self.add("alpha", size=LARGE)
        self.add("beta", **{"space/two.py": "TWO = 2\n"})
        self.write("more.txt", requirement("beta", "1.0", self.wheels.pop("beta")[1]))
        self.write("patch/alpha/__init__.py", "PATCHED = 1\n")
        self.write("patch/bin/own", "x")
        more = {"name": "more", "wheels": {"requirements": "more.txt", "index": [], "wheelhouse": "wheels", "python": "3.11",
                                           "glibc": "2.34"}, "prefix": "/var/task"}
        trees = [{"name": "patch", "directory": "patch", "prefix": "/var/task", "overwrite": True}, more]
        per_tree, single = (self.build(self.profile(mode, trees=trees)) for mode in ("per-tree", "single"))
        self.assertEqual([layer["tree"] for layer in single["layers"]], ["base", "patch", "deps+more"])
        self.assertEqual(self.unpack(per_tree), self.unpack(single))
        self.assertEqual(per_tree["commit"], single["commit"])
        self.assertIn("patch", self.run_terrane("why", "single", "/var/task/alpha/__init__.py").stdout)

    def test_assignment_stays(self):
        self.add("alpha", size=LARGE)
        self.add("beta", size=LARGE)
        self.add("gamma")
        self.add("botocore", size=400_000)  # changes often: less is large
        self.add("boto3")
        self.add("s3transfer")
        first = self.layers(self.build(self.profile()))
        self.assertEqual(set(first), {"alpha", "beta", "boto3,botocore,s3transfer", "gamma"})
        self.add("alpha", "2.0", size=100)  # not large any more
        second = self.layers(self.build(self.profile()))
        self.assertEqual({name for name in first if first[name] != second[name]}, {"alpha"})
        self.add("gamma", "2.0", size=2 * LARGE)  # now large
        self.add("zeta", size=LARGE)  # new, and large
        self.add("eta")  # new
        third = self.layers(self.build(self.profile()))
        self.assertEqual(set(third), {"alpha", "beta", "boto3,botocore,s3transfer", "zeta", "eta,gamma"})
        self.assertEqual([third[name] for name in ("alpha", "beta")], [second[name] for name in ("alpha", "beta")])
        del self.wheels["alpha"], self.wheels["botocore"]
        fourth = self.layers(self.build(self.profile(), "--update-lock"))
        self.assertEqual(set(fourth), {"beta", "boto3,s3transfer", "zeta", "eta,gamma"})
        self.assertEqual({name for name in third if third[name] == fourth.get(name)}, {"beta", "zeta", "eta,gamma"})
        again = self.layers(self.build(self.profile(), "--locked", store=self.directory / "other"))
        self.assertEqual(again, fourth)

    def test_jobs_change_nothing(self):
        for name in ("alpha", "beta", "gamma"):
            self.add(name, size=LARGE)
        digests = {self.build(self.profile(), f"--jobs={jobs}", store=self.directory / f"store{jobs}")["digest"] for jobs in (1, 2, 8)}
        self.assertEqual(len(digests), 1)

    def test_max(self):
        self.add("alpha", size=LARGE)
        self.add("beta", size=2 * LARGE)
        self.add("gamma")
        self.assertEqual(set(self.layers(self.build(self.profile()))), {"alpha", "beta", "gamma"})
        self.assert_fails(4, "deps: other layers for alpha", "build", self.profile(max=2), "--locked")
        self.assertEqual(set(self.layers(self.build(self.profile(max=2)))), {"beta", "alpha,gamma"})
        self.assertEqual(self.assigned(), {"alpha": "others", "beta": "beta", "gamma": "others"})
        # Room for more moves nothing, until it is asked for; "lock" tells.
        hint = "deps: its packages are in 2 layers, as they were in the lock; 'terrane lock --new-layers' would make 3"
        self.assertNotIn("new-layers", self.run_terrane("lock", self.profile(max=2)).stderr)
        self.assertIn(hint, self.run_terrane("lock", self.profile()).stderr)
        self.assertEqual(self.assigned()["alpha"], "others")
        result = self.run_terrane("lock", "--new-layers", self.profile())
        self.assertIn("deps: other layers for alpha\n", result.stdout)
        self.assertNotIn("would make", result.stderr)
        self.assertEqual(self.assigned(), {"alpha": "alpha", "beta": "beta", "gamma": "others"})
        self.assertEqual(set(self.layers(self.build(self.profile(max=1)))), {"*"})

    def test_layers_of_the_base(self):
        """With those of the base no more than what docker can stack."""
        layout = ImageLayout(self.directory / "layout")
        layout.name(layout.image(layers=[make_layer(**{f"etc/f{i}": b"x"}) for i in range(124)]), "base")
        for name in ("alpha", "beta", "gamma", "delta"):
            self.add(name, size=LARGE)
        self.write("app/x", "x")
        profile = self.profile(base={"image": f"oci:{layout.path}:base"}, trees=[{"name": "app", "directory": "app", "prefix": "/var/task"}])
        result = self.run_terrane("build", profile)
        self.assertIn("deps: becomes 2 layers instead of ", result.stderr)
        manifest = json.loads(self.run_terrane("--json", "inspect", "per-package").stdout)
        self.assertEqual(len(manifest["layers"]), 127)
        self.assertEqual([layer.get("annotations", {}).get("io.terrane.packages") for layer in manifest["layers"][124:]],
                         ["alpha", "beta,delta,gamma", None])

    def test_hostile_locks(self):
        """Names of layers without a package, or invalid ones: the same files, or one message."""
        self.add("alpha", size=LARGE)
        self.add("beta", size=LARGE)
        self.add("gamma")
        commit = self.build(self.profile())["commit"]
        path = self.directory / "per-package.lock.json"
        lock = self.lock()
        wheels = lock["platforms"]["linux/amd64"]["trees"]["deps"]["wheels"]
        wheels[0]["layer"] = wheels[2]["layer"] = "numpy"  # a package that is gone
        path.write_text(json.dumps(lock))
        record = self.build(self.profile(), "--locked")
        self.assertEqual((record["commit"], set(self.layers(record))), (commit, {"alpha,gamma", "beta"}))
        for name in ("", "../x", "a,b\n", "x" * 5000):
            wheels[0]["layer"] = name
            path.write_text(json.dumps(lock))
            record = self.build(self.profile(), "--locked")
            self.assertEqual((record["commit"], set(self.layers(record))), (commit, {"alpha", "beta", "gamma"}))
        # A wheel that is named twice, and another order, are differences like any other.
        wheels[0]["layer"] = "alpha"
        for extra in (wheels[0], {**wheels[0], "layer": "beta"}):
            lock["platforms"]["linux/amd64"]["trees"]["deps"]["wheels"] = [*wheels, extra]
            path.write_text(json.dumps(lock))
            for command in (("build", self.profile(), "--locked"), ("lock", "--check", self.profile())):
                self.assert_fails(4, "deps: alpha 1.0 is there twice", *command)
        lock["platforms"]["linux/amd64"]["trees"]["deps"]["wheels"] = wheels[::-1]
        path.write_text(json.dumps(lock))
        self.assert_fails(4, "deps: the same in another order", "build", self.profile(), "--locked")
        lock["platforms"]["linux/amd64"]["trees"]["deps"]["wheels"] = wheels
        wheels[0]["layer"] = 5
        path.write_text(json.dumps(lock))
        self.assert_fails(2, r"wheels\[0\]\.layer: expected", "build", self.profile())
        for wheel in wheels:
            del wheel["layer"]
        path.write_text(json.dumps(lock))
        self.assert_fails(4, "deps: other layers for alpha, beta, gamma", "build", self.profile(), "--locked")

    @unittest.skipIf(BASE is None, "profiles/inputs is empty, run scripts/debian-rootfs")
    def test_bytecode_is_with_its_source(self):
        seeded_store(self.store, base={"archive": str(BASE)})
        self.add("alpha", size=LARGE, **{"alpha/deep/module.py": "A = 1\n", "space/one.py": "ONE = 1\n"})
        self.add("beta", **{"space/two.py": "TWO = 2\n", "single.py": "S = 1\n"})
        record = self.build(self.profile(base={"archive": str(BASE)}, transforms={"bytecode": "unchecked-hash"},
                                         config={"env": {"PATH": "/usr/bin"}}))
        for layer, expected in zip(record["layers"][1:], ({"alpha/__init__", "alpha/deep/module", "space/one"},
                                                          {"beta/__init__", "single", "space/two"}), strict=True):
            with self.open_layer(layer) as tar:
                names = {name.removeprefix("var/task/") for name in tar.getnames() if name.endswith((".py", ".pyc"))}
            compiled = {name.replace("__pycache__/", "").split(".")[0] for name in names if name.endswith(".pyc")}
            self.assertEqual((compiled, {name.removesuffix(".py") for name in names if name.endswith(".py")}), (expected, expected))

    def test_without_record(self):
        """Files that no RECORD names belong to the other packages."""
        self.add("alpha", size=LARGE)
        self.add("beta", size=LARGE)
        profile = self.profile(transforms={"prune_paths": ["alpha-1.0.dist-info/RECORD"]})
        record = self.build(profile)
        self.assertEqual(set(self.layers(record)), {"beta", ""})
        stdout = self.run_terrane("inspect", "per-package").stdout
        self.assertRegex(stdout, r"(?m)^deps: beta +sha256:")
        self.assertIn("deps: beta", self.run_terrane("why", "per-package", "/var/task/beta/data.bin").stdout)


if __name__ == "__main__":
    unittest.main()
