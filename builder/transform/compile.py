# Compiles Python files for terrane: names and sources come on standard input, bytecode goes to standard output.
import sys
sys.path = [path for path in sys.path if path]  # nothing of the working directory

import gc
import importlib.util
import io
import marshal
import os
import struct
import types
import warnings

FIELDS = ("co_code", "co_consts", "co_names", "co_varnames", "co_freevars", "co_cellvars", "co_filename", "co_name",
          "co_qualname", "co_linetable", "co_lnotab", "co_exceptiontable")


def hold(value, held):
    """Keeps a reference to everything in a code object.

    marshal writes an object that has one reference differently from one that has several, and how many a name has
    depends on what else the interpreter has seen. With this each has several.
    """
    if id(value) in held:
        return
    held[id(value)] = value
    if isinstance(value, types.CodeType):
        for field in FIELDS:
            if field != "co_lnotab" or not hasattr(value, "co_linetable"):
                hold(getattr(value, field, None), held)
    elif isinstance(value, (tuple, frozenset)):
        for element in value:
            hold(element, held)


def compile_file(name, source):
    code = compile(source, name, "exec", dont_inherit=True)
    held = {}
    hold(code, held)
    # PEP 552: magic number, flags (bit 0: by hash, bit 1 unset: do not look at the source), hash of the source.
    header = importlib.util.MAGIC_NUMBER + struct.pack("<I", 1) + importlib.util.source_hash(source)
    return header + marshal.dumps(code)


def read(stream, count):
    data = stream.read(count)
    if len(data) != count:
        sys.exit(0)
    return data


def write(stream, status, data):
    stream.write(struct.pack("<II", status, len(data)) + data)
    stream.flush()


def answer(stream, name, source):
    try:
        write(stream, 0, compile_file(name.decode("utf-8", "surrogateescape"), source))
    except Exception as problem:
        text = "%s: %s" % (type(problem).__name__, problem)
        write(stream, 1, text.encode("utf-8", "replace")[:200])


def answer_in_child(stream, name, source):
    """Compiles in a process of its own, so that each file meets an interpreter that has compiled nothing.

    The names that an interpreter has seen decide which constants of the next file are one object, and so its bytes.
    """
    child = os.fork()
    if child == 0:
        try:
            answer(stream, name, source)
            os._exit(0)
        finally:
            os._exit(1)
    if os.waitpid(child, 0)[1] != 0:
        sys.exit(1)  # nobody knows how much of the answer was written


def main():
    warnings.simplefilter("ignore")
    gc.disable()
    requests, answers = io.open(0, "rb", closefd=False), io.open(1, "wb", closefd=False)
    write(answers, 0, sys.implementation.cache_tag.encode())
    while True:
        name_length, source_length = struct.unpack("<II", read(requests, 8))
        answer_in_child(answers, read(requests, name_length), read(requests, source_length))


main()
