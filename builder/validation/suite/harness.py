"""What the operations of the suite share. Runs inside the image: Python 3.9 or newer, the standard library and nothing else.

Each outcome is one line on standard output: a token, which no library prints by chance, and JSON.
"""

import importlib
import importlib.machinery
import importlib.util
import json
import os
import resource
import sys
import time
import traceback

TOKEN = sys.argv[1]
CONFIG = json.loads(sys.argv[2])
FILES = os.path.dirname(os.path.abspath(sys.argv[0]))
OPERATIONS = []
FACTS = {}  # what the next outcome says besides


class Skip(Exception):
    """The image does not offer what the operation would try."""


def report(**members):
    sys.stdout.flush()
    os.write(1, ("\n" + TOKEN + json.dumps(members) + "\n").encode())


def counters():
    """Of this process until now: bytes read from storage, and pages that had to be read before they could be used."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_inblock * 512, usage.ru_majflt


def has(module):
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def operation(name, *needs):
    """Adds a function as an operation; without the modules that it needs it is skipped."""
    def add(function):
        OPERATIONS.append((name, needs, function))
        return function
    return add


def describe(error):
    """What explains a failure to the one who reads the results."""
    members = {"message": f"{type(error).__name__}: {error}"}
    if isinstance(error, ImportError):
        members["module"] = error.name or ""
        members["sys_path"] = [os.path.abspath(path or ".") for path in sys.path]
        package = importlib.util.find_spec(error.name.split(".")[0]) if error.name else None
        if package is not None and package.submodule_search_locations:
            members["package_path"] = list(package.submodule_search_locations)
        members["suffixes"] = importlib.machinery.EXTENSION_SUFFIXES
        members["python"] = "%d.%d" % sys.version_info[:2]
    return members


def run(name, function, needs=()):
    started, before = time.perf_counter(), counters()
    outcome = {"status": "passed"}
    report(begin=name)
    try:
        missing = [module for module in needs if not has(module)]
        if missing:
            raise Skip(f"the image has no {missing[0]}")
        detail = function()
        if detail:
            outcome["message"] = str(detail)
    except Skip as reason:
        outcome = {"status": "skipped", "message": str(reason)}
    except BaseException as error:  # one broken part must not hide the others
        outcome = {"status": "failed", **describe(error)}
        traceback.print_exc()
    after = counters()
    report(name=name, usecs=int((time.perf_counter() - started) * 1e6),
           peak_rss_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
           read_bytes=after[0] - before[0], major_faults=after[1] - before[1], **FACTS, **outcome)


def expect(what, actual, expected):
    if actual != expected:
        raise AssertionError(f"{what} is {actual!r}, expected {expected!r}")


def expect_close(what, actual, expected, tolerance):
    actual = tuple(float(number) for number in actual)
    if len(actual) != len(expected) or not all(abs(a - e) <= tolerance for a, e in zip(actual, expected)):
        raise AssertionError(f"{what} is {actual}, expected {tuple(expected)} within {tolerance}")


def mapped():
    """Paths of the shared libraries in this process."""
    paths = []
    with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as lines:
        for line in lines:
            path = line.split(maxsplit=5)[-1].strip()
            if ".so" in path and path not in paths:
                paths.append(path)
    return paths


def is_bundled(path):
    """Whether a wheel brought it: auditwheel puts copies into NAME.libs."""
    return os.path.dirname(path).endswith(".libs")


def gdal_path(package):
    """Of the libgdal that a package uses."""
    importlib.import_module(package)
    paths = [path for path in mapped() if os.path.basename(path).startswith("libgdal")]
    own = [path for path in paths if os.path.basename(os.path.dirname(path)) == package.split(".")[0] + ".libs"]
    shared = [path for path in paths if not is_bundled(path)]
    if not own and not shared:
        raise Skip(f"the GDAL of {package} is no shared library")
    return (own or shared)[0]


def gdal_library(package):
    """The libgdal that a package uses, for calls that its Python interface lacks."""
    import ctypes
    library = ctypes.CDLL(gdal_path(package))
    library.GDALGetDriverByName.restype = ctypes.c_void_p
    library.GDALGetDriverByName.argtypes = [ctypes.c_char_p]
    library.GDALGetMetadataItem.restype = ctypes.c_char_p
    library.GDALGetMetadataItem.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p]
    library.GDALAllRegister()
    return library


def driver_item(library, driver, item):
    """Metadata of a driver as text, "" when it has none; None when there is no such driver."""
    handle = library.GDALGetDriverByName(driver.encode())
    if not handle:
        return None
    return (library.GDALGetMetadataItem(handle, item.encode(), None) or b"").decode()


def gdal_packages():
    """Those that bring GDAL, by the modules that load it."""
    return [module for package, module in (("osgeo", "osgeo.gdal"), ("rasterio", "rasterio"), ("pyogrio", "pyogrio"),
                                           ("fiona", "fiona")) if has(package)]


def gdal_package():
    """The first of them."""
    packages = gdal_packages()
    if not packages:
        raise Skip("the image has no package with GDAL")
    return packages[0]


def load(name):
    spec = importlib.util.spec_from_file_location("terrane_" + name, os.path.join(FILES, name + ".py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main():
    sys.modules["terrane_harness"] = sys.modules["__main__"]
    load(CONFIG["group"])
    for name, needs, function in OPERATIONS:
        run(name, function, needs)
    report(end=True)


if __name__ == "__main__":
    main()
