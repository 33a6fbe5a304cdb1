"""A server that answers as AWS Lambda's API and STS do, with the states and faults that moto does not have."""

import base64
import collections
import http.server
import json
import re
import threading
import urllib.parse

STS = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>{}</AccessKeyId><SecretAccessKey>secret-of-role</SecretAccessKey><SessionToken>token-of-role</SessionToken>
<Expiration>2999-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"""

METRICS = """<GetMetricStatisticsResponse xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/">
<GetMetricStatisticsResult><Label>Errors</Label><Datapoints>{}</Datapoints></GetMetricStatisticsResult>
</GetMetricStatisticsResponse>"""

OPERATIONS = [
    ("GET", r"functions/([^/]+)", "GetFunction"),
    ("GET", r"functions/([^/]+)/configuration", "GetFunctionConfiguration"),
    ("PUT", r"functions/([^/]+)/code", "UpdateFunctionCode"),
    ("POST", r"functions/([^/]+)/versions", "PublishVersion"),
    ("GET", r"functions/([^/]+)/aliases/([^/]+)", "GetAlias"),
    ("PUT", r"functions/([^/]+)/aliases/([^/]+)", "UpdateAlias"),
    ("POST", r"functions/([^/]+)/invocations", "Invoke"),
]
CHANGES = {"UpdateFunctionCode", "PublishVersion", "UpdateAlias"}


class Refusal(Exception):
    def __init__(self, status, code, message="told to say so", headers=None):
        super().__init__(code)
        self.status, self.code, self.message, self.headers = status, code, message, headers or {}


class Drop(Exception):
    """The connection is closed without an answer."""


class Code:
    """A version, or $LATEST. polls: how often AWS says that it is not ready yet."""

    def __init__(self, image, architecture="x86_64"):
        self.image, self.architecture, self.package_type = image, architecture, "Image"
        self.state, self.status, self.reason, self.polls, self.revision = "Active", "Successful", None, 0, "code-1"


class Function:
    def __init__(self, name, region, image="old.example/tiles@sha256:" + "0" * 64):
        self.arn = f"arn:aws:lambda:{region}:123456789012:function:{name}"
        self.latest = Code(image)
        self.versions = {"1": Code(image)}
        self.aliases = {"live": {"version": "1", "weights": {}, "revision": "alias-1"}}
        self.code_polls = self.version_polls = 0
        self.failure = self.version_failure = None  # (code, reason) of the next change
        self.answer = lambda version, event: {"payload": {"ok": True}}


class LambdaServer:
    def __init__(self):
        self.functions, self.log, self.bodies, self.faults, self.keys = {}, [], [], [], collections.Counter()
        self.refused_keys, self.lock, self.counter, self.routes = set(), threading.RLock(), 1, []
        self.roles, self.dead = [], False
        self.errors, self.metrics = [], []  # sums of CloudWatch; what was asked
        self.metrics_page = METRICS
        attributes = {"fake": self}
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Handler,), attributes))
        self.server.daemon_threads, self.server.block_on_close = True, False
        self.server.handle_error = lambda request, address: None
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def die(self):
        """No connection is answered any more, and none is taken."""
        self.dead = True
        threading.Thread(target=self.stop, daemon=True).start()

    def add(self, name="tiles", region="eu-west-1", **options):
        self.functions[region, name] = Function(name, region, **options)
        return self.functions[region, name]

    def fault(self, operation, what, times=1, skip=0, after=False):
        """what: an exception, or a function that is called. after: when the operation was done."""
        self.faults.append({"operation": operation, "what": what, "times": times, "skip": skip, "after": after})

    def changes(self):
        return [operation for operation in self.log if operation in CHANGES]

    def count(self, operation):
        return self.log.count(operation)

    def shifts(self):
        """The body of each UpdateAlias: version and weights."""
        return [(body["FunctionVersion"], body["RoutingConfig"]["AdditionalVersionWeights"])
                for operation, body in self.bodies if operation == "UpdateAlias"]

    def revision(self):
        self.counter += 1
        return f"revision-{self.counter}"

    def act(self, operation, after):
        for fault in self.faults:
            if fault["operation"] == operation and fault["after"] == after:
                if fault["skip"] > 0:
                    fault["skip"] -= 1
                elif fault["times"] > 0:
                    fault["times"] -= 1
                    if isinstance(fault["what"], Exception):
                        raise fault["what"]
                    fault["what"]()

    def call(self, region, operation, names, query, body):
        name = urllib.parse.unquote(names[0])
        name = name.rsplit(":", 1)[-1] if name.startswith("arn:") else name
        function = self.functions.get((region, name))
        if function is None:
            raise Refusal(404, "ResourceNotFoundException", f"Function not found: {name}")
        return getattr(self, operation)(function, *names[1:], qualifier=query.get("Qualifier"), body=body)

    @staticmethod
    def code_of(function, qualifier):
        if qualifier is None or qualifier == "$LATEST":
            return function.latest
        if qualifier not in function.versions:
            raise Refusal(404, "ResourceNotFoundException", f"Function not found: {function.arn}:{qualifier}")
        return function.versions[qualifier]

    def configuration(self, function, qualifier, code):
        status, state = code.status, code.state
        if code.polls > 0:
            code.polls -= 1
            status, state = ("InProgress", state) if code is function.latest else (status, "Pending")
        document = {"FunctionName": function.arn.rsplit(":", 1)[-1],
                    "FunctionArn": function.arn + (f":{qualifier}" if qualifier else ""),
                    "Version": qualifier or "$LATEST", "PackageType": code.package_type, "State": state,
                    "LastUpdateStatus": status, "RevisionId": code.revision, "Architectures": [code.architecture],
                    "CodeSha256": code.image.split(":")[-1], "Timeout": 3}
        if code.reason and status == "Failed":
            document |= {"LastUpdateStatusReasonCode": code.reason[0], "LastUpdateStatusReason": code.reason[1]}
        if code.reason and state == "Failed":
            document |= {"StateReasonCode": code.reason[0], "StateReason": code.reason[1]}
        return document

    def GetFunction(self, function, qualifier, body):
        code = self.code_of(function, qualifier)
        return {"Configuration": self.configuration(function, qualifier, code),
                "Code": {"RepositoryType": "ECR", "ImageUri": code.image, "ResolvedImageUri": code.image}}

    def GetFunctionConfiguration(self, function, qualifier, body):
        return self.configuration(function, qualifier, self.code_of(function, qualifier))

    @staticmethod
    def check_revision(wanted, revision):
        if wanted is not None and wanted != revision:
            raise Refusal(412, "PreconditionFailedException",
                          "The Revision Id provided does not match the latest Revision Id.")

    def UpdateFunctionCode(self, function, qualifier, body):
        code = function.latest
        self.check_revision(body.get("RevisionId"), code.revision)
        if body.get("DryRun"):
            return self.configuration(function, None, code)
        if code.polls > 0:
            raise Refusal(409, "ResourceConflictException", "An update is in progress for resource")
        code = function.latest = Code(body["ImageUri"], body["Architectures"][0])
        code.polls, code.revision = function.code_polls, self.revision()
        if function.failure:
            code.status, code.reason = "Failed", function.failure
        return self.configuration(function, None, code)

    def PublishVersion(self, function, qualifier, body):
        code = function.latest
        self.check_revision(body.get("RevisionId"), code.revision)
        if body.get("CodeSha256") not in (None, code.image.split(":")[-1]):
            raise Refusal(400, "InvalidParameterValueException", "CodeSHA256 is different from current CodeSHA256")
        number = max(function.versions, key=int)
        if function.versions[number].image != code.image:
            number = str(int(number) + 1)
            version = function.versions[number] = Code(code.image, code.architecture)
            version.polls = function.version_polls
            if function.version_failure:
                version.state, version.reason = "Failed", function.version_failure
            code.revision = self.revision()
        return self.configuration(function, number, function.versions[number])

    def alias(self, function, name):
        if name not in function.aliases:
            raise Refusal(404, "ResourceNotFoundException", f"Cannot find alias arn: {function.arn}:{name}")
        return function.aliases[name]

    def GetAlias(self, function, name, qualifier, body):
        alias = self.alias(function, name)
        document = {"AliasArn": f"{function.arn}:{name}", "Name": name, "FunctionVersion": alias["version"],
                    "RevisionId": alias["revision"]}
        if alias["weights"]:
            document["RoutingConfig"] = {"AdditionalVersionWeights": alias["weights"]}
        return document

    def UpdateAlias(self, function, name, qualifier, body):
        alias = self.alias(function, name)
        self.check_revision(body.get("RevisionId"), alias["revision"])
        for version in (body["FunctionVersion"], *body["RoutingConfig"]["AdditionalVersionWeights"]):
            self.code_of(function, version)
        alias |= {"version": body["FunctionVersion"], "weights": body["RoutingConfig"]["AdditionalVersionWeights"],
                  "revision": self.revision()}
        return self.GetAlias(function, name, qualifier, body)

    def Invoke(self, function, qualifier, body):
        version = qualifier
        if qualifier in function.aliases:
            alias = function.aliases[qualifier]
            version = next(iter(alias["weights"]), alias["version"])  # the new one, unless routes says otherwise
            if self.routes and self.routes.pop(0) == "old":
                version = alias["version"]
        answer = function.answer(version, body)
        error = answer.get("error")
        log = answer.get("log", f"REPORT RequestId: x\tDuration: 1.00 ms\tInit Duration: {answer.get('init', 100)} ms\t\n")
        headers = {"X-Amz-Executed-Version": version, "X-Amz-Log-Result": base64.b64encode(log.encode()).decode()}
        if error:
            headers["X-Amz-Function-Error"] = "Unhandled"
        return headers, (error or answer["payload"])


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are two writes

    def answer(self, status, document, headers=None):
        data = document.encode() if isinstance(document, str) else json.dumps(document).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def handle_request(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        key, _, region, service, _ = re.search(r"Credential=([^,]+),", self.headers["Authorization"])[1].split("/")
        fake = self.fake
        with fake.lock:
            fake.keys[key, service] += 1
            try:
                if fake.dead:
                    raise Drop
                if key in fake.refused_keys:
                    raise Refusal(403, "ExpiredTokenException", "The security token included in the request is expired")
                if service == "sts":
                    form = dict(urllib.parse.parse_qsl(body.decode()))
                    fake.roles.append(form)
                    return self.answer(200, STS.format(form["RoleArn"].rsplit("/", 1)[-1]))
                if service == "monitoring":
                    fake.metrics.append(dict(urllib.parse.parse_qsl(body.decode())))
                    fake.act("GetMetricStatistics", False)
                    sums = "".join(f"<member><Unit>Count</Unit><Sum>{number}</Sum></member>" for number in fake.errors)
                    return self.answer(200, fake.metrics_page.format(sums))
                self.answer_lambda(fake, region, body)
            except Refusal as refusal:
                self.answer(refusal.status, {"Type": "User", "message": refusal.message},
                            {"x-amzn-ErrorType": refusal.code, **refusal.headers})
            except Drop:
                self.close_connection = True

    def answer_lambda(self, fake, region, body):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        for method, pattern, operation in OPERATIONS:
            match = re.fullmatch("/2015-03-31/" + pattern, url.path)
            if method == self.command and match:
                break
        else:
            raise Refusal(404, "UnknownOperationException", self.path)
        document = json.loads(body) if body else None
        dry_run = operation == "UpdateFunctionCode" and document["DryRun"]
        operation_name = "DryRun" if dry_run else operation
        fake.log.append(operation_name)
        fake.bodies.append((operation_name, document))
        fake.act(operation_name, False)
        result = fake.call(region, operation, match.groups(), query, document)
        fake.act(operation_name, True)
        headers, document = result if isinstance(result, tuple) else ({}, result)
        self.answer(201 if operation == "PublishVersion" else 200, document, headers)

    do_GET = do_PUT = do_POST = handle_request

    def log_message(self, *_):
        pass
