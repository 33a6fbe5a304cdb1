/* How severe a vulnerability is: the base score of CVSS 3.0 and 3.1 vectors. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * terrane_cvss_score:
 * @vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", perhaps with temporal and environmental
 *   metrics, which do not count
 * @out_tenths: (out): the base score times ten, from 0 to 100
 *
 * Returns: whether it is a vector of CVSS 3 with all base metrics, each once
 */
gboolean terrane_cvss_score (const char *vector, unsigned *out_tenths);

/** "none", "low", "medium", "high" or "critical": the qualitative rating scale of CVSS 3. */
const char *terrane_cvss_word (unsigned tenths);

G_END_DECLS
