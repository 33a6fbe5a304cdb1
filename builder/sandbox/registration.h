/* Registrations of interpreters in the kernel (binfmt_misc, in the format of its files). */
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
  char *magic; /* (nullable): hexadecimal, like mask; NULL if it matches by the end of a name */
  char *mask;  /* (nullable) */
} TerraneRegistration;

/** Parses the text of such a file. */
void terrane_registration_parse (const char *text, TerraneRegistration *out);
void terrane_registration_clear (TerraneRegistration *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneRegistration, terrane_registration_clear)

/** Whether the kernel holds its file open, so that it works in any root. */
gboolean terrane_registration_is_fixed (const TerraneRegistration *self);

/** Returns: (transfer full) (nullable): the line to write to "register" for the same with another
 * @interpreter; NULL if it matches by the end of a name */
char *terrane_registration_line (const TerraneRegistration *self, const char *interpreter);

G_END_DECLS
