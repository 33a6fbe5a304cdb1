"""Registries that misbehave, and Amazon ECR's peculiarities, against a fake that has them on request.

The waits between attempts are 0.5 to 1 s, then 1 to 2 s, and so on, so faults happen once or twice in most tests.
"""

import base64
import contextlib
import email.utils
import gzip
import hashlib
import io
import json
import os
import pathlib
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tarfile
import threading
import time
import unittest
import urllib.parse

from ecr_like_registry import EMPTY_BLOB, EXPIRED, Authority, FakeRegistry, Proxy, digest_of
from terrane_test import SANITIZER, TERRANE, TestCase, have, wait_for_port

PASSWORD = "secret-password"
INDEX = "application/vnd.oci.image.index.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"


def make_layer(size, seed):
    """A compressed layer with one file of @size bytes that do not compress."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        info = tarfile.TarInfo(f"file-{seed}")
        info.size = size
        tar.addfile(info, io.BytesIO(random.Random(seed).randbytes(size)))
    return buffer.getvalue()


def put_image(registry, name, *tags, layers=((300_000, 1),), architecture="amd64"):
    """Gives the registry an image, as if it had been pushed; returns the descriptors of manifest and layers."""
    tars = [make_layer(*layer) for layer in layers]
    blobs = [registry.put_blob(name, gzip.compress(tar, mtime=0)) for tar in tars]
    config = {"architecture": architecture, "os": "linux", "config": {},
              "rootfs": {"type": "layers", "diff_ids": [digest_of(tar) for tar in tars]}}
    document = {"schemaVersion": 2, "mediaType": MANIFEST,
                "config": {"mediaType": CONFIG, **registry.put_blob(name, json.dumps(config).encode())},
                "layers": [{"mediaType": LAYER, **blob} for blob in blobs]}
    return registry.put_manifest(name, document, *tags), blobs


class FaultCase(TestCase):
    """A test with a registry of its own, and no credentials or certificates of the user that runs it."""

    def setUp(self):
        super().setUp()
        self.env = {"HOME": str(self.directory), "XDG_RUNTIME_DIR": str(self.directory), "REGISTRY_AUTH_FILE": "",
                    "XDG_CONFIG_HOME": "", "DOCKER_CONFIG": str(self.directory / "docker"), "SSL_CERT_FILE": "",
                    "http_proxy": "", "https_proxy": "", "HTTPS_PROXY": "", "ALL_PROXY": "", "all_proxy": "",
                    "NO_PROXY": "", "no_proxy": ""}

    def tearDown(self):
        if self.store.exists():
            self.assert_store_is_sound()

    def start(self, **options):
        registry = FakeRegistry(**options)
        self.addCleanup(registry.__exit__)
        return registry

    def login(self, registry, user="alice", password=PASSWORD):
        auth = base64.b64encode(f"{user}:{password}".encode()).decode()
        path = self.write("auth.json", json.dumps({"auths": {registry.host: {"auth": auth}}}))
        self.env["REGISTRY_AUTH_FILE"] = str(path)

    def build_image(self, size=300_000, name="test"):
        """An image with three blobs: a small base, one layer of @size bytes, the configuration."""
        self.write("app/f", random.Random(name).randbytes(size))
        record = self.build(self.write_profile(name=name,
                                               trees=[{"name": "app", "directory": "app", "prefix": "/app"}]))
        self.manifest = self.read_json_blob(record["digest"])
        self.large = max(self.manifest["layers"], key=lambda layer: layer["size"])["digest"]
        return record

    def run_json(self, *arguments, **options):
        return json.loads(self.run_terrane("--json", *arguments, env=self.env, **options).stdout)

    def push(self, registry, *arguments, image="test", to="team/app:v1", **options):
        return self.run_json("push", image, f"docker://{registry.host}/{to}", *arguments, **options)

    def push_fails(self, registry, pattern, *arguments, image="test", to="team/app:v1", exit_code=1):
        return self.assert_fails(exit_code, pattern, "push", image, f"docker://{registry.host}/{to}", *arguments,
                                 env=self.env)

    def pull(self, registry, *arguments, source="team/app:v1", **options):
        return self.run_json("pull", f"docker://{registry.host}/{source}", *arguments, **options)

    def pull_fails(self, registry, pattern, *arguments, source="team/app:v1", exit_code=1):
        return self.assert_fails(exit_code, pattern, "pull", f"docker://{registry.host}/{source}", *arguments,
                                 env=self.env)

    def ranges(self, registry, digest, server="registry"):
        """The Range headers of the GETs of a blob, "" for none."""
        return [request.headers.get("Range", "") for request in registry.requests("GET", digest, server)]

    def assert_pushed(self, registry, record, name="team/app", tag="v1"):
        """The registry has the very manifest, and all of its blobs."""
        data, media_type = registry.manifests[name][tag]
        self.assertEqual(digest_of(data), record["digest"])
        document = json.loads(data)
        self.assertEqual(media_type, document["mediaType"])
        for item in [document["config"], *document["layers"]]:
            self.assertEqual(len(registry.blobs[name][item["digest"]]), item["size"])

    def assert_pulled(self, manifest, name="app:v1"):
        """The store has the image under its name, and is sound."""
        images = json.loads(self.run_terrane("--json", "inspect", name).stdout)
        self.assertIn(manifest["digest"], json.dumps(images))
        self.assert_store_is_sound()

    def assert_no_image(self, name="app:v1"):
        self.run_terrane("inspect", name, exit_code=1)

    def popen(self, *arguments):
        process = subprocess.Popen([TERRANE, "--store", str(self.store), *arguments], env={**os.environ, **self.env},
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process


class Mount(FaultCase):
    """Cross-repository mounts of layers, which ECR answers with 202 unless the account opted in."""

    def setUp(self):
        super().setUp()
        self.record = self.build_image()

    def source(self, registry):
        """Another repository that has the image's blobs."""
        self.push(registry, to="team/source:v1")
        registry.log.clear()

    def test_202_goes_on_with_its_location(self):
        registry = self.start()
        self.source(registry)
        report = self.push(registry, "--mount-from", "team/source")
        self.assertEqual((report["blobs_uploaded"], report["blobs_mounted"]), (3, 0))
        self.assertEqual(len(registry.requests("POST")), 3)
        self.assertEqual(len(registry.requests("POST", r"\?mount=sha256:[0-9a-f]{64}&from=team/source$")), 2)
        self.assert_pushed(registry, self.record)

    def test_201_is_counted(self):
        registry = self.start(mount=True)
        self.source(registry)
        report = self.push(registry, "--mount-from", "team/source")
        self.assertEqual((report["blobs_uploaded"], report["blobs_mounted"]), (1, 2))
        self.assertEqual(len(registry.requests("PUT", "/blobs/")), 1)
        self.assert_pushed(registry, self.record)

    def test_refusal_falls_back_to_upload(self):
        for how in ({"status": 401}, {"status": 403}, {"status": 404}, {"status": 405}, {"status": 429}, {"status": 500},
                    {"status": 503}, {"close": True}, {"status": 202, "body": b""}):
            with self.subTest(how):
                registry = self.start(mount=True)
                self.source(registry)
                registry.fault("POST", "mount=", times=9, **how)
                report = self.push(registry, "--mount-from", "team/source")
                self.assertEqual((report["blobs_uploaded"], report["blobs_mounted"]), (3, 0))
                if "close" not in how:  # libcurl itself repeats what a kept connection lost
                    self.assertEqual(len(registry.requests("POST", "mount=")), 2)
                self.assert_pushed(registry, self.record)


class Push(FaultCase):
    def setUp(self):
        super().setUp()
        self.record = self.build_image()

    def test_locations(self):
        """Relative and absolute ones; the fake refuses an upload without the Location's query."""
        for kind in ("relative", "absolute"):
            with self.subTest(kind):
                registry = self.start(locations=kind)
                self.assertEqual(self.push(registry)["blobs_uploaded"], 3)
                self.assert_pushed(registry, self.record)

    def test_forbidden_head_is_repeated_as_get(self):
        """ECR's 403 to HEAD has no body, so only a GET tells which permission is missing; a push does not need it."""
        registry = self.start()
        denied = {"errors": [{"code": "DENIED", "message": "User: arn:aws:iam::1:user/x is not authorized to perform: "
                                                           "ecr:BatchGetImage on resource: y"}]}
        registry.fault("HEAD", "/manifests/", status=403, body=b"")
        registry.fault("GET", "/manifests/", status=403, body=denied)
        result = self.run_terrane("push", "test", f"docker://{registry.host}/team/app:v1", env=self.env)
        self.assertRegex(result.stderr, r"looking for the manifest v1: DENIED: .*is not authorized to perform.*\(HTTP 403\); "
                                        r"the AWS identity lacks the permission ecr:BatchGetImage.*going on")
        self.assert_pushed(registry, self.record)

    def test_forbidden_head_with_allowed_get(self):
        """ECR Public refuses every HEAD of a blob, and answers the GET (containers-roadmap#2671)."""
        registry = self.start()
        for blob in [self.manifest["config"], *self.manifest["layers"]]:
            registry.blobs["team/app"][blob["digest"]] = self.blob(blob["digest"]).read_bytes()
        registry.fault("HEAD", "/blobs/", times=9, status=401, body=b"")
        self.assertEqual(self.push(registry)["blobs_existing"], 3)
        self.assertEqual(self.ranges(registry, self.large), ["bytes=0-0"])

    def test_without_the_right_to_read(self):
        """Whether manifest and blobs are there is asked to save work."""
        registry = self.start(auth="basic")
        self.login(registry)
        for method in ("HEAD", "GET"):
            registry.fault(method, "/(manifests|blobs)/", times=99, status=403)
        self.assertEqual(self.push(registry)["blobs_uploaded"], 3)
        self.assert_pushed(registry, self.record)

    def test_lookup_of_the_manifest_that_fails(self):
        """It is not waited for."""
        registry = self.start()
        for method in ("HEAD", "GET"):
            registry.fault(method, "/manifests/", times=99, status=503)
        self.push(registry)
        self.assertEqual((len(registry.requests("HEAD", "/manifests/")), len(registry.requests("GET", "/manifests/"))), (1, 1))
        self.assert_pushed(registry, self.record)

    def test_wrong_password_is_not_taken_for_a_missing_right(self):
        registry = self.start(auth="basic")
        self.login(registry, password="wrong-password")
        self.push_fails(registry, r"/team/app: logging in: .*\(HTTP 401\); the user ‘alice’ and the password in .* were refused")
        self.assertEqual((registry.uploads, registry.requests("PUT")), (set(), []))
        self.assert_sent_once(registry)

    def assert_sent_once(self, registry):
        """The password, as a few wrong ones lock accounts."""
        self.assertEqual([request.path for request in registry.log if "Authorization" in request.headers], ["/v2/"])

    def test_success_by_another_status(self):
        """quay.io has answered 202 to manifests; distribution-spec says 201."""
        for status in (200, 202, 204):
            with self.subTest(status):
                registry = self.start()
                registry.fault("PUT", "/manifests/", status=status, store=True, body=b"")
                registry.fault("PUT", "/blobs/", times=9, status=status, store=True, body=b"")
                self.push(registry)
                self.assert_pushed(registry, self.record)

    def test_success_that_is_none(self):
        registry = self.start()
        registry.fault("PUT", "/blobs/", times=9, status=200, body=b"")
        self.push_fails(registry, r"uploading the blob .*unexpected answer \(HTTP 200\)")

    def test_digest_headers(self):
        """Docker-Content-Digest is optional, and its algorithm the registry's choice."""
        ours = self.record["digest"]
        other = "sha256:" + "1" * 64
        for value in ("sha512:" + "a" * 128, f"{ours}, {ours}", "", f"{ours}, sha512:{'a' * 128}"):
            with self.subTest(value):
                registry = self.start()
                headers = {"Docker-Content-Digest": value}
                registry.fault("PUT", "/manifests/", status=201, store=True, body=b"", headers=headers)
                self.push(registry)
                registry.fault("HEAD", "/manifests/", status=200, body=b"", headers=headers)
                self.assertTrue(self.push(registry)["unchanged"])
        registry = self.start()
        registry.fault("PUT", "/manifests/", status=201, store=True, body=b"", headers={"Docker-Content-Digest": other})
        self.push_fails(registry, f"storing the manifest v1: the registry stored {other} instead of {ours}")

    def test_redirected_uploads(self):
        """307 and 308 keep method and body (RFC 9110 section 15.4); another origin gets no credentials."""
        for status in (307, 308):
            with self.subTest(status):
                other, registry = self.start(), self.start(auth="basic")
                self.login(registry)
                for method, path in (("POST", "/uploads/"), ("PUT", "/manifests/")):
                    registry.fault(method, path, times=9, status=status, body=b"", headers={"Location": other.url + (
                        "/v2/team/app/blobs/uploads/" if method == "POST" else "/v2/team/app/manifests/v1")})
                self.push(registry)
                self.assert_pushed(other, self.record)
                self.assertTrue(other.log)
                self.assertEqual([request for request in other.log if "Authorization" in request.headers], [])

    def test_answer_cut_within_its_headers(self):
        """It is a broken connection, and no answer without a body."""
        registry = self.start()
        registry.fault("HEAD", "/manifests/", cut_headers=True)
        registry.fault("PUT", "/manifests/", cut_headers=True)
        self.push(registry)
        self.assertEqual((len(registry.requests("HEAD", "/manifests/")), len(registry.requests("PUT", "/manifests/"))), (2, 2))
        self.assert_pushed(registry, self.record)

    def test_first_connection_is_reset(self):
        """On loopback that is not taken for a sign of TLS."""
        registry = self.start()
        registry.fault("GET", "^/v2/$", close=True)
        self.push(registry)
        self.assert_pushed(registry, self.record)

    def test_patch_is_not_used(self):
        """ECR drops every chunk but the first (containers-roadmap#2831): a blob is one POST and one PUT of the whole."""
        registry = self.start()
        self.push(registry)
        self.assertEqual(registry.requests("PATCH"), [])
        self.assertEqual((len(registry.requests("POST")), len(registry.requests("PUT", "/uploads/"))), (3, 3))

    def test_cut_upload_is_repeated(self):
        """Only the blob whose connection broke is sent again, after a look whether it has arrived."""
        registry = self.start()
        registry.fault("PUT", f"digest={self.large}", cut_after=100_000)
        self.assertEqual(self.push(registry)["blobs_uploaded"], 3)
        self.assertEqual(len(registry.requests("PUT", "/blobs/")), 4)
        methods = [request.method for request in registry.log if self.large in urllib.parse.unquote(request.path)]
        self.assertEqual(methods, ["HEAD", "PUT", "HEAD", "PUT"])
        uploads = [request.path for request in registry.requests("PUT", self.large)]
        self.assertNotEqual(uploads[0], uploads[1])
        self.assert_pushed(registry, self.record)

    def test_blob_that_has_appeared_meanwhile(self):
        """The upload had arrived though the answer says otherwise: it is not sent again."""
        registry = self.start()
        registry.fault("PUT", f"digest={self.large}", status=500, store=True)
        report = self.push(registry)
        self.assertEqual((report["blobs_uploaded"], report["blobs_existing"]), (2, 1))
        self.assertEqual(len(registry.requests("PUT", self.large)), 1)
        self.assert_pushed(registry, self.record)

    def test_second_of_two_platforms_refused(self):
        """Neither the index nor one of two tags is set when an image of them cannot be stored; the next push goes on there."""
        profile = self.write_profile("two.json", name="two", platform=["linux/amd64", "linux/arm64"])
        rows = self.run_json("build", "--platform", "all", profile)["builds"]
        digests = [row["record"]["digest"] for row in rows]
        for tag in ("v1", "v1-${arch}"):
            registry = self.start()
            registry.fault("PUT", f"/manifests/{digests[1]}", status=403)
            destination = f"docker://{registry.host}/team/app:{tag}"
            self.assert_fails(1, "storing the manifest sha256:", "build", "--platform", "all", "--push", destination, profile, env=self.env)
            self.assertEqual(set(registry.manifests["team/app"]), {digests[0]})
            self.run_json("build", "--platform", "all", "--push", destination, profile)
            tags = ["v1"] if tag == "v1" else ["v1-amd64", "v1-arm64"]
            self.assertLessEqual({*digests, *tags}, set(registry.manifests["team/app"]))

    def test_manifest_answered_503_once(self):
        registry = self.start()
        registry.fault("PUT", "/manifests/v1", status=503)
        self.push(registry)
        self.assertEqual(len(registry.requests("PUT", "/manifests/")), 2)
        self.assert_pushed(registry, self.record)

    def test_retry_after(self):
        """A number of seconds, and a date; both ask for more than the usual wait of at most a second."""
        for value in ("2", lambda: email.utils.formatdate(time.time() + 4, usegmt=True)):
            registry = self.start()
            times = []
            registry.fault("PUT", "/manifests/v1", status=429, then=lambda times=times: times.append(time.monotonic()),
                           headers={"Retry-After": value if isinstance(value, str) else value()})
            registry.fault("PUT", "/manifests/v1", delay=0, then=lambda times=times: times.append(time.monotonic()))
            self.push(registry)
            self.assertGreater(times[1] - times[0], 1.8)
            self.assertLess(times[1] - times[0], 6)

    def test_gives_up_after_five_attempts(self):
        registry = self.start()
        registry.fault("PUT", "/manifests/v1", times=99, status=500)
        self.push_fails(registry, r"storing the manifest v1: .*told to say so.*\(HTTP 500\).*try again later")
        self.assertEqual(len(registry.requests("PUT", "/manifests/")), 5)

    def test_immutable_tag_with_the_same_digest(self):
        """ECR refuses even what the tag names already; so terrane looks first, and again after a refusal."""
        registry = self.start(immutable=True)
        self.push(registry)
        self.assertTrue(self.push(registry)["unchanged"])
        self.assertEqual(len(registry.requests("PUT", "/manifests/")), 1)

    def test_immutable_tag_pushed_by_somebody_else_meanwhile(self):
        registry = self.start(immutable=True)
        refusal = {"errors": [{"code": "TAG_INVALID", "message": "cannot be overwritten"}]}
        registry.fault("PUT", "/manifests/v1", status=400, store=True, body=refusal)
        self.push(registry)
        self.assert_pushed(registry, self.record)

    def test_immutable_tag_with_another_digest(self):
        registry = self.start(immutable=True)
        self.push(registry)
        self.build_image(size=1000)
        self.push_fails(registry, r"TAG_INVALID: .*cannot be overwritten.*\(HTTP 400\); .*push under a new tag")
        self.assert_pushed(registry, self.record)

    def test_unknown_repository(self):
        registry = self.start(repositories={"team/other"})
        self.push_fails(registry, r"NAME_UNKNOWN: .*repository with name 'team/app' does not exist.*\(HTTP 404\); "
                                  r"there is no repository team/app on 127\.0\.0\.1")

    def hand_made(self, layer, **members):
        """An OCI layout with one layer and the configuration; returns the reference of its image."""
        layout = self.directory / "layout"
        (layout / "blobs/sha256").mkdir(parents=True)

        def put(data, media_type):
            digest = hashlib.sha256(data).hexdigest()
            (layout / "blobs/sha256" / digest).write_bytes(data)
            return {"mediaType": media_type, "digest": "sha256:" + digest, "size": len(data)}

        tar = gzip.decompress(layer) if layer else b""
        config = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [digest_of(tar)]}}
        document = {"schemaVersion": 2, **members, "config": put(json.dumps(config).encode(), CONFIG),
                    "layers": [put(layer, LAYER if layer else LAYER.removesuffix("+gzip"))]}
        descriptor = put(json.dumps(document).encode(), MANIFEST)
        descriptor["annotations"] = {"org.opencontainers.image.ref.name": "v1"}
        (layout / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
        (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [descriptor]}))
        return f"oci:{layout}:v1"

    def test_manifest_without_media_type(self):
        """Lawful in OCI, refused by ECR; registries that take it get it."""
        image = self.hand_made(gzip.compress(make_layer(100, 1), mtime=0))
        self.push_fails(self.start(), r"UNSUPPORTED: .*Invalid JSON syntax.*\(HTTP 405\); ECR wants a .mediaType",
                        image=image)
        registry = self.start(strict=False)
        self.push(registry, image=image)
        self.assertIn("v1", registry.manifests["team/app"])

    def test_empty_blob(self):
        """ECR takes the upload of an empty blob, and does not know it when a manifest names it."""
        image = self.hand_made(b"", mediaType=MANIFEST)
        for status in (404, 400):
            with self.subTest(status):
                self.push_fails(self.start(unknown_blob_status=status), rf"BLOB_UPLOAD_UNKNOWN: .*{EMPTY_BLOB}.*"
                                rf"\(HTTP {status}\); .*empty", image=image)
        registry = self.start(empty_blobs=True)
        self.push(registry, image=image)
        self.assertEqual(registry.blobs["team/app"][EMPTY_BLOB], b"")


class Tokens(FaultCase):
    """Tokens and passwords that run out, and where credentials must never be seen."""

    def setUp(self):
        super().setUp()
        self.record = self.build_image()

    def test_scopes(self):
        registry = self.start(auth="bearer")
        self.login(registry)
        self.push(registry, "--mount-from", "team/source")
        self.assertEqual(registry.scopes, [["repository:team/app:pull,push", "repository:team/source:pull"]])
        self.pull(registry)
        self.assertEqual(registry.scopes[-1], ["repository:team/app:pull"])

    def test_scope_of_a_challenge(self):
        """The registry knows the repository by another name than its clients do."""
        for error in (None, "insufficient_scope"):
            with self.subTest(error):
                registry = self.start(auth="bearer", scope_prefix="mapped/", challenge_error=error)
                self.login(registry)
                self.push(registry)
                self.assert_pushed(registry, self.record)
                self.assertIn("repository:mapped/team/app:pull,push", registry.scopes[-1])
                self.assertLessEqual(len(registry.scopes), 3)

    def test_token_answers(self):
        """As docker and skopeo take them."""
        for answer in (lambda token, seconds: {"token": "", "access_token": token},
                       lambda token, seconds: {"token": None, "access_token": token, "expires_in": None},
                       lambda token, seconds: {"access_token": token, "expires_in": 0},
                       lambda token, seconds: {"token": token, "access_token": "", "expires_in": 300.5},
                       lambda token, seconds: {"token": token, "expires_in": -5, "issued_at": "yesterday"}):
            registry = self.start(auth="bearer", token_answer=answer)
            self.login(registry)
            self.push(registry)
            self.assert_pushed(registry, self.record)
        for answer in ({"token": "", "access_token": ""}, {}, [], "token"):
            registry = self.start(auth="bearer", token_answer=lambda *_, answer=answer: answer)
            self.login(registry)
            self.push_fails(registry, "the token server's answer has no token in it")

    def test_refusals_in_their_own_words(self):
        registry = self.start(auth="bearer", grants="pull", challenge_error="insufficient_scope")
        self.login(registry)
        self.push_fails(registry, r"HTTP 401\); the user ‘alice’ of \S+ is known, and gets no token to push to team/app")
        self.login(registry, password="wrong-password")
        self.push_fails(registry, r"asking for a token: .*HTTP 401\); the user ‘alice’ and the password in \S+ were refused")
        registry = self.start(auth="bearer", token_uses=0, challenge_error="invalid_token")
        self.login(registry)
        self.push_fails(registry, r"HTTP 401\); \S+ does not take the token that its token server has given just now")
        registry = self.start(auth="basic")
        self.login(registry)
        expired = {"errors": [{"code": "UNAUTHORIZED", "message": "the password has expired"}]}
        challenge = {"WWW-Authenticate": 'Basic realm="fake"'}
        registry.fault("GET", "", times=99, status=401, body=expired, headers=challenge)
        registry.fault("HEAD", "", times=99, status=401, body=b"", headers=challenge)
        self.push_fails(registry, r"HTTP 401\); the password of the user ‘alice’ in \S+ has expired; get another")
        registry = self.start(auth="basic")
        self.login(registry)
        registry.fault("POST", "", times=99, status=403)
        self.push_fails(registry, r"HTTP 403\); the user ‘alice’ of \S+ may not do this; ask for the permission")
        registry = self.start(auth="bearer", anonymous=True, grants="pull")
        self.push_fails(registry, r"HTTP 401\); without a login it is not allowed, and no credentials for ")

    def test_repeated_credentials_are_not_shown(self):
        """A registry that echoes what it got, in the forms that it could."""
        password = PASSWORD + "/+"
        pair = base64.b64encode(f"alice:{password}".encode()).decode()
        quoted = urllib.parse.quote(password, safe="")
        for text, form, options in ((f"bad header Basic {pair}", lambda text: {"errors": [{"code": "DENIED", "message": text}]}, ()),
                                    (f"bad password {password}", lambda text: {"message": text}, ("--json",)),
                                    (f"?password={quoted}&", lambda text: text.encode(), ("--verbose",)),
                                    (pair.rstrip("="), lambda text: {"details": text}, ()),
                                    ("x" * 150 + pair, lambda text: text.encode(), ("--quiet",))):
            registry = self.start(auth="basic", password=password)
            self.login(registry, password=password)
            registry.fault("POST", "/uploads/", times=9, status=403, body=form(text))
            result = self.run_terrane(*options, "push", "test", f"docker://{registry.host}/team/app:v1", env=self.env, exit_code=1)
            for secret in (PASSWORD, pair[12:24], quoted):
                self.assertNotIn(secret, result.stdout + result.stderr)

    def test_repeated_tokens_are_not_shown(self):
        registry = self.start(auth="bearer")
        self.login(registry)

        def echo():
            for rule in rules:
                token = registry.log[-1].headers["Authorization"].split()[1]
                rule.body = {"errors": [{"code": token, "message": token}]}
        rules = [registry.fault("POST", "/uploads/", times=9, status=403, then=echo)]
        message = self.push_fails(registry, "HTTP 403")
        for token in registry.tokens:
            self.assertNotIn(token, message)

    def test_user_information_in_references(self):
        for reference in ("docker://alice:Sekr3t@registry.terrane.test/a/b:v1", "alice:Sekr3t@registry.terrane.test/a/b",
                          "https://Sekr3t@registry.terrane.test/a", "docker://alice:x/Sekr3t@registry.terrane.test/a"):
            for arguments in (("push", "test", reference), ("pull", reference), ("check", reference), ("inspect", reference)):
                for options in ((), ("--json",)):
                    result = subprocess.run([TERRANE, "--store", self.store, *options, *arguments], capture_output=True, text=True,
                                            env={**os.environ, **self.env})
                    self.assertIn(result.returncode, (1, 2))
                    self.assertNotIn("Sekr3t", result.stdout + result.stderr)

    def test_token_expires_after_some_uses(self):
        """Told by a challenge, by ECR Public's bare 400, and by ECR's 403 with a message."""
        for answer in ("challenge", "bare", "message"):
            with self.subTest(answer):
                registry = self.start(auth="bearer", token_uses=4, expired_answer=answer)
                # The first answer, to the request without a token, is a challenge in any case.
                self.login(registry)
                self.push(registry, "--jobs=1")
                self.assertGreaterEqual(len(registry.tokens), 3)
                self.assert_pushed(registry, self.record)

    def test_token_with_one_second_to_live(self):
        """It is replaced before it is refused."""
        registry = self.start(auth="bearer", expires_in=1)
        self.login(registry)
        registry.fault("POST", "/uploads/", times=2, delay=1.1)
        self.push(registry, "--jobs=1")
        self.assertGreaterEqual(len(registry.tokens), 3)
        self.assertEqual(len(registry.requests("POST")), 3)
        self.assert_pushed(registry, self.record)

    def test_success_is_not_repeated_when_the_token_was_renewed_meanwhile(self):
        """One layer is on its way while another is answered 401, for which the token that both use is renewed."""
        registry = self.start(auth="bearer")
        self.login(registry)
        _, (under_way, refused) = put_image(registry, "team/other", "v1", layers=((300_000, 1), (200_000, 2)))
        challenge = f'Bearer realm="{registry.url}/token",service="fake, registry"'
        registry.fault("GET", under_way["digest"], delay=1.5)
        registry.fault("GET", refused["digest"], delay=0.3, status=401, headers={"WWW-Authenticate": challenge})
        self.run_json("pull", f"docker://{registry.host}/team/other:v1")
        self.assertEqual(len(registry.requests("GET", under_way["digest"])), 1)
        self.assertEqual(len(registry.tokens), 2)

    def test_public_ecr(self):
        """A stale login gives way to none; a token that has expired is answered 400 without a challenge."""
        authority = Authority(self.directory / "public", "public.ecr.aws")
        registry = self.start(authority=authority, auth="bearer", anonymous=True, token_uses=2, expired_answer="bare")
        manifest, _ = put_image(registry, "lambda/python", "3.12", layers=[(1000, seed) for seed in range(6)])
        proxy = Proxy(registry.port)
        self.addCleanup(proxy.__exit__)
        self.env.update(HTTPS_PROXY=proxy.url, SSL_CERT_FILE=str(authority.certificate))
        image = "docker://public.ecr.aws/lambda/python:3.12"
        report = self.run_json("pull", image, "--jobs=1")
        self.assertEqual((report["digest"], report["blobs_downloaded"]), (manifest["digest"], 6))
        self.assertGreaterEqual(len(registry.tokens), 3)
        self.write("docker/config.json", json.dumps({"auths": {"public.ecr.aws": {"auth": "QVdTOm9sZA=="}}}))  # AWS:old
        registry.fault("GET", "^/token", status=403, body={"errors": [{"code": "DENIED", "message": "Your authorization "
                                                                       "token has expired. Reauthenticate and try again."}]})
        result = self.run_terrane("pull", image, env=self.env)
        self.assertIn("public.ecr.aws refuses the credentials from", result.stderr)

    def test_expired_password(self):
        """ECR's 403 for a docker login of yesterday: its own words, and what to do."""
        registry = self.start(auth="basic")
        self.login(registry)
        answer = {"errors": [{"code": "DENIED", "message": EXPIRED}]}
        registry.fault("GET", "/v2/$", skip=1, times=9, status=403, body=answer)  # after the challenge
        self.push_fails(registry, r"DENIED: .*Your authorization token has expired. Reauthenticate and try again.*"
                                  r"\(HTTP 403\); tokens last 12 hours.*terrane login")
        self.assertEqual([request.path for request in registry.log if "Authorization" in request.headers], ["/v2/"])

    def test_expired_password_where_only_images_are_refused(self):
        registry = self.start(auth="basic")
        self.login(registry)
        answer = {"errors": [{"code": "DENIED", "message": EXPIRED}]}
        registry.fault("HEAD", "/v2/team", times=9, status=403, body=b"")
        registry.fault("GET", "/v2/team", times=9, status=403, body=answer)
        self.push_fails(registry, r"DENIED: .*Your authorization token has expired. Reauthenticate and try again.*"
                                  r"\(HTTP 403\); tokens last 12 hours.*terrane login")

    def test_wrong_password_of_a_token_server(self):
        """It is asked once, although several requests need its token."""
        registry = self.start(auth="bearer")
        self.login(registry, password="wrong-password")
        self.push_fails(registry, r"asking for a token: .*HTTP 401\); the user ‘alice’ and the password in \S+ were refused")
        self.assertEqual(len(registry.requests("GET", "/token")), 1)

    def test_credentials_are_not_shown(self):
        """Neither the password nor its base64 form nor tokens, in output or in files, however it ends."""
        for auth in ("basic", "bearer"):
            with self.subTest(auth):
                registry = self.start(auth=auth, cdn=True)
                self.login(registry)
                registry.fault("PUT", "/manifests/", status=503)
                outputs = []
                for exit_code, arguments in ((0, ["push", "test", f"docker://{registry.host}/team/app:v1"]),
                                             (0, ["pull", f"docker://{registry.host}/team/app:v1"]),
                                             (1, ["pull", f"docker://{registry.host}/team/app:none"])):
                    result = self.run_terrane("--verbose", *arguments, env=self.env, exit_code=exit_code)
                    outputs += [result.stdout, result.stderr]
                self.login(registry, password=PASSWORD + "-wrong")
                result = self.run_terrane("--verbose", "pull", f"docker://{registry.host}/team/app:v1", env=self.env,
                                          exit_code=1)
                outputs += [result.stdout, result.stderr]
                self.assertRegex(result.stderr, r"HTTP 401.*terrane login")
                files = [path.read_bytes() for path in self.store.rglob("*") if path.is_file()]
                encoded = base64.b64encode(f"alice:{PASSWORD}".encode()).decode()[:-4]
                for secret in (PASSWORD, encoded, *registry.tokens):
                    self.assertFalse(any(secret in output for output in outputs), secret)
                    self.assertFalse(any(secret.encode() in content for content in files), secret)


class Pull(FaultCase):
    SIZE = 600_000

    def setUp(self):
        super().setUp()
        self.registry = self.start()
        self.manifest, [layer] = put_image(self.registry, "team/app", "v1", layers=[(self.SIZE, 1)])
        self.layer, self.size = layer["digest"], layer["size"]

    def use(self, **options):
        """Another registry with the same image."""
        self.registry = self.start(**options)
        put_image(self.registry, "team/app", "v1", layers=[(self.SIZE, 1)])
        return self.registry

    def test_healthy(self):
        report = self.pull(self.registry)
        self.assertEqual(report["digest"], self.manifest["digest"])
        self.assertEqual(self.ranges(self.registry, self.layer), [""])
        self.assert_pulled(self.manifest)

    def test_cut_download_goes_on(self):
        """Three times; each time from where it broke, and nothing is fetched twice."""
        self.registry.fault("GET", self.layer, times=3, cut_after=150_000)
        self.pull(self.registry)
        self.assertEqual(self.ranges(self.registry, self.layer),
                         ["", "bytes=150000-", "bytes=300000-", "bytes=450000-"])
        self.assert_pulled(self.manifest)

    def test_server_without_ranges(self):
        """Its 200 instead of 206 means that the bytes begin again."""
        registry = self.use(ranges=False)
        registry.fault("GET", self.layer, cut_after=150_000)
        self.pull(registry)
        self.assertEqual(self.ranges(registry, self.layer), ["", "bytes=150000-"])
        self.assert_pulled(self.manifest)

    def test_compressed_manifest(self):
        """By a proxy that was not asked to."""
        data, media_type = self.registry.manifests["team/app"]["v1"]
        self.registry.fault("GET", "/manifests/", status=200, body=gzip.compress(data), headers={
            "Content-Encoding": "gzip", "Content-Type": media_type, "Docker-Content-Digest": digest_of(data)})
        self.pull(self.registry)
        self.assert_pulled(self.manifest)

    def test_wrong_bytes(self):
        self.registry.fault("GET", self.layer, times=99, corrupt=True)
        self.pull_fails(self.registry, r"docker://127\.0\.0\.1:\d+/team/app: .*(digest|corrupt)")
        self.assert_no_image()
        self.assertFalse(self.blob(self.layer).exists())
        self.assert_store_is_sound()
        self.registry.faults.clear()
        self.pull(self.registry)
        self.assertEqual(self.ranges(self.registry, self.layer)[-1], "")
        self.assert_pulled(self.manifest)

    def test_wrong_content_length(self):
        self.registry.fault("GET", self.layer, times=99, wrong_length=True)
        self.pull_fails(self.registry, rf"announces {self.size - 7} bytes, expected {self.size}")
        self.assert_no_image()
        self.assert_store_is_sound()
        self.registry.faults.clear()
        self.pull(self.registry)
        self.assert_pulled(self.manifest)

    def test_answer_with_another_range(self):
        """The existing part is discarded, and everything is requested again."""
        self.registry.fault("GET", self.layer, cut_after=150_000)
        self.registry.fault("GET", self.layer, status=206, headers={"Content-Range": "bytes 0-9/10"}, body=b"0123456789")
        self.pull(self.registry)
        self.assertEqual(self.ranges(self.registry, self.layer), ["", "bytes=150000-", ""])
        self.assert_pulled(self.manifest)

    def test_message_that_would_steer_the_terminal(self):
        body = {"errors": [{"code": "DENIED", "message": "no\x1b[2J\x07"}]}
        self.registry.fault("GET", "/manifests/", status=403, body=body)
        message = self.pull_fails(self.registry, "DENIED")
        self.assertEqual([character for character in message if ord(character) < 32 and character != "\n"], [])

    def test_platform_that_the_image_does_not_have(self):
        self.pull_fails(self.registry, "team/app:v1: the image is for linux/amd64, not for linux/arm64$", "--platform=linux/arm64")
        self.assert_no_image()

    def test_drip_with_timeout(self):
        self.registry.fault("GET", self.layer, times=99, drip=0.05)
        started = time.monotonic()
        self.pull_fails(self.registry, r"not finished within the 0\.5 s of --registry-timeout", "--registry-timeout=500ms")
        self.assertLess(time.monotonic() - started, 4)
        self.assert_store_is_sound()

    def test_redirect_without_authorization(self):
        """Blobs come from a CDN, which must not see the credentials; a Range goes along."""
        for auth in ("basic", "bearer"):
            with self.subTest(auth):
                registry = self.use(auth=auth, cdn=True)
                self.login(registry)
                registry.fault("GET", f"^cdn.*{self.layer}", cut_after=150_000)
                store = self.directory / auth
                self.pull(registry, store=store)
                requests = registry.requests("GET", "", "cdn")
                self.assertEqual(len(requests), 3)  # the configuration, and twice the layer
                self.assertEqual([request.path for request in requests if "Authorization" in request.headers], [])
                self.assertEqual(self.ranges(registry, self.layer, "cdn"), ["", "bytes=150000-"])
                self.assertTrue(all("X-Amz-Signature=a%2Fb" in request.path for request in requests))
                self.assert_store_is_sound(store)

    def test_redirect_in_a_circle(self):
        registry, blob = self.registry, self.layer
        path = f"/v2/team/app/blobs/{blob}"
        registry.fault("GET", blob, times=99, status=307, headers={"Location": path}, body=b"")
        self.assert_fails(1, "more than 5 redirects", "pull", f"docker://{registry.host}/team/app:v1", env=self.env)
        self.assertEqual(len(registry.requests("GET", blob)), 6)

    def test_nothing_is_asked_twice(self):
        self.pull(self.registry)
        paths = [request.path for request in self.registry.log]
        self.assertEqual(len(paths), len(set(paths)), paths)

    def test_missing_platform(self):
        """The message lists what the index offers."""
        children = [{**put_image(self.registry, "team/app", layers=[(100, seed)], architecture=name)[0],
                     "platform": {"os": "linux", "architecture": name}} for seed, name in enumerate(("arm64", "s390x"))]
        self.registry.put_manifest("team/app", {"schemaVersion": 2, "mediaType": INDEX, "manifests": children},
                                   "many", media_type=INDEX)
        self.pull_fails(self.registry, r"linux/amd64.*linux/arm64.*linux/s390x", "--platform=linux/amd64",
                        source="team/app:many")
        self.pull(self.registry, "--platform=linux/arm64", source="team/app:many")
        self.assert_pulled(children[0], "app:many")

    def test_rules_of_podman_that_are_not_followed(self):
        """containers-registries.conf(5): an error says that there are some; comments and short names do not count."""
        path = self.write("registries.conf", '# [[registry]]\n[aliases]\n"x" = "docker.io/library/x"\n')
        self.env["CONTAINERS_REGISTRIES_CONF"] = str(path)
        self.assertNotIn("registries.conf", self.pull_fails(self.registry, "MANIFEST_UNKNOWN", source="team/app:none"))
        path.write_text(f'[[registry]]\nlocation = "{self.registry.host}"\n[[registry.mirror]]\nlocation = "mirror"\n')
        self.pull_fails(self.registry, rf"MANIFEST_UNKNOWN.*\n  ‘{path}’ has rules for registries, .*name the mirror itself",
                        source="team/app:none")
        del self.env["CONTAINERS_REGISTRIES_CONF"]
        self.write(".config/containers/registries.conf.d/a.conf", path.read_text())
        self.pull_fails(self.registry, r"‘.*/registries.conf.d/a.conf’ has rules", source="team/app:none")

    def test_content_type_that_contradicts_the_document(self):
        """distribution-spec, Pull: the mediaType of a manifest is that of the Content-Type."""
        document = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [
            {**self.manifest, "platform": {"os": "linux", "architecture": "amd64"}}]}
        descriptor = self.registry.put_manifest("team/app", document, "many", media_type=MANIFEST)
        self.pull_fails(self.registry, rf"the manifest {descriptor['digest']}: is an image index .*announced as .*manifest",
                        source="team/app:many")

    def test_child_manifest_with_wrong_digest(self):
        child = {**self.manifest, "platform": {"os": "linux", "architecture": "amd64"}}
        self.registry.put_manifest("team/app", {"schemaVersion": 2, "mediaType": INDEX, "manifests": [child]}, "many",
                                   media_type=INDEX)
        other = put_image(self.registry, "team/app", layers=[(100, 2)])[0]["digest"]
        self.registry.manifests["team/app"][child["digest"]] = self.registry.manifests["team/app"][other]
        self.pull_fails(self.registry, rf"digest {other}, expected {child['digest']}", "--platform=linux/amd64",
                        source="team/app:many")
        self.assert_no_image("app:many")
        self.assert_store_is_sound()

    def test_unknown_tag_and_repository(self):
        self.pull_fails(self.registry, r"MANIFEST_UNKNOWN: .*\(HTTP 404\); the repository team/app has no such image",
                        source="team/app:none")
        registry = self.use(repositories=set())
        self.pull_fails(registry, r"NAME_UNKNOWN: .*team/app.*there is no repository team/app")


class Interruption(FaultCase):
    """Signals, after which the next run goes on."""

    def interrupt(self, process):
        started = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, messages = process.communicate(timeout=20)
        self.assertEqual(process.returncode, 130, messages)
        self.assertLess(time.monotonic() - started, 3)
        self.assert_store_is_sound()

    def test_interrupted_push(self):
        record = self.build_image()
        registry = self.start()
        registry.fault("PUT", f"digest={self.large}", delay=30)
        process = self.popen("push", "test", f"docker://{registry.host}/team/app:v1")
        registry.wait_for("PUT", f"digest={self.large}")
        self.interrupt(process)
        self.assertEqual(registry.manifests["team/app"], {})
        self.push(registry)
        self.assert_pushed(registry, record)

    def test_interrupted_wait_between_attempts(self):
        self.build_image()
        registry = self.start()
        registry.fault("PUT", "/manifests/", times=9, status=429, headers={"Retry-After": "60"})
        process = self.popen("push", "test", f"docker://{registry.host}/team/app:v1")
        registry.wait_for("PUT", "/manifests/")
        time.sleep(0.3)
        self.interrupt(process)

    def test_interrupts_that_were_ignored_stay_so(self):
        """As for a job in the background of a script."""
        self.build_image()
        registry = self.start()
        registry.fault("PUT", "/manifests/", delay=1)
        previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            process = self.popen("push", "test", f"docker://{registry.host}/team/app:v1")
        finally:
            signal.signal(signal.SIGINT, previous)
        registry.wait_for("PUT", "/manifests/")
        process.send_signal(signal.SIGINT)
        _, messages = process.communicate(timeout=20)
        self.assertEqual(process.returncode, 0, messages)

    def start_slow_pull(self, registry):
        manifest, [layer] = put_image(registry, "team/app", "v1", layers=[(600_000, 1)])
        registry.fault("GET", layer["digest"], drip=0.01)
        process = self.popen("pull", f"docker://{registry.host}/team/app:v1")
        registry.wait_for("GET", layer["digest"])
        time.sleep(1)  # about 100 kB arrive
        return process, manifest, layer["digest"]

    def assert_goes_on(self, registry, manifest, layer):
        self.assert_no_image()
        self.pull(registry)
        self.assertRegex(self.ranges(registry, layer)[-1], r"^bytes=[1-9][0-9]{3,}-$")
        self.assert_pulled(manifest)

    def test_interrupted_pull(self):
        registry = self.start()
        process, manifest, layer = self.start_slow_pull(registry)
        self.interrupt(process)
        self.assert_goes_on(registry, manifest, layer)

    def test_killed_pull(self):
        registry = self.start()
        process, manifest, layer = self.start_slow_pull(registry)
        process.kill()
        process.communicate(timeout=20)
        self.assertEqual(process.returncode, -signal.SIGKILL)
        self.assert_goes_on(registry, manifest, layer)


@unittest.skipUnless(have("openssl"), "openssl is not installed")
@unittest.skipIf(SANITIZER, "does not apply: sanitizers need what is switched off here")
class Memory(FaultCase):
    def test_it_is_closed_to_others_and_to_core_dumps(self):
        """Files in /proc of a process that is not dumpable belong to root, for any user (PR_SET_DUMPABLE)."""
        user = "nobody" if os.geteuid() == 0 else None
        home = self.directory / "home"
        home.mkdir()
        if user:
            shutil.chown(home, user)
        registry = self.start()
        registry.fault("GET", r"^/v2/$", delay=20)
        process = subprocess.Popen([TERRANE, "--store", str(home / "store"), "-q", "pull", f"docker://{registry.host}/x:1"],
                                   env={**os.environ, **self.env, "HOME": str(home)}, user=user, stderr=subprocess.DEVNULL)
        try:
            registry.wait_for("GET", "/v2/")
            self.assertEqual(os.stat(f"/proc/{process.pid}/environ").st_uid, 0)
            if user:
                status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
                self.assertIn(f"Uid:\t{pwd.getpwnam(user).pw_uid}\t", status)
        finally:
            process.kill()
            process.wait()


class Tls(FaultCase):
    """Certificates and proxies."""

    def setUp(self):
        super().setUp()
        self.authority = Authority(self.directory / "authority", "registry.terrane.test")
        self.registry = self.start(authority=self.authority)
        self.manifest, _ = put_image(self.registry, "team/app", "v1", layers=[(1000, 1)])

    def trust(self, *parts):
        """Puts the authority where podman's and docker's users have it."""
        path = self.directory.joinpath(*parts, "containers/certs.d", self.registry.host, "ca.crt")
        path.parent.mkdir(parents=True)
        path.write_bytes(self.authority.certificate.read_bytes())

    def test_ssl_cert_file(self):
        self.env["SSL_CERT_FILE"] = str(self.authority.certificate)
        self.pull(self.registry)
        self.assert_pulled(self.manifest)

    def test_certs_d_of_home(self):
        self.trust(".config")
        self.pull(self.registry)
        self.assert_pulled(self.manifest)

    def test_certs_d_of_xdg_config_home(self):
        """Which wins over the one of $HOME."""
        self.trust(".config")
        self.env["XDG_CONFIG_HOME"] = str(self.directory / "xdg")
        self.pull_fails(self.registry, "certificate is not trusted")
        self.trust("xdg")
        self.pull(self.registry)
        self.assert_pulled(self.manifest)

    def test_untrusted_certificate(self):
        self.pull_fails(self.registry, rf"certificate is not trusted: .*certs\.d/localhost:{self.registry.port}/"
                                       r"ca\.crt.*SSL_CERT_FILE")
        self.assertEqual(self.registry.log, [])
        self.assert_store_is_sound()

    def test_certificate_of_another_host(self):
        other = Authority(self.directory / "other")
        other.context.load_cert_chain(self.self_signed("elsewhere.test"), self.directory / "elsewhere.key")
        registry = self.start(authority=other)
        self.env["SSL_CERT_FILE"] = str(self.directory / "elsewhere.pem")
        self.pull_fails(registry, "certificate is not trusted.*(localhost|name)")

    def self_signed(self, name):
        certificate = self.directory / "elsewhere.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
                       + ["-nodes", "-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
                       + ["-keyout", self.directory / "elsewhere.key", "-out", certificate],
                       check=True, capture_output=True)
        return certificate

    def test_without_verification(self):
        """It works, and says that it is dangerous."""
        result = self.run_terrane("pull", "--tls-verify=false", f"docker://{self.registry.host}/team/app:v1",
                                  env=self.env)
        self.assertRegex(result.stderr, r"(?i)tls-verify|not verif|certificate")
        self.assert_pulled(self.manifest)

    def test_redirect_from_https_to_http_is_refused(self):
        registry = self.start(authority=self.authority, cdn=True)
        put_image(registry, "team/app", "v1", layers=[(1000, 1)])
        self.env["SSL_CERT_FILE"] = str(self.authority.certificate)
        self.pull_fails(registry, r"redirects from https to .http://127\.0\.0\.1:")
        self.assertEqual(registry.requests("GET", "", "cdn"), [])
        self.assert_store_is_sound()

    def test_redirect_from_https_to_https(self):
        registry = self.start(authority=self.authority, cdn=True, cdn_authority=self.authority)
        put_image(registry, "team/app", "v1", layers=[(1000, 1)])
        self.env["SSL_CERT_FILE"] = str(self.authority.certificate)
        self.pull(registry)
        self.assertEqual(len(registry.requests("GET", "", "cdn")), 2)

    def proxy(self):
        proxy = Proxy(self.registry.port)
        self.addCleanup(proxy.__exit__)
        self.env.update(HTTPS_PROXY=proxy.url, SSL_CERT_FILE=str(self.authority.certificate))
        return proxy

    def test_proxy(self):
        """Hosts elsewhere are reached by CONNECT through $HTTPS_PROXY."""
        proxy = self.proxy()
        self.run_json("pull", "docker://registry.terrane.test/team/app:v1")
        self.assertEqual(set(proxy.targets), {"CONNECT registry.terrane.test:443"})
        self.assert_pulled(self.manifest)

    def test_proxy_is_not_used_for_loopback(self):
        proxy = self.proxy()
        self.pull(self.registry)
        self.assertEqual(proxy.targets, [])

    def test_proxy_that_refuses(self):
        """Its answer is final: it is not asked five times."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            asked = []

            def refuse():
                with contextlib.suppress(OSError):
                    while True:
                        connection, _ = server.accept()
                        with connection:
                            asked.append(connection.recv(1000))
                            connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            thread = threading.Thread(target=refuse)
            thread.start()
            self.env["HTTPS_PROXY"] = f"http://127.0.0.1:{server.getsockname()[1]}"
            try:
                self.assert_fails(1, rf"the proxy ‘{self.env['HTTPS_PROXY']}’ of \$HTTPS_PROXY: it does not connect to the "
                                  r"host \(HTTP 403\)", "pull", "docker://registry.terrane.test/team/app:v1", env=self.env)
            finally:
                server.shutdown(socket.SHUT_RDWR)
                thread.join()
        self.assertEqual(len(asked), 1)

    def test_password_of_a_proxy_is_not_shown(self):
        for scheme in ("http", "socks9"):
            self.env["HTTPS_PROXY"] = f"{scheme}://alice:{PASSWORD}@127.0.0.1:9"
            message = self.assert_fails(1, "refused|Couldn.t connect", "pull", "docker://registry.terrane.test/team/app:v1", env=self.env)
            self.assertNotIn(PASSWORD, message)

    def test_proxy_that_cannot_be_used(self):
        """The message is about the proxy, not about the registry."""
        registry = "docker://registry.terrane.test/team/app:v1"
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        for scheme in ("http", "https"):
            self.env["HTTPS_PROXY"] = f"{scheme}://127.0.0.1:{port}"
            self.assert_fails(1, rf"registry.terrane.test: the proxy ‘{scheme}://127.0.0.1:{port}’ of \$HTTPS_PROXY: connecting "
                              "to it: Connection refused", "pull", registry, env=self.env)
        self.env["HTTPS_PROXY"] = "https://" + self.registry.host  # whose authority is not trusted
        self.assert_fails(1, rf"the proxy ‘https://{self.registry.host}’ of \$HTTPS_PROXY: its TLS certificate is not trusted",
                          "pull", registry, env=self.env)
        plain = self.start()
        self.env["HTTPS_PROXY"] = "https://" + plain.host
        self.assert_fails(1, r"the proxy \S+ of \$HTTPS_PROXY: it does not speak TLS; write its URL with http://", "pull",
                          registry, env=self.env)

    def test_old_versions_of_tls(self):
        """RFC 8996: 1.0 and 1.1 must not be used, with a registry or a proxy."""
        for version in ("-tls1", "-tls1_1"):
            with socket.create_server(("127.0.0.1", 0)) as probe:
                port = probe.getsockname()[1]
            server = subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", self.authority.server, "-key",
                                       self.authority.server.parent / "server.key", version,
                                       "-cipher", "ALL:@SECLEVEL=0", "-www"], stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
            try:
                wait_for_port(port, server)
                self.env["SSL_CERT_FILE"] = str(self.authority.certificate)
                self.assert_fails(1, "localhost: it has no TLS 1.2 or newer", "pull", f"docker://localhost:{port}/a:v1", env=self.env)
                self.env["HTTPS_PROXY"] = f"https://localhost:{port}"
                self.assert_fails(1, r"the proxy \S+ of \$HTTPS_PROXY: it has no TLS 1.2 or newer", "pull",
                                  "docker://registry.terrane.test/a:v1", env=self.env)
                del self.env["HTTPS_PROXY"]
            finally:
                server.kill()
                server.wait()

    def test_no_proxy(self):
        """The name does not exist, so without the proxy it cannot be resolved."""
        proxy = self.proxy()
        self.env["NO_PROXY"] = "other.test,.terrane.test"
        self.assert_fails(1, "no such host", "pull", "docker://registry.terrane.test/team/app:v1", env=self.env)
        self.assertEqual(proxy.targets, [])

    def test_ecr_host(self):
        """The advice for Amazon ECR's own hosts is another than for the rest."""
        host = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
        self.authority = Authority(self.directory / "ecr", host)
        self.registry = self.start(authority=self.authority, repositories=set())
        self.proxy()
        self.build_image(size=1000)
        self.assert_fails(1, r"NAME_UNKNOWN: .*does not exist.*\(HTTP 404\); --create-repository creates team/app",
                          "push", "test", f"docker://{host}/team/app:v1", env=self.env)

    def plain_registry_elsewhere(self):
        with socket.socket(type=socket.SOCK_DGRAM) as probe:  # which sends nothing
            with contextlib.suppress(OSError):
                probe.connect(("192.0.2.1", 9))
            address = probe.getsockname()[0]
        if address.startswith(("127.", "0.")):
            self.skipTest("does not apply: this machine has no address but loopback")
        registry = self.start(address=address, auth="basic")
        put_image(registry, "team/app", "v1", layers=[(1000, 1)])
        self.login(registry)
        return registry

    def test_plain_http_elsewhere_is_refused(self):
        """No request leaves without encryption, unless the user allows it."""
        registry = self.plain_registry_elsewhere()
        self.pull_fails(registry, rf"docker://{registry.host}/team/app: ", "--timeout=2s")
        self.assertEqual(registry.log, [])
        self.pull(registry, "--tls-verify=false")

    def test_plain_http_elsewhere_is_explained(self):
        """The message says what is wrong with the registry, and which option allows it."""
        registry = self.plain_registry_elsewhere()
        self.pull_fails(registry, r"(plain HTTP|without encryption|no https).*--tls-verify=false", "--timeout=2s")


if __name__ == "__main__":
    unittest.main()
