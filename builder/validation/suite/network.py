"""What GDAL needs to read remote files: certificates, and credentials or their absence. Nothing is connected to."""

import ctypes
import importlib
import os
import time

from terrane_harness import Skip, gdal_library, gdal_package, gdal_packages, gdal_path, has, is_bundled, mapped, operation

BUNDLES = ("CURL_CA_BUNDLE", "SSL_CERT_FILE", "GDAL_CURL_CA_BUNDLE")  # each overrides those behind it
DEFAULTS = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem", "/etc/ssl/ca-bundle.pem")
IMAGE_BUNDLES = {name: os.environ[name] for name in BUNDLES if os.environ.get(name)}
SECRETS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_NO_SIGN_REQUEST", "AWS_PROFILE")
IMAGE_HAS_CREDENTIALS = any(os.environ.get(name) for name in SECRETS)


def check_bundle(who, path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            count = file.read().count("-----BEGIN CERTIFICATE-----")
    except OSError as error:
        raise AssertionError(f"{who} cannot be read ({error.strerror}): GDAL would fail every https read with "
                             f"\"HTTP response code: 0\"") from None
    if count == 0:
        raise AssertionError(f"{who} has no certificates: GDAL would fail every https read with \"HTTP response code: 0\"")
    return f"{count} certificates in {path}"


class CurlInfo(ctypes.Structure):
    """What curl_version_info() says, as far as the seventh version of it (libcurl 7.70)."""
    _fields_ = [("age", ctypes.c_int), ("version", ctypes.c_char_p), ("version_num", ctypes.c_uint), ("host", ctypes.c_char_p),
                ("features", ctypes.c_int), ("ssl_version", ctypes.c_char_p), ("ssl_version_num", ctypes.c_long),
                ("libz_version", ctypes.c_char_p), ("protocols", ctypes.c_void_p), ("ares", ctypes.c_char_p),
                ("ares_num", ctypes.c_int), ("libidn", ctypes.c_char_p), ("iconv_ver_num", ctypes.c_int),
                ("libssh_version", ctypes.c_char_p), ("brotli_ver_num", ctypes.c_uint), ("brotli_version", ctypes.c_char_p),
                ("nghttp2_ver_num", ctypes.c_uint), ("nghttp2_version", ctypes.c_char_p), ("quic_version", ctypes.c_char_p),
                ("cainfo", ctypes.c_char_p), ("capath", ctypes.c_char_p)]


SEVENTH = 6  # counted from 0


def curl_of(package):
    """Path of the libcurl that the GDAL of a package uses; None when it has none of its own, or one inside of itself."""
    try:
        gdal = gdal_path(package)
    except Skip:  # inside of the module
        return None
    curls = [path for path in mapped() if os.path.basename(path).startswith("libcurl")]
    own = [path for path in curls if os.path.dirname(path) == os.path.dirname(gdal)]
    shared = [path for path in curls if not is_bundled(path)]
    return (own or shared or [None])[0] if is_bundled(gdal) else (shared or [None])[0]


def built_in_places(path):
    """The file and the directory that a libcurl was built to read, as far as it says; None when it does not."""
    library = ctypes.CDLL(path)
    library.curl_version_info.restype = ctypes.POINTER(CurlInfo)
    library.curl_version_info.argtypes = [ctypes.c_int]
    info = library.curl_version_info(SEVENTH).contents
    if info.age < SEVENTH:
        return None
    return tuple(os.fsdecode(place) if place else None for place in (info.cainfo, info.capath))


def check_directory(who, path):
    try:
        count = sum(1 for entry in os.scandir(path) if entry.is_file())
    except OSError as error:
        raise AssertionError(f"{who} reads {path}, which cannot be read ({error.strerror}): GDAL would fail every https read with "
                             f"\"HTTP response code: 0\". Set CURL_CA_BUNDLE to the image's bundle") from None
    if count == 0:
        raise AssertionError(f"{who} reads {path}, in which there is no certificate: GDAL would fail every https read with "
                             "\"HTTP response code: 0\"")
    return f"{count} files in {path}"


def check_built_in(package, curl, cainfo, capath):
    """libcurl reads the file it was built with, and fails when that is not there, whatever else the image has."""
    who = f"the libcurl of {package} ({os.path.basename(curl)})"
    if cainfo is not None:
        if not os.path.exists(cainfo):
            others = [path for path in DEFAULTS if os.path.exists(path)]
            advice = (f"the image has {others[0]}: set CURL_CA_BUNDLE to it" if others
                      else "install ca-certificates and set CURL_CA_BUNDLE, or install certifi")
            raise AssertionError(f"{who} reads {cainfo}, which is not in the image: GDAL would fail every https read with "
                                 f"\"HTTP response code: 0\"; {advice}")
        return check_bundle(cainfo, cainfo)
    return check_directory(who, capath)


def bundle_of(package):
    for name in BUNDLES:
        if name in IMAGE_BUNDLES:
            return check_bundle(f"{name}={IMAGE_BUNDLES[name]}", IMAGE_BUNDLES[name])
    if not package.startswith("osgeo") and has("certifi"):  # rasterio, fiona and pyogrio take it from there
        return check_bundle("certifi's bundle", importlib.import_module("certifi").where())
    curl = curl_of(package)
    places = built_in_places(curl) if curl is not None else None
    if places is not None and places != (None, None):
        return check_built_in(package, curl, *places)
    for path in DEFAULTS:  # where it looks is not known
        if os.path.exists(path):
            return check_bundle(path, path)
    raise AssertionError(f"the image has no CA bundle: none of {', '.join(BUNDLES)} is set and none of {', '.join(DEFAULTS)} "
                         "exists; GDAL would fail every https read with \"HTTP response code: 0\"")


@operation("geo.network.ca-bundle")
def ca_bundle():
    gdal_package()  # or there is nothing to look at
    return "; ".join(dict.fromkeys(bundle_of(package) for package in gdal_packages()))


@operation("geo.network.prefixes")
def prefixes():
    library = gdal_library(gdal_package())
    library.VSIGetFileSystemsPrefixes.restype = ctypes.POINTER(ctypes.c_char_p)
    listed, names = library.VSIGetFileSystemsPrefixes(), set()
    for i in range(1000):
        if not listed[i]:
            break
        names.add(listed[i].decode())
    for prefix in ("/vsicurl/", "/vsis3/"):
        if prefix not in names:
            raise AssertionError(f"GDAL has no {prefix}: it was built without curl")


def check_without_credentials(open_):
    if IMAGE_HAS_CREDENTIALS:
        raise Skip("the image sets credentials or AWS_NO_SIGN_REQUEST")
    started = time.monotonic()
    try:
        open_("/vsis3/bucket/key.tif")
    except Exception as error:
        message = str(error)
    else:
        raise AssertionError("an object that does not exist was opened")
    seconds = time.monotonic() - started
    if seconds > 3:
        raise AssertionError(f"it took {seconds:.1f} s to fail; set CPL_AWS_AUTODETECT_EC2=NO, without which GDAL waits for the "
                             "metadata server of a virtual machine")
    if "AWS_SECRET_ACCESS_KEY" not in message and "NoCredentials" not in message:
        raise AssertionError(f"the message does not say that credentials are missing: {message}")


def open_by_osgeo(path):
    from osgeo import gdal
    gdal.UseExceptions()
    return gdal.Open(path).ReadAsArray()


def open_by_rasterio(path):
    import rasterio
    with rasterio.open(path) as dataset:
        return dataset.read(1)


@operation("geo.network.vsis3-without-credentials.osgeo", "osgeo")
def vsis3_by_osgeo():
    check_without_credentials(open_by_osgeo)


@operation("geo.network.vsis3-without-credentials.rasterio", "rasterio")
def vsis3_by_rasterio():
    check_without_credentials(open_by_rasterio)
