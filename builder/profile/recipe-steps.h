/* The steps of a recipe: programs with their arguments, or lines for a shell. */
#pragma once

#include "builder/profile/field.h"

#include "oci/base/json.h"

G_BEGIN_DECLS

/* GPtrArray of char **. */
extern const TerraneFieldType terrane_recipe_steps_type;

/** Notes a problem if the kernel would not pass a word of @len bytes to a program. */
void terrane_recipe_check_length (const OciJson *at, size_t len);

G_END_DECLS
