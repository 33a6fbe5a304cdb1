"""terrane diff: why two images are not equal, and what differs."""

import gzip
import io
import json
import shutil
import subprocess
import tarfile
import unittest

from image_layout import CONFIG, LAYER, MANIFEST, ImageLayout, digest_of, make_layer, platform
from terrane_test import Registry, TestCase, have

DIFFERENT = 4


def tar_of(*members, owner=None):
    """A tar of (name, content or None for a directory, attributes)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content, attributes in members:
            info = tarfile.TarInfo(name)
            info.type = tarfile.DIRTYPE if content is None else tarfile.REGTYPE
            info.mode = 0o755 if content is None else 0o644
            for key, value in attributes.items():
                setattr(info, key, value)
            info.uname = owner or ""
            info.size = len(content or b"")
            tar.addfile(info, io.BytesIO(content or b""))
    return out.getvalue()


class Diff(TestCase):
    def diff(self, a, b, *arguments, exit_code=DIFFERENT, **options):
        return json.loads(self.run_terrane("--json", "diff", a, b, *arguments, exit_code=exit_code, **options).stdout)

    def image(self, name, *layers, compress=None, **config):
        """A layout with one image of these tars."""
        layout = ImageLayout(self.directory / name)
        if compress is None:
            descriptor = layout.image(layers=list(layers), config=config)
        else:
            document = {**platform("linux/amd64"), "rootfs": {"type": "layers", "diff_ids": [digest_of(layer) for layer in layers]}, **config}
            descriptor = layout.add(MANIFEST, {
                "schemaVersion": 2, "mediaType": MANIFEST, "config": layout.add(CONFIG, document),
                "layers": [layout.add(LAYER, gzip.compress(layer, compress, mtime=0)) for layer in layers]})
        (layout.path / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [descriptor]}))
        return f"oci:{layout.path}"

    def cause(self, a, b):
        """The only cause."""
        causes = self.diff(a, b)["causes"]
        self.assertEqual(len(causes), 1, causes)
        return causes[0]

    def test_the_same_image_in_two_places(self):
        a, b = self.image("a", make_layer(f=b"x")), self.image("b", make_layer(f=b"x"))
        document = self.diff(a, b, exit_code=0)
        self.assertEqual((document["equal"], sorted(document)), (True, ["a", "b", "equal"]))
        self.assertEqual(self.run_terrane("diff", a, b).stdout, f"equal: {document['a']['digest']}\n")

    def test_the_first_cause_of_a_layer(self):
        one = [("d", None, {}), ("d/x", b"0123456789", {}), ("e", b"e", {})]
        def changed(i, content, **attributes):
            return one[:i] + [(one[i][0], content, attributes)] + one[i + 1:]
        a = self.image("a", tar_of(*one))
        link = [("d", None, {}), ("d/x", b"0123456789", {}), ("e", b"", {"type": tarfile.SYMTYPE, "linkname": "d"})]
        for name, members, expected in (
                ("byte", changed(1, b"01234!6789"), {"path": "/d/x", "attribute": "content", "offset": 5, "a": ord("5"), "b": ord("!")}),
                ("shorter", changed(1, b"0123"), {"path": "/d/x", "attribute": "content", "offset": 4, "a": ord("4")}),
                ("mode", changed(1, b"0123456789", mode=0o600), {"path": "/d/x", "attribute": "mode", "a": "0644", "b": "0600"}),
                ("owner", changed(2, b"e", uid=7), {"path": "/e", "attribute": "uid", "a": 0, "b": 7}),
                ("directory", changed(0, None, mode=0o700), {"path": "/d", "attribute": "mode", "a": "0755", "b": "0700"}),
                ("type", link, {"path": "/e", "attribute": "type", "a": "file", "b": "link"}),
                ("gone", one[:2], {"path": "/e", "attribute": "present", "a": True, "b": False}),
                # Not in the store's file system: the tars are read.
                ("time", changed(2, b"e", mtime=9), {"path": "/e", "attribute": "mtime", "a": 0, "b": 9}),
                ("order", [one[2], *one[:2]], {"path": "/d", "attribute": "entry", "a": "d", "b": "e"}),
                ("twice", [("e", b"old", {}), *one], {"path": "/d", "attribute": "entry", "a": "d", "b": "e"})):
            with self.subTest(name):
                b = self.image(name, tar_of(*members))
                self.assertEqual(self.cause(a, b), {"kind": "layer", "layer": 1, "tree": "layer 1", **expected})
        # The name of the owner is in the header alone: a field that no entry has, at byte 265 of the first one.
        named = self.cause(a, self.image("named", tar_of(*one, owner="root")))
        first = next(i for i, (x, y) in enumerate(zip(tar_of(*one), tar_of(*one, owner="root"))) if x != y)
        self.assertEqual((named["attribute"], named["offset"], named["path"]), ("tar", first, "/d"))
        # Only that of the last entry, and what follows the entries.
        tar = tar_of(*one)
        last = tar_of(*one, owner="root").find(b"e\0")
        patched = bytearray(tar_of(*one))
        header = tar[last:last + 512]
        patched[last:last + 512] = tar_of(one[2], owner="root")[:512]
        self.assertNotEqual(patched[last:last + 512], header)
        self.assertEqual(self.cause(a, self.image("last", bytes(patched)))["path"], "/e")
        self.assertNotIn("path", self.cause(a, self.image("after", tar + bytes(512))))
        text = self.run_terrane("diff", a, f"oci:{self.directory / 'byte'}", exit_code=DIFFERENT).stdout
        self.assertIn("layer 1, ‘layer 1’: /d/x: content, byte 5: 0x35 → 0x21", text)

    def test_other_compression_of_the_same_tar(self):
        layer = make_layer(f=b"some text " * 5000)
        a, b = self.image("a", layer, compress=1), self.image("b", layer, compress=9)
        first = next(i for i, (x, y) in enumerate(zip(gzip.compress(layer, 1, mtime=0), gzip.compress(layer, 9, mtime=0))) if x != y)
        cause = self.cause(a, b)
        self.assertEqual((cause["attribute"], cause["offset"]), ("compression", first))
        self.assertEqual(self.diff(a, b)["files"], [])

    def test_documents(self):
        layer = make_layer(f=b"x")
        a = self.image("a", layer, config={"Env": ["A=1", "B=2"], "Cmd": ["x", "y"]}, created="2020-01-01T00:00:00Z")
        b = self.image("b", layer, config={"Env": ["B=3", "A=1", "C=4"], "Cmd": ["x"]}, created="2021-01-01T00:00:00Z")
        document = self.diff(a, b)
        self.assertEqual([(row["key"], row.get("a"), row.get("b")) for row in document["config"]], [
            ("config.Cmd[1]", "y", None), ("config.Env.B", "2", "3"), ("config.Env.C", None, "4"),
            ("created", "2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z")])
        self.assertEqual(document["causes"], [{"kind": "config", "key": "config.Cmd[1]", "a": "y"}])
        # The same values in another order of members.
        c = self.image("c", layer, config={"User": "u", "Cmd": ["x"]})
        d = self.image("d", layer, config={"Cmd": ["x"], "User": "u"})
        x, y = ((self.directory / name / "blobs/sha256" / self.config_digest(name)).read_bytes() for name in "cd")
        first = next(i for i, (left, right) in enumerate(zip(x, y)) if left != right)
        self.assertEqual(self.cause(c, d), {"kind": "config", "key": "", "offset": first, "a": x[first], "b": y[first]})
        self.assertIn(f"config: the same in other bytes, byte {first}: ", self.run_terrane("diff", c, d, exit_code=DIFFERENT).stdout)

    def config_digest(self, name):
        blobs = self.directory / name / "blobs/sha256"
        index = json.loads((self.directory / name / "index.json").read_text())
        manifest = json.loads((blobs / index["manifests"][0]["digest"].removeprefix("sha256:")).read_text())
        return manifest["config"]["digest"].removeprefix("sha256:")

    def test_extended_attributes(self):
        def image(name, *attributes):
            out = io.BytesIO()
            with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
                for headers in attributes:
                    info = tarfile.TarInfo("f")
                    info.pax_headers = {f"SCHILY.xattr.{key}": value for key, value in headers.items()}
                    tar.addfile(info, io.BytesIO())
            return self.image(name, out.getvalue())

        a = image("a", {"user.same": "1", "user.other": "x", "user.gone": "y"})
        b = image("b", {"user.same": "1", "user.other": "\x01z", "user.came": "w"})
        expected = {"kind": "layer", "layer": 1, "tree": "layer 1", "path": "/f", "attribute": "xattrs",
                    "a": {"user.other": "x", "user.gone": "y"}, "b": {"user.other": "0x017a", "user.came": "w"}}
        self.assertEqual(self.cause(a, b), expected)
        self.assertIn('xattrs {"user.gone":"y","user.other":"x"} → {"', self.run_terrane("diff", a, b, exit_code=DIFFERENT).stdout)
        # Also of an entry that a later one hides.
        c, d = image("c", {"user.a": "1"}, {}), image("d", {"user.a": "2"}, {})
        self.assertEqual(self.cause(c, d), {**expected, "a": {"user.a": "1"}, "b": {"user.a": "2"}})

    def test_trees_whose_packages_are_divided_differently(self):
        """One row for each tree, the parts below it, and a cause that is true for it."""
        def image(name, *layers):
            layout = ImageLayout(self.directory / name)
            tars = [make_layer(**files) for _, _, files in layers]
            history = [{"created_by": f"terrane: {tree}: {packages}" if packages else f"terrane: {tree}"} for tree, packages, _ in layers]
            document = {**platform("linux/amd64"), "rootfs": {"type": "layers", "diff_ids": [digest_of(tar) for tar in tars]}, "history": history}
            rows = []
            for tar, (tree, packages, _) in zip(tars, layers):
                row = layout.add(LAYER, gzip.compress(tar, mtime=0))
                row["annotations"] = {"io.terrane.tree": tree, **({"io.terrane.packages": packages} if packages else {})}
                rows.append(row)
            manifest = layout.add(MANIFEST, {"schemaVersion": 2, "mediaType": MANIFEST, "config": layout.add(CONFIG, document), "layers": rows})
            (layout.path / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [manifest]}))
            return f"oci:{layout.path}", {"/".join(filter(None, (tree, packages))): row["size"] for (tree, packages, _), row in zip(layers, rows)}

        base, app = ("base", "", {"b": b"b"}), ("app", "", {"h": b"h"})
        a, sizes = image("a", base, ("deps", "alpha", {"alpha": b"a" * 50}), ("deps", "gamma", {"gamma": b"1"}), app)
        b, others = image("b", base, ("deps", "", {"gamma": b"2"}), app)
        document = self.diff(a, b)
        rows = {row["tree"]: row for row in document["trees"]}
        self.assertEqual(list(rows), ["base", "deps", "app"])
        self.assertEqual(rows["deps"], {
            "tree": "deps", "a": sizes["deps/alpha"] + sizes["deps/gamma"], "b": others["deps"], "equal": False, "added": 0, "removed": 1,
            "changed": 1, "bytes": -50, "layers": [{"packages": ["alpha"], "a": sizes["deps/alpha"], "equal": False},
                                                   {"packages": ["gamma"], "a": sizes["deps/gamma"], "equal": False},
                                                   {"b": others["deps"], "equal": False}]})
        self.assertEqual(document["causes"], [{"kind": "layer", "layer": 2, "tree": "deps", "path": "/alpha", "attribute": "present",
                                               "a": True, "b": False}])
        self.assertEqual(document["config"], [])  # the history follows from the layers
        text = self.run_terrane("diff", a, b, exit_code=DIFFERENT).stdout
        self.assertRegex(text, r"(?m)^  deps .* -50 B  \+0 -1 ~1\n    alpha .* -\n    gamma .* -\n    all packages +- ")
        # The same files in other layers; a tree in front of it; another order.
        c, _ = image("c", base, ("deps", "", {"alpha": b"a" * 50, "gamma": b"1"}), app)
        self.assertEqual(self.diff(a, c)["causes"], [{"kind": "layer", "layer": 2, "tree": "deps", "attribute": "layers",
                                                      "a": ["deps: alpha", "deps: gamma"], "b": ["deps"]}])
        d, _ = image("d", base, ("new", "", {"n": b"n"}), ("deps", "", {"gamma": b"2"}), app)
        self.assertEqual(self.diff(b, d)["causes"], [{"kind": "layer", "layer": 2, "tree": "new", "path": "/n", "attribute": "present",
                                                      "a": False, "b": True}])
        e, _ = image("e", base, app, ("deps", "", {"gamma": b"2"}))
        self.assertEqual(self.diff(b, e)["causes"], [{"kind": "layer", "layer": 2, "tree": "app", "attribute": "order",
                                                      "a": ["base", "deps", "app"], "b": ["base", "app", "deps"]}])
        f, _ = image("f", base, ("deps", "alpha", {"alpha": b"a" * 50}), app)
        g, _ = image("g", base, ("deps", "alpha", {"alpha": b"a" * 50}), ("deps", "gamma", {"gamma": b"1"}), app)
        self.assertEqual([(cause["tree"], cause["path"]) for cause in self.diff(f, g)["causes"]], [("deps", "/gamma")])

    def write_dist(self, tree, name, version, **files):
        site = f"{tree}/usr/lib/python3.11/site-packages"
        record = "".join(f"{path},,\n" for path in files)
        self.write(f"{site}/{name}-{version}.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        self.write(f"{site}/{name}-{version}.dist-info/RECORD", record + f"{name}-{version}.dist-info/METADATA,,\n")
        for path, content in files.items():
            self.write(f"{site}/{path}", content)

    def packages(self):
        """Two builds of one profile: a wheel came, one went, one changed its version, one its files, one nothing."""
        for tree, versions in (("old", {"gone": "1", "bumped": "1.0", "edited": "1", "same": "1"}),
                               ("new", {"came": "2", "bumped": "1.1", "edited": "1", "same": "1"})):
            for name, version in versions.items():
                content = "x" * (3 if name == "edited" and tree == "new" else 1000 if name == "came" else 10)
                self.write_dist(tree, name, version, **{f"{name}.py": content})
            pyc = f"{tree}/usr/lib/python3.11/site-packages/__pycache__/edited.cpython-311.pyc"
            self.write(pyc, f"bytecode of {tree}")
            status = "Package: libx\nVersion: 1-{}\nStatus: install ok installed\n\nPackage: liby\nVersion: 7\nStatus: install ok installed\n"
            self.write(f"{tree}/var/lib/dpkg/status", status.format(1 if tree == "old" else 2))
            self.write(f"{tree}/var/lib/dpkg/info/libx:amd64.list", "/usr/share/x\n")
            self.write(f"{tree}/var/lib/dpkg/info/liby.list", "/usr/share/y\n")
            self.write(f"{tree}/usr/share/x", "x" if tree == "old" else "xxx")
            self.write(f"{tree}/usr/share/y", "y")
        for name in ("old", "new"):
            profile = self.write_profile(f"{name}.json", name=name, trees=[
                {"name": "deps", "directory": name, "prefix": "/"}, {"name": "app", "directory": "app", "prefix": "/app"}])
            self.write("app/main.py", "pass")
            self.build(profile)
        return self.directory / "old.json", self.directory / "new.json"

    def test_packages_trees_and_files(self):
        old, new = self.packages()
        document = self.diff(old, new)
        self.assertEqual({(row["kind"], row["name"]): (row["change"], row.get("a"), row.get("b")) for row in document["packages"]}, {
            ("python", "came"): ("added", None, "2"), ("python", "gone"): ("removed", "1", None),
            ("python", "bumped"): ("version", "1.0", "1.1"), ("python", "edited"): ("files", "1", "1"),
            ("debian", "libx"): ("version", "1-1", "1-2")})
        rows = {row["name"]: row for row in document["packages"]}
        metadata = len("Metadata-Version: 2.1\nName: came\nVersion: 2\n")
        record = len("came.py,,\ncame-2.dist-info/METADATA,,\n")
        self.assertEqual(rows["libx"]["bytes"], 2)
        self.assertEqual(rows["edited"]["bytes"], -7)  # its bytecode has the same size
        self.assertEqual(rows["edited"]["files"], 2)
        self.assertEqual((rows["came"]["bytes"], rows["came"]["files"]), (1000 + metadata + record, 3))
        trees = {row["tree"]: row for row in document["trees"]}
        self.assertTrue(trees["base"]["equal"] and trees["app"]["equal"])
        self.assertEqual(trees["deps"]["equal"], False)
        before = {path.relative_to(self.directory / "old"): path.read_bytes() for path in (self.directory / "old").rglob("*") if path.is_file()}
        after = {path.relative_to(self.directory / "new"): path.read_bytes() for path in (self.directory / "new").rglob("*") if path.is_file()}
        self.assertEqual((trees["deps"]["added"], trees["deps"]["removed"], trees["deps"]["changed"]),
                         (len(after.keys() - before.keys()), len(before.keys() - after.keys()),
                          sum(before[path] != after[path] for path in before.keys() & after.keys())))
        self.assertEqual(trees["deps"]["bytes"], sum(map(len, after.values())) - sum(map(len, before.values())))
        files = {row["path"]: row for row in document["files"]}
        self.assertEqual({path for path, row in files.items() if row.get("b", row.get("a"))["type"] == "file"},
                         {f"/{path}" for path in before.keys() | after.keys() if before.get(path) != after.get(path)})
        self.assertEqual(files["/usr/share/x"]["package"], "libx")
        self.assertEqual(files["/usr/share/x"]["attributes"], ["content"])
        self.assertEqual(files["/usr/share/x"]["b"]["tree"], "deps")
        text = self.run_terrane("diff", "old", "new", exit_code=DIFFERENT).stdout
        self.assertRegex(text, r"bumped +=  1\.0 → 1\.1  python, 4 files")

    def test_a_file_that_another_tree_covers(self):
        """Layers are the same, and what is seen of them is not: sizes are counted where files are from."""
        self.write("one/f", "1234")
        self.write("two/f", "12345678")
        trees = [{"name": "one", "directory": "one", "prefix": "/"}]
        self.build(self.write_profile("a.json", name="a", trees=trees))
        self.build(self.write_profile("b.json", name="b", trees=trees + [{"name": "two", "directory": "two", "prefix": "/", "overwrite": True}]))
        rows = {row["tree"]: row for row in self.diff("a", "b")["trees"]}
        self.assertEqual((rows["one"]["equal"], rows["one"]["bytes"], rows["two"]["bytes"]), (True, -4, 8))
        self.assertNotIn("a", rows["two"])

    @unittest.skipUnless(have("gcc"), "no compiler")
    def test_symbols(self):
        for tree, version, functions in (("old", 1, ("kept", "gone")), ("new", 2, ("kept", "came_1", "came_2"))):
            source = self.write(f"{tree}.c", "".join(f"int {name} (void) {{ return 0; }}\n" for name in functions))
            (self.directory / tree).mkdir()
            subprocess.run(["gcc", "-shared", "-nostdlib", "-o", self.directory / tree / f"libx.so.{version}", f"-Wl,-soname,libx.so.{version}",
                            source], check=True)
            self.write(f"{tree}/libbroken.so", f"\x7fELF {tree}")
            self.build(self.write_profile(f"{tree}.json", name=tree, trees=[{"name": "lib", "directory": tree, "prefix": "/lib"}]))
        self.assertEqual(self.diff("old", "new", "--symbols")["symbols"], [{
            "name": "libx", "a": {"path": "/lib/libx.so.1", "soname": "libx.so.1"}, "b": {"path": "/lib/libx.so.2", "soname": "libx.so.2"},
            "added": ["came_1", "came_2"], "removed": ["gone"]}])
        self.assertNotIn("symbols", self.diff("old", "new"))
        text = self.run_terrane("diff", "old", "new", "--symbols", exit_code=DIFFERENT).stdout
        self.assertIn("libx.so.1 → libx.so.2, +2 -1; gone: gone; new: came_1, came_2", text)

    def test_checks(self):
        a = self.image("a", tar_of(("var/task/f", b"x", {})))
        b = self.image("b", tar_of(("var/task/f", b"x", {"mode": 0o600})))
        findings = self.diff(a, b, "--checks")["findings"]
        both = [{(row["id"], row.get("path")) for row in json.loads(self.run_terrane("--json", "check", image, exit_code=3).stdout)["findings"]}
                for image in (a, b)]
        self.assertEqual({(row["id"], row.get("path")) for row in findings["came"]}, both[1] - both[0])
        self.assertEqual({(row["id"], row.get("path")) for row in findings["went"]}, both[0] - both[1])
        self.assertTrue(findings["came"])

    def test_lines_end_where_the_terminal_does(self):
        a, b = self.image("a", make_layer(**{"x" * 200: b"1"})), self.image("b", make_layer(**{"x" * 200: b"2"}))
        lines = self.on_terminal("--quiet", "diff", a, b, width=50, exit_code=DIFFERENT).splitlines()
        self.assertEqual(max(map(len, lines)), 50)
        self.assertGreater(max(map(len, self.run_terrane("diff", a, b, exit_code=DIFFERENT).stdout.splitlines())), 200)

    def test_hostile_text(self):
        """Text of untrusted images does not control the terminal."""
        evil = "\x1b[31m\u202e\n"
        a = self.image("a", make_layer(f=b"x"), config={"Env": [f"A{evil}=1"], "Labels": {evil: "1"}})
        b = self.image("b", tar_of((f"d{evil}", b"x", {}), (f"d{evil}2.dist-info/METADATA", f"Name: x{evil}\nVersion: {evil}".encode(), {})),
                       config={"Env": [f"A{evil}={evil}"], "Labels": {evil: evil}})
        text = self.run_terrane("diff", a, b, "--symbols", "--checks", exit_code=DIFFERENT).stdout
        self.assertNotIn("\x1b", text)
        self.assertNotIn("\u202e", text)

    def test_what_cannot_be_compared(self):
        image = self.image("a", make_layer(f=b"x"))
        self.assert_fails(1, "missing", "diff", image, "missing")
        profile = self.write_profile()
        self.assert_fails(1, r"profile.json: build it first: .*test:latest", "diff", image, profile)
        broken = self.image("b", make_layer(f=b"y"))
        blob = next(path for path in (self.directory / "b/blobs/sha256").iterdir() if path.read_bytes()[:2] == b"\x1f\x8b")
        blob.write_bytes(blob.read_bytes()[:-9] + b"x" * 9)
        self.assert_fails(1, "sha256:", "diff", image, broken)

    @unittest.skipUnless(have("docker-registry"), "needs docker-registry")
    def test_images_elsewhere(self):
        self.write("app/f", "1")
        profile = self.write_profile(trees=[{"name": "app", "directory": "app", "prefix": "/app"}])
        archive = self.directory / "a.tar"
        with Registry(self.directory / "registry") as registry:
            self.build(profile, "--output", f"docker-archive:{archive}", "--push", f"docker://{registry.host}/x:1")
            self.diff("test", f"docker://{registry.host}/x:1", exit_code=0)
            self.write("app/f", "2")
            self.build(profile)
            shutil.rmtree(self.store)
            self.build(profile)
            document = self.diff(f"docker://{registry.host}/x:1", "test")
            self.assertEqual((document["causes"][0]["path"], document["causes"][0]["offset"]), ("/app/f", 0))
        self.assertEqual([row["path"] for row in self.diff(f"docker-archive:{archive}", "test")["files"]], ["/app/f"])


if __name__ == "__main__":
    unittest.main()
