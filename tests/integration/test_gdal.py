"""The shipped profile with Debian's GDAL: assembled, validated, pushed, and read by the peers."""

import json
import os
import pathlib
import pwd
import re
import shutil
import stat
import subprocess
import unittest

from terrane_test import INPUTS, SHARED, Registry, TestCase, have, sha256, shared_files, shared_gdal_build

SCHEMAS = next(iter(pathlib.Path("/usr/share/gocode/src/github.com/opencontainers/image-spec").glob("schema")), None)
PROBE = "import handler, rasterio; print('GDAL', rasterio.__gdal_version__)"


@unittest.skipUnless(list(INPUTS.glob("debian12-gdal-*.tar.zst")), "profiles/inputs is empty, run scripts/debian-rootfs")
class Gdal(TestCase):
    @classmethod
    def setUpClass(cls):
        cls.record = shared_gdal_build()
        cls.shared = SHARED / "store"
        cls.image = "debian12-gdal:latest"

    def test_everything_was_validated(self):
        results = {result["name"]: result for result in self.record["validation"]}
        asked = {name for name, result in results.items() if result["kind"] in ("import", "script")}
        self.assertEqual(asked, {"osgeo.gdal", "rasterio", "shapely", "fiona", "pyproj", "numpy", "awslambdaric", "handler",
                                 "function.py"})
        self.assertTrue(all(result["passed"] for result in results.values()))
        for name in ("geo.crs.epsg-1133.pyproj", "geo.cog.ZSTD.osgeo", "geo.network.range-read.rasterio", "geo.gpkg.fiona"):
            self.assertEqual(results[name]["status"], "passed", name)
        self.assertEqual(results["geo.gpkg.pyogrio"]["status"], "skipped")
        self.assertGreater(results["rasterio"]["peak_rss_bytes"], 40_000_000)
        self.assertNotIn("import", results["rasterio"])  # the profile has no limit of it
        self.assertEqual([layer["tree"] for layer in self.record["layers"]], ["base", "gdal", "runtime", "app"])

    def test_nothing_changed_means_nothing_done(self):
        again = shared_gdal_build()
        self.assertTrue(again["unchanged"] and again["validation_cached"])
        self.assertEqual(again["digest"], self.record["digest"])

    @unittest.skipUnless(have("umoci") and os.geteuid() == 0, "needs umoci, and root for owners")
    def test_umoci_unpacks_the_assembled_tree(self):
        bundle = self.directory / "bundle"
        subprocess.run(["umoci", "unpack", "--image", f"{self.shared}/images:{self.image}", str(bundle)], check=True,
                       capture_output=True)
        rootfs = bundle / "rootfs"
        listing = subprocess.run(["ostree", f"--repo={self.shared}/repo", "ls", "-R", self.record["commit"]], check=True,
                                 capture_output=True, text=True).stdout
        expected = {}
        for line in listing.splitlines():
            # "-00755 0 0 1234 /path", "l00777 0 0 0 /path -> target"
            kind, mode, uid, gid, size, path, target = re.fullmatch(
                r"([-dl])0(\d{4}) (\d+) (\d+) +(\d+) (.+?)(?: -> (.*))?", line).groups()
            expected[path] = (kind, int(mode, 8), int(uid), int(gid), int(size) if kind == "-" else 0, target)
        actual = {"/": expected["/"]}
        for directory, directories, files in os.walk(rootfs):
            for name in directories + files:
                path = pathlib.Path(directory, name)
                info = path.lstat()
                kind = {stat.S_IFDIR: "d", stat.S_IFLNK: "l", stat.S_IFREG: "-"}[stat.S_IFMT(info.st_mode)]
                actual["/" + str(path.relative_to(rootfs))] = (
                    kind, stat.S_IMODE(info.st_mode), info.st_uid, info.st_gid, info.st_size if kind == "-" else 0,
                    os.readlink(path) if kind == "l" else None)
        self.assertEqual(len(actual), len(expected))
        differing = {path: (actual.get(path), expected[path]) for path in expected if actual.get(path) != expected[path]}
        self.assertEqual(differing, {})
        checkout = shared_files(self.record)
        for path, (kind, *_) in expected.items():
            if kind == "-":
                self.assertEqual(sha256(rootfs / path[1:]), sha256(checkout / path[1:]), path)

    @unittest.skipUnless(SCHEMAS, "golang-github-opencontainers-image-spec-dev is not installed")
    def test_official_schemas_accept_the_documents(self):
        import jsonschema
        store = {}
        for path in SCHEMAS.glob("*.json"):
            document = json.loads(path.read_text())
            remove_nested_ids(document)
            store[path.name] = document
        layout = self.shared / "images"
        manifest = json.loads(self.blob(self.record["digest"], self.shared).read_text())
        documents = {"image-layout-schema.json": json.loads((layout / "oci-layout").read_text()),
                     "image-index-schema.json": json.loads((layout / "index.json").read_text()),
                     "image-manifest-schema.json": manifest,
                     "config-schema.json": json.loads(self.blob(manifest["config"]["digest"], self.shared).read_text())}
        for name, document in documents.items():
            with self.subTest(name):
                resolver = jsonschema.RefResolver(f"file://{SCHEMAS}/{name}", store[name],
                                                  store={f"file://{SCHEMAS}/{key}": value for key, value in store.items()})
                jsonschema.Draft4Validator(store[name], resolver=resolver).validate(document)

    @unittest.skipUnless(have("docker-registry", "skopeo"), "docker-registry or skopeo is not installed")
    def test_registry_round_trip(self):
        with Registry(self.directory / "registry") as registry:
            destination = f"docker://{registry.host}/geo/app:v1"
            self.run_terrane("push", self.image, destination, store=self.shared)
            inspected = json.loads(subprocess.run(["skopeo", "inspect", "--tls-verify=false", destination], check=True,
                                                  capture_output=True, text=True).stdout)
            self.assertEqual(inspected["Digest"], self.record["digest"])
            back = self.directory / "back"
            subprocess.run(["skopeo", "copy", "--preserve-digests", "--src-tls-verify=false", destination,
                            f"oci:{back}:v1"], check=True, capture_output=True)
            index = json.loads((back / "index.json").read_text())
            self.assertEqual(index["manifests"][0]["digest"], self.record["digest"])
            if have("podman") and os.geteuid() == 0:
                output = self.podman_run(["--tls-verify=false", f"{registry.host}/geo/app:v1"])
                self.assertIn("GDAL 3.6.2", output)

    def podman_run(self, image, user=None, environment=None):
        """Tries the plain form first; on hosts with hybrid cgroups only the longer one works."""
        storage = ["--root", str(self.directory / "podman/root"), "--runroot", str(self.directory / "podman/run"),
                   "--storage-driver", "overlay"]
        tail = ["--rm", "--network", "none", "--entrypoint", "/usr/bin/python3.11", *image, "-c", PROBE]
        forms = [["podman", *storage, "run", *tail],
                 ["podman", *storage, "--runtime", "runc", "--cgroup-manager", "cgroupfs", "run", "--ulimit",
                  "nofile=1024:1024", "--ulimit", "nproc=1024:1024", *tail]]
        for form in forms:
            options = {}
            if user is not None:
                options = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}
            result = subprocess.run(form, capture_output=True, text=True, env=environment, cwd="/", **options)
            if result.returncode == 0:
                print(f"podman worked as: {' '.join(form[:1] + form[7:12])}")
                return result.stdout
        self.fail(f"{' '.join(forms[-1])}\n{result.stderr}")

    @unittest.skipUnless(have("podman") and os.geteuid() == 0, "needs podman and root")
    def test_podman_as_root_from_the_store(self):
        self.assertIn("GDAL 3.6.2", self.podman_run([f"oci:{self.shared}/images:{self.image}"]))

    @unittest.skipUnless(have("podman"), "podman is not installed")
    def test_podman_rootless(self):
        user = pwd.getpwuid(os.geteuid()).pw_name
        if os.geteuid() == 0:
            names = [line.split(":")[0] for line in pathlib.Path("/etc/subuid").read_text().splitlines()]
            user = next((name for name in names if name != "root"), None)
        if user is None:
            self.skipTest("no user has a range in /etc/subuid, which rootless podman needs")
        home = self.directory / "home"
        home.mkdir()
        shutil.copytree(self.shared / "images", home / "images")
        environment = dict(os.environ, HOME=str(home), XDG_RUNTIME_DIR=str(home))
        if os.geteuid() == 0:
            subprocess.run(["chown", "-R", user, str(self.directory)], check=True)
        output = self.podman_run([f"oci:{home}/images:{self.image}"], user if os.geteuid() == 0 else None, environment)
        self.assertIn("GDAL 3.6.2", output)


def remove_nested_ids(node):
    """The schemas' nested "id" members send $ref to addresses on the web."""
    if isinstance(node, dict):
        if isinstance(node.get("id"), str):
            del node["id"]
        for value in node.values():
            remove_nested_ids(value)
    elif isinstance(node, list):
        for value in node:
            remove_nested_ids(value)


if __name__ == "__main__":
    unittest.main()
