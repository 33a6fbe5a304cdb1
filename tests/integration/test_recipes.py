"""Variables of recipes, trees with what their recipes need, mirrors of sources, and the recipes that come with terrane."""

import hashlib
import json
import os
import shutil
import subprocess
import unittest

from terrane_test import SHARED, TOP, TestCase, have, seeded_store
from test_compile import BASE, COMPILER, CompileCase, ShellCase, make_compiler

RECIPES = TOP / "profiles/recipes"
NOWHERE = "http://127.0.0.1:1"  # nothing listens there
SOURCES = SHARED / "sources"
CMAKE = SHARED / "cmake.tar"  # what it adds to the compiler
PROGRAM = """
cat > program.c <<'END'
#include <stdio.h>
#include <string.h>
#include <libdeflate.h>
int
main (int argc, char **argv)
{
  char packed[4096], text[4096];
  size_t n = 0;
  struct libdeflate_compressor *compressor = libdeflate_alloc_compressor (6);
  struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor ();
  size_t size = libdeflate_zlib_compress (compressor, argv[argc - 1], strlen (argv[argc - 1]), packed, sizeof packed);
  if (size == 0 || size > 100 || libdeflate_zlib_decompress (decompressor, packed, size, text, sizeof text, &n) != LIBDEFLATE_SUCCESS)
    return 1;
  return memcmp (text, argv[argc - 1], n) != 0 || printf ("%zu %s\\n", n, LIBDEFLATE_VERSION_STRING) < 0;
}
END
gcc $CFLAGS $CPPFLAGS program.c $LDFLAGS -Wl,--disable-new-dtags,-rpath,'$ORIGIN/../lib' -s -ldeflate -o program
mkdir -p $DESTDIR$PREFIX/bin
cp program $DESTDIR$PREFIX/bin
"""
SEE = "mkdir -p $DESTDIR$PREFIX/share; { echo ${V-none}; ls $PREFIX/lib 2>/dev/null || true; } > $DESTDIR$PREFIX/share/$NAME"
LIBRARY = "mkdir -p $DESTDIR$PREFIX/lib; cat /proc/sys/kernel/random/uuid > $DESTDIR$PREFIX/lib/$NAME"
V = {"name": "V", "values": ["a", "b", "c d"], "default": "a"}


class Variables(ShellCase):
    def setUp(self):
        super().setUp()
        self.recipe("common", steps=[LIBRARY], environment={"NAME": "common"})
        self.recipe("more", steps=[LIBRARY], environment={"NAME": "more"})
        self.recipe("x", steps=[SEE], environment={"NAME": "x"}, variables=[V],
                    needs=["common.json", {"recipe": "more.json", "when": {"V": ["b", "c d"]}}])

    def seen(self, **compile_members):
        record = self.build(self.profile(("tree", "x.json", compile_members)), "--no-validate")
        return self.files(record)["opt/share/x"].decode().splitlines()

    def test_values(self):
        """Steps see the value; what is needed with it alone is compiled for it alone; each value is compiled once."""
        self.assertEqual(self.seen(), ["a", "common"])
        self.assertEqual({path.name.split("-")[0] for path in (self.store / "logs").iterdir()}, {"common", "x"})
        trees = self.compiled()
        self.assertEqual(self.seen(variables={"V": "a"}), ["a", "common"])  # the default, written out
        self.assertEqual(self.compiled(), trees)
        self.assertEqual(self.seen(variables={"V": "${env.FLAVOUR:-b}"}), ["b", "common", "more"])
        self.assertEqual(self.compiled(), trees + 3)  # ‘more’, ‘x’, and the image's tree
        self.assertEqual(self.seen(variables={"V": "c d"}), ["c d", "common", "more"])
        self.assertEqual(self.compiled(), trees + 5)
        self.assertEqual(self.seen(), ["a", "common"])
        self.assertEqual(self.compiled(), trees + 5)

    def test_of_needs(self):
        """A variable that several recipes have is one; its value is in the key of each that has it, and in no other's."""
        self.recipe("common", steps=[SEE, LIBRARY], environment={"NAME": "common"}, variables=[{**V, "default": "b"}])
        record = self.build(self.profile(("tree", "x.json", {"needs": True})), "--no-validate")
        self.assertEqual(self.files(record)["opt/share/common"], b"b\n")  # each has its own default
        trees = self.compiled()
        record = self.build(self.profile(("tree", "x.json", {"needs": True, "variables": {"V": "c d"}})), "--no-validate")
        self.assertEqual(self.files(record)["opt/share/common"], b"c d\n")
        self.assertEqual(self.compiled(), trees + 4)  # ‘common’, ‘more’, ‘x’, and the image's tree
        self.recipe("more", steps=[LIBRARY], environment={"NAME": "more"}, variables=[{"name": "W", "values": ["1", "2"], "default": "1"}])
        self.assertEqual(self.seen(variables={"V": "b", "W": "2"})[0], "b")

    def test_lock(self):
        """The lock has the recipes that these values need."""
        for value, names in (("a", ["common.json", "x.json"]), ("b", ["common.json", "more.json", "x.json"])):
            profile = self.profile(("tree", "x.json", {"variables": {"V": value}}))
            self.run_terrane("lock", profile)
            lock = json.loads((self.directory / "profile.lock.json").read_text())
            self.assertEqual([entry["file"] for entry in lock["platforms"]["linux/amd64"]["trees"]["tree"]["inputs"]], names)
        self.assert_fails(4, r"tree: more\.json", "build", "--no-validate", "--locked", self.profile(("tree", "x.json", {})))

    def test_problems(self):
        def refused(pattern, **variables):
            profile = self.profile(("tree", "x.json", {"variables": variables}))
            for command in (("profile", "check"), ("lock",), ("build", "--no-validate")):
                self.assert_fails(2, r"trees\[0\]\.compile: " + pattern, *command, profile)

        refused(r".*/x\.json: the variable V cannot be ‘d’: it is ‘a’, ‘b’ or ‘c d’", V="d")
        refused(r"variables: neither .*/x\.json nor a recipe that it needs has the variable ‘FLAVOUR’; "
                r"their variables: V \(‘a’, ‘b’ or ‘c d’\)", FLAVOUR="a")
        profile = self.profile(("tree", "x.json", {"variables": {"V": 3}}))
        self.assert_fails(2, r"trees\[0\]\.compile\.variables\.V: expected a string, got an integer", "profile", "check", profile)

    def test_check_looks_at_every_need(self):
        (self.directory / "more.json").unlink()
        self.assert_fails(2, r"x\.json: opening .*more\.json’?: No such file", "profile", "check", self.directory / "x.json")
        self.assertEqual(self.seen(), ["a", "common"])  # which does not need it

    def test_a_need_for_other_values(self):
        """One recipe may be needed for several values, each time with another condition; not twice for the same."""
        need = lambda *values: {"recipe": "common.json", "when": {"V": list(values)}}
        x = {"steps": [SEE], "environment": {"NAME": "x"}, "variables": [V]}
        self.recipe("x", needs=[need("a"), need("b", "c d")], **x)
        self.run_terrane("profile", "check", self.directory / "x.json")
        self.assertEqual(self.seen(variables={"V": "b"}), ["b", "common"])
        for needs in ([need("a"), need("b", "a")], ["common.json", need("c d")], ["common.json", "./common.json"]):
            self.recipe("x", needs=needs, **x)
            self.assert_fails(2, r"x\.json: needs\[1\]: .*common\.json is there twice", "profile", "check", self.directory / "x.json")

    def test_problems_of_recipes(self):
        """A recipe is recognised without steps; what no step can get or see is refused before anything runs."""
        def refused(pattern, **members):
            self.assert_fails(2, pattern, "profile", "check", self.directory / self.recipe("y", **members))

        refused("needs exactly one of ‘steps’ and ‘script’", needs=["common.json"])
        refused(r"steps\[1\]: is longer than the 131071 bytes that a program can get as one argument or variable; a ‘script’ can be longer", steps=["true", "true " + "x" * 131067])
        refused(r"steps\[0\]: is longer", steps=[["echo", "x" * 131072]])
        refused(r"environment\.A: is longer", steps=["true"], environment={"A": "x" * 131070})
        refused(r"variables\[0\]: is longer", steps=["true"], variables=[{"name": "V", "values": ["a", "x" * 131070], "default": "a"}])
        self.run_terrane("profile", "check", self.directory / self.recipe("y", steps=["true " + "x" * 131066], environment={"A": "x" * 131069}))
        refused("version: contains a control character", version="1\n2\x1b[31m", steps=["true"])
        self.assert_fails(2, r"‘.*x\.json’ is a recipe, not a profile; name it in a tree of a profile: \"compile\": {\"recipe\": …}", "build", self.directory / "x.json")
        for n in range(34):
            self.recipe(f"n{n}", steps=["true"], needs=[f"n{n + 1}.json"] if n < 33 else [])
        self.assert_fails(2, r"n33\.json: a chain of needs leads to it that is longer than 32 recipes", "profile", "check", self.directory / "n0.json")
        for prefix in ("/tmp", "/proc/x", "/dev/shm/x"):
            profile = self.write_profile(base=self.base, compile={"in": self.root}, trees=[{"name": "x", "prefix": prefix, "compile": {"recipe": "x.json"}}])
            self.assert_fails(2, rf"the tree's prefix ‘{prefix}’ is below /{prefix.split('/')[1]}, where steps would not see what the recipe needs", "profile", "check", profile)

    def test_with_needs(self):
        """Of what is needed, too, the image gets what is not for compiling alone; nothing is compiled for it."""
        header = "mkdir -p $DESTDIR$PREFIX/include; touch $DESTDIR$PREFIX/include/$NAME.h"
        self.recipe("common", steps=[LIBRARY, header], environment={"NAME": "common"}, development=["include"])
        self.recipe("more", steps=[LIBRARY, header], environment={"NAME": "more"}, needs=["common.json"], development=[])
        paths = lambda **members: sorted(name for name, content in self.files(self.build(
            self.profile(("tree", "x.json", {"variables": {"V": "b"}, **members})), "--no-validate")).items() if content is not None)
        self.assertEqual(paths(), ["opt/share/x"])
        trees = self.compiled()
        self.assertEqual(paths(needs=True), ["opt/include/more.h", "opt/lib/common", "opt/lib/more", "opt/share/x"])
        self.assertEqual(self.compiled(), trees + 1)
        self.assertEqual(paths(needs=True, development=True),
                         ["opt/include/common.h", "opt/include/more.h", "opt/lib/common", "opt/lib/more", "opt/share/x"])
        self.recipe("common", steps=[LIBRARY, header], environment={"NAME": "common"}, development=["include", "lib"])
        self.assertEqual(paths(needs=True), ["opt/include/more.h", "opt/lib/more", "opt/share/x"])
        self.assert_store_is_sound()

    def test_conflicts(self):
        """Recipes that install different files at the same path do not fit together, whatever the profile says of its trees."""
        for name, word in (("b", "one"), ("c", "two"), ("d", "two")):
            self.recipe(name, steps=[f"mkdir -p $DESTDIR$PREFIX; echo {word} > $DESTDIR$PREFIX/f; echo {name} > $DESTDIR$PREFIX/{name}"])
        copy = "mkdir -p $DESTDIR$PREFIX; cp $PREFIX/f $DESTDIR$PREFIX/copy"
        self.recipe("a", needs=["b.json", "c.json"], steps=[copy])
        for overwrite in (False, True, False):
            with self.subTest(overwrite):
                profile = self.write_profile(base=self.base, target="oci", compile={"in": self.root}, trees=[
                    {"name": "t", "prefix": "/opt", "overwrite": overwrite, "compile": {"recipe": "a.json"}}])
                self.assert_fails(2, r"trees\[0\]: a 1\.0: the recipe ‘c’, which it needs, does not fit over ‘in’ and the recipes before it; leave files out with the "
                                     r"‘exclude’ of one of them:\n  /opt/f: differs from the one in ‘b’", "build", "--no-validate", profile)
        self.recipe("a", needs=["c.json", "d.json"], steps=[copy])  # the same file
        record = self.build(self.profile(("tree", "a.json", {"needs": True})), "--no-validate")
        self.assertEqual(self.files(record)["opt/f"], b"two\n")
        # In one tree as in two.
        self.recipe("a", needs=["b.json"], steps=[f"{copy}; echo mine > $DESTDIR$PREFIX/f; ln -s f $DESTDIR$PREFIX/b"])
        profile = self.profile(("tree", "a.json", {"needs": True}))
        self.assert_fails(2, "a: its files do not fit together with those of a recipe that it needs; leave files out with the ‘exclude’ of one of the recipes:"
                             "\n  ‘/opt/b’: differs from the one of ‘b’\n  ‘/opt/f’: differs from the one of ‘b’", "build", "--no-validate", profile)
        self.recipe("a", needs=["b.json"], exclude=["b"], development=["f"], steps=[f"{copy}; echo mine > $DESTDIR$PREFIX/f; ln -s f $DESTDIR$PREFIX/b"])
        self.assertEqual(self.files(self.build(profile, "--no-validate"))["opt/f"], b"one\n")

    def test_with_needs_of_which_one_is_gone(self):
        """Missing needs are fetched and compiled again, even if the result of the recipe itself exists."""
        source = self.source("a.tar.gz", {"top/a": b"a"})
        mirror = self.directory / "mirror"
        mirror.mkdir()
        shutil.copy(self.directory / "a.tar.gz", mirror / source["sha256"])
        self.recipe("common", steps=["mkdir -p $DESTDIR$PREFIX/lib; cp a $DESTDIR$PREFIX/lib/common"],
                    sources=[{"url": f"{NOWHERE}/a.tar.gz", "sha256": source["sha256"]}])
        trees = set((self.store / "cache/trees").glob("*"))
        self.assertEqual(self.files(self.make("common.json", "--source-mirror", mirror))["opt/lib/common"], b"a")
        made = set((self.store / "cache/trees").glob("*")) - trees
        self.make("x.json", "--source-mirror", mirror)
        for path in made:
            path.unlink()
        for path in (self.store / "downloads").glob("blobs/sha256/*"):
            path.unlink()
        profile = self.profile(("tree", "x.json", {"needs": True}))
        self.assert_fails(1, "nor in the mirror|--offline: .*a.tar.gz", "build", "--no-validate", "--offline", profile)
        record = self.build(profile, "--no-validate", "--source-mirror", mirror)
        self.assertEqual(self.files(record)["opt/lib/common"], b"a")


class Mirror(ShellCase):
    """--source-mirror: files by their digest, before the network."""

    def setUp(self):
        super().setUp()
        self.mirror = self.directory / "mirror"
        self.mirror.mkdir()
        source = self.source("a.tar.gz", {"top/a": b"from the mirror"})
        self.sha256 = source["sha256"]
        self.content = (self.directory / "a.tar.gz").read_bytes()
        self.recipe("x", steps=["mkdir -p $DESTDIR$PREFIX; cp a $DESTDIR$PREFIX"], sources=[{"url": f"{NOWHERE}/a.tar.gz", "sha256": self.sha256}])

    def mirrored(self, *arguments, **options):
        return self.make("x.json", "--source-mirror", self.mirror, *arguments, **options)

    def refused(self, pattern, *arguments, exit_code=1):
        self.assert_fails(exit_code, pattern, "build", "--no-validate", "--source-mirror", self.mirror, *arguments,
                          self.profile(("tree", "x.json", {})))
        self.assertEqual(list((self.store / "downloads").glob("blobs/sha256/*")), [])

    def test_sources_of_recipes(self):
        """Also offline, and kept: the next build needs neither."""
        (self.mirror / self.sha256).write_bytes(self.content)
        self.assertEqual(self.files(self.mirrored("--offline"))["opt/a"], b"from the mirror")
        (self.mirror / self.sha256).unlink()
        self.mirrored("--offline")
        self.make("x.json")

    def test_archives_of_trees_and_bases(self):
        """Every file of a profile that has a digest: lock and build take it from there."""
        digest = self.root["sha256"]
        shutil.copy(self.directory / "root.tar", self.mirror / digest)
        (self.mirror / self.sha256).write_bytes(self.content)
        profile = self.write_profile(base={"archive": f"{NOWHERE}/root.tar", "sha256": digest}, trees=[
            {"name": "tree", "prefix": "/opt", "archive": f"{NOWHERE}/a.tar.gz", "sha256": self.sha256}])
        self.run_terrane("lock", profile, "--source-mirror", self.mirror)
        record = self.build(profile, "--no-validate", "--source-mirror", self.mirror)
        self.assertEqual(self.files(record)["opt/top/a"], b"from the mirror")

    def test_a_link_will_do(self):
        (self.mirror / self.sha256).symlink_to(self.directory / "a.tar.gz")
        self.mirrored()

    def test_absent(self):
        """Then the network is asked, and the message says where the file was looked for."""
        self.refused(rf"127\.0\.0\.1.*refused; it is not in the store, nor in the mirror ‘{self.mirror}’")
        self.refused(rf"--offline: .*a\.tar\.gz.* is not in the store, nor in the mirror ‘{self.mirror}’", "--offline")

    def test_other_content(self):
        """A file under a name that is not its digest is never taken, and nothing is asked instead of it."""
        (self.mirror / self.sha256).write_bytes(self.content + b"\0")
        wrong = hashlib.sha256(self.content + b"\0").hexdigest()
        self.refused(rf"--source-mirror: {self.mirror}/{self.sha256}: the content has the digest sha256:{wrong}, expected sha256:{self.sha256}")
        (self.mirror / self.sha256).write_bytes(b"")
        self.refused("the content has the digest sha256:e3b0c442")

    def test_no_file(self):
        os.mkfifo(self.mirror / self.sha256)
        self.refused(rf"{self.sha256}: it is not a file")
        (self.mirror / self.sha256).unlink()
        (self.mirror / self.sha256).mkdir()
        self.refused(rf"{self.sha256}: it is not a file")
        self.mirror = self.directory / "root.tar"
        self.refused(r"--source-mirror: .*root\.tar.*: Not a directory")
        self.mirror = self.directory / "none"
        self.refused(r"--source-mirror: .*none.*: No such file or directory")


class Shipped(TestCase):
    """profiles/recipes, without compiling them."""

    def setUp(self):
        super().setUp()
        self.recipes = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in RECIPES.glob("*.json")}

    def needs(self, name, values):
        """All that a recipe needs, by a walk of our own."""
        found = set()
        for need in self.recipes[name].get("needs", []):
            need = {"recipe": need} if isinstance(need, str) else need
            if all(values[variable] in wanted for variable, wanted in need.get("when", {}).items()):
                found |= {need["recipe"]} | self.needs(need["recipe"], values)
        return found

    def test_they_are_sound(self):
        document = json.loads(self.run_terrane("--json", "profile", "check", *sorted(RECIPES.glob("*.json"))).stdout)
        self.assertEqual([f"{recipe['name']}.json" for recipe in document["recipes"]], sorted(self.recipes))
        digests = [source["sha256"] for recipe in self.recipes.values() for source in recipe["sources"]]
        self.assertEqual(len(set(digests)), len(digests))
        for name, recipe in self.recipes.items():
            with self.subTest(name):
                version = "3530400" if recipe["version"] == "3.53.4" else recipe["version"].replace(".", "")  # SQLite's way to write it
                self.assertIn(version, recipe["sources"][0]["url"].replace("_", "").replace(".", ""))
                self.assertTrue(all(source["url"].startswith("https://") for source in recipe["sources"]))
                self.assertTrue(recipe["license"])
                self.assertTrue(recipe.get("license_files") or name in ("sqlite.json", "gdal-python.json"))  # a script writes one; none is in the sdist

    def test_flavours(self):
        """The small GDAL needs nothing of what the others add."""
        small, normal, full = ({name.removesuffix(".json") for name in self.needs("gdal.json", {"GDAL_FLAVOUR": flavour})}
                               for flavour in ("small", "normal", "full"))
        self.assertEqual(small, {"zlib", "libdeflate", "zstd", "libjpeg-turbo", "libpng", "libwebp", "lerc", "libtiff", "libgeotiff", "sqlite",
                                 "nghttp2", "curl", "geos", "proj"})
        self.assertEqual(normal - small, {"expat", "openjpeg"})
        self.assertEqual(full - normal, {"hdf5", "netcdf"})

    def test_scripts(self):
        """Each is of a recipe."""
        scripts = {recipe["script"] for recipe in self.recipes.values() if "script" in recipe}
        self.assertEqual(scripts, {path.name for path in RECIPES.glob("*.sh")})

    def test_stand_ins_that_are_there(self):
        """scripts/source-mirror asks neither Debian nor crates for what an earlier run has put there, and notices another archive."""
        mirror, copies, recipes = (self.directory / name for name in ("mirror", "copies", "recipes"))
        for directory in (mirror, copies, recipes, self.directory / "bin"):
            directory.mkdir()
        contents = {name: f"stand-in of {name}".encode() for name in ("zlib", "gdal")}
        digests = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
        for name, content in contents.items():
            (mirror / digests[name]).write_bytes(content)
        for name, where in (("zlib", recipes), ("gdal", recipes), ("zlib", copies), ("gdal", copies)):
            recipe = json.loads((RECIPES / f"{name}.json").read_text(encoding="utf-8"))
            if where == copies:
                recipe["sources"][0]["sha256"] = digests[name]
                recipe["version"] = "of an earlier run"
            (where / f"{name}.json").write_text(json.dumps(recipe), encoding="utf-8")
        (self.directory / "bin/python3").symlink_to(shutil.which("python3"))

        def run(*words):
            return subprocess.run(["python3", TOP / "scripts/source-mirror", mirror, "--recipes", recipes, "--stand-ins", copies, *words], check=False,
                                  capture_output=True, text=True, env={"PATH": str(self.directory / "bin")})

        result = run()
        self.assertEqual((result.returncode, result.stderr), (0, "source-mirror: gdal: a stand-in\nsource-mirror: zlib: a stand-in\n"))
        for name in contents:
            copy = json.loads((copies / f"{name}.json").read_text(encoding="utf-8"))
            shipped = json.loads((RECIPES / f"{name}.json").read_text(encoding="utf-8"))
            self.assertEqual((copy["sources"][0]["sha256"], copy["version"]), (digests[name], shipped["version"]))
        changed = json.loads((recipes / "zlib.json").read_text(encoding="utf-8"))
        changed["sources"][0]["url"] += ".new"
        (recipes / "zlib.json").write_text(json.dumps(changed), encoding="utf-8")
        self.assertEqual(run("--only", "zlib").stderr, "source-mirror: apt-get is needed, and is not there; --help says what else is\n")


@unittest.skipUnless(BASE.exists() and have("apt-cache", "gcc", "make", "cmake", "readelf"), "needs profiles/inputs, Debian's gcc, make, cmake and binutils")
class Real(CompileCase):
    """A recipe that comes with terrane, compiled from upstream's very archive, which Debian's source package has."""

    root = {"archive": [{"file": str(BASE)}, {"file": str(COMPILER)}, {"file": str(CMAKE)}]}

    def test_twice_and_used(self):
        """libdeflate and a program that needs it: it runs, finds the library, and all bytes are the same when both are compiled
        again with another number of jobs."""
        make_compiler()
        make_compiler(CMAKE, ("cmake",))
        seeded_store(self.store, base={"archive": str(BASE)})
        subprocess.run([TOP / "scripts/clean-environment", "--package-client", TOP / "scripts/source-mirror", "--only", "libdeflate", SOURCES], check=True)
        library = json.loads((RECIPES / "libdeflate.json").read_text(encoding="utf-8"))
        shutil.copy(RECIPES / "cmake.sh", self.directory)
        self.write("libdeflate.json", json.dumps(library))
        self.write("program.sh", PROGRAM)
        self.recipe("program", needs=["libdeflate.json"], script="program.sh")
        profile = self.profile(("all", "program.json", {"needs": True}), validate={"commands": [
            {"command": ["/opt/bin/program", "a" * 1000], "expect": "^1000 1.23\n$"}]})
        first = self.build(profile, "--source-mirror", SOURCES, "--offline", "--jobs", "2")
        files = self.files(first)
        paths = {name for name, content in files.items() if content is not None and not name.startswith("opt/share/licenses/")}
        self.assertEqual(paths, {"opt/bin/program", "opt/lib/libdeflate.so.0"})
        for name in paths:
            self.assertNotIn(b"/tmp/build", files[name])
            self.write("elf", "").write_bytes(files[name])
            sections = subprocess.run(["readelf", "-SWd", self.directory / "elf"], check=True, capture_output=True, text=True).stdout
            self.assertNotIn(".symtab", sections)
            self.assertNotIn("RUNPATH", sections)  # LD_LIBRARY_PATH of Lambda would win
        self.write("libdeflate.json", json.dumps({**library, "environment": {**library["environment"], "NOTHING": "reads this"}}))
        trees = self.compiled()
        second = self.build(profile, "--jobs", "1")
        self.assertEqual(self.compiled(), trees + 3)
        self.assertEqual(second["digest"], first["digest"])


if __name__ == "__main__":
    unittest.main()
