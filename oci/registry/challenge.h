/* WWW-Authenticate fields: RFC 9110 sections 11.2 to 11.6.1. */
#pragma once

#include "oci/base/error.h"

G_BEGIN_DECLS

typedef struct
{
  char *scheme;       /* as the server spells it; compares without case */
  char *token68;      /* (nullable): instead of parameters */
  GHashTable *params; /* lower-case name -> value, both owned */
} OciChallenge;

/**
 * oci_challenges_parse:
 * @header: one field value, or several joined by ", " as RFC 9110 section 5.3 allows
 *
 * Returns: (transfer full) (nullable) (element-type OciChallenge): the challenges in order, or
 * %NULL with %OCI_ERROR_FORMAT or %OCI_ERROR_LIMIT
 */
GPtrArray *oci_challenges_parse (const char *header, GError **error);

/** The first challenge of @scheme, or NULL. Returns: (transfer none) */
const OciChallenge *oci_challenges_find (const GPtrArray *challenges, const char *scheme);

/** A parameter by its lower-case name, or NULL. Returns: (transfer none) */
const char *oci_challenge_param (const OciChallenge *self, const char *name);

void oci_challenge_free (OciChallenge *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciChallenge, oci_challenge_free)

G_END_DECLS
