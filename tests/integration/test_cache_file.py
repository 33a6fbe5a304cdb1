"""terrane cache export and import: the next build on another machine is as quick as here, and an untrusted file brings
nothing in that does not digest to its name."""

import gzip
import hashlib
import io
import json
import os
import resource
import shutil
import subprocess
import tarfile

from terrane_test import TERRANE, TestCase, make_tar, read_cache_entry, sha256, write_cache_entry
from web_server import WebServer

KEY = "0123456789abcdef0123456789abcdef"


def digest_of(data):
    return hashlib.sha256(data).hexdigest()


def read_file(path):
    """The document, and the content of every member by its name."""
    with tarfile.open(path, "r:") as archive:
        members = {member.name: archive.extractfile(member).read() for member in archive}
    return json.loads(members["terrane-cache.json"]), members


def write_file(path, document, members):
    """A cache file whose blobs are @members, in the order that terrane writes."""
    blobs = {name: content for name, content in members.items() if "/" in name}
    make_tar(path, [("terrane-cache.json", "file", json.dumps(document).encode()),
                    *((name, "file", content) for name, content in blobs.items())])
    return path


def read_rest(document, members):
    name = "blobs/sha256/" + document["rest"]["digest"].removeprefix("sha256:")
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(members[name]))) as archive:
        return [(member, archive.extractfile(member).read() if member.isfile() else None) for member in archive]


def replace_rest(document, members, entries):
    """Puts another rest into what read_file() gave."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for member, content in entries:
            if isinstance(member, str):
                member = tarfile.TarInfo(member)
                member.size = len(content)
            archive.addfile(member, io.BytesIO(content) if content is not None else None)
    packed = gzip.compress(data.getvalue())
    old = document["rest"]["digest"]
    document["rest"].update(digest="sha256:" + digest_of(packed), size=len(packed))
    document["blobs"] = [blob for blob in document["blobs"] if blob["digest"] != old] + [dict(document["rest"])]
    members.pop("blobs/sha256/" + old.removeprefix("sha256:"))
    members["blobs/sha256/" + digest_of(packed)] = packed


class CacheCase(TestCase):
    def setUp(self):
        super().setUp()
        self.write("app/f", "1\n")
        self.write("deps/m.py", "x = 1\n" * 1000)
        self.write("deps/tool", "#!/bin/sh\n").chmod(0o755)
        os.symlink("m.py", self.directory / "deps/link")
        make_tar(self.directory / "deps.tar", [
            ("lib/large", "file", os.urandom(300_000)), ("lib/again", "link", "lib/large"), ("lib/link", "symlink", "large"),
            ("lib/own", "file", b"own", {"uid": 7, "gid": 8, "mode": 0o4750}), ("empty", "dir", None),
            ("attributes", "file", b"a", {"pax_headers": {"SCHILY.xattr.user.note": "noted"}}),
            ("lib/näme", "file", b"bytes"), ("shadowed", "file", b"of deps")])
        make_tar(self.directory / "base.tar", [("etc", "dir", None), ("etc/os-release", "file", b"NAME=test")])
        self.base = {"archive": [{"file": "base.tar", "sha256": sha256(self.directory / "base.tar")}]}
        self.file = self.directory / "cache.tar"
        self.other = self.directory / "other"

    def make_profile(self, file_name="profile.json", **members):
        deps = {"name": "deps", "archive": [{"file": "deps.tar", "sha256": sha256(self.directory / "deps.tar")}], "prefix": "/deps"}
        return self.write_profile(file_name, **{"base": self.base, "transforms": {"modes": "keep"},
                                                "trees": [deps, {"name": "app", "directory": "app", "prefix": "/app"}], **members})

    def export(self, *profiles, store=None, options=(), env=None):
        return json.loads(self.run_terrane("--json", "cache", "export", *options, self.file, *profiles, store=store, env=env).stdout)

    def take(self, file=None, env=None):
        return json.loads(self.run_terrane("--json", "cache", "import", file or self.file, store=self.other, env=env).stdout)

    def layers_reused(self, record):
        return {layer["tree"]: layer["reused"] for layer in record["layers"]}


class CacheFile(CacheCase):
    def test_next_build_elsewhere_makes_nothing_again(self):
        profile = self.make_profile()
        record = self.build(profile, "--no-lock")
        exported = self.export(profile)
        self.assertEqual(exported["images"], ["test:latest"])
        self.assertEqual(exported["size"], self.file.stat().st_size)
        self.assertEqual(self.take()["images"], ["test:latest"])
        self.assert_store_is_sound(self.other)
        self.assertIn(record["digest"][:19], self.run_terrane("images", store=self.other).stdout)
        # A tree is identified by the archive's digest, and its layer by the objects in it.
        again = self.run_terrane("--json", "--verbose", "build", profile, "--no-lock", store=self.other)
        self.assertIn("deps: unchanged", again.stderr)
        again = json.loads(again.stdout)
        self.assertEqual((again["digest"], again["unchanged"]), (record["digest"], True))
        self.assertEqual(again["commit"], record["commit"])

    def test_build_of_a_change_makes_the_change_alone(self):
        profile = self.make_profile()
        self.build(profile, "--no-lock")
        self.export(profile)
        self.take()
        self.write("app/f", "2\n")
        here = self.build(profile, "--no-lock")
        there = self.run_terrane("--json", "--verbose", "build", profile, "--no-lock", store=self.other)
        self.assertIn("deps: unchanged", there.stderr)
        there = json.loads(there.stdout)
        self.assertEqual(there["digest"], here["digest"])
        self.assertEqual(self.layers_reused(there), {"base": True, "deps": True, "app": False})
        self.assert_store_is_sound(self.other)

    def test_file_is_what_it_says(self):
        """As an independent reader sees it: digests are names, nothing is there twice, and nothing of this machine."""
        profile = self.make_profile()
        record = self.build(profile, "--no-lock")
        exported = self.export(profile)
        document, members = read_file(self.file)
        self.assertEqual(next(iter(members)), "terrane-cache.json")
        listed = {blob["digest"]: blob["size"] for blob in document["blobs"]}
        blobs = {name.rpartition("/")[2]: content for name, content in members.items() if "/" in name}
        self.assertEqual({f"sha256:{name}": len(content) for name, content in blobs.items()}, listed)
        for name, content in blobs.items():
            self.assertEqual(digest_of(content), name)
        for wanted in (record["digest"], record["config_digest"], *(layer["digest"] for layer in record["layers"])):
            self.assertIn(wanted, listed)
        self.assertEqual(len(blobs), len(record["layers"]) + 3)  # manifest, configuration, the rest
        rest = [member.name for member, _ in read_rest(document, members)]
        self.assertEqual(rest, sorted(rest))
        self.assertEqual(len(rest), exported["objects"] + exported["entries"])
        self.assertEqual([name for name in rest if name.endswith(".file")], [])  # all are in the layers
        kinds = {name.split("/")[1] for name in rest if name.startswith("cache/")}
        self.assertLessEqual({"trees", "layers", "images", "unpacked"}, kinds)
        self.assertFalse(kinds & {"digests", "names", "pulled"})
        self.assertNotIn(str(self.directory).encode(), b"".join(content or b"" for _, content in read_rest(document, members)))

    def test_equal_content_gives_equal_bytes(self):
        profile = self.make_profile()
        self.build(profile, "--no-lock")
        self.export(profile)
        first = self.file.read_bytes()
        self.write("unrelated/g", "g")
        self.build(self.write_profile("unrelated.json", name="unrelated", base=self.base,
                                      trees=[{"name": "u", "directory": "unrelated", "prefix": "/u"}]), "--no-lock")
        self.export(profile, env={"TZ": "Asia/Tokyo", "LC_ALL": "C"})
        self.assertEqual(self.file.read_bytes(), first)
        self.take()
        self.export(profile, store=self.other)
        self.assertEqual(self.file.read_bytes(), first)

    def test_files_that_no_layer_gives(self):
        """That of a tree which another one covers."""
        make_tar(self.directory / "over.tar", [("shadowed", "file", b"of over")])
        over = {"name": "over", "archive": [{"file": "over.tar", "sha256": sha256(self.directory / "over.tar")}],
                "prefix": "/deps", "overwrite": True}
        profile = self.make_profile()
        trees = json.loads(profile.read_text())["trees"]
        covered = self.make_profile(trees=[trees[0], over])
        self.build(covered, "--no-lock")
        self.export(covered)
        document, members = read_file(self.file)
        files = [content for member, content in read_rest(document, members) if member.name.endswith(".file")]
        self.assertEqual(files, [b"of deps"])
        self.take()
        self.assert_store_is_sound(self.other)
        plain = self.make_profile("plain.json", name="plain", trees=[trees[0]])
        result = self.run_terrane("--json", "--verbose", "build", plain, "--no-lock", store=self.other)
        self.assertIn("deps: unchanged", result.stderr)
        self.assertEqual(json.loads(result.stdout)["digest"], self.build(plain, "--no-lock")["digest"])

    def test_layers_that_are_elsewhere_come_as_objects(self):
        """Of an image whose layers only a registry has, the files are packed one by one."""
        profile = self.make_profile()
        record = self.build(profile, "--no-lock")
        gone = record["layers"][1]["digest"]
        self.blob(gone).unlink()
        exported = self.export(profile)
        document, members = read_file(self.file)
        self.assertEqual(document["images"][0]["unpack"], False)
        files = {member.name: member for member, _ in read_rest(document, members) if member.name.endswith(".file")}
        self.assertGreater(len(files), 7)
        self.assertLess(len(files), exported["objects"])
        # uid, gid, mode, target and attributes are in the tar.
        self.assertIn((7, 8, 0o4750), [(member.uid, member.gid, member.mode) for member in files.values()])
        self.assertIn("large", [member.linkname for member in files.values() if member.issym()])
        self.assertIn("noted", [member.pax_headers.get("SCHILY.xattr.user.note") for member in files.values()])
        result = self.run_terrane("--json", "cache", "import", self.file, store=self.other)
        self.assertIn("the image test:latest of the cache is not whole, and gets no name", result.stderr)
        self.assertEqual(json.loads(result.stdout)["images"], [])
        self.assert_store_is_sound(self.other)
        again = self.build(profile, "--no-lock", store=self.other)
        self.assertEqual(again["digest"], record["digest"])
        self.assertEqual(self.layers_reused(again), {"base": True, "deps": False, "app": True})

    def test_store_keeps_what_it_has(self):
        """The file is added: names and entries that are there stay, whatever it says."""
        profile = self.make_profile()
        self.build(profile, "--no-lock")
        self.export(profile)
        self.write("app/f", "another\n")
        mine = self.build(profile, "--no-lock", store=self.other)
        second = self.write_profile("second.json", name="second", trees=[{"name": "v", "directory": "deps", "prefix": "/v"}])
        theirs = self.build(second, "--no-lock", store=self.other)
        self.take()
        listed = {image["name"]: image["digest"] for image in json.loads(self.run_terrane("--json", "images", store=self.other).stdout)}
        self.assertEqual(listed, {"test:latest": mine["digest"], "second:latest": theirs["digest"]})
        document, members = read_file(self.file)
        rest = read_rest(document, members)
        tree = next(entry for entry in (self.other / "cache/trees").iterdir()
                    if f"cache/trees/{entry.name}" in [member.name for member, _ in rest])
        before = read_cache_entry(tree)
        forged = json.dumps({"commit": "0" * 64}).encode()
        replace_rest(document, members, [("cache/trees/" + tree.name, forged) if member.name == "cache/trees/" + tree.name
                                         else (member, content) for member, content in rest])
        self.take(write_file(self.directory / "forged.tar", document, members))
        self.assertEqual(read_cache_entry(tree), before)
        self.assertEqual(self.build(profile, "--no-lock", store=self.other)["digest"], mine["digest"])
        self.assert_store_is_sound(self.other)

    def test_several_profiles_share_what_they_share(self):
        one, two = self.make_profile(), self.make_profile("two.json", name="two", config={"cmd": ["/x"]})
        digests = [self.build(profile, "--no-lock")["digest"] for profile in (one, two)]
        self.export(one)
        alone = self.file.stat().st_size
        self.assertEqual(self.export(one, two)["images"], ["test:latest", "two:latest"])
        self.assertLess(self.file.stat().st_size, alone + 20_000)
        self.take()
        for profile, digest in zip((one, two), digests):
            self.assertEqual(self.build(profile, "--no-lock", store=self.other)["digest"], digest)

    def test_images_of_several_platforms(self):
        platforms = ["linux/amd64", "linux/arm64"]
        one, apart = self.make_profile(platform=platforms), self.make_profile("apart.json", name="apart-${arch}", platform=platforms)
        names = {one: ["test:amd64", "test:arm64", "test:latest"], apart: ["apart-amd64:latest", "apart-arm64:latest"]}
        for profile, expected in names.items():
            digests = [row["record"]["digest"] for row in self.build(profile, "--no-lock", "--platform", "all")["builds"]]
            self.assertEqual(sorted(self.export(profile)["images"]), expected)
            self.take()
            rows = self.build(profile, "--no-lock", "--platform", "all", store=self.other)["builds"]
            self.assertEqual([row["record"]["digest"] for row in rows], digests)
            for row in rows:
                self.assertEqual(set(self.layers_reused(row["record"]).values()), {True})

    def test_downloads(self):
        """Another place in the image is another tree, for which the archive is needed again."""
        server = WebServer()
        self.addCleanup(server.stop)
        server.files["/deps.tar"] = (self.directory / "deps.tar").read_bytes()
        source = [{"url": server.url + "/deps.tar", "sha256": sha256(self.directory / "deps.tar")}]
        profile = self.write_profile(trees=[{"name": "t", "archive": source, "prefix": "/t"}])
        self.build(profile)
        moved = self.write_profile("moved.json", trees=[{"name": "t", "archive": source, "prefix": "/moved"}])
        self.assertEqual(self.export(profile)["downloads"], 0)
        self.take()
        self.assert_fails(1, "--offline", "--offline", "build", "--no-lock", moved, store=self.other)
        self.assertEqual(self.export(profile, options=["--downloads"])["downloads"], 1)
        self.assertEqual(self.take()["downloads"], 1)
        requests = len(server.log)
        self.run_terrane("--offline", "build", "--no-lock", moved, store=self.other)
        self.assertEqual(len(server.log), requests)

    def test_signature(self):
        profile = self.make_profile()
        self.build(profile, "--no-lock")
        mine, others = {"TERRANE_CACHE_KEY": KEY}, {"TERRANE_CACHE_KEY": KEY[::-1]}
        self.export(profile)
        message = self.assert_fails(1, "is not signed, and TERRANE_CACHE_KEY asks for it", "cache", "import", self.file, store=self.other, env=mine)
        self.assertNotIn(KEY, message)
        self.export(profile, env=mine)
        document, members = read_file(self.file)
        raw = members["terrane-cache.json"]
        expected = subprocess.run(["openssl", "dgst", "-sha256", "-hmac", KEY], input=raw, capture_output=True, check=True).stdout
        self.assertEqual(members["terrane-cache.hmac-sha256"], expected.split()[-1])
        self.assert_fails(1, "is signed with another TERRANE_CACHE_KEY", "cache", "import", self.file, store=self.other, env=others)
        self.assertEqual(list((self.other / "images/blobs/sha256").iterdir()), [])  # nothing was taken
        self.take(env=mine)
        self.take()
        # The signature is of the document, which names everything else.
        document["images"] = []
        forged = make_tar(self.directory / "forged.tar", [
            (name, "file", json.dumps(document).encode() if name == "terrane-cache.json" else content) for name, content in members.items()])
        self.assert_fails(1, "another TERRANE_CACHE_KEY", "cache", "import", forged, store=self.other, env=mine)
        self.assert_fails(2, "less than 16 characters", "cache", "export", self.file, profile, env={"TERRANE_CACHE_KEY": "short"})


class WrongFiles(CacheCase):
    def setUp(self):
        super().setUp()
        self.profile = self.make_profile()
        self.digest = self.build(self.profile, "--no-lock")["digest"]
        self.export(self.profile)
        self.document, self.members = read_file(self.file)

    def refuses(self, pattern, file):
        """One message, and an undamaged store."""
        message = self.assert_fails(1, pattern or "the cache ", "cache", "import", file, store=self.other)
        self.assertIn(str(file), message)
        self.assert_store_is_sound(self.other)
        return message

    def test_not_a_cache(self):
        text = self.write("text", "no archive\n" * 100)
        self.refuses("text", text)
        self.refuses("", self.write("empty", ""))
        self.refuses("is not a cache", make_tar(self.directory / "any.tar", [("a", "file", b"a")]))
        archive = self.directory / "image.tar"
        self.run_terrane("build", "--no-lock", "--output", f"oci-archive:{archive}", self.profile)
        self.refuses("is not a cache", archive)
        self.assert_fails(1, "No such file", "cache", "import", self.directory / "none", store=self.other)
        self.document["terraneCache"] = 2
        self.refuses("format 2, this build knows 1", write_file(self.directory / "new.tar", self.document, self.members))

    def test_cut_and_damaged_anywhere(self):
        """Every byte counts: what is not a digest's content is in a header or the end of the tar, and those are checked too."""
        whole = self.file.read_bytes()
        bad = self.directory / "bad.tar"
        for part in (0, 1, 500, 512, 700, 3000, len(whole) // 2, len(whole) - 1025):
            with self.subTest(cut=part):
                bad.write_bytes(whole[:part])
                self.refuses("", bad)
        with tarfile.open(self.file) as archive:
            places = list(archive)
        for member in places:
            with self.subTest(flipped=member.name):
                position = member.offset_data + member.size // 2
                bad.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1:])
                self.refuses("", bad)
        self.take()
        self.assertEqual(self.build(self.profile, "--no-lock", store=self.other)["digest"], self.digest)

    def test_blobs_that_are_missing_or_too_many(self):
        names = [name for name in self.members if "/" in name]
        for gone in names:
            members = {name: content for name, content in self.members.items() if name != gone}
            self.refuses("lacks blobs", write_file(self.directory / "gone.tar", self.document, members))
        extra = dict(self.members, **{"blobs/sha256/" + digest_of(b"x"): b"x"})
        self.refuses("is not what terrane-cache.json says", write_file(self.directory / "extra.tar", self.document, extra))
        self.refuses("is not a part of a cache", write_file(self.directory / "foreign.tar", self.document, dict(self.members, **{"a/b": b"x"})))
        self.refuses("", write_file(self.directory / "up.tar", self.document, dict(self.members, **{"../blobs/x": b"x"})))

    def rest_is_refused(self, pattern, entries):
        document, members = read_file(self.file)
        replace_rest(document, members, entries)
        return self.refuses(pattern, write_file(self.directory / "rest.tar", document, members))

    def test_hostile_rest(self):
        key = digest_of(b"key")
        self.rest_is_refused("kind that this terrane does not know", [(f"cache/other/{key}", b"{}")])
        self.rest_is_refused("cache/trees/short", [("cache/trees/short", b"{}")])
        self.rest_is_refused("is not a JSON object", [(f"cache/trees/{key}", b"[]")])
        self.rest_is_refused("is not a JSON object", [(f"cache/trees/{key}", b'{"a": 1, "a": 2}')])
        self.rest_is_refused("is not a JSON object", [(f"cache/trees/{digest_of(b'other')}", b"{}"), (f"cache/trees/{key}", b"[]")])
        self.assertFalse((self.other / "cache/trees" / digest_of(b"other")).exists())
        self.rest_is_refused("at most 4194304 bytes", [(f"cache/trees/{key}", b" " * 4194305)])
        self.rest_is_refused("is not an object", [(f"objects/{key}.summary", b"")])
        self.rest_is_refused("is not a part of a cache", [("etc/passwd", b"")])
        for kind in ("digests", "names", "pulled"):
            self.rest_is_refused("holds on one machine alone", [(f"cache/{kind}/{key}", b"{}")])
        for suffix in ("dirtree", "dirmeta", "commit"):
            self.rest_is_refused("", [(f"objects/{key}.{suffix}", b"\xff" * 50)])
        # A directory object with a name that leads elsewhere, under its right digest: (a(say)a(sayay)) of one file.
        name, checksum = b"../../../evil\0", b"\x11" * 32
        element = name + checksum + bytes([len(name)])
        array = element + bytes([len(element)])
        tree = array + bytes([len(array)])
        self.rest_is_refused("", [(f"objects/{digest_of(tree)}.dirtree", tree)])
        link = tarfile.TarInfo(f"objects/{key}.file")
        link.type, link.linkname = tarfile.LNKTYPE, "objects/other.file"
        self.rest_is_refused("", [(link, None)])

    def test_objects_are_what_they_digest_to(self):
        """One under another name is another one, and the commit that needs it stays out."""
        document, members = read_file(self.file)
        rest = read_rest(document, members)
        for image in document["images"]:
            image["unpack"] = False  # so that nothing brings the files
        liar = tarfile.TarInfo(next(member.name for member, _ in rest if member.name.endswith(".dirtree")).replace("dirtree", "file"))
        liar.size = 4
        replace_rest(document, members, [(liar, b"evil"), *rest])
        self.take(write_file(self.directory / "liar.tar", document, members))
        self.assert_store_is_sound(self.other)
        self.assertEqual([path.name for path in (self.other / "repo/objects").rglob("*.commit")], [])
        result = self.run_terrane("--json", "build", self.profile, "--no-lock", store=self.other)
        self.assertEqual(json.loads(result.stdout)["digest"], self.digest)

    def test_names_are_those_of_a_store(self):
        for name in ("docker://evil/x:latest", "oci:/etc:x", "../x:latest", "", "UPPER:latest", "x"):
            with self.subTest(name=name):
                document = json.loads(json.dumps(self.document))
                document["images"][0]["name"] = name
                self.refuses("", write_file(self.directory / "name.tar", document, self.members))

    def test_images_that_are_not_whole_get_no_name(self):
        """Whether the document says that they are unpacked or not."""
        manifest = self.document["images"][0]["manifest"]
        layers = [layer["digest"] for layer in json.loads(self.members["blobs/sha256/" + manifest["digest"].removeprefix("sha256:")])["layers"]]
        def without(digest):
            members = {name: content for name, content in self.members.items() if not name.endswith(digest.removeprefix("sha256:"))}
            document = dict(self.document, blobs=[blob for blob in self.document["blobs"] if blob["digest"] != digest])
            return document, members
        for digest in (manifest["digest"], layers[0]):
            for unpack in (True, False):
                with self.subTest(digest=digest, unpack=unpack):
                    self.other = self.directory / f"other-{digest[7:19]}-{unpack}"  # what arrived once is there
                    document, members = without(digest)
                    document["images"] = [dict(document["images"][0], unpack=unpack)]
                    file = write_file(self.directory / "part.tar", document, members)
                    if digest == manifest["digest"] or unpack:
                        self.refuses("the image test:latest: .*No such file", file)
                    else:
                        self.assertEqual(self.take(file)["images"], [])
                        self.assert_store_is_sound(self.other)
                    self.assertEqual(json.loads(self.run_terrane("--json", "images", store=self.other).stdout), [])

    def test_full_file_system(self):
        """As far as this user may write; then the file is taken whole."""
        limit = 200_000  # less than the largest layer
        result = subprocess.run([TERRANE, "--store", self.other, "cache", "import", self.file], capture_output=True, text=True, restore_signals=False,
                                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertRegex(result.stderr, "File too large")
        self.take()
        self.assertEqual(self.build(self.profile, "--no-lock", store=self.other)["digest"], self.digest)
        target = self.directory / "target.tar"
        result = subprocess.run([TERRANE, "--store", self.store, "cache", "export", target, self.profile], capture_output=True, text=True, restore_signals=False,
                                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
        self.assertEqual((result.returncode, target.exists()), (1, False), result.stderr)

    def test_export_of_what_is_not_there(self):
        absent = self.make_profile("absent.json", name="absent")
        self.assert_fails(1, r"has no image absent:latest; build it first: terrane build .*absent.json", "cache", "export", self.file, absent)
        self.assert_fails(1, "none/c.tar", "cache", "export", self.directory / "none/c.tar", self.profile)
        for path in (self.store / "repo/objects").rglob("*.commit"):
            path.unlink()
        self.run_terrane("cache", "export", self.file, self.profile)  # what is there still
        self.take()
        self.assertEqual(self.build(self.profile, "--no-lock", store=self.other)["digest"], self.digest)

    def test_damaged_store_is_not_exported(self):
        document, _ = read_file(self.file)
        layer = max(document["blobs"], key=lambda blob: blob["size"])["digest"]
        with open(self.blob(layer), "r+b") as blob:
            blob.seek(1000)
            blob.write(b"damage")
        target = self.directory / "target.tar"
        self.assert_fails(1, "digest", "cache", "export", target, self.profile)
        self.assertFalse(target.exists())


if __name__ == "__main__":
    import unittest
    unittest.main()
