"""The start of a function: scripts that the kernel can execute, and handlers that the image has."""

import json
import subprocess
import unittest

from terrane_test import TERRANE, TestCase


class CheckCase(TestCase):
    def findings(self, profile):
        result = subprocess.run([TERRANE, "--store", str(self.store), "--json", "check", str(profile)], capture_output=True, text=True, check=False)
        document = json.loads(result.stdout)
        self.assertEqual(result.returncode, 3 if document["errors"] else 0, result.stderr)
        return document["findings"]


class Entrypoints(CheckCase):
    """Of programs and scripts: execve(2)."""

    def setUp(self):
        super().setUp()
        self.write("base/bin/sh", b"\x7fELF").chmod(0o755)  # only has to be there
        self.write("base/usr/bin/env", b"\x7fELF").chmod(0o755)
        self.write("base/bin/plain", "x")
        (self.directory / "base/work").mkdir()

    def check(self, content, target="aws-lambda", mode=0o755, **config):
        self.write("base/start", content).chmod(mode)
        config = {"entrypoint": ["/start"], "cmd": ["app.handler"], "env": {"PATH": "/bin"}, **config}
        path = self.write_profile(base={"directory": "base"}, target=target, config=config)
        return [finding for finding in self.findings(path) if finding["id"] != "elf.broken"]  # the stand-ins

    def test_what_can_be_started(self):
        for content in (b"#!/bin/sh\nexec true\n", b"#! \t/bin/sh -e\n", b"#!/bin/sh", b"#!/usr/bin/env sh\n", b"#!/usr/bin/env -S A=1 sh -e\n",
                        b"#!../bin/sh\n", b"\x7fELF" + bytes(60)):
            with self.subTest(content):
                self.assertEqual(self.check(content, working_dir="/work"), [])

    def test_what_cannot(self):
        for content, text in ((b"#!/bin/sh\r\nexec true\r\n", "CR LF"), (b"#!/usr/bin/env sh\r\n", "CR LF"), (b"#!/bin/sh -e\r\n", "CR LF"),
                              (b"#!/bin/bash\n", "a script for ‘/bin/bash’, which is not in the image"),
                              (b"#!/usr/bin/env bash\n", "a script for ‘bash’, which is not in the image"),
                              (b"#!/bin/plain\n", "‘/bin/plain’, which is not a file that every user may execute"),
                              (b"#!sh\n", "which is not in the image"), (b"#!\n", "names no interpreter"), (b"exec true\n", "neither a program"),
                              (b"\xef\xbb\xbf#!/bin/sh\n", "byte order mark"), (b"", "is empty")):
            for target, identifier in (("aws-lambda", "lambda.entrypoint-script"), ("cloud-run", "cloud-run.program-script")):
                with self.subTest(content, target=target):
                    finding, = self.check(content, target)
                    self.assertEqual((finding["id"], finding["severity"], finding["path"]), (identifier, "error", "/start"))
                    self.assertIn(text, finding["message"])

    def test_interpreters_of_interpreters(self):
        self.write("base/bin/other", "#!/bin/absent\n").chmod(0o755)
        finding, = self.check("#!/bin/other\n")
        self.assertIn("‘/bin/absent’, which is not in the image", finding["message"])
        self.write("base/bin/other", "#!/bin/other\n").chmod(0o755)  # a circle ends
        self.check("#!/bin/other\n")

    def test_a_command_without_an_entrypoint(self):
        finding, = self.check("#!/bin/bash\n", entrypoint=[], cmd=["/start"])
        self.assertIn("config.cmd: ‘/start’ is a script for ‘/bin/bash’", finding["message"])


class Handlers(CheckCase):
    """As awslambdaric finds them: the last dot divides, slashes are dots, importlib finds the module, getattr() the function."""

    CLIENT = ["/usr/bin/python3.11", "-m", "awslambdaric"]

    def setUp(self):
        super().setUp()
        self.write("base/usr/bin/python3.11", "#!/usr/bin/python3.11\n").chmod(0o755)
        (self.directory / "base/usr/bin/python3").symlink_to("python3.11")
        self.write("base/usr/lib/python3.11/os.py", "")
        self.write("base/usr/lib/python3/dist-packages/awslambdaric/__init__.py", "")
        self.write("app/app.py", "import os\n\n\ndef handler(event, context):\n    return event\n")

    def check(self, cmd, entrypoint=None, env=None):
        path = self.write_profile(base={"directory": "base"}, target="aws-lambda",
                                  trees=[{"name": "app", "directory": "app", "prefix": "/var/task"}],
                                  config={"entrypoint": entrypoint or self.CLIENT, "cmd": cmd, "working_dir": "/var/task",
                                          "env": {"PATH": "/usr/bin", **(env or {})}})
        return [finding for finding in self.findings(path) if finding["severity"] == "error"]

    def good(self, cmd, **keys):
        self.assertEqual(self.check([cmd] if isinstance(cmd, str) else cmd, **keys), [], cmd)

    def bad(self, cmd, text, nearest=None, **keys):
        finding, = self.check([cmd] if isinstance(cmd, str) else cmd, **keys)
        self.assertEqual(finding["id"], "lambda.handler")
        self.assertIn(text, finding["message"])
        if nearest:
            self.assertEqual(finding["fix"], f"did you mean ‘{nearest}’?")

    def test_modules_and_packages(self):
        self.good("app.handler")
        self.write("app/pkg/__init__.py", "from .mod import main as entry\n")
        self.write("app/pkg/mod.py", "main = lambda event, context: event\n")
        self.write("app/space/deep/mod.py", "class H: pass\nhandler = H()\n")
        for cmd in ("pkg.mod.main", "pkg/mod.main", "pkg.entry", "space.deep.mod.handler", "space/deep/mod.handler"):
            self.good(cmd)
        self.good([], entrypoint=[*self.CLIENT, "app.handler"])
        self.good("ignored", entrypoint=[*self.CLIENT, "app.handler"])
        self.bad("space.deep.handler", "‘space.deep’ is a directory without __init__.py", "space.deep.mod.handler")
        self.bad("app.sub.handler", "no module ‘app.sub’")

    def test_what_is_not_there(self):
        self.bad("handler.handler", "the image has no module ‘handler’ in ‘/var/task’", "app.handler")
        self.bad("app.lambda_handler", "‘/var/task/app.py’ in ‘app’ defines no ‘lambda_handler’", "app.handler")
        self.bad("app.handlr", "defines no ‘handlr’", "app.handler")
        self.bad("handler", "names no function", "app.handler")
        self.bad([], "the image has no module ‘x’", "app.handler", entrypoint=[*self.CLIENT, "x.handler"])
        self.write("app/worker.py", "def handler(event, context): pass\n")
        self.bad("workr.handler", "no module ‘workr’", "worker.handler")
        self.write("app/src/main.py", "def lambda_handler(event, context): pass\n")
        self.bad("main.lambda_handler", "no module ‘main’", "src.main.lambda_handler")
        message = self.assert_fails(3, "lambda.handler: .*Runtime.ImportModuleError", "build", self.directory / "profile.json", "--no-validate")
        self.assertIn("did you mean ‘src.main.lambda_handler’?", message)

    def test_what_cannot_be_told(self):
        self.write("app/star.py", "from os.path import *\n")
        self.write("app/magic.py", "globals()['handler'] = print\n")
        self.write("app/native.so", "")
        self.write("app/wide.py", "handler = print\n".encode("utf-16"))
        for cmd in ("star.handler", "magic.handler", "native.handler", "wide.handler"):
            self.assertNotIn("lambda.handler", {finding["id"] for finding in self.check([cmd])}, cmd)
        self.write("app/code.zip", "")
        self.good("absent.handler", env={"PYTHONPATH": "/var/task/code.zip"})

    def test_other_runtimes_are_left_alone(self):
        self.write("base/start", "#!/usr/bin/python3.11\n").chmod(0o755)
        self.good("absent.handler", entrypoint=["/start"])
        self.good("absent.handler", entrypoint=["/usr/bin/python3.11", "/var/task/app.py"])
        self.write("base/lambda-entrypoint.sh", "#!/usr/bin/python3.11\n").chmod(0o755)
        self.good("index.handler", entrypoint=["/lambda-entrypoint.sh"])  # of Node.js, as far as one can see
        self.write("base/var/runtime/bootstrap.py", "")
        self.bad("index.handler", "no module ‘index’", "app.handler", entrypoint=["/lambda-entrypoint.sh"])


if __name__ == "__main__":
    unittest.main()
