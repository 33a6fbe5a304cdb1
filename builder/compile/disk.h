/* Measures the disk usage of a directory while programs write to it. */
#pragma once

#include "oci/base/fd.h"

#include <stdint.h>

G_BEGIN_DECLS

enum
{
  TERRANE_DISK_MAX_DEPTH =
      200, /* of directories, each of which needs a descriptor; far more than any sources have */
};

#define TERRANE_DISK_TOO_DEEP (UINT64_MAX / 2)

/* Reading the whole directory is slow: it is done when the file system has lost as much free space
 * as is left of the limit, and occasionally. */
typedef struct
{
  int fd; /* borrowed: the directory */
  uint64_t limit;
  uint64_t used;           /* when it was last read */
  uint64_t free;           /* of the file system, at that time */
  gint64 earliest, latest; /* times of the next reading, monotonic */
} TerraneDiskWatch;

/** Begins to watch. @fd: borrowed; @limit: in bytes */
void terrane_disk_watch_init (TerraneDiskWatch *self, int fd, uint64_t limit);

/** Takes a look. @now: whether to read the directory regardless of the file system. Returns:
 * whether its content exceeds the limit */
gboolean terrane_disk_watch_look (TerraneDiskWatch *self, gboolean now);

/** Returns the disk usage of the files in a directory, counting an empty one as one block; at least
 * %TERRANE_DISK_TOO_DEEP if it is deeper than that. @force: also read directories that their owner
 * may not read, by changing their mode temporarily */
uint64_t terrane_disk_usage (int dfd, gboolean force);

/** Returns the sum of the apparent sizes of the files in a directory, with at least one block for
 * each: what a copy of them without holes occupies. Otherwise like terrane_disk_usage(). */
uint64_t terrane_disk_size (int dfd, gboolean force);

G_END_DECLS
