/* What AWS Lambda demands of an image's configuration and file system. From reports and documents;
 * nothing of it was tried against AWS. */
#pragma once

#include "builder/check/image-view.h"

G_BEGIN_DECLS

/**
 * terrane_check_lambda:
 * @today: (nullable): "YYYY-MM-DD", for runtimes that get no more updates; %NULL: not checked
 *
 * Adds findings of the family "lambda" about what is in the image. Errors are what Lambda refuses:
 * entrypoint absolute, there, a regular executable file and no symbolic link, or else a command
 * that is there; a command for interpreters, which take the handler from it; a working directory
 * that exists; at most 4 KB of environment; at most 10 GB of files; code that its user can read;
 * something that fetches events.
 */
void terrane_check_lambda (const TerraneImageView *view, const char *today,
                           TerraneFindings *findings);

G_END_DECLS
