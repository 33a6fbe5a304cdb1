/* What AWS Lambda demands of an image's configuration and file system. From reports and documents;
 * nothing of it was tried against AWS. */
#pragma once

#include "builder/check/finding.h"
#include "builder/facts/image-view.h"
#include "builder/facts/python-dists.h"

G_BEGIN_DECLS

/**
 * terrane_check_lambda:
 * @today: (nullable): "YYYY-MM-DD", for runtimes that get no more updates; %NULL: not checked
 *
 * Adds findings of the family "lambda" about what is in the image. Errors are what Lambda refuses:
 * entrypoint absolute, there, a regular executable file and no symbolic link, or else a command
 * that is there, and both startable; a command for interpreters, which take the handler from it,
 * and that handler; a working directory that exists; at most 4 KB of environment; at most 10 GB of
 * files; code that its user can read; something that fetches events. Fails only when files cannot
 * be read.
 */
gboolean terrane_check_lambda (const TerraneImageView *view, const TerranePython *python,
                               const char *today, TerraneFindings *findings, GError **error);

G_END_DECLS
