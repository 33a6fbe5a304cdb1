"""Images from registries: what skopeo, podman and buildah pushed, what terrane pushed, bases, and layers that stay there."""

import gzip
import hashlib
import io
import json
import os
import pathlib
import shutil
import subprocess
import tarfile
import unittest
import urllib.request

from terrane_test import have
from test_registry_auth import PASSWORD, RegistryTestCase

DOCKER = "application/vnd.docker."
MANIFEST_LIST = DOCKER + "distribution.manifest.list.v2+json"
MANIFEST = DOCKER + "distribution.manifest.v2+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"


def sha256_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def make_layer(*members):
    """A gzip layer of (path, content) files; None makes a directory."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path, content in members:
            info = tarfile.TarInfo(path)
            info.mode = 0o755
            if content is None:
                info.type = tarfile.DIRTYPE
            else:
                info.size = len(content)
            tar.addfile(info, io.BytesIO(content or b""))
    return buffer.getvalue(), gzip.compress(buffer.getvalue(), mtime=0)


class Uploader:
    """Puts hand-made blobs and manifests into a registry, by the HTTP API alone."""

    def __init__(self, host, repository, headers=None):
        self.base, self.headers = f"http://{host}/v2/{repository}", headers or {}

    def send(self, method, url, data=None, **headers):
        request = urllib.request.Request(url, data=data, method=method, headers={**self.headers, **headers})
        with urllib.request.urlopen(request) as response:
            return response.headers

    def blob(self, data):
        location = self.send("POST", f"{self.base}/blobs/uploads/", b"")["Location"]
        self.send("PUT", f"{location}&digest={sha256_of(data)}", data, **{"Content-Type": "application/octet-stream"})
        return {"digest": sha256_of(data), "size": len(data)}

    def manifest(self, document, media_type, *names):
        raw = json.dumps(document).encode()
        for name in names or [sha256_of(raw)]:
            self.send("PUT", f"{self.base}/manifests/{name}", raw, **{"Content-Type": media_type})
        return {"mediaType": media_type, "digest": sha256_of(raw), "size": len(raw)}

    def image(self, layers, architecture, config):
        """A Docker image of (tar, gzip) layers."""
        document = {"architecture": architecture, "os": "linux", "config": config,
                    "rootfs": {"type": "layers", "diff_ids": [sha256_of(tar) for tar, _ in layers]}}
        return self.manifest({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": {"mediaType": DOCKER + "container.image.v1+json", **self.blob(json.dumps(document).encode())},
            "layers": [{"mediaType": DOCKER + "image.rootfs.diff.tar.gzip", **self.blob(data)} for _, data in layers]},
            MANIFEST)


@unittest.skipUnless(have("docker-registry", "skopeo"), "docker-registry or skopeo is not installed")
class Peers(RegistryTestCase):
    def skopeo(self, *arguments):
        return subprocess.run(["skopeo", *map(str, arguments)], check=True, capture_output=True, text=True).stdout

    def inspect(self, image):
        return json.loads(self.skopeo("inspect", "--tls-verify=false", image))

    def check_as_base(self, image):
        """The files of the image are those of the one it is a copy of, whatever its layers are packed in."""
        self.write("more/h", "more")
        profile = self.write_profile("base.json", base={"image": image},
                                     trees=[{"name": "more", "directory": "more", "prefix": "/more"}])
        store = self.directory / f"store-{abs(hash(image))}"
        record = self.build(profile, store=store, env=self.env)
        listing = subprocess.run(["ostree", f"--repo={store}/repo", "ls", "-R", record["commit"], "/app", "/app2", "/more"],
                                 check=True, capture_output=True, text=True).stdout
        self.assertEqual([line.split()[-1] for line in listing.splitlines()],
                         ["/app", "/app/f", "/app2", "/app2/g", "/more", "/more/h"])
        self.assert_store_is_sound(store)

    def test_what_skopeo_pushed(self):
        registry = self.start()
        source = f"oci:{self.layout()}:test:latest"
        plain = self.directory / "plain"
        self.skopeo("copy", "--dest-decompress", source, f"dir:{plain}")
        for name, arguments in (("oci", ["--format=oci", source]), ("docker", ["--format=v2s2", source]),
                                ("zstd", ["--dest-compress-format=zstd", "--format=oci", f"dir:{plain}"]),
                                ("plain", [f"dir:{plain}"])):
            with self.subTest(name):
                image = f"docker://{registry.host}/{name}:v1"
                self.skopeo("copy", "--dest-tls-verify=false", *arguments, image)
                self.assertEqual(self.pull(image)["digest"], self.inspect(image)["Digest"])
                self.assert_store_is_sound(self.directory / "other")
                self.check_as_base(image)

    def test_announced_size(self):
        registry = self.start()
        uploader = Uploader(registry.host, "huge")
        tar, data = make_layer(("f", b"x"))
        config = {"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": [sha256_of(tar)]}}
        uploader.manifest({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": {"mediaType": DOCKER + "container.image.v1+json", **uploader.blob(json.dumps(config).encode())},
            "layers": [{"mediaType": DOCKER + "image.rootfs.diff.tar.gzip", **uploader.blob(data), "size": 1 << 62}]}, MANIFEST, "v1")
        self.assert_fails(1, r"its layers are announced with over 34359738368 bytes", "pull", f"docker://{registry.host}/huge:v1")

    @unittest.skipUnless(have("buildah") and os.geteuid() == 0, "needs buildah and root")
    def test_what_buildah_pushed(self):
        registry = self.start()
        buildah = ["buildah", "--root", str(self.directory / "buildah"), "--runroot", str(self.directory / "runroot"),
                   "--storage-driver", "vfs"]

        def run(*arguments):
            return subprocess.run([*buildah, *map(str, arguments)], check=True, capture_output=True, text=True).stdout.strip()
        container = run("from", "scratch")
        run("copy", container, self.directory / "app", "/app")
        run("copy", container, self.directory / "app2", "/app2")
        run("commit", container, "made")
        image = f"docker://{registry.host}/made:v1"
        run("push", "--tls-verify=false", "made", image)
        self.assertEqual(self.pull(image)["digest"], self.inspect(image)["Digest"])
        self.check_as_base(image)

    @unittest.skipUnless(have("podman") and os.geteuid() == 0, "needs podman and root")
    def test_podman_and_skopeo_take_what_terrane_pushed(self):
        registry = self.start()
        image = f"{registry.host}/team/app:v1"
        self.push(f"docker://{image}")
        self.assertEqual(self.inspect(f"docker://{image}")["Digest"], self.record["digest"])
        podman = ["podman", "--root", str(self.directory / "podman"), "--runroot", str(self.directory / "runroot"),
                  "--storage-driver", "vfs"]
        subprocess.run([*podman, "pull", "-q", "--tls-verify=false", image], check=True, capture_output=True)
        digests = subprocess.run([*podman, "image", "inspect", "--format", "{{.Digest}}", image], check=True,
                                 capture_output=True, text=True).stdout.strip()
        self.assertEqual(digests, self.record["digest"])
        again = f"docker://{registry.host}/team/podman:v1"
        subprocess.run([*podman, "push", "-q", "--tls-verify=false", image, again], check=True, capture_output=True)
        self.assertEqual(self.pull(again)["digest"], self.inspect(again)["Digest"])
        self.check_as_base(again)

    def test_from_registry_to_registry(self):
        """Layers go through the store only because the second registry lacks them."""
        first, second = self.start(), self.start()
        self.push(f"docker://{first.host}/team/app:v1")
        other = self.directory / "other"
        result = self.run_terrane("--json", "push", f"docker://{first.host}/team/app:v1", f"docker://{second.host}/x:1",
                                  env=self.env, store=other)
        self.assertEqual(json.loads(result.stdout)["digest"], self.record["digest"])
        self.assertEqual(self.inspect(f"docker://{second.host}/x:1")["Digest"], self.record["digest"])


@unittest.skipUnless(have("docker-registry"), "docker-registry is not installed")
class Pull(RegistryTestCase):
    def test_twice_and_by_digest(self):
        registry = self.start()
        self.push(f"docker://{registry.host}/team/app:v1")
        self.assertEqual(self.pull(f"docker://{registry.host}/team/app:v1")["blobs_downloaded"], 3)
        again = self.pull(f"docker://{registry.host}/team/app:v1", "other-name")
        self.assertEqual((again["blobs_downloaded"], again["blobs_existing"], again["bytes_downloaded"]), (0, 3, 0))
        self.assertEqual(again["name"], "other-name:latest")
        digest = self.record["digest"]
        third = self.pull(f"docker://{registry.host}/team/app@{digest}", store=self.directory / "third")
        self.assertEqual((third["digest"], third["name"]), (digest, f"app:{digest[7:19]}"))

    def test_inspect_downloads_documents_only(self):
        registry = self.start()
        self.push(f"docker://{registry.host}/team/app:v1")
        store = self.directory / "other"
        shown = json.loads(self.run_terrane("--json", "inspect", f"docker://{registry.host}/team/app:v1", env=self.env,
                                            store=store).stdout)
        self.assertEqual(shown["digest"], self.record["digest"])
        self.assertEqual([layer["digest"] for layer in shown["layers"]],
                         [layer["digest"] for layer in self.record["layers"]])
        names = {path.name for path in (store / "images/blobs/sha256").iterdir()}
        self.assertEqual(names, {self.record[key].removeprefix("sha256:") for key in ("digest", "config_digest")})

    def test_platforms(self):
        registry = self.start()
        for media_type, name in ((MANIFEST_LIST, "list"), (OCI_INDEX, "index")):
            uploader = Uploader(registry.host, name)
            children = {}
            for architecture in ("amd64", "arm64"):
                layer = make_layer(("etc", None), ("etc/arch", architecture.encode()))
                children[architecture] = uploader.image([layer], architecture, {})
            index = uploader.manifest(
                {"schemaVersion": 2, "mediaType": media_type, "manifests": [
                    {**child, "platform": {"os": "linux", "architecture": architecture}}
                    for architecture, child in children.items()]}, media_type, "v1")
            image = f"docker://{registry.host}/{name}:v1"
            for architecture, child in children.items():
                with self.subTest(name=name, architecture=architecture):
                    report = self.pull(image, "--platform", f"linux/{architecture}")
                    self.assertEqual((report["digest"], report["platform"]), (child["digest"], f"linux/{architecture}"))
            by_digest = self.pull(f"docker://{registry.host}/{name}@{index['digest']}", "--platform", "linux/arm64")
            self.assertEqual(by_digest["digest"], children["arm64"]["digest"])
            child = self.pull(f"docker://{registry.host}/{name}@{children['arm64']['digest']}")
            self.assertEqual(child["platform"], "linux/arm64")
            self.assert_fails(1, "linux/s390x.*(linux/amd64.*linux/arm64)", "pull", image, "--platform", "linux/s390x",
                              env=self.env)
            profile = self.write_profile(f"{name}.json", base={"image": image}, platform="linux/arm64")
            self.assertEqual(self.build(profile, env=self.env)["platform"], "linux/arm64")

    def test_a_shared_layer_is_downloaded_once(self):
        registry = self.start()
        self.push(f"docker://{registry.host}/team/app:v1")
        self.write("app2/g", os.urandom(50_000))
        self.build(self.directory / "profile.json")
        self.push(f"docker://{registry.host}/team/app:v2")
        self.assertEqual(self.pull(f"docker://{registry.host}/team/app:v1")["blobs_downloaded"], 3)
        second = self.pull(f"docker://{registry.host}/team/app:v2")
        self.assertEqual((second["blobs_downloaded"], second["blobs_existing"]), (1, 2))


@unittest.skipUnless(have("docker-registry", "skopeo"), "docker-registry or skopeo is not installed")
class CacheFrom(RegistryTestCase):
    """A runner without a store: what the registry has is neither made nor moved."""

    def setUp(self):
        super().setUp()
        self.registry = self.start()
        self.image = f"docker://{self.registry.host}/team/app:v1"
        self.push(self.image)
        self.runner = self.directory / "runner"

    def rebuild(self, *arguments):
        return self.build(self.directory / "profile.json", "--cache-from", self.image, *arguments, store=self.runner,
                          env=self.env)

    def layers_in_store(self):
        return [layer["digest"] for layer in self.record["layers"] if self.blob(layer["digest"], self.runner).exists()]

    def test_layers_stay_in_the_registry(self):
        record = self.rebuild("--push", f"docker://{self.registry.host}/team/app:v2")
        self.assertEqual(record["digest"], self.record["digest"])
        self.assertTrue(all(layer["reused"] for layer in record["layers"]))
        self.assertEqual((record["push"]["blobs_uploaded"], record["push"]["blobs_existing"]), (0, 4))
        self.assertEqual(self.layers_in_store(), [])
        self.assert_store_is_sound(self.runner)
        self.run_terrane("gc", store=self.runner)
        self.assert_store_is_sound(self.runner)
        self.assertTrue(self.rebuild("--push", f"docker://{self.registry.host}/team/app:v3")["unchanged"])

    def test_they_are_mounted_into_another_repository(self):
        record = self.rebuild("--push", f"docker://{self.registry.host}/team/other:v1")
        self.assertEqual((record["push"]["blobs_mounted"], record["push"]["blobs_uploaded"]), (3, 1))
        self.assertEqual(self.layers_in_store(), [])

    def test_they_are_fetched_when_something_needs_them(self):
        self.rebuild("--push", f"docker://{self.registry.host}/team/app:v2")
        other = self.start()
        self.run_terrane("push", "test", f"docker://{other.host}/x:1", env=self.env, store=self.runner)
        subprocess.run(["skopeo", "inspect", "--tls-verify=false", f"docker://{other.host}/x:1"], check=True,
                       capture_output=True)

    def test_layers_that_the_registry_has_lost_are_made_again(self):
        self.rebuild("--push", f"docker://{self.registry.host}/team/app:v2")
        shutil.rmtree(self.registry.storage)
        other = self.start()
        self.assert_fails(1, "build the image again, which makes it", "push", "test", f"docker://{other.host}/x:1",
                          env=self.env, store=self.runner)
        record = self.build(self.directory / "profile.json", store=self.runner, env=self.env)
        self.assertEqual(record["digest"], self.record["digest"])
        self.run_terrane("push", "test", f"docker://{other.host}/x:1", env=self.env, store=self.runner)

    def test_a_build_that_is_not_pushed_has_everything(self):
        layout = self.directory / "layout"
        self.rebuild("--output", f"oci:{layout}:v1")
        self.assertEqual(len(self.layers_in_store()), 3)
        subprocess.run(["skopeo", "copy", f"oci:{layout}:v1", f"dir:{self.directory}/copy"], check=True, capture_output=True)

    def test_only_what_changed_is_made(self):
        self.write("app2/g", os.urandom(100_000))
        record = self.rebuild("--push", f"docker://{self.registry.host}/team/app:v2")
        self.assertEqual([layer["reused"] for layer in record["layers"]], [True, True, False])
        self.assertEqual(record["push"]["blobs_uploaded"], 2)  # the layer and the configuration

    def test_wrong_diff_id(self):
        """An image whose configuration says something else of a layer than it is makes no other one wrong."""
        uploader = Uploader(self.registry.host, "team/app")
        manifest = self.read_json_blob(self.record["digest"])
        config = self.read_json_blob(self.record["config_digest"])
        config["rootfs"]["diff_ids"][1] = sha256_of(b"another")
        manifest["config"].update(uploader.blob(json.dumps(config).encode()))
        uploader.manifest(manifest, manifest["mediaType"], "v1")
        result = self.run_terrane("--json", "build", self.directory / "profile.json", "--cache-from", self.image, store=self.runner, env=self.env)
        record = json.loads(result.stdout)
        self.assertEqual(record["digest"], self.record["digest"])
        self.assertEqual([layer["reused"] for layer in record["layers"]], [True, False, True])
        self.assertEqual(len([line for line in result.stderr.splitlines() if "another diffID" in line]), 1, result.stderr)

    def test_no_such_image_yet(self):
        for image in (f"docker://{self.registry.host}/team/none:v1", f"docker://{self.registry.host}/team/app:none"):
            with self.subTest(image):
                record = self.build(self.directory / "profile.json", "--cache-from", image, env=self.env,
                                    store=self.directory / "fresh")
                self.assertEqual(record["digest"], self.record["digest"])

    def test_options_that_go_together(self):
        profile = self.directory / "profile.json"
        self.assert_fails(2, "build: --mount-from requires --push", "build", profile, "--mount-from", "team/app")
        for name in ("team/app:v1", "Team", "../x"):
            with self.subTest(name):
                self.assert_fails(2, "expected a repository of the same registry", "push", "test", self.image,
                                  "--mount-from", name, env=self.env)


@unittest.skipUnless(have("docker-registry", "openssl"), "docker-registry or openssl is not installed")
class LambdaBase(RegistryTestCase):
    """A stand-in for public.ecr.aws/lambda/python:3.12, which tests cannot reach: its shape, with made-up files."""

    ENV = ["LANG=en_US.UTF-8", "TZ=:/etc/localtime", "PATH=/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
           "LD_LIBRARY_PATH=/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib",
           "LAMBDA_TASK_ROOT=/var/task", "LAMBDA_RUNTIME_DIR=/var/runtime"]

    def setUp(self):
        super().setUp()
        self.server, self.registry = self.start_token_server(anonymous={"pull"})
        scope = "repository:lambda/python:pull,push"
        _, answer = self.server.answer(f"/token?scope={scope}", self.basic())
        uploader = Uploader(self.registry.host, "lambda/python", {"Authorization": f"Bearer {answer['token']}"})
        self.children = {}
        for architecture in ("amd64", "arm64"):
            layers = [
                make_layer(("etc", None), ("etc/os-release", b"NAME=Amazon Linux\n"), ("var", None), ("tmp", None),
                           ("var/old", b"hidden later"), ("bin", None), ("bin/sh", architecture.encode())),
                make_layer(("var", None), ("var/lang", None), ("var/lang/bin", None),
                           ("var/lang/bin/python3.12", b"#!" + architecture.encode())),
                make_layer(("var", None), ("var/runtime", None), ("var/runtime/bootstrap", b"#!/bin/sh\n"),
                           ("var/.wh.old", b"")),
                make_layer(("var", None), ("var/task", None), ("opt", None)),
                make_layer(("usr", None), ("usr/local", None), ("usr/local/bin", None),
                           ("usr/local/bin/aws-lambda-rie", b"rie")),
                make_layer(("lambda-entrypoint.sh", b"#!/bin/sh\nexec /var/runtime/bootstrap\n")),
            ]
            self.children[architecture] = uploader.image(layers, architecture, {
                "Env": self.ENV, "WorkingDir": "/var/task", "Entrypoint": ["/lambda-entrypoint.sh"]})
        uploader.manifest({"schemaVersion": 2, "mediaType": MANIFEST_LIST, "manifests": [
            {**child, "platform": {"os": "linux", "architecture": architecture}}
            for architecture, child in self.children.items()]}, MANIFEST_LIST, "3.12")
        self.image = f"{self.registry.host}/lambda/python:3.12"
        self.write("app/app.py", "def handler(event, context):\n    pass\n")
        self.function = self.write_profile(
            "function.json", target="aws-lambda", base={"image": f"docker://{self.image}"},
            trees=[{"name": "app", "directory": "app", "prefix": "/var/task"}], config={"cmd": ["app.handler"]})

    @staticmethod
    def basic():
        import base64
        return "Basic " + base64.b64encode(f"alice:{PASSWORD}".encode()).decode()

    def test_everything_is_inherited(self):
        record = self.build(self.function, env=self.env)
        base = json.loads((self.layout() / "blobs/sha256" / self.children["amd64"]["digest"][7:]).read_text())
        manifest = self.read_json_blob(record["digest"])
        config = self.read_json_blob(manifest["config"]["digest"])["config"]
        self.assertEqual((config["Env"], config["WorkingDir"], config["Entrypoint"], config["Cmd"]),
                         (self.ENV, "/var/task", ["/lambda-entrypoint.sh"], ["app.handler"]))
        self.assertEqual([layer["digest"] for layer in manifest["layers"][:6]],
                         [layer["digest"] for layer in base["layers"]])
        self.assertEqual({layer["mediaType"] for layer in manifest["layers"]},
                         {"application/vnd.oci.image.layer.v1.tar+gzip"})
        self.assertEqual(len(manifest["layers"]), 7)
        for layer in base["layers"]:
            self.assertEqual(sha256_of(self.blob(layer["digest"]).read_bytes()), layer["digest"])
        annotations = manifest["annotations"]
        self.assertEqual(annotations["org.opencontainers.image.base.digest"], self.children["amd64"]["digest"])
        self.assertEqual(annotations["org.opencontainers.image.base.name"], self.image)
        fresh = self.build(self.function, env=self.env, store=self.directory / "fresh")
        self.assertEqual(fresh["digest"], record["digest"])
        listing = subprocess.run(["ostree", f"--repo={self.store}/repo", "ls", record["commit"], "/var"], check=True,
                                 capture_output=True, text=True).stdout
        self.assertNotIn("/var/old", listing)

    def test_a_tree_may_replace_files_of_the_base(self):
        """Whichever of the base's layers they are from."""
        for path in ("etc/os-release", "lambda-entrypoint.sh", "var/runtime/bootstrap"):
            with self.subTest(path):
                name = path.replace("/", "-").replace(".", "-")
                self.write(f"{name}/{path}", "#!/bin/sh\nanother\n").chmod(0o755)
                profile = json.loads(pathlib.Path(self.function).read_text())
                profile["trees"].append({"name": name, "directory": name, "prefix": "/"})
                record = self.build(self.write("replace.json", json.dumps(profile)), env=self.env)
                with self.open_layer(record["layers"][7]) as layer:
                    self.assertIn(path, layer.getnames())

    def test_a_second_build_downloads_nothing(self):
        self.build(self.function, env=self.env)
        self.assertTrue(self.build(self.function, env=self.env)["unchanged"])
        # Not even with the registry gone, when the profile names the digest.
        pinned = json.loads(pathlib.Path(self.function).read_text())
        pinned["base"]["image"] = f"docker://{self.image}@{self.children['amd64']['digest']}"
        path = self.write("pinned.json", json.dumps(pinned))
        self.registry.__exit__()
        self.assertEqual(len(self.build(path, env=self.env)["layers"]), 7)

    def test_the_base_is_mounted_when_the_image_goes_to_its_registry(self):
        self.log_in(self.registry.host)
        record = self.build(self.function, "--push", f"docker://{self.registry.host}/team/function:v1", env=self.env)
        self.assertEqual((record["push"]["blobs_mounted"], record["push"]["blobs_uploaded"]), (6, 2))


if __name__ == "__main__":
    unittest.main()
