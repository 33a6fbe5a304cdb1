"""Layers as other builders write them: what they give, what is verified, what is said of them."""

import base64
import gzip
import io
import json
import lzma
import os
import shutil
import subprocess
import tarfile
import unittest
import zipfile

from layer_model import digest_of
from terrane_test import TERRANE, TestCase, have

OCI = "application/vnd.oci.image."
GZIP = OCI + "layer.v1.tar+gzip"
ZSTD = OCI + "layer.v1.tar+zstd"


def tar(*entries, form=tarfile.GNU_FORMAT):
    """Entries: a name that ends in a slash is a directory; (name, b"content"), (name, "l" or "h" or "c", target)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form, encoding="utf-8", errors="surrogateescape") as archive:
        for entry in entries:
            entry = (entry, b"") if isinstance(entry, str) else entry
            info = tarfile.TarInfo(entry[0].rstrip("/") or "/")
            info.mode, content = 0o755 if entry[0].startswith("bin/") else 0o644, b""
            if entry[0].endswith("/"):
                info.type, info.mode = tarfile.DIRTYPE, 0o755
            elif isinstance(entry[1], bytes):
                content = entry[1]
            else:
                info.type, info.linkname = {"l": tarfile.SYMTYPE, "h": tarfile.LNKTYPE, "c": tarfile.CHRTYPE}[entry[1]], entry[2]
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def pack_gzip(data):
    return gzip.compress(data, mtime=0)


class LayerCase(TestCase):
    def image(self, *layers, name="image", media=GZIP, pack=pack_gzip, diff_ids=None):
        """A layout of one image; its reference."""
        top = self.directory / name
        (top / "blobs/sha256").mkdir(parents=True)
        (top / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')

        def blob(data, media):
            (top / "blobs/sha256" / digest_of(data)[7:]).write_bytes(data)
            return {"mediaType": media, "digest": digest_of(data), "size": len(data)}

        config = {"architecture": "amd64", "os": "linux", "config": {"Entrypoint": ["/bin/x"], "Cmd": ["h"]},
                  "rootfs": {"type": "layers", "diff_ids": diff_ids or [digest_of(layer) for layer in layers]}}
        manifest = {"schemaVersion": 2, "mediaType": OCI + "manifest.v1+json",
                    "config": blob(json.dumps(config).encode(), OCI + "config.v1+json"),
                    "layers": [blob(pack(layer), media) for layer in layers]}
        named = dict(blob(json.dumps(manifest).encode(), OCI + "manifest.v1+json"),
                     annotations={"org.opencontainers.image.ref.name": "t"})
        (top / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [named]}))
        return f"oci:{top}:t"

    def paths(self, reference):
        """terrane's view of an image: path -> content or target, by the layer of a tree that is all of it."""
        self.write("base/only-here", "x")
        record = self.build(self.write_profile(base={"directory": "base"}, transforms={"modes": "keep"}, trees=[
            {"name": "tree", "image": reference, "paths": ["/"], "prefix": "/", "symlinks": "any", "special": "skip"}]))
        out = {}
        data = gzip.decompress(self.blob(self.read_json_blob(record["digest"])["layers"][-1]["digest"]).read_bytes())
        with tarfile.open(fileobj=io.BytesIO(data), errors="surrogateescape") as archive:
            for member in archive:
                out[member.name] = None if member.isdir() else member.linkname if member.issym() else archive.extractfile(member).read()
        return out

    def findings(self, reference, target="oci"):
        result = subprocess.run([TERRANE, "--store", self.store, "--json", "check", "--target", target,
                                 reference], capture_output=True, text=True)
        return {finding["id"]: finding for finding in json.loads(result.stdout)["findings"]}


class Entries(LayerCase):
    def test_absolute_names(self):
        # kaniko writes "/" and absolute targets of hard links, rules_docker wrote whole layers with absolute names
        image = self.image(tar("/", "/a/", ("/a/x", b"1"), ("a/y", "h", "/a/x"), ("a/gone", b"2")),
                           tar(("/a/.wh.gone", b""), ("./a/z", b"3")))
        self.assertEqual(self.paths(image), {"a": None, "a/x": b"1", "a/y": b"1", "a/z": b"3"})

    def test_links_in_paths(self):
        image = self.image(tar("usr/", "usr/bin/", ("usr/bin/x", b"1"), ("bin", "l", "usr/bin"), ("lib", "l", "/usr/lib")),
                           tar(("bin/y", "h", "bin/x"), ("lib/l", b"2"), ("b", "h", "/bin/x")))
        self.assertEqual(self.paths(image), {
            "usr": None, "usr/bin": None, "usr/bin/x": b"1", "usr/bin/y": b"1", "usr/lib": None, "usr/lib/l": b"2", "b": b"1",
            "bin": "usr/bin", "lib": "/usr/lib"})

    def test_links_that_lead_nowhere_and_out(self):
        loop = self.image(tar(("a", "l", "b"), ("b", "l", "a")), tar(("a/x", b"1")), name="loop")
        self.assert_fails(1, r"layer sha256:[0-9a-f]{64}: too many symbolic links in its path, at ‘[ab]’", "check", loop)
        out = self.image(tar(("up", "l", "../../../../etc"), ("up/x", b"1")), name="out")
        self.assertEqual(self.paths(out), {"up": "../../../../etc", "etc": None, "etc/x": b"1"})

    def test_whiteouts_are_about_lower_layers_only(self):
        lower = tar("d/", ("d/old", b"1"), "d/sub/", ("d/sub/old", b"1"), ("f", b"1"))
        for number, entries in enumerate((
                [".wh.d", "d/", ("d/new", b"2"), ".wh.f", ("f", b"2")], ["d/", ("d/new", b"2"), ".wh.d", ("f", b"2"), ".wh.f"],
                ["d/.wh..wh..opq", ("d/new", b"2"), ("f", b"2")], [("d/new", b"2"), "d/.wh..wh..opq", ("f", b"2")])):
            with self.subTest(entries=entries):
                image = self.image(lower, tar(*entries), name=f"wh{number}")
                self.assertEqual(self.paths(image), {"d": None, "d/new": b"2", "f": b"2"})

    def test_a_hidden_directory_leaves_nothing_to_what_takes_its_place(self):
        lower = io.BytesIO()
        with tarfile.open(fileobj=lower, mode="w") as archive:
            info = tarfile.TarInfo("d")
            info.type, info.mode, info.uid = tarfile.DIRTYPE, 0o700, 7
            archive.addfile(info)
        for name, entries in (("before", [".wh.d", ("d/x", b"")]), ("after", [("d/x", b""), ".wh.d"])):
            image = self.image(lower.getvalue(), tar(*entries), name=name)
            record = self.build(self.write_profile(base={"image": image}))
            listing = subprocess.run(["ostree", f"--repo={self.store}/repo", "ls", record["commit"], "/d"], check=True,
                                     capture_output=True, text=True).stdout
            self.assertRegex(listing, r"d00755 0 0 ")

    def test_other_kinds_in_the_way(self):
        image = self.image(tar(("f", b"1"), ("null", b"1"), "d/", ("d/x", b"1")),
                           tar(("f/below", b"2"), ("null", "c", ""), ("copy", "h", "null"), ("d", "c", "")))
        self.assertEqual(self.paths(image), {"f": None, "f/below": b"2"})
        self.assert_fails(1, r"‘/null’ is a device, fifo or socket, which the store cannot hold; .*\"special\": \"skip\"", "build",
                          self.write_profile(base={"image": image}))

    def test_reserved_names(self):
        aufs = self.image(tar(".wh..wh.plnk/", (".wh..wh.plnk/1.2", b"1"), (".wh..wh.aufs", b""), ("x", b"1")), name="aufs")
        self.assertEqual(self.paths(aufs), {"x": b"1"})
        for name in (".wh.", ".wh..", ".wh..."):
            bad = self.image(tar("d/", ("d/" + name, b"")), name="bad" + name)
            self.assert_fails(1, f"‘d/{name}’ is not a valid whiteout".replace(".", r"\."), "check", bad)

    def test_names_that_are_not_utf8(self):
        """ä in Latin-1, a link to it, a directory, and a character that the store's own spelling uses."""
        entries = ["d\udcff/", ("d\udcff/f\udce4", b"1"), ("g\uef81", b"2"), ("l", "l", "d\udcff/f\udce4")]
        expected = {"d\udcff": None, "d\udcff/f\udce4": b"1", "g\uef81": b"2", "l": "d\udcff/f\udce4"}
        image = self.image(tar(*entries))
        self.assertEqual(self.paths(image), expected)
        busybox = shutil.which("busybox")
        if busybox is None:
            self.skipTest("busybox is not installed")
        with open(busybox, "rb") as file:
            program = ("bin/busybox", file.read())
        shell = self.image(tar(*entries, "bin/", program), name="shell")
        # The sandbox has the real names.
        self.run_terrane("run", shell, "--", "/bin/busybox", "true")
        roots = [os.fsencode(path) for path in (self.store / "roots").iterdir()]
        found = {os.path.join(where, name)[len(roots[0]) + 1:] for where, directories, files in os.walk(roots[0])
                 for name in directories + files}
        self.assertLessEqual({os.fsencode(name) for name in expected}, found)
        self.assertEqual(os.readlink(roots[0] + b"/l"), b"d\xff/f\xe4")
        self.assert_store_is_sound()

    def test_content_is_what_its_bytes_are(self):
        layer = tar("a/", ("a/x", b"1"))
        packs = {"none": bytes, "gzip": pack_gzip, "xz": lzma.compress}
        if have("zstd"):
            packs["zstd"] = lambda data: subprocess.run(["zstd", "-qc"], input=data, capture_output=True, check=True).stdout
        for name, pack in packs.items():
            image = self.image(layer, name=name, pack=pack)
            self.assertEqual(self.paths(image), {"a": None, "a/x": b"1"})
            finding = self.findings(image).get("layers.media-type")
            self.assertEqual(finding is not None, name != "gzip", name)
            if finding is not None:
                self.assertEqual(finding["severity"], "warning")
                self.assertIn("not compressed" if name == "none" else f"compressed with {name}", finding["message"])


class DiffIds(LayerCase):
    layer = tar("bin/", ("bin/x", b"1"))

    def assert_refused(self, reference, pattern):
        self.write("app/h", "h")
        for command in (["check", "--target", "oci", reference],
                        ["build", self.write_profile(base={"image": reference})],
                        ["build", self.write_profile("tree.json", base={"directory": "app"}, trees=[
                            {"name": "t", "image": reference, "paths": ["/bin"], "prefix": "/opt"}])],
                        ["run", reference, "--", "/bin/x"]):
            self.assert_fails(1, pattern, *command)

    def test_wrong_digests(self):
        packed = pack_gzip(self.layer)
        wrong = f"layer {digest_of(packed)}: it unpacks to {digest_of(self.layer)}, the image's configuration says {digest_of(packed)}"
        layout = self.image(self.layer, diff_ids=[digest_of(packed)])
        self.assert_refused(layout, wrong)
        with tarfile.open(self.directory / "oci.tar", "w") as archive:
            for name in ("oci-layout", "index.json", "blobs"):
                archive.add(self.directory / "image" / name, name)
        self.assert_refused(f"oci-archive:{self.directory}/oci.tar:t", wrong)
        # Bytes after the end of the archive count, too.
        padded = self.image(self.layer + bytes(512), name="padded")
        self.run_terrane("check", "--target", "oci", padded)
        cut = self.image(self.layer + bytes(512), name="cut", diff_ids=[digest_of(self.layer)])
        self.assert_refused(cut, f"it unpacks to {digest_of(self.layer + bytes(512))}, ")

    def test_docker_archives(self):
        config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": ["sha256:" + "0" * 64]}})
        for name, data in (("l.tar", self.layer), ("l.tar.gz", pack_gzip(self.layer))):
            path = self.directory / f"docker-{name}.tar"
            path.write_bytes(tar(("c.json", config.encode()), (name, data), ("manifest.json", json.dumps(
                [{"Config": "c.json", "RepoTags": ["x:1"], "Layers": [name]}]).encode())))
            self.assert_refused(f"docker-archive:{path}", "does not match its diff_id|says sha256:0000")

    def test_wrong_count(self):
        for number, diff_ids in enumerate(([digest_of(self.layer)] * 2, [digest_of(self.layer)] * 3)):
            image = self.image(*[self.layer] * (1 if number == 0 else 2), name=f"n{number}", diff_ids=diff_ids)
            self.assert_refused(image, r"the image has \d layers and \d diff_ids: the manifest sha256:[0-9a-f]{64} and ")


class Findings(LayerCase):
    def profile(self, image, **members):
        self.write("app/h", "h")
        return self.write_profile(base={"image": image}, target="aws-lambda", config={"entrypoint": ["/bin/x"], "cmd": ["h"]},
                                  trees=[{"name": "app", "directory": "app", "prefix": "/var/task"}], **members)

    @unittest.skipUnless(have("zstd"), "zstd is not installed")
    def test_a_base_of_zstd(self):
        image = self.image(tar("bin/", ("bin/x", b"#!/bin/sh\n"), ("bin/sh", b"")), media=ZSTD,
                           pack=lambda data: subprocess.run(["zstd", "-qc"], input=data, capture_output=True, check=True).stdout)
        profile = self.profile(image)
        self.assert_fails(3, r"lambda\.layer-compression in ‘layer 1’: it is compressed with zstd", "build", "--no-validate", profile)
        self.assertIn("lambda.layer-compression", self.run_terrane("check", profile, exit_code=3).stdout)

    def test_a_base_without_parents(self):
        image = self.image(tar("bin/", ("bin/x", b"#!/bin/sh\n"), ("bin/sh", b"")), tar(("opt/a/x", b"1")))
        profile = self.profile(image)
        self.assert_fails(3, r"lambda\.parent-directory: /opt/a/x in ‘layer 2’: 1 entries", "build", "--no-validate", profile)
        tolerant = self.profile(image, checks={"lambda.parent-directory": {"level": "warn", "reason": "a test"}})
        layout = self.directory / "built"
        self.run_terrane("build", "--no-validate", "--output", f"oci:{layout}:t", tolerant)
        self.assertIn("lambda.parent-directory", self.findings(f"oci:{layout}:t", "aws-lambda"))
        # Nothing changed: what was found is remembered.
        profile = self.profile(image)
        self.assert_fails(3, r"lambda\.parent-directory", "build", "--no-validate", profile)

    def test_a_parent_that_runtimes_replace(self):
        lower = tar("usr/", "usr/bin/", ("usr/bin/sh", b""), ("bin", "l", "usr/bin"))
        for name, entry in (("entry", ("bin/x", b"1")), ("whiteout", ("bin/.wh.sh", b""))):
            finding = self.findings(self.image(lower, tar(entry), name=name)).get("layers.linked-parent")
            self.assertEqual((finding["severity"], finding["path"], finding["tree"]), ("warning", "/" + entry[0], "layer 2"))
            self.assertIn("‘/bin’", finding["message"])
        for name, layers in (("same layer", [tar("usr/", "usr/bin/", ("bin", "l", "usr/bin"), ("bin/x", b"1"))]),
                             ("own entry", [lower, tar("bin/", ("bin/x", b"1"))])):
            self.assertNotIn("layers.linked-parent", self.findings(self.image(*layers, name=name.replace(" ", "-"))), name)


class WhiteoutNames(LayerCase):
    """A tree adds and replaces; a name that deletes cannot be in it, whatever it is from."""

    def assert_refused(self, source, path, **members):
        self.write("base/f", "f")
        profile = self.write_profile(base={"directory": "base"}, trees=[{"name": "t", "prefix": "/opt", **source, **members}])
        self.assert_fails(2, f"‘{path}’: in a layer a name that begins with ‘.wh.’ deletes files".replace(".", r"\."), "build", profile)

    def test_archive_and_directory(self):
        (self.directory / "a.tar").write_bytes(tar("etc/", ("etc/.wh.passwd", b"")))
        self.assert_refused({"archive": "a.tar"}, "/opt/etc/.wh.passwd")
        self.write("tree/.wh.d/x", "")
        self.assert_refused({"directory": "tree"}, "/opt/.wh.d")
        self.assert_refused({"directory": "base"}, "/opt/.wh.f", rename={"f": ".wh.f"})
        self.run_terrane("build", self.write_profile(base={"directory": "base"}, trees=[
            {"name": "t", "prefix": "/opt", "directory": "tree", "exclude": ["**/.wh.*"]}]))
        self.write("root/.wh..wh..opq", "")
        self.assert_fails(2, r"‘/\.wh\.\.wh\.\.opq’: in a layer", "build", self.write_profile(base={"directory": "root"}))

    @unittest.skipUnless(have("ostree"), "ostree is not installed")
    def test_ostree(self):
        self.write("tree/.wh.x", "")
        for arguments in (["init", "--mode=bare-user"], ["commit", "--branch=b", self.directory / "tree"]):
            subprocess.run(["ostree", f"--repo={self.directory}/repo", *arguments], check=True, capture_output=True)
        self.assert_refused({"ostree": {"repository": "repo", "ref": "b"}}, "/opt/.wh.x")

    def test_wheels(self):
        content = {"pk/__init__.py": b"", "pk/.wh.data": b"", "pk-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: pk\nVersion: 1.0\n",
                   "pk-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"}
        record = "".join(f"{name},sha256={base64.urlsafe_b64encode(bytes.fromhex(digest_of(data)[7:])).rstrip(b'=').decode()},{len(data)}\n"
                         for name, data in content.items()) + "pk-1.0.dist-info/RECORD,,\n"
        wheel = self.directory / "pk-1.0-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            for name, data in {**content, "pk-1.0.dist-info/RECORD": record.encode()}.items():
                archive.writestr(name, data)
        self.write("r.txt", f"pk==1.0 --hash={digest_of(wheel.read_bytes())}\n")
        self.assert_refused({"wheels": {"requirements": "r.txt", "wheelhouse": ".", "index": [], "python": "3.12", "glibc": "2.36"}},
                            "/opt/pk/.wh.data")


if __name__ == "__main__":
    unittest.main()
