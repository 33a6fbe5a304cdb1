/* WWW-Authenticate fields: RFC 9110 sections 11.2 to 11.6.1. */
#pragma once

#include "oci/base/error.h"

G_BEGIN_DECLS

typedef struct
{
  char *scheme;       /* as the server spells it; compared case-insensitively */
  char *token68;      /* (nullable): instead of parameters */
  GHashTable *params; /* lower-case name -> value, both owned */
} OciChallenge;

/**
 * oci_challenges_parse:
 * @header: one field value, or several joined by ", " as RFC 9110 section 5.3 allows
 *
 * Returns: (transfer full) (element-type OciChallenge): the challenges in order
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_LIMIT.
 */
GPtrArray *oci_challenges_parse (const char *header, GError **error);

/** Returns: (transfer none) (nullable): the first challenge of @scheme */
const OciChallenge *oci_challenges_find (const GPtrArray *challenges, const char *scheme);

/** Returns: (transfer none) (nullable): a parameter by its lower-case name */
const char *oci_challenge_param (const OciChallenge *self, const char *name);

void oci_challenge_free (OciChallenge *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciChallenge, oci_challenge_free)

G_END_DECLS
