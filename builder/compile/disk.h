/* How much disk a directory takes up while programs write to it. */
#pragma once

#include "oci/base/fd.h"

#include <stdint.h>

G_BEGIN_DECLS

enum
{
  TERRANE_DISK_MAX_DEPTH = 200, /* of directories: a descriptor each; no sources come near */
};

#define TERRANE_DISK_TOO_DEEP (UINT64_MAX / 2)

/* Reading the whole directory is slow: that is done when the file system has lost as much free
 * space as there is left, and now and then. */
typedef struct
{
  int fd; /* borrowed: the directory */
  uint64_t limit;
  uint64_t used;           /* when it was read last */
  uint64_t free;           /* of the file system, at that time */
  gint64 earliest, latest; /* when it is read again, monotonic */
} TerraneDiskWatch;

void terrane_disk_watch_init (TerraneDiskWatch *self, int fd, uint64_t limit);

/** @now: whether to read the directory whatever the file system says. Returns: whether there is
 * more in it than the limit */
gboolean terrane_disk_watch_look (TerraneDiskWatch *self, gboolean now);

/** What the files in a directory take up, an empty one as one block; at least
 * %TERRANE_DISK_TOO_DEEP when it is deeper than that. @force: also of directories that their owner
 * may not read, by changing their mode for the time */
uint64_t terrane_disk_usage (int dfd, gboolean force);

G_END_DECLS
