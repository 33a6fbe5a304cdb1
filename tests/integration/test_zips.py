"""Zips for AWS Lambda, lambda-layer: and lambda-zip:, as Python's zipfile, unzip and bsdtar read them."""

import base64
import hashlib
import json
import os
import pathlib
import platform
import random
import shutil
import stat
import subprocess
import unittest
import zipfile

import test_check
from terrane_test import INPUTS, SHARED, TestCase, have, reachable_file


def contents(path):
    """The content by Python's zipfile: name -> (mode, content); links have their target as content."""
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {info.filename: (info.external_attr >> 16, archive.read(info)) for info in archive.infolist()}


class ZipCase(TestCase):
    def setUp(self):
        super().setUp()
        self.config = {"cmd": ["handler.handler"], "env": {"GDAL_DATA": "/opt/share/gdal", "MODULES": "/var/task/six:/var/task", "PATH": "/usr/bin"}}

    def lambda_profile(self, trees, **members):
        # Only what is packed is of interest: nothing is started.
        checks = {"lambda.entrypoint-missing": {"level": "off", "reason": "test"}, "lambda.*": {"level": "off", "reason": "test"}}
        return self.write_profile(**{"target": "aws-lambda", "trees": trees, "config": self.config, "checks": checks, **members})

    def usual_profile(self, **members):
        self.write("gdal/lib/libgdal.so.36", b"\x00ELF" * 1000)
        (self.directory / "gdal/lib/libgdal.so").symlink_to("libgdal.so.36")
        self.write("gdal/bin/gdalinfo", "#!/bin/sh\n").chmod(0o755)
        self.write("gdal/share/gdal/ä.csv", "1,2\n" * 5000)
        self.write("deps/six/__init__.py", "x = 1\n")
        (self.directory / "deps/six/here").symlink_to("/var/task/six/__init__.py")
        (self.directory / "deps/six/there").symlink_to("/opt/lib/libgdal.so.36")
        (self.directory / "deps/six/base").symlink_to("../../log/six")  # /var/log/six, which no zip has
        self.write("app/handler.py", "def handler(event, context): return 1\n")
        trees = [{"name": "gdal", "directory": "gdal", "prefix": "/opt"},
                 {"name": "deps", "directory": "deps", "prefix": "/var/task", "symlinks": "any"},
                 {"name": "app", "directory": "app", "prefix": "/var/task"}]
        return self.lambda_profile(trees, **members)

    def file(self, name):
        return self.directory / name

    def zip(self, profile, *outputs, **options):
        arguments = [word for output in outputs for word in ("--output", output)]
        return self.build(profile, "--no-validate", *arguments, cwd=self.directory, **options)["lambda"]


class Layout(ZipCase):
    def test_a_layer_and_a_function(self):
        report = self.zip(self.usual_profile(), "lambda-layer:layer.zip,trees=gdal,deps", "lambda-zip:function.zip")
        regular, directory, link = stat.S_IFREG | 0o644, stat.S_IFDIR | 0o755, stat.S_IFLNK | 0o777
        self.assertEqual(list(contents(self.file("layer.zip")).items()), [
            ("bin/", (directory, b"")),
            ("bin/gdalinfo", (stat.S_IFREG | 0o755, b"#!/bin/sh\n")),
            ("lib/", (directory, b"")),
            ("lib/libgdal.so", (link, b"libgdal.so.36")),
            ("lib/libgdal.so.36", (regular, b"\x00ELF" * 1000)),
            ("python/", (directory, b"")),
            ("python/six/", (directory, b"")),
            ("python/six/__init__.py", (regular, b"x = 1\n")),
            ("python/six/base", (link, b"/var/log/six")),
            ("python/six/here", (link, b"/opt/python/six/__init__.py")),
            ("python/six/there", (link, b"/opt/lib/libgdal.so.36")),
            ("share/", (directory, b"")),
            ("share/gdal/", (directory, b"")),
            ("share/gdal/ä.csv", (regular, b"1,2\n" * 5000)),
        ])
        self.assertEqual(contents(self.file("function.zip")),
                         {"handler.py": (regular, b"def handler(event, context): return 1\n")})
        layer, function = report["files"]
        digest = hashlib.sha256(self.file("layer.zip").read_bytes())
        self.assertEqual((layer["kind"], layer["file"], layer["trees"], layer["files"], layer["direct_upload"]),
                         ("lambda-layer", "layer.zip", ["gdal", "deps"], 8, True))
        self.assertEqual(layer["code_sha256"], base64.b64encode(digest.digest()).decode())
        self.assertEqual(layer["digest"], f"sha256:{digest.hexdigest()}")
        self.assertEqual((layer["size"], layer["unpacked_size"]), (self.file("layer.zip").stat().st_size, 4000 + 10 + 20000 + 6))
        self.assertEqual((function["kind"], function["trees"], function["unpacked_size"]), ("lambda-zip", ["app"], 38))
        self.assertEqual((report["architecture"], report["handler"], report["unpacked_size"]), ("x86_64", "handler.handler", 24016 + 38))
        # Moved files have their new path, and the search path of the base is left out.
        self.assertEqual(report["environment"], {"GDAL_DATA": "/opt/share/gdal", "MODULES": "/opt/python/six:/var/task"})

    def test_which_trees_go_where(self):
        profile = self.usual_profile()
        self.write("packages/six.py", "")
        (self.directory / "packages.zip").write_bytes(b"")
        with zipfile.ZipFile(self.directory / "packages.zip", "w") as archive:
            archive.writestr("six.py", "")
        trees = json.loads(profile.read_text())["trees"]
        trees.insert(1, {"name": "packages", "archive": "packages.zip", "prefix": "/usr/lib/python3.12/site-packages"})
        profile = self.lambda_profile(trees)
        # Directories in /var/task are code of the function unless they are named.
        self.zip(profile, "lambda-layer:layer.zip", "lambda-zip:function.zip")
        self.assertIn("python/lib/python3.12/site-packages/six.py", contents(self.file("layer.zip")))
        self.assertNotIn("python/six/", contents(self.file("layer.zip")))
        self.assertEqual(set(contents(self.file("function.zip"))), {"handler.py", "six/", "six/__init__.py", "six/base", "six/here", "six/there"})
        self.assertEqual(contents(self.file("function.zip"))["six/here"][1], b"/var/task/six/__init__.py")
        report = self.zip(profile, "lambda-layer:rest.zip", "lambda-layer:deps.zip,trees=deps", "lambda-zip:function.zip")
        self.assertEqual([file["trees"] for file in report["files"]], [["gdal", "packages"], ["deps"], ["app"]])

    def test_variables_on_awss_own_base(self):
        self.write("base/var/runtime/bootstrap", "")
        self.config["env"] = {"PATH": "/opt/bin:/usr/bin", "AWS_REGION": "x", "AWS_LAMBDA_EXEC_WRAPPER": "/opt/bin/wrapper", "LAMBDA_TASK_ROOT": "/var/task"}
        self.write("base/etc/os-release", "")
        report = self.zip(self.usual_profile(), "lambda-layer:layer.zip,trees=gdal")
        self.assertEqual(report["environment"], {"PATH": "/opt/bin:/usr/bin", "AWS_LAMBDA_EXEC_WRAPPER": "/opt/bin/wrapper"})

    def test_equal_files_of_two_trees_are_in_both(self):
        self.write("one/python/a/__init__.py", "")
        self.write("two/python/a/__init__.py", "")
        trees = [{"name": name, "directory": name, "prefix": "/opt"} for name in ("one", "two")]
        self.zip(self.lambda_profile(trees), "lambda-layer:two.zip,trees=two")
        self.assertIn("python/a/__init__.py", contents(self.file("two.zip")))

    def test_the_bytes_depend_on_nothing_else(self):
        profile = self.usual_profile()
        outputs = "lambda-layer:{}/l.zip,trees=gdal,deps", "lambda-zip:{}/f.zip"
        (self.directory / "one").mkdir()
        (self.directory / "two/three").mkdir(parents=True)
        self.zip(profile, *(output.format("one") for output in outputs), umask=0o022, env={"TZ": "UTC"})
        self.build(profile, "--no-validate", "--jobs", "1", *(word for output in outputs for word in ("-o", output.format("two/three"))),
                   cwd=self.directory, store=self.directory / "other", umask=0o077, env={"TZ": "Asia/Tokyo", "LC_ALL": "C", "SOURCE_DATE_EPOCH": "1700000000"})
        for name in ("l.zip", "f.zip"):
            self.assertEqual((self.directory / "one" / name).read_bytes(), (self.directory / "two/three" / name).read_bytes())
            self.assertEqual(stat.S_IMODE((self.directory / "two/three" / name).stat().st_mode), 0o644)

    def test_a_layer_is_a_tree_of_another_profile(self):
        self.zip(self.usual_profile(), "lambda-layer:layer.zip,trees=gdal")
        before = json.loads(self.run_terrane("--json", "inspect", "test").stdout)
        again = self.lambda_profile([{"name": "gdal", "archive": "layer.zip", "prefix": "/opt"}], name="again")
        after = self.build(again, "--no-validate")
        self.assertEqual(after["layers"][1]["digest"], before["layers"][1]["digest"])

    @unittest.skipUnless(have("unzip", "bsdtar"), "unzip and bsdtar are not installed")
    def test_what_other_programs_unpack(self):
        self.zip(self.usual_profile(), "lambda-layer:layer.zip,trees=gdal,deps")
        for program in (["unzip", "-qq", self.file("layer.zip"), "-d"], ["bsdtar", "-xf", self.file("layer.zip"), "-C"]):
            into = self.directory / program[0]
            into.mkdir()
            subprocess.run([*program, into], check=True, env=dict(os.environ, LC_ALL="C.UTF-8"))
            self.assertEqual(os.readlink(into / "lib/libgdal.so"), "libgdal.so.36")
            self.assertEqual(stat.S_IMODE((into / "bin/gdalinfo").stat().st_mode), 0o755)
            self.assertEqual((into / "share/gdal/ä.csv").read_text(), "1,2\n" * 5000)

    def test_random_trees(self):
        source = random.Random(13)
        expected = {}
        for number in range(200):
            path = "/".join(source.choice(["a", "b", "ü", "c d", "python", "lib"]) for _ in range(source.randrange(1, 4)))
            path += f"/{number}"
            size = source.choice([0, 1, 10, 70000, 1048576, 1048577]) if number % 20 == 0 else source.randrange(300)
            data = source.choice([source.randbytes, lambda n: b"abc " * (n // 4)])(size)
            mode = source.choice([0o644, 0o755])
            self.write(f"tree/{path}", data).chmod(mode)
            expected[path] = (stat.S_IFREG | mode, data)
            if number % 7 == 0:
                (self.directory / f"tree/{path}.link").symlink_to(str(number))
                expected[f"{path}.link"] = (stat.S_IFLNK | 0o777, str(number).encode())
        self.zip(self.lambda_profile([{"name": "t", "directory": "tree", "prefix": "/opt"}]), "lambda-layer:layer.zip")
        found = contents(self.file("layer.zip"))
        self.assertEqual({name: entry for name, entry in found.items() if not name.endswith("/")}, expected)
        self.assertEqual({name.rstrip("/") for name in found if name.endswith("/")},
                         {str(parent) for name in expected for parent in pathlib.PurePath(name).parents} - {"."})


class Limits(ZipCase):
    def test_more_than_a_request_may_have(self):
        source = random.Random(3)
        self.write("deps/big/data", b"".join(source.randbytes(1000000) for _ in range(52)) + source.randbytes(500000))
        profile = self.lambda_profile([{"name": "deps", "directory": "deps", "prefix": "/opt/python"}])
        result = self.run_terrane("--json", "build", profile, "--no-validate", "-o", f"lambda-layer:{self.file('l.zip')}")
        self.assertRegex(result.stderr, "52.5 MB is more than one request to Lambda may have .*the largest, unpacked: python/big of ‘deps’ 52.5 MB")
        self.assertIs(json.loads(result.stdout)["lambda"]["files"][0]["direct_upload"], False)

    def test_more_than_lambda_unpacks(self):
        self.write("big/python/big/data", "")
        os.truncate(self.directory / "big/python/big/data", 262144000 - 1000)
        self.write("big/lib/small", b"x" * 999)
        self.write("app/handler.py", "x" * 10)
        profile = self.lambda_profile([{"name": "big", "directory": "big", "prefix": "/opt"},
                                       {"name": "app", "directory": "app", "prefix": "/var/task"}])
        # The layer alone has one byte less than what is refused.
        result = self.run_terrane("--json", "build", profile, "--no-validate", "-o", f"lambda-layer:{self.file('l.zip')}",
                                  "-o", f"lambda-zip:{self.file('f.zip')}", exit_code=3)
        self.assertRegex(result.stderr, "the layers and the function together: 262.1 MB of files \\(262144009 bytes\\), and Lambda takes less than "
                                        "262144000 bytes.*the largest: python/big of ‘big’ 262.1 MB, lib/small of ‘big’ 999 B")
        self.assertFalse(json.loads(result.stdout)["passed"])
        self.assertEqual((self.file("l.zip").exists(), self.file("f.zip").exists()), (False, False))

    def split_profile(self, *sizes):
        source = random.Random(1)
        for number, size in enumerate(sizes):
            self.write(f"deps/p{number}/__init__.py", source.randbytes(size))
            self.write(f"deps/p{number}-1.0.dist-info/METADATA", f"Name: p{number}\n")
        return self.lambda_profile([{"name": "deps", "directory": "deps", "prefix": "/opt/python"}])

    def test_several_layers(self):
        report = self.zip(self.split_profile(500000, 900000, 450000, 300000), "lambda-layer:deps.zip,split=1MB")
        names = [file["file"] for file in report["files"]]
        self.assertEqual(names, ["deps-1.zip", "deps-2.zip", "deps-3.zip"])
        parts = [{name.split("/")[1] for name in contents(self.file(name)) if name.count("/") > 1} for name in names]
        # Largest first, each into the first part with room.
        self.assertEqual([{part.split("-")[0] for part in names} for names in parts], [{"p1"}, {"p0", "p2"}, {"p3"}])
        self.assertEqual(len(parts[1]), 4)  # each with its metadata
        self.assertTrue(all(self.file(name).stat().st_size <= 1000000 for name in names))
        self.assertEqual(sum(file["unpacked_size"] for file in report["files"]), report["unpacked_size"])

    def test_a_package_that_is_larger_than_a_part_is_divided(self):
        profile = self.split_profile(700000)
        self.write("deps/p0/core.so", random.Random(2).randbytes(800000))
        self.zip(profile, "lambda-layer:deps.zip,split=1MB")
        both = [set(contents(self.file(f"deps-{part}.zip"))) for part in (1, 2)]
        self.assertEqual([{"python/p0/core.so", "python/p0/__init__.py"} & part for part in both], [{"python/p0/__init__.py"}, {"python/p0/core.so"}])
        self.assertTrue(all({"python/", "python/p0/"} <= part for part in both))

    def test_what_no_split_can_do(self):
        self.write("l.zip", "old")
        profile = self.split_profile(*[900000] * 6)
        self.assert_fails(3, "these are 6 layers, and a function takes 5", "build", profile, "--no-validate", "-o", f"lambda-layer:{self.file('l.zip')},split=1MB")
        profile = self.split_profile(1100000)
        self.assert_fails(1, "python/p0/__init__.py alone is too large for a part: 1.1 MB", "build", profile, "--no-validate",
                          "-o", f"lambda-layer:{self.file('l.zip')},split=1MB")
        self.assertEqual(self.file("l.zip").read_text(), "old")
        self.assertEqual([path.name for path in self.directory.glob("*.zip")], ["l.zip"])


class Refused(ZipCase):
    @unittest.skipUnless(os.geteuid() == 0, "mounting needs root")
    def test_no_room(self):
        mount = self.directory / "small"
        mount.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", mount], check=True)
        self.addCleanup(subprocess.run, ["umount", mount], check=True)
        (mount / "l.zip").write_text("old")
        self.write("tree/lib/a", os.urandom(900000))
        self.write("tree/lib/b", os.urandom(1500000))
        profile = self.lambda_profile([{"name": "t", "directory": "tree", "prefix": "/opt"}])
        self.assert_fails(1, "lib/b: writing: No space left on device", "build", profile, "--no-validate", "-o", f"lambda-layer:{mount / 'l.zip'}")
        self.assertEqual(([path.name for path in mount.iterdir()], (mount / "l.zip").read_text()), (["l.zip"], "old"))
        subprocess.run(["mount", "-o", "remount,ro", mount], check=True)
        self.assert_fails(1, "Read-only file system", "build", profile, "--no-validate", "-o", f"lambda-layer:{mount / 'l.zip'}")

    def test_files_without_a_place(self):
        profile = self.usual_profile()
        trees = json.loads(profile.read_text())["trees"] + [{"name": "system", "directory": "gdal/bin", "prefix": "/usr/bin"}]
        profile = self.lambda_profile(trees)
        self.assert_fails(2, "the tree ‘system’: a layer is unpacked at /opt .*\n  /usr/bin/gdalinfo", "build", profile, "--no-validate",
                          "-o", f"lambda-layer:{self.file('l.zip')}")
        (self.directory / "single").mkdir()
        (self.directory / "single/opt").write_text("a file")
        self.assert_fails(2, "the tree ‘single’: a layer is unpacked at /opt .*\n  /opt", "build",
                          self.lambda_profile([{"name": "single", "directory": "single", "prefix": "/"}]), "--no-validate", "-o", f"lambda-layer:{self.file('l.zip')}")
        self.lambda_profile(trees)
        self.assert_fails(2, "the tree ‘gdal’: a function is unpacked at /var/task .*--output lambda-layer:FILE,trees=gdal", "build", profile, "--no-validate",
                          "-o", f"lambda-zip:{self.file('f.zip')},trees=gdal")
        self.assertEqual(list(self.directory.glob("*.zip")), [])

    def test_requests(self):
        profile = self.usual_profile()
        rows = [("lambda-layer:", "the name of the file is missing"), ("lambda-layer:,trees=gdal", "the name of the file is missing"),
                ("lambda-layer:x.zip,tres=gdal", "‘tres=gdal’ is not an option.*did you mean ‘trees’"),
                ("lambda-layer:x.zip,gdal", "‘gdal’ is not an option"), ("lambda-layer:x.zip,trees=gdl", "no tree ‘gdl’; did you mean ‘gdal’"),
                ("lambda-layer:x.zip,trees=", "a name is empty"), ("lambda-layer:x.zip,trees=gdal,gdal", "‘gdal’ is there twice"),
                ("lambda-zip:x.zip,split=auto", "a function is one file"), ("lambda-layer:x.zip,split=1kB", "not worth a file"),
                ("lambda-layer:x.zip,split=big", "expected a size"), ("lambda-layer:app", "is a directory"), ("lambda-layer:app/", "the name of the file is missing")]
        for output, pattern in rows:
            self.assert_fails(2, pattern, "build", profile, "-o", output, cwd=self.directory)
        self.assert_fails(1, "the directory nowhere: No such file", "build", profile, "-o", "lambda-layer:nowhere/x.zip", cwd=self.directory)
        self.assert_fails(2, "is written twice", "build", profile, "-o", "lambda-layer:x.zip,trees=gdal", "-o", "lambda-zip:./x.zip", cwd=self.directory)
        self.assert_fails(2, "the tree ‘gdal’ is in another layer already", "build", profile, "-o", "lambda-layer:x.zip,trees=gdal",
                          "-o", "lambda-layer:y.zip,trees=gdal", cwd=self.directory)
        self.assert_fails(2, "has no tree for it", "build", self.lambda_profile([{"name": "app", "directory": "app", "prefix": "/var/task"}]),
                          "-o", "lambda-layer:x.zip", cwd=self.directory)
        self.assert_fails(2, "are for AWS Lambda, and the profile's target is ‘oci’", "build", self.lambda_profile([{"name": "gdal", "directory": "gdal", "prefix": "/opt"}], target="oci"),
                          "-o", "lambda-layer:x.zip", cwd=self.directory)
        self.assertFalse(self.store.joinpath("images/index.json").exists() and "test" in self.store.joinpath("images/index.json").read_text())


BASE = reachable_file(next(iter(sorted(INPUTS.glob("debian12-base-*.tar.zst"))), None))

# Code in /var/task that uses a layer: its module, its program by PATH, its library through a link.
FUNCTION = """
import http.client, json, os
import dep
host, api = os.environ["AWS_LAMBDA_RUNTIME_API"], "/2018-06-01/runtime/invocation/"
while True:
    connection = http.client.HTTPConnection(host)
    connection.request("GET", api + "next")
    response = connection.getresponse()
    response.read()
    connection.request("POST", api + response.headers["Lambda-Runtime-Aws-Request-Id"] + "/response", json.dumps(dep.answer()))
    connection.getresponse().read()
"""
DEPENDENCY = """
import os, subprocess
def answer():
    tool = subprocess.run(["tool"], check=True, capture_output=True, text=True).stdout
    return {"tool": tool, "module": __file__, "link": os.readlink("/opt/lib/libx.so"), "library": open("/opt/lib/libx.so").read()}
"""


@unittest.skipUnless(BASE, "profiles/inputs is empty, run scripts/debian-rootfs")
class Used(ZipCase):
    def test_a_function_uses_its_layer(self):
        """The zips are unpacked where Lambda does it, and called."""
        self.store = SHARED / "store"
        self.write("layer/python/dep.py", DEPENDENCY)
        self.write("layer/bin/tool", "#!/bin/sh\necho from the layer\n").chmod(0o755)
        self.write("layer/lib/libx.so.1", "library")
        (self.directory / "layer/lib/libx.so").symlink_to("libx.so.1")
        self.write("app/function.py", FUNCTION)
        name = self.directory.name
        self.addCleanup(self.run_terrane, "rm", name, f"{name}-zips")
        profile = {"base": {"archive": str(BASE)}, "target": "aws-lambda",
                   "config": {"entrypoint": ["/usr/bin/python3.11", "/var/task/function.py"], "cmd": ["function"],
                              "env": {"PATH": "/usr/bin:/bin:/opt/bin", "PYTHONPATH": "/opt/python"}}}
        trees = [{"name": "layer", "directory": "layer", "prefix": "/opt"}, {"name": "app", "directory": "app", "prefix": "/var/task"}]
        self.config = profile["config"]
        report = self.zip(self.write_profile(**profile, name=name, trees=trees), "lambda-layer:layer.zip", "lambda-zip:function.zip")
        self.assertEqual((report["runtime"], report["environment"]), ("python3.11", {"PYTHONPATH": "/opt/python"}))
        trees = [{"name": "layer", "archive": "layer.zip", "prefix": "/opt"}, {"name": "app", "archive": "function.zip", "prefix": "/var/task"}]
        self.build(self.write_profile("zips.json", **profile, name=f"{name}-zips", trees=trees), "--no-validate")
        answer = json.loads(self.run_terrane("invoke", f"{name}-zips", "--event", self.write("event.json", "{}")).stdout)
        self.assertEqual(answer, {"tool": "from the layer\n", "module": "/opt/python/dep.py", "link": "libx.so.1", "library": "library"})


@unittest.skipUnless(have("gcc") and platform.machine() == "x86_64", "gcc for x86-64 is not installed")
class Runtime(test_check.ProgramsCase):
    """Files that do not find their libraries at /opt, and those that only the base has."""

    lambda_profile = ZipCase.lambda_profile

    def build_layer(self, trees, exit_code=0, **config):
        self.config["env"].update(config)
        profile = self.lambda_profile(trees)
        return self.run_terrane("build", profile, "--no-validate", "-o", f"lambda-layer:{self.directory / 'l.zip'}", exit_code=exit_code)

    def tool(self, rpath, *arguments, source="int f(void); int main(void) { return f(); }\n"):
        """A program at /opt/bin with a library at /var/task/lib."""
        library = self.gcc("lib-tree/libf.so.1", "-Wl,-soname,libf.so.1")
        program = self.gcc("bin-tree/tool", *self.link("lib-tree", "libf.so.1"), f"-Wl,-rpath,{rpath}", *arguments, source=source, shared=False)
        for path in (library, program):
            target = self.directory / path.parent.name
            target.mkdir(exist_ok=True)
            shutil.move(path, target / path.name)
            path.parent.rmdir()
        return [{"name": "bin", "directory": "bin-tree", "prefix": "/opt/bin"},
                {"name": "lib", "archive": self.tar("lib-tree"), "prefix": "/var/task/lib"}]

    def tar(self, name):
        subprocess.run(["tar", "-C", self.directory / name, "-cf", self.directory / f"{name}.tar", "."], check=True)
        return f"{name}.tar"

    def test_a_library_that_moves_away(self):
        trees = self.tool("/var/task/lib")
        self.config["env"]["PATH"] = "/usr/bin:/opt/bin"
        result = self.build_layer(trees, exit_code=3)
        self.assertRegex(result.stderr, "unpacked on Lambda's runtime, the zips would not work:\n  elf.missing-library: /opt/bin/tool in bin: ")
        self.assertFalse((self.directory / "l.zip").exists())

    def test_a_library_that_is_found_by_lambdas_own_search_path(self):
        trees = self.tool("/nowhere")
        trees[1]["prefix"] = "/opt/lib"
        self.build_layer(trees, PATH="/usr/bin:/opt/bin", LD_LIBRARY_PATH="/opt/lib")
        self.assertIn("lib/libf.so.1", contents(self.directory / "l.zip"))

    def test_libraries_of_the_base_are_in_the_record(self):
        self.gcc(f"{test_check.LIBRARIES}/libbase.so.1", "-Wl,-soname,libbase.so.1")
        trees = self.tool("/opt/lib", *self.link(test_check.LIBRARIES, "libbase.so.1"))
        trees[1]["prefix"] = "/opt/lib"
        self.config["env"]["PATH"] = "/usr/bin:/opt/bin"
        record = self.build(self.lambda_profile(trees), "--no-validate", "-o", f"lambda-layer:{self.directory / 'l.zip'}")
        self.assertEqual(record["lambda"]["libraries_of_base"], ["libbase.so.1"])

    def test_a_newer_c_library_and_libraries_of_the_base(self):
        self.gcc(f"{test_check.LIBRARIES}/libbase.so.1", "-Wl,-soname,libbase.so.1")
        trees = self.tool("/opt/lib", *self.link(test_check.LIBRARIES, "libbase.so.1"), source="#include <stdlib.h>\nint f(void); int main(void) { return f() + (int) arc4random(); }\n")
        trees[1]["prefix"] = "/opt/lib"
        result = self.build_layer(trees, exit_code=3, PATH="/usr/bin:/opt/bin")
        self.assertRegex(result.stderr, "libraries are taken from it: libbase.so.1 \\(for /opt/bin/tool\\)")
        self.assertRegex(result.stderr, "elf.missing-version: /opt/bin/tool in bin: it needs glibc 2.36, and Lambda's runtime has 2.34")


if __name__ == "__main__":
    unittest.main()
