"""Amazon ECR and the AWS credential chain: moto as AWS, which checks signatures, and a registry with its passwords.

scripts/install-moto installs moto and botocore into build/venv.
"""

import base64
import datetime
import hashlib
import http.server
import json
import os
import random
import secrets
import stat
import subprocess
import threading
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

from ecr_like_registry import EXPIRED, Authority, FakeRegistry, Proxy
from terrane_test import TERRANE, TOP, TestCase, free_port, have, remove_tree, wait_for_port

VENV = TOP / "build/venv/bin"
PROBE = os.path.join(os.environ.get("BUILD_DIR", str(TOP / "build/dev")), "tests/sigv4-probe")
HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
IMAGE = f"docker://{HOST}/geo/app:v1"
ROLE = "arn:aws:iam::123456789012:role/pusher"
PASSWORD = "123456789012-auth-token"  # moto's, for the user AWS

# Makes two users, one with all rights, and a role, while moto does not check anything yet.
PREPARE = """
import boto3, json, sys
iam = boto3.client("iam", endpoint_url=sys.argv[1], region_name="eu-west-1", aws_access_key_id="x",
                   aws_secret_access_key="x")
allow = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
trust = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                                                              "Principal": {"AWS": "*"}}]})
keys = {}
for user in ("able", "unable"):
    iam.create_user(UserName=user)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    keys[user] = [key["AccessKeyId"], key["SecretAccessKey"]]
iam.put_user_policy(UserName="able", PolicyName="allow", PolicyDocument=allow)
iam.create_role(RoleName="pusher", AssumeRolePolicyDocument=trust)
iam.put_role_policy(RoleName="pusher", PolicyName="allow", PolicyDocument=allow)
sts = boto3.client("sts", endpoint_url=sys.argv[1], region_name="eu-west-1", aws_access_key_id="x",
                   aws_secret_access_key="x")
session = sts.assume_role(RoleArn="arn:aws:iam::123456789012:role/pusher", RoleSessionName="test")["Credentials"]
keys["session"] = [session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"]]
print(json.dumps(keys))
"""

# Signs the requests of a JSON array on stdin as botocore does.
BOTOCORE = """
import json, sys
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
for item in json.load(sys.stdin):
    url = "https://" + item["host"] + item["path"] + ("?" + item["query"] if item["query"] else "")
    request = AWSRequest(item["method"], url, headers=dict(item["headers"]), data=item["body"].encode())
    signer = SigV4Auth(Credentials(item["access_key"], item["secret_key"], item["token"]), item["service"],
                       item["region"])
    request.context["timestamp"] = item["time"]
    signer._modify_request_before_signing(request)
    text = signer.string_to_sign(request, signer.canonical_request(request))
    signer._inject_signature_to_request(request, signer.signature(text, request))
    print(request.headers["Authorization"])
"""


def in_seconds(seconds):
    return (datetime.datetime.now(datetime.timezone.utc)
            + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Service(http.server.ThreadingHTTPServer):
    """An HTTP server with one function: (method, path, headers, body) -> (status, document or text)."""

    daemon_threads = True
    block_on_close = False

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.server.log.append(f"{self.command} {self.path}")
            status, answer = self.server.function(self.command, self.path, self.headers, body)
            data = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_PUT = do_POST = answer

        def log_message(self, *_):
            pass

    def handle_error(self, request, client_address):
        pass  # clients that do not wait for an answer are part of the tests

    def __init__(self, function):
        super().__init__(("127.0.0.1", 0), self.Handler)
        self.function, self.log = function, []
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self):
        self.shutdown()
        self.server_close()


class Moto:
    def __init__(self):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen([VENV / "moto_server", "-H", "127.0.0.1", "-p", str(port)],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for_port(port, self.process, 60)
            self.keys = json.loads(subprocess.run([VENV / "python", "-c", PREPARE, self.url], check=True,
                                                  capture_output=True, text=True).stdout)
            self.ask("reset-auth", b"0")
        except BaseException:
            self.stop()
            raise

    def ask(self, path, body=None):
        request = urllib.request.Request(f"{self.url}/moto-api/{path}", body, {"Content-Type": "text/plain"})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def repositories(self):
        return {item["name"] for item in self.ask("data.json").get("ecr", {}).get("Repository", [])}

    def stop(self):
        self.process.terminate()
        self.process.wait()


class KnownToMoto:
    """The repositories that a registry has, when moto has them."""

    def __init__(self, moto):
        self.moto = moto

    def __contains__(self, name):
        return name in self.moto.repositories()


@unittest.skipUnless((VENV / "moto_server").exists() and have("openssl"), "run scripts/install-moto; needs openssl")
class AwsCase(TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.common = TestCase("run")
        TestCase.setUp(cls.common)
        cls.addClassCleanup(remove_tree, cls.common.directory)
        cls.common.build(cls.common.write_profile())
        cls.authority = Authority(cls.common.directory / "authority", HOST)
        cls.moto = Moto()
        cls.addClassCleanup(cls.moto.stop)

    def setUp(self):
        super().setUp()
        self.key, self.secret = self.moto.keys["able"]
        self.secrets = {self.secret, self.moto.keys["unable"][1], *self.moto.keys["session"][1:], PASSWORD,
                        base64.b64encode(f"AWS:{PASSWORD}".encode()).decode()}
        self.registry = self.start_registry()
        home = str(self.directory)
        self.env = {
            "PATH": os.environ["PATH"], "HOME": home, "XDG_RUNTIME_DIR": home, "XDG_CONFIG_HOME": f"{home}/config",
            "DOCKER_CONFIG": f"{home}/docker", "SSL_CERT_FILE": str(self.authority.certificate),
            "HTTPS_PROXY": self.proxy.url, "NO_PROXY": "127.0.0.1", "AWS_ENDPOINT_URL": self.moto.url,
            "AWS_EC2_METADATA_DISABLED": "true",
            **{name: value for name, value in os.environ.items() if name.startswith(("ASAN_", "UBSAN_", "LSAN_"))},
        }

    def start_registry(self, **options):
        options = {"auth": "basic", "user": "AWS", "password": PASSWORD, **options}
        registry = FakeRegistry(authority=self.authority, **options)
        self.addCleanup(registry.__exit__)
        self.proxy = Proxy(registry.port)
        self.addCleanup(self.proxy.__exit__)
        return registry

    def use_registry(self, **options):
        self.registry = self.start_registry(**options)
        self.env["HTTPS_PROXY"] = self.proxy.url

    def serve(self, function):
        service = Service(function)
        self.addCleanup(service.stop)
        return service

    def secret_text(self, kind="secret"):
        text = f"{kind}-{secrets.token_hex(8)}"
        self.secrets.add(text)
        return text

    def push(self, *arguments, exit_code=0, image=IMAGE):
        """Runs terrane with self.env alone; nothing of what it says may be a secret. Returns stderr."""
        argv = [TERRANE, "--store", self.common.store, "--verbose", "push", *arguments, "test", image]
        result = subprocess.run(argv, capture_output=True, text=True, env=self.env, timeout=60)
        self.assertEqual(result.returncode, exit_code, result.stderr)
        for secret in self.secrets:
            self.assertNotIn(secret, result.stdout + result.stderr)
        self.assertEqual("v1" in self.registry.manifests["geo/app"], exit_code == 0)
        self.output = result.stdout
        return result.stderr

    def fails(self, pattern, *arguments, exit_code=1, **options):
        message = self.push(*arguments, exit_code=exit_code, **options)
        self.assertRegex(message, pattern)
        return message

    def aws_file(self, name, text):
        path = self.write(f".aws/{name}", text)
        path.chmod(0o600)
        return path

    def keys(self, key=None, secret=None):
        return f"aws_access_key_id = {key or self.key}\naws_secret_access_key = {secret or self.secret}\n"

    def document(self, expires=3600, token_key="Token"):
        key, secret, token = self.moto.keys["session"]
        return {"Version": 1, "AccessKeyId": key, "SecretAccessKey": secret, token_key: token,
                "Expiration": in_seconds(expires)}

    def use_keys(self, key=None, secret=None):
        self.env |= {"AWS_ACCESS_KEY_ID": key or self.key, "AWS_SECRET_ACCESS_KEY": secret or self.secret}


class Environment(AwsCase):
    def test_keys(self):
        self.use_keys()
        self.push()
        self.assertIn(f"CONNECT {HOST}:443", self.proxy.targets)

    def test_keys_with_a_session_token(self):
        key, secret, token = self.moto.keys["session"]
        self.use_keys(key, secret)
        self.env["AWS_SESSION_TOKEN"] = self.secret_text("wrong")
        self.fails(r"GetAuthorizationToken: .*\(HTTP 403\)")
        self.env["AWS_SESSION_TOKEN"] = token
        self.push()

    def test_half_of_the_keys(self):
        self.env["AWS_ACCESS_KEY_ID"] = self.key
        self.fails(r"\$AWS_ACCESS_KEY_ID is set and \$AWS_SECRET_ACCESS_KEY is not")

    def test_expired_keys(self):
        self.use_keys()
        self.env["AWS_CREDENTIAL_EXPIRATION"] = in_seconds(-60)
        self.fails("the environment: the credentials have expired")

    def test_wrong_secret(self):
        self.use_keys(secret=self.secret_text())
        self.fails(r"GetAuthorizationToken: .*\(HTTP 403\), with AWS credentials from the environment")

    def test_unknown_key(self):
        self.use_keys(key="AKIAUNKNOWNUNKNOWN00", secret=self.secret_text())
        self.fails(r"GetAuthorizationToken: .*\(HTTP 403\), with AWS credentials from the environment")

    def test_nothing_found(self):
        message = self.fails("AWS credentials: none found")
        for pattern in ("the environment: no AWS_ACCESS_KEY_ID", "the profile ‘default’: no keys", "the container: no",
                        r"the machine: switched off by \$AWS_EC2_METADATA_DISABLED"):
            self.assertRegex(message, pattern)

    def test_errors_as_aws_words_them(self):
        cases = {
            ("com.amazonaws.ecr#AccessDeniedException", "User: x is not authorized to perform: y"):
                "‘AccessDeniedException’: ‘User: x.*; the identity needs the permission ecr:GetAuthorizationToken on",
            ("UnrecognizedClientException", "The security token included in the request is invalid."):
                "AWS does not know this access key",
            ("InvalidSignatureException", "The request signature we calculated does not match"):
                "‘InvalidSignatureException’: ‘The request.* calculated does not match’ .HTTP 400.*"
                "the secret key is wrong, or this machine's clock",
            ("ExpiredTokenException", "The security token included in the request is expired"):
                "the AWS credentials have expired; get new ones",
            ("com.amazonaws.ecr#ServerException\n\x1b[31m", None): r"ServerException[^\n\x1b]*\(HTTP 400\)",
        }
        self.use_keys()
        for (code, message), pattern in cases.items():
            with self.subTest(code):
                service = self.serve(lambda *_, body={"__type": code, "message": message}: (400, body))
                self.env["AWS_ENDPOINT_URL_ECR"] = service.url
                self.fails(pattern)

    def test_answers_that_are_none(self):
        self.use_keys()
        for answer in ("", "<html>", "[]", {}, {"authorizationData": []},
                       {"authorizationData": [{"authorizationToken": "%%%"}]},
                       {"authorizationData": [{"authorizationToken": base64.b64encode(b"no colon").decode()}]}):
            with self.subTest(answer):
                self.env["AWS_ENDPOINT_URL_ECR"] = self.serve(lambda *_, body=answer: (200, body)).url
                self.fails("asking Amazon ECR for a password")


class Later(AwsCase):
    """AWS says "later" in its own ways, with HTTP 400; the SDKs ask again."""

    def throttled(self, variable, answers, then=None):
        """The service of @variable gives @answers in turn, and then moto's (or @then's)."""
        answers = list(answers)

        def answer(method, path, headers, body):
            if answers:
                return answers.pop(0)
            if then is not None:
                return then
            request = urllib.request.Request(self.moto.url + path, body, {
                name: value for name, value in headers.items() if name.lower() not in ("content-length", "connection")})
            try:
                with urllib.request.urlopen(request) as response:
                    return response.status, response.read().decode()
            except urllib.error.HTTPError as error:
                return error.code, error.read().decode()

        service = self.serve(answer)
        self.env[variable] = service.url
        return service

    @staticmethod
    def sts(code, message="x"):
        return 400, (f'<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>{code}'
                     f"</Code><Message>{message}</Message></Error><RequestId>1</RequestId></ErrorResponse>")

    def test_ecr(self):
        token = base64.b64encode(f"AWS:{PASSWORD}".encode()).decode()
        service = self.throttled("AWS_ENDPOINT_URL_ECR", [
            (400, {"__type": "ThrottlingException", "message": "Rate exceeded"}),
            (400, {"__type": "com.amazonaws.ecr#RequestLimitExceeded"})],
            (200, {"authorizationData": [{"authorizationToken": token, "expiresAt": 4e9}]}))
        self.use_keys()
        self.push()
        self.assertEqual(len(service.log), 3)

    def test_sts(self):
        self.env |= {"AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": str(self.write("token", "a.b.c"))}
        for answer in (self.sts("Throttling", "Rate exceeded"), self.sts("IDPCommunicationError"),
                       self.sts("InvalidIdentityToken", "Couldn't retrieve verification key from your identity provider, please "
                                                        "reference AssumeRoleWithWebIdentity documentation for requirements")):
            service = self.throttled("AWS_ENDPOINT_URL_STS", [answer], self.sts("AccessDenied", "no"))
            self.fails("AccessDenied")
            self.assertEqual(len(service.log), 2)

    def test_what_is_final(self):
        self.env |= {"AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": str(self.write("token", "a.b.c"))}
        service = self.throttled("AWS_ENDPOINT_URL_STS", [], self.sts("InvalidIdentityToken", "No OpenIDConnect provider found"))
        self.fails("No OpenIDConnect provider found")
        self.assertEqual(len(service.log), 1)


class Files(AwsCase):
    def test_default_profile(self):
        self.aws_file("credentials", "[default]\n" + self.keys())
        self.push()

    def test_named_profile(self):
        self.aws_file("credentials", "[default]\n" + self.keys(secret=self.secret_text()) + "[work]\n" + self.keys())
        self.env["AWS_PROFILE"] = "work"
        self.push()

    def test_indented_keys(self):
        self.aws_file("credentials", "[default]\n" + "".join(f"  {line}\n" for line in self.keys().splitlines()))
        self.push()

    def test_files_of_other_names(self):
        self.env["AWS_SHARED_CREDENTIALS_FILE"] = str(self.write("c", "[default]\n" + self.keys()))
        self.env["AWS_CONFIG_FILE"] = str(self.directory / "none")
        self.push()

    def test_missing_profile(self):
        self.env["AWS_PROFILE"] = "nobody"
        self.fails(r"the profile ‘nobody’ of \$AWS_PROFILE is in neither")

    def test_broken_file_shows_no_value(self):
        self.aws_file("credentials", f"[default]\naws_access_key_id = x\n{self.secret}\n")
        self.fails(r"credentials:3: expected ‘key = value’")

    def test_assumed_role(self):
        self.aws_file("credentials", "[base]\n" + self.keys())
        self.aws_file("config", f"[profile role]\nrole_arn = {ROLE}\nsource_profile = base\nexternal_id = a:b/c\n")
        self.env["AWS_PROFILE"] = "role"
        self.push()

    def test_role_of_a_role(self):
        self.aws_file("credentials", "[base]\n" + self.keys())
        self.aws_file("config", f"[profile one]\nrole_arn = {ROLE}\nsource_profile = base\n"
                      f"[profile two]\nrole_arn = {ROLE}\nsource_profile = one\nrole_session_name = me\n")
        self.env["AWS_PROFILE"] = "two"
        self.push()

    def test_role_with_the_wrong_secret(self):
        self.aws_file("credentials", "[base]\n" + self.keys(secret=self.secret_text()))
        self.aws_file("config", f"[profile role]\nrole_arn = {ROLE}\nsource_profile = base\n")
        self.env["AWS_PROFILE"] = "role"
        self.fails("STS does not let ‘arn:aws:iam::123456789012:role/pusher’ be assumed: ‘SignatureDoesNotMatch’")

    def test_role_that_is_denied(self):
        self.aws_file("credentials", "[base]\n" + self.keys(*self.moto.keys["unable"]))
        self.aws_file("config", f"[profile role]\nrole_arn = {ROLE}\nsource_profile = base\n")
        self.env["AWS_PROFILE"] = "role"
        self.fails("be assumed: ‘AccessDenied’: ‘User: .*user/unable is not authorized to perform: sts:AssumeRole")

    def test_role_from_the_environment(self):
        self.use_keys()
        environment = {name: self.env.pop(name) for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
        self.aws_file("config", f"[profile role]\nrole_arn = {ROLE}\ncredential_source = Environment\n")
        self.env["AWS_PROFILE"] = "role"
        self.fails("credential_source Environment has no credentials")
        self.env |= environment
        self.push()

    def test_circle_of_profiles(self):
        self.aws_file("config", f"[profile a]\nrole_arn = {ROLE}\nsource_profile = b\n"
                      f"[profile b]\nrole_arn = {ROLE}\nsource_profile = a\n")
        self.env["AWS_PROFILE"] = "a"
        self.fails("AWS credentials: the profile ‘a’: source_profile goes round in a circle")
        self.aws_file("config", f"[profile a]\nrole_arn = {ROLE}\nsource_profile = b\n"
                      f"[profile b]\nrole_arn = {ROLE}\nsource_profile = c\n"
                      f"[profile c]\nrole_arn = {ROLE}\nsource_profile = b\n")
        self.fails("the profile ‘a’: source_profile goes round in a circle")

    def test_profile_that_is_its_own_source(self):
        self.aws_file("config", f"[profile a]\nrole_arn = {ROLE}\nsource_profile = a\n" + self.keys())
        self.env["AWS_PROFILE"] = "a"
        self.push()

    def use_process(self, script):
        path = self.write("a program", f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        self.aws_file("config", f"[default]\ncredential_process = '{path}' --an argument\n")

    def test_process(self):
        document = self.document(token_key="SessionToken")
        self.use_process(f"[ \"$*\" = '--an argument' ] && cat <<'END'\n{json.dumps(document)}\nEND")
        self.push()

    def test_empty_session_token(self):
        """It is not a token, and is neither sent nor signed."""
        script = self.write("process", "#!/bin/sh\necho '" + json.dumps({
            "Version": 1, "AccessKeyId": self.key, "SecretAccessKey": self.secret, "SessionToken": "", "Expiration": ""}) + "'\n")
        script.chmod(0o700)
        self.aws_file("config", f"[default]\ncredential_process = {script}\n")
        self.push()
        self.registry.manifests.clear()
        self.aws_file("config", "")
        self.aws_file("credentials", f"[default]\n{self.keys()}aws_session_token =\n")
        self.push()

    def test_services(self):
        ecr = self.serve(lambda *_: (400, {"__type": "AccessDeniedException", "message": "the ecr of the section"}))
        self.aws_file("config", f"[default]\nservices = mine\nendpoint_url = {self.moto.url}\n[services mine]\necr =\n"
                                f"  endpoint_url = {ecr.url}\n")
        self.aws_file("credentials", f"[default]\n{self.keys()}")
        del self.env["AWS_ENDPOINT_URL"]
        self.fails("the ecr of the section")
        self.env["AWS_ENDPOINT_URL_ECR"] = self.moto.url
        self.push()

    def test_fips(self):
        """The name of the host that is asked, as botocore's rules have it."""
        self.aws_file("credentials", f"[default]\n{self.keys()}[role]\nrole_arn = {ROLE}\nsource_profile = default\n")
        del self.env["AWS_ENDPOINT_URL"]
        self.env |= {"AWS_PROFILE": "role"}
        for variables, host in (({}, "sts.eu-west-1.amazonaws.com"),
                                ({"AWS_USE_FIPS_ENDPOINT": "true"}, "sts-fips.eu-west-1.amazonaws.com"),
                                ({"AWS_USE_FIPS_ENDPOINT": "True", "AWS_REGION": "us-gov-west-1"}, "sts.us-gov-west-1.amazonaws.com"),
                                ({"AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true"}, "sts-fips.eu-west-1.api.aws")):
            before = dict(self.env)
            self.env |= variables
            self.proxy.targets.clear()
            self.push(exit_code=1)
            self.assertEqual({target for target in self.proxy.targets if "sts" in target}, {f"CONNECT {host}:443"})
            self.env = before

    def test_expired_process(self):
        document = self.document(-60, "SessionToken")
        self.use_process(f"cat <<'END'\n{json.dumps(document)}\nEND")
        self.fails("credential_process of the profile ‘default’: its output: the credentials have expired")

    def test_failing_process(self):
        self.use_process("echo cannot do it >&2; exit 3")
        self.fails("credential_process of the profile ‘default’: failed with exit code 3: ‘cannot do it’")
        self.use_process(f"echo '{self.secret}'")
        self.fails("its output is not a JSON object with AccessKeyId and SecretAccessKey")
        self.aws_file("config", "[default]\ncredential_process = /no/such/program\n")
        self.fails("credential_process of the profile ‘default’.*/no/such/program")
        self.aws_file("config", "[default]\ncredential_process = p \"" + self.secret_text() + "\n")
        self.fails("cannot be split into arguments; check its quotation marks")


class WebIdentity(AwsCase):
    def setUp(self):
        super().setUp()
        self.token = self.secret_text("jwt")
        self.env |= {"AWS_ROLE_ARN": ROLE, "AWS_ENDPOINT_URL_STS": self.serve(self.answer_sts).url}
        self.forms = []

    def answer_sts(self, method, path, headers, body):
        """Gives moto's answer, and keeps what was asked."""
        self.forms.append(dict(urllib.parse.parse_qsl(body.decode())) | {"signed": "Authorization" in headers})
        request = urllib.request.Request(self.moto.url + path, body, dict(headers))
        try:
            with urllib.request.urlopen(request) as answer:
                return 200, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def check_form(self, session="terrane"):
        self.assertEqual(self.forms[-1], {
            "Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "RoleArn": ROLE,
            "RoleSessionName": session, "WebIdentityToken": self.token, "signed": False})

    def test_token_file(self):
        self.env["AWS_WEB_IDENTITY_TOKEN_FILE"] = str(self.write("token", self.token + "\n"))
        self.env["AWS_ROLE_SESSION_NAME"] = "me"
        self.moto.ask("reset-auth", b"1")  # moto takes no request without a signature otherwise
        self.push()
        self.check_form("me")

    def test_token_file_of_a_profile(self):
        path = self.write("token", self.token)
        del self.env["AWS_ROLE_ARN"]
        self.aws_file("config", f"[default]\nrole_arn = {ROLE}\nweb_identity_token_file = {path}\n")
        self.moto.ask("reset-auth", b"1")
        self.push()
        self.check_form()

    def test_empty_token_file(self):
        self.env |= {"AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": str(self.write("token", " \n"))}
        self.fails("web identity of the environment: the token file ‘.*token’ is empty")
        self.write("token", "")
        self.fails("web identity of the environment: the token file ‘.*token’ is empty")

    def test_missing_token_file(self):
        self.env["AWS_WEB_IDENTITY_TOKEN_FILE"] = str(self.directory / "none")
        self.fails("web identity of the environment: .*/none")

    def test_refusal(self):
        self.env["AWS_WEB_IDENTITY_TOKEN_FILE"] = str(self.write("token", self.token))
        error = ("<ErrorResponse xmlns='https://sts.amazonaws.com/doc/2011-06-15/'><Error><Type>Sender</Type>"
                 "<Code>InvalidIdentityToken</Code><Message>No OpenIDConnect provider found</Message></Error>"
                 "<RequestId>1</RequestId></ErrorResponse>")
        self.env["AWS_ENDPOINT_URL_STS"] = self.serve(lambda *_: (400, error)).url
        self.fails("be assumed: ‘InvalidIdentityToken’: ‘No OpenIDConnect provider found’ .HTTP 400")

    def test_github(self):
        bearer = self.secret_text("bearer")

        def github(method, path, headers, body):
            right = (method, path, headers["Authorization"]) == ("GET", "/id?api-version=2&audience=sts.amazonaws.com",
                                                                 f"bearer {bearer}")
            return (200, {"value": self.token}) if right else (401, {"message": "no"})

        self.env |= {"ACTIONS_ID_TOKEN_REQUEST_URL": self.serve(github).url + "/id?api-version=2",
                     "ACTIONS_ID_TOKEN_REQUEST_TOKEN": bearer}
        self.moto.ask("reset-auth", b"1")
        self.push()
        self.check_form()
        self.env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = self.secret_text("wrong")
        self.registry.manifests.clear()
        self.fails("GitHub's OIDC token: the response contains no token .HTTP 401")


class SingleSignOn(AwsCase):
    def setUp(self):
        super().setUp()
        self.aws_file("config", "[profile me]\nsso_session = corp\nsso_account_id = 123456789012\n"
                      "sso_role_name = Push er\n[sso-session corp]\nsso_region = eu-west-1\n"
                      "sso_start_url = https://corp.awsapps.com/start\nsso_registration_scopes = sso:account:access\n")
        self.token, self.renewed = self.secret_text("token"), self.secret_text("token")
        self.cached = {"accessToken": self.token, "expiresAt": in_seconds(3600), "region": "eu-west-1",
                       "startUrl": "https://corp.awsapps.com/start", "clientId": "client",
                       "clientSecret": self.secret_text(), "refreshToken": self.secret_text("refresh"), "other": [1]}
        self.portal, self.oidc = self.serve(self.answer_portal), self.serve(self.answer_oidc)
        self.env |= {"AWS_PROFILE": "me", "AWS_ENDPOINT_URL_SSO": self.portal.url,
                     "AWS_ENDPOINT_URL_SSO_OIDC": self.oidc.url}
        self.path = self.directory / ".aws/sso/cache" / (hashlib.sha1(b"corp").hexdigest() + ".json")

    def answer_portal(self, method, path, headers, body):
        if headers["x-amz-sso_bearer_token"] not in (self.token, self.renewed):
            return 401, {"message": "Session token not found or invalid", "__type": "UnauthorizedException"}
        expiration = int(datetime.datetime.now().timestamp() * 1000) + 3600_000
        key, secret, token = self.moto.keys["session"]
        return 200, {"roleCredentials": {"accessKeyId": key, "secretAccessKey": secret, "sessionToken": token,
                                         "expiration": expiration}}

    def answer_oidc(self, method, path, headers, body):
        wanted = {name: self.cached[name] for name in ("clientId", "clientSecret", "refreshToken")}
        if path != "/token" or json.loads(body) != {**wanted, "grantType": "refresh_token"}:
            return 400, {"error": "invalid_grant"}
        return 200, {"accessToken": self.renewed, "expiresIn": 28800, "tokenType": "Bearer"}

    def write_cache(self, **changes):
        document = {name: value for name, value in (self.cached | changes).items() if value is not None}
        self.write(self.path.relative_to(self.directory), json.dumps(document))

    def test_valid_token(self):
        self.write_cache()
        self.push()
        self.assertEqual(self.portal.log[0],
                         "GET /federation/credentials?role_name=Push%20er&account_id=123456789012")
        self.assertEqual(self.oidc.log, [])

    def test_renewal(self):
        self.write_cache(expiresAt=in_seconds(-60))
        self.push()
        after = json.loads(self.path.read_text())
        self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o600)
        self.assertGreater(after.pop("expiresAt"), in_seconds(28000))
        self.assertEqual(after.pop("accessToken"), self.renewed)
        self.assertEqual(after, {name: self.cached[name] for name in after})
        self.assertEqual(len(after), 6)
        self.assertEqual([file.name for file in self.path.parent.iterdir()], [self.path.name])

    def test_no_token(self):
        self.fails("single sign-on of the profile ‘me’: there is no valid token; run 'aws sso login --profile me'")
        self.write_cache(expiresAt=in_seconds(-60), refreshToken=None)
        self.fails("run 'aws sso login --profile me'")
        self.write_cache(expiresAt=in_seconds(-60), clientId="another")
        self.fails("run 'aws sso login --profile me'")
        for text in ("", "{", "[]", "null"):
            self.path.write_text(text)
            self.fails("run 'aws sso login --profile me'")

    def test_token_that_is_refused(self):
        self.write_cache(accessToken=self.secret_text("token"))
        self.fails("the portal gives no credentials of the role .HTTP 401")

    def test_without_a_session(self):
        url = "https://old.awsapps.com/start"
        self.aws_file("config", f"[profile me]\nsso_start_url = {url}\nsso_region = eu-west-1\n"
                      "sso_account_id = 123456789012\nsso_role_name = r\n")
        self.path = self.path.with_name(hashlib.sha1(url.encode()).hexdigest() + ".json")
        self.write_cache()
        self.push()


class Metadata(AwsCase):
    def test_container(self):
        token = self.secret_text("token")
        service = self.serve(lambda method, path, headers, body: (200, self.document())
                             if headers["Authorization"] == token else (403, {}))
        self.env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = service.url + "/v1/credentials"
        self.fails("container credentials: ‘http://127.0.0.1:[0-9]+/v1/credentials’ answers HTTP 403")
        self.env["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = self.secret_text("wrong")
        self.env["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = str(self.write("token", token))
        self.push()
        self.registry.manifests.clear()
        self.write("token", token + "\r\nX-Header: y")
        self.fails("the authorization token for container credentials has a line break")

    def test_container_in_the_open(self):
        self.env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://192.0.2.1/credentials"
        self.fails("plain HTTP to ‘192.0.2.1’ is not allowed")

    def machine(self, version_2=True, role="a-role"):
        session = self.secret_text("session")

        def answer(method, path, headers, body):
            if (method, path) == ("PUT", "/latest/api/token"):
                return (200, session) if version_2 and headers["X-aws-ec2-metadata-token-ttl-seconds"] else (404, "")
            if version_2 and headers["X-aws-ec2-metadata-token"] != session:
                return 401, ""
            roles = "/latest/meta-data/iam/security-credentials/"
            if role is None or not path.startswith(roles):
                return 404, ""
            return (200, role) if path == roles else (200, self.document()) if path == roles + role else (404, "")

        service = self.serve(answer)
        del self.env["AWS_EC2_METADATA_DISABLED"]
        self.env["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = service.url + "/"
        return service

    def test_machine(self):
        service = self.machine()
        self.push()
        self.assertEqual(len(service.log), 3)

    def machine_with(self, token, roles=(200, "a-role"), role=None):
        """Answers (status, text) of the three requests; functions are called."""
        answers = {"/latest/api/token": token, "/latest/meta-data/iam/security-credentials/": roles,
                   "/latest/meta-data/iam/security-credentials/a-role": role or (200, self.document())}

        def answer(method, path, headers, body):
            found = answers.get(path, (404, ""))
            return found() if callable(found) else found

        service = self.serve(answer)
        self.env.pop("AWS_EC2_METADATA_DISABLED", None)
        self.env["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = service.url
        return service

    @staticmethod
    def silence():
        time.sleep(1.5)
        return 200, "late"

    def test_machine_with_empty_answers(self):
        self.machine_with((200, ""))
        self.fails("the machine: no session token .HTTP 200, an empty answer")
        self.machine_with((200, "session"), roles=(200, ""))
        self.fails("the machine: it has no role .HTTP 200, an empty answer")
        self.machine_with((200, "session"), role=(200, ""))
        self.fails("the machine: the machine's answer is not a JSON object with AccessKeyId")
        self.machine_with((200, "session"), role=(200, {"Code": "AssumeRoleUnauthorizedAccess", "Message": "EC2 cannot assume"}))
        self.fails("the machine: the machine's answer is ‘AssumeRoleUnauthorizedAccess’: ‘EC2 cannot assume’")

    def test_machine_behind_a_hop_limit(self):
        """The answer to the request for a token does not arrive in a container: version 1 is asked."""
        self.machine_with(self.silence)
        self.push()
        self.registry.manifests.clear()
        self.machine_with(self.silence, roles=(401, ""))
        self.fails("the machine: it wants a session token .HTTP 401.; .*hop limit is 1")
        self.machine_with(self.silence)
        self.env["AWS_EC2_METADATA_V1_DISABLED"] = "true"
        self.fails("the machine: .*no answer in time.*hop limit is 1")

    def test_patience_with_the_machine(self):
        self.machine_with(self.silence)
        self.env |= {"AWS_METADATA_SERVICE_TIMEOUT": "5", "AWS_EC2_METADATA_V1_DISABLED": "true"}
        self.push()
        self.registry.manifests.clear()
        failures = [(500, ""), (200, "")]
        service = self.machine_with((200, "session"), roles=lambda: failures.pop() if failures else (200, "a-role"))
        self.env["AWS_METADATA_SERVICE_NUM_ATTEMPTS"] = "3"
        self.push()
        self.assertEqual(len(service.log), 5)
        self.registry.manifests.clear()
        for name, value in (("AWS_METADATA_SERVICE_TIMEOUT", "soon"), ("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "0"),
                            ("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv5")):
            before = dict(self.env)
            self.env[name] = value
            self.fails(f"‘{value}’ of .{name}", exit_code=2)
            self.env = before

    def test_machine_by_the_profile(self):
        service = self.machine_with((200, "session"))
        del self.env["AWS_EC2_METADATA_SERVICE_ENDPOINT"]
        self.aws_file("config", f"[default]\nec2_metadata_service_endpoint = {service.url}\nmetadata_service_num_attempts = 2\n")
        self.push()

    def test_machine_with_old_credentials(self):
        """AWS may take them longer than they say; the SDKs try them."""
        self.machine_with((200, "session"), role=(200, self.document(expires=-60)))
        self.assertRegex(self.push(), "the credentials have expired, as the machine gives them; trying them")

    def test_machine_of_version_1(self):
        self.machine(version_2=False)
        self.env["AWS_EC2_METADATA_V1_DISABLED"] = "true"
        self.fails("the machine: no session token .HTTP 404")
        del self.env["AWS_EC2_METADATA_V1_DISABLED"]
        self.push()

    def test_machine_without_a_role(self):
        self.machine(role=None)
        self.fails("the machine: it has no role .HTTP 404")

    def test_machine_that_does_not_answer(self):
        self.machine()
        self.env["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = f"http://127.0.0.1:{free_port()}"
        self.fails("none found(?s:.*)the machine: ")


class Registry(AwsCase):
    def use_auth_file(self, password):
        self.secrets.add(password)
        auth = base64.b64encode(f"AWS:{password}".encode()).decode()
        self.secrets.add(auth)
        self.env["REGISTRY_AUTH_FILE"] = str(self.write("auth.json", json.dumps({"auths": {HOST: {"auth": auth}}})))

    @staticmethod
    def authorization():
        token = base64.b64encode(f"AWS:{PASSWORD}".encode()).decode()
        return {"authorizationData": [{"authorizationToken": token, "expiresAt": 4e9}]}

    def test_auth_file_is_first(self):
        self.use_auth_file(PASSWORD)  # and there are no AWS credentials at all
        self.push()

    def test_auth_file_that_is_refused(self):
        self.use_auth_file(self.secret_text())
        self.use_keys()
        self.push()

    def test_auth_file_that_has_expired(self):
        old = self.secret_text()
        self.use_auth_file(old)
        self.use_keys()
        header = "Basic " + base64.b64encode(f"AWS:{old}".encode()).decode()
        handler = self.registry.server.RequestHandlerClass
        allowed = handler.is_allowed

        def is_allowed(request, name):
            if request.headers.get("Authorization") != header:
                return allowed(request, name)
            request.fail(403, "DENIED", EXPIRED)
            return False

        handler.is_allowed = is_allowed
        self.env["AWS_ENDPOINT_URL_ECR"] = self.serve(lambda *_: (200, self.authorization())).url
        self.push()  # moto's passwords have expired in 2015

    def test_password_of_another_region(self):
        self.use_keys()
        handler = self.registry.server.RequestHandlerClass
        allowed = handler.is_allowed
        handler.is_allowed = lambda request, name: allowed(request, name) and request.fail(403, "DENIED", EXPIRED)
        self.fails("count in the region of the registry only")
        self.env["AWS_ENDPOINT_URL_ECR"] = self.serve(lambda *_: (200, self.authorization())).url
        self.fails("count in the region of the registry only")

    def test_denied_by_the_registry(self):
        self.use_keys()
        text = ("User: arn:aws:iam::123456789012:user/x is not authorized to perform: ecr:InitiateLayerUpload on "
                "resource: arn:aws:ecr:eu-west-1:123456789012:repository/geo/app")
        self.registry.fault("POST", "uploads", times=9, status=403,
                            body={"errors": [{"code": "DENIED", "message": text}]})
        self.fails("lacks the permission ecr:InitiateLayerUpload on this repository")

    def test_missing_repository(self):
        self.use_registry(repositories=KnownToMoto(self.moto))
        self.use_keys()
        self.fails("--create-repository", image=f"docker://{HOST}/geo/new:v1")
        self.assertNotIn("geo/new", self.moto.repositories())

    def test_creation(self):
        self.use_registry(repositories=KnownToMoto(self.moto))
        self.use_keys()
        self.push("--create-repository")
        self.assertIn("geo/app", self.moto.repositories())
        self.push("--create-repository")
        self.registry.manifests.clear()
        self.push("--create-repository")

    def test_creation_of_what_another_has_created(self):
        self.use_keys()
        document = {"__type": "RepositoryAlreadyExistsException", "message": "it exists"}

        def answer(method, path, headers, body):
            if headers["X-Amz-Target"].endswith("GetAuthorizationToken"):
                return 200, self.authorization()
            self.registry.repositories = None
            return 400, document

        self.env["AWS_ENDPOINT_URL_ECR"] = self.serve(answer).url
        self.registry.repositories = set()
        self.push("--create-repository")
        self.registry.manifests.clear()
        self.registry.repositories = set()
        document["__type"] = "com.amazonaws.ecr#AccessDeniedException"
        self.fails("creating the repository geo/app: .*; the identity needs the permission ecr:CreateRepository",
                   "--create-repository")

    def test_creation_elsewhere(self):
        self.fails("--create-repository: .* is not Amazon ECR", "--create-repository", exit_code=2,
                   image="docker://registry.example/geo/app:v1")


# Makes a function of an image, its first version and its alias.
PREPARE_LAMBDA_ROLE = """
import boto3, json, sys
url, key, secret = sys.argv[1:]
def client(name):
    return boto3.client(name, endpoint_url=url, region_name="eu-west-1", aws_access_key_id=key, aws_secret_access_key=secret)
trust = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                                                              "Principal": {"Service": "lambda.amazonaws.com"}}]})
role = client("iam").create_role(RoleName="lambda", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
functions = client("lambda")
"""

PREPARE_FUNCTION = """
functions.create_function(FunctionName="NAME", PackageType="Image", Role=role,
                          Code={"ImageUri": "HOST/geo/app@sha256:" + "0" * 64})
version = functions.publish_version(FunctionName="NAME")["Version"]
functions.create_alias(FunctionName="NAME", Name="live", FunctionVersion=version)
"""

READ_LAMBDA = """
import boto3, json, sys
functions = boto3.client("lambda", endpoint_url=sys.argv[1], region_name="eu-west-1", aws_access_key_id=sys.argv[2],
                         aws_secret_access_key=sys.argv[3])
alias = functions.get_alias(FunctionName="tiles", Name="live")
version = functions.get_function(FunctionName="tiles", Qualifier=alias["FunctionVersion"])
print(json.dumps([alias["FunctionVersion"], alias.get("RoutingConfig"), version["Code"]["ImageUri"],
                  version["Configuration"]["FunctionArn"]]))
"""


class Lambda(AwsCase):
    """terrane deploy; test_deploy.py has the states and faults that moto lacks."""

    def boto(self, script):
        return subprocess.run([VENV / "python", "-c", script.replace("HOST", HOST), self.moto.url, self.key, self.secret],
                              check=True, capture_output=True, text=True).stdout

    def deploy(self, exit_code=0, **deploy):
        profile = self.write_profile(deploy={"function": "tiles", "region": "eu-west-1", "wait": "1ms",
                                             "repository": f"{HOST.replace('eu-west-1', '${region}')}/geo/app",
                                             "steps": ["10%", "100%"], "smoke": {"event": {"tile": 1}}, **deploy})
        argv = [TERRANE, "--store", self.common.store, "--json", "deploy", profile]
        result = subprocess.run(argv, capture_output=True, text=True, env=self.env, timeout=60)
        self.assertEqual(result.returncode, exit_code, result.stderr)
        for secret in self.secrets:
            self.assertNotIn(secret, result.stdout + result.stderr)
        return json.loads(result.stdout)

    def test_deploy(self):
        """By a role, twice. moto takes no signature of Lambda's GETs, boto3's neither: test_like_botocore has them."""
        self.moto.ask("reset-auth", b"1000000")
        self.addCleanup(self.moto.ask, "reset-auth", b"0")
        request = urllib.request.Request(f"{self.moto.url}/moto-api/config", b'{"lambda": {"use_docker": false}}',
                                         {"Content-Type": "application/json"}, method="POST")
        urllib.request.urlopen(request).close()
        self.boto(PREPARE_LAMBDA_ROLE + PREPARE_FUNCTION.replace("NAME", "tiles"))
        self.use_keys()
        key, secret, token = self.moto.keys["session"]
        sts = self.serve(lambda *_: (200, f"<R><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{secret}"
                                          f"</SecretAccessKey><SessionToken>{token}</SessionToken></R>"))
        self.env["AWS_ENDPOINT_URL_STS"] = sts.url
        [deployment] = self.deploy(role=ROLE, max_errors=0)["deployments"]
        self.assertEqual(len(sts.log), 2)  # for Lambda, and for the push, since the repository is in its account
        version, routing, image, arn = json.loads(self.boto(READ_LAMBDA))
        self.assertEqual((version, deployment["version"]), ("2", "2"))
        self.assertFalse((routing or {}).get("AdditionalVersionWeights"))
        self.assertEqual(image, deployment["image"])
        self.assertEqual(arn, deployment["version_arn"])
        self.assertEqual(len(deployment["smoke"]), 3)
        self.assertIn(deployment["image"].split("@")[1], self.registry.manifests["geo/app"])
        [again] = self.deploy()["deployments"]
        self.assertEqual((again["result"], again["version"]), ("unchanged", "2"))

    def test_example_for_sam(self):
        subprocess.run([VENV / "cfn-lint", TOP / "docs/examples/sam/template.yaml"], check=True)


class Signatures(AwsCase):
    @classmethod
    def setUpClass(cls):
        pass  # no server is asked

    def setUp(self):
        pass

    def test_like_botocore(self):
        generator = random.Random(4)

        def text(alphabet, low, high):
            return "".join(generator.choice(alphabet) for _ in range(generator.randint(low, high)))

        letters = "abcXYZ019-._~"
        requests = []
        for number in range(60):
            pairs = [text(letters + "%", 1, 6).replace("%", "%2F") + "=" + text(letters, 0, 6)
                     for _ in range(generator.randint(0, 4))]
            types = ["application/x-amz-json-1.1", "text/plain;  charset=utf-8 "]
            headers = [["Content-Type", generator.choice(types)]]
            if generator.random() < 0.5:
                headers.append(["X-Amz-Target", "Service_V1." + text(letters, 1, 9)])
            if generator.random() < 0.5:
                headers.append(["X-Amz-" + text("abc", 1, 5), " " + text("ab  c\"", 0, 9) + " "])
            requests.append({
                "method": generator.choice(["GET", "POST", "PUT"]),
                "path": "/" + text(letters + "//:@", 0, 20).replace("@", "%3A"), "query": "&".join(pairs),
                "host": generator.choice(["api.ecr.eu-west-1.amazonaws.com", "example.com:8443"]), "headers": headers,
                "body": text(letters + "{}\"ü\n", 0, 40), "access_key": "AKIA" + text("ABC2", 16, 16),
                "secret_key": text(letters + "/+", 40, 40),
                "token": generator.choice([None, text(letters + "/+=", 90, 90)]),
                "region": generator.choice(["eu-west-1", "us-gov-west-1", "cn-north-1"]),
                "service": generator.choice(["ecr", "sts", "lambda"]),
                "time": f"2026{1 + number % 12:02}1{number % 10}T0{number % 10}3000Z"})

        def sign(*argv):
            return subprocess.run(argv, input=json.dumps(requests), check=True, capture_output=True,
                                  text=True).stdout.splitlines()

        ours, theirs = sign(PROBE), sign(VENV / "python", "-c", BOTOCORE)
        self.assertEqual(len(theirs), len(requests))
        for request, our, their in zip(requests, ours, theirs, strict=True):
            self.assertEqual(our, their, json.dumps(request))


del AwsCase  # has no tests of its own

if __name__ == "__main__":
    unittest.main()
