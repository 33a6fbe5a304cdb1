/* Interprets the names of extension modules and of other files that programs load at run time:
 * which Python and processor they are for, and whether a package works without them. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  TERRANE_MODULE_NONE,     /* not an extension module */
  TERRANE_MODULE_LOADABLE, /* import looks for this name */
  TERRANE_MODULE_FOREIGN,  /* import of this Python never looks for it */
} TerraneModuleKind;

/**
 * terrane_module_suffix:
 * @minor: of Python 3
 * @machine: such as "x86_64"
 *
 * Returns: (transfer full): ".cpython-311-x86_64-linux-gnu.so": the first of
 *   importlib.machinery.EXTENSION_SUFFIXES, without the end if versions of Python differ in it:
 *   those before 3.10 may say "gnu" on musl, too
 */
char *terrane_module_suffix (unsigned minor, const char *machine, gboolean musl);

/** Classifies a file. @name: of a file; @suffix: of terrane_module_suffix() */
TerraneModuleKind terrane_module_kind (const char *name, const char *suffix);

/** Whether @path is a module that its package tries to import and can work without: see
 * docs/checks.md. */
gboolean terrane_module_is_optional (const char *path);

/** Whether @path is an optional module whose absence need not be reported. */
gboolean terrane_module_is_spare (const char *path);

/** Whether @name is that of a library that auditwheel copied into a wheel, such as
 * "libgfortran-040039e1.so.5.0.0": it contains eight digits of the file's digest. */
gboolean terrane_module_is_grafted (const char *name);

/** Returns: (transfer full): @path with "*" in place of the name of a processor, so that files for
 * several processors have equal results */
char *terrane_module_any_machine (const char *path);

G_END_DECLS
