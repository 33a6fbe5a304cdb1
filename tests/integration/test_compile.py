"""Sources of kind "compile": what recipes make, when they are run again, what keeps steps in, and how they fail."""

import base64
import fcntl
import hashlib
import http.server
import io
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tarfile
import threading
import time
import unittest

from terrane_test import INPUTS, SHARED, TERRANE, TOP, TestCase, have, read_cache_entry, seeded_store

BASE = INPUTS / "debian12-base-amd64.tar.zst"
BUSYBOX = shutil.which("busybox")
COMPILER = SHARED / "compiler-python.tar"  # what a compiler and the headers of Python add to the base

# Says in its text where it was compiled, what it was given, and when.
LIBRARY = {
    "tiny.c": '#include "tiny.h"\nint tiny_answer (void) { return 41; }\nconst char *tiny_file (void) { return __FILE__; }\n',
    "tiny.h": "int tiny_answer (void);\nconst char *tiny_file (void);\n",
    "Makefile": """
all: libtiny.so libtiny.a
libtiny.so: tiny.c tiny.h
\t$(CC) $(CFLAGS) -g -shared -fPIC -o $@ $(CURDIR)/tiny.c
libtiny.a: tiny.c tiny.h
\t$(CC) $(CFLAGS) -c -o tiny.o tiny.c
\tar rcD $@ tiny.o
install: all
\tmkdir -p $(DESTDIR)$(PREFIX)/lib $(DESTDIR)$(PREFIX)/include
\tcp libtiny.so libtiny.a $(DESTDIR)$(PREFIX)/lib
\tcp tiny.h $(DESTDIR)$(PREFIX)/include
""",
}
PATCH = """--- a/tiny.c
+++ b/tiny.c
@@ -1,3 +1,3 @@
 #include "tiny.h"
-int tiny_answer (void) { return 41; }
+int tiny_answer (void) { return 42; }
 const char *tiny_file (void) { return __FILE__; }
"""
PROGRAM = """
cat > program.c <<'END'
#include <stdio.h>
#include <tiny.h>
int main (void) { return printf ("%d %s\\n", tiny_answer (), tiny_file ()) < 0; }
END
gcc $CFLAGS $CPPFLAGS program.c $LDFLAGS -Wl,-rpath,$PREFIX/lib -ltiny -o program
mkdir -p $DESTDIR$PREFIX/bin
cp program $DESTDIR$PREFIX/bin
"""
# A package with an extension module of that library, and a program.
PACKAGE = {
    "pyproject.toml": '[build-system]\nrequires = ["setuptools", "wheel"]\nbuild-backend = "setuptools.build_meta"\n',
    "setup.py": """
from setuptools import Extension, setup
setup(name="tiny-answer", version="1.5", packages=["tiny"], ext_modules=[Extension("tiny._tiny", ["tiny/_tiny.c"], libraries=["tiny"])],
      license_files=["LICENSE"], install_requires=["affine"], entry_points={"console_scripts": ["tiny-answer = tiny:main"]})
""",
    "LICENSE": "Do what you like.\n",
    "tiny/__init__.py": "from tiny._tiny import answer\n\n\ndef main():\n    print(answer())\n",
    "tiny/_tiny.c": """
#include <Python.h>
#include <tiny.h>
static PyObject *answer (PyObject *self, PyObject *none) { return PyLong_FromLong (tiny_answer ()); }
static PyMethodDef methods[] = { { "answer", answer, METH_NOARGS, __FILE__ }, { NULL } };
static struct PyModuleDef module = { PyModuleDef_HEAD_INIT, "_tiny", NULL, -1, methods };
PyMODINIT_FUNC PyInit__tiny (void) { return PyModule_Create (&module); }
""",
}
# The tools that build packages: those of this machine, since the ones that the shipped recipe names are in no package of Debian.
TOOLS = [*pathlib.Path("/usr/share/python-wheels").glob("pip-*.whl"), *pathlib.Path("/usr/share/python-wheels").glob("setuptools-*.whl")]
WHEEL = [*pathlib.Path("/usr/lib/python3/dist-packages").glob("wheel"), *pathlib.Path("/usr/lib/python3/dist-packages").glob("wheel-*")]
INSTALL = "mkdir -p $DESTDIR$PREFIX/share; echo done > $DESTDIR$PREFIX/share/result"


def make_compiler(archive=COMPILER, packages=("gcc", "libc6-dev", "make", "patch", "libpython3-dev")):
    """Of this machine's own packages: installing them would take a minute. What is not below /usr is in the base."""
    SHARED.mkdir(parents=True, exist_ok=True)
    with open(SHARED / "compiler.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if archive.exists():
            return
        words = ["apt-cache", "depends", "--recurse", "--installed", "--important", *packages]
        installed = set(run("dpkg-query", "--show", "--showformat=${Package}\n").splitlines())  # others are alternatives
        names = sorted({line for line in run(*words).splitlines() if line[0].isalnum()} & installed)
        paths = {path for path in run("dpkg-query", "--listfiles", *names).splitlines()
                 if re.match(r"/usr/(bin|lib|libexec|include|share/cmake-[^/]*)/", path) and not re.search(r"/lib([alt]|ub)san|/lto|\.gcno|libpython.*\.a$", path)
                 and not pathlib.Path(path).is_dir()}
        fresh = archive.with_suffix(".fresh")
        subprocess.run(["tar", "--sort=name", "--no-recursion", "-cf", fresh, "-C", "/", "-T", "-"], check=True, text=True,
                       input="".join(f"{path[1:]}\n" for path in sorted(paths)))
        fresh.rename(archive)


def run(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def make_busybox_root(path):
    """A file system that can do nothing but run a shell."""
    with tarfile.open(path, "w") as tar:
        tar.add(BUSYBOX, "bin/busybox")
        for name in run(BUSYBOX, "--list").split():
            if name != "busybox":
                link = tarfile.TarInfo(f"bin/{name}")
                link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                tar.addfile(link)


class CompileCase(TestCase):
    base = {"archive": str(BASE)}

    def recipe(self, name, **members):
        """Writes a recipe; its own members count."""
        self.write(f"{name}.json", json.dumps({"name": name, "version": "1.0", **members}))
        return f"{name}.json"

    def source(self, name, members, **more):
        with tarfile.open(self.directory / name, "w:gz") as tar:
            for path, content in members.items():
                member = tarfile.TarInfo(path)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
        return {"file": name, "sha256": hashlib.sha256((self.directory / name).read_bytes()).hexdigest(), **more}

    def profile(self, *trees, **members):
        return self.write_profile(base=self.base, target="oci", compile={"in": self.root}, trees=[
            {"name": name, "prefix": "/opt", "compile": {"recipe": recipe, **more}} for name, recipe, more in trees], **members)

    def make(self, recipe, *arguments, **options):
        return self.build(self.profile(("tree", recipe, {})), "--no-validate", *arguments, **options)

    def files(self, record, layer=-1):
        """Path and content of what a layer has, directories as None, without the documents of recipes."""
        return {path: content for path, content in self.all_files(record, layer).items() if "/share/terrane" not in path}

    def all_files(self, record, layer=-1):
        manifest = self.read_json_blob(record["digest"])
        with self.open_layer(manifest["layers"][layer]) as tar:
            return {member.name: tar.extractfile(member).read() if member.isfile() else None for member in tar}

    def why(self, name):
        return json.loads(self.run_terrane("--json", "why", "test:latest", name).stdout)

    def document(self, record, name, layer=-1):
        return json.loads(self.all_files(record, layer)[f"opt/share/terrane/recipes/{name}.json"])

    def log_path(self, name):
        """Returns the path of the only log of that recipe."""
        [path] = (path for path in (self.store / "logs").iterdir() if re.fullmatch(rf"{name}-[0-9a-f]{{12}}\.log", path.name))
        return path

    def compiled(self):
        """How many trees the store knows: of each recipe that was compiled what it made, too."""
        return len(list((self.store / "cache/trees").glob("*")))


@unittest.skipUnless(BUSYBOX, "needs busybox")
class ShellCase(CompileCase):
    """Steps of a shell, in a file system that has nothing else."""

    def setUp(self):
        super().setUp()
        make_busybox_root(self.directory / "root.tar")
        digest = hashlib.sha256((self.directory / "root.tar").read_bytes()).hexdigest()
        self.base = self.root = {"archive": "root.tar", "sha256": digest}

    def fails(self, pattern, exit_code=1, **members):
        trees = self.compiled()
        profile = self.profile(("tree", self.recipe("x", **members), {}))
        result = self.assert_fails(exit_code, pattern, "build", "--no-validate", profile)
        self.assertLessEqual(self.compiled() - trees, 1 + len(members.get("sources", [])))  # the base, nothing under the recipe's key
        self.assertEqual(list((self.store / "roots").glob(".compile-*")), [])
        return result


class Shell(ShellCase):
    """A recipe without a compiler."""

    def test_sealed(self):
        """Everything that a step can ask for is the same everywhere, and nothing of this machine is there."""
        script = """
mkdir -p $DESTDIR$PREFIX/share
exec > $DESTDIR$PREFIX/share/facts
env | grep -v -e ^PWD= -e ^OLDPWD= -e ^_= -e ^SHLVL= -e ^JOBS= | sort
uname -n; id -u; umask; pwd; date +%Y | tr -d 0-9
stat -c "%Y %n" given sub sub/other
ls /sys/class/net 2>/dev/null | grep -v lo || true
touch /usr/file 2>/dev/null && echo written
ls "$HIDDEN" 2>/dev/null || true
cat given
nproc; grep -c ^processor /proc/cpuinfo; grep -c "^cpu[0-9]" /proc/stat; cat /proc/loadavg; grep MemTotal /proc/meminfo
for name in /proc/[a-z]*; do if [ -r $name ] && [ ! -L $name ] && [ -n "$(ls -A $name/. 2>/dev/null || head -c 1 $name)" ]; then echo $name; fi; done
"""
        self.write("steps.sh", script)
        source = self.source("given.tar.gz", {"top/given": b"content\n", "top/sub/other": b""})
        record = self.make(self.recipe("facts", sources=[source], script="steps.sh", memory="2GB",
                                       environment={"HIDDEN": str(self.directory), "TZ": "Asia/Tokyo"}),
                           env={"SECRET": "x"})
        lines = self.files(record)["opt/share/facts"].decode().splitlines()
        self.assertEqual(lines, [
            "CFLAGS=-O2 -ffile-prefix-map=/tmp/build/src=.", "CXXFLAGS=-O2 -ffile-prefix-map=/tmp/build/src=.",
            "DESTDIR=/tmp/build/out", f"HIDDEN={self.directory}", "HOME=/tmp", "LC_ALL=C",
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "PREFIX=/opt", "SOURCE_DATE_EPOCH=315532800",
            "TMPDIR=/tmp", "TZ=Asia/Tokyo", "localhost", "993", "0022", "/tmp/build/src", "",
            "315532800 given", "315532800 sub", "315532800 sub/other", "content",
            "1", "1", "1", "0.00 0.00 0.00 1/1 1", "MemTotal:        1953125 kB",
            *(f"/proc/{name}" for name in ("cpuinfo", "filesystems", "loadavg", "meminfo", "stat", "sys", "uptime", "version"))])

    def test_once(self):
        """A recipe is run again when something changed that its result depends on, and what it needs is not."""
        need = {"steps": ["mkdir -p $DESTDIR$PREFIX/lib; cat /proc/sys/kernel/random/uuid > $DESTDIR$PREFIX/lib/stamp"]}
        user = {"needs": ["need.json"], "steps": ["mkdir -p $DESTDIR$PREFIX/lib; cp $PREFIX/lib/stamp $DESTDIR$PREFIX/lib/copy"]}
        self.recipe("need", **need)

        def stamp():
            return self.files(self.make("user.json"))["opt/lib/copy"]

        self.recipe("user", **user)
        first = stamp()
        self.assertEqual(stamp(), first)
        self.recipe("user", **user, timeout="5m", memory="1GB", tmp="1MB")  # no result depends on them
        trees = self.compiled()
        self.assertEqual(stamp(), first)
        self.assertEqual(self.compiled(), trees)
        self.recipe("user", **user, environment={"A": "b"})
        self.assertEqual(stamp(), first)
        self.assertEqual(self.compiled(), trees + 2)  # what the user made, and the image's tree
        self.recipe("need", **need, environment={"A": "b"})
        self.assertNotEqual(stamp(), first)
        record = self.build(self.profile(("need", "need.json", {}), ("user", "user.json", {})), "--no-validate")
        self.assertEqual(self.files(record, -2)["opt/lib/stamp"], self.files(record)["opt/lib/copy"])

    def test_what_else_is_compiled_does_not_matter(self):
        """A recipe gives the same files, whichever recipe of a profile needed it, and in which order that one lists its needs."""
        for name in ("a", "z"):
            self.recipe(name, steps=[INSTALL.replace("result", name)])
        self.recipe("user", needs=["z.json", "a.json"], steps=[INSTALL.replace("result", "user")])
        self.recipe("last", needs=["a.json", "user.json"], steps=[INSTALL.replace("result", "last")])
        alone = self.all_files(self.make("user.json"))
        self.assertEqual([need["name"] for need in json.loads(alone["opt/share/terrane/recipes/user.json"])["needs"]], ["z", "a"])
        shutil.rmtree(self.store)
        self.make("last.json")
        record = self.make("user.json")
        self.assertEqual(self.all_files(record), alone)

    def test_a_copy_of_the_root(self):
        """An archive that is compiled in counts by its content, wherever it is and however old, and with another one all is compiled again."""
        recipe = self.recipe("x", steps=["mkdir -p $DESTDIR$PREFIX; cat /proc/sys/kernel/random/uuid > $DESTDIR$PREFIX/stamp"])
        self.root = {"archive": "root.tar"}
        first = self.files(self.make(recipe))["opt/stamp"]
        os.link(self.directory / "root.tar", self.directory / "link.tar")  # another ctime
        self.assertEqual(self.files(self.make(recipe))["opt/stamp"], first)
        shutil.copy(self.directory / "root.tar", self.directory / "copy.tar")
        self.root = {"archive": "copy.tar"}
        self.assertEqual(self.files(self.make(recipe))["opt/stamp"], first)
        with tarfile.open(self.directory / "copy.tar", "a") as tar:
            tar.addfile(tarfile.TarInfo("etc"))
        self.assertNotEqual(self.files(self.make(recipe))["opt/stamp"], first)

    def test_kept(self):
        install = "cd $DESTDIR; mkdir -p opt/lib/pkgconfig opt/include opt/share/doc opt/bin; " \
                  "touch opt/lib/x.so opt/lib/x.a opt/lib/pkgconfig/x.pc opt/include/x.h opt/share/doc/x opt/bin/x opt/bin/y"
        recipe = self.recipe("x", steps=[install], exclude=["bin/y"])
        self.assertEqual({name for name, content in self.files(self.make(recipe)).items() if content is not None},
                         {"opt/lib/x.so", "opt/bin/x"})
        with_all = self.build(self.profile(("tree", recipe, {"development": True})), "--no-validate")
        self.assertEqual({name for name, content in self.files(with_all).items() if content is not None},
                         {"opt/lib/x.so", "opt/lib/x.a", "opt/lib/pkgconfig/x.pc", "opt/include/x.h", "opt/share/doc/x", "opt/bin/x"})
        own = self.recipe("x", steps=[install], include=["bin"], development=["bin/y"])
        self.assertEqual({name for name, content in self.files(self.make(own)).items() if content is not None}, {"opt/bin/x"})

    @unittest.skipUnless(have("gcc"), "needs gcc")
    def test_verify_compile(self):
        """A recipe is run twice, with other JOBS; what differs is named, down to the section."""
        libraries = {}
        for word in ("even", "odd"):
            source = self.write("x.c", f'const char *word (void) {{ return "{word:4}"; }}\n')
            subprocess.run(["gcc", "-shared", "-nostdlib", "-Wl,--build-id=none", "-o", self.directory / word, source], check=True)
            libraries[word] = (self.directory / word).read_bytes()
        sources = [self.source("s.tar", {f"s/{word}": library for word, library in libraries.items()})]
        lib = self.recipe("lib", sources=sources, steps=["mkdir -p $DESTDIR$PREFIX/share; echo same > $DESTDIR$PREFIX/share/lib"])
        good = self.recipe("good", needs=[lib], steps=["mkdir -p $DESTDIR$PREFIX/share; cp $PREFIX/share/lib $DESTDIR$PREFIX/share/good"])
        record = self.build(self.profile(("lib", lib, {}), ("tree", good, {})), "--no-validate", "--verify-compile", "--jobs", "2")
        self.assertEqual(record["verified"]["compiled"], [{"recipe": f"{name} 1.0", "compared": True, "files": [], "jobs": {"first": [2], "second": [1]}}
                                                          for name in ("lib", "good")])
        # The stored results were made with 2, whatever --jobs says now.
        text = self.run_terrane("build", "--no-validate", self.profile(("lib", lib, {}), ("tree", good, {})), "--verify-compile", "--jobs", "3").stdout
        self.assertIn("compiled again: 2 of 2 recipes compared, all equal\n  lib 1.0: JOBS was 2, then 1\n  good 1.0: JOBS was 2, then 1\n", text)
        bad = self.recipe("bad", needs=[lib], sources=sources, steps=[
            "out=$DESTDIR$PREFIX; mkdir -p $out/lib $out/share; [ $JOBS = 1 ] && word=odd || word=even; cp $(find / -name $word 2>/dev/null) $out/lib/x.so; "
            "echo for $JOBS > $out/share/jobs; chmod 64$JOBS $out/share/jobs; [ $JOBS = 1 ] || touch $out/share/more; touch $out/share/mode; chmod 64$JOBS $out/share/mode; "
            "[ $JOBS = 1 ] && mkdir $out/share/type || ln -s mode $out/share/type; ln -s $JOBS $out/share/target"])
        profile = self.profile(("tree", bad, {}))
        result = self.run_terrane("--json", "build", "--no-validate", profile, "--verify-compile", "--jobs", "2", exit_code=4)
        document = json.loads(result.stdout)
        self.assertEqual((document["error"]["code"], document["passed"]), ("different", False))
        rodata = next(i for i, (x, y) in enumerate(zip(libraries["even"], libraries["odd"])) if x != y)
        self.assertEqual(document["verified"]["compiled"], [
            {"recipe": "lib 1.0", "compared": True, "files": [], "jobs": {"first": [2], "second": [1]}}, {
                "recipe": "bad 1.0", "compared": True, "jobs": {"first": [2], "second": [1]}, "files": [
                    {"path": "/opt/lib/x.so", "attribute": "content", "section": ".rodata", "sections": [".rodata"], "section_offset": 0, "offset": rodata},
                    {"path": "/opt/share/jobs", "attribute": "content", "offset": 4},
                    {"path": "/opt/share/mode", "attribute": "mode", "from": "0642", "to": "0641"},
                    {"path": "/opt/share/more", "attribute": "present", "only_in": "first"},
                    {"path": "/opt/share/target", "attribute": "target", "from": "2", "to": "1"},
                    {"path": "/opt/share/type", "attribute": "type", "from": "link", "to": "directory"}]}])
        self.assertRegex(document["error"]["message"], "bad 1.0: ‘/opt/lib/x.so’: content, section ‘.rodata’, byte 0 of it; look in its steps for what depends on JOBS")
        self.assertEqual(list((self.store / "roots").glob(".*")), [])
        text = self.run_terrane("build", "--no-validate", profile, "--verify-compile", "--jobs", "2", exit_code=4)
        self.assertIn("bad 1.0: 6 paths differ\n  ‘/opt/lib/x.so’: content, section ‘.rodata’, byte 0 of it\n  ‘/opt/share/jobs’: content, byte 4\n"
                      "  ‘/opt/share/mode’: mode 0642 → 0641\n  ‘/opt/share/more’: only the first compilation has it\n  ‘/opt/share/target’: target 2 → 1\n"
                      "  ‘/opt/share/type’: type link → directory\n  JOBS was 2, then 1\n", text.stdout)

    def test_in_image(self):
        """The file system to compile in may be an image: another one under the same name is another key."""
        self.recipe("x", steps=["mkdir -p $DESTDIR$PREFIX; cp /given $DESTDIR$PREFIX"])
        results = []
        for content in ("one", "two", "two"):
            self.write("extra/given", content)
            self.build(self.write_profile("in.json", name="in", base=self.base, trees=[{"name": "extra", "directory": "extra", "prefix": "/"}]),
                       "--no-validate", "--no-lock")
            self.root = {"image": f"oci:{self.store}/images:in:latest"}
            results.append(self.files(self.make("x.json"))["opt/given"].decode())
        self.assertEqual(results, ["one", "two", "two"])
        self.assertIn("in", json.loads((self.directory / "profile.lock.json").read_text())["platforms"]["linux/amd64"]["trees"]["tree"])

    def test_lock(self):
        """The lock has every file of the recipes; --locked refuses another one."""
        self.recipe("need", steps=[INSTALL])
        source = self.source("a.tar.gz", {"top/a": b"a"})
        self.write("steps.sh", "mkdir -p $DESTDIR$PREFIX; cp a $DESTDIR$PREFIX")
        profile = self.profile(("tree", self.recipe("x", sources=[source], needs=["need.json"], script="steps.sh"), {}))
        self.build(profile, "--no-validate")
        entry = json.loads((self.directory / "profile.lock.json").read_text())["platforms"]["linux/amd64"]["trees"]["tree"]
        digest = lambda name: {"file": name, "sha256": hashlib.sha256((self.directory / name).read_bytes()).hexdigest()}
        self.assertEqual(entry["recipe"], "x.json")
        self.assertEqual(entry["inputs"], [digest(name) for name in ("need.json", "x.json", "a.tar.gz", "steps.sh")])
        self.assertEqual(entry["in"], json.loads((self.directory / "profile.lock.json").read_text())["platforms"]["linux/amd64"]["base"])
        self.build(profile, "--no-validate", "--locked")
        self.write("steps.sh", "true")
        self.assert_fails(4, r"tree: steps.sh: sha256 \w{12} → \w{12}", "build", "--no-validate", "--locked", profile)

    def test_url(self):
        """A source of a web server is fetched by its digest, and not again."""
        asked = []
        archive = self.source("served.tar.gz", {"top/a": b"from the server"})
        content = (self.directory / "served.tar.gz").read_bytes()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            source = {"url": f"http://127.0.0.1:{server.server_port}/a.tar.gz", "sha256": archive["sha256"]}
            steps = ["mkdir -p $DESTDIR$PREFIX; cp a $DESTDIR$PREFIX"]
            self.assertEqual(self.files(self.make(self.recipe("x", sources=[source], steps=steps)))["opt/a"], b"from the server")
            self.make(self.recipe("x", sources=[source], steps=steps, environment={"A": "b"}))
            self.assertEqual(asked, ["/a.tar.gz"])
            self.fails(r"profile\.json: trees\[0\]: .*x\.json: sources\[0\]: downloading ‘http.*/a\.tar\.gz’: the content has .* expected sha256:0{64}; "
                       "if ‘sha256’ is right, the server has another file", sources=[{**source, "sha256": "0" * 64}], steps=steps)
            asked.clear()
            # The place of a source does not matter for compiling again; possible secrets in it stay out of the image.
            trees = self.compiled()
            secret = {**source, "url": source["url"].replace("127", "user:secret@127") + "?token=secret"}
            record = self.make(self.recipe("x", sources=[secret], steps=steps, environment={"A": "b"}))
            self.assertEqual(self.compiled(), trees)
            self.assertEqual(self.document(record, "x")["sources"], [source])
            self.assertNotIn("secret", json.dumps(record))
            self.fails(r"127\.0\.0\.1.*sha256", sources=[{**source, "sha256": "0" * 64}], steps=steps)
            server.shutdown()

    def test_sources_through_links(self):
        """A source leads no later one out of the build root, by a directory of its own or by its ‘directory’; files may replace links."""
        outside = self.directory / "outside"
        outside.mkdir()
        with tarfile.open(self.directory / "link.tar.gz", "w:gz") as tar:
            link = tarfile.TarInfo("top/sub")
            link.type, link.linkname = tarfile.SYMTYPE, str(outside)
            tar.addfile(link)
        first = {"file": "link.tar.gz", "sha256": hashlib.sha256((self.directory / "link.tar.gz").read_bytes()).hexdigest()}
        message = r"x\.json: sources\[1\]: unpacking: ‘sub’ is a directory, and a symbolic link in what was unpacked before"
        self.fails(message, sources=[first, self.source("a.tar.gz", {"top/sub/file": b"a"})], steps=[INSTALL])
        self.fails(message, sources=[first, self.source("b.tar.gz", {"top/file": b"b"}, directory="sub")], steps=[INSTALL])
        self.fails("‘sub’ is not a directory, and one in what was unpacked before",
                   sources=[self.source("a.tar.gz", {"top/sub/file": b"a"}), self.source("c.tar.gz", {"top/sub": b"c"})], steps=[INSTALL])
        self.assertEqual(list(outside.iterdir()), [])
        self.make(self.recipe("x", sources=[first, self.source("c.tar.gz", {"top/sub": b"c"})], steps=["[ ! -L sub ]; " + INSTALL]))
        self.assertEqual(list(outside.iterdir()), [])

    def test_read_only_directories(self):
        """Of sources, where a later one may have something, and of the output, where terrane adds something: they do not depend on the user that builds."""
        with tarfile.open(self.directory / "ro.tar.gz", "w:gz") as tar:
            for name, mode in (("top/ro", 0o555), ("top/closed", 0)):
                directory = tarfile.TarInfo(name)
                directory.type, directory.mode = tarfile.DIRTYPE, mode
                tar.addfile(directory)
        first = {"file": "ro.tar.gz", "sha256": hashlib.sha256((self.directory / "ro.tar.gz").read_bytes()).hexdigest()}
        recipe = self.recipe("x", sources=[first, self.source("a.tar.gz", {"top/ro/file": b"a", "top/closed/file": b"b"})], steps=[
            "cat closed/file; touch ro/new", INSTALL, "stat -c %a ro closed > $DESTDIR$PREFIX/share/modes; chmod 555 $DESTDIR$PREFIX $DESTDIR$PREFIX/share"])
        record = self.make(recipe)
        self.assertEqual(self.files(record)["opt/share/modes"], b"755\n700\n")
        with self.open_layer(self.read_json_blob(record["digest"])["layers"][-1]) as tar:
            self.assertEqual(tar.getmember("opt/share").mode, 0o755)

    def test_license(self):
        """The texts of licences come out of the sources before any step, and nothing that steps or archives do leads elsewhere."""
        source = self.source("a.tar.gz", {"a-1/COPYING": b"terms", "a-1/doc/MORE": b"more"})
        install = "rm -r doc; echo changed > COPYING; mkdir -p $DESTDIR$PREFIX/bin; echo > $DESTDIR$PREFIX/bin/a"
        members = {"sources": [source], "license": "MIT AND Zlib", "license_files": ["COPYING", "doc/MORE"], "steps": [install], "include": ["bin"]}
        record = self.make(self.recipe("x", **members))
        places = {"opt/share/licenses/x/COPYING": b"terms", "opt/share/licenses/x/doc/MORE": b"more"}
        self.assertEqual({path: content for path, content in self.files(record).items() if content is not None}, {"opt/bin/a": b"\n", **places})
        sha256 = lambda content: hashlib.sha256(content).hexdigest()
        [entry] = record["recipes"]
        self.assertEqual(entry["license"], "MIT AND Zlib")
        self.assertEqual(entry["license_files"], [{"source": path[len("opt/share/licenses/x/"):], "path": f"/{path}", "sha256": sha256(content)}
                                                  for path, content in places.items()])
        trees = self.compiled()
        again = self.make(self.recipe("x", **{**members, "license": "MIT"}))
        self.assertEqual(self.compiled(), trees + 1)  # the image's tree; what it is called compiles nothing
        self.assertEqual(self.document(again, "x")["license"], "MIT")
        self.fails("license_files: ‘LICENSE’ in the sources: opening ‘LICENSE’: No such file", **{**members, "license_files": ["LICENSE"]})
        outside = "mkdir -p $DESTDIR$PREFIX; ln -s /tmp $DESTDIR$PREFIX/share"
        self.fails("‘share/licenses/x/COPYING’ below the prefix: opening the directory ‘share’: Not a directory",
                   **{**members, "license_files": ["COPYING"], "steps": [outside]})
        with tarfile.open(self.directory / "link.tar", "w") as tar:
            for name, target in (("a-1/COPYING", "/etc/passwd"), ("a-1/doc", "/etc")):
                link = tarfile.TarInfo(name)
                link.type, link.linkname = tarfile.SYMTYPE, target
                tar.addfile(link)
        link = {"file": "link.tar", "sha256": sha256((self.directory / "link.tar").read_bytes())}
        for path, message in (("COPYING", "‘COPYING’ is a symbolic link"), ("doc/passwd", "opening the directory ‘doc’: Not a directory")):
            self.fails(message, **{**members, "sources": [link], "license_files": [path]})

    def test_provenance(self):
        """A recipe in the record, the image and `why`: nothing of the machine, no password, all that it was compiled with."""
        source = self.source("a.tar.gz", {"top/a": b"a"})
        self.recipe("zlib", version="1.3", steps=[INSTALL])
        self.recipe("proj", version="9.6.0", needs=["zlib.json"], steps=["mkdir -p $DESTDIR$PREFIX/lib; echo > $DESTDIR$PREFIX/lib/proj"])
        profile = self.profile(("gdal", self.recipe("gdal", version="3.12.1", license="MIT", sources=[source], needs=["proj.json"],
                                                    steps=["mkdir -p $DESTDIR$PREFIX/lib; cp a $DESTDIR$PREFIX/lib/libgdal.so.36"]), {}))
        record = self.build(profile, "--no-validate")
        zlib, proj, gdal = record["recipes"]
        self.assertEqual([(each["name"], each["version"], each["needs"], each.get("tree")) for each in record["recipes"]],
                         [("zlib", "1.3", [], None), ("proj", "9.6.0", ["zlib"], None), ("gdal", "3.12.1", ["proj"], "gdal")])
        self.assertEqual(gdal["sources"], [{"file": "a.tar.gz", "sha256": source["sha256"]}])
        document = self.document(record, "gdal")
        commits = {member["key"]: read_cache_entry(self.store / "cache/trees" / member["key"])["commit"] for member in record["recipes"]}
        needs = [{"name": each["name"], "version": each["version"], "commit": commits[each["key"]]} for each in (zlib, proj)]
        self.assertEqual(document, {"format": 1, "name": "gdal", "version": "3.12.1", "commit": commits[gdal["key"]], "license": "MIT",
                                    "sources": gdal["sources"], "patches": [], "needs": needs, "files": ["lib/libgdal.so.36"]})
        answer = self.why("libgdal.so.36")
        self.assertEqual([file["recipe"] for file in answer["files"]], ["gdal"])
        self.assertEqual([(each["name"], each["tree"], each["needs"], each["sources"]) for each in answer["recipes"]],
                         [("gdal", "gdal", needs, gdal["sources"])])
        brief = self.run_terrane("why", "test:latest", "/opt/lib/libgdal.so.36").stdout
        self.assertIn("\ncompiled by the recipe gdal, version 3.12.1, licence MIT\n", brief)
        self.assertIn(f"\n  source a.tar.gz, sha256 {source['sha256']}\n  needs zlib 1.3, proj 9.6.0\n", brief)
        text = self.run_terrane("why", "--verbose", "test:latest", "/opt/lib/libgdal.so.36").stdout
        for line in ("compiled by the recipe gdal, version 3.12.1, licence MIT", f"  source a.tar.gz, sha256 {source['sha256']}",
                     "  needs zlib, version 1.3", "  needs proj, version 9.6.0"):
            self.assertIn(f"\n{line}\n", text)
        self.assertNotIn("recipes", self.why("/bin/busybox"))
        self.assertEqual(self.build(profile, "--no-validate")["recipes"], record["recipes"])  # of an unchanged image, too

    def test_compiled_against(self):
        """A recipe compiled against another version or build of a recipe than that in the image: one finding for each cause."""
        def proj(name, version, installs="proj", **more):
            self.write(f"{name}.json", json.dumps({"name": "proj", "version": version, **more,
                                                   "steps": [f"mkdir -p $DESTDIR$PREFIX/lib; echo {version} > $DESTDIR$PREFIX/lib/{installs}"]}))

        def recipe_findings(profile, exit_code=0):
            document = json.loads(self.run_terrane("--json", "check", profile, exit_code=exit_code).stdout)
            return [finding for finding in document["findings"] if finding["id"].startswith("recipe.")]

        def findings(other, exit_code=0, **more):
            proj("present", other, **more)
            profile = self.profile(("proj", "present.json", {}), ("gdal", "gdal.json", {}), ("rasterio", "rasterio.json", {}))
            return recipe_findings(profile, exit_code)

        proj("used", "9.6.0")
        for name, needs in (("gdal", ["used.json"]), ("rasterio", ["gdal.json"])):
            self.recipe(name, needs=needs, steps=[f"mkdir -p $DESTDIR$PREFIX/lib; echo > $DESTDIR$PREFIX/lib/{name}"])
        self.assertEqual(findings("9.6.0"), [])
        for other, severity, kind, words in (("9.5.1", "error", "version", "‘gdal’ was compiled against version ‘9.6.0’ of ‘proj’, and the image has "
                                                                           "version ‘9.5.1’: ‘/opt/share/terrane/recipes/proj.json’ in ‘proj’"),
                                             ("9.60.0", "error", "version", "version ‘9.60.0’"), ("9", "error", "version", "version ‘9’"),
                                             ("9.6.1", "warning", "version", "version ‘9.6.1’")):
            [finding] = findings(other, 3 if severity == "error" else 0)
            self.assertEqual((finding["id"], finding["severity"]), (f"recipe.other-{kind}", severity), other)
            self.assertIn(words, finding["message"])
            self.assertEqual([file["tree"] for file in finding["files"]], ["gdal", "rasterio"])
        self.assertEqual(findings("9.6.0", environment={"CFLAGS": "-O3"}), [])  # which makes the same
        [finding] = findings("9.6.0", installs="other")
        self.assertEqual((finding["id"], finding["severity"]), ("recipe.other-build", "warning"))
        # Invalid documents of untrusted images are ignored.
        for content in ("", "[]", "{}", '{"name": 1}', '{"name": "proj", "version": "1", "commit": "x", "sources": [], "patches": [], "needs": [1]}'):
            self.write("foreign/proj.json", content)
            profile = self.write_profile(base=self.base, target="oci", trees=[
                {"name": "gdal", "prefix": "/opt", "compile": {"recipe": "gdal.json", "in": self.root}},
                {"name": "foreign", "directory": "foreign", "prefix": "/usr/share/terrane/recipes"}])
            self.assertEqual(recipe_findings(profile), [])

    def test_failures(self):
        source = self.source("a.tar.gz", {"top/a": b"a"})
        result = self.fails(r"trees\[0\]: x 1\.0: step 2 of 2 \(‘echo two; exit 7’\) failed with exit code 7\n  two\n  the whole log: .*/logs/x-[0-9a-f]{12}\.log\n",
                            steps=["echo one", "echo two; exit 7"])
        log = result.split("the whole log: ")[1].splitlines()[0]
        with open(log, encoding="utf-8") as file:
            self.assertEqual(file.read(), "x 1.0\n+ step 1 of 2 (‘echo one’)\none\n+ step 2 of 2 (‘echo two; exit 7’)\ntwo\n")
        for step in (["cmake", "."], "cmake .", "true; cmake ."):
            with self.subTest(step):
                self.fails(r"the file system that the recipe is compiled in has no program ‘cmake’; add it to ‘in’", steps=[step])
        self.fails("installed nothing below \\$DESTDIR/opt", steps=["true"])
        self.fails("installed nothing below \\$DESTDIR/opt", steps=["mkdir -p $DESTDIR$PREFIX"])
        self.fails("have installed ‘/usr’, which is not below the tree's prefix /opt",
                   steps=["mkdir -p $DESTDIR/usr/lib $DESTDIR$PREFIX/lib; touch $DESTDIR$PREFIX/lib/x"])
        self.fails("install with DESTDIR", steps=["mkdir /lib"])
        self.fails("killed: the 1 s of the recipe's ‘timeout’ for all steps were over", steps=["sleep 60"], timeout=1)
        self.fails("more than the recipe's ‘memory’ of 60.0 MB", memory="60MB",
                   steps=["dd if=/dev/zero of=/dev/null bs=200M count=9"])
        self.fails("/tmp is full", tmp="1MB", steps=["dd if=/dev/zero of=/tmp/file bs=1M count=2"])
        self.fails("steps have no network", steps=["echo 'curl: (6) Could not resolve host: example.org'; exit 6"])
        self.fails("‘include’ and ‘exclude’ leave no file", steps=[INSTALL], include=["nothing/**"])
        self.fails("installed directories without any file", steps=["mkdir -p $DESTDIR$PREFIX/share"])
        self.fails("steps are an ordinary user", steps=["touch file; chmod 4755 file"])
        self.fails(r"x\.json: sources\[0\]: .*a\.tar\.gz has the sha256 [0-9a-f]{64}, but ‘sha256’ says 0{64}", sources=[{**source, "sha256": "0" * 64}], steps=[INSTALL])
        self.fails(r"\.\./evil", sources=[self.source("evil.tar.gz", {"../evil": b"x"}, strip_components=0)], steps=[INSTALL])
        self.write("x.patch", PATCH)
        self.fails("the patch ‘x.patch’ does not apply to the sources\n", sources=[source], patches=["x.patch"], steps=[INSTALL])
        self.fails(r"x\.json: what its steps have installed: \$DESTDIR/opt: the path ‘a\\xff’ is not UTF-8", steps=["mkdir -p $DESTDIR$PREFIX; touch $DESTDIR$PREFIX/$(printf 'a\\377')"])
        self.fails("begins with ‘.wh.’ deletes files, so no image can have it; remove it in a step", 2, steps=["mkdir -p $DESTDIR$PREFIX; touch $DESTDIR$PREFIX/.wh.x"])
        self.fails("begins with ‘.wh.’ deletes files, so no image can have it; pack the archive without it", 2, sources=[self.source("wh.tar.gz", {"top/.wh.x": b""})], steps=[INSTALL])
        self.fails(r"installed devices, fifos or sockets \(1\), which no image can have", steps=["mkdir -p $DESTDIR$PREFIX; mkfifo $DESTDIR$PREFIX/fifo"])
        self.recipe("y", needs=["x.json"], steps=[INSTALL])
        self.fails(r"in a circle: .*x\.json needs .*y\.json needs .*x\.json", 2, needs=["y.json"], steps=[INSTALL])
        self.make(self.recipe("x", steps=[INSTALL]))
        self.assert_store_is_sound()

    def test_fork_bomb(self):
        self.fails("killed: it had more than 1024 processes and threads", steps=["while :; do sleep 60 & done"])

    def test_only_in_bubblewrap(self):
        profile = self.profile(("tree", self.recipe("x", steps=[INSTALL]), {}))
        self.assert_fails(1, "compiling needs bubblewrap's sandbox", "build", "--sandbox", "none", profile)

    def test_killed(self):
        """A build that is killed leaves nothing that the next one takes for finished, and gc removes what it left."""
        recipe = self.recipe("x", steps=[INSTALL, "sleep 60"])
        process = subprocess.Popen([TERRANE, "--store", str(self.store), "-q", "build", "--no-validate", str(self.profile(("tree", recipe, {})))])
        deadline = time.monotonic() + 60
        while not list((self.store / "roots").glob(".compile-*/out/opt/share/result")):
            self.assertLess(time.monotonic(), deadline)
            self.assertIsNone(process.poll())
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.assertEqual(self.compiled(), 1)  # the base
        self.assertEqual(len(list((self.store / "roots").glob(".compile-*"))), 1)
        self.run_terrane("gc")
        self.assertEqual(list((self.store / "roots").glob(".compile-*")), [])


@unittest.skipUnless(BASE.exists() and have("apt-cache", "gcc", "make", "patch"), "needs profiles/inputs, Debian's gcc, make and patch")
class Compiler(CompileCase):
    root = {"archive": [{"file": str(BASE)}, {"file": str(COMPILER)}]}

    def test_library_and_program(self):
        """A library and a program that needs it: patched, without headers in the image, and the same bytes when compiled again
        with another number of jobs."""
        make_compiler()
        seeded_store(self.store, base={"archive": str(BASE)})
        source = self.source("tiny.tar.gz", {f"tiny-1.0/{name}": text.encode() for name, text in LIBRARY.items()})
        self.write("answer.patch", PATCH)
        self.write("program.sh", PROGRAM)
        library = {"sources": [source], "patches": ["answer.patch"], "steps": ["make CC=gcc -j$JOBS all", ["make", "install"]]}
        program = {"needs": ["tiny.json"], "script": "program.sh"}
        profile = self.profile(("library", self.recipe("tiny", **library), {}), ("program", self.recipe("program", **program), {"in": self.root}),
                               validate={"commands": [{"command": ["/opt/bin/program"], "expect": "^42 \\./tiny\\.c\n$"}]})
        first = self.build(profile)
        self.assertEqual({name for name, content in self.files(first, -2).items() if content is not None}, {"opt/lib/libtiny.so"})
        self.assertNotIn(b"/tmp/build", self.files(first, -2)["opt/lib/libtiny.so"])
        trees = self.compiled()
        self.recipe("tiny", **library, environment={"NOTHING": "reads this"})
        second = self.build(profile, "--jobs", "1")
        self.assertEqual(self.compiled(), trees + 4)
        self.assertEqual(second["digest"], first["digest"])
        self.write("answer.patch", PATCH.replace("const char *tiny_file (void) {", "char *tiny_file () {"))
        library["steps"] = ["[ ! -e tiny.c.orig ]", *library["steps"]]
        self.recipe("tiny", **library)
        result = self.run_terrane("build", profile)
        self.assertRegex(result.stderr, r"tiny\.json: the patch ‘answer\.patch’ applies only with fuzz")
        self.write("answer.patch", PATCH.replace("@@ -1,3", "@@ -1,9"))
        self.assert_fails(1, r"tiny 1\.0: the patch ‘answer\.patch’ could not be applied \(exit code 2\): ‘patch’ takes it for malformed", "build", profile)
        self.write("answer.patch", PATCH.replace("return 41", "return 40"))
        self.assert_fails(1, r"tiny 1\.0: the patch ‘answer\.patch’ does not apply to the sources\n(.*\n)*.*FAILED", "build", profile)

    def test_python_package(self):
        """An extension module of a library of a recipe, by the script of the shipped ones: it works in the image, is installed as from
        a wheel, and is the same when it is compiled again."""
        make_compiler()
        seeded_store(self.store, base={"archive": str(BASE)})
        self.recipe("tiny", sources=[self.source("tiny.tar.gz", {f"tiny-1.0/{name}": text.encode() for name, text in LIBRARY.items()})],
                    steps=["make CC=gcc -j$JOBS all", ["make", "install"]])
        tools = [{"file": str(path), "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "strip_components": 0, "directory": "tools"} for path in TOOLS]
        wheel = {f"{path.relative_to(WHEEL[0].parent)}": path.read_bytes() for top in WHEEL for path in top.rglob("*") if path.is_file()}
        self.recipe("tools", sources=[*tools, self.source("wheel.tar.gz", wheel, strip_components=0, directory="tools")],
                    steps=["mkdir -p $DESTDIR$PREFIX; mv tools $DESTDIR$PREFIX/python-build"], development=["python-build"])
        shutil.copy(TOP / "profiles/recipes/python-package.sh", self.directory)
        package = {"version": "1.5", "sources": [self.source("tiny-answer.tar.gz", {f"tiny-answer-1.5/{name}": text.encode() for name, text in PACKAGE.items()})],
                   "needs": ["tiny.json", "tools.json"], "script": "python-package.sh"}
        self.recipe("package", **package, environment={"PACKAGE": "tiny-answer"})
        profile = self.profile(
            ("tiny", "tiny.json", {}), ("package", "package.json", {}), config={"env": {"PYTHONPATH": "/opt/python"}},
            checks={"python.missing-requirement": {"level": "off", "reason": "it is not imported"}},
            validate={"imports": ["tiny"], "commands": [
                {"command": ["/usr/bin/python3", "-c", "from importlib.metadata import version; import tiny; print(version('tiny-answer'), tiny.answer())"],
                 "expect": "^1\\.5 41\n$"},
                {"command": ["/opt/python/bin/tiny-answer"], "expect": "^41\n$"}]})
        first = self.build(profile)
        files = {name.removeprefix("opt/python/"): content for name, content in self.files(first).items() if content is not None}
        record = {row.split(",")[0]: row.split(",")[1] for row in files["tiny_answer-1.5.dist-info/RECORD"].decode().splitlines()}
        self.assertEqual(set(record), set(files))
        for name, content in files.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
            self.assertIn(record[name], {f"sha256={digest}"} if "RECORD" not in name else {""}, name)
        self.assertEqual({name for name in files if "LICENSE" in name or name.endswith((".c", ".pyc", "direct_url.json"))}, {"tiny_answer-1.5.dist-info/LICENSE"})
        self.assertFalse(any(b"/tmp/build" in content for content in files.values()))
        self.recipe("package", **package, environment={"PACKAGE": "tiny-answer", "NOTHING": "reads this"})
        self.assertEqual(self.build(profile, "--jobs", "1")["digest"], first["digest"])


if __name__ == "__main__":
    unittest.main()
