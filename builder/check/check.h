/* All static checks of an image. Builds and `terrane check` run the same ones. */
#pragma once

#include "builder/check/subject.h"

G_BEGIN_DECLS

/* What a build found is remembered with the image; another version looks again. */
#define TERRANE_CHECKS_VERSION "3"

/**
 * terrane_check_run:
 *
 * Adds what all families that concern the target find. Fails only when files cannot be read.
 */
gboolean terrane_check_run (const TerraneCheck *check, TerraneFindings *findings, GError **error);

/** Gives findings the severity that a profile says. @specs: of TerraneCheckSpec */
void terrane_check_override (TerraneFindings *findings, const GPtrArray *specs);

G_END_DECLS
