/* Emulators that the kernel runs by itself (binfmt_misc, flag F: it holds their files open). Any
 * image may have a program for one; the /proc/PID/exe of that program is the host's file, which a
 * program of root could change. Since Linux 6.7 a user namespace can have its own list: with a
 * sealed copy of the emulator that the image needs, or empty. */
#pragma once

#include "builder/sandbox/emulator.h"
#include "builder/sandbox/registration.h"

#include "oci/base/fd.h"

G_BEGIN_DECLS

/* A list for the sandbox. */
typedef struct
{
  char *line;    /* (nullable): its only entry */
  OciFd program; /* its interpreter */
} TerraneBinfmt;

/**
 * terrane_binfmt_new:
 * @directory: %TERRANE_BINFMT_DIRECTORY
 * @emulator: (nullable): the one that the image needs
 * @can: whether a namespace of this user can have such a list
 * @out_binfmt: (out) (transfer full) (nullable): %NULL if the host's list is empty, or if its files
 *   do not belong to this user and no other list is possible
 *
 * Errors: %OCI_ERROR_UNSUPPORTED if no other list is possible and the files of the host's list may
 *   belong to this user; %OCI_ERROR_IO.
 */
gboolean terrane_binfmt_new (const char *directory, const TerraneEmulator *emulator,
                             gboolean (*can) (gpointer data), gpointer data,
                             TerraneBinfmt **out_binfmt, GError **error);
void terrane_binfmt_free (TerraneBinfmt *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneBinfmt, terrane_binfmt_free)

/** Installs the list in the new namespaces, using only system calls. Returns: whether it succeeded
 */
gboolean terrane_binfmt_prepare (const TerraneBinfmt *self);

G_END_DECLS
