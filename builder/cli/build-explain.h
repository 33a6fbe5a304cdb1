/* Why a build did what it did, and what a planned one would do, for people. */
#pragma once

#include <jansson.h>

#include <glib.h>

G_BEGIN_DECLS

/** Prints what terrane_explain_build() found. */
void terrane_build_explain_print (const json_t *explanation);

/** The part of it that no step has as its reason: who makes things, and which trees there are. */
void terrane_build_explain_print_shared (const json_t *explanation);

/** What a step is about: "deps", of a layer of some packages "deps: numpy, rasterio". Returns:
 * (transfer full) */
char *terrane_build_explain_name (const json_t *step);

/** A member of a step, or "". Returns: (transfer none) */
const char *terrane_build_explain_text (const json_t *row, const char *member);

G_END_DECLS
