/* Which files came in wheels that are for any platform ("py3-none-any"): what such a wheel has for
 * one processor, its package loads there by itself. */
#pragma once

#include "builder/facts/image-view.h"

G_BEGIN_DECLS

typedef struct _TerranePureWheels TerranePureWheels;

TerranePureWheels *terrane_pure_wheels_new (const TerraneImageView *view);
void terrane_pure_wheels_free (TerranePureWheels *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerranePureWheels, terrane_pure_wheels_free)

/** Whether the RECORD of a pure wheel, beside @file or in a directory above it, names @file. What
 * cannot be read is not such a wheel. */
gboolean terrane_pure_wheels_have (TerranePureWheels *self, const TerraneNode *file);

G_END_DECLS
