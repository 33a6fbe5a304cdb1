/* Scopes of tokens: "repository:team/app:pull,push" (distribution's token specification). */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

enum
{
  OCI_SCOPES_MAX = 16, /* that a registry may request in all challenges together */
};

/** Whether everything that @scope allows is allowed by @asked, which has the same TYPE:NAME. */
gboolean oci_scope_is_part_of (const char *scope, const char *asked);

/**
 * oci_scopes_missing:
 * @text: (nullable): the scope parameter of a challenge, scopes separated by spaces
 * @asked: (element-type utf8): scopes that tokens are already requested for
 *
 * Only scopes of the form TYPE:NAME:ACTIONS count, not vaguer ones such as ECR Public's "aws".
 *
 * Returns: (transfer full) (element-type utf8): those that are not part of any of @asked
 */
GPtrArray *oci_scopes_missing (const char *text, const GPtrArray *asked);

G_END_DECLS
