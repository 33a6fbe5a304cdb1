"""Pushing: a real docker-registry over HTTP and HTTPS, with and without credentials, and faults that it does not have."""

import base64
import json
import os
import subprocess
import sys
import unittest

from ecr_like_registry import FakeRegistry
from terrane_test import SANITIZER, TERRANE, Registry, TestCase, free_port, have


@unittest.skipUnless(have("docker-registry", "skopeo"), "docker-registry or skopeo is not installed")
class Push(TestCase):
    def setUp(self):
        super().setUp()
        self.write("app/f", os.urandom(300_000))
        self.profile = self.write_profile(trees=[{"name": "app", "directory": "app", "prefix": "/app"}])
        # No credentials of the user that runs the tests.
        self.env = {"HOME": str(self.directory), "XDG_RUNTIME_DIR": str(self.directory), "REGISTRY_AUTH_FILE": "",
                    "XDG_CONFIG_HOME": str(self.directory / "config"), "DOCKER_CONFIG": str(self.directory / "docker")}

    def start_registry(self, **options):
        registry = Registry(self.directory / "registry", **options)
        self.addCleanup(registry.__exit__)
        return registry

    def push(self, destination, *arguments, **options):
        return json.loads(self.run_terrane("--json", "push", "test", destination, *arguments, env=self.env, **options).stdout)

    def auth_file(self, host, user, password):
        auth = base64.b64encode(f"{user}:{password}".encode()).decode()
        return self.write("auth.json", json.dumps({"auths": {host: {"auth": auth}}}))

    def htpasswd(self):
        line = subprocess.run(["htpasswd", "-Bbn", "alice", "secret-password"], check=True, capture_output=True,
                              text=True).stdout
        return self.write("htpasswd", line)

    def test_push_and_copy_back_over_http(self):
        registry = self.start_registry()
        record = self.build(self.profile)
        report = self.push(f"docker://{registry.host}/team/app:v1")
        self.assertEqual(report["reference"], f"{registry.host}/team/app@{record['digest']}")
        self.assertEqual((report["blobs_uploaded"], report["unchanged"]), (3, False))
        inspected = json.loads(subprocess.run(["skopeo", "inspect", "--tls-verify=false",
                                               f"docker://{registry.host}/team/app:v1"], check=True,
                                              capture_output=True, text=True).stdout)
        self.assertEqual(inspected["Digest"], record["digest"])
        back = self.directory / "back"
        subprocess.run(["skopeo", "copy", "--preserve-digests", "--src-tls-verify=false",
                        f"docker://{registry.host}/team/app:v1", f"oci:{back}:v1"], check=True, capture_output=True)
        self.assertEqual(json.loads((back / "index.json").read_text())["manifests"][0]["digest"], record["digest"])

    def test_what_exists_is_not_sent_again(self):
        registry = self.start_registry()
        self.build(self.profile)
        first = self.push(f"docker://{registry.host}/team/app:v1")
        self.assertGreater(first["bytes_uploaded"], 300_000)
        self.assertTrue(self.push(f"docker://{registry.host}/team/app:v1")["unchanged"])
        other_tag = self.push(f"docker://{registry.host}/team/app:v2")
        self.assertEqual((other_tag["bytes_uploaded"], other_tag["blobs_existing"]), (0, 3))
        self.write("app/g", "new")
        self.build(self.profile)
        changed = self.push(f"docker://{registry.host}/team/app:v3")
        self.assertEqual(changed["blobs_existing"], 1)  # the base's layer

    def test_build_push(self):
        registry = self.start_registry()
        record = self.build(self.profile, "--push", f"docker://{registry.host}/app", env=self.env)
        self.assertEqual(record["push"]["digest"], record["digest"])
        self.assertEqual(record["push"]["tag"], f"{registry.host}/app:latest")

    def test_human_output(self):
        registry = self.start_registry()
        self.build(self.profile)
        output = self.run_terrane("push", "test", f"docker://{registry.host}/app:v1", env=self.env).stdout
        self.assertRegex(output, rf"pushed {registry.host}/app:v1: 300\.\d kB sent, 0 B already there\n"
                                 rf"{registry.host}/app@sha256:[0-9a-f]{{64}}\n")

    @unittest.skipUnless(have("htpasswd", "openssl"), "htpasswd or openssl is not installed")
    def test_basic_credentials_over_https(self):
        key, certificate = self.directory / "key.pem", self.directory / "cert.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)],
                       check=True, capture_output=True)
        registry = self.start_registry(htpasswd=self.htpasswd(), certificate=certificate, key=key)
        destination = f"docker://{registry.host}/team/app:v1"
        record = self.build(self.profile)
        self.env["SSL_CERT_FILE"] = str(certificate)
        self.env["REGISTRY_AUTH_FILE"] = str(self.auth_file(registry.host, "alice", "secret-password"))
        self.assertEqual(self.push(destination)["digest"], record["digest"])
        verbose = self.run_terrane("--verbose", "push", "test", destination, env=self.env).stderr
        self.assertIn("credentials from", verbose)
        self.assertNotIn("secret-password", verbose)

        self.env["REGISTRY_AUTH_FILE"] = str(self.auth_file(registry.host, "alice", "wrong-password"))
        message = self.assert_fails(1, r"UNAUTHORIZED.*\(HTTP 401\).*‘alice’.*refused.*terrane login", "push", "test",
                                    destination.replace("v1", "v2"), env=self.env)
        self.assertNotIn("wrong-password", message)
        del self.env["SSL_CERT_FILE"]
        self.assert_fails(1, r"docker://localhost:\d+/team/app.*certificate", "push", "test", destination, env=self.env)

    def test_failed_gate_pushes_nothing(self):
        registry = self.start_registry()
        profile = self.write_profile(target="aws-lambda")
        self.assert_fails(3, "Lambda would refuse", "build", profile, "--push", f"docker://{registry.host}/app:v1",
                          env=self.env)
        result = subprocess.run(["skopeo", "list-tags", "--tls-verify=false", f"docker://{registry.host}/app"],
                                capture_output=True, text=True)
        self.assertNotEqual(result.returncode, 0)

    def test_no_registry(self):
        self.build(self.profile)
        self.assert_fails(1, r"127\.0\.0\.1:\d+.*(refused|connect)", "push", "test",
                          f"docker://127.0.0.1:{free_port()}/app:v1", env=self.env)

    def test_large_blobs_stream(self):
        registry = self.start_registry()
        with open(self.directory / "app/large", "wb") as file:
            for _ in range(300):
                file.write(os.urandom(1 << 20))
        self.build(self.profile)
        script = ("import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL);"
                  "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
        result = subprocess.run([sys.executable, "-c", script, TERRANE, "--store", str(self.store), "-q", "push", "test",
                                 f"docker://{registry.host}/large:v1"], check=True, capture_output=True, text=True,
                                env=dict(os.environ, **self.env))
        limit = 600_000 if SANITIZER else 100_000  # KiB; the blob has 307,200
        self.assertLess(int(result.stdout), limit)


class Faults(TestCase):
    """Answers that a healthy registry does not give."""

    def setUp(self):
        super().setUp()
        self.write("app/f", "x")
        self.build(self.write_profile(trees=[{"name": "app", "directory": "app", "prefix": "/app"}]))

    def test_statuses(self):
        for status, pattern in ((401, r"HTTP 401"), (403, r"HTTP 403"), (404, r"HTTP 404"), (429, r"HTTP 429"),
                                (500, r"HTTP 500"), (503, r"HTTP 503")):
            with self.subTest(status), FakeRegistry() as registry:
                for method in ("HEAD", "GET", "POST", "PUT"):
                    # So long a wait is not waited for: statuses that would be tried again fail at once.
                    registry.fault(method, "^/v2/team/app", times=99, status=status, headers={"Retry-After": "100000"})
                env = {"HOME": str(self.directory), "XDG_RUNTIME_DIR": str(self.directory),
                       "XDG_CONFIG_HOME": str(self.directory), "DOCKER_CONFIG": str(self.directory)}
                self.assert_fails(1, rf"docker://127\.0\.0\.1:{registry.port}/team/app: .*{pattern}", "push", "test",
                                  f"docker://{registry.host}/team/app:v1", env=env)
        self.assert_store_is_sound()


if __name__ == "__main__":
    unittest.main()
