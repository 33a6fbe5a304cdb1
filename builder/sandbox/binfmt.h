/* The emulators that the kernel runs by itself (binfmt_misc, flag F: it has their files open). Any
 * image may have a program for one, whose /proc/PID/exe then is the host's file, which root's
 * program could change. Since Linux 6.7 a user namespace can have a list of its own: with a sealed
 * copy of the emulator that the image needs, or with nothing. */
#pragma once

#include "builder/sandbox/emulator.h"

#include "oci/base/fd.h"

G_BEGIN_DECLS

#define TERRANE_BINFMT_DIRECTORY "/proc/sys/fs/binfmt_misc"

/* One file of that directory. */
typedef struct
{
  gboolean enabled;
  char *interpreter; /* (nullable) */
  char *flags;
  char *offset;
  char *magic; /* (nullable): hexadecimal, as mask; NULL for one by the end of a name */
  char *mask;  /* (nullable) */
} TerraneRegistration;

void terrane_registration_parse (const char *text, TerraneRegistration *out);
void terrane_registration_clear (TerraneRegistration *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneRegistration, terrane_registration_clear)

/** Whether the kernel has its file open, so that it works in any root. */
gboolean terrane_registration_is_fixed (const TerraneRegistration *self);

/** What to write to "register" for the same with another @interpreter. Returns: (transfer full)
 * (nullable): NULL for one by the end of a name */
char *terrane_registration_line (const TerraneRegistration *self, const char *interpreter);

/* A list of the sandbox's own. */
typedef struct
{
  char *line;    /* (nullable): what is to be in it */
  OciFd program; /* its interpreter */
} TerraneBinfmt;

/**
 * terrane_binfmt_new:
 * @directory: %TERRANE_BINFMT_DIRECTORY
 * @emulator: (nullable): what the image needs
 * @can: whether a namespace of this user's can have such a list
 * @out_binfmt: (out) (nullable): %NULL when the host's list is empty, or has nothing of this user's
 *   and there can be no other
 *
 * Fails where there can be no other, and the files of the host's list may be this user's.
 */
gboolean terrane_binfmt_new (const char *directory, const TerraneEmulator *emulator,
                             gboolean (*can) (gpointer data), gpointer data,
                             TerraneBinfmt **out_binfmt, GError **error);
void terrane_binfmt_free (TerraneBinfmt *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneBinfmt, terrane_binfmt_free)

/** In the new namespaces, by system calls only. */
gboolean terrane_binfmt_prepare (const TerraneBinfmt *self);

G_END_DECLS
