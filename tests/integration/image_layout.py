"""OCI layouts written byte by byte, for images that no builder would write."""

import gzip
import hashlib
import io
import json
import tarfile

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def make_layer(**files):
    """A tar with the files."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def platform(text):
    """{"os", "architecture", "variant"} of "os/architecture/variant"."""
    return dict(zip(("os", "architecture", "variant"), text.split("/")))


class ImageLayout:
    def __init__(self, path):
        self.path = path
        (path / "blobs/sha256").mkdir(parents=True)
        (path / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
        self.entries = []

    def add(self, media_type, content, **members):
        """Adds a blob, of bytes or as JSON; returns its descriptor."""
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        digest = digest_of(data)
        (self.path / "blobs/sha256" / digest.split(":")[1]).write_bytes(data)
        return {"mediaType": media_type, "digest": digest, "size": len(data), **members}

    def image(self, of="linux/amd64", layers=None, config=None, config_type=CONFIG, **manifest):
        """Adds an image; @config and @manifest replace members. Returns its descriptor, without a platform."""
        layers = [make_layer(f=of.encode())] if layers is None else layers
        document = {**platform(of), "rootfs": {"type": "layers", "diff_ids": [digest_of(layer) for layer in layers]}}
        document.update(config or {})
        return self.add(MANIFEST, {
            "schemaVersion": 2, "mediaType": MANIFEST, "config": self.add(config_type, document),
            "layers": [self.add(LAYER, gzip.compress(layer, mtime=0)) for layer in layers], **manifest})

    def index(self, *manifests, **members):
        return self.add(INDEX, {"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests, **members})

    def name(self, descriptor, name=None):
        """Lists an image in index.json."""
        entry = dict(descriptor)
        if name is not None:
            entry["annotations"] = {"org.opencontainers.image.ref.name": name}
        self.entries.append(entry)
        (self.path / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": self.entries}))
        return descriptor
