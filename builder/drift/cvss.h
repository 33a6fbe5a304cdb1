/* Severity of a vulnerability: the base score of CVSS 3.0 and 3.1 vectors
 * (https://www.first.org/cvss/v3.1/specification-document). */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * terrane_cvss_score:
 * @vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", possibly with temporal and environmental
 *   metrics, which are ignored
 * @out_tenths: (out): the base score times ten, from 0 to 100
 *
 * Returns: whether it is a vector of CVSS 3 with all base metrics, each once
 */
gboolean terrane_cvss_score (const char *vector, unsigned *out_tenths);

/** Returns: (transfer none): "none", "low", "medium", "high" or "critical": the qualitative rating
 * scale of CVSS 3 */
const char *terrane_cvss_word (unsigned tenths);

G_END_DECLS
