"""Requirements of Cloud Run and Azure Functions, the sizes that a profile allows, and images that real tools made."""

import json
import shutil
import subprocess
import tarfile
import unittest

from terrane_test import TOP, Registry, TestCase, have


class TargetCase(TestCase):
    def findings(self, *arguments, exit_code=0):
        document = json.loads(self.run_terrane("--json", "check", *arguments, exit_code=exit_code).stdout)
        self.document = document
        return {(finding["severity"], finding["id"]) for finding in document["findings"] if not finding["id"].startswith("size.l")}


class CloudRun(TargetCase):
    def setUp(self):
        super().setUp()
        self.write("base/usr/bin/app", "#!/bin/sh\n").chmod(0o755)
        self.write("base/bin/sh", "").chmod(0o755)  # only has to be there
        self.write("base/etc/plain", "x")

    def check(self, exit_code=0, platform="linux/amd64", **config):
        config = {"entrypoint": ["app"], "env": {"PATH": "/usr/bin"}, **config}
        return self.findings(self.write_profile(target="cloud-run", config=config, base={"directory": "base"}, platform=platform), exit_code=exit_code)

    def test_rules(self):
        self.assertEqual(self.check(), set())
        self.assertEqual(self.check(entrypoint=[], cmd=["/usr/bin/app"]), set())
        self.assertEqual(self.check(entrypoint=["./app"], working_dir="/usr/bin"), set())
        cases = {"program-missing": {"entrypoint": []}, "program-not-executable": {"entrypoint": ["/etc/plain"]},
                 "working-directory": {"working_dir": "/absent"}, "wrong-architecture": {"platform": "linux/arm64"}}
        for identifier, config in cases.items():
            with self.subTest(identifier):
                self.assertEqual(self.check(exit_code=3, **config), {("error", f"cloud-run.{identifier}")})
        self.assertEqual(self.check(exit_code=3, entrypoint=["absent"]), {("error", "cloud-run.program-missing")})
        for key in ("entrypoint", "cmd"):  # the message names the one that is set
            self.assertEqual(self.check(exit_code=3, **{"entrypoint": [], key: ["absent"]}), {("error", "cloud-run.program-missing")})
            self.assertEqual([finding["message"] for finding in self.document["findings"]], [f"config.{key}: ‘absent’ is not in the image"])
        for name in ("PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION", "CLOUD_RUN_JOB"):
            self.assertEqual(self.check(env={"PATH": "/usr/bin", name: "1"}), {("warning", "cloud-run.reserved-variable")})

    def test_the_image_says_what_it_is_for(self):
        self.check(env={"PATH": "/usr/bin", "PORT": "1"})
        self.run_terrane("build", self.directory / "profile.json")
        self.assertEqual(self.findings("test"), {("warning", "cloud-run.reserved-variable")})
        self.assertEqual(self.document["target"], "cloud-run")
        self.run_terrane("build", "-o", f"oci:{self.directory}/layout", self.directory / "profile.json")
        self.findings(f"oci:{self.directory}/layout")
        self.assertEqual(self.document["target"], "cloud-run")
        self.assertEqual(self.findings("test", "--target", "oci"), set())
        self.assertIn(("error", "lambda.entrypoint-relative"), self.findings("test", "--target", "aws-lambda", exit_code=3))

    def test_shipped_profile(self):
        """The application of the profile, on a base that has what its entrypoint names."""
        profile = json.loads((TOP / "profiles/cloud-run-functions.json").read_text())
        self.write("base/usr/local/bin/python3.12", "#!/bin/sh\n").chmod(0o755)
        shutil.copytree(TOP / "profiles/app-cloud-run", self.directory / "app")
        path = self.write_profile(target=profile["target"], platform=profile["platform"], config=profile["config"], base={"directory": "base"},
                                  trees=[{"name": "app", "directory": "app", "prefix": "/srv"}])
        found = {pair for pair in self.findings(path) if pair[1].startswith("cloud-run.")}
        self.assertEqual(found, set())


class Azure(TargetCase):
    HANDLER = {"version": "2.0", "customHandler": {"description": {"defaultExecutablePath": "handler"}}}

    def setUp(self):
        super().setUp()
        self.write("base/usr/bin/python3", "#!/bin/sh\n").chmod(0o755)
        self.site = "base/home/site/wwwroot"
        self.write(f"{self.site}/handler", "#!/bin/sh\n").chmod(0o755)
        self.write(f"{self.site}/f/function.json", "{}")
        self.write(f"{self.site}/host.json", json.dumps(self.HANDLER))
        self.env = {"AzureWebJobsScriptRoot": "/home/site/wwwroot", "PATH": "/usr/bin"}

    def check(self, exit_code=0, **keys):
        keys = {"config": {"env": self.env}, "target": "azure-functions", "base": {"directory": "base"}, **keys}
        return self.findings(self.write_profile(**keys), exit_code=exit_code)

    def test_rules(self):
        self.assertEqual(self.check(), set())
        self.env["FUNCTIONS_WORKER_RUNTIME"] = "python"
        self.assertEqual(self.check(), {("warning", "azure-functions.worker-runtime")})
        self.env["FUNCTIONS_WORKER_RUNTIME"] = "custom"
        self.assertEqual(self.check(), set())
        self.assertEqual(self.check(platform="linux/arm64", exit_code=3), {("error", "azure-functions.wrong-architecture")})
        (self.directory / self.site / "handler").chmod(0o644)
        self.assertEqual(self.check(exit_code=3, transforms={"modes": "keep"}), {("error", "azure-functions.program-missing")})
        (self.directory / self.site / "handler").unlink()
        self.assertEqual(self.check(exit_code=3), {("error", "azure-functions.program-missing")})
        self.write(f"{self.site}/host.json", json.dumps(self.HANDLER).replace("handler\"}", "python3\"}"))  # of PATH
        self.assertEqual(self.check(), set())
        shutil.rmtree(self.directory / self.site / "f")
        self.assertEqual(self.check(), {("warning", "azure-functions.no-function")})
        for text in ("", "[]", "{", '{"customHandler": {}}', '{"customHandler": {"description": {"defaultExecutablePath": 1}}}'):
            self.write(f"{self.site}/host.json", text)
            self.assertIn(("error", "azure-functions.host-json"), self.check(exit_code=3), text)
        self.write(f"{self.site}/host.json", '{"version": "2.0"}')  # a language worker
        self.assertEqual(self.check(), set())
        (self.directory / self.site / "host.json").unlink()
        self.assertEqual(self.check(exit_code=3), {("error", "azure-functions.host-json")})
        self.env["AzureWebJobsScriptRoot"] = "/absent"
        self.assertEqual(self.check(exit_code=3), {("error", "azure-functions.script-root")})
        del self.env["AzureWebJobsScriptRoot"]
        self.assertIn(("warning", "azure-functions.script-root"), self.check(exit_code=3))

    def test_shipped_profile(self):
        profile = json.loads((TOP / "profiles/azure-custom-handler.json").read_text())
        shutil.rmtree(self.directory / self.site)
        shutil.copytree(TOP / "profiles/app-azure", self.directory / "app")
        profile["config"]["env"]["PATH"] = "/usr/bin"
        found = self.check(config=profile["config"], trees=[{"name": "app", "directory": "app", "prefix": profile["trees"][1]["prefix"]}])
        self.assertEqual({pair for pair in found if pair[1].startswith("azure-functions.")}, set())


class Size(TargetCase):
    def setUp(self):
        super().setUp()
        self.write("base/usr/bin/python3.11", "").chmod(0o755)
        self.write("app/big/__init__.py", "#" * 700_000)
        self.write("app/big/data", "x" * 300_000)
        self.write("app/small.py", "#" * 1000)
        for name, files in {"Big_One": ["big/__init__.py", "big/data"], "small": ["small.py", "../../outside"]}.items():
            self.write(f"app/{name}-1.dist-info/METADATA", f"Name: {name}\nVersion: 1\n")
            self.write(f"app/{name}-1.dist-info/RECORD", "".join(f"{file},,\n" for file in files))

    def check(self, exit_code=0, **limits):
        profile = self.write_profile(base={"directory": "base"}, limits=limits,
                                     trees=[{"name": "app", "directory": "app", "prefix": "/usr/lib/python3.11/site-packages"}])
        self.findings(profile, exit_code=exit_code)
        return {finding["message"] for finding in self.document["findings"] if finding["id"] == "size.budget"}

    def test_budgets(self):
        total = sum(path.stat().st_size for top in ("app", "base") for path in (self.directory / top).rglob("*") if path.is_file())
        self.assertEqual(self.check(uncompressed_size=f"{total}B"), set())
        message, = self.check(uncompressed_size=f"{total - 1}B", exit_code=3)
        self.assertRegex(message, rf"^limits\.uncompressed_size: .* \({total} bytes\), .*; the largest: ‘Big_One’ 1\.0 MB")
        message, = self.check(trees={"app": "900kB"}, exit_code=3)
        self.assertRegex(message, "^limits.trees: ‘app’: .*the largest: ‘Big_One’ 1.0 MB, ‘small’ 1.0 kB")
        message, = self.check(packages={"big.one": "999999B"}, exit_code=3)
        self.assertRegex(message, r"\(1000000 bytes\).*‘/usr/lib/python3.11/site-packages/big/__init__.py’ 700.0 kB, .*/big/data’ 300.0 kB$")
        self.assertEqual(self.check(packages={"big-one": "1MB", "small": "1kB"}, trees={"base": "1MB"}), set())
        self.assertEqual(self.check(packages={"absent": "1MB"}), {"limits.packages: ‘absent’: no such distribution is installed for the image's Python"})

    def test_a_limit_counts_for_an_image_that_is_built(self):
        self.check()
        self.run_terrane("build", self.directory / "profile.json")
        self.check(trees={"app": "1kB"}, exit_code=3)
        self.assert_fails(3, "size.budget: limits.trees: ‘app’", "build", self.directory / "profile.json")

    def test_copies(self):
        data = bytes(range(256)) * 4096
        for name in ("libx.so", "libx.so.1", "libx.so.1.2", "other"):
            self.write(f"app/{name}", data)
        (self.directory / "app/link").symlink_to("libx.so")
        self.check()
        findings = {finding["id"]: finding for finding in self.document["findings"]}
        self.assertIn("2 names of this library beside it are copies", findings["size.library-copies"]["message"])
        self.assertIn("take 3.1 MB more", findings["size.duplicate-files"]["message"])  # three times 1 MiB
        for name in ("libx.so", "libx.so.1"):
            (self.directory / "app" / name).unlink()
            (self.directory / "app" / name).symlink_to("libx.so.1.2")
        self.check()
        self.assertNotIn("size.library-copies", {finding["id"] for finding in self.document["findings"]})

    def test_why_package(self):
        self.write("app/Needs-2.dist-info/METADATA", "Name: Needs\nVersion: 2\nRequires-Dist: big.one>=1; python_version > '3'\n"
                                                      "Requires-Dist: small; extra == 'x'\nRequires-Dist: gone\n")
        self.check()
        self.run_terrane("build", self.directory / "profile.json")
        document = json.loads(self.run_terrane("--json", "why", "test", "BIG-one").stdout)
        package, = document["packages"]
        self.assertEqual((package["name"], package["version"], package["tree"], package["files"], package["size"], package["kind"]),
                         ("Big_One", "1", "app", 2, 1_000_000, "python"))
        self.assertEqual([(need["name"], need["requirement"], need["applies"]) for need in document["required_by"]],
                         [("Needs", "big.one>=1; python_version > '3'", True)])
        needs = json.loads(self.run_terrane("--json", "why", "test", "needs").stdout)["requires"]
        self.assertEqual([(need["applies"], need.get("installed")) for need in needs], [(True, "1"), (False, "1"), (True, None)])
        text = self.run_terrane("why", "-v", "test", "small").stdout
        self.assertIn("‘small; extra == 'x'’, which does not apply", text)
        self.assertIn("\nrequired by 0 packages\n", self.run_terrane("why", "test", "small").stdout)
        self.assertIn("\nrequires 2 packages: big.one, gone (not installed)\n", self.run_terrane("why", "test", "needs").stdout)
        self.assertIn("\nrequired by 1 package: Needs\n", self.run_terrane("why", "test", "big-one").stdout)
        self.assert_fails(1, "nothing in the image has the name ‘absent’", "why", "test", "absent")


@unittest.skipUnless(have("skopeo", "umoci", "docker-registry", "zstd"), "skopeo, umoci, docker-registry or zstd is not installed")
class Tools(TargetCase):
    """Images of others: what they write is what Lambda would get."""

    def setUp(self):
        super().setUp()
        self.write("base/usr/bin/app", "#!/bin/sh\n").chmod(0o755)
        self.write("base/bin/sh", "").chmod(0o755)  # only has to be there
        self.run_terrane("build", "-o", f"oci:{self.directory}/good:a", self.write_profile(
            target="aws-lambda", base={"directory": "base"}, config={"entrypoint": ["/usr/bin/app"], "cmd": ["f"]}))
        self.good = f"oci:{self.directory}/good:a"

    def tool(self, *arguments):
        subprocess.run([str(argument) for argument in arguments], check=True, capture_output=True)

    def start(self):
        registry = Registry(self.directory)
        self.addCleanup(registry.__exit__)
        return registry

    def test_good(self):
        self.assertEqual(self.findings(self.good), set())

    def test_compressed_by_skopeo(self):
        self.tool("skopeo", "copy", "--dest-compress-format", "zstd", "--dest-compress", self.good, f"dir:{self.directory}/z")
        self.tool("skopeo", "copy", "--dest-decompress", self.good, f"dir:{self.directory}/plain")
        self.tool("skopeo", "copy", f"dir:{self.directory}/z", f"oci:{self.directory}/zstd:a")
        self.tool("skopeo", "copy", "--dest-oci-accept-uncompressed-layers", f"dir:{self.directory}/plain", f"oci:{self.directory}/un:a")
        self.assertEqual(self.findings(f"oci:{self.directory}/zstd:a", exit_code=3), {("error", "lambda.layer-compression")})
        self.assertEqual(self.findings(f"oci:{self.directory}/un:a"), {("warning", "lambda.layer-compression")})

    def test_layers_of_umoci_and_tar(self):
        with tarfile.open(self.directory / "orphan.tar", "w") as tar:
            tar.add(self.directory / "base/usr/bin/app", "opt/x/app")
        self.tool("umoci", "raw", "add-layer", "--image", f"{self.directory}/good:a", "--tag", "orphan", self.directory / "orphan.tar")
        self.assertEqual(self.findings(f"oci:{self.directory}/good:orphan", exit_code=3), {("error", "lambda.parent-directory")})
        tree = self.directory / "tree"
        (tree / "opt").mkdir(parents=True)
        (tree / "opt/a").write_text("x" * 5000)
        (tree / "opt/b").hardlink_to(tree / "opt/a")
        self.tool("tar", "-C", tree, "--owner=0", "--group=0", "--mode=755", "-cf", self.directory / "link.tar", "opt")
        self.tool("umoci", "raw", "add-layer", "--image", f"{self.directory}/good:a", "--tag", "link", self.directory / "link.tar")
        self.assertEqual(self.findings(f"oci:{self.directory}/good:link"), {("warning", "lambda.hard-link")})

    def make_list(self, registry):
        """A manifest list in the registry, of one image that is there."""
        self.tool("skopeo", "copy", "--dest-tls-verify=false", self.good, f"docker://{registry.host}/app:a")
        self.tool("buildah", "--root", self.directory / "b", "--runroot", self.directory / "r", "--storage-driver", "vfs", "manifest", "create",
                  "list:x")
        common = ["buildah", "--root", self.directory / "b", "--runroot", self.directory / "r", "--storage-driver", "vfs", "manifest"]
        self.tool(*common, "add", "--tls-verify=false", "list:x", f"docker://{registry.host}/app:a")
        self.tool(*common, "push", "--all", "--tls-verify=false", "list:x", f"docker://{registry.host}/app:list")

    @unittest.skipUnless(have("buildah"), "buildah is not installed")
    def test_index_in_a_registry(self):
        registry = self.start()
        self.make_list(registry)
        options = ("--tls-verify=false", "--platform", "linux/amd64")
        self.assertEqual(self.findings(f"docker://{registry.host}/app:a", *options), set())
        self.assertEqual(self.findings(f"docker://{registry.host}/app:list", *options, exit_code=3), {("error", "lambda.image-index")})
        self.assertEqual(self.findings(f"docker://{registry.host}/app:list", *options, "--target", "cloud-run"), set())
        # The same in a layout and in an archive.
        self.tool("skopeo", "copy", "--all", "--src-tls-verify=false", f"docker://{registry.host}/app:list", f"oci:{self.directory}/list:a")
        self.tool("skopeo", "copy", "--all", "--src-tls-verify=false", f"docker://{registry.host}/app:list", f"oci-archive:{self.directory}/list.tar:a")
        for name in (f"oci:{self.directory}/list:a", f"oci-archive:{self.directory}/list.tar:a"):
            self.assertEqual(self.findings(name, "--platform", "linux/amd64", exit_code=3), {("error", "lambda.image-index")})


if __name__ == "__main__":
    unittest.main()
