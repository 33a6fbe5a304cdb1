"""What GDAL needs to read remote files: certificates, and credentials or their absence. Nothing is connected to."""

import importlib
import os
import time

from terrane_harness import Skip, gdal_library, gdal_package, has, operation

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


@operation("geo.network.ca-bundle")
def ca_bundle():
    gdal_package()
    for name in BUNDLES:
        if name in IMAGE_BUNDLES:
            return check_bundle(f"{name}={IMAGE_BUNDLES[name]}", IMAGE_BUNDLES[name])
    if not has("osgeo") and has("certifi"):  # rasterio, fiona and pyogrio take it from there
        return check_bundle("certifi's bundle", importlib.import_module("certifi").where())
    for path in DEFAULTS:
        if os.path.exists(path):
            return check_bundle(path, path)
    raise AssertionError(f"the image has no CA bundle: none of {', '.join(BUNDLES)} is set and none of {', '.join(DEFAULTS)} "
                         "exists; GDAL would fail every https read with \"HTTP response code: 0\"")


@operation("geo.network.prefixes")
def prefixes():
    import ctypes
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
