/* All static checks of an image. Builds and `terrane check` run the same ones. */
#pragma once

#include "builder/check/subject.h"

G_BEGIN_DECLS

/* Version of the findings that are stored with an image; another version runs the checks again. */
#define TERRANE_CHECKS_VERSION "3"

/** Adds the findings of all families that apply to the target. Fails only if files cannot be read.
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_LIMIT, %OCI_ERROR_IO. */
gboolean terrane_check_run (const TerraneCheck *check, TerraneFindings *findings, GError **error);

/** Changes the severity of findings as a profile says. @specs: of TerraneCheckSpec */
void terrane_check_override (TerraneFindings *findings, const GPtrArray *specs);

G_END_DECLS
