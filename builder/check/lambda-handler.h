/* Checks the handler that AWS's runtime client for Python takes from the command: whether the image
 * has its module and its function, as far as can be seen in the sources. */
#pragma once

#include "builder/check/finding.h"
#include "builder/facts/image-view.h"
#include "builder/facts/python-dists.h"

G_BEGIN_DECLS

/** Adds findings lambda.handler, but not for other runtimes and unknown entrypoints. Fails only if
 * files cannot be read. Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_IO. */
gboolean terrane_check_lambda_handler (const TerraneImageView *view, const TerranePython *python,
                                       TerraneFindings *findings, GError **error);

G_END_DECLS
