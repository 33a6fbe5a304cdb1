/* Files with the same problem, which become one finding with their number and the first ones. */
#pragma once

#include "builder/check/finding.h"
#include "builder/facts/image-view.h"

G_BEGIN_DECLS

/* All zero is an empty group. */
typedef struct
{
  guint count;
  GString *first;   /* (nullable): the paths of the first ones */
  char *path;       /* (nullable): path of the first one */
  const char *tree; /* (nullable): tree of the first one */
} TerraneFileGroup;

/** Adds a file. @detail: (nullable): printed after it in parentheses */
void terrane_file_group_add (TerraneFileGroup *self, const TerraneImageView *view,
                             const TerraneNode *node, const char *detail);

/**
 * terrane_file_group_report:
 * @what: the problem of the files, which are listed after it
 * @fix: (nullable)
 *
 * Adds a finding unless the group is empty.
 */
void terrane_file_group_report (const TerraneFileGroup *self, TerraneFindings *findings,
                                const char *id, TerraneSeverity severity, const char *what,
                                const char *fix);

void terrane_file_group_clear (TerraneFileGroup *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneFileGroup, terrane_file_group_clear)

G_END_DECLS
