"""Static checks: files made by real compilers, each with one thing wrong, and ld.so itself as the oracle."""

import gzip
import hashlib
import io
import json
import os
import pathlib
import platform
import re
import shutil
import struct
import subprocess
import sys
import tarfile
import unittest

from terrane_test import BUILD, INPUTS, SANITIZER, SHARED, TERRANE, TOP, TestCase, have, shared_files, shared_gdal_build

MODULES = "usr/lib/python3/dist-packages"
LIBRARIES = "usr/lib/x86_64-linux-gnu"


class CheckCase(TestCase):
    def check(self, image, *arguments, exit_code=0):
        """The findings by id."""
        result = self.run_terrane("--json", "check", image, *arguments, exit_code=exit_code)
        document = json.loads(result.stdout)
        findings = {}
        for finding in document["findings"]:
            findings.setdefault(finding["id"], []).append(finding)
        for severity in ("error", "warning", "note"):
            self.assertEqual(document[severity + "s"], sum(f["severity"] == severity for f in document["findings"]))
        self.assertEqual(exit_code, 3 if document["errors"] else 0)
        return findings

    def only(self, findings, identifier, severity, path=None):
        """There is exactly one finding, this one."""
        self.assertEqual({key: len(value) for key, value in findings.items()}, {identifier: 1}, findings)
        finding = findings[identifier][0]
        self.assertEqual((finding["severity"], finding.get("path")), (severity, path and "/" + path))
        return finding


class ProgramsCase(CheckCase):
    """A base with a C library, and programs made for it."""

    def setUp(self):
        super().setUp()
        self.root = self.directory / "base"
        for name in (LIBRARIES, MODULES, "usr/bin", "usr/lib64", "etc", "opt"):
            (self.root / name).mkdir(parents=True)
        (self.root / "lib64").symlink_to("usr/lib64")
        (self.root / "lib").symlink_to("usr/lib")
        shutil.copy("/lib64/ld-linux-x86-64.so.2", self.root / "usr/lib64/ld-linux-x86-64.so.2")
        for library in ("libc.so.6", "libm.so.6"):
            shutil.copy(pathlib.Path("/lib/x86_64-linux-gnu", library), self.root / LIBRARIES / library)
        self.config = {"env": {"PATH": "/usr/bin"}}

    def gcc(self, output, *arguments, source="int f(void) { return 1; }\n", shared=True):
        path = self.root / output
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = ["-shared", "-fPIC"] if shared else []
        subprocess.run(["gcc", "-xc", "-", *mode, "-Wl,--no-as-needed", "-o", str(path), *map(str, arguments)], input=source, text=True,
                       check=True, capture_output=True)
        return path

    def link(self, directory, name):
        return [f"-L{self.root / directory}", f"-l:{name}"]


@unittest.skipUnless(have("gcc") and platform.machine() == "x86_64", "gcc for x86-64 is not installed")
class Programs(ProgramsCase):
    def check_base(self, *arguments, exit_code=0):
        self.build(self.write_profile(config=self.config), "--no-validate")
        return self.check("test", "--target", "oci", *arguments, exit_code=exit_code)

    def test_a_sound_image(self):
        self.gcc(f"{LIBRARIES}/libfoo.so.1", "-Wl,-soname,libfoo.so.1")
        self.gcc(f"{MODULES}/m.so", *self.link(LIBRARIES, "libfoo.so.1"))
        self.gcc("usr/bin/tool", "-lm", source="int main(void) { return 0; }\n", shared=False)
        self.assertEqual(self.check_base(), {})

    def test_missing_library(self):
        library = self.gcc("opt/x/libfoo.so.1", "-Wl,-soname,libfoo.so.1")
        self.gcc(f"{LIBRARIES}/libmiddle.so.1", "-Wl,-soname,libmiddle.so.1", *self.link("opt/x", "libfoo.so.1"))
        self.gcc(f"{MODULES}/m.so", "-Wl,--allow-shlib-undefined", *self.link(LIBRARIES, "libmiddle.so.1"))
        finding = self.only(self.check_base(exit_code=3), "elf.missing-library", "error", f"{LIBRARIES}/libmiddle.so.1")
        self.assertRegex(finding["message"], r"(?s)‘libfoo.so.1’ is not found; it is needed by .*libmiddle\.so\.1’.*loaded by "
                                             r".*dist-packages/m\.so’.*opt/x/libfoo\.so\.1’ .*nothing searches there")
        # LD_LIBRARY_PATH leads there.
        self.config["env"]["LD_LIBRARY_PATH"] = "/nowhere:/opt/x"
        self.assertEqual(self.check_base(), {})
        del self.config["env"]["LD_LIBRARY_PATH"]
        # No file has it, or only another version of it, and manylinux expects some from the system.
        library.rename(library.with_name("libfoo.so.2"))
        subprocess.run(["gcc", "-shared", "-o", str(library.with_name("libfoo.so.2")), "-Wl,-soname,libfoo.so.2", "-xc", "/dev/null"],
                       check=True)
        self.assertIn("libfoo.so.2’ in ‘base’ is another version", self.check_base(exit_code=3)["elf.missing-library"][0]["fix"])
        library.with_name("libfoo.so.2").unlink()
        self.assertIn("add the package", self.check_base(exit_code=3)["elf.missing-library"][0]["fix"])
        self.gcc("opt/x/libexpat.so.1", "-Wl,-soname,libexpat.so.1")
        self.gcc(f"{LIBRARIES}/libmiddle.so.1", "-Wl,-soname,libmiddle.so.1", *self.link("opt/x", "libexpat.so.1"))
        (self.root / "opt/x/libexpat.so.1").unlink()
        self.assertIn("libexpat1 of Debian, expat of Amazon Linux 2023", self.check_base(exit_code=3)["elf.missing-library"][0]["fix"])

    def test_a_library_that_nobody_loads_is_a_warning(self):
        self.gcc("opt/x/libfoo.so.1", "-Wl,-soname,libfoo.so.1")
        self.gcc("opt/plugins/p.so", *self.link("opt/x", "libfoo.so.1"))
        self.only(self.check_base(), "elf.missing-library", "warning", "opt/plugins/p.so")

    def make_twins(self, flag):
        """m.so finds liba by its own search path; liba needs libb beside it and says nothing."""
        libs = f"{MODULES}/m.libs"
        self.gcc(f"{libs}/libb-1.so", "-Wl,-soname,libb-1.so")
        self.gcc(f"{libs}/liba-1.so", "-Wl,-soname,liba-1.so", *self.link(libs, "libb-1.so"))
        self.gcc(f"{MODULES}/m.so", "-Wl,--allow-shlib-undefined", f"-Wl,-rpath,$ORIGIN/m.libs,{flag}", *self.link(libs, "liba-1.so"))

    def test_rpath_counts_for_what_is_loaded_and_runpath_does_not(self):
        self.make_twins("--disable-new-dtags")
        self.assertEqual(self.check_base(), {})
        self.make_twins("--enable-new-dtags")
        self.only(self.check_base(exit_code=3), "elf.missing-library", "error", f"{MODULES}/m.libs/liba-1.so")

    @unittest.skipUnless(have("patchelf"), "patchelf is not installed")
    def test_what_patchelf_writes_is_read(self):
        self.make_twins("--enable-new-dtags")
        subprocess.run(["patchelf", "--set-rpath", "${ORIGIN}", str(self.root / f"{MODULES}/m.libs/liba-1.so")], check=True)
        self.assertEqual(self.check_base(), {})

    def test_missing_version(self):
        versions = self.write("v1", "V_1 { global: f; };\n"), self.write("v2", "V_1 { global: f; }; V_2 { global: g; };\n")
        source = "int f(void) { return 1; }\nint g(void) { return 2; }\n"
        self.gcc(f"{LIBRARIES}/libv.so.1", "-Wl,-soname,libv.so.1", f"-Wl,--version-script={versions[1]}", source=source)
        self.gcc(f"{MODULES}/m.so", *self.link(LIBRARIES, "libv.so.1"), source="int g(void); int h(void) { return g(); }\n")
        self.assertEqual(self.check_base(), {})
        self.gcc(f"{LIBRARIES}/libv.so.1", "-Wl,-soname,libv.so.1", f"-Wl,--version-script={versions[0]}", source=source)
        finding = self.only(self.check_base(exit_code=3), "elf.missing-version", "error", f"{MODULES}/m.so")
        self.assertRegex(finding["message"], "it needs ‘V_2’ of ‘/usr/lib/.*libv.so.1’ in ‘base’, which has versions up to ‘V_1’")

    def test_wrong_machine(self):
        module = self.gcc(f"{MODULES}/m.so")
        data = bytearray(module.read_bytes())
        data[18:20] = struct.pack("<H", 183)
        module.write_bytes(data)
        finding = self.only(self.check_base(exit_code=3), "elf.wrong-machine", "error", f"{MODULES}/m.so")
        self.assertIn("AArch64", finding["message"])
        # As a library it is skipped, as if it did not exist.
        self.gcc(f"{MODULES}/n.so", "-Wl,--allow-shlib-undefined", source="int h(void) { return 0; }\n")
        foo = self.gcc(f"{LIBRARIES}/libfoo.so.1", "-Wl,-soname,libfoo.so.1")
        self.gcc(f"{MODULES}/m.so", *self.link(LIBRARIES, "libfoo.so.1"))
        data = bytearray(foo.read_bytes())
        data[18:20] = struct.pack("<H", 183)
        foo.write_bytes(data)
        self.assertEqual(set(self.check_base(exit_code=3)), {"elf.wrong-machine", "elf.missing-library"})

    def foreign(self, output):
        """A library for another processor."""
        path = self.gcc(output)
        data = bytearray(path.read_bytes())
        data[18:20] = struct.pack("<H", 183)
        path.write_bytes(data)

    def test_a_base_for_another_processor(self):
        """One cause is one finding, and it is about the base."""
        for number in range(3):
            self.foreign(f"usr/lib/libx{number}.so")
        self.gcc(f"{MODULES}/m.so", source="int h(void) { return 0; }\n")
        finding, = self.check_base()["elf.wrong-machine"]
        self.assertEqual(len(finding["files"]), 3)
        for path in self.root.rglob("*"):
            if path.is_file() and not path.is_symlink() and path.read_bytes()[:4] == b"\x7fELF":
                data = bytearray(path.read_bytes())
                data[18:20] = struct.pack("<H", 183)
                path.write_bytes(data)
        message = "the base is for another platform: all of its [0-9]+ programs.*AArch64, the image is for amd64"
        profile = self.write_profile(config=self.config)
        self.assertEqual(len(re.findall(message, self.assert_fails(3, message, "build", profile))), 1)
        finding = self.only(self.check(profile, exit_code=3), "elf.wrong-machine", "error")
        self.assertRegex(finding["message"], message)
        self.assertEqual(finding["tree"], "base")

    def test_a_package_for_several_processors(self):
        self.gcc(f"{MODULES}/p/native/linux-x86_64/helper.so")
        self.foreign(f"{MODULES}/p/native/linux-aarch64/helper.so")
        finding = self.only(self.check_base(), "elf.wrong-machine", "note", f"{MODULES}/p/native/linux-aarch64/helper.so")
        self.assertIn("which has ‘/" + f"{MODULES}/p/native/linux-x86_64/helper.so’ in ‘base’ for it", finding["message"])
        (self.root / f"{MODULES}/p/native/linux-x86_64/helper.so").unlink()
        self.only(self.check_base(exit_code=3), "elf.wrong-machine", "error", f"{MODULES}/p/native/linux-aarch64/helper.so")

    def test_what_python_or_a_package_does_without(self):
        self.gcc("opt/x/libfoo.so.1", "-Wl,-soname,libfoo.so.1")
        suffix = ".cpython-311-x86_64-linux-gnu.so"
        optional = {f"{MODULES}/numba/np/ufunc/tbbpool{suffix}", f"usr/lib/python3.11/lib-dynload/_tkinter{suffix}",
                    f"usr/lib/python3.11/lib-dynload/nis{suffix}"}
        for path in optional:
            self.gcc(path, *self.link("opt/x", "libfoo.so.1"))
        found = self.check_base()["elf.missing-library"]
        finding, = found  # one cause
        self.assertEqual({(file["severity"], file["path"]) for file in finding["files"]}, {("note", "/" + path) for path in optional})
        self.gcc(f"{MODULES}/numba/np/ufunc/workqueue{suffix}", *self.link("opt/x", "libfoo.so.1"))
        self.gcc(f"usr/lib/python3.11/lib-dynload/_ssl{suffix}", *self.link("opt/x", "libfoo.so.1"))
        finding, = self.check_base(exit_code=3)["elf.missing-library"]
        self.assertEqual(finding["path"], f"/{MODULES}/numba/np/ufunc/workqueue{suffix}")
        self.assertEqual([file["severity"] for file in finding["files"]], ["error", "warning", "note", "note", "note"])
        self.assertEqual(finding["files"][1]["path"], f"/usr/lib/python3.11/lib-dynload/_ssl{suffix}")

    def test_an_extension_of_another_python_is_not_required(self):
        self.gcc("usr/bin/python3.11", source="int main(void) { return 0; }\n", shared=False)
        self.write("base/usr/lib/python3.11/os.py", "")
        (self.root / "usr/lib/python3").mkdir(exist_ok=True)
        self.gcc("opt/x/libfoo.so.1", "-Wl,-soname,libfoo.so.1")
        for version, severity in (("312", "warning"), ("311", "error")):
            shutil.rmtree(self.root / MODULES)
            path = f"{MODULES}/p/m.cpython-{version}-x86_64-linux-gnu.so"
            self.gcc(path, *self.link("opt/x", "libfoo.so.1"))
            findings = self.check_base(exit_code=3)
            self.assertEqual([finding["severity"] for finding in findings["elf.missing-library"]], [severity])
            self.assertEqual("python.foreign-extension" in findings, version == "312")

    def test_no_linker(self):
        self.gcc("usr/bin/tool", "-Wl,--dynamic-linker=/lib/absent.so.1", source="int main(void) { return 0; }\n", shared=False)
        finding = self.only(self.check_base(exit_code=3), "elf.missing-library", "error", "usr/bin/tool")
        self.assertIn("‘/lib/absent.so.1’ is not in the image", finding["message"])

    def test_broken_and_foreign_files(self):
        module = self.gcc(f"{MODULES}/m.so")
        data = module.read_bytes()
        for length in (5, 63, 200, len(data) // 3):
            module.write_bytes(data[:length])
            self.only(self.check_base(exit_code=3), "elf.broken", "error", f"{MODULES}/m.so")
        module.write_bytes(struct.pack("<I", 0xfeedfacf) + bytes(100))
        self.only(self.check_base(), "elf.foreign-binary", "warning", f"{MODULES}/m.so")
        module.write_bytes(b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + bytes(100))
        self.only(self.check_base(), "elf.foreign-binary", "warning", f"{MODULES}/m.so")
        module.write_bytes(bytes.fromhex("cafebabe00000034") + bytes(100))  # a Java class
        self.assertEqual(self.check_base(), {})

    def test_dangerous_flags(self):
        self.gcc(f"{MODULES}/m.so", "-Wl,-z,execstack")
        self.only(self.check_base(), "elf.executable-stack", "warning", f"{MODULES}/m.so")
        self.gcc(f"{MODULES}/m.so", "-fno-pic", "-mcmodel=large", "-Wl,-z,notext",
                 source="extern int x; int *f(void) { return &x; }\n")
        self.only(self.check_base(), "elf.text-relocations", "warning", f"{MODULES}/m.so")

    TWO = "int two(void) { return 2; }\n"

    def make_symbols(self, libone="int one(void) { return 1; }\n", own=(), other="int one(void); int two(void) { return one(); }\n"):
        """m.so wants one and two; of its two libone.so.3, /opt/a's is found, and /opt/b's has both."""
        self.gcc("opt/b/libone.so.3", "-Wl,-soname,libone.so.3", source=other)
        self.gcc("opt/a/libone.so.3", "-Wl,-soname,libone.so.3", *own, source=libone)
        self.gcc(f"{MODULES}/m.so", "-Wl,-rpath,/opt/a,--disable-new-dtags,--allow-shlib-undefined", *self.link("opt/a", "libone.so.3"),
                 source="int one(void), two(void); int f(void) { return one() + two(); }\n")
        self.gcc("usr/bin/python3.11", source="int main(void) { return 0; }\n", shared=False)
        (self.root / "usr/bin/python3").symlink_to("python3.11")

    def test_a_symbol_that_no_library_of_the_load_has(self):
        self.make_symbols()
        finding = self.only(self.check_base(exit_code=3), "elf.undefined-symbol", "error", f"{MODULES}/m.so")
        self.assertIn("which lacks ‘two’", finding["message"])

    def test_a_symbol_of_a_library_that_is_needed_indirectly(self):
        self.gcc("opt/a/libtwo.so.3", "-Wl,-soname,libtwo.so.3", source=self.TWO)
        self.make_symbols(own=self.link("opt/a", "libtwo.so.3"))
        self.assertEqual(self.check_base(), {})

    def test_a_symbol_of_a_library_that_is_needed_later(self):
        """The needed library stands after the one that lacks the symbol."""
        self.make_symbols()
        self.gcc("opt/a/libtwo.so.3", "-Wl,-soname,libtwo.so.3", source=self.TWO)
        self.gcc(f"{MODULES}/m.so", "-Wl,-rpath,/opt/a,--disable-new-dtags", *self.link("opt/a", "libone.so.3"),
                 *self.link("opt/a", "libtwo.so.3"), source="int one(void), two(void); int f(void) { return one() + two(); }\n")
        self.assertEqual(self.check_base(), {})

    def test_a_symbol_of_the_program_or_of_what_is_preloaded(self):
        self.make_symbols()
        self.gcc("opt/a/libtwo.so.3", "-Wl,-soname,libtwo.so.3", source=self.TWO)
        self.config["env"]["LD_PRELOAD"] = "/opt/a/libtwo.so.3"
        self.assertEqual(self.check_base(), {})
        del self.config["env"]["LD_PRELOAD"]
        self.assertEqual(set(self.check_base(exit_code=3)), {"elf.undefined-symbol"})
        self.gcc("usr/bin/python3.11", "-rdynamic", source="int two(void) { return 2; }\nint main(void) { return 0; }\n", shared=False)
        self.assertEqual(self.check_base(), {})

    def make_stack(self, name, core, soname="libhl-1234.so.1", source="int core(void); int hl(void) { return core(); }\n"):
        libs = f"{MODULES}/{name}.libs"
        self.gcc(f"{libs}/{core}", f"-Wl,-soname,{core}", source="int core(void) { return 1; }\n")
        self.gcc(f"{libs}/{soname}", f"-Wl,-soname,{soname}", "-Wl,-rpath,$ORIGIN,--disable-new-dtags", *self.link(libs, core), source=source)
        self.gcc(f"{MODULES}/{name}/m.abi3.so", f"-Wl,-rpath,$ORIGIN/../{name}.libs,--disable-new-dtags", *self.link(libs, soname),
                 source="int hl(void); int f(void) { return hl(); }\n")

    def test_two_packages_with_a_library_of_one_name(self):
        self.make_stack("h5py", "libcore-a.so.1")
        self.assertEqual(self.check_base(), {})
        self.make_stack("netCDF4", "libcore-b.so.1")
        finding = self.only(self.check_base(), "elf.twin-library", "warning", f"{MODULES}/h5py.libs/libhl-1234.so.1")
        self.assertRegex(finding["message"], "(?s)which needs ‘libcore-a.so.1’, and .*netCDF4.libs.*which needs ‘libcore-b.so.1’.*imports ‘h5py’ and ‘netCDF4’")
        # Two equal files are not ambiguous, and neither are copies of one file made for its wheel.
        for name in ("h5py", "netCDF4"):
            shutil.rmtree(self.root / MODULES / f"{name}.libs")
        self.make_stack("h5py", "libcore-a.so.1")
        self.make_stack("netCDF4", "libcore-a.so.1")
        self.assertEqual(self.check_base().keys() - {"size.duplicate-files"}, set())
        for name, comment in (("h5py", "static const char a[] = \"1\";"), ("netCDF4", "static const char b[] = \"22\";")):
            self.make_stack(name, "libcore-a.so.1", "libhl-0123abcd.so.1",
                            f"{comment}\nint core(void); int hl(void) {{ return core() + {len(name)}; }}\n")
        self.assertEqual(self.check_base().keys() - {"size.duplicate-files"}, set())

    def test_an_image_without_a_dynamic_linker(self):
        self.gcc(f"{MODULES}/m.so")
        self.gcc(f"{MODULES}/n.so")
        self.gcc("opt/lib/liba.so.1", "-Wl,-soname,liba.so.1")
        (self.root / "usr/lib64/ld-linux-x86-64.so.2").unlink()
        shutil.rmtree(self.root / LIBRARIES)
        finding = self.only(self.check_base(exit_code=3), "elf.missing-library", "error", f"{MODULES}/m.so")
        self.assertIn("the image has no dynamic linker", finding["message"])
        self.assertEqual([(file["path"], file["severity"]) for file in finding["files"]],
                         [(f"/{MODULES}/m.so", "error"), (f"/{MODULES}/n.so", "error"), ("/opt/lib/liba.so.1", "warning")])

    def missing(self, name, *paths):
        """The finding about a library that is not there, which modules at these paths need."""
        self.gcc(f"opt/x/{name}", f"-Wl,-soname,{name}")
        for path in paths:
            self.gcc(path, *self.link("opt/x", name))
        (self.root / "opt/x" / name).unlink()
        finding, = self.check_base(exit_code=3)["elf.missing-library"]
        return finding

    def test_one_library_that_many_files_lack_is_one_finding(self):
        paths = [f"{MODULES}/p/m{i}.so" for i in range(14)]
        finding = self.missing("libstdc++.so.6", *paths)
        self.assertEqual({file["path"] for file in finding["files"]}, {f"/{path}" for path in paths})
        self.assertIn("libstdc++6 of Debian, libstdc++ of Amazon Linux 2023", finding["fix"])

    def test_fixes_that_work(self):
        module = f"{MODULES}/p/m.so"
        # Debian's libc6 has libnsl.so.1, and its libnsl2 the other; Amazon Linux 2023 has libnsl and libnsl2.
        self.assertIn("libnsl2 of Debian, libnsl2 of", self.missing("libnsl.so.2", module)["fix"])
        self.assertIn("libc6 of Debian, libnsl of", self.missing("libnsl.so.1", module)["fix"])
        self.assertIn("take the wheel for manylinux", self.missing("libc.musl-x86_64.so.1", module)["fix"])
        self.assertIn("install the wheel whole", self.missing("libgfortran-040039e1.so.5.0.0", module)["fix"])
        self.assertIn("libgl1 of Debian", self.missing("libGL.so.1", module)["fix"])
        shutil.rmtree(self.root / f"{MODULES}/p")
        self.assertIn("take the wheel opencv-python-headless instead of opencv-python", self.missing("libGL.so.1", f"{MODULES}/cv2/cv2.abi3.so")["fix"])

    def test_wheel_tags_of_a_distributions_packages(self):
        """They say where the package was built, for one of several Pythons: pip says nothing of them either."""
        self.gcc("usr/bin/python3.11", source="int main(void) { return 0; }\n", shared=False)
        self.write("base/usr/lib/python3.11/os.py", "")
        self.config["working_dir"] = "/opt"
        for place in (MODULES, "opt"):
            self.write(f"base/{place}/p-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: p\nVersion: 1\n")
            self.write(f"base/{place}/p-1.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: cp310-cp310-linux_x86_64\n")
            self.write(f"base/{place}/p-1.dist-info/INSTALLER", "pip\n")
        self.assertEqual({finding["path"] for finding in self.check_base()["python.wheel-tag"]}, {"/opt/p-1.dist-info"})
        self.write("base/opt/p-1.dist-info/INSTALLER", "rpm\n")
        self.assertNotIn("python.wheel-tag", self.check_base())
        shutil.rmtree(self.root / "opt/p-1.dist-info")
        self.assertEqual(self.check_base(), {})

    def test_a_wheel_without_its_libraries(self):
        self.gcc("usr/bin/python3.11", source="int main(void) { return 0; }\n", shared=False)
        self.write("base/usr/lib/python3.11/os.py", "")
        self.write(f"base/{MODULES}/p-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: p\nVersion: 1\n")
        self.write(f"base/{MODULES}/p-1.dist-info/RECORD", "p/m.abi3.so,,\np.libs/libfoo-plain.so.1,,\n")
        finding = self.missing("libfoo-plain.so.1", f"{MODULES}/p/m.abi3.so")
        self.assertEqual(finding["fix"], "install ‘p’ whole: its RECORD has ‘p.libs/libfoo-plain.so.1’, which is not in the image")

    def test_shadowed_library(self):
        self.gcc(f"{MODULES}/m.libs/libfoo.so.1", "-Wl,-soname,libfoo.so.1")
        self.gcc(f"{MODULES}/m.so", "-Wl,-rpath,$ORIGIN/m.libs,--enable-new-dtags", *self.link(f"{MODULES}/m.libs", "libfoo.so.1"))
        self.gcc("opt/other/libfoo.so.1", "-Wl,-soname,libfoo.so.1", source="int f(void) { return 2; }\n")
        self.assertEqual(self.check_base(), {})
        self.config["env"]["LD_LIBRARY_PATH"] = "/opt/other"
        finding = self.only(self.check_base(), "elf.shadowed-library", "warning", f"{MODULES}/m.so")
        self.assertRegex(finding["message"], "it gets ‘/opt/other/libfoo.so.1’ in ‘base’, by LD_LIBRARY_PATH")

    def test_library_of_an_earlier_import(self):
        """A module of Python's own brings the base's library into the process; a tree's file that ships another of the name gets that one then."""
        self.gcc("usr/bin/python3.11", source="int main(void) { return 0; }\n", shared=False)
        self.write("base/usr/lib/python3.11/os.py", "")
        self.gcc(f"{LIBRARIES}/libdb.so.0", "-Wl,-soname,libdb.so.0")
        self.gcc("usr/lib/python3.11/lib-dynload/_db.cpython-311-x86_64-linux-gnu.so", *self.link(LIBRARIES, "libdb.so.0"))
        tree = self.directory / "tree"
        self.gcc(tree / "lib/libdb.so.0", "-Wl,-soname,libdb.so.0", source="int f(void) { return 2; }\n")
        rpath = "-Wl,--disable-new-dtags,-rpath,/opt/lib,--allow-shlib-undefined"
        self.gcc(tree / "lib/libuser.so.1", "-Wl,-soname,libuser.so.1", rpath, f"-L{tree}/lib", "-l:libdb.so.0")
        self.gcc(tree / "python/m.so", rpath, f"-L{tree}/lib", "-l:libuser.so.1")

        def check(**members):
            self.build(self.write_profile(trees=[{"name": "tree", "directory": "tree", "prefix": "/opt"}], config={"env": {
                "PATH": "/usr/bin", "PYTHONPATH": "/opt/python"}, **members}), "--no-validate")
            return self.check("test", "--target", "oci")

        finding = self.only(check(), "elf.shadowed-library", "note", "opt/lib/libuser.so.1")
        self.assertEqual(finding["message"], "for ‘libdb.so.0’ it gets ‘/opt/lib/libdb.so.0’ in ‘tree’, which ships with it, only in a process that has none yet: "
                                             f"after Python's module ‘_db’ was imported it gets ‘/{LIBRARIES}/libdb.so.0’ in ‘base’")
        # A library that no module loads only concerns its program; equal bytes, or another name, do not make it another library.
        (tree / "python/m.so").unlink()
        self.assertEqual(check(), {})
        self.gcc(tree / "python/m.so", rpath, f"-L{tree}/lib", "-l:libuser.so.1")
        shutil.copy(self.root / LIBRARIES / "libdb.so.0", tree / "lib/libdb.so.0")
        self.assertEqual(check().keys() - {"size.duplicate-files"}, set())

    def test_all_at_once_and_forms_of_output(self):
        self.gcc("opt/x/libfoo.so.1", "-Wl,-soname,libfoo.so.1")
        self.gcc(f"{MODULES}/m.so", "-Wl,-z,execstack", *self.link("opt/x", "libfoo.so.1"))
        self.gcc(f"{MODULES}/ä n.so", *self.link("opt/x", "libfoo.so.1"))
        sarif = self.directory / "out.sarif"
        findings = self.check_base("--sarif", sarif, exit_code=3)
        self.assertEqual({key: len(value) for key, value in findings.items()}, {"elf.missing-library": 1, "elf.executable-stack": 1})
        missing = findings["elf.missing-library"][0]
        paths = [f"/{MODULES}/m.so", f"/{MODULES}/ä n.so"]
        self.assertEqual(([file["path"] for file in missing["files"]], missing["path"]), (paths, paths[0]))
        text = self.run_terrane("check", "--target=oci", "test", exit_code=3)
        self.assertTrue(text.stdout.endswith("\n1 error, 1 warning, 0 notes\n"), text.stdout)
        self.assertIn(f"  the same of 1 more file: ‘{paths[1]}’\n", text.stdout)
        self.assertIn("terrane: check: test: 1 error", text.stderr)
        log = json.loads(sarif.read_text())
        # SARIF 2.1.0, sections 3.13, 3.14, 3.19, 3.27: what must be there.
        self.assertEqual(log["version"], "2.1.0")
        run, = log["runs"]
        rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
        self.assertEqual(run["tool"]["driver"]["name"], "terrane")
        self.assertEqual(len(rules), len(set(rules)))
        documented = dict(re.findall(r"^\| `([a-z-]+\.[a-z-]+)` \| ([^|]*) \|", (TOP / "docs/checks.md").read_text(), re.MULTILINE))
        self.assertEqual({rule["id"]: rule["properties"]["levels"] for rule in run["tool"]["driver"]["rules"]},
                         {finding: [level for level in ("error", "warning", "note") if re.search(rf"\b{level}", column)]
                          for finding, column in documented.items()})
        self.assertEqual(len(run["results"]), 2)
        related = [place["physicalLocation"]["artifactLocation"]["uri"] for result in run["results"] for place in result.get("relatedLocations", [])]
        self.assertEqual(related, [f"{MODULES}/%C3%A4%20n.so"])
        for result in run["results"]:
            self.assertEqual(rules[result["ruleIndex"]], result["ruleId"])
            self.assertIn(result["level"], ("error", "warning", "note"))
            self.assertTrue(result["message"]["text"])
            location = result["locations"][0]["physicalLocation"]["artifactLocation"]
            self.assertIn(location["uriBaseId"], run["originalUriBaseIds"])
            self.assertRegex(location["uri"], r"^[A-Za-z0-9/._%-]+$")
        self.assertEqual(set(self.check("test", "--target=oci", "--ignore", "elf.missing-library")), {"elf.executable-stack"})
        self.assert_fails(2, "no finding has this id; did you mean ‘elf.broken’", "check", "test", "--ignore", "elf.brokn")
        self.assert_fails(2, "expected one of aws-lambda, oci, cloud-run, azure-functions", "check", "test", "--target", "cloud")

    def test_a_build_fails_for_what_trees_bring(self):
        self.gcc("opt/x/libfoo.so.1", "-Wl,-soname,libfoo.so.1")
        self.gcc(f"{MODULES}/m.so", *self.link("opt/x", "libfoo.so.1"))
        (self.directory / "app").mkdir()
        (self.root / f"{MODULES}/m.so").rename(self.directory / "app/m.so")
        message = self.assert_fails(3, "elf.missing-library: .*/m.so in app: ‘libfoo.so.1’ is not found", "build", self.write_profile(
            trees=[{"name": "app", "directory": "app", "prefix": f"/{MODULES}"}]), "--no-validate")
        self.assertIn("in ‘app’", message)
        self.assertEqual(self.run_terrane("--json", "images").stdout, "[]\n")
        # One run tells all: warnings too.
        self.gcc("opt/plugins/p.so", "-Wl,-z,execstack")
        message = self.assert_fails(3, "(?s)is not found.*\nterrane: 1 warning:\n  elf.executable-stack: /opt/plugins/p.so in base: it asks", "build",
                                    self.directory / "profile.json", "--no-validate")

    def test_why(self):
        self.gcc(f"{MODULES}/m.libs/libfoo.so.1", "-Wl,-soname,libfoo.so.1")
        self.gcc("opt/other/libother.so", "-Wl,-soname,libfoo.so.1", source="int f(void) { return 2; }\n")
        self.gcc(f"{MODULES}/m.so", "-Wl,-rpath,$ORIGIN/m.libs", *self.link(f"{MODULES}/m.libs", "libfoo.so.1"))
        self.check_base()
        document = json.loads(self.run_terrane("--json", "why", "test", "libfoo.so.1").stdout)
        self.assertEqual({file["path"] for file in document["files"]}, {f"/{MODULES}/m.libs/libfoo.so.1", "/opt/other/libother.so"})
        need, = document["needed_by"]
        self.assertEqual(need, {"path": f"/{MODULES}/m.so", "tree": "base", "as": "libfoo.so.1", "by": "DT_RUNPATH",
                                "found": f"/{MODULES}/m.libs/libfoo.so.1"})
        library = f"/{MODULES}/m.libs/libfoo.so.1"
        text = self.run_terrane("why", "test", library).stdout
        # The answer first, in a line each; how it is found when that is asked for.
        self.assertTrue(text.startswith(f"{library} in base, "), text)
        self.assertIn(f"\nneeded by 1 file: /{MODULES}/m.so\n", text)
        self.assertNotIn("by DT_RUNPATH", text)
        text = self.run_terrane("why", "--verbose", "test", library).stdout
        self.assertIn(f"\nneeded by 1\n  /{MODULES}/m.so in base: libfoo.so.1 is {library}, by DT_RUNPATH\n", text)
        self.assert_fails(1, "‘/absent’ is not in the image", "why", "test", "/absent")
        text = self.run_terrane("why", "test", "/opt").stdout
        size = (self.root / "opt/other/libother.so").stat().st_size
        self.assertRegex(text, r"^/opt is a directory: 1 file, .*\n  base: 1 file, .*\n$")
        self.assertEqual(json.loads(self.run_terrane("--json", "why", "test", "/opt/other/").stdout),
                         {"name": "/opt/other/", "directory": "/opt/other", "files": 1, "size": size,
                          "trees": [{"tree": "base", "files": 1, "size": size}]})
        paths = [path for path in self.root.rglob("*") if path.is_symlink() or not path.is_dir()]
        self.assertEqual(json.loads(self.run_terrane("--json", "why", "test", "/").stdout)["files"], len(paths))
        self.assert_fails(1, "nothing in the image has the name ‘absent.so’", "why", "test", "absent.so")

    def test_lists_of_packages_take_no_more_memory_than_their_size(self):
        """30 MiB of empty lines and of stanzas: as a list of lines they took over a gigabyte."""
        self.write("base/var/lib/dpkg/status", "\n" * (16 << 20) + "Package: a\nVersion: 1\nDepends: b\n\n" * (14 << 15))
        self.write("base/var/lib/dpkg/info/a.list", "/\n" * (4 << 20))
        self.write("base/usr/bin/a", "x")
        profile = self.write_profile(trees=[{"name": "t", "directory": "base/usr", "prefix": "/opt"}])
        self.run_terrane("build", profile)
        script = ("import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); "
                  "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
        peak = subprocess.run([sys.executable, "-c", script, TERRANE, "--store", str(self.store), "check", "--target=oci", "test"],
                              check=True, capture_output=True, text=True).stdout
        self.assertLess(int(peak), (1200 if SANITIZER else 400) << 10)  # KiB

    def test_gc_and_fsck_know_the_caches(self):
        self.gcc(f"{MODULES}/m.so")
        self.check_base()
        self.run_terrane("gc")
        self.assert_store_is_sound()
        self.assertEqual(len(list((self.store / "cache/unpacked").iterdir())), 1)
        self.assertEqual(len(list((self.store / "cache/programs").iterdir())), 1)
        self.assertEqual(self.check("test", "--target=oci"), {})
        self.run_terrane("rm", "test")
        self.run_terrane("gc")
        self.assertEqual(list((self.store / "cache/unpacked").iterdir()), [])
        self.assertEqual(list((self.store / "cache/programs").iterdir()), [])


DOCKER = "application/vnd.docker."
OCI = "application/vnd.oci.image."


class Layers(CheckCase):
    """Images that other tools could have made, written here byte by byte."""

    GOOD = [("usr", "dir"), ("usr/bin", "dir"), ("usr/bin/app", 0o755), ("var", "dir"), ("var/task", "dir"), ("var/task/f.py", 0o644)]

    def put(self, data):
        digest = hashlib.sha256(data).hexdigest()
        path = self.write(f"image/blobs/sha256/{digest}", data)
        return {"digest": f"sha256:{digest}", "size": path.stat().st_size}

    def layer(self, members, compress=gzip.compress):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            for name, kind, *target in members:
                info = tarfile.TarInfo(name)
                info.type = {"dir": tarfile.DIRTYPE, "link": tarfile.LNKTYPE}.get(kind, tarfile.REGTYPE)
                info.mode = 0o755 if isinstance(kind, str) else kind
                info.linkname = target[0] if target else ""
                content = b"#!/usr/bin/app\n" if kind == 0o755 else b"x"  # which the kernel would not start, and is enough here
                info.size = len(content) if info.isreg() else 0
                tar.addfile(info, io.BytesIO(content))
        data = buffer.getvalue()
        return compress(data), "sha256:" + hashlib.sha256(data).hexdigest()

    def image(self, members=None, compress=gzip.compress, layer_type=OCI + "layer.v1.tar+gzip", manifest_type=OCI + "manifest.v1+json",
              config_type=OCI + "config.v1+json", index=False, architecture="amd64", **config):
        shutil.rmtree(self.directory / "image", ignore_errors=True)
        data, diff_id = self.layer(members or self.GOOD, compress)
        settings = {"Entrypoint": ["/usr/bin/app"], "Cmd": ["f.handler"], "WorkingDir": "/var/task", **config}
        document = {"os": "linux", "architecture": architecture, "config": settings,
                    "rootfs": {"type": "layers", "diff_ids": [diff_id]}}
        manifest = {"schemaVersion": 2, "mediaType": manifest_type,
                    "config": {"mediaType": config_type, **self.put(json.dumps(document).encode())},
                    "layers": [{"mediaType": layer_type, **self.put(data)}]}
        entry = {"mediaType": manifest_type, **self.put(json.dumps(manifest).encode()),
                 "platform": {"os": "linux", "architecture": architecture}}
        if index:
            document = {"schemaVersion": 2, "mediaType": OCI + "index.v1+json", "manifests": [entry]}
            entry = {"mediaType": OCI + "index.v1+json", **self.put(json.dumps(document).encode())}
        self.write("image/oci-layout", '{"imageLayoutVersion": "1.0.0"}')
        self.write("image/index.json", json.dumps({"schemaVersion": 2, "manifests": [entry]}))
        return f"oci:{self.directory}/image"

    def test_a_sound_image_in_all_transports(self):
        self.assertEqual(self.check(self.image()), {})
        self.assertEqual(self.check(self.image(manifest_type=DOCKER + "distribution.manifest.v2+json", layer_type=DOCKER +
                                               "image.rootfs.diff.tar.gzip", config_type=DOCKER + "container.image.v1+json")), {})
        self.assertEqual(self.run_terrane("--json", "images").stdout, "[]\n")  # looking at an image gives it no name
        self.image()
        with tarfile.open(self.directory / "image.tar", "w") as tar:
            for name in ("oci-layout", "index.json", "blobs"):
                tar.add(self.directory / "image" / name, name)
        self.assertEqual(self.check(f"oci-archive:{self.directory}/image.tar"), {})

    def test_image_index(self):
        self.only(self.check(self.image(index=True), "--platform", "linux/amd64", exit_code=3), "lambda.image-index", "error")

    def test_mixed_media_types(self):
        self.only(self.check(self.image(config_type=DOCKER + "container.image.v1+json"), exit_code=3), "lambda.media-types", "error")

    @unittest.skipUnless(have("zstd"), "zstd is not installed")
    def test_zstd_layer(self):
        def zstd(data):
            return subprocess.run(["zstd", "-qc"], input=data, check=True, capture_output=True).stdout
        image = self.image(compress=zstd, layer_type=OCI + "layer.v1.tar+zstd")
        self.only(self.check(image, exit_code=3), "lambda.layer-compression", "error")
        self.assertEqual(self.check(image, "--target", "oci"), {})

    def test_plain_layer(self):
        self.only(self.check(self.image(compress=bytes, layer_type=OCI + "layer.v1.tar")), "lambda.layer-compression", "warning")
        self.check(self.image(compress=bytes, layer_type=DOCKER + "image.rootfs.diff.tar", config_type=DOCKER +
                              "container.image.v1+json", manifest_type=DOCKER + "distribution.manifest.v2+json"), exit_code=3)

    def test_parent_directories(self):
        late = [("usr/bin/app", 0o755), ("usr", "dir"), ("usr/bin", "dir"), ("var", "dir"), ("var/task", "dir")]
        for members in (late, [member for member in self.GOOD if member[0] != "usr/bin"]):
            finding = self.only(self.check(self.image(members), exit_code=3), "lambda.parent-directory", "error", "usr/bin/app")
            self.assertIn("MissingParentDirectory", finding["message"])
            self.assertEqual(finding["tree"], "layer 1")

    def test_hard_link(self):
        image = self.image([*self.GOOD, ("usr/bin/b", "link", "usr/bin/app")])
        for _ in range(2):  # from the layer, then from the cache
            self.only(self.check(image), "lambda.hard-link", "warning", "usr/bin/b")

    def test_unreadable_files(self):
        finding = self.only(self.check(self.image([*self.GOOD, ("var/task/data", 0o600)]), exit_code=3), "lambda.unreadable-file",
                            "error", "var/task/data")
        self.assertIn("(0600)", finding["message"])
        self.only(self.check(self.image([*self.GOOD, ("usr/share", "dir"), ("usr/share/x", 0o640)])), "lambda.unreadable-file", "warning",
                  "usr/share/x")
        self.assertEqual(self.check(self.image([*self.GOOD, ("etc", "dir"), ("etc/shadow", 0o640)])), {})

    def test_setuid(self):
        self.only(self.check(self.image([*self.GOOD, ("usr/bin/su", 0o4755)])), "lambda.setuid", "note", "usr/bin/su")

    def test_configuration(self):
        cases = {"lambda.entrypoint-missing": {"Entrypoint": ["/absent"]}, "lambda.entrypoint-relative": {"Entrypoint": ["app"]},
                 "lambda.entrypoint-not-executable": {"Entrypoint": ["/var/task/f.py"]}, "lambda.no-command": {"Entrypoint": ["/lambda-entrypoint.sh"], "Cmd": []},
                 "lambda.working-directory": {"WorkingDir": "/absent"}, "lambda.environment-size": {"Env": ["A=" + 4096 * "x"]},
                 "lambda.wrong-architecture": {"architecture": "riscv64"}}
        for identifier, config in cases.items():
            with self.subTest(identifier):
                platform_option = ("--platform", "linux/" + config.get("architecture", "amd64"))
                members = [*self.GOOD, ("lambda-entrypoint.sh", 0o755), ("var/runtime", "dir"), ("var/runtime/bootstrap", 0o755)]
                self.only(self.check(self.image(members, **config), *platform_option, exit_code=3), identifier, "error")
        self.only(self.check(self.image(Env=["AWS_REGION=eu-west-1"])), "lambda.reserved-variable", "warning")

    def test_a_compiled_handler_and_a_server_behind_an_extension(self):
        self.assertEqual(self.check(self.image(Cmd=[])), {})
        self.assertEqual(self.check(self.image(Entrypoint=[], Cmd=["app", "--port=8080"], Env=["PATH=/usr/bin"])), {})

    def test_runtime_client(self):
        python = [*self.GOOD, ("usr/bin/python3.12", 0o755), ("var/task/app.so", 0o644)]  # compiled: what it has is not known
        entrypoint = ["/usr/bin/python3.12", "-m", "awslambdaric"]
        self.only(self.check(self.image(python, Entrypoint=entrypoint, Cmd=["app.handler"]), exit_code=3), "lambda.no-runtime-client", "error")
        client = [*python, ("var/task/awslambdaric", "dir"), ("var/task/awslambdaric/__main__.py", 0o644)]
        self.assertEqual(self.check(self.image(client, Entrypoint=entrypoint, Cmd=["app.handler"])), {})

    def test_old_runtime(self):
        members = [*self.GOOD, ("var/lang", "dir"), ("var/lang/bin", "dir"), ("var/lang/bin/python3.8", 0o755)]
        self.only(self.check(self.image(members)), "lambda.deprecated-runtime", "warning")


@unittest.skipUnless(list(INPUTS.glob("debian12-gdal-*.tar.zst")), "profiles/inputs is empty, run scripts/debian-rootfs")
class Debian(CheckCase):
    @classmethod
    def setUpClass(cls):
        cls.record = shared_gdal_build()
        cls.shared = SHARED / "store"

    def test_there_is_nothing_wrong_with_debian(self):
        result = self.run_terrane("--json", "check", "debian12-gdal", store=self.shared)
        document = json.loads(result.stdout)
        self.assertEqual((document["errors"], document["warnings"]), (0, 0), document["findings"])

    def resolve(self, root, path):
        """Where a path leads inside of the root, symbolic links followed."""
        done = []
        todo = path.strip("/").split("/")
        while todo:
            name = todo.pop(0)
            if name in ("", "."):
                continue
            if name == "..":
                done = done[:-1]
                continue
            here = root.joinpath(*done, name)
            if here.is_symlink():
                target = os.readlink(here)
                done = [] if target.startswith("/") else done
                todo = target.split("/") + todo
            else:
                done.append(name)
        return "/".join(done)

    @unittest.skipUnless(have("bwrap"), "bubblewrap is not installed")
    def test_ld_so_finds_the_same(self):
        """Every program and library of the image, by itself: ld.so --list in the image, and terrane's search."""
        commit = self.record["commit"]
        root = shared_files(self.record)
        probe = BUILD / "tests/closure-probe"
        ours = json.loads(subprocess.run([str(probe), str(self.shared), commit], check=True, capture_output=True, text=True).stdout)
        script = 'while read -r f; do echo "== $f"; /lib64/ld-linux-x86-64.so.2 --list "/$f" 2>&1; done'
        environment = {key: value for key, value in os.environ.items() if not key.startswith("LD_")}
        output = subprocess.run(["bwrap", "--unshare-all", "--ro-bind", str(root), "/", "--dev", "/dev", "--proc", "/proc", "/bin/sh", "-c", script],
                                input="\n".join(ours) + "\n", check=True, capture_output=True, text=True, env=environment).stdout
        theirs, linked = {}, {}
        for part in output.split("== ")[1:]:
            path, *lines = part.splitlines()
            libraries = theirs.setdefault(path, {})
            for line in lines:
                match = re.fullmatch(r"\t(\S+) => (?:(/\S+) \(0x[0-9a-f]+\)|not found)", line)
                if match:
                    libraries[match.group(1)] = match.group(2) and linked.setdefault(match.group(2), self.resolve(root, match.group(2)))
        self.assertEqual(set(theirs), set(ours))
        self.assertGreater(sum(map(len, theirs.values())), 1000)
        differences = {}
        for path, libraries in ours.items():
            got = {name: found for name, found in libraries.items() if not name.startswith("ld-linux")}
            want = {name: found for name, found in theirs[path].items() if not name.startswith("ld-linux")}
            if got != want:
                differences[path] = {name: (got.get(name), want.get(name)) for name in {*got, *want} if got.get(name) != want.get(name)}
        self.assertEqual(differences, {})
        print(f"{len(ours)} files, {sum(map(len, ours.values()))} libraries compared")


if __name__ == "__main__":
    unittest.main()
