/* The Python side of the validation, which is compiled into the program, and its configuration. */
#pragma once

#include "builder/profile/validate-spec.h"

#include "oci/digest.h"

G_BEGIN_DECLS

/** Returns: (transfer full): a file of builder/validation/suite/ */
GBytes *terrane_suite_file (const char *name);

/** Returns: (transfer full): drivers, codecs and transformations in the form that asked.py reads */
json_t *terrane_validation_asked_config (const TerraneValidateSpec *spec);

/** Returns: the digest of all built-in files that an outcome depends on */
OciDigest terrane_suite_version (void);

G_END_DECLS
