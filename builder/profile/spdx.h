/* Licences as SPDX writes them. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * terrane_spdx_check:
 *
 * Whether @expression is a licence expression of SPDX 2.3, annex D: identifiers, “+”, AND, OR, WITH
 * and parentheses. Which licences there are is not known here: SPDX adds some every few months.
 */
gboolean terrane_spdx_check (const char *expression, GError **error);

G_END_DECLS
