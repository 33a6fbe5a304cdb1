"""terrane deploy: a server with the states of AWS Lambda that moto lacks; test_aws.py has moto."""

import json
import os
import re
import signal
import subprocess
import time

import unittest

from ecr_like_registry import FakeRegistry
from lambda_server import METRICS, Drop, LambdaServer, Refusal
from terrane_test import TERRANE, TestCase, remove_tree

ROLE = "arn:aws:iam::123456789012:role/"


class DeployCase(TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.common = TestCase("run")
        TestCase.setUp(cls.common)
        cls.addClassCleanup(remove_tree, cls.common.directory)
        cls.digest = cls.common.build(cls.common.write_profile())["digest"]
        cls.registry = FakeRegistry()
        cls.addClassCleanup(cls.registry.__exit__)

    def setUp(self):
        super().setUp()
        self.store = self.common.store
        self.aws = LambdaServer()
        self.addCleanup(self.aws.stop)
        self.function = self.aws.add()
        self.env = {"AWS_ENDPOINT_URL": self.aws.url, "AWS_ACCESS_KEY_ID": "AKIDFIRST", "AWS_SECRET_ACCESS_KEY": "s",
                    "AWS_EC2_METADATA_DISABLED": "true", "HOME": str(self.directory), "AWS_REGION": "",
                    "AWS_DEFAULT_REGION": "", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": ""}
        self.repository = f"{self.registry.host}/tiles"
        self.image = f"{self.repository}@{self.digest}"

    def profile(self, **members):
        deploy = {"function": "tiles", "region": "eu-west-1", "repository": self.repository, "steps": ["10%", "100%"],
                  "wait": "1ms", "smoke": [{"event": {"tile": 1}, "expect": {"ok": True}}], **members}
        return self.write_profile(deploy={key: value for key, value in deploy.items() if value is not None})

    def deploy(self, *arguments, exit_code=0, profile=None, **members):
        path = profile or self.profile(**members)
        result = self.run_terrane("--json", "deploy", path, *arguments, exit_code=exit_code, env=self.env)
        self.message = result.stderr
        return json.loads(result.stdout)

    def one(self, *arguments, **options):
        """Deploys to the one function. Returns what the document says of it."""
        [deployment] = self.deploy(*arguments, **options)["deployments"]
        return deployment

    def fails(self, pattern, *arguments, exit_code=1, result="failed", **members):
        deployment = self.one(*arguments, exit_code=exit_code, **members)
        self.assertRegex(self.message, pattern)
        self.assertEqual(deployment["result"], result, self.message)
        return deployment

    def assert_traffic(self, version="1", weights=None, function=None):
        alias = (function or self.function).aliases["live"]
        self.assertEqual((alias["version"], alias["weights"]), (version, weights or {}))

    def assert_untouched(self):
        self.assert_traffic()
        self.assertEqual(self.aws.shifts(), [])


class Deploying(DeployCase):
    def test_all_of_it(self):
        record = self.write("record.json", json.dumps({"version": 1, "digest": self.digest, "name": "test:latest"}))
        deployment = self.one("--record", record)
        self.assertEqual(self.function.versions["2"].image, self.image)
        self.assertIn(f"terrane-{self.digest[7:19]}", self.registry.manifests["tiles"])
        self.assertEqual(self.aws.shifts(), [("1", {"2": 0.1}), ("2", {})])
        self.assert_traffic("2")
        self.assertEqual([operation for operation in self.aws.log if operation in (
            "DryRun", "UpdateFunctionCode", "PublishVersion", "UpdateAlias", "Invoke")], [
            "DryRun", "UpdateFunctionCode", "PublishVersion", "Invoke", "UpdateAlias", "Invoke", "UpdateAlias",
            "Invoke"])
        self.assertEqual(deployment["version_arn"], self.function.arn + ":2")
        self.assertEqual([(item["qualifier"], item["executed_version"], item["init_usecs"], item["passed"])
                          for item in deployment["smoke"]],
                         [("2", "2", 100000, True), ("live", "2", 100000, True), ("live", "2", 100000, True)])
        kept = json.loads(record.read_text())
        self.assertEqual((kept["name"], kept["deploy"][0]["version_arn"]), ("test:latest", self.function.arn + ":2"))

    def test_nothing_to_do(self):
        self.one()
        before = self.aws.changes()
        manifests = len(self.registry.log)
        deployment = self.one()
        self.assertEqual((deployment["result"], deployment["version_arn"]), ("unchanged", self.function.arn + ":2"))
        self.assertEqual(self.aws.changes(), before)
        self.assertEqual(len(self.registry.log), manifests)

    def test_again_after_a_way_back(self):
        """Another hand has set the alias back; the version is there already."""
        self.one()
        self.function.aliases["live"] |= {"version": "1", "revision": "elsewhere"}
        self.aws.log.clear()
        self.assertEqual(self.one()["version"], "2")
        self.assertEqual(self.aws.count("UpdateFunctionCode"), 0)
        self.assert_traffic("2")

    def test_what_aws_needs_time_for(self):
        self.function.latest.polls = 2  # another change, before
        self.function.code_polls = self.function.version_polls = 2
        self.one()
        self.assert_traffic("2")

    def test_patience(self):
        self.function.code_polls = 3
        self.fails("AWS has not finished a change of it within 0.001 s .‘update_timeout’.", update_timeout="1ms")
        self.assert_untouched()

    def test_one_repository_for_two_functions(self):
        other = self.aws.add("other")
        text = self.run_terrane("deploy", self.profile(targets=[{}, {"function": "other"}]), env=self.env).stdout
        self.assertEqual(text.count("pushed "), 1)
        self.assertIn(other.arn + ":2\n", text)

    def test_image_with_options(self):
        event = self.write("event.json", '{"tile": 2}')
        self.run_terrane("deploy", "test", "--function", self.function.arn, "--repository", self.repository, "--smoke",
                         event, "--step", "50%", "--step", "100%", "--wait", "1ms", "--init-duration", "1s",
                         env=self.env)
        self.assertEqual(self.aws.shifts(), [("1", {"2": 0.5}), ("2", {})])
        self.assertIn(("Invoke", {"tile": 2}), self.aws.bodies)

    def test_image_that_is_in_the_repository(self):
        self.run_terrane("push", "test", f"docker://{self.repository}:v1", env=self.env)
        self.registry.log.clear()
        self.one("--image", f"docker://{self.repository}:v1")
        self.assertEqual(self.registry.requests("PUT"), [])
        self.assertEqual(self.function.versions["2"].image, self.image)

    def test_dry_run(self):
        self.aws.stop()
        plan = self.deploy("--dry-run")["plan"]
        self.assertEqual([step.get("operation", step["do"]) for step in plan], [
            "GetFunction", "GetAlias", "GetFunction", "push", "UpdateFunctionCode", "UpdateFunctionCode",
            "GetFunctionConfiguration", "GetFunction", "PublishVersion", "GetFunctionConfiguration", "Invoke",
            "UpdateAlias", "wait", "GetAlias", "Invoke", "UpdateAlias", "GetAlias", "Invoke"])
        text = self.run_terrane("deploy", "--dry-run", self.profile(), env=self.env).stdout
        self.assertIn(f'"ImageUri":"{self.image}"', text)
        self.assertIn("/functions/tiles/invocations?Qualifier=live", text)
        self.assertEqual(self.aws.log, [])
        operations = [step.get("operation") for step in self.deploy("--dry-run", max_errors=0)["plan"]]
        self.assertEqual(operations[operations.index("UpdateAlias"):][1:3], [None, "GetMetricStatistics"])

    def test_endpoints(self):
        """As botocore has them."""
        self.env["AWS_ENDPOINT_URL"] = ""
        for region, more, url in (
                ("eu-west-1", {}, "https://lambda.eu-west-1.amazonaws.com/"),
                ("cn-north-1", {}, "https://lambda.cn-north-1.amazonaws.com.cn/"),
                ("us-gov-west-1", {"AWS_USE_FIPS_ENDPOINT": "true"}, "https://lambda-fips.us-gov-west-1.amazonaws.com/"),
                ("eu-west-1", {"AWS_USE_DUALSTACK_ENDPOINT": "true"}, "https://lambda.eu-west-1.api.aws/"),
                ("eu-west-1", {"AWS_ENDPOINT_URL": "http://h:1", "AWS_ENDPOINT_URL_LAMBDA": "http://h:2/"}, "http://h:2/")):
            with self.subTest(url):
                text = self.run_terrane("deploy", "--dry-run", self.profile(region=region), env=self.env | more).stdout
                self.assertEqual(re.findall(r"\b(?:GET|PUT|POST) (http.*?)2015", text)[0], url)

    def test_region_of_the_environment(self):
        self.env["AWS_REGION"] = "eu-west-1"
        self.assertEqual(self.one(region=None)["region"], "eu-west-1")

    def test_event_that_comes_to_the_version_before(self):
        """How that one answers is not held against the new one, which gets the event as well."""
        self.function.answer = lambda version, event: {"payload": {"ok": version == "2"}}
        self.aws.routes = ["old", "new"]
        deployment = self.one()
        self.assertEqual([item["executed_version"] for item in deployment["smoke"]], ["2", "1", "2", "2"])
        self.assertIn("version 1, the one before", self.message)
        self.assert_traffic("2")

    def test_other_architecture(self):
        self.function.latest.architecture = self.function.versions["1"].architecture = "arm64"
        self.fails("is for ‘arm64’, the image for ‘x86_64’", exit_code=2)
        self.assertEqual(self.aws.changes(), [])
        self.one(change_architecture=True)
        self.assertEqual(self.function.versions["2"].architecture, "x86_64")


class Refusals(DeployCase):
    """Whatever AWS says no to, events go where they went."""

    def test_functions_that_cannot_have_it(self):
        self.function.latest.package_type = "Zip"
        self.fails("the package type ‘Zip’, which AWS cannot change", exit_code=2)
        self.fails("GetFunction of the function ‘other’ in eu-west-1: .*Function not found", function="other")
        self.assertEqual(self.aws.changes(), [])

    def test_aliases_that_cannot_move(self):
        self.fails("has no alias ‘blue’; create it", alias="blue")
        self.function.aliases["live"]["version"] = "$LATEST"
        self.fails("points to \\$LATEST, so that an update would move all events at once", exit_code=2)
        self.function.versions["5"] = self.function.versions["1"]
        self.function.aliases["live"] |= {"version": "1", "weights": {"5": 0.3}}
        self.fails("sends a part of its events to version ‘5’, which has another image")
        self.assertEqual(self.aws.changes(), [])

    def test_what_aws_cannot_take(self):
        for code, reason, advice in (
                ("ImageAccessDenied", "Lambda does not have permission", "ecr:BatchGetImage"),
                ("InvalidImage", "MissingParentDirectory", "'terrane check'"),
                ("ImageDeleted", "gone", "lifecycle policy"),
                ("KMSKeyAccessDenied", "no decrypt", "policy of the KMS key")):
            with self.subTest(code):
                self.function.failure = (code, reason)
                self.fails(f"AWS could not take the image: ‘{code}’: ‘{reason}.*’; .*{re.escape(advice)}")
                self.assertIn("the alias ‘live’ sends all events to version 1", self.message)
                self.assert_untouched()
        self.function.failure = None
        self.one()  # a function whose last update failed can have another one
        self.assert_traffic("2")

    def test_version_that_cannot_run(self):
        self.function.version_failure = ("FunctionError.InvalidEntryPoint", "exec format error")
        self.fails("it cannot run: ‘FunctionError.InvalidEntryPoint’: ‘exec format error’")
        self.assert_untouched()

    def test_refused_at_once(self):
        for operation, refusal, pattern in (
                ("DryRun", Refusal(403, "AccessDeniedException", "not authorized"), "a permission for this"),
                ("UpdateFunctionCode", Refusal(400, "InvalidParameterValueException", "Source image does not exist"),
                 "Source image does not exist.*HTTP 400"),
                ("PublishVersion", Refusal(400, "CodeStorageExceededException"), "delete versions that no alias needs"),
                ("Invoke", Refusal(403, "AccessDeniedException"), "lambda:InvokeFunction"),
                ("UpdateAlias", Refusal(404, "ResourceNotFoundException"), "UpdateAlias of the alias ‘live’")):
            with self.subTest(operation):
                self.function.latest.image = "other"  # so that each has an update
                self.aws.fault(operation, refusal)
                self.fails(pattern)
                self.assert_traffic()

    def test_kms_at_the_event(self):
        self.aws.fault("Invoke", Refusal(403, "KMSAccessDeniedException", "no decrypt"))
        self.fails("‘KMSAccessDeniedException’: ‘no decrypt’.*KMS key")
        self.assert_untouched()

    def test_too_many_requests(self):
        for operation in ("GetFunction", "UpdateFunctionCode", "PublishVersion", "Invoke", "UpdateAlias"):
            self.aws.fault(operation, Refusal(429, "TooManyRequestsException", headers={"Retry-After": "0"}))
        self.one()
        self.assert_traffic("2")
        self.assertIn("HTTP 429; trying again", self.message)

    def test_another_update_meanwhile(self):
        def start():
            self.function.latest.polls, self.function.latest.revision = 1, "theirs"

        self.aws.fault("DryRun", start, after=True)
        for operation in ("DryRun", "UpdateFunctionCode", "PublishVersion"):
            self.aws.fault(operation, Refusal(409, "ResourceConflictException"))
        self.one()
        self.assert_traffic("2")

    def test_function_changed_by_another_hand(self):
        self.aws.fault("DryRun", lambda: setattr(self.function.latest, "revision", "theirs"), after=True)
        self.fails("‘PreconditionFailedException’.*changed by another hand")
        self.assert_untouched()

    def test_another_image_meanwhile(self):
        def replace():
            self.function.latest.image = "h/theirs@sha256:" + "f" * 64

        self.aws.fault("UpdateFunctionCode", replace, after=True)
        self.fails("was given another image meanwhile")
        self.assert_untouched()

    def test_wrong_use(self):
        for exit_code, pattern, members in (
                (2, "not one of Amazon ECR", {"repository": "ghcr.io/geo/tiles"}),
                (2, "is in another region",
                 {"repository": "123456789012.dkr.ecr.us-east-1.amazonaws.com/tiles"}),
                (2, "its region is not known", {"region": None})):
            with self.subTest(pattern):
                self.env["AWS_ENDPOINT_URL"] = "" if "ghcr" in str(members) else self.aws.url
                self.assert_fails(exit_code, pattern, "deploy", self.profile(**members), env=self.env)
        self.assert_fails(2, "the profile has no ‘deploy’", "deploy", self.write_profile("other.json"), env=self.env)
        self.assert_fails(2, "needs --function", "deploy", "test", env=self.env)
        self.assert_fails(2, "--function is for images", "deploy", self.profile(), "--function", "f", env=self.env)
        self.assert_fails(2, "--wait is for images", "deploy", self.profile(), "--wait", "1s", env=self.env)
        self.assert_fails(2, "‘external_id’ requires ‘role’", "deploy", "test", "--function", "f", "--region", "r",
                          "--external-id", "x", "--repository", "h.example/a", env=self.env)
        self.assert_fails(2, "give one with --smoke", "deploy", "test", "--function", "f", "--init-duration", "1s",
                          env=self.env)
        self.assert_fails(1, "is not built; 'terrane build'", "deploy",
                          self.write_profile("new.json", name="new", deploy={"function": "f", "region": "r",
                                                                             "repository": "h.example/a"}),
                          env=self.env)
        self.assert_fails(2, "is the record of another image", "deploy", self.profile(), "--record",
                          self.write("other-record.json", '{"digest": "sha256:0"}'), env=self.env)
        self.assertEqual(self.aws.log, [])


class Smoke(DeployCase):
    def test_version_that_fails(self):
        error = {"errorType": "Runtime.ImportModuleError", "errorMessage": "No module named 'osgeo'"}
        for pattern, answer in (
                ("ImportModuleError’: ‘No module named 'osgeo'’\n.*the end of its log", {"error": error, "log": "boom\n"}),
                ("the answer: ‘ok’ is ‘false’, expected ‘true’", {"payload": {"ok": False}}),
                ("the initialisation took 3.500 s, at most 3.000 s is allowed", {"payload": {"ok": True}, "init": 3500})):
            with self.subTest(pattern):
                self.function.answer = lambda version, event, answer=answer: answer
                self.fails(pattern, exit_code=3, init_duration="3s")
                self.assert_untouched()

    def test_json_logs(self):
        record = {"type": "platform.report", "record": {"metrics": {"initDurationMs": 3001.5}}}
        self.function.answer = lambda version, event: {"payload": {"ok": True}, "log": json.dumps(record) + "\n"}
        self.fails("took 3.002 s", exit_code=3, init_duration="3s")

    def test_failure_behind_the_alias(self):
        """At the first step and at the last one: everything goes back."""
        for good, moves in ((1, [("1", {"2": 0.1}), ("1", {})]), (2, [("1", {"2": 0.1}), ("2", {}), ("1", {})])):
            with self.subTest(good=good):
                calls = []

                def answer(version, event, calls=calls, good=good):
                    calls.append(version)
                    return {"payload": {"ok": len(calls) <= good}}

                self.function.answer = answer
                self.aws.bodies.clear()
                deployment = self.fails("event ‘1’ to the alias live: the answer", exit_code=3, result="rolled_back")
                self.assertEqual(self.aws.shifts(), moves)
                self.assert_traffic()
                self.assertEqual([shift["weight"] for shift in deployment["shifts"]][-1], 0)
                self.assertIn("the alias ‘live’ sends all events to version 1", self.message)

    def test_errors_that_cloudwatch_counts(self):
        self.aws.errors = [2.0, 1.0]
        self.one(max_errors=3)
        self.assertIn("‘max_errors’ misses errors when ‘wait’ is 0.001 s", self.message)
        [asked] = self.aws.metrics  # the last step has no wait
        self.assertEqual({asked[f"Dimensions.member.{i}.Name"]: asked[f"Dimensions.member.{i}.Value"] for i in (1, 2, 3)},
                         {"FunctionName": "tiles", "Resource": "tiles:live", "ExecutedVersion": "2"})
        self.function.aliases["live"] |= {"version": "1", "revision": "again"}
        self.fails("CloudWatch has counted 3 errors of version 2 at the alias live, at most 2 are allowed", exit_code=3,
                   result="rolled_back", max_errors=2)
        self.assert_traffic()
        self.aws.fault("GetMetricStatistics", Refusal(403, "AccessDenied"))
        self.fails("‘AccessDenied’ .*cloudwatch:GetMetricStatistics", result="rolled_back", max_errors=0)
        self.assert_traffic()
        self.aws.fault("GetMetricStatistics", Refusal(400, "InvalidParameterValue"))
        self.assertNotIn("needs the permission", self.fails("‘InvalidParameterValue’", result="rolled_back", max_errors=0)["error"])
        self.aws.metrics_page = "<html><body>Sign in to the guest network</body></html>"
        self.fails("not one of CloudWatch", result="rolled_back", max_errors=0)
        self.assert_traffic()
        self.aws.errors, self.aws.metrics_page = [], METRICS
        self.one(max_errors=0)
        self.assert_traffic("2")
        self.one(max_errors=0, steps=["100%"])
        self.assertIn("‘max_errors’ is not looked at", self.message)

    def test_version_that_aws_wakes_up(self):
        self.aws.fault("Invoke", Refusal(409, "CodeArtifactUserPendingException"))
        self.one()
        self.assert_traffic("2")

    def test_record_that_cannot_be_written(self):
        directory = self.directory / "records"

        def deploy(exit_code):
            directory.mkdir()
            self.aws.fault("Invoke", directory.rmdir, after=True)
            self.one("--record", directory / "record.json", exit_code=exit_code)
            self.assertRegex(self.message, "the record .*record.json: .*No such file")

        self.function.answer = lambda version, event: {"payload": {"ok": False}}
        deploy(3)
        self.assertIn("the answer: ", self.message)
        self.function.answer = lambda version, event: {"payload": {"ok": True}}
        deploy(1)
        self.assert_traffic("2")

    def test_event_is_not_given_twice(self):
        self.aws.fault("Invoke", Drop(), after=True)
        self.fails("Invoke of the function")
        self.assertEqual(self.aws.count("Invoke"), 1)
        self.assert_untouched()


class Interrupted(DeployCase):
    def test_alias_moved_by_another_hand(self):
        def move():
            self.function.versions["9"] = self.function.versions["1"]
            self.function.aliases["live"] |= {"version": "9", "weights": {}, "revision": "theirs"}

        self.aws.fault("Invoke", move, after=True)
        deployment = self.fails("the alias ‘live’ was changed by another hand meanwhile: version ‘9’")
        self.assertEqual(deployment["traffic"], "the alias ‘live’ is as another hand made it")
        self.assert_traffic("9")
        self.function.aliases["live"] |= {"version": "1", "revision": "again"}
        self.aws.fault("UpdateAlias", move, after=True)
        self.fails("changed by another hand", result="left")
        self.assert_traffic("9")

    def test_lost_answers(self):
        for operation in ("UpdateFunctionCode", "PublishVersion", "UpdateAlias"):
            self.aws.fault(operation, Drop(), after=True)
        self.one()
        self.assert_traffic("2")
        self.assertEqual(sorted(self.function.versions), ["1", "2"])

    def test_shift_that_aws_made_and_denies(self):
        """The alias is asked for, since the answer to the shift is not all that can be wrong."""
        self.aws.fault("UpdateAlias", Refusal(403, "AccessDeniedException"), after=True)
        deployment = self.fails("AccessDenied", result="rolled_back")
        self.assertEqual([shift["weight"] for shift in deployment["shifts"]], [0])
        self.assert_traffic()

    def test_network_that_dies(self):
        self.aws.fault("Invoke", self.aws.die, skip=1, after=True)
        self.fails("connecting to port(.|\n)*could NOT be moved back to version 1", result="left")
        self.assert_traffic("1", {"2": 0.1})
        again = LambdaServer()
        self.addCleanup(again.stop)
        again.functions = self.aws.functions
        self.env["AWS_ENDPOINT_URL"] = again.url
        self.one()
        self.assert_traffic("2")

    def test_way_back_that_is_refused(self):
        """Targets that could not be moved back are reported, and the next run continues with them."""
        self.aws.fault("GetAlias", Refusal(403, "AccessDeniedException"), times=2, skip=1)
        deployment = self.fails("could NOT be moved back to version 1: look at it, and run 'aws lambda update-alias",
                                result="left")
        self.assertEqual(deployment["weight"], 0.1)
        self.assert_traffic("1", {"2": 0.1})
        self.aws.log.clear()
        self.one()
        self.assertIn("going on with a deployment of this image that was interrupted at 10.00 %", self.message)
        self.assertEqual(self.aws.changes(), ["UpdateAlias"])
        self.assert_traffic("2")

    def test_half_a_deployment_of_a_bad_version_goes_back(self):
        self.aws.fault("GetAlias", Refusal(403, "AccessDeniedException"), times=2, skip=1)
        self.fails("could NOT be moved back", result="left")
        self.function.answer = lambda version, event: {"payload": {"ok": False}}
        self.fails("the answer", exit_code=3, result="rolled_back")
        self.assert_traffic()

    def interrupt(self, number):
        argv = [TERRANE, "--store", self.store, "deploy", self.profile(wait="1h")]
        process = subprocess.Popen(argv, env=dict(os.environ, **self.env), stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 30
        while not self.aws.shifts() and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assert_traffic("1", {"2": 0.1})
        process.send_signal(number)
        message = process.communicate(timeout=30)[1]
        return process.returncode, message

    def test_signals(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number):
                self.aws.bodies.clear()
                exit_code, message = self.interrupt(number)
                self.assertEqual(exit_code, 130, message)
                self.assertIn("the alias ‘live’ sends all events to version 1", message)
                self.assert_traffic()

    def test_shift_that_comes_late(self):
        """AWS makes a change that was interrupted, after the alias was found where it belongs."""
        def interrupt():
            process.send_signal(signal.SIGINT)
            for line in process.stderr:
                if "moving the events" in line:  # it does not wait for the answer any more
                    raise Drop

        def make_late_change():
            body = next(body for operation, body in self.aws.bodies if operation == "UpdateAlias")
            try:
                self.aws.UpdateAlias(self.function, "live", None, body)
            except Refusal as refusal:
                refused.append(refusal.status)

        for operation, skip, refusals in (("GetAlias", 1, []), ("UpdateAlias", 0, [412])):
            with self.subTest(operation):
                self.aws.bodies.clear()
                refused = []
                self.aws.fault("UpdateAlias", interrupt)
                self.aws.fault(operation, make_late_change, skip=skip, after=True)
                process = subprocess.Popen([TERRANE, "--store", self.store, "deploy", self.profile()],
                                           env=dict(os.environ, **self.env), stderr=subprocess.PIPE, text=True)
                with process:
                    self.assertEqual(process.wait(timeout=30), 130)
                    message = process.stderr.read()
                self.assertEqual(refused, refusals)
                self.assertIn("the alias ‘live’ sends all events to version 1", message)
                self.assert_traffic()

    def test_killed(self):
        self.assertEqual(self.interrupt(signal.SIGKILL)[0], -signal.SIGKILL)
        self.assert_traffic("1", {"2": 0.1})
        self.one()
        self.assert_traffic("2")

    def test_credentials_that_expire(self):
        """Those of a program are asked for again; a role is taken on again."""
        keys = self.write("keys", "AKIDFIRST")
        script = self.write("keys.sh", f'#!/bin/sh\nread key < {keys}\nprintf \'{{"Version": 1, "AccessKeyId": "%s", '
                            f'"SecretAccessKey": "s", "SessionToken": "t"}}\' "$key"\n')
        script.chmod(0o755)
        self.write(".aws/config", f"[default]\ncredential_process = {script}\n").chmod(0o600)
        del self.env["AWS_ACCESS_KEY_ID"]
        self.env["AWS_CONFIG_FILE"] = str(self.directory / ".aws/config")

        def expire():
            self.aws.refused_keys.add("AKIDFIRST")
            keys.write_text("AKIDSECOND")

        self.aws.fault("PublishVersion", expire, after=True)
        self.one()
        self.assert_traffic("2")
        self.assertGreater(self.aws.keys["AKIDSECOND", "lambda"], 0)

    def test_credentials_that_are_gone(self):
        self.aws.fault("Invoke", lambda: self.aws.refused_keys.add("AKIDFIRST"), skip=1, after=True)
        self.fails("‘ExpiredTokenException’.*get new ones", result="left")
        self.aws.refused_keys.clear()
        self.one()
        self.assert_traffic("2")


class Several(DeployCase):
    def setUp(self):
        super().setUp()
        self.second = self.aws.add("thumbs", "us-east-1")

    def targets(self, **second):
        return {"function": "tiles", "region": None, "role": ROLE + "first", "external_id": "secret-id",
                "targets": [{"region": "eu-west-1"},
                            {"function": "thumbs", "region": "us-east-1", "role": ROLE + "second",
                             "repository": f"{self.registry.host}/thumbs", **second}]}

    def test_regions_and_roles(self):
        documents = self.deploy(**self.targets())["deployments"]
        self.assertEqual([item["version_arn"] for item in documents],
                         [self.function.arn + ":2", self.second.arn + ":2"])
        self.assertIn(self.digest, self.registry.manifests["thumbs"])
        self.assertEqual({form["RoleArn"]: form["ExternalId"] for form in self.aws.roles},
                         {ROLE + "first": "secret-id", ROLE + "second": "secret-id"})
        self.assertGreater(self.aws.keys["second", "lambda"], 0)
        self.assertEqual(self.aws.keys["AKIDFIRST", "lambda"], 0)
        for function in (self.function, self.second):
            self.assert_traffic("2", function=function)

    def test_nothing_moves_until_all_work(self):
        self.second.answer = lambda version, event: {"payload": {"ok": False}}
        documents = self.deploy(exit_code=3, **self.targets())["deployments"]
        self.assertEqual([item["result"] for item in documents], ["failed", "failed"])
        self.assertEqual(self.aws.shifts(), [])

    def test_all_go_back(self):
        calls = []

        def answer(version, event):
            calls.append(version)
            return {"payload": {"ok": len(calls) < 2}}

        self.second.answer = answer
        documents = self.deploy(exit_code=3, **self.targets())["deployments"]
        self.assertEqual([item["result"] for item in documents], ["rolled_back", "rolled_back"])
        for function in (self.function, self.second):
            self.assert_traffic(function=function)
        self.assertEqual(len(re.findall("sends all events to version 1", self.message)), 2)

    def test_nothing_is_changed_when_one_cannot_be(self):
        del self.second.aliases["live"]
        pushes = len(self.registry.requests("PUT"))
        self.deploy(exit_code=1, **self.targets())
        self.assertEqual(self.aws.changes(), [])
        self.assertEqual(len(self.registry.requests("PUT")), pushes)

    def test_same_one_twice(self):
        self.assert_fails(2, "is among the targets twice", "deploy",
                          self.profile(targets=[{}, {"steps": ["100%"]}]), env=self.env)
        self.assert_fails(2, "are one: its alias live is among the targets twice", "deploy",
                          self.profile(targets=[{}, {"function": self.function.arn}]), env=self.env)
        self.assert_untouched()
        self.function.aliases["beta"] = dict(self.function.aliases["live"])
        self.deploy(targets=[{}, {"function": self.function.arn, "alias": "beta"}])
        self.assertEqual({name: alias["version"] for name, alias in self.function.aliases.items()}, {"live": "2", "beta": "2"})


del DeployCase  # has no tests of its own

if __name__ == "__main__":
    unittest.main()
