"""Shared by the integration tests: running terrane, small trees, servers.

The binary under test is named by the environment variable TERRANE. Stores need a file system with user extended
attributes, which /tmp as tmpfs may lack, so everything temporary lives below TERRANE_TEST_TMPDIR or /var/tmp.
"""

import atexit
import contextlib
import fcntl
import functools
import hashlib
import json
import os
import pathlib
import pty
import pwd
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import tarfile
import termios
import time
import unittest
import zlib

try:
    import jsonschema
    import jsonschema.exceptions
except ImportError:  # the shipped tests that need no packages
    jsonschema = None

TOP = pathlib.Path(__file__).resolve().parents[2]
TERRANE = os.environ.get("TERRANE", str(TOP / "build/dev/terrane"))
BUILD = pathlib.Path(os.environ.get("BUILD_DIR", TOP / "build/dev"))
SANITIZER = BUILD.name if BUILD.name in ("asan", "tsan") else None  # which TERRANE was built with
INPUTS = TOP / "profiles/inputs"
GDAL_PROFILE = TOP / "profiles/debian12-gdal.json"

# Before the words of pip and its like: the machine's settings for package clients, which tests do not have otherwise.
PACKAGE_CLIENT = [str(TOP / "scripts/clean-environment"), "--package-client"]

# A store that all tests of the real profile share, so that GDAL is assembled once.
SHARED = pathlib.Path(os.environ.get("TERRANE_TEST_SHARED", "/var/tmp/terrane-test-shared"))


def reachable_program(path):
    """The program, or a copy of it, where other users may execute it: root's checkout may be closed to them."""
    program = pathlib.Path(path).resolve()
    if os.geteuid() != 0 or not program.exists() or all(parent.stat().st_mode & 0o001 for parent in program.parents):
        return path
    directory = pathlib.Path("/var/tmp", f"terrane-test-program-{secrets.token_hex(6)}")
    directory.mkdir(mode=0o755)
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    return str(shutil.copy(program, directory / program.name))


TERRANE = reachable_program(TERRANE)


def reachable_file(path):
    """A file of the checkout, or a copy of it for this run, where other users may read it."""
    if path is None or os.geteuid() != 0 or all(parent.stat().st_mode & 0o001 for parent in path.resolve().parents):
        return path
    directory = SHARED / "reachable"
    directory.mkdir(parents=True, exist_ok=True)
    copy = directory / path.name
    with open(directory / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not copy.exists() or (copy.stat().st_size, copy.stat().st_mtime_ns) != (path.stat().st_size, path.stat().st_mtime_ns):
            shutil.copy2(path, copy)
            copy.chmod(0o644)
    return copy


OUTPUT_SCHEMA = json.loads((TOP / "profiles/output.schema.json").read_text(encoding="utf-8"))
OUTPUT_COMMANDS = {row["$ref"].removeprefix("#/$defs/") for row in OUTPUT_SCHEMA["anyOf"]} - {"help", "version"}


def closed(schema):
    """The schema without the permission of members that it does not name: what is printed now is documented."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: closed(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and "additionalProperties" not in schema:
        result["additionalProperties"] = False
    return result


@functools.cache
def output_validator(name):
    """Of the documents of a command, or None where the tests' packages are not installed."""
    if jsonschema is None:
        return None
    schema = closed(OUTPUT_SCHEMA)
    return jsonschema.Draft202012Validator({"$schema": schema["$schema"], "$defs": schema["$defs"], "$ref": f"#/$defs/{name}"})


def command_in(arguments):
    """The first argument that is a command, unless --json is missing; "failure" when there is none."""
    words = [str(argument) for argument in arguments]
    words = words[:words.index("--")] if "--" in words else words
    if "--json" not in words or "--podman" in words:
        return None
    for name in ("help", "version"):
        if f"--{name}" in words:
            return name
    values = {words[i + 1] for i, word in enumerate(words[:-1]) if word == "--store"}
    return next((word for word in words if word in OUTPUT_COMMANDS and word not in values), "failure")


def document_problems(arguments, stdout):
    """The faults of the one document that terrane printed for these arguments."""
    name = command_in(arguments)
    if name is None or (validator := output_validator(name)) is None:
        return []
    try:
        document = json.loads(stdout)  # exactly one: what followed would be a syntax error
    except RecursionError:  # a valid document of a test, too deep for this parser
        return []
    return [f"{error.json_path}: {error.message[:500]}" for error in validator.iter_errors(document)
            for error in ([error] if not error.context else sorted(error.context, key=jsonschema.exceptions.relevance))]


def have(*programs):
    return all(shutil.which(program) for program in programs)


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for piece in iter(lambda: file.read(1 << 20), b""):
            digest.update(piece)
    return digest.hexdigest()


class TestCase(unittest.TestCase):
    """A test with a directory and a store of its own."""

    def setUp(self):
        base = os.environ.get("TERRANE_TEST_TMPDIR", "/var/tmp")
        # Not mkdtemp(), whose names may end in "_": podman 4.3 takes paths of layouts for references, and refuses such.
        self.directory = pathlib.Path(base, f"terrane-test-{secrets.token_hex(6)}")
        self.directory.mkdir(mode=0o755)
        self.directory.chmod(0o755)
        self.addCleanup(remove_tree, self.directory)
        self.store = self.directory / "store"

    def run_terrane(self, *arguments, exit_code=0, store=None, user=None, cwd=None, env=None, umask=None, stdin=None):
        """Runs terrane and checks its exit code; a death by signal is never what a test expects."""
        argv = [TERRANE, "--store", str(store or self.store), *map(str, arguments)]
        environment = dict(os.environ, **(env or {}))
        options = {}
        if user is not None:
            entry = pwd.getpwnam(user)
            options = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
            environment["HOME"] = str(self.directory)
        if umask is not None:
            options["umask"] = umask
        result = subprocess.run(argv, capture_output=True, text=True, cwd=cwd, env=environment, input=stdin, **options)
        self.assertEqual(result.returncode, exit_code,
                         f"{' '.join(argv)}\nstdout: {result.stdout}\nstderr: {result.stderr}")
        self.assertEqual(document_problems(arguments, result.stdout), [], result.stdout[:3000])
        return result

    def build(self, profile, *arguments, **options):
        """Builds and returns the record."""
        return json.loads(self.run_terrane("--json", "build", profile, *arguments, **options).stdout)

    def on_terminal(self, *arguments, width=80, exit_code=0, **variables):
        """The output of terrane on a terminal with @width columns."""
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
        base = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "COLUMNS")}
        process = subprocess.Popen([TERRANE, "--store", self.store, *arguments], stdout=slave, stderr=slave, stdin=subprocess.DEVNULL,
                                   env=base | {"TERM": "xterm"} | variables)
        os.close(slave)
        output = b""
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:  # the other end is closed
                break
            output += piece
        self.assertEqual(process.wait(), exit_code, output)
        return output.decode().replace("\r\n", "\n")

    def assert_fails(self, exit_code, pattern, *arguments, **options):
        """Runs terrane, which must fail with one message that matches, and nothing but that on stdout."""
        result = self.run_terrane("--quiet", *arguments, exit_code=exit_code, **options)
        self.assertRegex(result.stderr, pattern)
        if "--json" in arguments:
            self.assertIn("error", json.loads(result.stdout))
        else:
            self.assertEqual(result.stdout, "")
        for line in result.stderr.splitlines():
            self.assertTrue(line.startswith(("terrane: ", "  ")), line)
        return result.stderr

    def write(self, name, content):
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content) if isinstance(content, str) else path.write_bytes(content)
        return path

    def write_profile(self, file_name="profile.json", /, **members):
        """A profile with a directory as base unless @members say otherwise."""
        profile = {"name": "test", "platform": "linux/amd64", "target": "oci"}
        profile.update(members)
        if "base" not in profile:
            (self.directory / "base/etc").mkdir(parents=True, exist_ok=True)
            (self.directory / "base/etc/os-release").write_text("NAME=test\n")
            profile["base"] = {"directory": "base"}
        return self.write(file_name, json.dumps(profile))

    def layout(self, store=None):
        return (store or self.store) / "images"

    def blob(self, digest, store=None):
        return self.layout(store) / "blobs/sha256" / digest.removeprefix("sha256:")

    def read_json_blob(self, digest, store=None):
        return json.loads(self.blob(digest, store).read_text())

    def open_layer(self, layer, store=None):
        return tarfile.open(self.blob(layer["digest"], store), "r:gz")

    def assert_store_is_sound(self, store=None):
        """Whatever happened, the next build needs no repair."""
        self.run_terrane("fsck", store=store)


def read_cache_entry(path):
    """The document of STORE/cache/KIND/KEY, after the line that says what it is."""
    header, _, document = path.read_bytes().partition(b"\n")
    assert header.decode() == f"terrane-cache 1 {path.parent.name} {path.name} {hashlib.sha256(document).hexdigest()}", header
    return json.loads(document)


def write_cache_entry(path, value):
    document = json.dumps(value).encode()
    path.write_bytes(f"terrane-cache 1 {path.parent.name} {path.name} {hashlib.sha256(document).hexdigest()}\n".encode() + document)


def remove_tree(path):
    """rmtree that also removes directories without write permission."""
    if os.geteuid() != 0:  # root needs none
        for directory, _, _ in os.walk(path):
            with contextlib.suppress(OSError):
                os.chmod(directory, 0o755)
    subprocess.run(["rm", "-rf", "--one-file-system", "--", str(path)], stderr=subprocess.DEVNULL)  # ten times as fast as rmtree


def make_tar(path, members, mode="w"):
    """Writes a tar of (name, kind, value) members; kinds: file, dir, link, symlink, device."""
    types = {"file": tarfile.REGTYPE, "dir": tarfile.DIRTYPE, "link": tarfile.LNKTYPE, "symlink": tarfile.SYMTYPE,
             "device": tarfile.CHRTYPE}
    import io
    with tarfile.open(path, mode) as tar:
        for name, kind, value, *attributes in members:
            info = tarfile.TarInfo(name)
            info.type = types[kind]
            info.mode = 0o755 if kind == "dir" else 0o644
            for key, setting in (attributes[0] if attributes else {}).items():
                setattr(info, key, setting)
            if kind == "file":
                info.size = len(value)
                tar.addfile(info, io.BytesIO(value))
            else:
                info.linkname = value or ""
                tar.addfile(info)
    return path


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port, process, seconds=20):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("the server did not start")


class Registry:
    """A real docker-registry on loopback, stopped by the process id that started it."""

    def __init__(self, directory, htpasswd=None, certificate=None, key=None, auth=None):
        self.port = free_port()
        self.host = f"{'localhost' if certificate else '127.0.0.1'}:{self.port}"
        self.storage = directory / "data"
        directory.mkdir(parents=True, exist_ok=True)
        config = {"version": 0.1, "log": {"level": "warn"}, "storage": {"filesystem": {"rootdirectory": str(self.storage)}},
                  "http": {"addr": f"127.0.0.1:{self.port}", "secret": "test"}}
        if htpasswd:
            config["auth"] = {"htpasswd": {"realm": "test", "path": str(htpasswd)}}
        if auth:
            config["auth"] = auth
        if certificate:
            config["http"]["tls"] = {"certificate": str(certificate), "key": str(key)}
        path = directory / "config.yml"
        path.write_text(json.dumps(config))  # JSON is YAML
        self.log = open(directory / "log", "wb")
        self.process = subprocess.Popen(["docker-registry", "serve", str(path)], stdout=self.log, stderr=self.log)
        wait_for_port(self.port, self.process)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


def without_overlays(directory):
    """Environment in which the kernel seems to let a namespace have no overlays."""
    (directory / "shim.c").write_text("""#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
int mount (const char *source, const char *target, const char *type, unsigned long flags, const void *data)
{
  if (type == 0 || strcmp (type, "overlay") != 0)
    return (int) syscall (SYS_mount, source, target, type, flags, data);
  errno = EPERM;
  return -1;
}
""")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", directory / "shim.so", directory / "shim.c"], check=True)
    return {"LD_PRELOAD": str(directory / "shim.so")}


def mark_place(store):
    """Says of a copy that it is whole, as terrane does (builder/store/place.c), which would verify it first."""
    version = (store / "version").stat()
    inodes = [(store / part).stat().st_ino for part in ("repo", "repo/objects", "images", "cache", "downloads")]
    written = f"{version.st_mtime_ns // 10**9}.{version.st_mtime_ns % 10**9:09}"
    os.setxattr(store / "version", "user.terrane.place", f"1 {version.st_ino} {written} {' '.join(map(str, inodes))}".encode())


def copy_store(source, target):
    """A store of its own with the same content: hard links to objects and blobs, which never change, and copies of the rest."""
    subprocess.run(["cp", "-a", "--link", str(source), str(target)], check=True)
    remove_tree(target / "roots")  # whose hard links do not cost their files' size, but the time to remove them
    (target / "roots").mkdir(0o700)
    os.chown(target / "roots", target.stat().st_uid, target.stat().st_gid)
    immutable = [str(target / part) for part in ("repo/objects", "images/blobs", "downloads/blobs")]
    for directory, names, files in os.walk(target):
        names[:] = [name for name in names if os.path.join(directory, name) not in immutable]
        for name in files:
            path = pathlib.Path(directory, name)
            if not path.is_symlink():
                owner, copy = path.stat(), path.with_name(name + ".copy")
                shutil.copy2(path, copy)
                os.chown(copy, owner.st_uid, owner.st_gid)
                copy.rename(path)
    mark_place(target)


def seeded_store(target, user=None, **members):
    """Makes the store @target as it is when an image with these members of a profile was built and its name removed, so
    that a test's own image is made from trees and layers that are known. The first test to ask makes the seed. For a @user
    when this is root."""
    text = json.dumps({"name": "seed", "platform": "linux/amd64", "target": "oci", **members}, sort_keys=True)
    seed = SHARED / "seeds" / hashlib.sha256(f"{user} {text}".encode()).hexdigest()[:16]
    seed.mkdir(parents=True, exist_ok=True)
    options = {}
    if user is not None:
        entry = pwd.getpwnam(user)
        options = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": [], "env": dict(os.environ, HOME=str(seed))}
        shutil.chown(seed, user)
    with open(seed / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (seed / "complete").exists():
            (seed / "profile.json").write_text(text)
            for command in (["build", "--no-validate", "--no-lock", seed / "profile.json"], ["rm", "seed"]):
                result = subprocess.run([TERRANE, "--store", str(seed / "store"), "-q", *map(str, command)], capture_output=True, text=True, **options)
                if result.returncode != 0:
                    raise RuntimeError(result.stderr)
            (seed / "complete").touch()
    copy_store(seed / "store", target)


def shared_gdal_build():
    """Builds the real profile once for all tests that need it; returns its record."""
    SHARED.mkdir(parents=True, exist_ok=True)
    result = subprocess.run([TERRANE, "--store", str(SHARED / "store"), "--json", "build", str(GDAL_PROFILE)],
                            capture_output=True, text=True)
    if result.returncode != 0:
        raise RuntimeError(result.stderr)
    return json.loads(result.stdout)


def shared_files(record):
    """The files of an image in the shared store, for reading. Not below roots/, where the next image takes their place."""
    directory = SHARED / "files" / record["commit"]
    if not directory.exists():
        fresh = directory.with_name(f"fresh-{secrets.token_hex(6)}")
        directory.parent.mkdir(exist_ok=True)
        subprocess.run(["ostree", f"--repo={SHARED}/store/repo", "checkout", "-U", "-H", record["commit"], str(fresh)], check=True)
        try:
            fresh.rename(directory)
        except OSError:  # another test was first
            remove_tree(fresh)
    return directory
