/* Rules about files by which a process gives up rights without being root: landlock(7). */
#pragma once

#include "oci/base/fd.h"

#include <stdint.h>

G_BEGIN_DECLS

/* From landlock(7); the system's headers may be older than its kernel. */
#define TERRANE_LANDLOCK_EXECUTE (UINT64_C (1) << 0)
#define TERRANE_LANDLOCK_WRITE_FILE (UINT64_C (1) << 1)
#define TERRANE_LANDLOCK_READ_FILE (UINT64_C (1) << 2)
#define TERRANE_LANDLOCK_READ_DIR (UINT64_C (1) << 3)
#define TERRANE_LANDLOCK_REMOVE_FILE (UINT64_C (1) << 5)
#define TERRANE_LANDLOCK_MAKE_REG (UINT64_C (1) << 8)
#define TERRANE_LANDLOCK_TRUNCATE (UINT64_C (1) << 14)
#define TERRANE_LANDLOCK_READ                                                                      \
  (TERRANE_LANDLOCK_READ_FILE | TERRANE_LANDLOCK_READ_DIR | TERRANE_LANDLOCK_EXECUTE)
#define TERRANE_LANDLOCK_ALL (~UINT64_C (0)) /* all that this kernel has */

typedef struct
{
  OciFd ruleset; /* -1 if the kernel does not have Landlock */
  uint64_t handled;
  gboolean scoped; /* signals and abstract sockets are limited to processes with the same rules */
} TerraneLandlock;

/** Makes a ruleset that allows nothing. @network: also forbid TCP if the kernel can. Errors:
 * %OCI_ERROR_IO. */
gboolean terrane_landlock_init (TerraneLandlock *self, gboolean network, GError **error);
void terrane_landlock_clear (TerraneLandlock *self);

/** Allows @rights for everything below @fd. Does nothing without Landlock. Errors: %OCI_ERROR_IO.
 */
gboolean terrane_landlock_allow_fd (const TerraneLandlock *self, int fd, uint64_t rights,
                                    GError **error);

/** Like terrane_landlock_allow_fd(), for a path; a missing one is ignored. Errors: %OCI_ERROR_IO.
 */
gboolean terrane_landlock_allow (const TerraneLandlock *self, const char *path, uint64_t rights,
                                 GError **error);

G_END_DECLS
