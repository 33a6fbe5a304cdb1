/* A root that may be written to, over a directory that must not be: the changes are in memory. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Where it appears, below the directory, in the mount namespace of the prepared process. */
#define TERRANE_OVERLAY_ROOT "/merged"

/* Everything is made before the fork; terrane_overlay_prepare() only makes system calls. */
typedef struct
{
  char *root;
  char *upper;
  char *work;
  char *merged;
  char *options;
  char *uid_map;
  char *gid_map;
} TerraneOverlay;

void terrane_overlay_init (TerraneOverlay *self, const char *root);
void terrane_overlay_clear (TerraneOverlay *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneOverlay, terrane_overlay_clear)

/** A TerraneProcessPrepareFunc; @data is the overlay. In namespaces of its own, so no rights are
 * needed, and nothing is left when the process ends. */
gboolean terrane_overlay_prepare (gpointer data);

G_END_DECLS
