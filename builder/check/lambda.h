/* What AWS Lambda demands of an image's configuration and file system. From reports and documents;
 * nothing of it was tried against AWS. */
#pragma once

#include "builder/store/tree.h"

#include "oci/image-config.h"

G_BEGIN_DECLS

/**
 * terrane_check_lambda:
 * @tree: the image's file system
 *
 * Fails with %TERRANE_ERROR_GATE and all findings, a line each, when Lambda would refuse the image:
 * entrypoint absolute, there, a regular executable file and no symbolic link; a command; a working
 * directory that exists; at most 4 KB of environment; at most 10 GB of files.
 */
gboolean terrane_check_lambda (TerraneTree *tree, const OciImageConfig *config, GError **error);

G_END_DECLS
