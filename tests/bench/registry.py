"""Debian's docker-registry on loopback, with or without the proxy that counts and delays."""

import contextlib
import json
import pathlib
import socket
import subprocess
import sys
import time


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port, seconds=20):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError(f"nothing listens on port {port}")


@contextlib.contextmanager
def running(argv, **options):
    process = subprocess.Popen(argv, **options)
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()


class Registry:
    """Serves @directory, at one address from the first use to the last."""

    def __init__(self, directory):
        self.directory = directory
        self.port = free_port()
        self.host = f"127.0.0.1:{self.port}"
        self.proxy = None

    @contextlib.contextmanager
    def serve(self, round_trip=None):
        """Without a round trip the registry itself answers; else, and if it is 0, the proxy before it, which counts."""
        port = self.port if round_trip is None else free_port()
        config = self.directory / "registry.json"
        config.write_text(json.dumps({
            "version": 0.1, "log": {"level": "error", "accesslog": {"disabled": True}}, "http": {"addr": f"127.0.0.1:{port}"},
            "storage": {"filesystem": {"rootdirectory": str(self.directory / "registry")}}}))
        with running(["docker-registry", "serve", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
            wait_for(port)
            if round_trip is None:
                yield self
                return
            words = [sys.executable, str(pathlib.Path(__file__).with_name("proxy.py")), str(port), "--port", str(self.port),
                     "--one-way", str(round_trip / 2)]
            with running(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as self.proxy:
                self.proxy.stdout.readline()
                yield self
            self.proxy = None

    def take(self):
        """Bytes, requests and connections since the last time; nothing without the proxy."""
        if not self.proxy:
            return {}
        self.proxy.stdin.write("\n")
        self.proxy.stdin.flush()
        return json.loads(self.proxy.stdout.readline())
