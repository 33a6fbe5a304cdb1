"""terrane deploy --layer: zips as versions of layers, with moto as AWS.

moto takes no signature of Lambda's GETs, boto3's neither, so most requests go unchecked here; test_aws.py has them.
"""

import base64
import hashlib
import json
import os
import subprocess
import unittest
import zipfile

from terrane_test import TestCase, have
from test_aws import VENV, Moto

BOTO = """
import boto3, json, sys
url, key, secret, region, service, call, arguments = sys.argv[1:]
client = boto3.client(service, endpoint_url=url, region_name=region, aws_access_key_id=key, aws_secret_access_key=secret)
answer = getattr(client, call)(**json.loads(arguments))
if "Body" in answer:
    answer["Body"] = answer["Body"].read().hex()
print(json.dumps(answer, default=str))
"""


@unittest.skipUnless((VENV / "moto_server").exists(), "run scripts/install-moto")
class Layers(TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.moto = Moto()
        cls.addClassCleanup(cls.moto.stop)

    def setUp(self):
        super().setUp()
        self.name = self.directory.name.replace(".", "-")
        self.check_after(10**9)
        key, secret = self.moto.keys["able"]
        self.env = {"AWS_ENDPOINT_URL": self.moto.url, "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret,
                    "AWS_EC2_METADATA_DISABLED": "true", "HOME": str(self.directory), "AWS_REGION": "eu-west-1",
                    "AWS_DEFAULT_REGION": "", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "", "AWS_CONFIG_FILE": str(self.directory / "none"),
                    "AWS_SHARED_CREDENTIALS_FILE": str(self.directory / "none")}

    def check_after(self, requests):
        """Signatures and permissions are checked after so many requests."""
        self.moto.ask("reset-auth", str(requests).encode())

    def boto(self, region, service, call, **arguments):
        key, secret = self.moto.keys["able"]
        result = subprocess.run([VENV / "python", "-c", BOTO, self.moto.url, key, secret, region, service, call, json.dumps(arguments)],
                                check=True, capture_output=True, text=True)
        return json.loads(result.stdout)

    def versions(self, region, name=None):
        return sorted(row["Version"] for row in self.boto(region, "lambda", "list_layer_versions", LayerName=name or self.name)["LayerVersions"])

    def build_layer(self, content=b"one", outputs=("lambda-layer:layer.zip",)):
        """A record, and the zip that it is about."""
        self.write("tree/python/data", content)
        profile = self.write_profile(target="aws-lambda", trees=[{"name": "t", "directory": "tree", "prefix": "/opt"}],
                                     checks={"lambda.*": {"level": "off", "reason": "test"}}, config={"cmd": ["a.b"]})
        self.build(profile, "--no-validate", "--record", "record.json", *(word for output in outputs for word in ("-o", output)), cwd=self.directory)
        return self.directory / "record.json"

    def deploy(self, *arguments, exit_code=0):
        result = self.run_terrane("--json", "deploy", "--layer", self.name, *arguments, cwd=self.directory, env=self.env, exit_code=exit_code)
        self.message = result.stderr
        return json.loads(result.stdout)

    def fails(self, exit_code, pattern, *arguments):
        self.assert_fails(exit_code, pattern, "deploy", "--layer", self.name, *arguments, cwd=self.directory, env=self.env)

    def test_all_of_it(self):
        record = self.build_layer()
        document = json.loads(record.read_text())
        document["lambda"]["runtime"] = "python3.12"  # as if the base had it
        record.write_text(json.dumps(document))
        options = ["--regions", "eu-west-1,us-east-1", "--record", record, "--description", "GDAL", "--license", "MIT", "layer.zip"]
        report = self.deploy(*options)
        digest = base64.b64encode(hashlib.sha256((self.directory / "layer.zip").read_bytes()).digest()).decode()
        arns = {region: [f"arn:aws:lambda:{region}:123456789012:layer:{self.name}:1"] for region in ("eu-west-1", "us-east-1")}
        self.assertEqual(report["layer_arns"], arns)
        written = json.loads(record.read_text())["lambda"]
        self.assertEqual((written["layers"], written["layer_arns"]), (report["layers"], arns))
        self.assertEqual(written["files"][0]["code_sha256"], digest)  # what the build wrote is still there
        for layer in report["layers"]:
            found = self.boto(layer["region"], "lambda", "get_layer_version", LayerName=self.name, VersionNumber=1)
            self.assertEqual((found["LayerVersionArn"], found["Content"]["CodeSha256"], found["Content"]["CodeSize"]), (layer["arn"], digest, layer["size"]))
            self.assertEqual((found["Description"], found["LicenseInfo"], found["CompatibleArchitectures"]), ("GDAL", "MIT", ["x86_64"]))
            self.assertEqual(found["CompatibleRuntimes"], ["python3.12"])
            self.assertEqual((layer["name"], layer["version"], layer["unchanged"], layer["code_sha256"]), (self.name, 1, False, digest))

        # An existing layer is not published again; other content is the next version.
        again = self.deploy(*options)
        self.assertEqual((again["layer_arns"], [layer["unchanged"] for layer in again["layers"]]), (arns, [True, True]))
        self.assertEqual(self.versions("us-east-1"), [1])
        self.build_layer(b"two")
        self.assertEqual({arns[0][-2:] for arns in self.deploy(*options)["layer_arns"].values()}, {":2"})
        self.assertEqual(self.versions("eu-west-1"), [1, 2])

    def test_several_files(self):
        record = self.build_layer(os.urandom(900000))
        self.write("tree/python/other", os.urandom(900000))
        self.build_layer(os.urandom(900000), ["lambda-layer:layer.zip,split=1MB"])
        report = self.deploy("--record", record, "layer-1.zip", "layer-2.zip")
        self.assertEqual(report["layer_arns"], {"eu-west-1": [f"arn:aws:lambda:eu-west-1:123456789012:layer:{self.name}-{part}:1" for part in (1, 2)]})
        # One that another build wrote is not of this record.
        with zipfile.ZipFile(self.directory / "layer-3.zip", "w") as archive:
            archive.writestr("a", "b")
        self.fails(2, "layer-3.zip: the build of the record .*record.json wrote no such layer", "--record", record, "layer-1.zip", "layer-3.zip")
        self.fails(2, "these are 6 layers, and a function takes 5", *["layer-1.zip"] * 6)

    def test_by_way_of_s3(self):
        self.build_layer()
        self.boto("eu-west-1", "s3", "create_bucket", Bucket=f"{self.name}-eu-west-1", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        options = ["--regions", "eu-west-1", "--regions", "us-east-1", "--record", "record.json", "--bucket", f"{self.name}-{{region}}", "layer.zip"]
        self.check_after(1)  # PutObject and PublishLayerVersion are checked, and the second region's ListLayerVersions fails
        report = self.deploy(*options, exit_code=1)
        self.assertEqual(list(report["layer_arns"]), ["eu-west-1"])
        self.check_after(10**9)
        report = self.deploy(*options, exit_code=1)
        self.assertRegex(self.message, f"PutObject into the bucket {self.name}-us-east-1 in us-east-1: ‘NoSuchBucket’ .*create the bucket")
        self.assertEqual(list(report["layer_arns"]), ["eu-west-1"])
        self.assertEqual(list(json.loads((self.directory / "record.json").read_text())["lambda"]["layer_arns"]), ["eu-west-1"])
        content = (self.directory / "layer.zip").read_bytes()
        stored = self.boto("eu-west-1", "s3", "get_object", Bucket=f"{self.name}-eu-west-1",
                           Key=f"layers/{self.name}/{hashlib.sha256(content).hexdigest()}.zip")
        self.assertEqual(bytes.fromhex(stored["Body"]), content)
        # Another run continues where the first stopped.
        self.boto("us-east-1", "s3", "create_bucket", Bucket=f"{self.name}-us-east-1")
        self.assertEqual([layer["unchanged"] for layer in self.deploy(*options)["layers"]], [True, False])

    def test_a_dry_run(self):
        self.build_layer()
        self.env["AWS_ENDPOINT_URL"] = "http://127.0.0.1:1"
        plan = self.deploy("--dry-run", "--bucket", "some-{region}", "layer.zip")["plan"]
        digest = hashlib.sha256((self.directory / "layer.zip").read_bytes()).hexdigest()
        self.assertEqual([(step["operation"], step["method"], step["url"]) for step in plan], [
            ("ListLayerVersions", "GET", f"http://127.0.0.1:1/2018-10-31/layers/{self.name}/versions"),
            ("PutObject", "PUT", f"s3://some-eu-west-1/layers/{self.name}/{digest}.zip"),
            ("PublishLayerVersion", "POST", f"http://127.0.0.1:1/2018-10-31/layers/{self.name}/versions")])
        self.assertEqual(json.loads(plan[2]["body"])["Content"]["S3Bucket"], "some-eu-west-1")
        plan = self.deploy("--dry-run", "layer.zip")["plan"]
        self.assertEqual(json.loads(plan[1]["body"])["Content"], {"ZipFile": "FILE"})
        # 140 characters, by Lambda's API, with the number of one of several.
        for exit_code, length, files in ((0, 140, 1), (2, 141, 1), (0, 138, 2), (2, 139, 2)):
            words = ["deploy", "--dry-run", "--layer", "n" * length, *["layer.zip"] * files]
            self.run_terrane(*words, exit_code=exit_code, cwd=self.directory, env=self.env)

    def test_what_is_refused(self):
        record = self.build_layer()
        self.write("empty.zip", b"PK\x05\x06" + bytes(18))
        with zipfile.ZipFile(self.directory / "large.zip", "w") as archive:
            archive.writestr("zeros", bytes(53000000))
        self.fails(2, "profile.json: is not a zip; 'terrane build --output lambda-layer:FILE' writes one", "profile.json")
        self.fails(1, "absent.zip: .*No such file", "absent.zip")
        self.fails(2, "empty.zip: it is empty", "empty.zip")
        self.fails(2, "large.zip: 53.0 MB is more than one request to Lambda may have .*--bucket", "large.zip")
        self.fails(2, "‘EU west’ cannot be a region of AWS", "--regions", "eu-west-1,EU west", "layer.zip")
        self.fails(2, "‘x_y’ cannot be a bucket", "--bucket", "x_y", "layer.zip")
        self.write("other.json", json.dumps({"version": 1, "digest": "sha256:" + "0" * 64}))
        self.fails(2, "the record other.json has no ‘lambda’", "--record", "other.json", "layer.zip")
        self.fails(1, "the record none.json: .*No such file", "--record", "none.json", "layer.zip")
        self.assert_fails(2, "‘a layer’ cannot be a layer: letters, digits", "deploy", "--layer", "a layer", "layer.zip", cwd=self.directory, env=self.env)
        self.assert_fails(2, "--regions requires --layer", "deploy", "--regions", "eu-west-1", "layer.zip", cwd=self.directory, env=self.env)
        self.check_after(1)
        self.env["AWS_ACCESS_KEY_ID"], self.env["AWS_SECRET_ACCESS_KEY"] = self.moto.keys["unable"]
        self.fails(1, "PublishLayerVersion of the layer .*AccessDenied", "--record", record, "layer.zip")
        self.check_after(1)
        self.fails(1, "PutObject into the bucket some-bucket in eu-west-1: .*needs s3:PutObject", "--record", record, "--bucket", "some-bucket", "layer.zip")
        self.env["AWS_REGION"] = ""
        self.fails(2, "no region is known; give --regions", "layer.zip")


if __name__ == "__main__":
    unittest.main()
