/* Requirements of AWS Lambda for an image's configuration and file system. Based on reports and
 * documentation (https://docs.aws.amazon.com/lambda/latest/dg/images-create.html); not tested with
 * AWS. */
#pragma once

#include "builder/check/finding.h"
#include "builder/facts/image-view.h"
#include "builder/facts/python-dists.h"

G_BEGIN_DECLS

/**
 * terrane_check_lambda:
 * @today: (nullable): "YYYY-MM-DD", for runtimes that get no more updates; %NULL: not checked
 *
 * Adds findings of the family "lambda" about the content of the image. Errors are what Lambda
 * refuses. The entrypoint must be absolute, exist, and be a regular executable file and not a
 * symbolic link, or else the command must exist; both must be startable. Interpreters need a
 * command, from which they take the handler, and that handler. The working directory must exist.
 * The environment may have at most 4 KB, all files at most 10 GB. Lambda's user must be able to
 * read the code, and something must fetch events. Fails only if files cannot be read.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_IO.
 */
gboolean terrane_check_lambda (const TerraneImageView *view, const TerranePython *python,
                               const char *today, TerraneFindings *findings, GError **error);

G_END_DECLS
