/* Finds files that came in wheels for any platform ("py3-none-any"): if such a wheel contains files
 * for one processor, its package chooses among them at run time. */
#pragma once

#include "builder/facts/image-view.h"

G_BEGIN_DECLS

typedef struct _TerranePureWheels TerranePureWheels;

/**
 * terrane_pure_wheels_new:
 * @view: must outlive the result. Returns: (transfer full)
 */
TerranePureWheels *terrane_pure_wheels_new (const TerraneImageView *view);
void terrane_pure_wheels_free (TerranePureWheels *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerranePureWheels, terrane_pure_wheels_free)

/** Whether the RECORD of a pure wheel, next to @file or in a directory above it, lists @file. A
 * wheel that cannot be read does not count. */
gboolean terrane_pure_wheels_have (TerranePureWheels *self, const TerraneNode *file);

G_END_DECLS
