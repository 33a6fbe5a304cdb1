"""Results that go through a registry: --cache-to gives them, --cache-from takes them, and damaged ones do no harm."""

import base64
import gzip
import hashlib
import io
import json
import os
import re
import shutil
import tarfile
import unittest

import test_compile
from counting_proxy import CountingProxy
from ecr_like_registry import FakeRegistry
from terrane_test import Registry, have
from test_pull import Uploader
from web_server import WebServer
from wheel_index import make_wheel, requirement

KEY = "0123456789abcdef0123456789abcdef"
ARTIFACT = "application/vnd.terrane.cache.v1"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def sha256_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def uploader_get(url):
    import urllib.request  # pylint: disable=import-outside-toplevel
    return urllib.request.urlopen(urllib.request.Request(url, headers={"Accept": MANIFEST}))  # pylint: disable=consider-using-with


def make_layer(members):
    """The tar and the gzip of files by path."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        for path, content, *mode in members:
            member = tarfile.TarInfo(path)
            member.mode = mode[0] if mode else member.mode
            if content is None:
                member.type, member.mode = tarfile.DIRTYPE, 0o755
            else:
                member.size = len(content)
            tar.addfile(member, io.BytesIO(content or b""))
    return data.getvalue(), gzip.compress(data.getvalue(), mtime=0)


@unittest.skipUnless(have("docker-registry") and test_compile.BUSYBOX, "needs docker-registry and busybox")
class RegistryCache(test_compile.CompileCase):
    """A repository "team/cache" of a real registry, by way of a proxy that counts."""

    def setUp(self):
        super().setUp()
        test_compile.make_busybox_root(self.directory / "root.tar")
        digest = sha256_of((self.directory / "root.tar").read_bytes())
        self.base = self.root = {"archive": "root.tar", "sha256": digest.removeprefix("sha256:")}
        self.registry = Registry(self.directory / "registry")
        self.addCleanup(self.registry.__exit__)
        self.proxy = CountingProxy(self.registry.port)
        self.addCleanup(self.proxy.__exit__)
        self.cache = f"docker://{self.proxy.host}/team/cache"
        self.runner = self.directory / "runner"
        self.env = {"HOME": str(self.directory), "XDG_RUNTIME_DIR": str(self.directory), "TERRANE_CACHE_KEY": ""}

    def uploader(self):
        return Uploader(self.registry.host, "team/cache")

    def tags(self):
        paths = self.registry.storage.glob("docker/registry/v2/repositories/team/cache/_manifests/tags/*")
        return sorted(path.name for path in paths)

    def get(self, path):
        with self.uploader_open(path) as response:
            return response.read()

    def uploader_open(self, path):
        return uploader_get(f"http://{self.registry.host}/v2/team/cache/{path}")

    def document(self, tag):
        manifest = json.loads(self.get(f"manifests/{tag}"))
        return manifest, json.loads(self.get(f"blobs/{manifest['config']['digest']}"))

    def replace(self, tag, manifest, document):
        """Puts another artifact under the tag. The signature, if there is one, stays."""
        uploader = self.uploader()
        raw = json.dumps(document).encode()
        manifest = {**manifest, "config": {"mediaType": ARTIFACT + "+json", **uploader.blob(raw)}}
        uploader.manifest(manifest, MANIFEST, tag)


class Compiled(RegistryCache):
    """Each compile makes another result, so equal ones were not compiled twice."""

    def setUp(self):
        super().setUp()
        stamp = "mkdir -p $DESTDIR$PREFIX/lib; cat /proc/sys/kernel/random/uuid"
        self.need = {"steps": [f"{stamp} > $DESTDIR$PREFIX/lib/need"]}
        self.user = {"needs": ["need.json"], "steps": [f"{stamp} $PREFIX/lib/need > $DESTDIR$PREFIX/lib/user"]}
        self.recipe("need", **self.need)
        self.recipe("user", **self.user)

    def make(self, recipe="user.json", *arguments, **options):
        return super().make(recipe, *arguments, **{"env": self.env, **options})

    def take(self, **options):
        """A build on a machine that has nothing."""
        shutil.rmtree(self.runner, ignore_errors=True)
        return self.make("user.json", "--cache-from", self.cache, store=self.runner, **options)

    def keep_compiled(self):
        """Takes everything else out of the repository."""
        for tag in self.tags():
            if "-compiled-" not in tag:
                shutil.rmtree(self.registry.storage / "docker/registry/v2/repositories/team/cache/_manifests/tags" / tag)

    def give(self, **options):
        record = self.make("user.json", "--cache-to", self.cache, **options)
        self.keep_compiled()
        self.user_tag = self.tag("user")
        return record

    def warns(self, pattern, given, **options):
        """The runner compiles, which gives something else, and says once why."""
        shutil.rmtree(self.runner, ignore_errors=True)
        result = self.run_terrane("--json", "build", "--no-validate", self.profile(("tree", "user.json", {})), "--cache-from",
                                  self.cache, store=self.runner, env={**self.env, **options})
        warnings = [line for line in result.stderr.splitlines() if "warning: " in line and re.search(f"user 1.0|{self.user_tag}", line)]
        self.assertEqual(len(warnings), 1, result.stderr)
        self.assertRegex(warnings[0], pattern)
        self.assertNotEqual(json.loads(result.stdout)["digest"], given["digest"])
        self.assert_store_is_sound(self.runner)

    def tag(self, name):
        """The tag of what the recipe @name made."""
        found = [tag for tag in self.tags() if self.document(tag)[1]["content"]["name"] == name]
        self.assertEqual(len(found), 1)
        return found[0]

    def test_travels(self):
        """A machine without sources gets the results of the other one, and their server gets no request."""
        server = WebServer()
        self.addCleanup(server.stop)
        source = self.source("need.tar.gz", {"top/f": b"content"})
        server.files["/need.tar.gz"] = (self.directory / "need.tar.gz").read_bytes()
        self.recipe("need", sources=[{"url": server.url + "/need.tar.gz", "sha256": source["sha256"]}], **self.need)
        given = self.give()
        self.assertEqual(len(server.log), 1)
        self.assertRegex(" ".join(self.tags()), "^terrane-linux-amd64-compiled-[0-9a-f]{64} terrane-linux-amd64-compiled-[0-9a-f]{64}$")
        server.files.clear()
        self.proxy.take()
        taken = self.take()
        self.assertEqual((taken["digest"], len(server.log)), (given["digest"], 1))
        self.assertEqual(taken["cache"]["taken"], [f"{self.proxy.host}/team/cache:{self.tag('user')}"])
        self.assert_store_is_sound(self.runner)
        asked = [transfer.path.rsplit("/", 2)[1] for transfer in self.proxy.take() if "/team/" in transfer.path and transfer.status == 200]
        self.assertEqual(asked, ["manifests", "blobs", "blobs"])  # of the user alone: its document and its layer
        # What it needs is taken when only the user has to be compiled.
        self.recipe("user", **self.user, environment={"CHANGED": "1"})
        changed = self.take()
        self.assertEqual(changed["cache"]["taken"], [f"{self.proxy.host}/team/cache:{self.tag('need')}"])
        self.assertNotEqual(changed["digest"], given["digest"])
        self.assertEqual(len(server.log), 1)

    def test_tree_with_needs(self):
        """A tree that has what its recipe needs takes that, too, and compiles nothing."""
        profile = self.profile(("tree", "user.json", {"needs": True}))
        given = self.build(profile, "--no-validate", "--cache-to", self.cache, env=self.env)
        self.keep_compiled()
        taken = self.build(profile, "--no-validate", "--cache-from", self.cache, env=self.env, store=self.runner)
        self.assertEqual(taken["digest"], given["digest"])
        self.assertEqual(set(taken["cache"]["taken"]), {f"{self.proxy.host}/team/cache:{self.tag(name)}" for name in ("user", "need")})
        self.assertFalse((self.runner / "logs").exists())

    def test_explained(self):
        """A result from a registry is not called reused or run without a reason, and neither is a recipe that was not needed."""
        self.make("user.json", "--cache-to", self.cache)
        for tag in self.tags():
            if "-tree-" in tag:
                shutil.rmtree(self.registry.storage / "docker/registry/v2/repositories/team/cache/_manifests/tags" / tag)
        record = self.make("user.json", "--cache-from", self.cache, "--explain", store=self.runner)
        self.assertTrue(record["checks_cached"])
        steps = {(step["step"], step.get("name")): (step["result"], step["reasons"]) for step in record["explanation"]["steps"]}
        self.assertEqual(steps["recipe", "need"], ("not needed", ["what is made of it is there"]))
        self.assertEqual(steps["recipe", "user"], ("reused", ["--cache-from has it"]))
        self.assertEqual(steps["checks", None], ("reused", ["--cache-from has it"]))

    def test_archive_without_digest(self):
        """The image to compile in is identified by its content, on any machine and with any times."""
        self.base = self.root = {"archive": "root.tar"}
        given = self.give()
        (self.directory / "root.tar").rename(self.directory / "moved")
        shutil.copyfile(self.directory / "moved", self.directory / "root.tar")
        self.assertEqual(self.take()["digest"], given["digest"])

    def test_artifact(self):
        """As image-spec says, so that other tools can copy it; equal bytes, and nothing is sent again."""
        self.give()
        tag = self.tag("need")
        manifest, document = self.document(tag)
        self.assertEqual((manifest["mediaType"], manifest["artifactType"]), (MANIFEST, ARTIFACT))
        self.assertEqual([layer["mediaType"] for layer in manifest["layers"]], [LAYER])
        self.assertEqual((document["kind"], f"terrane-linux-amd64-compiled-{document['key']}"), ("compiled", tag))
        blob = self.get(f"blobs/{manifest['layers'][0]['digest']}")
        self.assertEqual(document["layers"], [{"digest": sha256_of(blob), "size": len(blob), "diffId": sha256_of(gzip.decompress(blob))}])
        with tarfile.open(fileobj=io.BytesIO(blob)) as tar:
            self.assertEqual(tar.getnames(), ["opt", "opt/lib", "opt/lib/need", "opt/share", "opt/share/terrane", "opt/share/terrane/recipes",
                                              "opt/share/terrane/recipes/need.json"])
        self.proxy.take()
        again = self.give()
        self.assertEqual([entry["bytes_uploaded"] for entry in again["cache"]["given"] if "-compiled-" in entry["name"]], [0, 0])
        self.assertEqual({transfer.method for transfer in self.proxy.take() if "-compiled-" in transfer.path}, {"HEAD"})

    def test_what_is_wrong(self):
        given = self.give()
        tag = self.tag("user")
        manifest, document = self.document(tag)
        other, foreign = self.document(self.tag("need"))
        for pattern, changed in (("key: is ‘.*’, and this build is for ‘.*’", {"key": foreign["key"]}),
                                 ("kind: is ‘results’", {"kind": "results"}),
                                 ("assembler: is ‘0’", {"assembler": "0"}),
                                 ("platform: is ‘linux/s390x’, and this build is for ‘linux/amd64’", {"platform": "linux/s390x"}),
                                 ("terraneCache: ", {"terraneCache": 2}),
                                 (r"layers\[0\]: is not the layer", {"layers": [{**document["layers"][0], "size": 1}]}),
                                 ("another diffID", {"layers": [{**document["layers"][0], "diffId": sha256_of(b"")}]}),
                                 ("unpacks to other files", {"content": {**document["content"], "commit": "0" * 64}})):
            with self.subTest(pattern):
                self.replace(tag, manifest, {**document, **changed})
                self.warns(pattern, given)
        with self.subTest("an image"):
            self.uploader().manifest({**manifest, "artifactType": "application/x"}, MANIFEST, tag)
            self.warns("it is of the type ‘application/x’", given)
        with self.subTest("the layer of another"):
            self.replace(tag, {**manifest, "layers": other["layers"]}, {**document, "layers": foreign["layers"]})
            self.warns("unpacks to other files", given)

    def test_layers_from_strangers(self):
        given = self.give()
        tag = self.tag("user")
        manifest, document = self.document(tag)

        def offer(data, diff_id=None, size=None):
            layer = {"mediaType": LAYER, **self.uploader().blob(data)}
            layer["size"] = size or layer["size"]
            self.replace(tag, {**manifest, "layers": [layer]},
                         {**document, "layers": [{"digest": layer["digest"], "size": layer["size"], "diffId": diff_id or sha256_of(b"")}]})
        for pattern, members in (("which is not below the prefix /opt", [("usr/bin/sh", b"evil")]),
                                 ("has .*etc.*, which is not below the prefix", [("opt", None), ("etc", None)]),
                                 (r"‘\.\./x’", [("../x", b"")]),
                                 ("‘opt/lib/user’ has an owner, set-user-ID bits", [("opt/lib/user", b"evil", 0o4755)]),
                                 ("other files", [("opt", None), ("opt/lib", None), ("opt/lib/user", b"evil")])):
            with self.subTest(pattern):
                tar, data = make_layer(members)
                offer(data, sha256_of(tar))
                self.warns(pattern, given)
        with self.subTest("too large"):
            offer(b"x", size=1 << 50)
            self.warns("is announced with 1125899906842624 bytes", given)
        with self.subTest("a bomb"):
            bomb = gzip.compress(bytes(1 << 27), 1)
            offer(bomb)
            self.warns("its layer: ", given)
        with self.subTest("lost"):
            self.replace(tag, manifest, document)
            digest = manifest["layers"][0]["digest"].removeprefix("sha256:")
            shutil.rmtree(self.registry.storage / f"docker/registry/v2/blobs/sha256/{digest[:2]}/{digest}")
            self.warns("BLOB_UNKNOWN|HTTP 404", given)

    def test_signed(self):
        """With a secret, only what was given with it is taken."""
        signed = {**self.env, "TERRANE_CACHE_KEY": KEY}
        given = self.give()
        self.warns("not signed, and TERRANE_CACHE_KEY asks for it", given, TERRANE_CACHE_KEY=KEY)
        self.give(env=signed)
        self.assertEqual(self.take(env=signed)["digest"], given["digest"])
        self.assertEqual(self.take()["digest"], given["digest"])
        self.warns("signed with another TERRANE_CACHE_KEY", given, TERRANE_CACHE_KEY=KEY[::-1])
        tag = self.tag("user")
        manifest, document = self.document(tag)
        self.replace(tag, manifest, {**document, "content": {**document["content"], "name": "other"}})
        self.warns("signed with another TERRANE_CACHE_KEY", given, TERRANE_CACHE_KEY=KEY)

    def test_no_trust(self):
        """Results from a registry are compiled here, too; each compile gives another result."""
        self.give()
        self.take()
        self.assert_fails(3, "--no-trust-cache: (need|user) 1.0 is another one in the cache", "build", "--no-validate",
                          self.profile(("tree", "user.json", {})), "--cache-from", self.cache, "--no-trust-cache", store=self.runner, env=self.env)

    def test_web_page_in_place_of_the_registry(self):
        """A proxy that answers in its place causes one message, whatever is asked for; and none about JSON."""
        registry = self.enterContext(FakeRegistry())
        registry.fault("GET", "/manifests/", status=200, body=b"\n<html>log in</html>", times=99)
        cache = f"docker://{registry.host}/team/cache"
        self.write("app/f", "x")
        profile = self.write_profile(trees=[{"name": "app", "directory": "app", "prefix": "/app", "transforms": {"bytecode": False}}])
        result = self.run_terrane("build", "--no-validate", profile, "--cache-from", cache, env=self.env)
        self.assertEqual(len(re.findall("warning: ", result.stderr)), 1, result.stderr)
        self.assertRegex(result.stderr, "going on without --cache-from: .*: the answer is a web page")
        self.assert_fails(1, "the answer is a web page", "pull", cache)

    def test_no_trust_in_layers(self):
        """A layer with other files is found, although everything that is said about it is right."""
        self.recipe("user", steps=[test_compile.INSTALL])
        self.give()
        arguments = ("--cache-from", self.cache, "--no-trust-cache")
        self.assertEqual([name.rpartition(":")[2] for name in self.make("user.json", *arguments, store=self.runner)["cache"]["compared"]], [self.user_tag])
        manifest, document = self.document(self.user_tag)
        layer = manifest["layers"][0]
        tar = gzip.decompress(self.get(f"blobs/{layer['digest']}"))
        for name, changed in (("as it is", tar), ("other files", tar.replace(b"done\n", b"evil\n"))):
            with self.subTest(name):
                blob = self.uploader().blob(gzip.compress(changed, 1, mtime=0))
                self.replace(self.user_tag, {**manifest, "layers": [{**layer, **blob}]},
                             {**document, "layers": [{"digest": blob["digest"], "size": blob["size"], "diffId": sha256_of(changed)}]})
                if changed == tar:
                    self.make("user.json", *arguments, store=self.runner)
                else:
                    self.assert_fails(3, "--no-trust-cache: user 1.0 is another one in the cache than was made here: it unpacks to other files", "build",
                                      "--no-validate", self.profile(("tree", "user.json", {})), *arguments, store=self.runner, env=self.env)

    def test_libc(self):
        """Results from a registry must fit the base, which their keys do not contain; `in` is not needed for that."""
        roots = {}
        for version in (31, 36):
            with tarfile.open(self.directory / "root.tar") as tar:
                members = [(member, tar.extractfile(member).read() if member.isfile() else b"") for member in tar]
            library = tarfile.TarInfo("lib64/libc.so.6")
            content = "".join(f"\0GLIBC_2.{minor}\0" for minor in range(2, version + 1)).encode()
            library.size = len(content)
            with tarfile.open(self.directory / f"{version}.tar", "w") as tar:
                for member, data in (*members, (library, content)):
                    tar.addfile(member, io.BytesIO(data))
            digest = hashlib.sha256((self.directory / f"{version}.tar").read_bytes()).hexdigest()
            roots[version] = {"archive": f"{version}.tar", "sha256": digest}
        self.base = self.root = roots[36]
        given = self.make("user.json", "--cache-to", self.cache)
        facts = [self.document(tag)[1]["content"].get("in") for tag in self.tags()]
        self.assertEqual([fact for fact in facts if fact], 3 * [{"libc": "glibc", "major": 2, "minor": 36, "machine": 62}])  # two recipes and a tree
        self.base = roots[31]
        shutil.rmtree(self.runner, ignore_errors=True)
        for _ in range(2):
            self.assert_fails(2, r"trees\[0\]\.compile\.in: .*36\.tar’ has glibc 2\.36, and the image's base .*31\.tar’ has glibc 2\.31", "build", "--no-validate",
                              self.profile(("tree", "user.json", {})), "--cache-from", self.cache, store=self.runner, env=self.env)
        self.keep_compiled()
        self.base = roots[36]
        self.assertEqual(self.take()["digest"], given["digest"])
        self.base = roots[31]
        self.assert_fails(2, r"has glibc 2\.36, and the image's base", "build", "--no-validate",
                          self.profile(("tree", "user.json", {})), "--cache-from", self.cache, store=self.runner, env=self.env)

    def test_registry_that_is_away(self):
        """A cache does not cause a failure, in either direction; the record says what it did not take."""
        away = "docker://127.0.0.1:1/team/cache"
        result = self.run_terrane("--json", "build", "--no-validate", self.profile(("tree", "user.json", {})), "--cache-from", away,
                                  "--cache-to", away, env=self.env)
        self.assertEqual(len(re.findall("warning: going on without", result.stderr)), 1, result.stderr)  # it is not asked again
        record = json.loads(result.stdout)
        self.assertEqual((record["cache"]["taken"], record["cache"]["given"]), ([], []))
        self.assertEqual(len(record["cache"]["failed"]), 1)
        offline = self.make("user.json", "--offline", "--cache-from", away, "--cache-to", away, store=self.runner)
        self.assertEqual(offline["cache"], {"taken": [], "given": []})

    def test_given_although_the_build_fails(self):
        self.recipe("bad", needs=["user.json"], steps=["false"])
        profile = self.profile(("tree", "user.json", {}), ("bad", "bad.json", {}))
        self.assert_fails(1, "false", "build", profile, "--cache-to", self.cache, env=self.env)
        self.assertEqual([tag.split("-")[3] for tag in self.tags()], ["compiled", "compiled"])

    def test_usage(self):
        profile = self.profile(("tree", "user.json", {}))
        self.assert_fails(2, "--cache-to names a repository, without a tag", "build", profile, "--cache-to", self.cache + ":v1")
        self.assert_fails(2, "TERRANE_CACHE_KEY has less than 16", "build", profile, "--cache-to", self.cache, env={"TERRANE_CACHE_KEY": "x"})


@unittest.skipUnless(test_compile.BUSYBOX, "needs busybox")
class CompiledInEcr(test_compile.ShellCase):
    """Differences of Amazon ECR: tags that never move, blobs from another host, repositories that must be created first, nothing that can be
    deleted, and no list of referrers."""

    def setUp(self):
        super().setUp()
        self.recipe("x", steps=["mkdir -p $DESTDIR$PREFIX; cat /proc/sys/kernel/random/uuid > $DESTDIR$PREFIX/stamp"])

    def start(self, **options):
        self.fake = FakeRegistry(auth="basic", immutable=True, cdn=True, mount=True, **options)
        self.addCleanup(self.fake.__exit__)
        login = base64.b64encode(f"{self.fake.user}:{self.fake.password}".encode()).decode()
        self.env = {"REGISTRY_AUTH_FILE": str(self.write("auth.json", json.dumps({"auths": {self.fake.host: {"auth": login}}}))),
                    "HOME": str(self.directory), "TERRANE_CACHE_KEY": ""}
        self.cache = f"docker://{self.fake.host}/team/cache"

    def make_in(self, store, *arguments):
        """The record, what is in the recipe's result, and what was warned of."""
        result = self.run_terrane("--json", "build", "--no-validate", self.profile(("tree", "x.json", {})), *arguments, store=self.directory / store, env=self.env)
        record = json.loads(result.stdout)
        with self.open_layer(self.read_json_blob(record["digest"], self.directory / store)["layers"][-1], self.directory / store) as tar:
            stamp = tar.extractfile("opt/stamp").read()
        return record, stamp, [line for line in result.stderr.splitlines() if "warning: " in line]

    def keep_compiled(self):
        """Takes everything else out of the repository. Returns what is left."""
        kept = {tag: content for tag, content in self.fake.manifests["team/cache"].items() if "-compiled-" in tag}
        self.fake.manifests["team/cache"] = dict(kept)
        return kept

    def test_given_and_taken(self):
        self.start()
        first, stamp, warnings = self.make_in("first", "--cache-to", self.cache)
        self.assertEqual((warnings, first["cache"].get("failed", [])), ([], []))
        [(tag, content)] = self.keep_compiled().items()
        # Again from the machine that made it, and from one that took it: the tag is there, and is not put once more.
        taken, other, warnings = self.make_in("second", "--cache-from", self.cache, "--cache-to", self.cache)
        self.assertEqual((taken["digest"], other, warnings), (first["digest"], stamp, []))
        self.assertIn(f"{self.fake.host}/team/cache:{tag}", taken["cache"]["taken"])
        self.assertEqual(self.make_in("first", "--cache-to", self.cache)[2], [])
        self.assertEqual(len(self.fake.requests("PUT", f"/manifests/{tag}")), 1)
        # One that has compiled something else under the key cannot give it; its image is good, and the record says so.
        third, other, warnings = self.make_in("third", "--cache-to", self.cache)
        self.assertNotEqual(other, stamp)
        self.assertIn(f"terrane: warning: the cache keeps another result of x 1.0, which it does not replace: {self.fake.host}/team/cache:{tag}", warnings)
        self.assertTrue(any(tag in json.dumps(failed) for failed in third["cache"]["failed"]), third["cache"])
        self.assertEqual(self.keep_compiled(), {tag: content})
        self.assertEqual(self.make_in("fourth", "--cache-from", self.cache)[1], stamp)
        self.assertEqual({request.method for request in self.fake.log} - {"GET", "HEAD", "POST", "PUT"}, set())
        self.assertEqual([request.path for request in self.fake.log if "referrers" in request.path], [])

    def test_no_repository(self):
        self.start(repositories={"team/other"})
        record, _, warnings = self.make_in("first", "--cache-from", self.cache, "--cache-to", self.cache)
        self.assertEqual((record["cache"]["taken"], record["cache"]["given"]), ([], []))
        self.assertTrue(any("there is no repository team/cache" in line for line in warnings), warnings)
        self.assertEqual(len(warnings), 1, warnings)


class Trees(RegistryCache):
    """A machine that has nothing but the profile, its lock and the handler, and a registry that has the rest."""

    SIZE = 300_000  # of what cannot be compressed in the tree

    def setUp(self):
        super().setUp()
        self.server = WebServer()
        self.addCleanup(self.server.stop)
        self.write("handler/app.py", "print(1)\n")
        big = {"lib/data": os.urandom(self.SIZE), "lib/module.py": b"x = 1\n", "bin/tool": b"#!/bin/sh\n"}
        self.base = {"archive": self.served("root.tar", (self.directory / "root.tar").read_bytes())}
        self.trees = [{"name": "lib", "prefix": "/opt", "archive": self.served("lib.tar", make_layer(big.items())[0])},
                      {"name": "handler", "prefix": "/var/task", "directory": "handler"}]
        self.image = f"docker://{self.proxy.host}/team/app"

    def served(self, name, data):
        self.server.files["/" + name] = data
        return [{"url": f"{self.server.url}/{name}", "sha256": sha256_of(data).removeprefix("sha256:")}]

    def write_it(self, **members):
        return self.write_profile(base=self.base, target="oci", trees=self.trees, **members)

    def give(self, *arguments, **members):
        record = self.build(self.write_it(**members), "--cache-to", self.cache, "--push", self.image + ":v1", *arguments, env=self.env)
        self.proxy.take()
        self.server.log.clear()
        return record

    def cold(self, *arguments, **members):
        """A build in an empty store."""
        shutil.rmtree(self.runner, ignore_errors=True)
        return self.build(self.write_it(**members), "--cache-from", self.cache, *arguments, store=self.runner, env=self.env)

    def moved(self):
        """Bytes that went to and came from the registry."""
        log = self.proxy.take()
        return sum(transfer.sent for transfer in log), sum(transfer.received for transfer in log), log

    def test_handler_edited(self):
        self.give()
        self.write("handler/app.py", "print(2)\n")
        expected = self.build(self.write_it(), env=self.env)
        self.server.log.clear()
        record = self.cold("--push", self.image + ":v2", "--no-validate")
        sent, received, log = self.moved()
        self.assertEqual(record["digest"], expected["digest"])
        self.assertEqual([layer["reused"] for layer in record["layers"]], [True, True, False])
        self.assertEqual(self.server.log, [])
        self.assertEqual((record["push"]["blobs_uploaded"], record["push"]["blobs_mounted"] + record["push"]["blobs_existing"]), (2, 2))
        handler = record["layers"][2]["size"]
        self.assertLess(sent, handler + 5000)  # with the configuration and the manifest
        self.assertLess(received, 60_000)  # documents: the busybox has 400 links
        self.assertLess(len(log), 25)
        for layer in record["layers"][:2]:
            self.assertFalse(self.blob(layer["digest"], self.runner).exists())
        # The registry's facts about files are used but not kept, for builds that do not ask it.
        self.assertEqual({kind: len(list((self.runner / "cache" / kind).iterdir())) for kind in ("pythons", "programs")},
                         {"pythons": 0, "programs": 1})  # of the handler's files, which are here
        self.assert_store_is_sound(self.runner)
        self.run_terrane("gc", store=self.runner)
        self.assert_store_is_sound(self.runner)

    def test_wheels(self):
        """Their scripts start the Python of a base that is not here."""
        name, wheel = make_wheel("pkg", "1.0", entry_points={"tool": "pkg:main"})
        (self.directory / "house").mkdir()
        (self.directory / "house" / name).write_bytes(wheel)
        self.write("requirements.txt", requirement("pkg", "1.0", (name, wheel)))
        wheels = {"requirements": "requirements.txt", "index": [], "wheelhouse": "house", "python": "3.11", "glibc": "2.34"}
        self.trees.insert(0, {"name": "deps", "prefix": "/var/task", "wheels": wheels})
        self.give()
        self.write("handler/app.py", "print(2)\n")
        expected = self.build(self.write_it(), env=self.env)
        plan, = json.loads(self.run_terrane("--json", "plan", "--no-validate", self.directory / "profile.json", "--cache-from", self.cache,
                                            store=self.runner, env=self.env).stdout)["plans"]
        self.assertEqual([step["result"] for step in plan["steps"] if step["step"] == "layer"], ["reused", "reused", "reused", "made"])
        record = self.cold("--push", self.image + ":v2", "--no-validate")
        self.assertEqual((record["digest"], [layer["reused"] for layer in record["layers"]]), (expected["digest"], [True, True, True, False]))
        # A runner needs no wheelhouse for a tree that is in the cache, and says which file it lacks for another one.
        (self.directory / "house").rename(self.directory / "elsewhere")
        self.assertEqual(self.cold("--no-validate", "--locked")["digest"], expected["digest"])
        shutil.rmtree(self.runner)
        self.assert_fails(1, f"opening .*/house/{name}.: No such file or directory", "build", "--no-validate",
                          self.directory / "profile.json", store=self.runner, env=self.env)
        (self.directory / "house").mkdir()  # one without it is another matter
        self.assert_fails(2, "there is no pkg 1.0", "build", "--no-validate", self.directory / "profile.json", "--cache-from", self.cache,
                          store=self.runner, env=self.env)

    def test_plan(self):
        """It asks the cache, reads listings alone, and says what the build then does."""
        given = self.give("--no-validate")
        self.write("handler/app.py", "print(2)\n")
        self.write_it()
        plan, = json.loads(self.run_terrane("--json", "plan", "--no-validate", self.directory / "profile.json", "--cache-from", self.cache,
                                            "--push", self.image + ":v2", store=self.runner, env=self.env).stdout)["plans"]
        steps = {(step["step"], step.get("name")): (step["result"], step["certain"], step.get("digest")) for step in plan["steps"]}
        base, lib = (layer["digest"] for layer in given["layers"][:2])
        self.assertEqual({what: steps[what] for what in steps if what[0] in ("base", "tree", "layer")},
                         {("base", "base"): ("reused", True, None), ("layer", "base"): ("reused", True, base),
                          ("tree", "lib"): ("reused", True, None), ("layer", "lib"): ("reused", True, lib),
                          ("tree", "handler"): ("made", True, None), ("layer", "handler"): ("made", True, None)})
        self.assertEqual([step["reasons"] for step in plan["steps"][:2]], [["--cache-from has it"]] * 2)
        self.assertEqual([blob["result"] for blob in plan["pushes"][0]["blobs"]], ["exists", "exists", "uploaded"])
        self.assertEqual([step for step in plan["steps"] if "fetch" in step], [])
        self.assertEqual((self.server.log, [request for request in self.proxy.take() if request.method not in ("GET", "HEAD")]), ([], []))
        record = self.cold("--no-validate", "--explain")
        self.assertEqual([step["result"] for step in record["explanation"]["steps"] if step["step"] in ("base", "tree", "layer")],
                         [step["result"] for step in plan["steps"] if step["step"] in ("base", "tree", "layer")])
        # An unreachable cache is ignored.
        shutil.rmtree(self.runner)
        result = self.run_terrane("--json", "plan", "--no-validate", self.directory / "profile.json", "--cache-from",
                                  "docker://127.0.0.1:1/cache", store=self.runner, env=self.env)
        self.assertRegex(result.stderr, "warning: going on without --cache-from")
        plan, = json.loads(result.stdout)["plans"]
        self.assertEqual([step["result"] for step in plan["steps"] if step["step"] == "layer"], ["made", "made", "made"])

    def test_base_is_an_image(self):
        """Its layers are neither fetched nor sent when the registry of the image has them."""
        base = self.write_profile("base.json", name="base", base=self.base, target="oci", trees=[])
        self.build(base, "--no-validate", "--push", f"docker://{self.proxy.host}/team/base:1", env=self.env)
        self.base = {"image": f"docker://{self.proxy.host}/team/base:1"}
        self.give("--no-validate")
        self.write("handler/app.py", "print(2)\n")
        expected = self.build(self.write_it(), "--no-validate", env=self.env)
        self.server.log.clear()
        self.proxy.take()
        record = self.cold("--push", self.image + ":v2", "--no-validate")
        sent, received, _ = self.moved()
        self.assertEqual((record["digest"], self.server.log), (expected["digest"], []))
        self.assertEqual([layer["reused"] for layer in record["layers"]], [True, True, False])
        self.assertLess(sent, record["layers"][2]["size"] + 5000)
        self.assertLess(received, 60_000)
        self.assert_store_is_sound(self.runner)

    def test_platforms(self):
        """Each has artifacts of its own, and one build takes those of both."""
        self.trees[0]["rename"] = {"lib/data": "lib/data-${arch}"}
        members = {"platform": ["linux/amd64", "linux/arm64"]}
        given = self.give("--no-validate", "--platform", "all", **members)
        trees = [tag for tag in self.tags() if "-tree-" in tag]
        self.assertEqual(sorted(tag.split("-")[2] for tag in trees), ["amd64"] * 2 + ["arm64"] * 2)
        self.write("handler/app.py", "print(2)\n")
        expected = self.build(self.write_it(**members), "--no-validate", "--platform", "all", env=self.env)
        self.server.log.clear()
        shutil.rmtree(self.runner, ignore_errors=True)
        result = self.run_terrane("--json", "build", self.write_it(**members), "--cache-from", self.cache, "--push", self.image + ":v2",
                                  "--no-validate", "--platform", "all", store=self.runner, env=self.env)
        record = json.loads(result.stdout)
        sent, received, _ = self.moved()
        self.assertNotIn("warning: ", result.stderr)
        digests = [[row["record"]["digest"] for row in builds["builds"]] for builds in (given, expected, record)]
        self.assertEqual((digests[2], self.server.log), (digests[1], []))
        self.assertNotEqual(digests[0], digests[1])
        self.assertLess(sent, 20_000)
        self.assertLess(received, 120_000)  # documents: the busybox has 400 links, on both platforms
        self.assert_store_is_sound(self.runner)

    def test_nothing_changed(self):
        """The same image: neither checks nor validation are done again, and the record says so."""
        validate = {"scripts": ["ok.sh"]}
        self.write("ok.sh", "#!/bin/sh\ntrue\n")
        given = self.give(validate=validate)
        self.assertEqual({tag.split("-")[3] for tag in self.tags()}, {"tree", "checked", "validated"})
        record = self.cold("--push", self.image + ":v2", validate=validate)
        _, received, _ = self.moved()
        self.assertEqual((record["digest"], record["validation"]), (given["digest"], given["validation"]))
        self.assertTrue(record["validation_cached"] and record["checks_cached"])
        self.assertEqual(sorted(name.split("-")[-2] for name in record["cache"]["taken"]), ["checked", "tree", "tree", "validated"])
        self.assertEqual((record["push"]["bytes_uploaded"], self.server.log), (0, []))
        self.assertLess(received, 40_000)  # documents: the busybox has 400 links
        # Another script: the layers are fetched once, and run.
        self.write("ok.sh", "#!/bin/sh\nexit 0\n")
        record = self.cold("--push", self.image + ":v2", validate=validate)
        log = self.proxy.take()
        self.assertEqual((record["digest"], record["validation_cached"], self.server.log), (given["digest"], False, []))
        for layer in record["layers"][:2]:
            self.assertEqual(len([transfer for transfer in log if transfer.method == "GET" and layer["digest"] in transfer.path]), 1)
        self.write("ok.sh", "#!/bin/sh\nexit 1\n")
        self.write_it(validate=validate)
        self.assert_fails(3, "ok.sh", "build", self.directory / "profile.json", "--cache-from", self.cache, store=self.directory / "third", env=self.env)

    def test_what_is_wrong(self):
        """An image is never wrong: where the content of a tree is needed, it is held against what was said of it."""
        self.write("handler/app.py", "print(1)\n")
        given = self.give("--no-validate")
        tags = {self.document(tag)[1]["content"].get("python") is not None: tag for tag in self.tags() if "-tree-" in tag}
        manifest, document = self.document(tags[False])
        wanted = self.directory / "layout"

        def warns(pattern):
            shutil.rmtree(self.runner, ignore_errors=True)
            shutil.rmtree(wanted, ignore_errors=True)
            result = self.run_terrane("--json", "build", "--no-validate", self.write_it(), "--cache-from", self.cache, "--output", f"oci:{wanted}",
                                      store=self.runner, env=self.env)
            self.assertEqual(json.loads(result.stdout)["digest"], given["digest"])
            self.assertRegex(result.stderr, "warning: going on without .*" + pattern)
            self.assertEqual(len([line for line in result.stderr.splitlines() if "warning: " in line]), 1, result.stderr)
            self.assert_store_is_sound(self.runner)
        for pattern, changed in (("platform: is ‘linux/arm64’, and this build is for ‘linux/amd64’", {"platform": "linux/arm64"}),
                                 ("assembler: is ‘0’", {"assembler": "0"}),
                                 ("does not name its layers", {"content": {**document["content"], "layerKeys": []}}),
                                 ("another diffID", {"layers": [{**document["layers"][0], "diffId": sha256_of(b"")}, document["layers"][1]]})):
            with self.subTest(pattern):
                self.replace(tags[False], manifest, {**document, **changed})
                warns(pattern)
        for pattern, listing in (("its listing", b"[[]]"), ("its listing: .*not below the root", self.listing("../x")),
                                 ("its listing", b"x"), ("its listing", self.listing("a", "z"))):
            with self.subTest(listing=listing):
                tar, data = make_layer([("tree.json", listing)])
                layer = {"mediaType": LAYER, **self.uploader().blob(data)}
                described = {"digest": layer["digest"], "size": layer["size"], "diffId": sha256_of(tar)}
                self.replace(tags[False], {**manifest, "layers": [layer, manifest["layers"][1]]},
                             {**document, "layers": [described, document["layers"][1]]})
                warns(pattern)

    @staticmethod
    def listing(path, kind="f"):
        return json.dumps([["", "d", 0o755, 0, 0, 0, "", "", ""], [path, kind, 0o644, 0, 0, 1, "0" * 64, "", ""]]).encode()

    def test_lost_layer(self):
        """The manifest is there and a layer is not: what needs it makes it here."""
        given = self.give("--no-validate")
        layer = given["layers"][1]["digest"].removeprefix("sha256:")
        shutil.rmtree(self.registry.storage / f"docker/registry/v2/blobs/sha256/{layer[:2]}/{layer}")
        validate = {"scripts": ["ok.sh"]}
        self.write("ok.sh", "#!/bin/sh\ntrue\n")
        record = self.cold(validate=validate)
        self.assertEqual(record["digest"], given["digest"])
        self.assertEqual([request.path for request in self.server.log], ["/root.tar", "/lib.tar"])
        self.assert_store_is_sound(self.runner)

    def lose(self, digest):
        """Takes a blob out of the registry, and its mark in the repository of the cache. Returns what brings it back."""
        name = digest.removeprefix("sha256:")
        paths = [self.registry.storage / f"docker/registry/v2/{path}" for path in (
            f"blobs/sha256/{name[:2]}/{name}", f"repositories/team/cache/_layers/sha256/{name}", f"repositories/team/app/_layers/sha256/{name}")]
        for path in paths:
            shutil.rmtree(path, ignore_errors=True)
        return paths

    def warned(self, expected, pattern, *arguments, cache=None):
        """A build in an empty store that warns once and gives the expected image, whose files are those of its configuration."""
        shutil.rmtree(self.runner, ignore_errors=True)
        result = self.run_terrane("--json", "build", "--no-validate", self.write_it(), "--cache-from", cache or self.cache, *arguments,
                                  store=self.runner, env=self.env)
        record = json.loads(result.stdout)
        self.assertEqual(record["digest"], expected["digest"])
        warnings = [line for line in result.stderr.splitlines() if "warning: " in line]
        self.assertEqual(len(warnings), 1, result.stderr)
        self.assertRegex(warnings[0], "warning: going on without .*" + pattern)
        self.assert_store_is_sound(self.runner)
        for layer in record["layers"]:
            blob = self.blob(layer["digest"], self.runner).read_bytes()
            self.assertEqual(sha256_of(gzip.decompress(blob)), layer["diff_id"])
        return record

    def test_layer_that_is_lost(self):
        """The build goes on without the cache, whatever is done with the image, and gives the layer again."""
        given = self.give("--no-validate")
        layer = given["layers"][1]["digest"]
        paths = self.lose(layer)
        self.warned(given, f"the layer ‘lib’: .*{layer}")
        pushed = self.warned(given, "a layer that was left in a registry is not there any more", "--push", self.image + ":v2")
        self.assertNotIn("stayed", [key for made in pushed["layers"] for key in made])
        self.lose(layer)
        self.warned(given, "a layer of --cache-from: .*" + layer, cache=self.image + ":v1")
        # A store that has everything gives it again, although the result itself is there.
        record = self.build(self.write_it(), "--no-validate", "--cache-to", self.cache, env=self.env)
        self.assertTrue(paths[0].exists())
        self.assertEqual((len(record["cache"]["given"]), record["cache"].get("failed")), (3, None))
        self.assertEqual([made["reused"] for made in self.cold("--no-validate")["layers"]], [True, True, False])

    def test_layer_that_is_another(self):
        """Layers that come here are compared with their diffIDs and their keys; those that stay in their registry are reported."""
        given = self.give("--no-validate")
        tag, = [tag for tag in self.tags() if "-tree-" in tag and "python" not in self.document(tag)[1]["content"]]
        manifest, document = self.document(tag)
        tar, blob = make_layer([("opt", None), ("opt/lib", None), ("opt/lib/data", b"other")])
        other = {"mediaType": LAYER, **self.uploader().blob(blob)}
        lied = [document["layers"][0], {**document["layers"][1], "diffId": "sha256:" + "1" * 64}]
        swapped = [document["layers"][0], {**document["layers"][1], **other, "diffId": sha256_of(tar)}]
        away = FakeRegistry()
        self.addCleanup(away.__exit__)
        for pattern, layers, pushed in (("another diffID than it says", lied, manifest["layers"]),
                                        ("other files than its layer key says", swapped, [manifest["layers"][0], other])):
            with self.subTest(pattern):
                self.replace(tag, {**manifest, "layers": pushed}, {**document, "layers": layers})
                self.warned(given, pattern)
                self.warned(given, pattern, "--push", f"docker://{away.host}/app:v1")
        # The same files with other times, with another owner of a directory, with one file less, and with another mode.
        original = gzip.decompress(self.get(f"blobs/{manifest['layers'][1]['digest']}"))

        def rewrite(change):
            data = io.BytesIO()
            with tarfile.open(fileobj=io.BytesIO(original)) as old, tarfile.open(fileobj=data, mode="w", format=tarfile.PAX_FORMAT) as new:
                for member in map(change, old):
                    if member is not None:
                        new.addfile(member, old.extractfile(member) if member.isfile() else None)
            return data.getvalue()
        for pattern, change in (("its tar is another one", lambda member: member.replace(mtime=1)),
                                ("its tar is another one", lambda member: member.replace(uid=7) if member.isdir() else member),
                                ("other files", lambda member: None if member.name.endswith("tool") else member),
                                ("other files", lambda member: member.replace(mode=0o4755))):
            tar = rewrite(change)
            rewritten = {"mediaType": LAYER, **self.uploader().blob(gzip.compress(tar, mtime=0))}
            self.replace(tag, {**manifest, "layers": [manifest["layers"][0], rewritten]},
                         {**document, "layers": [document["layers"][0], {**document["layers"][1], **rewritten, "diffId": sha256_of(tar)}]})
            self.warned(given, pattern)
        self.replace(tag, {**manifest, "layers": [manifest["layers"][0], other]}, {**document, "layers": swapped})
        # Nothing of a layer that stays can be compared, so the build says that it is not known here.
        record = self.cold("--no-validate", "--push", self.image + ":other")
        self.assertEqual([layer.get("stayed", False) for layer in record["layers"]], [True, True, False])
        self.replace(tag, manifest, document)
        # An image's configuration is right, and its layer is another one.
        uploader = Uploader(self.registry.host, "team/app")
        with uploader_get(f"{uploader.base}/manifests/v1") as response:
            image = json.loads(response.read())
        uploader.blob(blob)
        image["layers"][1].update(other)
        uploader.manifest(image, MANIFEST, "evil")
        evil = self.image + ":evil"
        self.warned(given, "a layer of --cache-from: .*other files than its layer key says", cache=evil)
        again = self.build(self.directory / "profile.json", "--no-validate", store=self.runner, env=self.env)
        self.assertEqual((again["digest"], again["unchanged"]), (given["digest"], True))
        self.assert_fails(3, "--no-trust-cache: the layer ‘lib’ is another one in an image", "build", "--no-validate", self.write_it(),
                          "--cache-from", evil, "--no-trust-cache", store=self.runner, env=self.env)
        trusted = self.cold("--no-validate", "--no-trust-cache", "--cache-from", self.image + ":v1")
        self.assertEqual([name for name in trusted["cache"]["compared"] if name.startswith("layer ")], ["layer base", "layer lib", "layer handler"])
        # An image that is not one does not end the build.
        for config in (b'{"rootfs":', b"{}"):
            uploader.manifest({**image, "config": {**image["config"], **uploader.blob(config)}}, MANIFEST, "bad")
            self.warned(given, "--cache-from: docker://.*/team/app:bad: the configuration", cache=self.image + ":bad")

    def test_no_trust(self):
        """Everything is made here, and held against what the cache says."""
        given = self.give("--no-validate")
        record = self.cold("--no-trust-cache", "--no-validate")
        self.assertEqual((record["digest"], record["cache"]["taken"]), (given["digest"], []))
        self.assertEqual(sorted(name.split("-")[-2] for name in record["cache"]["compared"]), ["checked", "tree", "tree"])
        self.assertEqual([request.path for request in self.server.log], ["/root.tar", "/lib.tar"])
        tag = [tag for tag in self.tags() if "-tree-" in tag and "python" not in self.document(tag)[1]["content"]][0]
        manifest, document = self.document(tag)
        layers = [document["layers"][0], {**document["layers"][1], "diffId": sha256_of(b"")}]
        for changed in ({"content": {**document["content"], "commit": "0" * 64}}, {"layers": layers}):
            with self.subTest(changed):
                self.replace(tag, manifest, {**document, **changed})
                self.assert_fails(3, "--no-trust-cache: lib is another one in the cache than was made here: .*" + tag, "build", "--no-validate",
                                  self.write_it(), "--cache-from", self.cache, "--no-trust-cache", store=self.runner, env=self.env)
        with self.subTest("the listing of another tree"):
            base, of_base = self.document([name for name in self.tags() if "-tree-" in name and name != tag][0])
            self.replace(tag, {**manifest, "layers": [base["layers"][0], *manifest["layers"][1:]]},
                         {**document, "layers": [of_base["layers"][0], *document["layers"][1:]]})
            self.assert_fails(3, "--no-trust-cache: lib is another one in the cache than was made here: it lists another tree than it says", "build",
                              "--no-validate", self.write_it(), "--cache-from", self.cache, "--no-trust-cache", store=self.runner, env=self.env)
        self.assert_fails(2, "--no-trust-cache requires --cache-from", "build", self.write_it(), "--no-trust-cache")
        self.assert_fails(2, "--offline asks none", "build", self.write_it(), "--no-trust-cache", "--cache-from", self.cache, "--offline")
        self.assert_fails(1, "--no-trust-cache: .* cannot be compared: ", "build", "--no-validate", self.write_it(), "--no-trust-cache",
                          "--cache-from", "docker://127.0.0.1:1/x", store=self.runner, env=self.env)

    def test_claimed_findings(self):
        """Findings of another machine refuse no image, and are ignored with --no-trust-cache if the store has them from there."""
        self.give("--no-validate")
        tag = [tag for tag in self.tags() if "-checked-" in tag][0]
        manifest, document = self.document(tag)

        def claim(severity, name):
            text = json.dumps([{"id": name, "message": "claimed", "path": "/x", "severity": severity}], separators=(",", ":"))
            self.replace(tag, manifest, {**document, "content": {"results": text}})
        for severity, name in (("error", "azure-functions.host-json"), ("warning", "azure-functions.host-json")):  # it is never a warning
            claim(severity, name)
            record = self.cold("--no-validate")
            self.assertEqual((record["findings"], record.get("checks_cached")), ([], None))
        self.build(self.write_it(config={"labels": {"a": "b"}}), "--no-validate", store=self.runner, env=self.env)  # has the trees
        claim("warning", "azure-functions.no-function")
        for _ in range(2):
            record = self.build(self.write_it(), "--no-validate", "--cache-from", self.cache, store=self.runner, env=self.env)
            self.assertEqual((record["checks_cached"], record["findings"][0]["message"]), (True, "claimed"))
        self.assertTrue(record["unchanged"])
        self.assert_fails(3, "what the checks found is another one in the cache", "build", "--no-validate", self.write_it(), "--cache-from",
                          self.cache, "--no-trust-cache", store=self.runner, env=self.env)

    def test_claimed_facts(self):
        """Nor does what another machine says of a file that is not here: the file is fetched."""
        with open(test_compile.BUSYBOX, "rb") as file:
            self.trees[0]["archive"] = self.served("lib.tar", make_layer([("bin/prog", file.read() + b"\0", 0o755)])[0])
        given = self.give("--no-validate")
        self.assertEqual(given["findings"], [])
        for tag in self.tags():
            if "-checked-" in tag:
                shutil.rmtree(self.registry.storage / "docker/registry/v2/repositories/team/cache/_manifests/tags" / tag)
            elif "python" not in self.document(tag)[1]["content"]:
                manifest, document = self.document(tag)
                with tarfile.open(fileobj=io.BytesIO(self.get(f"blobs/{document['layers'][0]['digest']}"))) as tar:
                    files = {member.name: tar.extractfile(member).read() for member in tar}
                arm64 = {name: re.sub(rb'"machine": ?62', b'"machine":183', data) for name, data in files.items()}  # EM_AARCH64
                self.assertNotEqual(arm64, files)
                tar, data = make_layer(list(arm64.items()))
                layer = {"mediaType": LAYER, **self.uploader().blob(data)}
                described = {"digest": layer["digest"], "size": layer["size"], "diffId": sha256_of(tar)}
                self.replace(tag, {**manifest, "layers": [layer, *manifest["layers"][1:]]},
                             {**document, "layers": [described, *document["layers"][1:]]})
        record = self.cold("--no-validate")
        self.assertEqual((record["digest"], record["findings"]), (given["digest"], []))
        self.assertEqual(len(record["cache"]["taken"]), 2)
