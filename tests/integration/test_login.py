"""Logging in and out: a real docker-registry with passwords, files that podman and skopeo share, helpers, a terminal."""

import base64
import json
import os
import pty
import re
import select
import signal
import stat
import subprocess
import termios
import time
import unittest

from terrane_test import TERRANE, Registry, TestCase, free_port, have

PASSWORD = "secret-password"
SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGINT)

HELPER = """#!/bin/sh
# Keeps one file for each server, and logs what it is asked.
input=$(cat)
case $1 in
store) server=$(printf %s "$input" | sed 's/.*"ServerURL":"\\([^"]*\\)".*/\\1/') ;;
*) server=$input ;;
esac
file=$HELPER_DIR/kept-$(printf %s "$server" | tr -c 'a-zA-Z0-9\\n' _)
echo "$1 $server" >>"$HELPER_DIR/log"
case $1 in
store) printf %s "$input" >"$file" ;;
get | erase)
    if [ ! -e "$file" ]; then
        echo "credentials not found in native keychain"
        exit 1
    fi
    if [ "$1" = get ]; then cat "$file"; else rm "$file"; fi ;;
esac
"""


@unittest.skipUnless(have("docker-registry", "htpasswd"), "docker-registry or htpasswd is not installed")
class LoginCase(TestCase):
    def setUp(self):
        super().setUp()
        # No credentials of the user that runs the tests.
        self.env = {"HOME": str(self.directory), "XDG_RUNTIME_DIR": str(self.directory / "run"), "REGISTRY_AUTH_FILE": "",
                    "XDG_CONFIG_HOME": str(self.directory / "config"), "DOCKER_CONFIG": str(self.directory / "docker")}
        self.file = self.directory / "run/containers/auth.json"
        line = subprocess.run(["htpasswd", "-Bbn", "alice", PASSWORD], check=True, capture_output=True, text=True).stdout
        self.registry = Registry(self.directory / "registry", htpasswd=self.write("htpasswd", line))
        self.addCleanup(self.registry.__exit__)
        self.host = self.registry.host

    def run_terrane(self, *arguments, **options):
        return super().run_terrane(*arguments, **{"env": self.env, **options})

    def login(self, *arguments, host=None, password=PASSWORD, **options):
        return self.run_terrane("login", "--username", "alice", "--password-stdin", *arguments, host or self.host,
                                stdin=password, **options)

    def auths(self, path=None):
        return json.loads((path or self.file).read_text())["auths"]

    def entry(self, password=PASSWORD):
        return {"auth": base64.b64encode(f"alice:{password}".encode()).decode()}

    def tool(self, *argv, check=True, **options):
        return subprocess.run(list(map(str, argv)), check=check, capture_output=True, text=True,
                              env=dict(os.environ, **self.env), **options)

    def install_helper(self, name="keep"):
        path = self.write(f"bin/docker-credential-{name}", HELPER)
        path.chmod(0o755)
        self.env["PATH"] = f"{self.directory / 'bin'}:{os.environ['PATH']}"
        self.env["HELPER_DIR"] = str(self.directory)

    def asked(self):
        path = self.directory / "log"
        return path.read_text().splitlines() if path.exists() else []


class Login(LoginCase):
    def test_password_from_standard_input(self):
        for password in (PASSWORD, PASSWORD + "\n", PASSWORD + "\r\n"):
            with self.subTest(password):
                result = self.login(password=password, umask=0)
                self.assertEqual(result.stdout, f"Login succeeded: {self.host}, stored in {self.file}\n")
                self.assertEqual(json.loads(self.file.read_text()), {"auths": {self.host: self.entry()}})
        self.assertEqual(stat.S_IMODE(self.file.stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(self.file.parent.stat().st_mode), 0o700)
        self.assertEqual(sorted(os.listdir(self.file.parent)), ["auth.json"])

    def test_json(self):
        document = json.loads(self.login("--json").stdout)
        self.assertEqual(document, {"host": self.host, "file": str(self.file)})
        document = json.loads(self.run_terrane("--json", "logout", self.host).stdout)
        self.assertEqual(document, {"host": self.host, "file": str(self.file)})

    def test_which_file(self):
        chosen, other = self.directory / "chosen.json", self.directory / "a/b/other.json"
        self.login("--authfile", other)
        self.env["REGISTRY_AUTH_FILE"] = str(chosen)
        self.login()
        self.assertFalse(self.file.exists())
        self.assertEqual(self.auths(chosen), {self.host: self.entry()})
        self.assertEqual(self.auths(other), {self.host: self.entry()})

    def test_wrong_password_writes_nothing(self):
        for before in (None, '{"auths": {"h.io": {"auth": "eDp5"}}}'):
            with self.subTest(before):
                if before:
                    self.write("run/containers/auth.json", before)
                message = self.assert_fails(1, r"UNAUTHORIZED.*\(HTTP 401\).*‘alice’", "login", "-u", "alice",
                                            "--password-stdin", self.host, stdin="wrong-password")
                self.assertNotIn("wrong-password", message)
                self.assertEqual(self.file.read_text() if self.file.exists() else None, before)

    def test_no_registry(self):
        self.assert_fails(1, r"127\.0\.0\.1.*refused", "login", "-u", "alice", "--password-stdin", f"127.0.0.1:{free_port()}",
                          stdin=PASSWORD)
        self.assertFalse(self.file.exists())

    @unittest.skipUnless(have("openssl"), "openssl is not installed")
    def test_certificates(self):
        key, certificate = self.directory / "key.pem", self.directory / "cert.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)],
                       check=True, capture_output=True)
        registry = Registry(self.directory / "tls", htpasswd=self.directory / "htpasswd", certificate=certificate, key=key)
        self.addCleanup(registry.__exit__)
        arguments = ["login", "-u", "alice", "--password-stdin", registry.host]
        self.assert_fails(1, "certificate", *arguments, stdin=PASSWORD)
        self.assert_fails(1, "certificate", *arguments, "--tls-verify=true", stdin=PASSWORD)
        self.assertFalse(self.file.exists())
        self.login("--tls-verify=false", host=registry.host)
        self.run_terrane("logout", registry.host)
        self.login(host=registry.host, env=dict(self.env, SSL_CERT_FILE=str(certificate)))
        self.assertEqual(self.auths(), {registry.host: self.entry()})

    def test_namespace(self):
        self.login(host=self.host + "/team")
        self.assertEqual(self.auths(), {self.host + "/team": self.entry()})
        self.run_terrane("logout", self.host + "/team")
        self.assertEqual(self.auths(), {})

    def test_what_is_not_known_stays(self):
        before = {"z": [1, {"b": None}], "auths": {"y.io": {"auth": "eDp5"}, self.host: {"auth": "eDp5", "email": "e"}},
                  "a": {"c": "ü"}}
        self.write("run/containers/auth.json", json.dumps(before))
        self.login()
        before["auths"][self.host]["auth"] = self.entry()["auth"]
        self.assertEqual(json.loads(self.file.read_text()), before)
        self.assertEqual(list(json.loads(self.file.read_text())), ["z", "auths", "a"])

    def test_symbolic_link(self):
        target = self.write("elsewhere/real.json", "{}")
        self.file.parent.mkdir(parents=True)
        self.file.symlink_to(target)
        self.login()
        self.assertTrue(self.file.is_symlink())
        self.assertEqual(self.auths(target), {self.host: self.entry()})

    def test_malformed_file(self):
        self.write("run/containers/auth.json", '{"auths": {"h.io": {"auth": "c2VjcmV0')
        message = self.assert_fails(1, r"auth\.json:1:", "login", "-u", "alice", "--password-stdin", self.host, stdin=PASSWORD)
        self.assertNotIn("c2VjcmV0", message)
        self.assert_fails(1, r"auth\.json:1:", "logout", self.host)
        self.assert_fails(1, r"auth\.json:1:", "logout", "--all")

    def test_usage(self):
        for pattern, arguments, stdin in (
                (r"expected HOST", [], ""),
                (r"--password-stdin requires --username", ["--password-stdin", self.host], PASSWORD),
                (r"password is empty", ["-u", "alice", "--password-stdin", self.host], "\n"),
                (r"user name", ["-u", "", "--password-stdin", self.host], PASSWORD),
                (r"user name", ["-u", "a:b", "--password-stdin", self.host], PASSWORD),
                (r"NUL", ["-u", "alice", "--password-stdin", self.host], "a\0b"),
                (r"--tls-verify", ["-u", "alice", "--password-stdin", "--tls-verify=maybe", self.host], PASSWORD),
                (r"expected HOST", ["-u", "alice", "--password-stdin", "https://" + self.host], PASSWORD),
                (r"expected HOST", ["-u", "alice", "--password-stdin", self.host + "/a:tag"], PASSWORD),
                (r"[Uu]nknown option", ["-u", "alice", "--password", "x", self.host], "")):
            with self.subTest(arguments):
                self.assert_fails(2, pattern, "login", *arguments, stdin=stdin)
        self.assertFalse(self.file.exists())
        self.assert_fails(2, "either HOST", "logout")
        self.assert_fails(2, "either HOST", "logout", "--all", self.host)
        self.assert_fails(2, "expected HOST", "logout", "x y")

    def test_too_long_password(self):
        self.assert_fails(1, "65536 bytes", "login", "-u", "alice", "--password-stdin", self.host, stdin="x" * 70_000)

    def test_without_a_terminal(self):
        argv = [TERRANE, "login", self.host]
        for arguments in ([], ["-u", "alice"]):
            result = subprocess.run([*argv, *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                                    env=dict(os.environ, **self.env), start_new_session=True)
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertRegex(result.stderr, r"login: there is no terminal.*--username.*--password-stdin")

    def test_several_at_once(self):
        others = [f"localhost:{self.registry.port}", *(f"{self.host}/team{i}" for i in range(6)), self.host]
        argv = [TERRANE, "login", "-u", "alice", "--password-stdin"]
        processes = [subprocess.Popen([*argv, host], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                      env=dict(os.environ, **self.env), text=True) for host in others]
        for process in processes:
            process.stdin.write(PASSWORD)
            process.stdin.close()
        for process in processes:
            self.assertEqual(process.wait(60), 0)
        self.assertEqual(self.auths(), {host: self.entry() for host in others})

    def test_a_push_uses_it(self):
        self.write("app/f", "x")
        self.build(self.write_profile(trees=[{"name": "app", "directory": "app", "prefix": "/app"}]))
        destination = f"docker://{self.host}/team/app:v1"
        self.assert_fails(1, rf"no credentials.*auth\.json.*run 'terrane login {re.escape(self.host)}'", "push", "test",
                          destination)
        self.login()
        self.run_terrane("push", "test", destination)


class Logout(LoginCase):
    def test_one(self):
        self.login()
        self.login(host=f"localhost:{self.registry.port}")
        result = self.run_terrane("logout", self.host)
        self.assertEqual(result.stdout, f"Removed the credentials of {self.host} from {self.file}\n")
        self.assertEqual(self.auths(), {f"localhost:{self.registry.port}": self.entry()})
        self.assertEqual(stat.S_IMODE(self.file.stat().st_mode), 0o600)

    def test_all(self):
        self.login()
        self.login(host=f"localhost:{self.registry.port}")
        result = self.run_terrane("logout", "--all")
        self.assertEqual(result.stdout, f"Removed all credentials from {self.file}\n")
        self.assertEqual(self.auths(), {})
        self.assert_fails(1, rf"no credentials in {self.file}", "logout", "--all")

    def test_not_logged_in(self):
        self.assert_fails(1, rf"no credentials of h\.io in {self.file}$", "logout", "h.io")
        other = self.directory / "other.json"
        self.assert_fails(1, rf"no credentials of h\.io in {other}$", "logout", "--authfile", other, "h.io")
        self.assertFalse(self.file.parent.exists())
        self.write("docker/config.json", json.dumps({"auths": {"h.io": self.entry()}}))
        self.assert_fails(1, rf"in {self.file}; those of .*docker/config\.json are used", "logout", "h.io")


@unittest.skipUnless(have("podman", "skopeo"), "podman or skopeo is not installed")
class OtherTools(LoginCase):
    """The files of each are read and changed by the others."""

    def test_they_read_ours(self):
        path = self.directory / "ours.json"
        self.login("--authfile", path)
        self.assertEqual(self.tool("podman", "login", "--get-login", "--authfile", path, self.host).stdout, "alice\n")
        self.assertEqual(self.tool("skopeo", "login", "--get-login", "--authfile", path, self.host).stdout, "alice\n")
        self.write("app/f", "x")
        self.build(self.write_profile(trees=[{"name": "app", "directory": "app", "prefix": "/app"}]))
        self.env["REGISTRY_AUTH_FILE"] = str(path)
        self.run_terrane("push", "test", f"docker://{self.host}/app:v1")
        self.tool("skopeo", "inspect", "--tls-verify=false", "--authfile", path, f"docker://{self.host}/app:v1")

    def test_they_change_ours_and_we_theirs(self):
        path = self.directory / "both.json"
        for program in ("podman", "skopeo"):
            with self.subTest(program):
                self.tool(program, "login", "--tls-verify=false", "--authfile", path, "-u", "alice", "-p", PASSWORD, self.host)
                theirs = self.auths(path)
                self.run_terrane("logout", "--authfile", path, self.host)
                self.assertEqual(self.auths(path), {})
                self.login("--authfile", path)
                self.assertEqual(self.auths(path), theirs)
                self.tool(program, "logout", "--authfile", path, self.host)
                self.assert_fails(1, "no credentials", "logout", "--authfile", path, self.host)

    def test_default_file_is_podmans(self):
        (self.directory / "run").mkdir(mode=0o700)
        self.login()
        # Both write to the directory in DOCKER_CONFIG when it is set, even to none.
        command = ["env", "-u", "DOCKER_CONFIG", "-u", "REGISTRY_AUTH_FILE"]
        for program in ("podman", "skopeo"):
            self.assertEqual(self.tool(*command, program, "login", "--get-login", self.host).stdout, "alice\n")


class Helpers(LoginCase):
    def check(self, config, server):
        self.install_helper()
        self.write("run/containers/auth.json", json.dumps(config))
        output = self.login().stdout
        self.assertEqual(output, f"Login succeeded: {self.host}, stored in docker-credential-keep\n")
        self.assertNotIn(self.entry()["auth"], self.file.read_text())
        self.write("app/f", "x")
        self.build(self.write_profile(trees=[{"name": "app", "directory": "app", "prefix": "/app"}]))
        verbose = self.run_terrane("--verbose", "push", "test", f"docker://{self.host}/team/app:v1").stderr
        self.assertIn(f"docker-credential-keep, by {self.file}", verbose)
        self.assertNotIn(PASSWORD, verbose)
        document = json.loads(self.run_terrane("logout", "--json", self.host).stdout)
        self.assertEqual(document, {"host": self.host, "helper": "keep"})
        self.assertEqual(self.asked(), [f"store {server}", f"get {server}", f"erase {server}"])
        self.assert_fails(1, r"no credentials of .*auth\.json \(docker-credential-keep\)", "logout", self.host)

    def test_cred_helpers(self):
        self.check({"credHelpers": {self.host: "keep", "h.io": "other"}}, self.host)

    def test_creds_store(self):
        self.check({"credsStore": "keep"}, self.host)
        self.assertEqual(json.loads(self.file.read_text()), {"credsStore": "keep", "auths": {}})

    @unittest.skipUnless(have("podman"), "podman is not installed")
    def test_podman_and_we_use_one_helper(self):
        self.install_helper()
        path = self.write("both.json", json.dumps({"credHelpers": {self.host: "keep"}}))
        self.login("--authfile", path)
        self.assertEqual(self.tool("podman", "login", "--get-login", "--authfile", path, self.host).stdout, "alice\n")
        self.tool("podman", "logout", "--authfile", path, self.host)
        self.assert_fails(1, "no credentials", "logout", "--authfile", path, self.host)

    def test_all(self):
        self.install_helper()
        local = f"localhost:{self.registry.port}"
        self.write("run/containers/auth.json", json.dumps({"credHelpers": {self.host: "keep"}, "credsStore": "keep"}))
        self.login()
        self.login(host=local)
        self.assertEqual(self.auths(), {local: {}})
        self.run_terrane("logout", "--all")
        self.assertEqual([path.name for path in self.directory.glob("kept-*")], [])
        self.assertEqual(json.loads(self.file.read_text()),
                         {"credHelpers": {self.host: "keep"}, "credsStore": "keep", "auths": {}})

    def test_failures(self):
        self.env["PATH"] = f"{self.directory / 'bin'}:{os.environ['PATH']}"
        arguments = ["login", "-u", "alice", "--password-stdin", self.host]
        self.write("run/containers/auth.json", json.dumps({"credsStore": "absent"}))
        self.assert_fails(1, rf"{self.file} says: there is no docker-credential-absent in \$PATH", *arguments, stdin=PASSWORD)
        path = self.write("bin/docker-credential-absent", "#!/bin/sh\ncat\necho no\nexit 1\n")
        path.chmod(0o755)
        message = self.assert_fails(1, r"docker-credential-absent store", *arguments, stdin=PASSWORD)
        self.assertNotIn(PASSWORD, message)
        self.assert_fails(2, r"expected HOST", "logout", "h.io//x")
        self.assert_fails(1, r"knows no namespaces", *arguments[:-1], self.host + "/team", stdin=PASSWORD)
        self.assertEqual(json.loads(self.file.read_text()), {"credsStore": "absent"})


class Terminal(LoginCase):
    """Questions on a terminal, in a session of its own."""

    def start(self, *arguments):
        pid, self.terminal = pty.fork()
        if pid == 0:
            try:
                os.environ.update(self.env)
                for number in SIGNALS:  # nohup and shells ignore some for background jobs, and terrane leaves those ignored
                    signal.signal(number, signal.SIG_DFL)
                # Standard output and input are not the terminal: it is asked on itself.
                null = os.open("/dev/null", os.O_RDONLY)
                os.dup2(null, 0)
                os.execv(TERRANE, [TERRANE, "login", *arguments])
            finally:
                os._exit(99)
        self.addCleanup(os.close, self.terminal)
        return pid

    def read_until(self, text, seconds=20):
        seen, deadline = "", time.monotonic() + seconds
        while text not in seen:
            ready, _, _ = select.select([self.terminal], [], [], max(0, deadline - time.monotonic()))
            self.assertTrue(ready, f"no {text!r} in {seen!r}")
            try:
                piece = os.read(self.terminal, 4096)
            except OSError:  # the other end is closed
                piece = b""
            self.assertTrue(piece, f"no {text!r} in {seen!r}")
            seen += piece.decode()
        return seen

    def echoes(self):
        return bool(termios.tcgetattr(self.terminal)[3] & termios.ECHO)

    def wait_for_echo(self, wanted):
        deadline = time.monotonic() + 20
        while self.echoes() != wanted:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)

    def type(self, text):
        os.write(self.terminal, text.encode())

    def end(self, pid):
        _, status = os.waitpid(pid, 0)
        return status

    def test_questions(self):
        pid = self.start(self.host)
        self.read_until("Username: ")
        self.assertTrue(self.echoes())
        self.type("alice\n")
        self.read_until("Password: ")
        self.wait_for_echo(False)
        self.type(PASSWORD + "\n")
        seen = self.read_until("Login succeeded")
        self.assertNotIn(PASSWORD, seen)
        self.assertTrue(self.echoes())
        self.assertEqual(self.end(pid), 0)
        self.assertEqual(self.auths(), {self.host: self.entry()})

    def test_user_is_given(self):
        pid = self.start("-u", "alice", self.host)
        seen = self.read_until("Password: ")
        self.assertNotIn("Username", seen)
        self.wait_for_echo(False)
        self.type("wrong-password\n")
        seen = self.read_until("UNAUTHORIZED")
        self.assertNotIn("wrong-password", seen)
        self.assertEqual(os.waitstatus_to_exitcode(self.end(pid)), 1)
        self.assertFalse(self.file.exists())

    def test_signals_restore_the_terminal(self):
        for number in SIGNALS:
            with self.subTest(number):
                pid = self.start("-u", "alice", self.host)
                self.read_until("Password: ")
                self.wait_for_echo(False)
                if number == signal.SIGINT:
                    self.type("half\x03")
                else:
                    os.kill(pid, number)
                # The pty closes with the last process; the settings are looked at by this end.
                self.assertEqual(os.waitstatus_to_exitcode(self.end(pid)), -number)
                self.assertTrue(self.echoes())
        self.assertFalse(self.file.exists())

    def test_stop_and_go_on(self):
        pid = self.start("-u", "alice", self.host)
        self.read_until("Password: ")
        self.wait_for_echo(False)
        os.kill(pid, signal.SIGTSTP)
        # A session leader without a parent shell is an orphan group, whose members SIGTSTP does not stop.
        self.read_until("Password: ")
        self.wait_for_echo(False)
        self.type(PASSWORD + "\n")
        self.read_until("Login succeeded")
        self.assertEqual(self.end(pid), 0)

    def test_no_answer(self):
        pid = self.start("-u", "alice", self.host)
        self.read_until("Password: ")
        self.wait_for_echo(False)
        self.type("\x04")
        self.read_until("no answer")
        self.assertEqual(os.waitstatus_to_exitcode(self.end(pid)), 2)


if __name__ == "__main__":
    unittest.main()
