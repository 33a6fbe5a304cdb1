/* Rules about files by which a process gives up rights without being root: landlock(7). */
#pragma once

#include "oci/base/fd.h"

#include <stdint.h>

G_BEGIN_DECLS

/* Of landlock(7); headers of the system may be older than its kernel. */
#define TERRANE_LANDLOCK_EXECUTE (UINT64_C (1) << 0)
#define TERRANE_LANDLOCK_WRITE_FILE (UINT64_C (1) << 1)
#define TERRANE_LANDLOCK_READ_FILE (UINT64_C (1) << 2)
#define TERRANE_LANDLOCK_READ_DIR (UINT64_C (1) << 3)
#define TERRANE_LANDLOCK_REMOVE_FILE (UINT64_C (1) << 5)
#define TERRANE_LANDLOCK_MAKE_REG (UINT64_C (1) << 8)
#define TERRANE_LANDLOCK_TRUNCATE (UINT64_C (1) << 14)
#define TERRANE_LANDLOCK_READ                                                                      \
  (TERRANE_LANDLOCK_READ_FILE | TERRANE_LANDLOCK_READ_DIR | TERRANE_LANDLOCK_EXECUTE)
#define TERRANE_LANDLOCK_ALL (~UINT64_C (0)) /* whatever this kernel has */

typedef struct
{
  OciFd ruleset; /* -1 where the kernel has no Landlock */
  uint64_t handled;
  gboolean scoped; /* signals and abstract sockets reach only processes with the same rules */
} TerraneLandlock;

/** @network: TCP is forbidden, too, where the kernel can. */
gboolean terrane_landlock_init (TerraneLandlock *self, gboolean network, GError **error);
void terrane_landlock_clear (TerraneLandlock *self);

/** Of everything below @fd. Without Landlock it does nothing. */
gboolean terrane_landlock_allow_fd (const TerraneLandlock *self, int fd, uint64_t rights,
                                    GError **error);

/** A place that is not there needs no permission. */
gboolean terrane_landlock_allow (const TerraneLandlock *self, const char *path, uint64_t rights,
                                 GError **error);

G_END_DECLS
