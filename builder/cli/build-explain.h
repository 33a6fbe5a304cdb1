/* Prints why a build did what it did, and what a planned one would do. */
#pragma once

#include <jansson.h>

#include <glib.h>

G_BEGIN_DECLS

/** Prints the result of terrane_explain_build(). */
void terrane_build_explain_print (const json_t *explanation);

/** Prints the causes that are not the reason of a single step: changed versions, and changed trees.
 */
void terrane_build_explain_print_shared (const json_t *explanation);

/** Returns: (transfer full): subject of a step: "deps", for a layer of some packages "deps: numpy,
 * rasterio" */
char *terrane_build_explain_name (const json_t *step);

/** Returns: (transfer none): a member of a step, or "" */
const char *terrane_build_explain_text (const json_t *row, const char *member);

G_END_DECLS
