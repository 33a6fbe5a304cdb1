/* Describes a package for terrane why. */
#pragma once

#include "builder/facts/packages.h"

G_BEGIN_DECLS

/**
 * terrane_why_package:
 * @name: a distribution of Python, in any spelling of PEP 503, or a package of Debian
 * @out_document: (out) (transfer full) (nullable): docs/record.md; %NULL if there is no such
 *   package
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_LIMIT, %OCI_ERROR_IO.
 */
gboolean terrane_why_package (const TerraneImageView *view, const char *name, json_t **out_document,
                              GError **error);

/** Prints where the package is, and the names of its requirements and of packages that require it.
 */
void terrane_why_package_print (const json_t *document);
/** Prints each requirement, too, and whether it applies. */
void terrane_why_package_print_all (const json_t *document);

G_END_DECLS
