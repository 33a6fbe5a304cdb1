"""Counts the chunks of 512 KiB of an image's flattened file system that an import reads, as its layers are and with their files
in another order.

AWS Lambda flattens an image into one file system and loads it by such chunks. How it lays files out is not known; here they
follow each other in the order of the layers' entries, each from the start of a block of 4 KiB. What an import reads is what of
the files is in the page cache after it, when nothing of them was before, with what the kernel reads ahead.
"""

import argparse
import ctypes
import json
import mmap
import os
import pathlib
import subprocess
import sys
import tarfile

CHUNK, BLOCK = 512 * 1024, 4096
LIBC = ctypes.CDLL(None, use_errno=True)


def inspect(arguments, *words):
    return subprocess.run([arguments.terrane, "--store", arguments.store, *words], check=True, capture_output=True, text=True).stdout


def layers(arguments):
    """Per layer the paths of its files in their order, with their sizes."""
    images = arguments.store / "images"
    index = json.loads((images / "index.json").read_text())
    name = arguments.image if ":" in arguments.image else f"{arguments.image}:latest"
    digest = next(one["digest"] for one in index["manifests"] if one.get("annotations", {}).get("org.opencontainers.image.ref.name") == name)
    blob = lambda digest: images / "blobs" / digest.replace(":", "/")
    found = []
    for layer in json.loads(blob(digest).read_text())["layers"]:
        with tarfile.open(blob(layer["digest"]), "r|*") as tar:
            found.append([(member.name.rstrip("/"), member.size) for member in tar if member.isreg() and member.size > 0])
    return found


def pages_in_memory(path, size):
    with open(path, "rb") as file, mmap.mmap(file.fileno(), size, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE) as memory:
        pages = (size + BLOCK - 1) // BLOCK
        states = (ctypes.c_ubyte * pages)()
        anchor = ctypes.c_char.from_buffer(memory)
        failed = LIBC.mincore(ctypes.c_void_p(ctypes.addressof(anchor)), ctypes.c_size_t(size), states)
        del anchor
        if failed:
            sys.exit(f"chunks: mincore: {os.strerror(ctypes.get_errno())}")
        return [page for page in range(pages) if states[page] & 1]


def drop(path):
    descriptor = os.open(path, os.O_RDONLY)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)


def count(ordered, touched):
    """Chunks in which a page was read, when files follow each other in this order."""
    chunks, at = set(), 0
    for path, size in ordered:
        for page in touched.get(path, ()):
            chunks.add((at + page * BLOCK) // CHUNK)
        at += (size + BLOCK - 1) // BLOCK * BLOCK
    return len(chunks), (at + CHUNK - 1) // CHUNK


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--terrane", type=pathlib.Path, required=True)
    parser.add_argument("--store", type=pathlib.Path, required=True)
    parser.add_argument("image")
    parser.add_argument("modules", nargs="+", help="imported in one process")
    arguments = parser.parse_args()
    code = "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)"
    run = ["run", arguments.image, "--", "python3", "-c", code, *arguments.modules]
    inspect(arguments, *run)
    per_layer = layers(arguments)
    paths = [path for layer in per_layer for path, _ in layer]
    root = max((arguments.store / "roots").iterdir(), key=lambda root: sum((root / path).is_file() for path in paths))
    last = {path: number for number, layer in enumerate(per_layer) for path, _ in layer}
    per_layer = [[(path, size) for path, size in layer if last[path] == number] for number, layer in enumerate(per_layer)]
    present = [path for layer in per_layer for path, _ in layer if (root / path).is_file() and not (root / path).is_symlink()]
    for path in present:
        drop(root / path)
    left = sum(len(pages_in_memory(root / path, (root / path).stat().st_size)) for path in present)
    inspect(arguments, *run)
    touched, seen = {}, set()
    for path in present:
        status = (root / path).stat()
        pages = pages_in_memory(root / path, status.st_size)
        if pages and status.st_ino not in seen:  # equal files are one in the store
            touched[path] = pages
            seen.add(status.st_ino)
    as_is = [file for layer in per_layer for file in layer]
    together = [file for layer in per_layer for file in sorted(layer, key=lambda file: file[0] not in touched)]
    before, whole = count(as_is, touched)
    after, _ = count(together, touched)
    programs, _ = count([file for layer in per_layer for file in sorted(layer, key=lambda file: not (".so" in file[0] or file[0].endswith(".pyc")))],
                        touched)
    read = sum(map(len, touched.values())) * BLOCK
    least = (read + CHUNK - 1) // CHUNK
    print(f"{' '.join(arguments.modules)}: {len(touched)} of {len(as_is)} files, {read / 1e6:.1f} MB read ({left * BLOCK / 1e6:.1f} MB could not be "
          f"dropped before); {before} of {whole} chunks as the layers are, {programs} with libraries and bytecode in front of each layer, {after} with what is read, at least {least}")


if __name__ == "__main__":
    main()
