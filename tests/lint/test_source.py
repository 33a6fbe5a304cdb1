"""Rules about the source that a machine can check; CONTRIBUTING.md says why each is there."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD_DIR", TOP / "build/dev"))
TERRANE = os.environ.get("TERRANE", str(TOP / "build/dev/terrane"))
SANITIZED = pathlib.Path(TERRANE).parent.name in ("asan", "tsan", "fuzz")

# Files in builder/ itself that all directories below may include: words, not work.
WORDS = {"builder/error.h", "builder/progress.h", "builder/version.h", "builder/annotations.h", "builder/finding-ids.h"}


def rooms():
    """The table of docs/architecture.md: folder -> what it may include, or None for everything; a folder may always include itself."""
    text = (TOP / "docs/architecture.md").read_text()
    table = text[text.index("## Rooms"):].split("\n| folder |", 1)[1].split("\n\n", 1)[0]
    result = {}
    for row in table.splitlines()[2:]:
        folder, _, allowed = [cell.strip() for cell in row.strip("|").split("|")]
        result[folder.strip("`")] = None if allowed == "everything" else set(re.findall(r"`([^`]+)`", allowed))
    return result


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

    def room_edges(self):
        for name, included in self.edges():
            here, there = folder_of(name), folder_of(included)
            if name == "builder/main.c":
                here = "builder/cli"
            if here != there and included not in WORDS:
                yield name, here, included, there

    def test_they_point_one_way(self):
        allowed = rooms()
        for name, here, included, there in self.room_edges():
            self.assertIn(here, allowed, f"docs/architecture.md has no row for {here}")
            # git.h is the pipeline's own; only the image stamp and the variables of profiles ask git.
            if included == "builder/git.h":
                self.assertIn(name, {"builder/image/stamp.c", "builder/cli/load-profile.c"})
            # The registry client knows AWS at one place.
            elif there == "oci/aws" and here == "oci/registry":
                self.assertEqual(name, "oci/registry/cloud-registry.c")
            elif allowed[here] is not None:
                self.assertIn(there, allowed[here], f"{name} must not include {included}")

    def test_the_table_of_rooms_is_the_code_s(self):
        folders = {folder_of(path.relative_to(TOP)) for path in sources(".c", ".h")}
        self.assertEqual(set(rooms()), folders)
        used = {(here, there) for _, here, _, there in self.room_edges()}
        for here, allowed in rooms().items():
            for there in allowed or ():
                self.assertIn((here, there), used, f"docs/architecture.md: {here} does not include anything of {there}")

    def test_there_are_no_cycles_between_rooms(self):
        self.assert_no_cycles({here: (allowed or set()) - {here} for here, allowed in rooms().items()})

    def assert_no_cycles(self, graph):
        done, path = set(), []

        def visit(node):
            self.assertNotIn(node, path, f"a circle: {' → '.join(path[path.index(node):] if node in path else [])}")
            if node in done:
                return
            path.append(node)
            for following in sorted(graph.get(node, ())):
                visit(following)
            path.pop()
            done.add(node)
        for node in sorted(graph):
            visit(node)

    def test_there_are_no_cycles_between_files(self):
        """NAME.c, NAME.h and NAME-private.h are one file: what its .c includes it depends on, too."""
        def unit(name):
            return re.sub(r"(-private)?\.[ch]$", "", name)
        graph = {}
        for name, included in self.edges():
            if unit(name) != unit(included):
                graph.setdefault(unit(name), set()).add(unit(included))
        self.assert_no_cycles(graph)

    def test_libraries_stay_where_they_are_wrapped(self):
        owners = {"archive.h": {"oci/decompressor.c", "builder/cli/versions.c"},
                  "libdeflate.h": {"oci/gzip-writer.c", "oci/zip-reader.c", "oci/zip-writer.c", "builder/cli/versions.c"},
                  "zlib.h": {"oci/decompressor.c"},
                  "curl/curl.h": {"oci/http/ask.c", "oci/http/client.c", "oci/http/message.c", "oci/http/http-headers.c", "oci/http/http-headers.h",
                                 "oci/http/http-exchange.c",
                                 "oci/http/url.c", "builder/main.c", "builder/cli/versions.c"},
                  "openssl/evp.h": {"oci/digest.c", "builder/validation/certificate.c"},
                  "openssl/x509v3.h": {"builder/validation/certificate.c"}, "libxml/HTMLparser.h": {"builder/python/index-html.c"},
                  "toml++/toml.h": {"builder/python/toml-plus.cc"}, "microhttpd.h": {"builder/lambda/http-server.c"}, "seccomp.h": {"builder/sandbox/seccomp.c"},
                  "gelf.h": {"builder/elf/elf-file.c", "builder/elf/elf-sections.c", "builder/elf/elf-symbols.c"},
                  "git2.h": {"builder/git.c"}, "libelf.h": {"builder/elf/elf-file.c", "builder/elf/elf-sections.c", "builder/elf/elf-symbols.c"},
                  "ostree.h": {"builder/store/store.h"}}
        for path in sources(".c", ".cc", ".h"):
            name = str(path.relative_to(TOP))
            for header in re.findall(r"#include <([^>]+)>", path.read_text()):
                if header in owners:
                    self.assertIn(name, owners[header], f"{name} includes <{header}>")


class Tables(unittest.TestCase):
    def test_the_kinds_of_cache_entries_are_documented(self):
        code = (TOP / "builder/store/cache.c").read_text()
        kinds = re.findall(r'\[TERRANE_CACHE_[A-Z]+\] = "([a-z]+)"', code)
        row = re.search(r"^\| `cache/KIND/KEY` \|.*", (TOP / "docs/architecture.md").read_text(), re.MULTILINE).group(0)
        self.assertEqual(sorted(kinds), sorted(re.findall(r"`([a-z]+)`", row)))


class Words(unittest.TestCase):
    """The glossary of CONTRIBUTING.md."""

    def rows(self):
        text = (TOP / "CONTRIBUTING.md").read_text()
        table = text[text.index("## Glossary"):].split("|---|---|---|\n", 1)[1].split("\n\n", 1)[0]
        return [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()]

    def test_it_is_short(self):
        self.assertLessEqual(len(self.rows()), 25)

    def test_banned_words_are_gone(self):
        banned = [word for row in self.rows() for word in re.findall(r"`([^`]+)`", row[2])]
        self.assertGreater(len(banned), 3)
        documents = [path for path in (TOP / "docs").rglob("*") if path.suffix in (".md", ".1", ".5") and path.name != "decisions.md"]
        for path in [*sources(".c", ".h"), *documents, TOP / "README.md"]:
            text = path.read_text()
            for word in banned:
                pattern = rf"(?<![A-Za-z_]){re.escape(word)}s?(?![a-z_])" if word.islower() else re.escape(word)
                match = re.search(pattern, text)
                self.assertIsNone(match, f"{path}: {word!r} is another word in the glossary of CONTRIBUTING.md")


class Shape(unittest.TestCase):
    def test_files_are_one_concept(self):
        for path in sources(".c", ".cc", ".h"):
            lines = len(path.read_text().splitlines())
            self.assertLessEqual(lines, 250 if path.suffix == ".h" else 600, f"{path} has {lines} lines")

    def test_no_shell_and_no_unsafe_functions(self):
        banned = re.compile(r"\b(system|popen|strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|gets|mktemp|tmpnam)\s*\(")
        for path in sources(".c", ".h"):
            code = re.sub(r'"(\\.|[^"\\])*"|/\*.*?\*/', "", path.read_text(), flags=re.S)
            match = banned.search(code)
            self.assertIsNone(match, f"{path} calls {match and match.group(1)}")

    def test_tables_of_text_are_keyed(self):
        for path in sources(".c"):
            if path.relative_to(TOP).parts[:2] != ("builder", "profile"):  # the user's own names
                self.assertNotIn("g_str_hash", path.read_text(), f"{path}: oci_text_hash() is for text from strangers")

    def test_every_header_compiles_alone(self):
        commands = json.loads((BUILD / "compile_commands.json").read_text())
        command = next(entry for entry in commands if entry["file"].endswith("builder/build.c"))["command"]
        flags = [flag for flag in command.split() if flag.startswith(("-I", "-isystem", "-D", "-std", "/usr/include", "/usr/lib"))]
        compiler = command.split()[0]
        for path in sources(".h"):
            source = path.with_suffix(".c")
            first = re.search(r"^#include (.+)$", source.read_text(), re.MULTILINE) if source.exists() else None
            if first and first[1] == f'"{path.relative_to(TOP)}"':
                continue  # the build has compiled it before anything else
            result = subprocess.run([compiler, *flags, "-fsyntax-only", "-x", "c", str(path)], capture_output=True, text=True)
            self.assertEqual(result.returncode, 0, f"{path}\n{result.stderr}")


class TopLevel(unittest.TestCase):
    def test_it_has_what_architecture_names(self):
        known = {"builder", "oci", "profiles", "tests", "scripts", "docs", ".ci", "CMakeLists.txt", "CMakePresets.json", "README.md", "LICENSE",
                 "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", ".clang-format", ".clang-tidy", ".gitignore", ".editorconfig"}
        if not (TOP / ".git").exists():
            self.skipTest("does not apply: these are sources without a repository")
        names = subprocess.run(["git", "ls-files"], capture_output=True, text=True, cwd=TOP, check=True).stdout.split("\n")
        self.assertEqual({name.split("/")[0] for name in names if name} - known, set())


class Format(unittest.TestCase):
    @unittest.skipUnless(shutil.which("clang-format"), "clang-format is not installed")
    def test_clang_format(self):
        files = [str(path) for path in sources(".c", ".cc", ".h")]
        files += [str(path) for path in (TOP / "tests").rglob("*.[ch]")]
        result = subprocess.run(["clang-format", "--dry-run", "-Werror", *files], capture_output=True, text=True, cwd=TOP)
        self.assertEqual(result.returncode, 0, result.stderr[:3000])

    @unittest.skipUnless(shutil.which("shellcheck"), "shellcheck is not installed")
    def test_shellcheck(self):
        scripts = [str(path) for path in (TOP / "scripts").iterdir()
                   if path.is_file() and path.read_bytes().startswith((b"#!/bin/bash", b"#!/usr/bin/env bash"))]
        scripts += [str(TOP / ".ci/run"), str(TOP / "scripts/packaging/bundle")]
        result = subprocess.run(["shellcheck", *scripts], capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stdout)


def loaded_libraries(*arguments):
    """The paths of what the dynamic linker loads while terrane runs."""
    output = subprocess.run([TERRANE, *arguments], capture_output=True, text=True, env={**os.environ, "LD_DEBUG": "files"}, check=False)
    return set(re.findall(r"calling init: (\S+)", output.stderr))


class Binary(unittest.TestCase):
    def test_there_is_one_libcurl_in_the_process(self):
        """That of libostree, which a store needs, and our own, which --version asks."""
        with tempfile.TemporaryDirectory(dir="/var/tmp") as store:
            loaded = loaded_libraries("--version") | loaded_libraries("--store", store, "images")
        self.assertEqual(len({path for path in loaded if "/libcurl" in path}), 1, loaded)
        self.assertTrue(any("/libostree-1" in path for path in loaded), loaded)

    @unittest.skipUnless(os.uname().machine == "x86_64", "does not apply: builder/lazy knows x86-64 only")
    @unittest.skipIf(SANITIZED, "does not apply: programs with sanitizers are linked to everything")
    def test_help_loads_few_libraries(self):
        """Those that nearly every command needs: what is called of any other is in builder/lazy/functions.def."""
        for arguments in (["--help"], ["build", "--help"], ["completion", "bash"], ["init", "--help"], ["nothing"]):
            loaded = {pathlib.Path(path).name.split(".so")[0] for path in loaded_libraries(*arguments)}
            self.assertLessEqual(loaded, {"ld-linux-x86-64", "libc", "libm", "libgcc_s", "libstdc++", "libglib-2.0", "libpcre2-8",
                                          "libjansson"}, arguments)

    def test_oci_is_not_linked_to_ostree(self):
        self.assertNotIn("OSTREE", (TOP / "oci/CMakeLists.txt").read_text())


if __name__ == "__main__":
    unittest.main()
