"""Debian's docker-registry in four set-ups: open, with a password file, with a token server, and with TLS of a private CA."""

import base64
import json
import os
import subprocess
import unittest

from terrane_test import Registry, TestCase, have
from token_server import TokenServer

PASSWORD = "secret-password"


class RegistryTestCase(TestCase):
    """A small image in the store, and no credentials of the user that runs the tests."""

    def setUp(self):
        super().setUp()
        self.write("app/f", os.urandom(200_000))
        self.write("app2/g", os.urandom(100_000))
        trees = [{"name": name, "directory": name, "prefix": f"/{name}"} for name in ("app", "app2")]
        self.record = self.build(self.write_profile(trees=trees))
        self.env = {"HOME": str(self.directory), "XDG_RUNTIME_DIR": str(self.directory), "REGISTRY_AUTH_FILE": "",
                    "XDG_CONFIG_HOME": str(self.directory / "config"), "DOCKER_CONFIG": str(self.directory / "docker")}

    def start(self, **options):
        registry = Registry(self.directory / f"registry{len(list(self.directory.glob('registry*')))}", **options)
        self.addCleanup(registry.__exit__)
        return registry

    def start_token_server(self, **options):
        server = TokenServer(self.directory, users={"alice": PASSWORD}, **options)
        self.addCleanup(server.__exit__)
        return server, self.start(auth=server.registry_config())

    def log_in(self, host, password=PASSWORD):
        auth = base64.b64encode(f"alice:{password}".encode()).decode()
        self.write("containers/auth.json", json.dumps({"auths": {host: {"auth": auth}}}))

    def push(self, destination, *arguments, store=None):
        return json.loads(self.run_terrane("--json", "push", "test", destination, *arguments, env=self.env, store=store).stdout)

    def pull(self, source, *arguments, store=None):
        return json.loads(self.run_terrane("--json", "pull", source, *arguments, env=self.env,
                                           store=store or self.directory / "other").stdout)


@unittest.skipUnless(have("docker-registry", "openssl", "htpasswd"), "docker-registry, openssl or htpasswd is not installed")
class SetUps(RegistryTestCase):
    def both_ways(self, host):
        destination = f"docker://{host}/team/app:v1"
        self.assertEqual(self.push(destination)["digest"], self.record["digest"])
        pulled = self.pull(destination)
        self.assertEqual((pulled["digest"], pulled["blobs_downloaded"]), (self.record["digest"], 3))
        self.assert_store_is_sound(self.directory / "other")

    def test_open(self):
        self.both_ways(self.start().host)

    def test_password_file(self):
        line = subprocess.run(["htpasswd", "-Bbn", "alice", PASSWORD], check=True, capture_output=True, text=True).stdout
        registry = self.start(htpasswd=self.write("htpasswd", line))
        self.log_in(registry.host)
        self.both_ways(registry.host)
        self.log_in(registry.host, "wrong")
        message = self.assert_fails(1, r"UNAUTHORIZED.*HTTP 401.*‘alice’.*terrane login", "pull",
                                    f"docker://{registry.host}/team/app:v1", env=self.env)
        self.assertNotIn("wrong", message)

    def test_tls_of_a_private_authority(self):
        key, certificate = self.directory / "key.pem", self.directory / "cert.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)],
                       check=True, capture_output=True)
        registry = self.start(certificate=certificate, key=key)
        self.assert_fails(1, r"certificate is not trusted.*certs\.d/localhost:\d+/ca\.crt", "push", "test",
                          f"docker://{registry.host}/team/app:v1", env=self.env)
        self.write(f"config/containers/certs.d/{registry.host}/ca.crt", certificate.read_text())
        self.both_ways(registry.host)

    def test_tokens(self):
        server, registry = self.start_token_server()
        self.log_in(registry.host)
        self.both_ways(registry.host)
        self.assertIn(["repository:team/app:pull,push"], server.scopes)
        self.assertIn(["repository:team/app:pull"], server.scopes)

    def test_tokens_for_nobody(self):
        _, registry = self.start_token_server(anonymous={"pull"})
        self.log_in(registry.host)
        self.push(f"docker://{registry.host}/team/app:v1")
        (self.directory / "containers/auth.json").unlink()
        self.assertEqual(self.pull(f"docker://{registry.host}/team/app:v1")["digest"], self.record["digest"])
        self.assert_fails(1, r"(UNAUTHORIZED|DENIED).*no credentials for .*terrane login", "push", "test",
                          f"docker://{registry.host}/team/other:v1", env=self.env)

    def test_wrong_password_at_the_token_server(self):
        _, registry = self.start_token_server()
        self.log_in(registry.host, "wrong")
        self.assert_fails(1, r"asking for a token: UNAUTHORIZED: ‘incorrect username or password’.*‘alice’", "push", "test",
                          f"docker://{registry.host}/team/app:v1", env=self.env)

    def test_login_with_tokens(self):
        _, registry = self.start_token_server()
        result = self.run_terrane("login", "-u", "alice", "--password-stdin", registry.host, stdin=PASSWORD, env=self.env)
        self.assertIn("Login succeeded", result.stdout)
        self.both_ways(registry.host)
        self.run_terrane("login", "-u", "alice", "--password-stdin", registry.host, stdin="wrong", env=self.env, exit_code=1)


@unittest.skipUnless(have("docker-registry", "openssl"), "docker-registry or openssl is not installed")
class Mounts(RegistryTestCase):
    def test_scopes_of_two_repositories(self):
        """Blobs pulled from one repository are mounted into another, with a token for both."""
        server, registry = self.start_token_server()
        self.log_in(registry.host)
        self.push(f"docker://{registry.host}/team/base:v1")
        other = self.directory / "other"
        self.pull(f"docker://{registry.host}/team/base:v1", "test")
        report = self.push(f"docker://{registry.host}/team/app:v1", store=other)
        self.assertEqual((report["blobs_mounted"], report["blobs_uploaded"]), (3, 1))
        self.assertEqual(report["bytes_mounted"], sum(layer["size"] for layer in self.record["layers"]))
        self.assertIn(["repository:team/app:pull,push", "repository:team/base:pull"], server.scopes)

    def test_a_repository_can_be_named(self):
        registry = self.start()
        self.push(f"docker://{registry.host}/team/base:v1")
        other = self.directory / "other"
        self.build(self.directory / "profile.json", store=other)
        report = self.push(f"docker://{registry.host}/team/app:v1", "--mount-from", "team/base", store=other)
        self.assertEqual((report["blobs_mounted"], report["blobs_uploaded"]), (3, 1))

    def test_a_token_server_that_refuses_two(self):
        server, registry = self.start_token_server(refuse_several=True)
        self.log_in(registry.host)
        self.push(f"docker://{registry.host}/team/base:v1")
        self.pull(f"docker://{registry.host}/team/base:v1", "test")
        report = self.push(f"docker://{registry.host}/team/app:v1", store=self.directory / "other")
        self.assertEqual(report["digest"], self.record["digest"])
        self.assertIn(["repository:team/app:pull,push", "repository:team/base:pull"], server.scopes)


if __name__ == "__main__":
    unittest.main()
