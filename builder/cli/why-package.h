/* What terrane why says of a package. */
#pragma once

#include "builder/facts/packages.h"

G_BEGIN_DECLS

/**
 * terrane_why_package:
 * @name: a distribution of Python, by PEP 503, or a package of Debian
 * @out_document: (out) (transfer full) (nullable): docs/record.md; %NULL when nothing is called so
 */
gboolean terrane_why_package (const TerraneImageView *view, const char *name, json_t **out_document,
                              GError **error);

/** Prints where it is, and the names of what requires it and what it requires. */
void terrane_why_package_print (const json_t *document);
/** Prints each requirement, too, and whether it applies. */
void terrane_why_package_print_all (const json_t *document);

G_END_DECLS
