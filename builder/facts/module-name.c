#include "builder/facts/module-name.h"

#include <string.h>

char *
terrane_module_suffix (unsigned minor, const char *machine, gboolean musl)
{
  enum
  {
    MUSL_HAS_A_NAME = 10
  };
  const char *libc = !musl ? "gnu.so" : minor >= MUSL_HAS_A_NAME ? "musl.so" : "";
  return g_strdup_printf (".cpython-3%u-%s-linux-%s", minor, machine, libc);
}

/* import looks for ".cpython-311-x86_64-linux-gnu.so", ".abi3.so" and ".so". */
TerraneModuleKind
terrane_module_kind (const char *name, const char *suffix)
{
  const char *tag = strstr (name, ".cpython-");
  if (g_str_has_suffix (name, ".pyd") || g_str_has_suffix (name, "-darwin.so"))
    return TERRANE_MODULE_FOREIGN;
  if (!g_str_has_suffix (name, ".so"))
    return TERRANE_MODULE_NONE;
  if (tag != NULL)
    return g_str_has_prefix (tag, suffix) ? TERRANE_MODULE_LOADABLE : TERRANE_MODULE_FOREIGN;
  return strstr (name, ".abi3t.") != NULL || strstr (name, ".pypy") != NULL
             ? TERRANE_MODULE_FOREIGN
             : TERRANE_MODULE_LOADABLE;
}

/* The standard library is a given, and never imported as a whole: python:slim has no libtk for its
 * _tkinter. numba uses the first of its thread pools that can be loaded, one of which needs
 * nothing. */
gboolean
terrane_module_is_optional (const char *path)
{
  static const char *const parts[] = { "/lib-dynload/", "/numba/np/ufunc/tbbpool.",
                                       "/numba/np/ufunc/omppool.", "/_tkinter.", NULL };
  for (const char *const *part = parts; *part != NULL; part++)
    if (strstr (path, *part) != NULL)
      return TRUE;
  return FALSE;
}

/* Modules that a function does not use, or that are replaced by another: python:slim has no Tk for
 * _tkinter, and no libnsl for nis; numba has a pool that needs nothing. */
gboolean
terrane_module_is_spare (const char *path)
{
  static const char *const names[] = { "_tkinter.",      "nis.",    "_dbm.",     "_gdbm.",
                                       "_curses.",       "_uuid.",  "readline.", "ossaudiodev.",
                                       "_curses_panel.", "_crypt.", NULL };
  const char *part = strstr (path, "/lib-dynload/");
  if (strstr (path, "/numba/np/ufunc/tbbpool.") != NULL
      || strstr (path, "/numba/np/ufunc/omppool.") != NULL || strstr (path, "/_tkinter.") != NULL)
    return TRUE;
  for (const char *const *name = names; part != NULL && *name != NULL; name++)
    if (g_str_has_prefix (part + strlen ("/lib-dynload/"), *name))
      return TRUE;
  return FALSE;
}

gboolean
terrane_module_is_grafted (const char *name)
{
  enum
  {
    DIGITS = 8
  };
  const char *so = strstr (name, ".so");
  if (so == NULL || so - name < DIGITS + 2 || so[-DIGITS - 1] != '-')
    return FALSE;
  for (const char *p = so - DIGITS; p < so; p++)
    if (!g_ascii_isxdigit (*p))
      return FALSE;
  return TRUE;
}

/* Returns the length of the processor's name at the start of @text, else 0. */
static size_t
machine_length (const char *text)
{
  static const char *const names[] = { "x86_64", "x86-64", "x86",     "x64",   "amd64",   "aarch64",
                                       "arm64",  "armv7l", "armhf",   "arm",   "i386",    "i486",
                                       "i586",   "i686",   "ppc64le", "s390x", "riscv64", NULL };
  for (const char *const *name = names; *name != NULL; name++)
    if (g_ascii_strncasecmp (text, *name, strlen (*name)) == 0)
      return strlen (*name);
  return 0;
}

char *
terrane_module_any_machine (const char *path)
{
  GString *text = g_string_new (NULL);
  while (*path != '\0')
    {
      size_t length = machine_length (path);
      g_string_append_c (text, length > 0 ? '*' : *path);
      path += MAX (length, 1);
    }
  return g_string_free (text, FALSE);
}
