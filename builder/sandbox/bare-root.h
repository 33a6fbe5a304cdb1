/* Copies an image's files, for programs that no mount prevents from changing them: the files of a
 * checkout are links to the objects of the store. */
#pragma once

#include "oci/base/fd.h"

G_BEGIN_DECLS

/* Which inodes the files of a copy have. */
typedef enum
{
  TERRANE_BARE_LINKS,  /* the checkout's: for a program that cannot change them */
  TERRANE_BARE_COPIES, /* shared by all copies that this process makes with this value: cheap after
                          the first */
  TERRANE_BARE_OWN,
} TerraneBareSharing;

typedef struct
{
  char *path; /* a directory next to the checkout */
  OciFd
      lock; /* gc keeps the directory while this is locked, and removes those of killed processes */
} TerraneBareRoot;

/**
 * terrane_bare_root_init:
 * @root: directory of a checkout
 * @relative: convert absolute links to relative ones, which lead to the same place for a process
 *   with another root directory
 *
 * Makes a copy. Safe from any thread.
 *
 * Errors: %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED.
 */
gboolean terrane_bare_root_init (TerraneBareRoot *self, const char *root,
                                 TerraneBareSharing sharing, gboolean relative, GError **error);

/** Removes the copy. */
void terrane_bare_root_clear (TerraneBareRoot *self);

G_END_DECLS
