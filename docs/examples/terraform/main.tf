# The function, its alias and its role. The image of the first build is taken from the record; which image and which
# version are in use later is up to 'terrane deploy', so Terraform takes no notice of them.

variable "record" {
  description = "The file of 'terrane build --push --record'"
  type        = string
  default     = "record.json"
}

locals {
  record = jsondecode(file(var.record))
}

data "aws_iam_policy_document" "lambda" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "tiles" {
  name               = "tiles"
  assume_role_policy = data.aws_iam_policy_document.lambda.json
}

resource "aws_lambda_function" "tiles" {
  function_name = "tiles"
  role          = aws_iam_role.tiles.arn
  package_type  = "Image"
  image_uri     = local.record.push.reference
  architectures = ["x86_64"]
  memory_size   = 1024
  timeout       = 30
  publish       = true

  lifecycle {
    ignore_changes = [image_uri]
  }
}

resource "aws_lambda_alias" "live" {
  name             = "live"
  function_name    = aws_lambda_function.tiles.function_name
  function_version = aws_lambda_function.tiles.version

  lifecycle {
    ignore_changes = [function_version, routing_config]
  }
}

# After 'terrane deploy --record', the version in use: { "tiles in eu-west-1" = "arn:…:8" }
output "versions" {
  value = {
    for item in try(local.record.deploy, []) : "${item.function} in ${item.region}" => item.version_arn
  }
}
