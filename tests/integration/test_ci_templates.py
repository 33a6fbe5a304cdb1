"""The templates of scripts/ci: valid by the published schemas, and their shell blocks do what they say on a machine with
nothing but terrane's release: the steps are run here as the three services run them, against a registry like Amazon ECR.

scripts/install-packaging installs the schemas into build/venv.
"""

import io
import json
import pathlib
import re
import shutil
import subprocess
import tarfile
import unittest

import jsonschema
import yaml

import test_aws
from terrane_test import TERRANE, TOP, have, sha256
from test_aws import HOST, ROLE
from web_server import WebServer

CI = TOP / "scripts/ci"
USERS = {"github": CI / "github/workflow.yml", "gitlab": CI / "gitlab/.gitlab-ci.yml", "azure": CI / "azure/azure-pipelines.yml"}
TEMPLATES = {"github": CI / "github/action.yml", "gitlab": CI / "gitlab/terrane.yml", "azure": CI / "azure/terrane.yml"}
SCHEMAS = next((TOP / "build/venv/lib").glob("python3*/site-packages/check_jsonschema/builtin_schemas/vendor"), None)


class Loader(yaml.SafeLoader):
    """YAML as the services read it: "on" is a key, where YAML 1.1 has a boolean."""


Loader.yaml_implicit_resolvers = {first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool" or first in "tTfF"]
                                  for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()}


def load(path):
    return yaml.load(path.read_text(), yaml.BaseLoader)


def blocks(name):
    """The shell blocks of a template, each with where it is."""
    document = load(TEMPLATES[name])
    if name == "github":
        return [(step["name"], step["run"]) for step in document["runs"]["steps"] if "run" in step]
    if name == "azure":
        return [(step["displayName"], step["bash"]) for step in document["steps"] if "bash" in step]
    return [(f"{job}.{part}", line) for job, content in document.items() for part in ("before_script", "script")
            for line in content.get(part, [])]


class Form(unittest.TestCase):
    @unittest.skipUnless(SCHEMAS, "run scripts/install-packaging")
    def test_published_schemas(self):
        for path, schema in ((TEMPLATES["github"], "github-actions"), (USERS["github"], "github-workflows"),
                             (TEMPLATES["gitlab"], "gitlab-ci"), (USERS["gitlab"], "gitlab-ci"),
                             (TEMPLATES["azure"], "azure-pipelines"), (USERS["azure"], "azure-pipelines")):
            with self.subTest(path=path.name):
                validator = jsonschema.Draft7Validator(json.loads((SCHEMAS / f"{schema}.json").read_text()))
                errors = [error.message[:300] for error in validator.iter_errors(yaml.load(path.read_text(), Loader))]
                self.assertEqual(errors, [])
                self.assertNotEqual(list(validator.iter_errors({"runs": 1, "jobs": 1, "steps": 1, "image": 1})), [])

    def test_what_a_user_writes_is_short(self):
        for path in USERS.values():
            lines = path.read_text().splitlines()
            self.assertLessEqual(len(lines), 20, path)
            self.assertLessEqual(max(map(len, lines)), 140, path)

    @unittest.skipUnless(have("shellcheck"), "shellcheck is not installed")
    def test_shell(self):
        for name in TEMPLATES:
            for where, script in blocks(name):
                with self.subTest(name, block=where):
                    # GitLab's optional words are split on purpose.
                    result = subprocess.run(["shellcheck", "-s", "bash", "-e", "SC2086,SC2016", "-"], input=script, capture_output=True, text=True)
                    self.assertEqual(result.stdout, "")

    def test_no_text_of_a_user_is_code(self):
        for name in TEMPLATES:
            for where, script in blocks(name):
                self.assertNotIn("${{", script, where)

    def test_steps_that_are_the_same(self):
        steps = {step["name"]: step for step in load(TEMPLATES["github"])["runs"]["steps"]}
        first, again = steps["Become the role"], steps["Become the role again"]
        self.assertEqual((first["run"], first["env"]), (again["run"], again["env"]))
        self.assertEqual(steps["Find the cache"]["with"]["key"], steps["Keep the cache"]["with"]["key"])

    def test_users_give_what_templates_take(self):
        given = load(USERS["github"])["jobs"]["image"]["steps"][1]["with"]
        self.assertLessEqual(set(given), set(load(TEMPLATES["github"])["inputs"]))
        jobs = load(USERS["gitlab"])
        known = set(load(TEMPLATES["gitlab"])[".terrane"]["variables"])
        for job in ("function-image", "drift"):
            self.assertIn(jobs[job]["extends"], load(TEMPLATES["gitlab"]))
            self.assertLessEqual({name for name in jobs[job]["variables"] if name.startswith("TERRANE_")}, known)
        self.assertLessEqual(set(load(USERS["azure"])["steps"][0]["parameters"]),
                             {parameter["name"] for parameter in load(TEMPLATES["azure"])["parameters"]})


WRAPPER = """#!/bin/bash
# What a template calls: everything is terrane's, but for what would go to AWS Lambda and to services with advisories.
case $1 in
  drift) [[ -z $DRIFT ]] && exec "$REAL" "$@"; printf '# Drift\\nbase: moved\\n' >"$3" && exit "$DRIFT" ;;
  deploy) echo "$*" >>"$LOG" ;;
  *) exec "$REAL" "$@" ;;
esac
"""

GH = """#!/bin/bash
printf '%s\\n' "$*" >>"$LOG"
[[ "$1 $2" != "issue list" ]] || printf %s "$ISSUES"
"""


class Machine:
    """A machine of CI: new, but for the files of the repository, a release of terrane, and what its service keeps."""

    def __init__(self, case, number):
        self.case = case
        self.home = case.directory / f"machine{number}"
        self.temp = self.home / "temp"
        self.temp.mkdir(parents=True)
        self.log = self.home / "log"
        self.log.touch()
        tools = self.home / "tools"
        tools.mkdir()
        (tools / "gh").write_text(GH)
        (tools / "gh").chmod(0o755)
        self.output = ""
        self.env = {**case.env, "HOME": str(self.home), "PATH": f"{tools}:/usr/local/bin:/usr/bin:/bin", "TERM": "dumb", "LC_ALL": "C.UTF-8",
                    "REAL": TERRANE, "LOG": str(self.log), "DRIFT": "0", "ISSUES": ""}
        self.env.pop("XDG_RUNTIME_DIR")

    def bash(self, script, env):
        """Runs a block as GitHub's "shell: bash" does; Azure's and GitLab's differ in nothing that counts here."""
        path = self.temp / "script.sh"
        path.write_text(script)
        result = subprocess.run(["bash", "--noprofile", "--norc", "-eo", "pipefail", path], cwd=self.case.repository, capture_output=True,
                                text=True, env={**self.env, **env}, timeout=120)
        self.output += result.stdout + result.stderr
        return result.returncode


class GitHub(Machine):
    def expand(self, text, bash=False):
        def value(match):
            expression = match.group(1).strip()
            kind, _, name = expression.partition(".")
            if kind == "inputs":
                return self.inputs[name]
            if kind == "steps":
                step, _, output = name.partition(".outputs.")
                return self.outputs.get(step, {}).get(output, "")
            return {"runner.temp": str(self.temp), "github.token": "github-token", "runner.os": "Linux", "runner.arch": "X64",
                    "github.run_id": "1", "github.run_attempt": "1"}[expression]
        return re.sub(r"\$\{\{(.*?)\}\}", value, text)

    def wanted(self, step):
        condition = step.get("if", "")
        if self.status != 0 and "always()" not in condition:
            return False
        code = condition.replace("always()", "True").replace("&&", " and ") or "True"
        return eval(re.sub(r"inputs\.([a-z0-9-]+)", lambda match: repr(self.inputs[match.group(1)]), code), {})

    def read(self, path):
        """NAME=VALUE lines that a step wrote."""
        pairs = dict(line.partition("=")[::2] for line in path.read_text().splitlines()) if path.exists() else {}
        path.write_text("")
        return pairs

    def use(self, action, settings):
        """The effect of other projects' actions on files."""
        name = action.partition("@")[0]
        if name == "actions/cache/restore" and self.case.cache:
            pathlib.Path(settings["path"]).write_bytes(self.case.cache)
        elif name == "actions/cache/save":
            self.case.cache = pathlib.Path(settings["path"]).read_bytes()
        elif name in ("actions/upload-artifact", "github/codeql-action/upload-sarif"):
            for path in (settings.get("path") or settings["sarif_file"]).split():
                if pathlib.Path(path).exists():
                    self.kept[pathlib.Path(path).name] = pathlib.Path(path).read_text()

    def run(self, **inputs):
        document = load(TEMPLATES["github"])
        names = {name.replace("_", "-"): value for name, value in inputs.items()}
        self.inputs = {name: value.get("default", "") for name, value in document["inputs"].items()} | names
        assert set(self.inputs) == set(document["inputs"]), names
        self.outputs, self.kept, self.status = {}, {}, 0
        files = {name: self.temp / name for name in ("GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        self.env |= {"RUNNER_TEMP": str(self.temp), **{name: str(path) for name, path in files.items()}, **self.case.github}
        for step in document["runs"]["steps"]:
            if not self.wanted(step):
                continue
            if "uses" in step:
                self.use(step["uses"], {name: self.expand(value) for name, value in step["with"].items()})
                continue
            code = self.bash(step["run"], {name: self.expand(value) for name, value in step.get("env", {}).items()})
            self.status = self.status or code
            self.outputs[step.get("id")] = self.read(files["GITHUB_OUTPUT"])
            self.env |= self.read(files["GITHUB_ENV"])
            for directory in self.read(files["GITHUB_PATH"]):
                self.env["PATH"] = f"{directory}:{self.env['PATH']}"
        summary = files["GITHUB_STEP_SUMMARY"]
        self.summary = summary.read_text() if summary.exists() else ""
        return self.status

    def build(self, push=False, deploy=False, **inputs):
        return self.run(profile="profile.json", push=str(push).lower(), deploy=str(deploy).lower(), role=ROLE if push else "", region="eu-west-1",
                        sarif="true", terrane_url=self.case.url, terrane_sha256=self.case.sha, **inputs)

    def drift(self, **inputs):
        return self.run(profile="profile.json", mode="drift", terrane_url=self.case.url, terrane_sha256=self.case.sha, **inputs)


class GitLab(Machine):
    def run(self, job, **variables):
        document = load(TEMPLATES["gitlab"])
        template = document[job]
        settings = document[".terrane"]["variables"] | variables
        here = self.case.repository / "terrane-ci"
        shutil.rmtree(here, ignore_errors=True)
        if self.case.cache and "cache" in template:
            here.mkdir()
            (here / "cache.tar").write_bytes(self.case.cache)
        # GitLab puts both into one script.
        self.status = self.bash("\n".join(document[".terrane"]["before_script"] + template["script"]), settings)
        if self.status == 0 and "cache" in template:
            self.case.cache = (self.case.repository / template["cache"]["paths"][0]).read_bytes()
        paths = template["artifacts"]["paths"] + list(template["artifacts"].get("reports", {}).values())
        self.kept = {pathlib.Path(path).name: (self.case.repository / path).read_text() for path in paths if (self.case.repository / path).exists()}
        self.summary = self.kept.get("drift.md", "")
        self.left = {path.name for path in here.iterdir()}
        return self.status

    def build(self, push=False, deploy=False, **variables):
        role = {"TERRANE_AWS_ROLE": ROLE, "TERRANE_ID_TOKEN": self.case.token, "AWS_REGION": "eu-west-1"} if push else {}
        return self.run(".terrane-build", TERRANE_PROFILE="profile.json", TERRANE_URL=self.case.url, TERRANE_SHA256=self.case.sha,
                        TERRANE_PUSH=str(push).lower(), TERRANE_DEPLOY=str(deploy).lower(), **role, **variables)

    def drift(self):
        return self.run(".terrane-drift", TERRANE_PROFILE="profile.json", TERRANE_URL=self.case.url, TERRANE_SHA256=self.case.sha)


class Azure(Machine):
    def expand(self, text):
        def value(match):
            found = self.parameters
            for name in match.group(1).strip().removeprefix("parameters.").split("."):
                found = found[name]
            return found
        text = re.sub(r"\$\{\{(.*?)\}\}", value, text)
        for name, value in (("Agent.TempDirectory", str(self.temp)), ("System.AccessToken", "bearer-of-the-job"), ("Agent.OS", "Linux"),
                            ("Build.BuildId", "1"), ("System.JobId", "1")):
            text = text.replace(f"$({name})", value)
        return text

    def wanted(self, step):
        condition = self.expand(step.get("condition", "succeeded()"))
        code = condition.replace("succeededOrFailed()", "True").replace("succeeded()", str(self.status == 0)).replace("and(", "all_of(")
        return eval(code, {"all_of": lambda *values: all(values), "eq": lambda one, other: one == other})

    def use(self, task, inputs, before):
        if task == "Cache@2":
            directory = pathlib.Path(inputs["path"])
            if before and self.case.cache:
                directory.mkdir()
                (directory / "cache.tar").write_bytes(self.case.cache)
            elif not before and self.status == 0:
                self.case.cache = (directory / "cache.tar").read_bytes()
        elif before and task in ("PublishTestResults@2", "PublishPipelineArtifact@1"):
            path = pathlib.Path(inputs.get("testResultsFiles") or inputs["targetPath"])
            for file in [path] if path.suffix else path.iterdir():
                if file.exists():
                    self.kept[file.name] = file.read_text()

    def run(self, **parameters):
        document = load(TEMPLATES["azure"])
        self.parameters = {parameter["name"]: parameter.get("default") for parameter in document["parameters"]} | parameters
        self.kept, self.status = {}, 0
        self.env |= {"AGENT_TEMPDIRECTORY": str(self.temp), **self.case.azure}
        self.env.pop("SYSTEM_ACCESSTOKEN", None)
        after = []
        for step in document["steps"]:
            if not self.wanted(step):
                continue
            if "task" in step:
                inputs = {name: self.expand(value) for name, value in step["inputs"].items()}
                self.use(step["task"], inputs, True)
                after.append((step["task"], inputs))
                continue
            code = self.bash(step["bash"], {name: self.expand(value) for name, value in step["env"].items()})
            self.status = self.status or code
            for directory in re.findall(r"^##vso\[task\.prependpath\](.*)$", self.output, re.MULTILINE):
                self.env["PATH"] = f"{directory}:{self.env['PATH']}"
        for task, inputs in after:
            self.use(task, inputs, False)
        found = re.search(r"^##vso\[task\.uploadsummary\](.*)$", self.output, re.MULTILINE)
        self.summary = pathlib.Path(found.group(1)).read_text() if found else ""
        return self.status

    def build(self, push=False, deploy=False, **parameters):
        aws = {"role": ROLE, "region": "eu-west-1", "serviceConnection": "connection-id"} if push else {"role": "", "region": "", "serviceConnection": ""}
        return self.run(profile="profile.json", push=str(push), deploy=str(deploy).lower(), aws=aws,  # a boolean is True here
                        terrane={"url": self.case.url, "sha256": self.case.sha}, **parameters)

    def drift(self):
        return self.run(profile="profile.json", mode="drift", terrane={"url": self.case.url, "sha256": self.case.sha})


class Steps(test_aws.WebIdentity.__base__):
    """Each template through the same days of a repository."""

    def setUp(self):
        super().setUp()
        self.token = self.secret_text("jwt")
        self.sts_tokens = []
        self.env |= {"AWS_ENDPOINT_URL_STS": self.serve(self.answer_sts).url}
        self.tokens = self.serve(self.answer_token)
        self.moto.ask("reset-auth", b"1000")  # moto takes no request without a signature otherwise
        self.release = WebServer()
        self.addCleanup(self.release.stop)
        self.url = f"{self.release.url}/terrane-0.1.0-linux-amd64.tar.gz"
        self.release.files["/terrane-0.1.0-linux-amd64.tar.gz"] = self.make_release()
        self.github = {"ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.tokens.url}/github?api-version=2", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "bearer-of-the-job"}
        self.azure = {"SYSTEM_OIDCREQUESTURI": f"{self.tokens.url}/azure"}
        self.cache, self.machines = b"", 0
        self.repository = self.directory / "repository"
        base = self.repository / "base/bin"
        base.mkdir(parents=True)
        shutil.copy(shutil.which("busybox"), base / "busybox")
        self.make_profile()
        self.lock()

    def make_release(self):
        data = io.BytesIO()
        with tarfile.open(fileobj=data, mode="w:gz") as archive:
            member = tarfile.TarInfo("terrane-0.1.0-linux-amd64/bin/terrane")
            member.mode, member.size = 0o755, len(WRAPPER)
            archive.addfile(member, io.BytesIO(WRAPPER.encode()))
        self.sha = sha256(self.write("release.tar.gz", data.getvalue()))
        return data.getvalue()

    def make_profile(self, command="true", **members):
        (self.repository / "app").mkdir(exist_ok=True)
        (self.repository / "app/f").write_text("1\n")
        profile = {"name": "app", "platform": "linux/amd64", "target": "oci", "base": {"directory": "base"},
                   "trees": [{"name": "app", "directory": "app", "prefix": "/app"}],
                   "push": {"repository": f"{HOST}/geo/app", "tags": ["v1"]},
                   "validate": {"commands": [["/bin/busybox", command]]}, **members}
        (self.repository / "profile.json").write_text(json.dumps(profile))

    def lock(self):
        self.run_terrane("lock", self.repository / "profile.json")

    def answer_token(self, method, path, headers, body):
        """GitHub's and Azure's endpoint for a job's token, as their documentation has it."""
        if headers.get("Authorization", "").lower() != "bearer bearer-of-the-job":
            return 401, {}
        if path == "/github?api-version=2&audience=sts.amazonaws.com" and method == "GET":
            return 200, {"count": 1, "value": self.token}
        if path == "/azure?api-version=7.1&serviceConnectionId=connection-id" and method == "POST":
            return 200, {"oidcToken": self.token}
        return 404, {}

    def answer_sts(self, method, path, headers, body):
        import urllib.parse
        import urllib.request
        form = dict(urllib.parse.parse_qsl(body.decode()))
        self.sts_tokens.append((form["Action"], form["RoleArn"], form["WebIdentityToken"]))
        with urllib.request.urlopen(urllib.request.Request(self.moto.url + path, body, dict(headers))) as answer:
            return 200, answer.read().decode()

    def machine(self, kind):
        self.machines += 1
        return kind(self, self.machines)

    def pushed(self):
        return "v1" in self.registry.manifests["geo/app"]

    def first_build(self, kind):
        machine = self.machine(kind)
        self.assertEqual(machine.build(push=True), 0, machine.output)
        record = json.loads(machine.kept["record.json"])
        self.assertTrue(self.pushed())
        self.assertEqual(record["push"]["reference"], f"{HOST}/geo/app@{record['digest']}")
        self.assertIn("<testsuite", machine.kept["junit.xml"])
        self.assertEqual(json.loads(machine.kept["findings.sarif"])["version"], "2.1.0")
        self.assert_report(machine, record)
        self.assertEqual(set(self.sts_tokens), {("AssumeRoleWithWebIdentity", ROLE, self.token)})
        for secret in self.secrets:
            self.assertNotIn(secret, machine.output)
            self.assertFalse(any(secret in text for text in machine.kept.values()))
        self.assertEqual(machine.log.read_text(), "")
        return machine, record

    def assert_report(self, machine, record):
        """The page is about the image that was built, and shows its validation."""
        shown = json.loads(re.search(r'<script [^>]*id="data"[^>]*>(.*?)</script>', machine.kept["report.html"], re.DOTALL)[1])
        self.assertEqual(shown["digest"], record["digest"])
        self.assertEqual([row["name"] for row in shown["record"]["validation"]], ["/bin/busybox true"])
        self.assertNotIn("no report", machine.output)

    def test_days_of_a_repository(self):
        for kind in (GitHub, GitLab, Azure):
            with self.subTest(kind=kind.__name__):
                self.cache = b""
                self.sts_tokens.clear()
                self.use_registry()
                self.make_profile()
                self.lock()
                machine, record = self.first_build(kind)
                if kind is GitHub:
                    self.assertEqual(machine.outputs["build"]["digest"], record["digest"])
                    self.assertEqual(machine.outputs["push"]["reference"], record["push"]["reference"])
                if kind is GitLab:
                    self.assertNotIn("token", machine.left)
                self.next_builds(kind, record)

    def next_builds(self, kind, record):
        self.use_registry()
        self.assertGreater(len(self.cache), 10_000)
        machine = self.machine(kind)
        self.assertEqual(machine.build(deploy=True), 0, machine.output)
        again = json.loads(machine.kept["record.json"])
        self.assertEqual((again["digest"], again["unchanged"], again["validation_cached"]), (record["digest"], True, True))
        self.assertFalse(self.pushed())
        self.assertRegex(machine.log.read_text(), r"^deploy --record [^ ]*terrane-ci/record.json profile.json\n$")

        self.cache = damaged = self.cache[:5000] + b"damage" + self.cache[5006:]
        machine = self.machine(kind)
        self.assertEqual(machine.build(), 0, machine.output)
        self.assertIn("The cache cannot be used; everything is made again.", machine.output)
        self.assertNotEqual(self.cache, damaged)

        kept = self.cache
        self.make_profile(command="false")
        self.lock()
        machine = self.machine(kind)
        self.assertEqual(machine.build(push=True, deploy=True), 3, machine.output)
        self.assertIn("<failure", machine.kept["junit.xml"])
        self.assertFalse(json.loads(machine.kept["record.json"])["passed"])
        self.assertIn("findings.sarif", machine.kept)
        self.assertNotIn("report.html", machine.kept)
        self.assertFalse(self.pushed())
        self.assertEqual(machine.log.read_text(), "")
        self.assertEqual(self.cache, kept)

        self.make_profile(base={"directory": "app"})
        machine = self.machine(kind)
        self.assertEqual(machine.build(push=True), 4, machine.output)
        self.assertIn("terrane lock", machine.output)
        self.assertNotIn("record.json", machine.kept)

    def test_drift(self):
        for kind in (GitHub, GitLab, Azure):
            for status in (0, 1, 4):
                with self.subTest(kind=kind.__name__, status=status):
                    machine = self.machine(kind)
                    machine.env["DRIFT"] = str(status)
                    self.assertEqual(machine.drift(), status, machine.output)
                    self.assertIn("base: moved", machine.summary)
                    self.assertEqual(machine.log.read_text(), "")

    def test_drift_of_terrane(self):
        """Directories do not drift: the command itself, with the words that templates give it."""
        for kind, words in ((GitHub, {"platform": "linux/amd64"}), (GitLab, {}), (Azure, {})):
            with self.subTest(kind=kind.__name__):
                machine = self.machine(kind)
                machine.env["DRIFT"] = ""
                self.assertEqual(machine.drift(**words), 0, machine.output)
                self.assertIn("Nothing has moved.", machine.summary)

    def test_deploy_takes_these_words(self):
        self.assert_fails(2, "the profile has no ‘deploy’, which says where to; add \"deploy\": {\"function\": ", "deploy", "--record", self.directory / "record.json", "--platform=linux/amd64",
                          self.repository / "profile.json")

    def test_drift_as_an_issue(self):
        for known in ("", "7"):
            machine = self.machine(GitHub)
            machine.env |= {"DRIFT": "4", "ISSUES": known}
            self.assertEqual(machine.drift(issue="true"), 0, machine.output)
            calls = machine.log.read_text().splitlines()
            self.assertTrue(calls[0].startswith("issue list --state open"), calls)
            self.assertRegex(calls[1], "^issue edit 7 --body-file .*drift.md$" if known
                             else "^issue create --title Drift: terrane-profile --body-file .*drift.md$")
        machine = self.machine(GitHub)
        machine.env["DRIFT"] = "1"
        self.assertEqual(machine.drift(issue="true"), 1)
        self.assertEqual(machine.log.read_text(), "")

    def test_release_that_is_another_one(self):
        for kind in (GitHub, GitLab, Azure):
            with self.subTest(kind=kind.__name__):
                machine, self.sha = self.machine(kind), "0" * 64
                self.assertNotEqual(machine.build(), 0)
                self.assertIn("did NOT match", machine.output)
                self.assertNotIn("terrane 0.", machine.output)

    def test_gitlab_in_a_plain_image(self):
        """debian:12 has no curl, bubblewrap and eu-strip: they are installed."""
        machine = self.machine(GitLab)
        tools = machine.home / "tools"
        programs = {"curl": "curl", "bubblewrap": "bwrap", "elfutils": "eu-strip"}
        for path in pathlib.Path("/usr/bin").iterdir():
            if path.name not in programs.values() and not (tools / path.name).exists():
                (tools / path.name).symlink_to(path)
        (tools / "apt-get").unlink()
        (tools / "apt-get").write_text('#!/bin/bash\necho "$*" >>"$LOG"\nfor word; do case $word in\n' + "".join(
            f"  {package}) ln -s {shutil.which(program)} {tools}/{program} ;;\n" for package, program in programs.items()) + "esac; done\n")
        (tools / "apt-get").chmod(0o755)
        machine.env["PATH"] = str(tools)
        self.assertEqual(machine.build(), 0, machine.output)
        for package in programs:
            self.assertRegex(machine.log.read_text(), rf"(?m)^install .*--no-install-recommends .*\b{package}\b")

    def test_role_without_the_permission(self):
        self.github = {"ACTIONS_ID_TOKEN_REQUEST_URL": ""}
        machine = self.machine(GitHub)
        self.assertEqual(machine.build(push=True), 1)
        self.assertIn("id-token: write", machine.output)
        machine = self.machine(GitLab)
        self.token = ""
        self.assertEqual(machine.build(push=True), 1)
        self.assertIn("id_tokens", machine.output)
        self.assertFalse(self.pushed())

    def test_names_that_are_code_elsewhere(self):
        name = "a $(touch evil) `touch evil` \"'; touch evil #.json"
        shutil.copy(self.repository / "profile.json", self.repository / name)
        for kind, words in ((GitHub, {"profile": name}), (GitLab, {"TERRANE_PROFILE": name}), (Azure, {"profile": name})):
            with self.subTest(kind=kind.__name__):
                machine = self.machine(kind)
                if kind is GitLab:
                    machine.run(".terrane-build", TERRANE_URL=self.url, TERRANE_SHA256=self.sha, **words)
                elif kind is GitHub:
                    machine.run(terrane_url=self.url, terrane_sha256=self.sha, **words)
                else:
                    machine.run(terrane={"url": self.url, "sha256": self.sha}, **words)
                self.assertIn("a $(touch evil)", machine.output)
                self.assertFalse((self.repository / "evil").exists())


if __name__ == "__main__":
    unittest.main()
