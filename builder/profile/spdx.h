/* Licence expressions of SPDX. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** Whether @expression is a licence expression of SPDX 2.3, annex D
 * (https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/): identifiers, “+”, AND, OR,
 * WITH and parentheses. Identifiers are not checked, since SPDX adds licences every few months.
 * Errors: %OCI_ERROR_FORMAT. */
gboolean terrane_spdx_check (const char *expression, GError **error);

G_END_DECLS
