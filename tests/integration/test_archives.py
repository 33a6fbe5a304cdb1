"""The image has the content of its archives: formats against each other, names as bytes, ends, sizes, and zip files against two
other readers."""

import hashlib
import io
import os
import random
import shutil
import struct
import subprocess
import tarfile
import unittest
import zipfile

from terrane_test import TERRANE, TestCase, make_tar

MIB = 1 << 20


def newc(entries):
    """cpio(5), "New ASCII Format": of (name, inode, links, mode, content)."""
    out = b""
    for name, inode, links, mode, data in [*entries, ("TRAILER!!!", 0, 1, 0, b"")]:
        fields = [inode, mode, 0, 0, links, 0, len(data), 8, 1, 0, 0, len(name) + 1, 0]
        out += b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
        out += b"\0" * (-len(out) % 4) + data
        out += b"\0" * (-len(out) % 4)
    return out


class ArchiveCase(TestCase):
    def profile(self, archive, limits=None, **keys):
        return self.write_profile(trees=[{"name": "t", "prefix": "/opt", "archive": archive, **keys}], limits=limits)

    def files(self, archive, **keys):
        """{name: content} of the tree's layer, and its diffID."""
        record = self.build(self.profile(archive, **keys))
        layer = record["layers"][-1]
        blob = self.store / "images/blobs/sha256" / layer["digest"].removeprefix("sha256:")
        with tarfile.open(blob, errors="surrogateescape") as tar:
            content = {m.name: tar.extractfile(m).read() for m in tar if m.isreg() or m.islnk()}
        return {name.removeprefix("opt/"): data for name, data in content.items()}, layer["diff_id"]

    def refused(self, archive, pattern, **keys):
        return self.assert_fails(1, pattern, "build", self.profile(archive, **keys))


class Archives(ArchiveCase):
    def test_formats_give_the_same_layer(self):
        tree = self.directory / "tree"
        (tree / "dir").mkdir(parents=True)
        (tree / "dir/a").write_bytes(b"content\n")
        (tree / "empty").touch()
        (tree / "link").symlink_to("dir/a")
        with open(tree / "holes", "wb") as file:
            file.write(b"x" * 4096)
            file.seek(MIB)
            file.write(b"y" * 4096)
            file.truncate(3 * MIB)
        for path in (tree, *tree.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() else 0o644)
        made = {}
        for name in ("v7", "ustar", "oldgnu", "gnu", "posix"):
            made[name] = ["tar", f"--format={name}"]
        made["oldgnu-sparse"] = ["tar", "-S", "--format=oldgnu"]
        for version in ("0.0", "0.1", "1.0"):
            made[f"sparse-{version}"] = ["tar", "-S", "--format=posix", f"--sparse-version={version}"]
        diff_ids = {}
        for name, command in made.items():
            subprocess.run([*command, "--owner=0", "--group=0", "-C", tree, "-cf", self.directory / f"{name}.tar", "."], check=True)
            files, diff_ids[name] = self.files(f"{name}.tar")
            self.assertEqual(files["holes"], (tree / "holes").read_bytes(), name)
        if shutil.which("zip"):
            subprocess.run(["zip", "-qryX", self.directory / "t.zip", "."], cwd=tree, check=True)
            diff_ids["zip"] = self.files("t.zip")[1]
        names = [p for p in sorted(tree.rglob("*"))]
        self.write("t.cpio", newc([(str(p.relative_to(tree)), i, 1, os.lstat(p).st_mode, os.readlink(p).encode() if p.is_symlink()
                                    else b"" if p.is_dir() else p.read_bytes()) for i, p in enumerate(names, 1)]))
        diff_ids["cpio"] = self.files("t.cpio")[1]
        self.assertEqual(len(set(diff_ids.values())), 1, diff_ids)

    def test_names_are_bytes(self):
        names = {"e\u0301": b"decomposed", "\u00e9": b"composed", "\u0928\u093c": b"nukta", "\u1100\u1161": b"jamo", "\uac00": b"syllable"}
        for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
            with tarfile.open(self.directory / "n.tar", "w", format=form) as tar:
                for name, data in names.items():
                    info = tarfile.TarInfo(name)
                    info.size = len(data)
                    tar.addfile(info, io.BytesIO(data))
            self.assertEqual(self.files("n.tar")[0], names)
        with zipfile.ZipFile(self.directory / "n.zip", "w") as archive:
            for name, data in names.items():
                archive.writestr(name, data)
        self.assertEqual(self.files("n.zip")[0], names)
        make_tar(self.directory / "raw.tar", [("caf\udce9", "file", b"x")])
        self.refused("raw.tar", r"raw\.tar: the path .* is not UTF-8")

    def test_cpio_hard_links(self):
        file = 0o100644
        self.write("l.cpio", newc([("a", 7, 3, file, b""), ("b", 7, 3, file, b""), ("x", 8, 1, file, b"solo"),
                                   ("c", 7, 3, file, b"content"), ("e", 9, 2, file, b""), ("f", 9, 2, file, b"")]))
        self.assertEqual(self.files("l.cpio")[0],
                         {"a": b"content", "b": b"content", "c": b"content", "x": b"solo", "e": b"", "f": b""})

    def test_ends(self):
        data = make_tar(self.directory / "a.tar", [("f", "file", b"x" * 1000)]).read_bytes()
        end = 512 + 1024  # header and content in blocks; zeros follow
        for name, changed, pattern in (("cut", data[:end], "does not have the blocks that mark its end"),
                                       ("more", data + b"x" * 512, "other bytes follow the end"),
                                       ("two", data + data, "other bytes follow the end"),
                                       ("lone", data[:end] + bytes(512) + data[:end] + bytes(1024), "single block of zeros"),
                                       ("sum", data[:20] + b"!" + data[21:], "unrecognized archive format"),
                                       ("odd", data[:end - 100], "truncated tar archive: 76 bytes of ‘f’ are missing")):
            with self.subTest(name):
                self.write("e.tar", changed)
                self.refused("e.tar", rf"e\.tar: .*{pattern}")
        whole = newc([("a", 1, 1, 0o100644, b"x" * 99)])
        for size in (len(whole) - 130, 150, 60):
            self.write("e.cpio", whole[:size])
            self.refused("e.cpio", r"e\.cpio: .*truncated")

    def test_limits(self):
        with open(self.directory / "hole", "wb") as file:
            file.truncate(100 * MIB)
        subprocess.run(["tar", "-S", "-C", self.directory, "-cf", self.directory / "h.tar", "hole"], check=True)
        self.refused("h.tar", r"hole: 10240 bytes would unpack to over 200 times as much; ‘limits\.unpacked_ratio’")
        self.refused("h.tar", r"hole: unpacked it would have over 99000000 bytes; ‘limits\.unpacked_size’",
                     limits={"unpacked_size": "99MB", "unpacked_ratio": 1000000})
        self.assertEqual(len(self.files("h.tar", limits={"unpacked_ratio": 1000000})[0]["hole"]), 100 * MIB)
        make_tar(self.directory / "many.tar", [(f"f{i}", "file", b"") for i in range(4)])
        self.refused("many.tar", r"f3: it has over 3 members", limits={"unpacked_files": 3})
        huge = tarfile.TarInfo("huge")
        huge.size = 1 << 62
        self.write("huge.tar", huge.tobuf(tarfile.GNU_FORMAT) + bytes(1024))
        self.refused("huge.tar", r"huge: unpacked it would have over 34359738368 bytes")

    def test_sha256_of_what_is_unpacked(self):
        for name in ("s.tar", "s.zip"):
            if name == "s.tar":
                make_tar(self.directory / name, [("f", "file", b"x")])
            else:
                with zipfile.ZipFile(self.directory / name, "w") as archive:
                    archive.writestr("f", b"x")
            digest = hashlib.sha256((self.directory / name).read_bytes()).hexdigest()
            self.assertEqual(self.files(name, sha256=digest)[0], {"f": b"x"})
            self.refused(name, "has the sha256", sha256="0" * 64)


class Zip(ArchiveCase):
    """Each mutation of a zip file: Python and unzip see what terrane unpacks, or terrane refuses it."""

    def good(self):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("a.py", b"first\n")
            archive.writestr("b.py", b"second\n" * 40, zipfile.ZIP_DEFLATED)
        return out.getvalue()

    def test_two_readings_are_refused(self):
        good = self.good()
        end = good.rindex(b"PK\5\6")
        other = self.good().replace(b"first", b"other")
        directory = struct.unpack("<I", good[end + 16:end + 20])[0]
        with_comment = good[:-2] + struct.pack("<H", len(other)) + other
        with zipfile.ZipFile(self.directory / "twice.zip", "w") as archive:
            archive.writestr("a.py", b"1")
            with self.assertWarns(UserWarning):
                archive.writestr("a.py", b"2")
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            info = zipfile.ZipInfo("a.py")
            info.extra = struct.pack("<HHBI", 0x7075, 5 + 4, 1, 0) + b"b.py"
            archive.writestr(info, b"x")
        for name, data, pattern in (
                ("prefix", b"PK\3\4 no member" + good, "zip readers would disagree"),
                ("after", good + b"x", "bytes follow the end of the zip file"),
                ("another", good + other, "zip readers would disagree"),
                ("comment", with_comment, "zip readers would disagree"),
                ("gap", good[:directory] + b"hidden" + good[directory:], "zip readers would disagree"),
                ("local name", good.replace(b"a.py", b"c.py", 1), "its own header has another name"),
                ("NUL", good.replace(b"a.py", b"a\0py"), "contains a NUL"),
                ("count", good[:end + 8] + struct.pack("<HH", 1, 1) + good[end + 12:], "more entries than"),
                ("zip64", good[:end + 16] + b"\xff" * 4 + good[end + 20:], "ZIP64 end record is announced"),
                ("crc", good.replace(b"first", b"fIrst"), r"checksum \(CRC-32\) is wrong"),
                ("twice", (self.directory / "twice.zip").read_bytes(), "two members have the name ‘a.py’"),
                ("unicode path", out.getvalue(), "an extra field gives another name"),
                ("cut", good[:end - 30], "truncated zip file")):
            with self.subTest(name):
                self.write("z.zip", data)
                self.refused("z.zip", rf"z\.zip: .*{pattern}")

    def readings(self, path):
        """The content by zipfile and unzip, None for a refusal."""
        try:
            with zipfile.ZipFile(path) as archive:
                python = {i.filename: archive.read(i) for i in archive.infolist()}
        except Exception: # whatever zipfile raises
            python = None
        into = self.directory / "unzipped"
        shutil.rmtree(into, ignore_errors=True)
        result = subprocess.run(["unzip", "-qqo", path, "-d", into], capture_output=True, stdin=subprocess.DEVNULL)
        unzip = {str(p.relative_to(into)): p.read_bytes() for p in into.rglob("*") if p.is_file()} if result.returncode == 0 else None
        return python, unzip

    @unittest.skipUnless(shutil.which("unzip"), "unzip is not installed")
    def test_mutations(self):
        good, source = self.good(), random.Random(20250807)
        taken = 0
        for number in range(int(os.environ.get("TERRANE_ZIP_MUTATIONS", "40"))):
            data = bytearray(good)
            for _ in range(source.randint(0, 2)):
                at = source.randrange(len(data))
                kind = source.randrange(4)
                if kind == 0:
                    data[at] = source.randrange(256)
                elif kind == 1:
                    data[at:at] = bytes(source.randrange(256) for _ in range(source.randint(1, 8)))
                elif kind == 2:
                    del data[at:at + source.randint(1, 8)]
                else:
                    begin = source.randrange(len(data))
                    data[at:at] = data[begin:begin + 60]
            self.write("m.zip", bytes(data))
            result = subprocess.run([TERRANE, "--store", self.store, "--quiet", "build", self.profile("m.zip")], capture_output=True,
                                    text=True)
            if result.returncode:
                self.assertEqual(result.returncode, 1, result.stderr)
                continue
            taken += 1
            mine = self.files("m.zip")[0]
            python, unzip = self.readings(self.directory / "m.zip")
            with self.subTest(number):
                self.assertEqual(mine, python)
                self.assertEqual(mine, unzip)
        self.assertGreater(taken, 0)
