"""Runs terrane and its peers on one root file system and prints a table of ratios.

Every cold run starts on a fresh file system with the input in the page cache, so that disk speed and leftovers of
earlier runs do not count. Times are wall clock; CPU time and peak memory are those of the process tree.
"""

import argparse
import contextlib
import json
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

class Mount:
    """A fresh ext4 on a sparse file, or a fresh directory where mounting is not allowed."""

    def __init__(self, work, rootfs, factor):
        self.work = work
        self.bytes = 256 * 1024**2 + 5 * factor * rootfs.stat().st_size  # copies of peers, stores, layers
        self.loop = os.geteuid() == 0 and shutil.which("mkfs.ext4") is not None

    @contextlib.contextmanager
    def fresh(self):
        directory = pathlib.Path(tempfile.mkdtemp(dir=self.work, prefix="run-"))
        image = directory / "fs.img"
        target = directory / "fs"
        target.mkdir()
        mounted = False
        if self.loop:
            with open(image, "wb") as file:
                file.truncate(self.bytes)
            subprocess.run(["mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", str(image)], check=True)
            mounted = subprocess.run(["mount", "-o", "loop", str(image), str(target)]).returncode == 0
            self.loop = mounted
        try:
            yield target
        finally:
            if mounted:
                subprocess.run(["umount", str(target)], check=True)
            shutil.rmtree(directory, ignore_errors=True)


class Cost:
    def __init__(self, wall, cpu, rss):
        self.wall, self.cpu, self.rss = wall, cpu, rss


def measure(argv, cwd=None, env=None, stdout=subprocess.DEVNULL):
    """Runs a command line and returns what it cost; a failure ends the benchmark with its output."""
    start = time.monotonic()
    process = subprocess.Popen(argv, cwd=cwd, env=env, stdout=stdout, stderr=subprocess.PIPE)
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - start
    if process.returncode != 0:
        sys.exit(f"bench: {argv[0]} failed:\n{errors.decode(errors='replace')}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def layer_bytes(layout):
    """Bytes of all layers of the only image of a layout."""
    layout = pathlib.Path(layout)
    index = json.loads((layout / "index.json").read_text())
    digest = index["manifests"][-1]["digest"].split(":")[1]
    manifest = json.loads((layout / "blobs/sha256" / digest).read_text())
    return sum(layer["size"] for layer in manifest["layers"])


def write_profile(directory, rootfs):
    profile = directory / "profile.json"
    profile.write_text(json.dumps({
        "name": "bench", "platform": "linux/amd64", "target": "oci",
        "base": {"archive": str(rootfs), "special": "skip"}}))
    return profile


def terrane_cold(args, fs):
    profile = write_profile(fs, args.rootfs)
    command = [args.terrane, "--store", str(fs / "store"), "--quiet", "build", str(profile)]
    cost = measure(command)
    return cost, layer_bytes(fs / "store/images"), command


def umoci_insert(args, fs):
    tree = fs / "tree"
    tree.mkdir()
    subprocess.run(["tar", "-xf", str(args.rootfs), "-C", str(tree), "--exclude=./dev/*"], check=True)
    os.sync()
    layout = fs / "layout"
    costs = [measure(argv) for argv in (
        ["umoci", "init", "--layout", str(layout)],
        ["umoci", "new", "--image", f"{layout}:bench"],
        ["umoci", "insert", "--image", f"{layout}:bench", str(tree), "/"])]
    total = Cost(sum(c.wall for c in costs), sum(c.cpu for c in costs), max(c.rss for c in costs))
    return total, layer_bytes(layout), None


def buildah_commit(args, fs):
    # The store is on the fresh file system; the overlay driver needs no copies.
    options = ["buildah", "--root", str(fs / "root"), "--runroot", str(fs / "runroot"), "--storage-driver", "overlay"]
    env = dict(os.environ, TMPDIR=str(fs))
    costs = []
    start = subprocess.run(options + ["from", "scratch"], check=True, env=env, capture_output=True, text=True)
    container = start.stdout.strip()
    costs.append(measure(options + ["add", container, str(args.rootfs), "/"], env=env))
    costs.append(measure(options + ["commit", "--timestamp", "0", "--disable-compression=false", container,
                                    f"oci:{fs}/layout:bench"], env=env))
    size = layer_bytes(fs / "layout")
    subprocess.run(options + ["rm", container], check=True, env=env, capture_output=True)
    total = Cost(sum(c.wall for c in costs), sum(c.cpu for c in costs), max(c.rss for c in costs))
    return total, size, None


def tar_pigz(args, fs):
    """The work of a shell script: a tar of the tree, pigz -6, both digests."""
    tree = fs / "tree"
    tree.mkdir()
    subprocess.run(["tar", "-xf", str(args.rootfs), "-C", str(tree), "--exclude=./dev/*"], check=True)
    os.sync()
    script = ('tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$1" -cf - . '
              '| tee >(sha256sum >"$2/diffid") | pigz -6 -n | tee "$2/layer.tar.gz" | sha256sum >"$2/digest"')
    cost = measure(["bash", "-c", script, "bash", str(tree), str(fs)])
    return cost, (fs / "layer.tar.gz").stat().st_size, None


PEERS = {
    "terrane build": terrane_cold,
    "umoci insert": umoci_insert,
    "tar | pigz -6, digests": tar_pigz,
    "buildah add, commit": buildah_commit,
}


def median_of(runs):
    return Cost(statistics.median(c.wall for c in runs), statistics.median(c.cpu for c in runs),
                statistics.median(c.rss for c in runs))


def warm_rebuild(args, mount):
    """The second build, with nothing changed."""
    with mount.fresh() as fs:
        _, _, command = terrane_cold(args, fs)
        return median_of([measure(command) for _ in range(5)])


def enlarge(args, factor):
    """A tar with the root file system several times over, each below a directory of its own.

    The store holds equal files once, so this is ten times the entries and ten times the layer."""
    large = args.work / f"rootfs-x{factor}.tar"
    if large.exists():
        return large
    partial = large.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(dir=args.work) as tree:
        subprocess.run(["tar", "-xf", str(args.rootfs), "-C", tree, "--exclude=./dev/*"], check=True)
        for i in range(factor):
            subprocess.run(["tar", "--transform", f"s,^\\.,copy{i},", "-C", tree,
                            "-rf" if i else "-cf", str(partial), "."], check=True)
    partial.rename(large)
    return large


def row(name, cost, size, best):
    layers = f"  {size / 1e6:8.1f} MB" if size else ""
    return (f"{name:<24} {cost.wall:7.2f} s {cost.wall / best.wall:5.2f}x  {cost.cpu:7.2f} s  {cost.rss:7.0f} MiB"
            f"{layers}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--terrane", required=True)
    parser.add_argument("--rootfs", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--large", action="store_true")
    args = parser.parse_args()
    mount = Mount(args.work, args.rootfs, 5 if args.large else 2)

    # Into the page cache, and never again from the disk.
    subprocess.run(["sha256sum", str(args.rootfs)], check=True, stdout=subprocess.DEVNULL)
    results = {name: [] for name in PEERS}
    sizes = {}
    for _ in range(args.runs):
        for name, run in PEERS.items():
            with mount.fresh() as fs:
                cost, sizes[name], _ = run(args, fs)
                results[name].append(cost)
    costs = {name: median_of(runs) for name, runs in results.items()}
    warm = warm_rebuild(args, mount)

    ours = costs["terrane build"]
    print(f"{args.rootfs.name}: {args.rootfs.stat().st_size / 1e6:.0f} MB, {os.cpu_count()} CPUs, median of "
          f"{args.runs}, {'fresh ext4 for each run' if mount.loop else 'fresh directories (mounting not allowed)'}")
    print(f"{'':<24} {'wall':>9} {'':>6} {'CPU':>9}  {'peak memory':>11}  {'layers':>11}")
    for name, cost in costs.items():
        print(row(name, cost, sizes[name], ours))
    print(row("terrane, unchanged", warm, None, ours))
    if args.large:
        args.rootfs = enlarge(args, 10)
        with mount.fresh() as fs:
            cost, size, _ = terrane_cold(args, fs)
        print(row("terrane, ten times it", cost, size, ours))


if __name__ == "__main__":
    main()
