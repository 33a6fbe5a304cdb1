"""Rules about the source that a machine can check; CONTRIBUTING.md says why each is there."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD_DIR", TOP / "build/dev"))
TERRANE = os.environ.get("TERRANE", str(TOP / "build/dev/terrane"))

# What each folder may include from the project; a folder may always include itself.
ALLOWED = {
    "oci/base": set(),
    "oci": {"oci/base"},
    "oci/registry": {"oci", "oci/base"},
    "builder": {"builder/*", "oci", "oci/base"},  # the pipeline
    "builder/resolve": {"builder", "builder/check", "builder/image", "builder/profile", "builder/python", "builder/remote", "builder/source",
                        "builder/store", "oci", "oci/base", "oci/registry"},
    "builder/cli": {"builder", "builder/*", "oci", "oci/base", "oci/registry"},
    "builder/image": {"builder", "builder/check", "builder/profile", "builder/python", "builder/remote",
                      "builder/sandbox", "builder/source", "builder/store", "builder/transform", "oci", "oci/base"},
    "builder/remote": {"builder/store", "oci", "oci/base", "oci/registry"},
    "builder/source": {"builder", "builder/profile", "builder/python", "builder/store", "builder/transform", "oci",
                       "oci/base"},
    "builder/geo": {"builder/store", "oci", "oci/base"},
    "builder/check": {"builder", "builder/geo", "builder/profile", "builder/python", "builder/store", "oci", "oci/base"},
    "builder/sandbox": {"builder/sandbox/init", "oci", "oci/base"},
    "builder/sandbox/init": set(),
    "builder/validation": {"builder", "builder/profile", "builder/sandbox", "oci", "oci/base"},
    "builder/transform": {"builder", "builder/geo", "builder/profile", "builder/sandbox", "builder/store", "oci", "oci/base"},
    "builder/store": {"oci", "oci/base"},
    "builder/profile": {"oci", "oci/base"},
    "builder/python": {"oci", "oci/base", "oci/registry"},
}
# Files in builder/ itself that everybody below may include: words, not work.
WORDS = {"builder/error.h", "builder/progress.h", "builder/version.h", "builder/annotations.h", "builder/finding-ids.h"}


def sources(*suffixes):
    for folder in ("oci", "builder"):
        for path in sorted((TOP / folder).rglob("*")):
            if path.suffix in suffixes:
                yield path


def folder_of(path):
    return str(pathlib.Path(path).parent)


class Includes(unittest.TestCase):
    def edges(self):
        for path in sources(".c", ".h"):
            name = str(path.relative_to(TOP))
            for line in path.read_text().splitlines():
                match = re.match(r'#include "([^"]+)"', line)
                if match:
                    yield name, match.group(1)

    def test_they_point_one_way(self):
        for name, included in self.edges():
            here, there = folder_of(name), folder_of(included)
            if here == there or included in WORDS:
                continue
            allowed = ALLOWED[here]
            self.assertTrue(there in allowed or ("builder/*" in allowed and there.startswith("builder/")),
                            f"{name} must not include {included}")
        # git.h is the pipeline's own; only the image stamp and the variables of profiles ask git.
        for name, included in self.edges():
            if included == "builder/git.h":
                self.assertIn(name, {"builder/git.c", "builder/image/stamp.c", "builder/cli/load-profile.c"})

    def test_there_are_no_cycles_between_files(self):
        graph = {}
        for name, included in self.edges():
            if name.endswith(".h"):
                graph.setdefault(name, set()).add(included)
        done, path = set(), []

        def visit(node):
            self.assertNotIn(node, path, f"include cycle through {node}")
            if node in done:
                return
            path.append(node)
            for following in graph.get(node, ()):
                visit(following)
            path.pop()
            done.add(node)
        for node in list(graph):
            visit(node)

    def test_libraries_stay_where_they_are_wrapped(self):
        owners = {"archive.h": {"oci/decompressor.c", "builder/main.c"},
                  "libdeflate.h": {"oci/gzip-writer.c", "oci/zip-reader.c", "builder/main.c"},
                  "zlib.h": {"oci/decompressor.c"},
                  "curl/curl.h": {"oci/registry/http.c", "oci/registry/http-headers.c", "oci/registry/http-headers.h", "oci/registry/http-exchange.c",
                                 "oci/registry/url.c", "builder/main.c"},
                  "openssl/evp.h": {"oci/digest.c", "builder/validation/certificate.c"},
                  "openssl/x509v3.h": {"builder/validation/certificate.c"}, "libxml/HTMLparser.h": {"builder/python/index-html.c"},
                  "microhttpd.h": {"builder/sandbox/http-server.c"}, "seccomp.h": {"builder/sandbox/seccomp.c"},
                  "gelf.h": {"builder/check/elf-file.c", "builder/check/elf-symbols.c"},
                  "git2.h": {"builder/git.c"}, "libelf.h": {"builder/check/elf-file.c", "builder/check/elf-symbols.c"},
                  "ostree.h": {"builder/store/store.h"}}
        for path in sources(".c", ".h"):
            name = str(path.relative_to(TOP))
            for header in re.findall(r"#include <([^>]+)>", path.read_text()):
                if header in owners:
                    self.assertIn(name, owners[header], f"{name} includes <{header}>")


class Shape(unittest.TestCase):
    def test_files_are_one_concept(self):
        for path in sources(".c", ".h"):
            lines = len(path.read_text().splitlines())
            self.assertLessEqual(lines, 600 if path.suffix == ".c" else 250, f"{path} has {lines} lines")

    def test_no_shell_and_no_unsafe_functions(self):
        banned = re.compile(r"\b(system|popen|strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|gets|mktemp|tmpnam)\s*\(")
        for path in sources(".c", ".h"):
            code = re.sub(r'"(\\.|[^"\\])*"|/\*.*?\*/', "", path.read_text(), flags=re.S)
            match = banned.search(code)
            self.assertIsNone(match, f"{path} calls {match and match.group(1)}")

    def test_every_header_compiles_alone(self):
        commands = json.loads((BUILD / "compile_commands.json").read_text())
        command = next(entry for entry in commands if entry["file"].endswith("builder/build.c"))["command"]
        flags = [flag for flag in command.split() if flag.startswith(("-I", "-isystem", "-D", "-std", "/usr/include", "/usr/lib"))]
        compiler = command.split()[0]
        for path in sources(".h"):
            result = subprocess.run([compiler, *flags, "-fsyntax-only", "-x", "c", str(path)], capture_output=True, text=True)
            self.assertEqual(result.returncode, 0, f"{path}\n{result.stderr}")


class Format(unittest.TestCase):
    @unittest.skipUnless(shutil.which("clang-format"), "clang-format is not installed")
    def test_clang_format(self):
        files = [str(path) for path in sources(".c", ".h")]
        files += [str(path) for path in (TOP / "tests").rglob("*.[ch]")]
        result = subprocess.run(["clang-format", "--dry-run", "-Werror", *files], capture_output=True, text=True, cwd=TOP)
        self.assertEqual(result.returncode, 0, result.stderr[:3000])

    @unittest.skipUnless(shutil.which("shellcheck"), "shellcheck is not installed")
    def test_shellcheck(self):
        scripts = [str(path) for path in (TOP / "scripts").iterdir()
                   if path.is_file() and path.read_bytes().startswith((b"#!/bin/bash", b"#!/usr/bin/env bash"))]
        scripts.append(str(TOP / ".ci/run"))
        result = subprocess.run(["shellcheck", *scripts], capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stdout)


class Binary(unittest.TestCase):
    def test_there_is_one_libcurl_in_the_process(self):
        output = subprocess.run(["ldd", TERRANE], check=True, capture_output=True, text=True).stdout
        self.assertEqual(len(re.findall(r"^\s*libcurl", output, re.MULTILINE)), 1, output)

    def test_oci_is_not_linked_to_ostree(self):
        self.assertNotIn("OSTREE", (TOP / "oci/CMakeLists.txt").read_text())


if __name__ == "__main__":
    unittest.main()
