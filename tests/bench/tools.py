"""The programs that are compared. Each is a class with one method per scenario, a generator: it yields the command lines that are
measured, and gets what they printed; what it does besides is not measured.

A tool that lacks a method says why in @why_not.
"""

import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import tarfile
import tempfile

import measure

TASK = "/var/task"
CRANE_PACKAGE = "github.com/google/go-containerregistry/cmd/crane"


def read_layout(layout, name):
    """The image of this name in an OCI layout: its digest, and digests and sizes of its layers."""
    index = json.loads((layout / "index.json").read_text())
    named = [one for one in index["manifests"] if one.get("annotations", {}).get("org.opencontainers.image.ref.name") == name]
    descriptor = (named or index["manifests"])[-1]
    manifest = json.loads((layout / "blobs" / descriptor["digest"].replace(":", "/")).read_text())
    return {"digest": descriptor["digest"], "layers": [[layer["digest"], layer["size"]] for layer in manifest["layers"]]}


def read_archive(path):
    """The same of a docker archive; its digest is that of the configuration."""
    with tarfile.open(path) as tar:
        sizes = {member.name: member.size for member in tar}
        manifest = json.loads(tar.extractfile("manifest.json").read())[0]
    return {"digest": manifest["Config"], "layers": [[name.split(".")[0], sizes[name]] for name in manifest["Layers"]]}


class Tool:
    """@image() says what was made, or that it is nowhere yet."""

    name = ""
    programs = ()
    versions = ()  # command lines whose first line of output is the version
    settings = ""
    why_not = {}

    def __init__(self, options, place, source, function):
        """In a directory @place, with an input and a Function, or None where the scenario has none."""
        self.options, self.place, self.source, self.function = options, place, source, function
        home = place / "home"
        home.mkdir(exist_ok=True)
        (place / "tmp").mkdir(exist_ok=True)
        # A tool's state is below the place, as on a new runner.
        self.env = {"PATH": os.environ["PATH"], "HOME": str(home), "TMPDIR": str(place / "tmp"), "LC_ALL": "C.UTF-8"}

    def unpack(self):
        """The input as a directory, without devices."""
        tree = self.place / "tree"
        tree.mkdir()
        measure.run(["tar", "-xf", self.source.rootfs, "-C", tree, "--exclude=./dev/*"])
        return tree

    def now(self, steps):
        """Runs the command lines of steps that are not measured."""
        output = None
        try:
            while True:
                output = measure.run(steps.send(output), env=self.env)
        except StopIteration:
            pass


class Terrane(Tool):
    name = "terrane"
    settings = "store of ostree objects and layers; libdeflate at level 1, of text at level 2"

    @staticmethod
    def versions(options):
        return [[options.terrane, "--version"]]

    def __init__(self, options, place, source, function):
        super().__init__(options, place, source, function)
        self.store = place / "store"

    def command(self, *words):
        return [self.options.terrane, "--store", self.store, "--quiet", *words]

    def profile(self, name, base, with_function):
        wheels = {"requirements": "requirements.txt", "index": [], "wheelhouse": "wheels", "python": "3.12", "glibc": "2.34"}
        document = {"name": name, "platform": "linux/amd64", "target": "oci", "base": base}
        if with_function:
            document["layers"] = {"wheels": "per-package"}
            document["trees"] = [{"name": "deps", "prefix": TASK, "wheels": wheels}, {"name": "app", "prefix": TASK, "directory": "app"}]
        path = (self.function.directory if with_function else self.place) / f"{name}.json"
        path.write_text(json.dumps(document))
        return path

    def archive(self):
        return {"archive": str(self.source.rootfs), "special": "skip"}

    def image(self, name="bench"):
        return read_layout(self.store / "images", f"{name}:latest")

    def build(self, name, *words):
        yield self.command("build", self.profile(name, self.archive(), True), *words)

    def cold(self):
        yield self.command("build", self.profile("bench", self.archive(), False))

    def whole(self):
        yield from self.build("bench")

    unchanged = handler_edit = whole

    def wheel_bump(self):
        yield from self.build("bench", "--update-lock=deps")

    def registry_base(self, registry):
        return {"image": f"docker://{registry.host}/base:v1"}

    def publish(self, registry):
        yield self.command("build", self.profile("bench", self.registry_base(registry), True), "--cache-to", f"docker://{registry.host}/cache",
                           "--push", f"docker://{registry.host}/terrane:v1")

    def cold_runner(self, registry, number):
        yield self.command("build", self.profile("bench", self.registry_base(registry), True), "--cache-from", f"docker://{registry.host}/cache",
                           "--push", f"docker://{registry.host}/terrane:edit{number}")

    def take_images(self, images):
        self.store = images.store

    def push(self, image, reference):
        yield self.command("push", image, f"docker://{reference}")

    def pull(self, reference, directory):
        yield [self.options.terrane, "--store", directory, "--quiet", "pull", f"docker://{reference}"]


class Buildah(Tool):
    name = "buildah"
    programs = ("buildah",)
    settings = ("storage driver overlay ({overlay}); gzip in parallel at its default level; --timestamp 0; steps cached with --layers. Cold: to an OCI layout. "
                "When it builds again, the image stays in its storage and is not compressed yet")

    @staticmethod
    def versions(_):
        return [["buildah", "--version"]]

    @staticmethod
    def storage(root):
        return ["buildah", "--root", root / "root", "--runroot", root / "runroot", "--storage-driver", "overlay"]

    def command(self, *words, root=None):
        return [*self.storage(root or self.place), *words]

    def image(self):
        layout = self.place / "layout"
        return read_layout(layout, "bench") if layout.exists() else None

    def add(self, to):
        container = (yield self.command("from", "scratch")).strip()
        yield self.command("add", "--quiet", container, self.source.rootfs, "/")
        yield self.command("commit", "--quiet", "--timestamp", "0", "--disable-compression=false", container, to)

    def cold(self):
        yield from self.add(f"oci:{self.place}/layout:bench")

    def containerfile(self, base):
        path = self.function.directory / "Containerfile"
        path.write_text(f"FROM {base}\nCOPY deps {TASK}\nCOPY app {TASK}\n")
        return path

    def build(self, *words, base="localhost/base"):
        yield self.command("build", "--quiet", "--layers", "--timestamp", "0", "--tls-verify=false", *words, "-f", self.containerfile(base),
                           "-t", "bench", self.function.directory)

    def whole(self):
        yield from self.add("localhost/base")
        yield from self.build()

    unchanged = handler_edit = wheel_bump = build

    def publish(self, registry):
        yield from self.build("--cache-to", f"{registry.host}/buildah-cache", base=f"{registry.host}/base:v1")
        yield self.command("push", "--quiet", "--tls-verify=false", "bench", f"docker://{registry.host}/buildah:v1")

    def cold_runner(self, registry, number):
        yield from self.build("--cache-from", f"{registry.host}/buildah-cache", base=f"{registry.host}/base:v1")
        yield self.command("push", "--quiet", "--tls-verify=false", "bench", f"docker://{registry.host}/buildah:edit{number}")

    def take_images(self, images):
        for name, layout in images.layouts.items():
            identity = measure.run(self.command("pull", "--quiet", f"oci:{layout}:latest"), env=self.env).strip()
            measure.run(self.command("tag", identity, name), env=self.env)

    def push(self, image, reference):
        yield self.command("push", "--quiet", "--tls-verify=false", image, f"docker://{reference}")

    def pull(self, reference, directory):
        directory.mkdir()
        yield self.command("pull", "--quiet", "--tls-verify=false", f"docker://{reference}", root=directory)


class Umoci(Tool):
    name = "umoci"
    programs = ("umoci", "skopeo")
    settings = "from a directory that is unpacked before; gzip in parallel at its default level; in the cold runner skopeo copies for it"
    why_not = {"unchanged": "keeps nothing that tells what changed", "push": "copies nothing from or to registries: skopeo does"}

    @staticmethod
    def versions(_):
        return [["umoci", "--version"]]

    def tag(self, tag):
        return f"{self.place}/layout:{tag}"

    def image(self):
        return read_layout(self.place / "layout", "bench")

    def insert(self, base, tag, directory, target):
        yield ["umoci", "insert", "--image", self.tag(base), "--tag", tag, directory, target]

    def base(self, tag):
        tree = self.unpack()
        yield ["umoci", "init", "--layout", self.place / "layout"]
        yield ["umoci", "new", "--image", self.tag("empty")]
        yield from self.insert("empty", tag, tree, "/")

    def cold(self):
        yield from self.base("bench")

    def whole(self):
        yield from self.base("base")
        yield from self.wheel_bump()

    def handler_edit(self):
        yield from self.insert("deps", "bench", self.function.directory / "app", TASK)

    def wheel_bump(self):
        yield from self.insert("base", "deps", self.function.directory / "deps", TASK)
        yield from self.handler_edit()

    def copy(self, source, destination):
        yield ["skopeo", "copy", "-q", "--src-tls-verify=false", "--dest-tls-verify=false", source, destination]

    def publish(self, registry):
        yield from self.copy(f"docker://{registry.host}/base:v1", f"oci:{self.tag('base')}")
        yield from self.wheel_bump()
        yield from self.copy(f"oci:{self.tag('deps')}", f"docker://{registry.host}/umoci:deps")

    def cold_runner(self, registry, number):
        yield from self.copy(f"docker://{registry.host}/umoci:deps", f"oci:{self.tag('deps')}")
        yield from self.handler_edit()
        yield from self.copy(f"oci:{self.tag('bench')}", f"docker://{registry.host}/umoci:edit{number}")


class Tar(Tool):
    name = "tar+pigz"
    programs = ("tar", "pigz", "sha256sum")
    settings = "from a directory that is unpacked before; sorted, without times and owners; pigz -6; both digests; a layer and no image"
    why_not = {"unchanged": "keeps nothing that tells what changed", "cold-runner": "copies nothing from or to registries",
               "push": "copies nothing from or to registries"}

    @staticmethod
    def versions(_):
        return [["tar", "--version"], ["pigz", "--version"]]

    SCRIPT = ('set -o pipefail; tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --transform "s,^\\.,$3,S" -C "$1" -cf - . '
              '| tee >(sha256sum >"$2.diffid") | pigz -6 -n | tee "$2.tar.gz" | sha256sum >"$2.digest"')

    def layer(self, directory, name, prefix="."):
        yield ["bash", "-c", self.SCRIPT, "bash", directory, self.place / name, prefix]

    def image(self):
        layers = [(self.place / f"{name}.digest", self.place / f"{name}.tar.gz") for name in ("base", "deps", "app")]
        return {"digest": None, "layers": [[digest.read_text().split()[0], file.stat().st_size] for digest, file in layers if file.exists()]}

    def cold(self):
        yield from self.layer(self.unpack(), "base")

    def whole(self):
        yield from self.cold()
        yield from self.wheel_bump()
        yield from self.handler_edit()

    def handler_edit(self):
        yield from self.layer(self.function.directory / "app", "app", TASK[1:])

    def wheel_bump(self):
        yield from self.layer(self.function.directory / "deps", "deps", TASK[1:])


class Skopeo(Tool):
    name = "skopeo"
    programs = ("skopeo",)
    settings = "--preserve-digests, from and to an OCI layout"
    why_not = dict.fromkeys(("cold", "unchanged", "handler-edit", "wheel-bump"), "only copies images") | {
        "cold-runner": "only copies images: see umoci, for which it copies"}

    @staticmethod
    def versions(_):
        return [["skopeo", "--version"]]

    def take_images(self, images):
        self.layouts = images.layouts

    def push(self, image, reference):
        yield ["skopeo", "copy", "-q", "--preserve-digests", "--dest-tls-verify=false", f"oci:{self.layouts[image]}:latest", f"docker://{reference}"]

    def pull(self, reference, directory):
        yield ["skopeo", "copy", "-q", "--preserve-digests", "--src-tls-verify=false", f"docker://{reference}", f"oci:{directory}:v1"]


class Crane(Tool):
    name = "crane"
    settings = ("gzip in one thread at level 1, its default; cold: to a docker archive; pull: to an OCI layout. Not packaged in Debian 12: "
                f"`go install {CRANE_PACKAGE}@latest`")
    why_not = dict.fromkeys(("unchanged", "handler-edit", "wheel-bump"), "adds layers to images in registries: see cold-runner")

    @staticmethod
    def versions(options):
        return [[options.crane, "version"]]

    def image(self):
        return read_archive(self.place / "image.tar")

    def cold(self):
        yield [self.options.crane, "append", "--oci-empty-base", "-f", self.source.rootfs, "-t", "bench", "-o", self.place / "image.tar"]

    def append(self, base, directory, target):
        file = self.place / "layer.tar"
        yield ["tar", "--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "--transform", f"s,^\\.,{TASK[1:]},S",
               "-C", directory, "-cf", file, "."]
        yield [self.options.crane, "append", "-b", base, "-f", file, "-t", target]

    def publish(self, registry):
        yield from self.append(f"{registry.host}/base:v1", self.function.directory / "deps", f"{registry.host}/crane:deps")

    def cold_runner(self, registry, number):
        yield from self.append(f"{registry.host}/crane:deps", self.function.directory / "app", f"{registry.host}/crane:edit{number}")

    take_images = Skopeo.take_images

    def push(self, image, reference):
        yield [self.options.crane, "push", self.layouts[image], reference]

    def pull(self, reference, directory):
        yield [self.options.crane, "pull", "--format=oci", reference, directory]


TOOLS = (Terrane, Buildah, Umoci, Tar, Skopeo, Crane)
COMMON = ("time", "docker-registry", "tar")


def method(scenario):
    return scenario.replace("-", "_")


def reason(tool, scenario):
    """Why a tool has no numbers in a scenario, or None."""
    return tool.why_not.get("push" if scenario in ("push-unchanged", "push-edit", "pull") else scenario)


def missing(tool, options):
    """Programs that it needs and that are not installed."""
    needed = [*tool.programs, *([options.crane] if tool is Crane else [])]
    return [program for program in needed if not shutil.which(str(program))]


def first_line(argv):
    result = subprocess.run([str(word) for word in argv], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return (result.stdout or result.stderr).partition("\n")[0].strip()


def versions(chosen, options):
    """The version that each tool reports, and the server."""
    found = {}
    for tool in chosen:
        found[tool.name] = ", ".join(f"{pathlib.Path(argv[0]).name} {line}" if not line[:1].isalpha() else line
                                     for argv in tool.versions(options) for line in [first_line(argv)])
    found["registry"] = first_line(["docker-registry", "--version"])
    return found


def settings(tool, work):
    """How a tool is used, in words. Whether overlays are the kernel's or those of fuse-overlayfs depends on user and kernel."""
    if tool is not Buildah:
        return tool.settings
    with tempfile.TemporaryDirectory(dir=work) as name:
        store = json.loads(measure.run([*Buildah.storage(pathlib.Path(name)), "info"]))["store"]
        overlay = "fuse-overlayfs" if "mount_program" in json.dumps(store["GraphOptions"]) else "of the kernel"
        # The store mounts itself when it is opened.
        subprocess.run(["umount", pathlib.Path(name, "root/overlay")], stderr=subprocess.DEVNULL)
    return tool.settings.format(overlay=overlay)


def identity(program):
    with open(program, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
