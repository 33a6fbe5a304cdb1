/* What the kernel has been told to run a kind of file by (binfmt_misc, as its files say it). */
#pragma once

#include <glib.h>

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

G_END_DECLS
