# Says which files a Python loads to compile for terrane (compile.py), and what is in them.
import sys

import encodings
import gc
import importlib.util
import io
import marshal
import os
import struct
import types
import warnings


def import_encodings():
    """A source file names its encoding, and compile() imports that."""
    names = {name.split(".")[0] for directory in encodings.__path__ for name in os.listdir(directory)}
    for name in sorted(names):
        try:
            importlib.import_module("encodings." + name)
        except Exception:
            pass  # of another system


def loaded_files():
    paths = {sys.executable}
    for module in list(sys.modules.values()):
        paths.update((getattr(module, "__file__", None), getattr(module, "__cached__", None)))
    with open("/proc/self/maps") as maps:
        paths.update(line.split(maxsplit=5)[5].rstrip("\n") for line in maps if "/" in line)
    return sorted(path for path in paths if path and os.path.isfile(path))


def main():
    import_encodings()
    paths = loaded_files()
    import hashlib  # loads more, which compile.py does not
    all_files = hashlib.sha256()
    for path in paths:
        with open(path, "rb") as file:
            all_files.update(b"%s\0%s" % (os.fsencode(path), hashlib.sha256(file.read()).digest()))
    print(sys.executable, sys.implementation.cache_tag, all_files.hexdigest(), sep="\n")


main()
