"""Pushes and pulls one image with terrane and with skopeo, to and from Debian's docker-registry on loopback.

Every cold push goes to an empty registry, every cold pull into an empty directory. The image is the one that
scripts/bench assembles; it is read once before, so that the disk does not count.
"""

import argparse
import contextlib
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import bench


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running(argv, **options):
    process = subprocess.Popen(argv, **options)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def registry(directory, one_way):
    """An empty registry; yields the port, which is that of a delaying proxy when @one_way is not 0."""
    port = free_port()
    config = directory / "registry.json"
    config.write_text(json.dumps({
        "version": 0.1, "log": {"level": "error", "accesslog": {"disabled": True}}, "http": {"addr": f"127.0.0.1:{port}"},
        "storage": {"filesystem": {"rootdirectory": str(directory / "registry")}}}))
    with running(["docker-registry", "serve", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        deadline = time.monotonic() + 20
        with contextlib.suppress(ConnectionError):
            while time.monotonic() < deadline:
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.02)
        if one_way == 0:
            yield port
            return
        proxy = [sys.executable, str(pathlib.Path(__file__).with_name("delay_proxy.py")), str(port), "--one-way", str(one_way)]
        with running(proxy, stdout=subprocess.PIPE, text=True) as process:
            yield int(process.stdout.readline())


class Terrane:
    name = "terrane"

    def __init__(self, args, layout):
        self.program, self.store = args.terrane, layout.parent

    def push(self, image, port, tag="v1"):
        return [self.program, "--store", str(self.store), "-q", "push", image, f"docker://127.0.0.1:{port}/bench:{tag}"]

    def pull(self, port, directory):
        return [self.program, "--store", str(directory), "-q", "pull", f"docker://127.0.0.1:{port}/bench:v1"]


class Skopeo:
    name = "skopeo"

    def __init__(self, args, layout):
        self.layout = layout

    def push(self, image, port, tag="v1"):
        return ["skopeo", "copy", "-q", "--preserve-digests", "--dest-tls-verify=false", f"oci:{self.layout}:{image}:latest",
                f"docker://127.0.0.1:{port}/bench:{tag}"]

    def pull(self, port, directory):
        return ["skopeo", "copy", "-q", "--preserve-digests", "--src-tls-verify=false", f"docker://127.0.0.1:{port}/bench:v1",
                f"oci:{directory}:v1"]


def run_once(client, work, one_way, costs):
    with tempfile.TemporaryDirectory(dir=work) as name:
        directory = pathlib.Path(name)
        # skopeo remembers which blobs a registry has; a runner in CI has no such memory.
        env = dict(os.environ, XDG_DATA_HOME=str(directory / "data"), HOME=str(directory))
        with registry(directory, one_way) as port:
            costs["cold push"].append(bench.measure(client.push("bench", port), env=env))
            costs["warm push"].append(bench.measure(client.push("bench", port), env=env))
            costs["edit push"].append(bench.measure(client.push("edited", port, "v2"), env=env))
            costs["cold pull"].append(bench.measure(client.pull(port, directory / "pulled"), env=env))
            os.sync()


def compare(args, layout, one_way):
    steps = ["cold push", "warm push", "edit push", "cold pull"]
    costs = {client.name: {step: [] for step in steps} for client in (Terrane, Skopeo)}
    for _ in range(args.runs):
        for client in (Terrane, Skopeo):
            run_once(client(args, layout), args.work, one_way, costs[client.name])
    print(f"\n{'loopback' if one_way == 0 else f'{one_way * 2000:.0f} ms round trip':<24} {'terrane':>21} {'skopeo':>21} "
          f"{'time':>7} {'memory':>7}")
    for step in steps:
        ours, theirs = bench.median_of(costs["terrane"][step]), bench.median_of(costs["skopeo"][step])
        print(f"{step:<24} {ours.wall:8.2f} s {ours.rss:6.0f} MiB {theirs.wall:8.2f} s {theirs.rss:6.0f} MiB "
              f"{ours.wall / theirs.wall:6.2f}x {ours.rss / theirs.rss:6.2f}x")


def make_images(args, directory):
    """The image "bench", and "edited" with another few kB of handler on the same base."""
    (directory / "app").mkdir()
    for name in ("bench", "edited"):
        (directory / "app/handler.py").write_text(f"# {name}\n" + "\n".join(f"value_{i} = {i}" for i in range(300)))
        profile = directory / "profile.json"
        profile.write_text(json.dumps({
            "name": name, "platform": "linux/amd64", "target": "oci", "base": {"archive": str(args.rootfs), "special": "skip"},
            "trees": [{"name": "app", "directory": "app", "prefix": "/var/task"}]}))
        subprocess.run([args.terrane, "--store", str(directory / "store"), "-q", "build", str(profile)], check=True,
                       stdout=subprocess.DEVNULL)
    return directory / "store/images"


def count_edit(args, layout):
    """Bytes of blobs that an edited handler makes terrane send."""
    with tempfile.TemporaryDirectory(dir=args.work) as name, registry(pathlib.Path(name), 0) as port:
        client = Terrane(args, layout)
        subprocess.run(client.push("bench", port), check=True, stdout=subprocess.DEVNULL)
        result = subprocess.run([*client.push("edited", port, "v2"), "--json"], check=True, capture_output=True, text=True)
        return json.loads(result.stdout)["bytes_uploaded"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--terrane", required=True)
    parser.add_argument("--rootfs", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    directory = pathlib.Path(tempfile.mkdtemp(dir=args.work, prefix="images-"))
    try:
        layout = make_images(args, directory)
        size = sum(path.stat().st_size for path in (layout / "blobs/sha256").iterdir())
        print(f"image of {size / 1e6:.0f} MB, {os.cpu_count()} CPUs, median of {args.runs}, "
              f"{subprocess.run(['skopeo', '--version'], capture_output=True, text=True).stdout.strip()}")
        for one_way in (0, 0.025):
            compare(args, layout, one_way)
        print(f"\nan edited handler sends {count_edit(args, layout)} bytes of blobs")
    finally:
        shutil.rmtree(directory)


if __name__ == "__main__":
    main()
