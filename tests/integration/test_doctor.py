"""terrane doctor, on machines that lack something: each lack is made for the test."""

import base64
import json
import os
import pathlib
import subprocess
import unittest

from terrane_test import TERRANE, Registry, TestCase, document_problems, have

SECRET = "s3cr3t-of-nobody"
# Settings of the machine that runs the tests.
CLEAN = {name: "" for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ROLE_ARN",
                               "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                               "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "REGISTRY_AUTH_FILE", "DOCKER_CONFIG", "TERRANE_SANDBOX",
                               "https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "CURL_CA_BUNDLE",
                               "SSL_CERT_FILE", "SSL_CERT_DIR")}


class Doctor(TestCase):
    def setUp(self):
        super().setUp()
        self.home = self.directory / "home"
        self.home.mkdir()
        self.env = dict(CLEAN, HOME=str(self.home), XDG_RUNTIME_DIR=str(self.home), XDG_CONFIG_HOME=str(self.home / ".config"))

    def parse(self, text):
        self.assertNotIn(SECRET, text)
        self.assertNotIn(base64.b64encode(f"user:{SECRET}".encode()).decode(), text)
        document = json.loads(text)
        symptoms = {}
        for symptom in document["symptoms"]:
            symptoms.setdefault(symptom["name"], []).append(symptom)
            self.assertEqual("fix" in symptom, symptom["status"] != "ok", symptom)
        missing = [symptom for symptom in document["symptoms"] if symptom["status"] == "missing"]
        self.assertEqual(document["ok"], not missing)
        self.assertEqual("error" in document, bool(missing))
        return symptoms

    def ask(self, *arguments, exit_code=0, env=None, **options):
        result = self.run_terrane("--json", "doctor", *arguments, exit_code=exit_code, env=dict(self.env, **(env or {})), **options)
        return self.parse(result.stdout)

    def ask_in(self, script, *arguments, exit_code=0, user=("unshare", "--user", "--map-root-user", "--mount"), store=None):
        """In namespaces, after a shell script."""
        command = [*user, "sh", "-ec", script + '\nexec "$@"', "sh", TERRANE, "--store", str(store or self.store), "--json", "doctor", *arguments]
        if subprocess.run([*user, "true"], capture_output=True).returncode != 0:
            self.skipTest("does not apply: this host allows no user namespace")
        result = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ, **self.env))
        self.assertEqual(result.returncode, exit_code, result.stdout + result.stderr)
        self.assertEqual(document_problems(["--json", "doctor"], result.stdout), [])
        return self.parse(result.stdout)

    def only(self, symptoms, name):
        [symptom] = symptoms[name]
        return symptom

    def test_what_is_there(self):
        symptoms = self.ask()
        for name in ("user-namespaces", "bubblewrap", "works", "directory", "file-system", "certificates", "proxy", "logins", "aws", "registry"):
            self.assertEqual(self.only(symptoms, name)["status"], "ok", name)
        self.assertIn(subprocess.run(["bwrap", "--version"], capture_output=True, text=True).stdout.strip(), self.only(symptoms, "bubblewrap")["found"])
        self.assertIn("which the first build makes", self.only(symptoms, "directory")["found"])
        self.assertFalse(self.store.exists())
        self.assertEqual(list(self.directory.glob(".terrane-doctor*")), [])
        text = self.run_terrane("doctor", env=self.env).stdout
        self.assertRegex(text, r"sandbox\n  ok +user-namespaces +allowed(?s:.*)\nversions\nterrane ")

    def test_without_bubblewrap(self):
        tools = self.directory / "bin"
        tools.mkdir()
        symptoms = self.ask(exit_code=1, env={"PATH": str(tools)})
        self.assertEqual(self.only(symptoms, "bubblewrap"), {"group": "sandbox", "name": "bubblewrap", "status": "missing", "found": "not in PATH",
                                                             "fix": "sudo apt install bubblewrap"})
        self.assertEqual(self.only(symptoms, "works")["found"], "not tried")
        for name in ("eu-strip", "lock-tool", "python", "podman"):
            self.assertEqual(self.only(symptoms, name)["status"], "limited", name)
        text = self.run_terrane("doctor", exit_code=1, env=dict(self.env, PATH=str(tools)))
        self.assertIn("           → sudo apt install bubblewrap\n", text.stdout)
        self.assertIn("1 thing is missing that a build needs", text.stderr)
        # A pipeline that goes without is not told to install it.
        symptoms = self.ask(env={"PATH": str(tools), "TERRANE_SANDBOX": "none"})
        self.assertEqual(self.only(symptoms, "bubblewrap")["status"], "limited")
        self.assertIn("programs share network, processes, tmp", self.only(symptoms, "chosen")["found"])
        symptoms = self.ask("--sandbox", "podman", exit_code=1, env={"PATH": str(tools)})
        self.assertEqual(self.only(symptoms, "podman")["status"], "missing")

    def test_podman_whose_runtime_refuses(self):
        """crun, where cgroups are of both versions and the second has controllers ("cgroups in hybrid mode not supported")."""
        podman = self.directory / "tools/podman"
        path = {"PATH": f"{podman.parent}:{os.environ['PATH']}"}
        groups = "mount -t tmpfs none /sys/fs/cgroup\nmkdir /sys/fs/cgroup/unified\necho %s >/sys/fs/cgroup/unified/cgroup.controllers"
        for runtime, controllers, status in (("crun", "hugetlb", "limited"), ("runc", "hugetlb", "ok"), ("crun", "", "ok")):
            with self.subTest(runtime=runtime, controllers=controllers):
                self.write("tools/podman", f'#!/bin/sh\ncase $1 in --version) echo podman version 4 ;; info) echo {runtime} ;; esac\n').chmod(0o755)
                self.env |= path
                symptom = self.only(self.ask_in(groups % controllers), "podman")
                self.assertEqual(symptom["status"], status, symptom)
                self.assertEqual("runc" in symptom.get("fix", ""), status == "limited")

    def test_namespaces_are_switched_off_and_on_again(self):
        """By the kernel; the setting that the fix names is then made."""
        off = "echo 0 >/proc/sys/user/max_user_namespaces"
        symptom = self.only(self.ask_in(off, exit_code=1), "user-namespaces")
        self.assertEqual(symptom["status"], "missing")
        self.assertIn("user.max_user_namespaces=0", symptom["found"])
        self.assertIn("'sudo sysctl user.max_user_namespaces=15000'", symptom["fix"])
        self.assertEqual(self.only(self.ask_in(off, "--sandbox", "none"), "user-namespaces")["status"], "limited")
        symptoms = self.ask_in(off + "\nsysctl() { echo ${1#*=} >/proc/sys/$(echo ${1%=*} | tr . /); }\nsysctl user.max_user_namespaces=15000")
        self.assertEqual(self.only(symptoms, "works")["status"], "ok")

    def test_file_system_without_attributes(self):
        place = self.directory / "place"
        place.mkdir()
        symptoms = self.ask_in(f"mount -t ramfs none {place}", exit_code=1, store=place / "store")
        symptom = self.only(symptoms, "file-system")
        self.assertEqual((symptom["status"], symptom["found"]), ("missing", "no user extended attributes: Operation not supported"))
        self.assertIn("another --store", symptom["fix"])

    @unittest.skipUnless(os.geteuid() == 0, "does not apply: only root can be another user")
    def test_ordinary_user(self):
        closed = self.directory / "closed"
        closed.mkdir(0o755)
        symptoms = self.ask(user="nobody", store=closed / "store", exit_code=1)
        self.assertRegex(self.only(symptoms, "directory")["found"], "closed’: Permission denied")
        self.assertEqual(self.only(symptoms, "file-system")["status"], "missing")
        if have("podman"):
            self.assertIn("no range of 65536 numbers", self.only(symptoms, "podman")["found"])
        self.run_terrane("images")
        self.store.chmod(0o755)
        symptoms = self.ask(user="nobody", exit_code=1)
        self.assertIn("belongs to the user 0", self.only(symptoms, "directory")["found"])

    @unittest.skipUnless(os.geteuid() == 0, "does not apply: only root can be another user")
    def test_directory_of_root(self):
        """/run/containers is closed to users where root uses podman: an ordinary user without XDG_RUNTIME_DIR has no file there."""
        place = self.directory / "place"
        place.mkdir(0o777)
        place.chmod(0o777)
        self.env["XDG_RUNTIME_DIR"] = ""
        symptoms = self.ask_in("mount -t tmpfs -o mode=755 none /run; mkdir -m 700 /run/containers\n"
                               'set -- setpriv --reuid=nobody --regid=nogroup --clear-groups -- "$@"', user=("unshare", "--mount"), store=place / "store")
        self.assertIn("none in /run/containers/", self.only(symptoms, "logins")["found"])

    def test_logins(self):
        """By the file that has them and the helper that it names."""
        helper = self.write("bin/docker-credential-here", "#!/bin/sh\nexit 1\n")
        helper.chmod(0o755)
        path = self.write("home/.docker/config.json", json.dumps({
            "auths": {"registry.example": {"auth": base64.b64encode(f"user:{SECRET}".encode()).decode()}},
            "credHelpers": {"good.example": "here", "bad.example": "absent"}}))
        symptoms = self.ask(exit_code=1, env={"PATH": f"{helper.parent}:{os.environ['PATH']}"})
        found = {symptom["found"]: symptom["status"] for symptom in symptoms["logins"]}
        self.assertEqual(found, {
            f"‘registry.example’: in {path}": "ok",
            f"‘good.example’: ‘docker-credential-here’, named in {path}": "ok",
            f"‘bad.example’: ‘docker-credential-absent’, named in {path}, is not in PATH": "missing"})
        path.write_text('{"auths": ' + SECRET)
        self.assertRegex(self.only(self.ask(exit_code=1), "logins")["found"], "config.json:1:")
        self.assertRegex(self.only(self.ask(exit_code=1, env={"REGISTRY_AUTH_FILE": "/no/such"}), "logins")["found"], "/no/such")

    def test_aws(self):
        """The source alone, in the order of the SDKs, and nothing is asked."""
        self.write("home/.aws/credentials", f"[default]\naws_access_key_id = AKIA\naws_secret_access_key = {SECRET}\n")
        config = self.write("home/.aws/config", "[profile role]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = default\n"
                                                "[profile sso]\nsso_session = s\n[profile web]\nrole_arn = arn:aws:iam::1:role/w\n"
                                                "web_identity_token_file = /no/token\n")
        token = self.write("token", SECRET)
        for env, status, pattern in (
                ({}, "ok", r"an access key of the profile ‘default’ in .*/\.aws/credentials; not tried"),
                ({"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": SECRET}, "ok", r"^the environment \(\$AWS_ACCESS_KEY_ID\)"),
                ({"AWS_ACCESS_KEY_ID": "AKIA"}, "missing", "AWS_SECRET_ACCESS_KEY is not"),
                ({"AWS_PROFILE": "role"}, "ok", "the role ‘arn:aws:iam::1:role/r’, assumed with ‘default’"),
                ({"AWS_PROFILE": "sso"}, "ok", "single sign-on of the profile ‘sso’"),
                ({"AWS_PROFILE": "web"}, "missing", "the token file ‘/no/token’: No such file"),
                ({"AWS_PROFILE": "none"}, "missing", "the profile ‘none’ of .* is in neither"),
                ({"AWS_ROLE_ARN": "arn:aws:iam::1:role/e", "AWS_WEB_IDENTITY_TOKEN_FILE": str(token)}, "ok",
                 "web identity of the environment, for the role ‘arn:aws:iam::1:role/e’, with the token in ")):
            with self.subTest(env):
                symptom = self.only(self.ask(env=env, exit_code=1 if status == "missing" else 0), "aws")
                self.assertEqual(symptom["status"], status, symptom)
                self.assertRegex(symptom["found"], pattern)
        config.write_text("[profile\n")
        self.assertRegex(self.only(self.ask(exit_code=1), "aws")["found"], r"\.aws/config.?:1")

    def test_certificates_and_proxy(self):
        symptoms = self.ask(exit_code=1, env={"SSL_CERT_FILE": "/no/such", "https_proxy": f"http://user:{SECRET}@proxy.example:3128"})
        self.assertRegex(self.only(symptoms, "certificates")["found"], "SSL_CERT_FILE.*/no/such|/no/such.*SSL_CERT_FILE")
        self.assertIn("the proxy ‘http://proxy.example:3128’ of $https_proxy", self.only(symptoms, "proxy")["found"])

    @unittest.skipUnless(have("docker-registry", "htpasswd"), "needs docker-registry and htpasswd")
    def test_registry(self):
        passwords = subprocess.run(["htpasswd", "-Bbn", "user", SECRET], capture_output=True, text=True, check=True).stdout
        with Registry(self.directory / "registry", htpasswd=self.write("passwords", passwords)) as registry:
            host = f"localhost:{registry.port}"
            self.write("home/.docker/config.json", json.dumps({"auths": {host: {"auth": base64.b64encode(f"user:{SECRET}".encode()).decode()}}}))
            symptom = self.only(self.ask("--registry", f"{host}/team/app"), "registry")
            self.assertRegex(symptom["found"], "answers, no such tag; credentials from .*config.json")
            self.write("home/.docker/config.json", json.dumps({"auths": {host: {"auth": base64.b64encode(b"user:wrong").decode()}}}))
            self.assertEqual(self.only(self.ask("--registry", f"{host}/team/app", exit_code=1), "registry")["status"], "missing")
        self.assertIn("refused", self.only(self.ask("--registry", f"{host}/team/app", exit_code=1), "registry")["found"].lower())
        self.assert_fails(2, "--registry and --aws ask servers, which --offline forbids", "--offline", "doctor", "--aws")


if __name__ == "__main__":
    unittest.main()
