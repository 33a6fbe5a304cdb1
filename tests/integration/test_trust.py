"""Which certificate authorities are trusted: the system's without being told, those of the variables, of a registry's directory.

The system's are a copy of /etc/ssl/certs with one more authority in it, mounted over the original in a namespace, so that
nothing here depends on the variables or the files of the machine.
"""

import json
import os
import pathlib
import shutil
import subprocess
import unittest

from ecr_like_registry import Authority
from terrane_test import TERRANE, Registry, TestCase, have, make_tar, remove_tree, sha256
from web_server import WebServer

SYSTEM = pathlib.Path("/etc/ssl/certs")
VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE")


@unittest.skipUnless(have("openssl", "bwrap") and SYSTEM.is_dir(), "needs openssl, bwrap and /etc/ssl/certs")
class Trust(TestCase):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self.directory / "authority")
        self.server = WebServer(self.authority.context)
        self.addCleanup(self.server.stop)
        self.server.files["/app.tar"] = make_tar(self.directory / "app.tar", [("app", "file", b"content")]).read_bytes()

    def system(self, *, bundle=None, hashed=None, absent=False):
        """A directory to mount at /etc/ssl/certs; @bundle and @hashed: authorities that are added to it."""
        certs = self.directory / "certs"
        shutil.rmtree(certs, ignore_errors=True)
        if absent:
            certs.mkdir()
            return certs
        shutil.copytree(SYSTEM, certs, symlinks=True)
        if bundle:
            with open(certs / "ca-certificates.crt", "a") as file:
                file.write(bundle.read_text())
        if hashed:
            name = subprocess.run(["openssl", "x509", "-in", hashed, "-noout", "-subject_hash"], check=True, capture_output=True, text=True)
            (certs / f"{name.stdout.strip()}.0").write_text(hashed.read_text())
        return certs

    def in_system(self, certs, *arguments, exit_code=0, **env):
        environment = {name: value for name, value in os.environ.items() if name not in VARIABLES}
        environment.update({"HOME": str(self.directory), "XDG_CONFIG_HOME": ""} | {name: str(value) for name, value in env.items()})
        argv = ["bwrap", "--dev-bind", "/", "/", "--ro-bind", str(certs), str(SYSTEM),
                TERRANE, "--store", str(self.store), "-q", *map(str, arguments)]
        result = subprocess.run(argv, capture_output=True, text=True, env=environment)
        self.assertEqual(result.returncode, exit_code, result.stderr)
        return result

    def builds(self, certs, exit_code=0, *arguments, **env):
        """With a tree from the server, of which nothing is left of earlier builds."""
        remove_tree(self.store)
        digest = sha256(self.directory / "app.tar")
        tree = {"name": "app", "archive": self.server.url.replace("127.0.0.1", "localhost") + "/app.tar", "sha256": digest, "prefix": "/opt"}
        return self.in_system(certs, "build", self.write_profile(trees=[tree]), *arguments, exit_code=exit_code, **env).stderr

    def test_the_system_is_trusted(self):
        self.assertIn("its TLS certificate is not trusted", self.builds(self.system(), 1))
        self.builds(self.system(bundle=self.authority.certificate))
        self.builds(self.system(hashed=self.authority.certificate))

    def test_variables_are_instead_of_the_system(self):
        own = self.authority.certificate
        trusting, usual = self.system(bundle=own), SYSTEM / "ca-certificates.crt"
        other = Authority(self.directory / "other").certificate
        for name in ("SSL_CERT_FILE", "CURL_CA_BUNDLE"):
            with self.subTest(name):
                self.assertIn("its TLS certificate is not trusted", self.builds(trusting, 1, **{name: other}))
                self.builds(self.system(), **{name: own})
                trusting = self.system(bundle=own)
        self.builds(trusting, SSL_CERT_FILE=usual)
        directory = self.directory / "directory"
        directory.mkdir()
        shutil.copy(own, directory / "any-name.pem")
        self.builds(self.system(), SSL_CERT_DIR=directory)
        self.builds(self.system(), SSL_CERT_DIR=directory, SSL_CERT_FILE=other)
        # AWS's variable is for AWS's services, as in its SDKs.
        self.assertIn("its TLS certificate is not trusted", self.builds(self.system(), 1, AWS_CA_BUNDLE=own))

    def test_messages(self):
        self.assertRegex(self.builds(self.system(absent=True), 1), "this machine has no certificate authorities .*ca-certificates")
        self.builds(self.system(absent=True), 0, "--tls-verify=false")
        self.assertRegex(self.builds(self.system(), 1, SSL_CERT_FILE="/nowhere.pem"), r"\$SSL_CERT_FILE: opening ‘/nowhere.pem’: No such file")
        self.assertRegex(self.builds(self.system(), 1, CURL_CA_BUNDLE=self.directory / "app.tar"),
                         r"\$CURL_CA_BUNDLE: .*app.tar’ has no certificate in it")

    def test_certificates_of_a_registry_are_in_addition(self):
        own = self.directory / "xdg/containers/certs.d" / f"localhost:{self.server.port}"
        own.mkdir(parents=True)
        shutil.copy(self.authority.certificate, own / "ca.crt")
        self.builds(self.system(), XDG_CONFIG_HOME=self.directory / "xdg")

    @unittest.skipUnless(have("ostree"), "ostree is not installed")
    def test_ostree(self):
        """libostree makes its own connections, by the same rules."""
        repository, tree = self.directory / "repo", self.directory / "tree"
        tree.mkdir()
        (tree / "tool").write_text("tool")
        subprocess.run(["ostree", "init", f"--repo={repository}", "--mode=archive"], check=True)
        subprocess.run(["ostree", "commit", f"--repo={repository}", "-b", "app", "--owner-uid=0", "--owner-gid=0", "--no-xattrs",
                        str(tree)], check=True, capture_output=True)
        for path in repository.rglob("*"):
            if path.is_file():
                self.server.files[f"/{path.relative_to(repository)}"] = path.read_bytes()
        url = self.server.url.replace("127.0.0.1", "localhost")
        profile = self.write_profile(trees=[{"name": "tool", "ostree": {"repository": url, "ref": "app"}, "prefix": "/opt"}])
        own = self.authority.certificate
        for system, exit_code, env in (({}, 1, {}), ({}, 0, {"SSL_CERT_FILE": own}), ({"bundle": own}, 0, {})):
            with self.subTest(system=system, env=env):
                remove_tree(self.store)
                self.in_system(self.system(**system), "build", profile, exit_code=exit_code, **env)
        remove_tree(self.store)
        self.in_system(self.system(), "build", profile, "--tls-verify=false")

    @unittest.skipUnless(have("docker-registry"), "docker-registry is not installed")
    def test_registry(self):
        with Registry(self.directory / "registry", certificate=self.authority.server,
                      key=self.directory / "authority/server.key") as registry:
            certs = self.system(bundle=self.authority.certificate)
            self.in_system(certs, "build", self.write_profile())
            self.in_system(certs, "push", "test", f"docker://{registry.host}/test:1")
            shown = self.in_system(certs, "--json", "inspect", f"docker://{registry.host}/test:1").stdout
            self.assertEqual(len(json.loads(shown)["layers"]), 1)


if __name__ == "__main__":
    unittest.main()
