"""Images of several layers by chance, what the image specification says of them, and what other tools make of them.

The model follows image-spec v1.1 layer.md and works in another order than terrane: all whiteouts of a layer first, on what
lower layers left ("whiteouts only apply to resources in lower/parent layers"), then its entries. What the specification
leaves open is as umoci and containerd do it: links in a parent's path are followed inside of the image.
"""

import contextlib
import dataclasses
import gzip
import hashlib
import io
import json
import os
import random
import stat
import subprocess
import tarfile

TYPES = {"file": tarfile.REGTYPE, "dir": tarfile.DIRTYPE, "link": tarfile.SYMTYPE, "hard": tarfile.LNKTYPE,
         "fifo": tarfile.FIFOTYPE}
MAX_LINKS = 40

# Where other tools differ from the model, and why. Images with such a feature are not given to the tool, or of a node only
# what the tool cares for is compared.
DEVIATIONS = {
    ("podman", "linked-parent"): "each layer is unpacked on its own, so a parent that is a link in a lower layer becomes a directory",
    ("podman", "hidden-and-added"): "the overlay's whiteout replaces what the layer added, or is replaced by it and hides nothing",
    ("podman", "lower-hard-link"): "a hard link to a file of a lower layer cannot be made",
    ("podman", "implied"): "a directory made for the sake of an entry has 0755 and 0:0 and hides the lower one's attributes",
    ("podman", "below-file"): "within a layer it does not replace a file by the directory that an entry needs",
    ("podman", "dangling-parent"): "it does not make the directory that a link leads to",
    ("podman", "nested-whiteouts"): "below a directory that it has made a whiteout it cannot make another one",
    ("podman", "replaced-directory"): "it sets times of directories when all is unpacked, and fails when one is a file by then",
    ("podman", "repeated"): "it refuses a layer that has a path twice",
    ("podman", "self-link"): "it removes what is there before it makes the link, to which there is then no file",
    ("umoci", "self-link"): "as podman",
    ("umoci", "below-file"): "it does not replace a file by the directory that an entry needs",
    ("podman", "root"): "the root has the attributes of the top layer's, by default 0555",
    ("umoci", "implied"): "a directory made for the sake of an entry keeps what a hidden one had, or has the mode 0777 less umask",
}


@dataclasses.dataclass
class Node:
    kind: str
    mode: int = 0o755
    uid: int = 0
    gid: int = 0
    data: bytes = b""  # content or target
    layer: int = 0
    implied: bool = False  # made, or given attributes by podman, for the sake of an entry below
    children: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Entry:
    name: bytes
    kind: str
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    data: bytes = b""
    target: bytes = b""


class Impossible(Exception):
    """The entry cannot be applied."""


class Tree:
    def __init__(self):
        self.root = Node("dir", implied=True)
        self.features = set()

    def walk(self, path, layer=None):
        """The real components of a directory's path, links followed; what does not exist is taken at its word."""
        real, rest, links = [], [c for c in path.split(b"/")], 0
        while rest:
            component = rest.pop(0)
            if component in (b"", b"."):
                continue
            if component == b"..":
                real = real[:-1]
                continue
            node = self.find(real + [component])
            if node is not None and node.kind == "link":
                links += 1
                if links > MAX_LINKS:
                    raise Impossible
                if layer is not None and node.layer != layer:
                    self.features.add("linked-parent")
                real = [] if node.data.startswith(b"/") else real
                rest = node.data.split(b"/") + rest
            else:
                real.append(component)
        return real

    def find(self, components):
        node = self.root
        for component in components:
            node = node.children.get(component) if node.kind == "dir" else None
            if node is None:
                return None
        return node

    def directory(self, path):
        """The directory that a path leads to, or None."""
        with contextlib.suppress(Impossible):
            node = self.find(self.walk(path))
            return node if node is not None and node.kind == "dir" else None

    def hide(self, whiteouts):
        """Whiteouts as (parent, name), where no name means all there is. Returns the paths that are gone."""
        gone = []
        for parent, name in whiteouts:
            real = self.walk(parent, layer=-1)
            directory = self.find(real)
            for depth in range(1, len(real) + 1):
                if self.find(real[:depth]) is not None:
                    self.find(real[:depth]).implied = True
            if directory is not None and directory.kind == "dir":
                gone += [real + [child] for child in directory.children if name is None or child == name]
        for path in gone:
            parent = self.find(path[:-1])
            if parent is not None:
                parent.children.pop(path[-1], None)
        return gone

    def place(self, path, layer):
        """The real path of an entry."""
        parent, _, name = path.rpartition(b"/")
        return self.walk(parent, layer) + [name]

    def add(self, path, entry, layer):
        """@path: normalised; "" is the root"""
        if path == b"":
            self.root.mode, self.root.uid, self.root.gid, self.root.implied = entry.mode, entry.uid, entry.gid, False
            return
        real = self.place(path, layer)
        directory = self.root
        for component in real[:-1]:
            child = directory.children.get(component)
            if child is not None and child.kind not in ("dir", "link"):
                self.features.add("below-file")
            if child is None and self.walk(path.rpartition(b"/")[0]) != path.split(b"/")[:-1]:
                self.features.add("dangling-parent")
            if child is None or child.kind != "dir":
                child = directory.children[component] = Node("dir", implied=True)
            child.implied = child.implied or child.layer != layer
            directory = child
        old = directory.children.get(real[-1])
        if entry.kind == "hard" and old is not None and old.kind != "dir":
            target = self.place(entry.target.strip(b"/"), None)
            del directory.children[real[-1]]
            if self.place(entry.target.strip(b"/"), None) != target or self.find(target) is None:
                self.features.add("self-link")  # or a link through what it replaces
            directory.children[real[-1]] = old
        if old is not None and old.kind == "dir" and entry.kind != "dir":
            self.features.add("replaced-directory")
            del directory.children[real[-1]]
        if entry.kind == "hard":
            target = self.find(self.place(entry.target.strip(b"/"), None))
            if target is None or target.kind == "dir":
                raise Impossible
            if target.layer != layer:
                self.features.add("lower-hard-link")
            node = target
        else:
            node = Node(entry.kind, entry.mode, entry.uid, entry.gid, entry.target if entry.kind == "link" else entry.data, layer)
            if old is not None and old.kind == entry.kind == "dir":
                node.children = old.children
        directory.children[real[-1]] = node

    def paths(self, node=None, path=b""):
        node = node or self.root
        yield path, node
        for name, child in node.children.items():
            yield from self.paths(child, path + b"/" + name if path else name)

    def copy(self):
        memo = {}

        def copy_node(node):
            if id(node) not in memo:
                memo[id(node)] = dataclasses.replace(node, children={n: copy_node(c) for n, c in node.children.items()})
            return memo[id(node)]

        tree = Tree()
        tree.root, tree.features = copy_node(self.root), set(self.features)
        return tree

    def listing(self, special=True, implied=None):
        """path -> (kind, mode, uid, gid, content); @implied: instead of the attributes of implied directories"""
        out = {}
        for path, node in self.paths():
            if node.kind == "fifo" and not special:
                continue
            attributes = (0o777 if node.kind == "link" else node.mode, node.uid, node.gid)
            if node.kind == "dir" and node.implied and implied is not None:
                attributes = implied
            content = hashlib.sha256(node.data).hexdigest() if node.kind == "file" else node.data if node.kind == "link" else None
            out[path] = (node.kind, *attributes, content)
        return out


class Image:
    """An image by chance: its layers as tars, and the file system that they give."""

    names = (b"a", b"b", b"c", b"lib", b"usr", b"x y", "\u00e9".encode(), b"n\xe4", b".a", b"wh.a")
    spellings = (b"", b"", b"./", b"/")

    def __init__(self, seed, number):
        self.name = f"i{number}"
        self.random = random.Random(f"{seed}/{number}")
        self.tree = Tree()
        self.spelling = self.random.choice(self.spellings)
        self.repeats = self.random.random() < 0.3  # a path twice in a layer
        self.layers = [self.make_layer(i) for i in range(1, 2 + self.random.randrange(4))]

    def attributes(self):
        return {"mode": self.random.choice((0o644, 0o755, 0o700, 0o4755, 0o600, 0o1777)), "uid": self.random.choice((0, 0, 1000)),
                "gid": self.random.choice((0, 5))}

    def some_path(self, tree, kind=None):
        paths = [path for path, node in tree.paths() if path and kind in (None, node.kind)]
        return self.random.choice(paths) if paths else None

    def new_path(self, tree):
        """Mostly in a directory that exists or is linked to, at times below nothing or a file."""
        kinds = ("dir", "link") if self.random.random() < 0.95 else ("file", "fifo")
        bases = [path for path, node in tree.paths() if node.kind in kinds]
        base = self.random.choice(bases) if bases and self.random.random() < 0.8 else b""
        for _ in range(self.random.choice((1, 1, 1, 2))):
            base = base + b"/" * bool(base) + self.random.choice(self.names)
        return base if base.count(b"/") < 5 else self.random.choice(self.names)

    def choose_whiteouts(self):
        chosen, linked = [], []
        for _ in range(self.random.choice((0, 0, 1, 2, 3))):
            if self.random.random() < 0.25:
                chosen.append((self.some_path(self.tree, "dir") or b"", None))
                continue
            path = self.some_path(self.tree) or self.random.choice(self.names)
            link = self.some_path(self.tree, "link")
            if link is not None and self.random.random() < 0.2:
                directory = self.tree.directory(link)
                if directory is not None and directory.children:
                    path = link + b"/" + self.random.choice(list(directory.children))
                    linked = [path.rpartition(b"/")[::2]]
                    continue
            chosen.append(path.rpartition(b"/")[::2])
        return list(dict.fromkeys(linked + chosen))

    def choose_entry(self, path, layer):
        kind = self.random.choices(("file", "dir", "link", "hard", "fifo"), (8, 6, 4, 3, 1))[0]
        if kind == "hard":
            target = self.some_path(self.tree, self.random.choice(("file", "file", "link")))
            if target is None:
                return None
            via = self.some_path(self.tree, "link")
            directory = self.tree.directory(via) if via is not None else None
            if directory is not None and self.random.random() < 0.5:
                files = [name for name, node in directory.children.items() if node.kind == "file"]
                target = via + b"/" + self.random.choice(files) if files else target
            node = self.tree.find(self.tree.place(target, None))
            return Entry(path, kind, node.mode, node.uid, node.gid, target=target)
        entry = Entry(path, kind, **self.attributes())
        if kind == "file":
            entry.data = b"%d %s" % (layer, path) * self.random.choice((0, 1, 1, 60))
        if kind == "link":
            to = self.random.choice((self.some_path(self.tree, "dir"), self.some_path(self.tree), self.new_path(self.tree))) or b"a"
            entry.target = self.random.choice((b"/" + to, b"../" * path.count(b"/") + to))
        if kind == "dir":
            entry.mode |= 0o700  # else a user who is not root cannot unpack what is in it
        return entry

    def make_layer(self, layer):
        whiteouts = self.choose_whiteouts()
        through_links = [w for w in whiteouts if self.tree.walk(w[0]) != w[0].split(b"/") and w[0]]
        before = self.tree.copy()
        gone = self.tree.hide(whiteouts)
        hidden_links = any(node.kind == "link" for path in gone for _, node in before.paths(before.find(path)))
        entries, self.taken, self.steps = [], [], []
        for _ in range(self.random.randrange(1, 9)):
            path = self.some_path(self.tree) if self.random.random() < 0.3 else None
            self.take(self.choose_entry(path or self.new_path(self.tree), layer), layer, entries)
        if self.random.random() < 0.2:
            self.take(Entry(b"", "dir", self.random.choice((0o755, 0o711)), 0, 0), layer, entries)
        if any(path[:len(other)] == other for path in (p.split(b"/") for p, _ in whiteouts) for other in gone):
            self.tree.features.add("nested-whiteouts")
        if any(self.tree.find(path) is not None for path in [*gone, *((p + b"/" + n).strip(b"/").split(b"/") for p, n in whiteouts if n)]):
            self.tree.features.add("hidden-and-added")
        if any(real[:len(path)] == path and real != path for real in self.taken for path in gone if before.find(path).kind != "dir"):
            self.tree.features.add("below-file")
        # A whiteout of a link that an entry's path goes through, or through a link that an entry replaces, means different
        # things in different places; the specification knows no such paths. They come first.
        marks = [Entry(p + b"/" * bool(p) + b".wh." + (n if n is not None else b".wh..opq"), "file") for p, n in
                 sorted(whiteouts, key=lambda w: w not in through_links)]
        first = self.repeats or hidden_links or through_links or any(self.leads_elsewhere(before, tree, parent)
                                                                     for tree in self.steps for parent, _ in whiteouts)
        for mark in reversed(marks) if first else marks:
            entries.insert(0 if first else self.random.randrange(len(entries) + 1), mark)
        return self.pack(entries)

    @staticmethod
    def leads_elsewhere(before, after, path):
        try:
            return after.walk(path) != before.walk(path)
        except Impossible:
            return True

    def take(self, entry, layer, entries):
        """Adds the entry unless no tool could apply it."""
        if entry is None:
            return
        changed = self.tree.copy()
        with contextlib.suppress(Impossible):
            real = changed.place(entry.name, None)
            if real in self.taken and not self.repeats:
                return
            changed.features |= {"repeated"} if real in self.taken else set()
            changed.add(entry.name, entry, layer)
            self.tree = changed
            self.taken.append(real)
            self.steps.append(changed)
            entries.append(entry)

    def pack(self, entries):
        out = io.BytesIO()
        form = self.random.choice((tarfile.GNU_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT))
        with tarfile.open(fileobj=out, mode="w", format=form, encoding="utf-8", errors="surrogateescape") as tar:
            for entry in entries:
                info = tarfile.TarInfo(os.fsdecode(self.spelling + entry.name) or "./")
                info.type, info.mode, info.uid, info.gid = TYPES[entry.kind], entry.mode, entry.uid, entry.gid
                slash = b"/" if entry.kind == "hard" and self.random.random() < 0.3 else b""
                info.linkname = os.fsdecode(slash + entry.target)
                info.size = len(entry.data)
                tar.addfile(info, io.BytesIO(entry.data))
        return out.getvalue()


class Layout:
    """An OCI layout with all images."""

    def __init__(self, path, images):
        self.path = path
        (path / "blobs/sha256").mkdir(parents=True)
        (path / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
        manifests = []
        for image in images:
            config = self.json({"architecture": "amd64", "os": "linux", "author": image.name, "config": {},
                                "rootfs": {"type": "layers", "diff_ids": [digest_of(t) for t in image.layers]},
                                "history": [{"created_by": "chance"} for _ in image.layers]}, "config.v1+json")
            layers = [self.blob(gzip.compress(t, 1, mtime=0), "layer.v1.tar+gzip") for t in image.layers]
            manifest = self.json({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": config,
                                  "layers": layers}, "manifest.v1+json")
            manifests.append(dict(manifest, annotations={"org.opencontainers.image.ref.name": image.name}))
        (path / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": manifests}))

    def blob(self, data, kind):
        digest = digest_of(data)
        (self.path / "blobs/sha256" / digest[7:]).write_bytes(data)
        return {"mediaType": "application/vnd.oci.image." + kind, "digest": digest, "size": len(data)}

    def json(self, value, kind):
        return self.blob(json.dumps(value).encode(), kind)


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def terrane_listings(probe, store, layout, images):
    """By image: as Tree.listing(), or the error."""
    result = subprocess.run([probe, store, layout.path, *[image.name for image in images]], capture_output=True, text=True, errors="replace")
    if result.returncode != 0:
        raise AssertionError(f"layers-probe: {result.returncode}: {result.stderr}")
    listings = {}
    for image, line in zip(images, result.stdout.splitlines(), strict=True):
        rows = json.loads(line)
        listings[image.name] = rows if isinstance(rows, str) else {
            bytes.fromhex(row[0]): (*row[1:5], bytes.fromhex(row[5]) if row[1] == "link" else row[5] if row[1] == "file" else None)
            for row in rows}
    return listings


def directory_listing(top):
    """The same of a directory."""
    top, out = os.fsencode(top), {}

    def visit(path, relative):
        try:
            found = os.lstat(path)
        except FileNotFoundError:
            return  # an overlay lists whiteouts in directories that only one layer has
        kind = {stat.S_IFREG: "file", stat.S_IFDIR: "dir", stat.S_IFLNK: "link", stat.S_IFIFO: "fifo"}[stat.S_IFMT(found.st_mode)]
        content = None
        if kind == "file":
            with open(path, "rb") as file:
                content = hashlib.sha256(file.read()).hexdigest()
        if kind == "link":
            content = os.readlink(path)
        out[relative] = (kind, stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid, content)
        if kind == "dir":
            for name in os.listdir(path):
                visit(path + b"/" + name, relative + b"/" + name if relative else name)

    visit(top, b"")
    return out


def umoci_listing(layout, image, directory):
    bundle = directory / f"umoci-{image.name}"
    rootless = [] if os.geteuid() == 0 else ["--rootless"]
    result = subprocess.run(["umoci", "unpack", *rootless, "--image", f"{layout.path}:{image.name}", bundle], capture_output=True,
                            text=True, errors="replace")
    if result.returncode != 0:
        return result.stderr
    return directory_listing(bundle / "rootfs")


class Podman:
    """A storage of podman's own, with the overlay driver; usable by root."""

    def __init__(self, directory):
        self.options = ["podman", "--root", directory / "podman", "--runroot", directory / "run", "--storage-driver", "overlay",
                        "--storage-opt", "overlay.mountopt=nodev"]

    def run(self, *arguments):
        return subprocess.run([*self.options, *arguments], capture_output=True, text=True, errors="replace")

    def close(self):
        """Its storage is mounted on itself while it is used."""
        subprocess.run(["umount", "--lazy", self.options[2] / "overlay"], capture_output=True)

    def works(self):
        return os.geteuid() == 0 and self.run("info").returncode == 0

    def listing(self, layout, image):
        pulled = self.run("pull", "--quiet", f"oci:{layout.path}:{image.name}")
        if pulled.returncode != 0:
            return pulled.stderr
        identity = pulled.stdout.split()[-1]
        mounted = self.run("image", "mount", identity)
        if mounted.returncode != 0:
            return mounted.stderr
        try:
            return directory_listing(mounted.stdout.strip())
        finally:
            self.run("image", "umount", identity)


def differences(expected, actual, ignore_owners=False):
    """Lines for people."""
    if isinstance(actual, str):
        return [actual.strip()]

    def cut(row):
        return row[:2] + row[4:] if ignore_owners and row is not None else row

    return [f"{path!r}: {cut(expected.get(path))} expected, {cut(actual.get(path))} found"
            for path in sorted(set(expected) | set(actual)) if cut(expected.get(path)) != cut(actual.get(path))]


def comparable(image, peer):
    """Whether nothing in the image is known to be another thing to the peer."""
    return not any((peer, feature) in DEVIATIONS for feature in image.tree.features)


def compare(image, peer, actual):
    """How a peer's file system differs from the model's, apart from DEVIATIONS. None when it is not comparable."""
    if not comparable(image, peer):
        return None
    if isinstance(actual, str):
        return [actual.strip()]
    expected = image.tree.listing(special=peer != "terrane")
    if (peer, "implied") in DEVIATIONS:
        implied = {path for path, node in image.tree.paths() if node.kind == "dir" and node.implied}
        implied |= {b""} if (peer, "root") in DEVIATIONS else set()
        expected = {path: (row[0],) if path in implied else row for path, row in expected.items()}
        actual = {path: (row[0],) if path in implied else row for path, row in actual.items()}
    return differences(expected, actual, ignore_owners=peer != "terrane" and os.geteuid() != 0)
