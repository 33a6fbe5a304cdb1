/* What the names of extension modules and of other files that programs load at run time say: which
 * Python and processor they are for, and that a package does without them. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  TERRANE_MODULE_NONE,     /* no extension module */
  TERRANE_MODULE_LOADABLE, /* import looks for the name */
  TERRANE_MODULE_FOREIGN,  /* import of this Python never looks at it */
} TerraneModuleKind;

/**
 * terrane_module_suffix:
 * @minor: of Python 3
 * @machine: such as "x86_64"
 *
 * Returns: (transfer full): ".cpython-311-x86_64-linux-gnu.so": the first one of
 * importlib.machinery.EXTENSION_SUFFIXES. Without the end where Pythons differ in it: those before
 * 3.10 may say "gnu" on musl too.
 */
char *terrane_module_suffix (unsigned minor, const char *machine, gboolean musl);

/** @name: of a file; @suffix: of terrane_module_suffix() */
TerraneModuleKind terrane_module_kind (const char *name, const char *suffix);

/** Whether @path is a module that its package tries and does without: see docs/checks.md. */
gboolean terrane_module_is_optional (const char *path);

/** Whether @path is an optional module whose absence nobody need hear of. */
gboolean terrane_module_is_spare (const char *path);

/** Whether @name is of a library that auditwheel copied into a wheel, such as
 * "libgfortran-040039e1.so.5.0.0": it puts eight digits of the file's digest into it. */
gboolean terrane_module_is_grafted (const char *name);

/** @path with "*" in place of what names a processor, so that files which are the same for several
 * ones have equal results. Returns: (transfer full) */
char *terrane_module_any_machine (const char *path);

G_END_DECLS
