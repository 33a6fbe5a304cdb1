"""clang-tidy is silent about every file; .clang-tidy says which checks, and why not others.

A file about which it was silent is not looked at again while nothing has changed that the result depends on: the program, its
configuration, the command that compiles the file, and the content of all files that are read for it."""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD_DIR", TOP / "build/dev"))
SILENT = pathlib.Path.home() / ".cache/terrane-tests/clang-tidy"  # empty files, called by their keys
PROGRAM = shutil.which("clang-tidy") or shutil.which("clang-tidy-14")
OPTIONS = ["-quiet", "-extra-arg=-Wno-unknown-warning-option"]
# They look for what C does not have, in a fourth of the time.
NOT_FOR_C = "--checks=" + ",".join(f"-{name}" for name in (
    "clang-analyzer-cplusplus.*", "clang-analyzer-osx.*", "clang-analyzer-webkit.*", "clang-analyzer-nullability.*", "clang-analyzer-fuchsia.*",
    "clang-analyzer-optin.cplusplus.*", "clang-analyzer-optin.osx.*", "clang-analyzer-optin.mpi.*", "clang-analyzer-optin.performance.GCDAntipattern",
    "clang-analyzer-apiModeling.llvm.*", "clang-analyzer-apiModeling.google.*"))
BATCH = 2000  # lines of source for one process, whose start takes longer than a small file
OURS = re.compile(rf"{re.escape(str(TOP))}/(oci|builder)/.*\.cc?$")


def commands():
    """From each file of ours to the command that compiles it, without this directory's name."""
    entries = json.loads((BUILD / "compile_commands.json").read_text())
    return {entry["file"]: entry["command"] for entry in entries if OURS.match(entry["file"])}


def dependencies():
    """From each object to the files that its compilation has read, as ninja knows them."""
    text = subprocess.run(["ninja", "-C", BUILD, "-t", "deps"], check=True, capture_output=True, text=True).stdout
    read = {}
    for block in text.split("\n\n"):
        head, _, files = block.strip().partition("\n")
        if "(VALID)" in head:
            read[head.partition(":")[0]] = files.split()
    return read


def place_of(path):
    """The same for a checkout in another directory."""
    full = os.path.normpath(BUILD / path)
    return os.path.relpath(full, TOP) if full.startswith(f"{TOP}/") else full


class Keys:
    def __init__(self):
        self.digests, self.read = {}, dependencies()
        version = subprocess.run([PROGRAM, "--version"], check=True, capture_output=True).stdout
        self.common = hashlib.sha256(version + repr(OPTIONS + [NOT_FOR_C]).encode() + (TOP / ".clang-tidy").read_bytes()).digest()

    def digest(self, path):
        if path not in self.digests:
            self.digests[path] = hashlib.sha256((BUILD / path).read_bytes()).digest()
        return self.digests[path]

    def of(self, command):
        """None when it is not known what the compilation reads."""
        output = re.search(r" -o (\S+)", command)
        read = self.read.get(output[1]) if output else None
        if not read:
            return None
        key = hashlib.sha256(self.common + command.replace(str(TOP), "").encode())
        for path in sorted(read):
            key.update(place_of(path).encode() + b"\0" + self.digest(path))
        return key.hexdigest()


def look_at(paths):
    """Its findings for files of the same language."""
    options = OPTIONS + ([NOT_FOR_C] if paths[0].endswith(".c") else [])
    result = subprocess.run([PROGRAM, *options, "-p", str(BUILD), *paths], capture_output=True, text=True)
    findings = [line for line in result.stdout.splitlines() if "warning:" in line or "error:" in line]
    return findings or ([f"{' '.join(paths)}: {result.stderr}"] if result.returncode != 0 else [])


def batches(paths):
    """The longest files first, so that all processors have work up to the end."""
    batch, lines = [], 0
    for path in sorted(paths, key=lambda path: (path.endswith(".c"), -os.path.getsize(path))):
        length = pathlib.Path(path).read_text().count("\n")
        if batch and (lines + length > BATCH or batch[0].endswith(".c") != path.endswith(".c")):
            yield batch
            batch, lines = [], 0
        batch.append(path)
        lines += length
    if batch:
        yield batch


@unittest.skipUnless(PROGRAM, "clang-tidy is not installed")
class ClangTidy(unittest.TestCase):
    def test_it_is_silent(self):
        keys, files = Keys(), commands()
        self.assertGreater(len(files), 300)
        SILENT.mkdir(parents=True, exist_ok=True)
        wanted = {path: keys.of(command) for path, command in files.items()}
        wanted = {path: key for path, key in wanted.items() if key is None or not (SILENT / key).exists()}
        work, found = list(batches(wanted)), []
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for paths, findings in zip(work, pool.map(look_at, work)):
                found += findings
                for path in paths if not findings else []:
                    if wanted[path] is not None:
                        (SILENT / wanted[path]).touch()
        self.assertEqual(found, [], "\n".join(found[:40]))

    def test_what_a_key_depends_on(self):
        """On a header that is read, and on the command."""
        keys = Keys()
        path, command = next((path, command) for path, command in commands().items() if path.endswith("oci/digest.c"))
        before = keys.of(command)
        self.assertEqual(before, Keys().of(command))
        self.assertNotEqual(before, keys.of(command + " -DX"))
        header = next(read for read in keys.read[re.search(r" -o (\S+)", command)[1]] if read.endswith("oci/digest.h"))
        keys.digests[header] = b"another"
        self.assertNotEqual(before, keys.of(command))


if __name__ == "__main__":
    unittest.main()
