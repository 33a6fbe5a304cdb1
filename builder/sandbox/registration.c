#include "builder/sandbox/registration.h"

#include <string.h>

void
terrane_registration_clear (TerraneRegistration *self)
{
  g_clear_pointer (&self->interpreter, g_free);
  g_clear_pointer (&self->flags, g_free);
  g_clear_pointer (&self->offset, g_free);
  g_clear_pointer (&self->magic, g_free);
  g_clear_pointer (&self->mask, g_free);
}

/* "enabled\ninterpreter /usr/bin/qemu-aarch64-static\nflags: OCF\noffset 0\nmagic 7f45…\nmask …\n":
 * Documentation/admin-guide/binfmt-misc.rst. */
void
terrane_registration_parse (const char *text, TerraneRegistration *out)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  *out = (TerraneRegistration){ 0 };
  const struct
  {
    const char *name;
    char **value;
  } fields[] = { { "interpreter ", &out->interpreter },
                 { "flags: ", &out->flags },
                 { "offset ", &out->offset },
                 { "magic ", &out->magic },
                 { "mask ", &out->mask } };
  for (char **line = lines; *line != NULL; line++)
    {
      out->enabled = out->enabled || strcmp (*line, "enabled") == 0;
      for (size_t i = 0; i < G_N_ELEMENTS (fields); i++)
        if (g_str_has_prefix (*line, fields[i].name) && *fields[i].value == NULL)
          *fields[i].value = g_strdup (*line + strlen (fields[i].name));
    }
}

gboolean
terrane_registration_is_fixed (const TerraneRegistration *self)
{
  return self->enabled && self->interpreter != NULL && self->flags != NULL
         && strchr (self->flags, 'F') != NULL;
}

/* "7f45" as "\x7f\x45". */
static void
append_bytes (GString *line, const char *hex)
{
  for (; hex != NULL && g_ascii_isxdigit (hex[0]) && g_ascii_isxdigit (hex[1]); hex += 2)
    g_string_append_printf (line, "\\x%c%c", hex[0], hex[1]);
}

char *
terrane_registration_line (const TerraneRegistration *self, const char *interpreter)
{
  GString *line = g_string_new (":emulator:M:");
  if (self->magic == NULL)
    {
      g_string_free (line, TRUE);
      return NULL;
    }
  g_string_append_printf (line, "%s:", self->offset != NULL ? self->offset : "0");
  append_bytes (line, self->magic);
  g_string_append_c (line, ':');
  append_bytes (line, self->mask);
  g_string_append_printf (line, ":%s:%s", interpreter, self->flags);
  return g_string_free (line, FALSE);
}
