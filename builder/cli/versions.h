/* Versions of terrane and of the libraries that it runs with. */
#pragma once

#include <jansson.h>

/** Returns: (transfer full): an object */
json_t *terrane_versions_to_json (void);

/** Prints the versions, a line each. */
void terrane_versions_print (void);
