# Compiles Python files for terrane: names and sources come on standard input, bytecode goes to standard output.
import sys
sys.path = [path for path in sys.path if path]  # nothing of the working directory

import importlib.util
import io
import marshal
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


def main():
    warnings.simplefilter("ignore")
    requests, answers = io.open(0, "rb", closefd=False), io.open(1, "wb", closefd=False)

    def answer(status, data):
        answers.write(struct.pack("<II", status, len(data)) + data)
        answers.flush()

    answer(0, sys.implementation.cache_tag.encode())
    while True:
        name_length, source_length = struct.unpack("<II", read(requests, 8))
        name = read(requests, name_length).decode("utf-8", "surrogateescape")
        source = read(requests, source_length)
        try:
            answer(0, compile_file(name, source))
        except Exception as problem:
            text = "%s: %s" % (type(problem).__name__, problem)
            answer(1, text.encode("utf-8", "replace")[:200])


main()
