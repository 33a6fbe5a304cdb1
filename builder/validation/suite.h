/* The Python side of the validation, which is part of the program, and what it is told. */
#pragma once

#include "builder/profile/validate-spec.h"

#include "oci/digest.h"

G_BEGIN_DECLS

/** A file of builder/validation/suite/. Returns: (transfer full) */
GBytes *terrane_suite_file (const char *name);

/** Drivers, codecs and transformations, as asked.py reads them. Returns: (transfer full) */
json_t *terrane_validation_asked_config (const TerraneValidateSpec *spec);

/** Returns: the digest of everything built in that an outcome depends on. */
OciDigest terrane_suite_version (void);

G_END_DECLS
