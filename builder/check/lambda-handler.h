/* The handler that AWS's runtime client for Python takes from the command: whether the image has
 * its module and its function, as far as the sources tell. */
#pragma once

#include "builder/check/finding.h"
#include "builder/facts/image-view.h"
#include "builder/facts/python-dists.h"

G_BEGIN_DECLS

/** Adds findings lambda.handler. Other runtimes, and entrypoints that are not known, have none.
 * Fails only when files cannot be read. */
gboolean terrane_check_lambda_handler (const TerraneImageView *view, const TerranePython *python,
                                       TerraneFindings *findings, GError **error);

G_END_DECLS
