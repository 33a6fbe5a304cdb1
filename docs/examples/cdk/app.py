"""The function and its alias with AWS CDK. The image is the one that the record of the build names."""

import json
import os

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_lambda as lambda_


class Tiles(cdk.Stack):
    def __init__(self, scope, name, *, record, **options):
        super().__init__(scope, name, **options)
        repository_name, digest = record["push"]["reference"].split("/", 1)[1].split("@")
        repository = ecr.Repository.from_repository_name(self, "Repository", repository_name)
        function = lambda_.DockerImageFunction(
            self, "Tiles", function_name="tiles", architecture=lambda_.Architecture.X86_64, memory_size=1024,
            timeout=cdk.Duration.seconds(30),
            code=lambda_.DockerImageCode.from_ecr(repository, tag_or_digest=digest))
        # The version that exists when the stack is made. What 'terrane deploy' moves later, CDK does not move back
        # as long as this image stays the same.
        lambda_.Alias(self, "Live", alias_name="live", version=function.current_version)


if __name__ == "__main__":
    with open(os.environ.get("RECORD", "record.json"), encoding="utf-8") as file:
        app = cdk.App()
        Tiles(app, "tiles", record=json.load(file))
        app.synth()
