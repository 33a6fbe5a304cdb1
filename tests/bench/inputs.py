"""The inputs: root file systems as tar files, and a function with wheels.

A generated tree has its size and its number of files in its name, as 50m-1k, 5g-50k. The same name gives the same bytes on
every machine: all numbers are whole ones of Python's generator with a fixed seed. The input "gdal" is a real one.
"""

import base64
import functools
import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile

GENERATION = 2  # a part of the file names: other content needs another number
GDAL = "gdal"
PACKAGES = "python3,ca-certificates,python3-gdal,python3-rasterio,python3-shapely,python3-fiona,python3-pyproj"
UNITS = {"k": 1000, "m": 1000**2, "g": 1000**3}
POOL = 16 * 1024**2
MTIME = 1686355200


def parse(name):
    """Bytes and files of a generated tree: (50000000, 1000) of 50m-1k."""
    match = re.fullmatch(r"([1-9]\d*)([kmg])-([1-9]\d*)(k?)", name)
    if not match:
        raise ValueError(f"'{name}' is not an input: write {GDAL}, or size and files, as 50m-1k, 500m-15k, 5g-50k")
    size, unit, files, thousand = match.groups()
    return int(size) * UNITS[unit], int(files) * (1000 if thousand else 1)


def choose(generator, of):
    """One of them, the first more often than the last: the product of two equally distributed numbers is mostly small."""
    return of[(generator.getrandbits(16) * generator.getrandbits(16) * len(of)) >> 32]


def words(generator, vocabulary, length):
    """Bytes that repeat as those of texts and programs do: words, and phrases of words."""
    phrases = [b"".join(choose(generator, vocabulary) for _ in range(2 + generator.getrandbits(3))) for _ in range(2048)]
    parts, size = [], 0
    while size < length:
        part = choose(generator, phrases if generator.getrandbits(2) else vocabulary)
        parts.append(part)
        size += len(part)
    return b"".join(parts)[:length]


@functools.lru_cache(2)
def pools(seed, length):
    """Text, machine code and what does not compress, each of this length."""
    generator = random.Random(seed)
    letters = b"etaoinshrdlucmfwypvbgkqjxz"
    vocabulary = [bytes(choose(generator, letters) for _ in range(2 + generator.getrandbits(3)))
                  + (b"\n" if i % 11 == 0 else b"_" if i % 7 == 0 else b" ") for i in range(4096)]
    instructions = [generator.randbytes(1 + generator.getrandbits(3)) for _ in range(4096)]
    return {".py": words(generator, vocabulary, length), ".so": words(generator, instructions, length), ".dat": generator.randbytes(length)}


# Of 16 files, what they are, so that gzip makes of a generated tree about what it makes of the Debian root file system with GDAL (36 %).
SUFFIXES = [".so"] * 9 + [".py"] * 6 + [".dat"]


def sizes(generator, total, count):
    """@count sizes whose sum is @total: most are small, a few have most of the bytes."""
    weights = [(256 + generator.getrandbits(8)) << generator.getrandbits(14).bit_count() for _ in range(count)]
    whole = sum(weights)
    found = [total * weight // whole for weight in weights]
    found[0] += total - sum(found)
    return found


def content(generator, pool, size):
    """Pieces of a file: no two files are equal, unless both are empty."""
    while size > 0:
        start = generator.randrange(len(pool))
        piece = memoryview(pool)[start:start + min(size, 1 << 20)]
        yield piece
        size -= len(piece)


def entry(name, size=0, kind=tarfile.REGTYPE, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname, info.mtime = kind, size, target, MTIME
    info.mode = 0o755 if kind == tarfile.DIRTYPE or name.endswith(".so") else 0o777 if kind == tarfile.SYMTYPE else 0o644
    return info.tobuf(tarfile.GNU_FORMAT)


def tree(total, count, seed):
    """(name, pieces, size) of @count files in directories of 32."""
    generator = random.Random(seed)
    filled = pools(f"{seed} pools", min(POOL, max(total, 1 << 16)))
    for number, size in enumerate(sizes(generator, total, count)):
        suffix = SUFFIXES[generator.getrandbits(4)]
        yield f"usr/lib/part{number // 1024:03}/module{number // 32:05}/file{number:06}{suffix}", content(generator, filled[suffix], size), size


def write_tree(path, total, count, seed):
    """A tar as "tar -C DIR -cf FILE ." writes one."""
    known = set()
    with open(path, "wb") as out:
        def parents(name):
            parts = name.split("/")[:-1]
            for i in range(len(parts) + 1):
                directory = "/".join(["."] + parts[:i])
                if directory not in known:
                    known.add(directory)
                    out.write(entry(directory + "/", kind=tarfile.DIRTYPE))

        def file(name, pieces, size):
            parents(name)
            out.write(entry("./" + name, size))
            for piece in pieces:
                out.write(piece)
            out.write(bytes(-size % 512))

        release = b"NAME=bench\n"
        file("etc/os-release", [release], len(release))
        for number, (name, pieces, size) in enumerate(tree(total, count, seed)):
            file(name, pieces, size)
            if number % 64 == 0:
                out.write(entry(f"./{name}.link", kind=tarfile.SYMTYPE, target=name.rsplit("/", 1)[1]))
        out.write(bytes(1024))


def make_debian(path, top):
    mirrors = subprocess.run([top / "scripts/debian-mirrors", "bookworm"], check=True, capture_output=True, text=True).stdout.splitlines()
    # The format is said, because mmdebstrap would make a directory of this name.
    subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", "--format=tar", f"--include={PACKAGES}", "bookworm", str(path), *mirrors],
                   check=True, stdin=subprocess.DEVNULL, env=dict(os.environ, SOURCE_DATE_EPOCH=str(MTIME)))


class Input:
    """A root file system. @files counts all entries but directories. @notes keeps that, since reading 300,000 entries takes long."""

    def __init__(self, name, rootfs, notes):
        self.name, self.rootfs = name, rootfs
        status = rootfs.stat()
        self.bytes = status.st_size
        identity = [status.st_size, status.st_mtime_ns]
        known = json.loads(notes.read_text()) if notes.exists() else {}
        if known.get("identity") != identity:
            with tarfile.open(rootfs) as tar:
                kinds = [member.isdir() for member in tar]
            with open(rootfs, "rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            known = {"identity": identity, "files": kinds.count(False), "inodes": len(kinds), "sha256": digest}
            notes.write_text(json.dumps(known))
        self.files, self.inodes, self.sha256 = known["files"], known["inodes"], known["sha256"]

    def wheels(self):
        """Sizes of the wheels of the function: about a tenth of the root file system, but what a function has, 1 to 60 MB."""
        return min(60_000_000, max(1_000_000, self.bytes // 10))


def prepare(name, work, top, rootfs=None):
    """The input, made unless it was made before."""
    (work / "inputs").mkdir(parents=True, exist_ok=True)
    if rootfs:
        return Input(rootfs.name.split(".")[0], rootfs.resolve(), work / "inputs" / (rootfs.name + ".json"))
    path = work / "inputs" / (f"{GDAL}.tar" if name == GDAL else f"{name}-{GENERATION}.tar")
    if name != GDAL:
        total, count = parse(name)
    if not path.exists():
        print(f"bench: making {path}", file=sys.stderr)
        partial = path.with_suffix(".partial")
        partial.unlink(missing_ok=True)
        if name == GDAL:
            make_debian(partial, top)
        else:
            write_tree(partial, total, count, name)
        partial.rename(path)
    return Input(name, path, path.with_name(path.name + ".json"))


def digest_word(data):
    """As RECORD of a wheel has it."""
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")


class Function:
    """A handler, and wheels that it needs: ten of one size and one that gets new versions, a quarter of the bytes."""

    COUNT, BUMPED = 10, "benchmain"

    def __init__(self, directory, total):
        """Of a new directory, in which @total bytes of files of wheels will be, or of one that was made before."""
        self.directory, self.total = directory, total
        self.filled = pools("wheels", min(POOL, max(total, 1 << 16))) if total else None
        for name in ("app", "wheels", "deps"):
            (directory / name).mkdir(parents=True, exist_ok=True)

    def wheel(self, name, version, total):
        """Writes a wheel. Of two versions of one, three files in four are equal."""
        path = self.directory / "wheels" / f"{name}-{version}-py3-none-any.whl"
        metadata = f"{name}-{version}.dist-info"
        files = {f"{name}/__init__.py": f"VERSION = '{version}'\n".encode()}
        count = 40
        for number, size in enumerate(sizes(random.Random(name), total, count)):
            generator = random.Random(f"{name} {number} {version if number % 4 == 0 else ''}")
            suffix = SUFFIXES[number % len(SUFFIXES)]
            files[f"{name}/module{number:03}{suffix}"] = b"".join(content(generator, self.filled[suffix], size))
        files[f"{metadata}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()
        files[f"{metadata}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: bench\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        record = "".join(f"{file},sha256={digest_word(data)},{len(data)}\n" for file, data in files.items())
        files[f"{metadata}/RECORD"] = f"{record}{metadata}/RECORD,,\n".encode()
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for file, data in files.items():
                archive.writestr(zipfile.ZipInfo(file, (1980, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
        return path

    def install(self, path, name):
        """As pip install --target does, for programs that take directories."""
        target = self.directory / "deps"
        for old in target.glob(f"{name}*"):
            shutil.rmtree(old)
        with zipfile.ZipFile(path) as archive:
            archive.extractall(target)

    def write_handler(self, number):
        """About 10 kB, another number in it."""
        lines = [f"# edit {number}", "def handler(event, context):", "    return event"] + [f"value_{i} = {i * i}" for i in range(600)]
        (self.directory / "app/handler.py").write_text("\n".join(lines) + "\n")

    def write_wheels(self, number):
        """Requirements of all, the bumped one being of version 1.@number."""
        lines = []
        for name in [f"bench{i:02}" for i in range(self.COUNT)] + [self.BUMPED]:
            version = f"1.{number}" if name == self.BUMPED else "1.0"
            path = self.directory / "wheels" / f"{name}-{version}-py3-none-any.whl"
            if not path.exists():
                self.wheel(name, version, self.total // 4 if name == self.BUMPED else self.total * 3 // 4 // self.COUNT)
                self.install(path, name)
            lines.append(f"{name}=={version} --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n")
        (self.directory / "requirements.txt").write_text("".join(lines))
