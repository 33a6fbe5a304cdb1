"""Transforms of trees: what they leave still works, and programs that are not terrane agree."""

import ctypes
import fcntl
import hashlib
import json
import marshal
import os
import pathlib
import platform
import shutil
import socket
import subprocess
import sys
import time
import unittest
import zipfile

from terrane_test import INPUTS, PACKAGE_CLIENT, SANITIZER, SHARED, TestCase, have, seeded_store, sha256

BASE = next(iter(INPUTS.glob("debian12-base-amd64.tar.zst")), None)
X86 = platform.machine() == "x86_64"
SOURCE = """#include <stdio.h>
int counter = 3;
static int __attribute__ ((noinline)) hidden (int x) { return 2 * x + counter; }
int twice (int x) { printf ("%d\\n", x); return hidden (x); }
"""


def run(*argv, **options):
    return subprocess.run([str(a) for a in argv], check=True, capture_output=True, text=True, **options).stdout


def find_python_312():
    """A Python 3.12 that runs: that of $PATH, or one of pyenv's."""
    pyenv = pathlib.Path(os.environ.get("PYENV_ROOT", pathlib.Path.home() / ".pyenv"))
    for path in [*pyenv.glob("versions/3.12.*/bin/python3.12"), *map(pathlib.Path, filter(None, [shutil.which("python3.12")]))]:
        if subprocess.run([str(path), "-c", ""], capture_output=True).returncode == 0:
            return path
    return None


PYTHON_312 = find_python_312()


def landlock_version():
    """The version by landlock_create_ruleset(2); below 1 the kernel has no Landlock."""
    return ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1)


class TransformCase(TestCase):
    def tree(self, record):
        """The files of the image, as ostree, not terrane, checks them out."""
        target = self.directory / f"checkout-{record['commit'][:12]}"
        if not target.exists():
            run("ostree", f"--repo={self.store}/repo", "checkout", "-U", record["commit"], target)
        return target

    def reports(self, record, tree="t"):
        return {report["transform"]: report for report in record["transforms"][tree]}

    def profile(self, transforms, **members):
        tree = {"name": "t", "directory": "tree", "prefix": "/opt", **members.pop("tree", {})}
        return self.write_profile(trees=[tree], transforms=transforms, **members)


@unittest.skipUnless(have("gcc", "eu-strip", "patchelf", "readelf", "ostree") and X86, "needs gcc, elfutils, patchelf, binutils, ostree")
class Strip(TransformCase):
    def setUp(self):
        super().setUp()
        self.source = self.write("x.c", SOURCE)
        (self.directory / "tree").mkdir()

    def compile(self, name, *options):
        path = self.directory / "tree" / name
        run("gcc", "-g", "-O1", "-Wl,--build-id", *options, "-o", path, "x.c", cwd=self.directory)  # so that debuggers see "x.c"
        return path

    def test_a_library_loads_as_before_and_its_debug_file_fits(self):
        original = self.compile("libx.so", "-shared", "-fPIC")
        profile = self.profile({"strip": {"debug": "separate"}})
        debug = self.directory / "debug/files"
        record = self.build(profile, "--debug-output", debug)
        stripped = self.tree(record) / "opt/libx.so"
        report = self.reports(record)["strip"]
        self.assertEqual((report["files"], report["saved"]), (1, original.stat().st_size - stripped.stat().st_size))
        self.assertGreater(report["saved"], 0)
        # Independent opinions on the stripped file.
        run("eu-elflint", "--gnu-ld", stripped)
        self.assertEqual(run("readelf", "-lW", stripped), run("readelf", "-lW", original))
        self.assertEqual(run("readelf", "-nW", stripped), run("readelf", "-nW", original))
        self.assertEqual(run("nm", "-D", stripped), run("nm", "-D", original))
        self.assertIn("hidden", run("nm", original))
        self.assertNotIn(".symtab", run("readelf", "-SW", stripped))
        # In which order depends on how Python and C buffer what they print.
        self.assertEqual(sorted(run(sys.executable, "-c", f"import ctypes; print(ctypes.CDLL({str(stripped)!r}).twice(4))").split()), ["11", "4"])
        # And on the debug file: where debuggers look for the build-id, and belonging to the library.
        build_id = run("readelf", "-nW", original).split("Build ID: ")[1].split()[0]
        file = debug / ".build-id" / build_id[:2] / f"{build_id[2:]}.debug"
        self.assertEqual([path for path in debug.rglob("*") if path.is_file()], [file])
        run("eu-unstrip", "-o", self.directory / "whole", stripped, file)
        self.assertIn("hidden", run("nm", self.directory / "whole"))
        if have("gdb"):
            said = run("gdb", "-nx", "-batch", "-ex", f"set debug-file-directory {debug}", "-ex", f"file {stripped}",
                       "-ex", "info line hidden")
            self.assertIn('Line 3 of "x.c"', said)
        # None of it is in the image.
        self.assertEqual(sorted(p.name for p in (self.tree(record) / "opt").iterdir()), ["libx.so"])

    def test_without_a_build_id_the_debug_file_has_the_path(self):
        self.compile("libx.so", "-shared", "-fPIC", "-Wl,--build-id=none")
        self.build(self.profile({"strip": {"debug": "separate"}}), "--debug-output", self.directory / "debug")
        self.assertTrue((self.directory / "debug/opt/libx.so.debug").is_file())

    def test_programs_run_and_debug_information_alone_goes_too(self):
        self.write("main.c", "int twice (int); int main (void) { return twice (4) != 11; }\n")
        for name, options in {"fixed": ["-no-pie"], "pie": ["-pie", "-fPIE"], "static": ["-static"]}.items():
            self.compile(name, *options, "main.c")
        record = self.build(self.profile({"strip": True}))
        self.assertEqual(self.reports(record)["strip"]["files"], 3)
        for name in ("fixed", "pie", "static"):
            program = self.tree(record) / "opt" / name
            self.assertEqual(run(program), "4\n")
            if name != "static":  # its relocations refer to the table, which eu-strip sees
                self.assertNotIn(".symtab", run("readelf", "-SW", program))
            self.assertNotIn(".debug_info", run("readelf", "-SW", program))

    def test_what_patchelf_wrote_is_left_alone(self):
        self.write("main.c", "int twice (int); int main (void) { return twice (4) != 11; }\n")
        long = "/a/path/that/is/much/longer/than/whatever/was/there/before:/and/one/more"
        changes = {"rpath.so": ["--set-rpath", long], "force.so": ["--force-rpath", "--set-rpath", long],
                   "needed.so": ["--add-needed", "libm.so.6"], "soname.so": ["--set-soname", "libvery-long-name-of-a-library.so.1"],
                   "page.so": ["--page-size", "65536", "--set-rpath", long], "program": ["--set-rpath", long],
                   "interpreter": ["--set-interpreter", "/lib64/../lib64/../lib64/../lib64/ld-linux-x86-64.so.2"]}
        for name, options in changes.items():
            self.compile(name, *(["-shared", "-fPIC"] if name.endswith(".so") else ["-no-pie", "main.c"]))
            run("patchelf", *options, self.directory / "tree" / name)
        before = {path.name: path.read_bytes() for path in (self.directory / "tree").iterdir()}
        record = self.build(self.profile({"strip": True}))
        self.assertEqual(self.reports(record)["strip"]["kept"], {"patched by patchelf": len(changes)})
        self.assertEqual({path.name: path.read_bytes() for path in (self.tree(record) / "opt").iterdir()}, before)

    def test_what_is_no_loadable_program_is_left_alone(self):
        self.compile("x.o", "-c")
        run("ar", "rcs", self.directory / "tree/libx.a", self.directory / "tree/x.o")
        library = self.compile("libx.so", "-shared", "-fPIC").read_bytes()
        run("gcc", "-shared", "-fPIC", "-s", "-o", self.directory / "tree/bare.so", self.source)
        self.write("tree/appended", library + b"PK payload of a program that unpacks itself")
        for size in (65, 500, 5000, len(library) - 100):
            self.write(f"tree/cut-{size}", library[:size])
        for offset in (24, 32, 40, 54, 56, 60, 96, 104, 5000):  # fields of headers, and content
            self.write(f"tree/changed-{offset}", library[:offset] + b"\xff" * 8 + library[offset + 8:])
        os.unlink(self.directory / "tree/libx.so")
        before = {path.name: path.read_bytes() for path in (self.directory / "tree").iterdir()}
        record = self.build(self.profile({"strip": True}))
        after = {path.name: path.read_bytes() for path in (self.tree(record) / "opt").iterdir()}
        changed = {name for name in before if after[name] != before[name]}
        # Entry point, size in memory and machine code: as broken as before, less the symbols.
        self.assertLessEqual(changed, {"changed-5000", "changed-24", "changed-104"})
        self.assertEqual(self.reports(record)["strip"]["kept"]["with data after its sections"], 1)

    def test_a_section_that_a_program_reads_itself_stays(self):
        self.write("payload", "what staticx unpacks\n" * 50)
        library = self.compile("libx.so", "-shared", "-fPIC")
        run("objcopy", f"--add-section=.staticx.archive={self.directory}/payload", library)
        before = library.read_bytes()
        record = self.build(self.profile({"strip": True}))
        self.assertEqual(self.reports(record)["strip"]["kept"], {"with data in a section of its own": 1})
        self.assertEqual((self.tree(record) / "opt/libx.so").read_bytes(), before)

    def test_what_another_eu_strip_made_is_not_taken(self):
        """The same version, by its own words: once another program, once another library of the same program."""
        self.compile("libx.so", "-shared", "-fPIC")
        real = shutil.which("eu-strip")
        names = ("program-1", "program-2", "library-1", "library-2")
        for name, option in zip(names, ("-g", "-p", "-g", "-p")):
            directory = self.directory / name
            directory.mkdir()
            if name.startswith("program"):
                (directory / "eu-strip").write_text(f'#!/bin/sh\nexec {real} {option} "$@"\n')
                (directory / "eu-strip").chmod(0o755)
                continue
            self.write("option.c", f'const char *option (void) {{ return "{option}"; }}\n')
            self.write("main.c", "#include <unistd.h>\nextern const char *option (void);\nint main (int argc, char **argv) {\n"
                       f'const char *all[40] = {{ "{real}", option () }};\n'
                       f'for (int i = 1; i < argc; i++) all[i + 1] = argv[i];\nreturn execv ("{real}", (char **) all); }}\n')
            run("gcc", "-shared", "-fPIC", "-o", directory / "liboption.so", "option.c", cwd=self.directory)
            run("gcc", "-o", directory / "eu-strip", "main.c", f"-L{directory}", "-loption", "-Wl,-rpath,$ORIGIN", cwd=self.directory)
        self.assertEqual(*(sha256(self.directory / name / "eu-strip") for name in names[2:]))
        profile = self.profile({"strip": True})
        sizes = []
        for name in names:
            record = self.build(profile, "--no-lock", env={"PATH": f"{self.directory / name}:{os.environ['PATH']}"})
            sizes.append((self.tree(record) / "opt/libx.so").stat().st_size)
        self.assertGreater(sizes[0], sizes[1])  # without debug information it still has its symbols
        self.assertEqual(sizes, sizes[:2] * 2)

    def test_eu_strip_that_a_file_took_over_reaches_nothing(self):
        """A program in its place tries everything: the system answers each attempt."""
        secret = self.write("secret", "secret")
        victim = self.write("victim", "as it was")
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        self.compile("libx.so", "-shared", "-fPIC")
        self.write("probe.c", r"""
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
int
main (int argc, char **argv)
{
  if (argc == 2) /* --version */
    return puts ("probe") < 0;
  struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons (PORT), .sin_addr.s_addr = htonl (0x7f000001) };
  int fd = socket (AF_INET, SOCK_STREAM, 0);
  int child = fork ();
  if (child == 0)
    _exit (0);
  printf ("connect=%d fork=%d read=%d write=%d create=%d chmod=%d unlink=%d kill=%d memory=%d own=%d input=%d",
          connect (fd, (struct sockaddr *) &to, sizeof to), child, open (SECRET, O_RDONLY), open (VICTIM, O_WRONLY),
          open (VICTIM ".new", O_WRONLY | O_CREAT, 0600), chmod (VICTIM, 0777), unlink (VICTIM), kill (getppid (), 0),
          mmap (NULL, 1UL << 40, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) == MAP_FAILED ? -1 : 0,
          open (argv[2], O_WRONLY | O_CREAT, 0600) < 0, open (argv[3], O_RDONLY) < 0);
  return 1;
}
""")
        bin_dir = self.directory / "bin"
        bin_dir.mkdir()
        run("gcc", f'-DSECRET="{secret}"', f'-DVICTIM="{victim}"', f"-DPORT={listener.getsockname()[1]}", "-o", bin_dir / "eu-strip",
            "probe.c", cwd=self.directory)
        record = self.build(self.profile({"strip": True}), env={"PATH": f"{bin_dir}:{os.environ['PATH']}"})
        self.assertEqual(self.reports(record)["strip"]["kept"], {"not understood by eu-strip": 1})
        notes = json.dumps(record["transforms"], ensure_ascii=False)
        version = landlock_version()
        if version < 1:
            self.assertRegex(notes, r"connect=-1 fork=-1 .* chmod=-1 .* kill=-1 memory=-1 own=0 input=0")
            return
        self.assertRegex(notes, "connect=-1 fork=-1 read=-1 write=-1 create=-1 chmod=-1 unlink=-1 kill=-1 memory=-1 own=0 input=0")
        self.assertEqual(victim.read_text(), "as it was")

    def test_without_eu_strip_the_message_says_what_to_install(self):
        self.compile("libx.so", "-shared", "-fPIC")
        bin_dir = self.directory / "bin"
        bin_dir.mkdir()
        self.assert_fails(1, r"trees\[0\]: transforms\.strip: needs eu-strip.* install the package elfutils", "build",
                          self.profile({"strip": True}), env={"PATH": str(bin_dir)})

    def test_debug_output_needs_separate_debug_files(self):
        self.compile("libx.so", "-shared", "-fPIC")
        self.assert_fails(2, r"--debug-output is for what \"strip\"", "build", self.profile({"strip": True}),
                          "--debug-output", self.directory / "debug")

    def test_nothing_changed_nothing_done_and_other_transforms_do_not_read_the_source(self):
        self.compile("libx.so", "-shared", "-fPIC")
        self.write("tree/include/x.h", "int x;\n")
        run("tar", "-C", self.directory / "tree", "-cf", self.directory / "tree.tar", ".")
        past = 1_600_000_000
        os.utime(self.directory / "tree.tar", (past, past))
        tree = {"name": "t", "archive": "tree.tar", "prefix": "/opt"}
        time.sleep(2.1)  # a file changed just now is never trusted
        first = self.build(self.write_profile(trees=[tree], transforms={"strip": {"debug": "separate"}}))
        again = self.build(self.directory / "profile.json")
        self.assertTrue(again["unchanged"])
        self.assertEqual(again["transforms"], first["transforms"])
        self.write_profile(trees=[tree], transforms={"strip": False})
        plain = self.run_terrane("build", self.directory / "profile.json")
        self.assertNotIn("reading t", plain.stderr)
        self.write_profile(trees=[tree], transforms={"strip": True})
        dropped = self.run_terrane("build", self.directory / "profile.json")
        self.assertIn("stripping t", dropped.stderr)
        self.assertNotIn("reading t", dropped.stderr)

    def test_gc_keeps_what_the_next_build_and_debuggers_need(self):
        self.compile("libx.so", "-shared", "-fPIC")
        profile = self.profile({"strip": {"debug": "separate"}})
        first = self.build(profile)
        self.run_terrane("gc")
        self.run_terrane("fsck")
        again = self.build(profile, "--debug-output", self.directory / "debug")
        self.assertEqual(again["digest"], first["digest"])
        self.assertEqual(len([p for p in (self.directory / "debug").rglob("*.debug")]), 1)


@unittest.skipUnless(have("ostree"), "ostree is not installed")
class Paths(TransformCase):
    def test_prune_reports_files_and_bytes(self):
        site = "tree/lib/python3.11/site-packages"
        self.write(f"{site}/a/__init__.py", "")
        self.write(f"{site}/a/tests/test_a.py", "x" * 700)
        self.write(f"{site}/a/testing/x.py", "")
        self.write("tree/include/a.h", "y" * 300)
        self.write("tree/share/proj/proj.db", "z")
        record = self.build(self.profile({"prune": ["python-tests", "headers"], "prune_paths": ["**/*.db"]}))
        report = self.reports(record)["prune"]
        self.assertEqual((report["files"], report["saved"]), (2, 1000))
        self.assertEqual(report["details"], {"python-tests": {"files": 1, "saved": 700}, "headers": {"files": 1, "saved": 300}})
        self.assertEqual(len(report["notes"]), 1)
        files = {str(p.relative_to(self.tree(record) / "opt")) for p in (self.tree(record) / "opt").rglob("*")}
        self.assertIn("lib/python3.11/site-packages/a/testing/x.py", files)
        self.assertIn("share/proj/proj.db", files)
        self.assertNotIn("lib/python3.11/site-packages/a/tests", files)
        self.assertNotIn("include", files)
        again = self.build(self.directory / "profile.json")
        self.assertEqual(again["transforms"], record["transforms"])

    def test_protected_files_are_kept_with_a_word_and_unused_patterns_are_named(self):
        self.write("tree/share/proj/proj.db", "z")
        profile = self.write_profile(trees=[{"name": "t", "directory": "tree", "prefix": "/opt", "transforms":
                                             {"prune_paths": ["share/**", "nothing/here"], "setuid": ["bin/none"]}}])
        said = self.run_terrane("build", profile).stderr
        self.assertRegex(said, r"‘share/\*\*’ matches files that programs look for.*‘exclude’")
        self.assertRegex(said, r"transforms\.prune_paths: ‘nothing/here’ matches nothing")
        self.assertRegex(said, r"transforms\.setuid: ‘bin/none’ matches nothing")

    def test_patterns_of_all_trees_that_none_has_are_named(self):
        self.write("tree/a/x", "1")
        self.write("other/b/x", "1")
        trees = [{"name": "t", "directory": "tree", "prefix": "/opt"}, {"name": "u", "directory": "other", "prefix": "/usr"}]
        transforms = {"prune_paths": ["a/x", "b/x", "c/x", "**/d"], "setuid": ["bin/none"]}
        said = self.run_terrane("build", self.write_profile(trees=trees, transforms=transforms)).stderr
        self.assertRegex(said, r"profile\.json: transforms\.prune_paths: ‘c/x’ matches nothing in any tree")
        self.assertRegex(said, r"profile\.json: transforms\.setuid: ‘bin/none’ matches nothing in any tree")
        self.assertEqual(said.count("matches nothing"), 2)
        # Another list of one tree is a matter of that tree.
        trees[1]["transforms"] = {"prune_paths": ["e/x"]}
        said = self.run_terrane("build", self.write_profile(trees=trees, transforms={"prune_paths": ["a/x", "b/x"]})).stderr
        self.assertRegex(said, r"profile\.json: transforms\.prune_paths: ‘b/x’ matches nothing in any tree")
        self.assertRegex(said, r"trees\[1\]\.transforms\.prune_paths: ‘e/x’ matches nothing")
        self.assertEqual(said.count("matches nothing"), 2)

    def test_a_tree_replaces_single_keys(self):
        self.write("tree/include/x.h", "1")
        self.write("other/include/x.h", "1")
        profile = self.write_profile(transforms={"prune": ["headers"]}, trees=[
            {"name": "t", "directory": "tree", "prefix": "/opt"},
            {"name": "u", "directory": "other", "prefix": "/usr", "transforms": {"prune": []}}])
        root = self.tree(self.build(profile))
        self.assertEqual(((root / "opt/include/x.h").exists(), (root / "usr/include/x.h").exists()), (False, True))

    def test_setuid_only_where_declared(self):
        for name in ("declared", "other"):
            path = self.write(f"tree/bin/{name}", "#!/bin/sh\n")
            path.chmod(0o6755)
        record = self.build(self.profile({"setuid": ["bin/declared"]}))
        listing = run("ostree", f"--repo={self.store}/repo", "ls", "-R", record["commit"], "/opt/bin")
        modes = {line.split()[-1]: line.split()[0] for line in listing.splitlines()}
        self.assertEqual(modes["/opt/bin/declared"], "-06755")
        self.assertEqual(modes["/opt/bin/other"], "-00755")

    def test_links_follow_renames(self):
        self.write("tree/usr/lib/x/libx.so.1", "library")
        self.write("tree/usr/lib/libc.so", "c")
        links = {"usr/lib/libx.so": "x/libx.so.1", "usr/lib/x/libx.so": "libx.so.1", "usr/lib/x/libc": "../libc.so"}
        for link, target in links.items():
            os.symlink(target, self.directory / "tree" / link)
        for relocate in (False, True):
            profile = self.profile({"relocate": relocate}, tree={"prefix": "/", "rename": {"usr/lib/x": "opt/x"}})
            root = self.tree(self.build(profile))
            found = {link: (root / link).exists() for link in ("usr/lib/libx.so", "opt/x/libx.so", "opt/x/libc")}
            self.assertEqual(found, {"usr/lib/libx.so": relocate, "opt/x/libx.so": True, "opt/x/libc": relocate})

    def test_a_hard_link_to_what_is_pruned_is_an_error(self):
        self.write("tree/include/a.h", "1")
        os.link(self.directory / "tree/include/a.h", self.directory / "tree/z")
        run("tar", "-C", self.directory / "tree", "-cf", self.directory / "tree.tar", "include/a.h", "z")
        profile = self.write_profile(trees=[{"name": "t", "archive": "tree.tar", "prefix": "/opt"}], transforms={"prune": ["headers"]})
        self.assert_fails(2, r"‘z’ is a hard link to ‘include/a.h’, which ‘prune’ leaves out; name it in ‘keep_paths’", "build", profile)


def pyc_files(root):
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*.pyc")}


def names_in(code):
    yield code.co_filename
    for constant in code.co_consts:
        if hasattr(constant, "co_code"):
            yield from names_in(constant)


@unittest.skipUnless(BASE and X86 and have("bwrap", "ostree"), "needs profiles/inputs, bubblewrap and ostree")
class Bytecode(TransformCase):
    def setUp(self):
        super().setUp()
        seeded_store(self.store, base={"archive": str(BASE)})
        # Much of the standard library: enough to find what depends on order.
        self.library = pathlib.Path(json.__file__).parent.parent
        for name in ("json", "asyncio", "email", "xml", "collections", "concurrent", "logging", "unittest"):
            shutil.copytree(self.library / name, self.directory / "tree" / name, ignore=shutil.ignore_patterns("__pycache__", "test*"))
        self.write("tree/pkg/__init__.py", "def f(): return {'a', 'b', 'c', 'd'} and __file__ in {'x', 'y', 'z', 'w'}\n")
        self.write("tree/pkg/old.py", "print 'python 2'\n")
        self.write("tree/pkg/null.py", b"x = 1\0\n")
        self.write("tree/pkg/__pycache__/__init__.cpython-311.pyc", b"stale")
        self.write("tree/pkg/__pycache__/gone.cpython-39.pyc", b"stale")
        self.write("tree/pkg/__pycache__/index.nbi", b"of another program")

    def profile(self, **members):
        return super().profile({"bytecode": "unchecked-hash"}, base={"archive": str(BASE)}, tree={"prefix": "/var/task"},
                               config={"env": {"PATH": "/usr/bin:/bin"}, "working_dir": "/var/task"}, **members)

    def test_every_build_makes_the_same_bytes(self):
        first = self.build(self.profile(), "--jobs", 1)
        root = self.tree(first) / "var/task"
        one = pyc_files(root)
        self.assertGreater(len(one), 100)
        for jobs in (5,):
            second = self.build(self.directory / "profile.json", "--jobs", jobs, store=self.directory / f"store-{jobs}")
            self.assertEqual(second["layers"][-1]["diff_id"], first["layers"][-1]["diff_id"])
        for path, data in one.items():
            self.assertEqual(data[4:8], b"\1\0\0\0", path)  # PEP 552: by hash, not checked
        report = self.reports(first)["bytecode"]
        self.assertEqual(report["details"]["compiled"]["files"], len(one))
        self.assertEqual(report["details"]["stale"], {"files": 2, "saved": 10})
        self.assertEqual(report["saved"], 10 - sum(map(len, one.values())))
        self.assertEqual(report["kept"], {"not compiled": 2})
        self.assertTrue(any("/var/task/pkg/old.py: " in note and "SyntaxError" in note for note in report["notes"]))
        self.assertNotIn("pkg/__pycache__/gone.cpython-39.pyc", one)
        self.assertNotIn("pkg/__pycache__/old.cpython-311.pyc", one)
        self.assertTrue((root / "pkg/__pycache__/index.nbi").exists())
        if sys.version_info[:2] == (3, 11):
            for path, data in one.items():
                code = marshal.loads(data[16:])
                source = path.replace("__pycache__/", "").replace(".cpython-311.pyc", ".py")
                self.assertEqual(set(names_in(code)), {f"/var/task/{source}"})
                again = compile((root / source).read_bytes(), f"/var/task/{source}", "exec", dont_inherit=True)
                self.assertEqual(code, again)

    def test_a_cache_that_is_no_directory_stays_so(self):
        self.write("tree/link/a.py", "x = 1\n")
        self.write("tree/file/a.py", "x = 1\n")
        self.write("tree/file/__pycache__", "a file")
        os.symlink("../pkg", self.directory / "tree/link/__pycache__")
        record = self.build(self.profile())
        report = self.reports(record)["bytecode"]
        self.assertEqual(report["kept"], {"not compiled": 4})
        for name in ("link", "file"):
            self.assertIn(f"/var/task/{name}/a.py: __pycache__ beside it is not a directory", report["notes"])
        root = self.tree(record) / "var/task"
        self.assertEqual(os.readlink(root / "link/__pycache__"), "../pkg")
        self.assertEqual((root / "file/__pycache__").read_text(), "a file")
        self.assertFalse(list((root / "pkg").glob("a.*")))

    def test_python_takes_the_bytecode(self):
        self.write("check.py", "import importlib.util, sys\nsys.path.insert(0, '/var/task')\nimport pkg\n"
                   "assert pkg.__cached__ == '/var/task/pkg/__pycache__/__init__.cpython-311.pyc', pkg.__cached__\n"
                   "loader = pkg.__spec__.loader\ncode = loader.get_code('pkg')\n"
                   "loader.get_data, data = (lambda path: open(path, 'rb').read() if path.endswith('.pyc') else 1 / 0), loader.get_data\n"
                   "assert loader.get_code('pkg') == code  # without a look at the source\n")
        record = self.build(self.profile(validate={"scripts": ["check.py"]}))
        self.assertTrue(record["validation"][0]["passed"])

    def test_another_source_is_compiled_anew(self):
        self.build(self.profile())
        self.write("tree/pkg/__init__.py", "VALUE = 'after'\n")
        record = self.build(self.directory / "profile.json")
        self.assertIn(b"after", pyc_files(self.tree(record) / "var/task")["pkg/__pycache__/__init__.cpython-311.pyc"])


LINKED_PYTHON = pathlib.Path("/usr/bin/python3.11")
LIBRARY = pathlib.Path("/usr/lib/python3.11")


@unittest.skipUnless(LINKED_PYTHON.exists() and have("bwrap", "ostree"), "needs Debian 12's Python, bubblewrap and ostree")
class BytecodeKeys(TransformCase):
    """One store, one source, bases that differ in one file that the compile reads: none gets the bytecode of another."""

    SPOIL = ("import builtins\n_compile = builtins.compile\n"
             "builtins.compile = lambda source, name, *a, **k: _compile(b'SPOILT = 1' if name == '/opt/m.py' else source, name, *a, **k)\n")

    def setUp(self):
        super().setUp()
        self.write("tree/m.py", "GOOD = 1\n")
        # Libraries by their own paths, which is where the program looks for them.
        base = self.directory / "plain"
        library = base / "usr/lib/python3.11"
        library.mkdir(parents=True)
        for name in ("encodings", "importlib", "collections", "re"):
            shutil.copytree(LIBRARY / name, library / name, ignore=shutil.ignore_patterns("__pycache__"))
        for path in LIBRARY.glob("*.py"):
            if path.stat().st_size < 100_000:
                shutil.copy(path, library)
        (base / "usr/bin").mkdir()
        shutil.copy(LINKED_PYTHON, base / "usr/bin")
        (base / "usr/bin/python3").symlink_to("python3.11")
        for line in run("ldd", LINKED_PYTHON).splitlines():
            path = next((word for word in line.split() if word.startswith("/")), None)
            if path:
                (base / path[1:]).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, base / path[1:])
        for name in ("tmp", "proc", "dev"):
            (base / name).mkdir()

    def names(self, base, env=None):
        record = self.build(self.profile({"bytecode": "unchecked-hash"}, base={"directory": base}, config={"env": {"PATH": "/usr/bin", **(env or {})}},
                                         name=base), "--no-lock")
        data, = pyc_files(self.tree(record) / "opt").values()
        return record, marshal.loads(data[16:]).co_names

    def spoilt(self, path, text):
        """A copy of the base in which one file differs."""
        copy = self.directory / path.replace("/", "-")
        shutil.copytree(self.directory / "plain", copy, symlinks=True)
        file = copy / path
        file.parent.mkdir(parents=True, exist_ok=True)
        old = file.read_text() if file.exists() else ""
        file.write_text(f"{old}\n{text}")
        return copy.name

    def test_modules_of_the_standard_library(self):
        for path in ("usr/lib/python3.11/struct.py", "usr/lib/python3.11/encodings/utf_8.py", "usr/lib/python3.11/warnings.py"):
            name = self.spoilt(path, self.SPOIL)
            self.assertEqual(self.names(name)[1], ("SPOILT",), path)  # so that it would matter
        self.assertEqual(self.names("plain")[1], ("GOOD",))
        before = self.names("plain")[0]["commit"]
        self.assertEqual(self.names("plain")[0]["commit"], before)

    def test_a_damaged_module_is_not_what_compiles(self):
        self.run_terrane("build", "--no-lock", self.write_profile("base.json", name="base", base={"directory": "plain"}))
        size = (self.directory / "plain/usr/lib/python3.11/struct.py").stat().st_size
        path, = (path for path in (self.store / "repo/objects").rglob("*.file") if path.is_file() and path.stat().st_size == size
                 and path.read_bytes() == (self.directory / "plain/usr/lib/python3.11/struct.py").read_bytes())
        good = path.read_bytes()
        path.chmod(0o600)
        path.write_bytes(b"raise SystemExit\n" + good[17:])
        profile = self.profile({"bytecode": "unchecked-hash"}, base={"directory": "plain"}, config={"env": {"PATH": "/usr/bin"}})
        with open(self.store / "lock") as lock:  # another process has the store: nothing of it is removed
            fcntl.flock(lock, fcntl.LOCK_SH)
            self.assert_fails(1, "is damaged; 'terrane fsck --repair'", "build", "--no-lock", profile)
        self.assertIn("something in it was damaged", self.run_terrane("build", "--no-lock", profile).stderr)
        self.assertEqual(path.read_bytes(), good)
        self.assertEqual(self.names("plain")[1], ("GOOD",))

    def test_another_home_of_modules(self):
        shutil.copytree(self.directory / "plain", self.directory / "homes", symlinks=True)
        shutil.copytree(self.directory / "plain/usr/lib/python3.11", self.directory / "homes/srv/lib/python3.11")
        with open(self.directory / "homes/srv/lib/python3.11/struct.py", "a") as file:
            file.write(self.SPOIL)
        base = self.directory / "homes.tar"
        run("tar", "-cf", base, "-C", self.directory / "homes", ".")
        # The variable comes from the image that is the base; equal files, another environment.
        image = self.build(self.write_profile("of-files.json", name="of-files", base={"archive": str(base)},
                                              config={"env": {"PATH": "/usr/bin"}}), "--no-lock")
        moved = self.build(self.write_profile("moved.json", name="moved", base={"archive": str(base)},
                                              config={"env": {"PATH": "/usr/bin", "PYTHONHOME": "/srv"}}), "--no-lock")
        self.assertEqual(image["commit"], moved["commit"])
        found = []
        for name in ("moved", "of-files"):
            record = self.build(self.profile({"bytecode": "unchecked-hash"}, base={"image": f"oci:{self.layout()}:{name}:latest"}, name=f"on-{name}"),
                                "--no-lock")
            data, = pyc_files(self.tree(record) / "opt").values()
            found.append(marshal.loads(data[16:]).co_names)
        self.assertEqual(found, [("SPOILT",), ("GOOD",)])


    def test_the_python_of_this_machine(self):
        self.write("tree/m.py", "# -*- coding: cp1252 -*-\nGOOD = 1\n")
        self.write("arm/usr/bin/python3.11", "for another processor").chmod(0o755)
        profile = self.profile({"bytecode": "unchecked-hash"}, base={"directory": "arm"}, platform="linux/arm64" if X86 else "linux/amd64")
        table = 'decoding_table = decoding_table.replace("G", "S")\n'
        found = []
        for name in (self.spoilt("usr/lib/python3.11/encodings/cp1252.py", table), "plain"):
            record = self.build(profile, "--no-lock", env={"PATH": f"{self.directory / name}/usr/bin:{os.environ['PATH']}"})
            data, = pyc_files(self.tree(record) / "opt").values()
            found.append(marshal.loads(data[16:]).co_names)
        self.assertEqual(found, [("SOOD",), ("GOOD",)])


class OtherArchitecture(TransformCase):
    """Only files with the names are needed: nothing of an image for another processor is run."""

    def arm_profile(self, minor):
        machine = "linux/arm64" if X86 else "linux/amd64"
        python = self.write(f"base/usr/bin/python3.{minor}", "for another processor")
        python.chmod(0o755)
        self.write("tree/a.py", "x = 1\n")
        return self.profile({"bytecode": "unchecked-hash"}, platform=machine)

    @unittest.skipUnless(have("bwrap", "ostree"), "bubblewrap or ostree is not installed")
    def test_the_same_python_of_this_machine_compiles(self):
        minor = sys.version_info.minor
        path = f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"
        record = self.build(self.arm_profile(minor), env={"PATH": path})
        data = pyc_files(self.tree(record) / "opt")[f"__pycache__/a.cpython-3{minor}.pyc"]
        space = {}
        exec(marshal.loads(data[16:]), space)
        self.assertEqual(space["x"], 1)

    @unittest.skipUnless(PYTHON_312, "does not apply: Debian 12 has no Python 3.12, nor does this machine")
    @unittest.skipUnless(have("bwrap", "ostree"), "needs bubblewrap and ostree")
    def test_what_was_compiled_before_does_not_matter(self):
        # After compiling the first of this pair, Python 3.12 compiles the second differently.
        library = pathlib.Path(run(PYTHON_312, "-c", "import os; print(os.__file__)").strip()).parent
        environment = {"PATH": f"{PYTHON_312.parent}:{os.environ['PATH']}"}
        profile = self.arm_profile(12)
        shutil.copy(library / "ftplib.py", self.directory / "tree/b_ftp.py")
        alone = self.build(profile, env=environment)
        shutil.copy(library / "nntplib.py", self.directory / "tree/a_nntp.py")
        records = [self.build(profile, "--jobs", jobs, env=environment, store=self.directory / f"store-{jobs}") for jobs in (1, 2)]
        self.assertEqual(records[0]["digest"], records[1]["digest"])
        one = pyc_files(self.tree(alone) / "opt")
        self.store = self.directory / "store-1"
        both = pyc_files(self.tree(records[0]) / "opt")
        self.assertEqual(len(both), 3)
        self.assertEqual({path: both[path] for path in one}, one)

    def test_without_it_a_note_says_what_is_missing(self):
        result = self.run_terrane("build", self.arm_profile(999))
        self.assertRegex(result.stderr, r"t: bytecode: the image's Python does not run on this machine: install Python 3\.999 here, "
                                        r"or qemu-user for \w+; nothing was compiled")

    def test_without_python_in_the_base_too(self):
        self.write("tree/a.py", "x = 1\n")
        result = self.run_terrane("build", self.profile({"bytecode": "unchecked-hash"}))
        self.assertIn("t: bytecode: the base has no Python; nothing was compiled", result.stderr)


WHEELS = ["numpy==2.4.6", "pandas==3.1.1", "shapely==2.2.0", "pyproj==3.7.2", "rasterio==1.4.4", "botocore==1.44.5", "jmespath==1.1.0",
          "python-dateutil==2.9.0.post0", "six==1.17.0", "certifi==2026.10.18", "affine==2.4.0", "attrs==26.1.0", "click==8.5.1",
          "cligj==0.7.2", "pyparsing==3.3.3", "urllib3==2.8.0", "click-plugins==1.1.1.2"]
GEO_WHEELS = ["numpy==2.4.6", "pyproj==3.7.2", "rasterio==1.4.4", "pyogrio==0.13.0", "affine==2.4.0", "attrs==26.1.0", "click==8.5.1",
              "cligj==0.7.2", "pyparsing==3.3.3", "click-plugins==1.1.1.2", "certifi==2026.10.18", "packaging==26.3"]
# All three find their data, of their own or of another: the numbers are those of the projections' formulas.
GEO_CHECK = """import math, numpy, pyogrio, pyproj, rasterio.crs, rasterio.warp
from pyogrio import raw
x, y = 6378137 * math.radians(10), 6378137 * math.log(math.tan(math.pi / 4 + math.radians(50) / 2))
near = lambda a, b: all(abs(p - q) < 1e-3 for p, q in zip(a, b))
assert near(pyproj.Transformer.from_crs(4326, 3857).transform(50, 10), (x, y))
(a,), (b,) = rasterio.warp.transform("EPSG:4326", "EPSG:3857", [10], [50])
assert near((a, b), (x, y))
# On the central meridian and the equator.
assert near(pyproj.Transformer.from_crs(4326, 25832).transform(0, 9), (500000, 0))
(a,), (b,) = rasterio.warp.transform("EPSG:4326", "EPSG:25832", [9], [0])
assert near((a, b), (500000, 0))
assert rasterio.crs.CRS.from_epsg(25832).to_wkt() and pyproj.CRS(25832).to_epsg() == 25832
point = numpy.array([bytes.fromhex("0101000000") + bytes(16)], dtype=object)
raw.write("/tmp/x.gpkg", point, [], [], driver="GPKG", crs="EPSG:25832", geometry_type="Point")
assert pyogrio.read_info("/tmp/x.gpkg")["crs"] == "EPSG:25832"
"""
ARM_WHEELS = ["shapely==2.2.0"]


def download(directory, platforms, wheels):
    """Wheels of PyPI, fetched once for all runs. Returns the lines of a requirements file, or None without a network."""
    directory.mkdir(parents=True, exist_ok=True)
    options = [item for name in platforms for item in ("--platform", name)]
    if len(list(directory.glob("*.whl"))) < len(wheels):
        result = subprocess.run([*PACKAGE_CLIENT, sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", "--python-version",
                                 "3.11", *options, "-d", str(directory), *wheels], capture_output=True, text=True)
        if result.returncode != 0:
            return None
    lines = []
    for path in sorted(directory.glob("*.whl")):
        name, version = path.name.split("-")[:2]
        lines.append(f"{name}=={version} --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n")
    return "".join(lines)


@unittest.skipUnless(BASE and X86 and have("bwrap", "ostree", "eu-strip", "readelf"), "needs profiles/inputs, bubblewrap, ostree, elfutils")
class Wheels(TransformCase):
    PRESETS = ["python-tests", "headers", "static-libraries", "libtool", "cmake", "pkgconfig", "locale", "docs", "man", "bytecode-caches",
               "type-stubs", "botocore-data"]

    def wheel_profile(self, requirements, wheelhouse, **members):
        self.write("requirements.txt", requirements)
        tree = {"name": "deps", "prefix": "/var/task",
                "wheels": {"requirements": "requirements.txt", "wheelhouse": str(wheelhouse), "index": [], **members.pop("wheels", {})}}
        return self.write_profile(trees=[tree], **members)

    @unittest.skipIf(SANITIZER, "does not apply: the work is Python's; the other tests transform under sanitizers, real wheels too")
    def test_real_wheels_still_import(self):
        house = SHARED / "transform-wheels"
        requirements = download(house, ["manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"], WHEELS)
        if requirements is None:
            self.skipTest("the wheels cannot be downloaded")
        imports = ["numpy", "numpy.testing", "numpy.ma", "numpy.f2py", "pandas", "pandas.testing", "shapely", "pyproj", "rasterio",
                   "rasterio.rio.main", "botocore.session"]
        self.write("data.py", "import os, botocore.session, pyproj, rasterio\nfrom importlib.metadata import entry_points, version\n"
                   "os.environ['AWS_DEFAULT_REGION'] = 'eu-west-1'\nsession = botocore.session.get_session()\n"
                   "assert session.create_client('s3', aws_access_key_id='a', aws_secret_access_key='b')\n"
                   "assert 'ec2' not in session.get_available_services() and 'sts' in session.get_available_services()\n"
                   "assert version('numpy') and entry_points(group='rasterio.rio_commands')\n"
                   "assert pyproj.Transformer.from_crs(4326, 3857).transform(50, 10)\n"
                   "with rasterio.Env(): rasterio.crs.CRS.from_epsg(25832).to_wkt()\n")
        config = {"env": {"PATH": "/usr/bin:/bin"}, "working_dir": "/var/task"}
        profile = self.wheel_profile(requirements, house, base={"archive": str(BASE)}, config=config,
                                     transforms={"prune": self.PRESETS, "strip": True, "bytecode": "unchecked-hash"},
                                     validate={"imports": imports, "scripts": ["data.py"]})
        record = self.build(profile)
        self.assertTrue(all(result["passed"] for result in record["validation"]))
        reports = self.reports(record, "deps")
        self.assertGreater(reports["prune"]["saved"], 30_000_000)
        self.assertNotIn("not compiled", reports["bytecode"].get("kept", {}))
        # auditwheel has patched the libraries of these.
        self.assertGreater(reports["strip"]["kept"]["patched by patchelf"], 10)
        root = self.tree(record) / "var/task"
        programs = 0
        for wheel in house.glob("*.whl"):
            with zipfile.ZipFile(wheel) as archive:
                for name in archive.namelist():
                    if ".so" in pathlib.PurePath(name).suffixes:
                        self.assert_same_program(pathlib.Path(archive.extract(name, self.directory / "plain")), root / name)
                        programs += 1
        self.assertGreater(programs, 100)
        self.assertFalse(list(root.glob("**/tests/test_*.py")))
        self.assertEqual({p.name for p in root.glob("*.dist-info/METADATA")}, {"METADATA"})

    def test_geo_data_is_shared_and_still_found(self):
        house = SHARED / "dedupe-wheels"
        requirements = download(house, ["manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"], GEO_WHEELS)
        if requirements is None:
            self.skipTest("the wheels cannot be downloaded")
        self.write("check.py", GEO_CHECK)
        config = {"env": {"PATH": "/usr/bin:/bin"}, "working_dir": "/var/task"}
        record = self.build(self.wheel_profile(requirements, house, base={"archive": str(BASE)}, config=config, transforms={"dedupe": True},
                                               validate={"imports": ["pyproj", "rasterio", "rasterio.rio.main", "pyogrio"],
                                                         "scripts": ["check.py"]}))
        self.assertTrue(all(result["passed"] for result in record["validation"]))
        root = self.tree(record) / "var/task"
        links = [path for path in root.rglob("*") if path.is_symlink()]
        report = self.reports(record, "deps")["dedupe"]
        self.assertEqual(report["files"], len(links))
        for link in links:
            self.assertFalse(os.path.isabs(os.readlink(link)), link)
            self.assertTrue(link.resolve().is_relative_to(root) and link.is_file(), link)
        # The saved bytes are those that the wheels name for the files that are now links.
        sizes = {}
        for wheel in house.glob("*.whl"):
            with zipfile.ZipFile(wheel) as archive:
                sizes.update({info.filename: info.file_size for info in archive.infolist()})
        self.assertEqual(report["saved"], sum(sizes[str(link.relative_to(root))] for link in links))
        # The newest database, that of PROJ 9.8, is left.
        databases = [path for path in root.rglob("proj.db")]
        self.assertEqual([str(p.relative_to(root)) for p in databases if not p.is_symlink()], ["pyogrio/proj_data/proj.db"])
        self.assertEqual(len(databases), 3)

    def test_a_database_that_is_too_old_for_one_is_not_shared(self):
        house = SHARED / "dedupe-wheels"
        if download(house, ["manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"], GEO_WHEELS) is None:
            self.skipTest("the wheels cannot be downloaded")
        tree = self.directory / "tree"
        for name in ("pyproj", "rasterio"):
            with zipfile.ZipFile(next(house.glob(f"{name}-*.whl"))) as archive:
                archive.extractall(tree)
        old = tree / "pyproj/proj_dir/share/proj/proj.db"  # layout 1.4, of PROJ 9.5; rasterio's PROJ 9.7 wants 1.6
        shutil.copyfile(old, tree / "rasterio/proj_data/proj.db")
        os.chmod(tree / "rasterio/proj_data/proj.db", old.stat().st_mode)
        root = self.tree(self.build(self.profile({"dedupe": True}))) / "opt"
        for path in ("pyproj/proj_dir/share/proj/proj.db", "rasterio/proj_data/proj.db"):
            self.assertFalse((root / path).is_symlink(), path)

    def assert_same_program(self, before, after):
        if "/tests/" in str(before):
            return
        self.assertTrue(after.exists(), after)
        if before.read_bytes() == after.read_bytes():
            return
        run("eu-elflint", "--gnu-ld", after) if b"GNU ld" in before.read_bytes() else None
        self.assertEqual(*(run("readelf", "-lWdn", "--dyn-syms", path) for path in (before, after)), after)

    def test_another_processor(self):
        house = SHARED / "transform-wheels-arm"
        requirements = download(house, ["manylinux_2_28_aarch64", "manylinux2014_aarch64"], ARM_WHEELS)
        if requirements is None:
            self.skipTest("the wheels cannot be downloaded")
        wheels = {"python": "3.11", "glibc": "2.36"}
        stand_in = {"platform": "linux/arm64", "wheels": wheels,
                    "checks": {"elf.missing-library": {"level": "off", "reason": "the base has no C library"}}}
        before = self.tree(self.build(self.wheel_profile(requirements, house, **stand_in)))
        record = self.build(self.wheel_profile(requirements, house, **stand_in, transforms={"strip": True}))
        self.assertGreater(self.reports(record, "deps")["strip"]["files"], 0)
        changed = 0
        for path in before.rglob("*.so*"):
            after = self.tree(record) / path.relative_to(before)
            changed += path.read_bytes() != after.read_bytes()
            self.assert_same_program(path, after)
        self.assertEqual(changed, self.reports(record, "deps")["strip"]["files"])


if __name__ == "__main__":
    unittest.main()
