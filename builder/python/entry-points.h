/* entry_points.txt, and the scripts that installers make from it
 * (https://packaging.python.org/en/latest/specifications/entry-points/). */
#pragma once

#include "oci/base/error.h"

G_BEGIN_DECLS

/* A script: `name = module:attribute`. */
typedef struct
{
  char *name;      /* a file name: no "/", no control characters, neither "." nor ".." */
  char *module;    /* dotted identifiers */
  char *attribute; /* dotted identifiers */
  gboolean gui;    /* of gui_scripts */
} TerraneEntryPoint;

void terrane_entry_point_free (TerraneEntryPoint *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneEntryPoint, terrane_entry_point_free)

/**
 * terrane_entry_points_parse:
 * @bytes: content of entry_points.txt
 *
 * Reads the sections console_scripts and gui_scripts, which only differ on Windows; other sections
 * are skipped. Extras ("[extra]") are obsolete and ignored, as by pip. If several scripts have the
 * same name, the last one is used, and one of gui_scripts before one of console_scripts, as with
 * pip.
 *
 * Returns: (transfer full) (element-type TerraneEntryPoint): in order
 * Errors: %OCI_ERROR_FORMAT for text that is not UTF-8, lines outside of a section, names that are
 *   unsafe as a file name, and values that are not "module:attribute"; %OCI_ERROR_LIMIT for over
 *   10000.
 */
GPtrArray *terrane_entry_points_parse (GBytes *bytes, GError **error);

/**
 * terrane_script_shebang:
 * @interpreter: absolute path
 *
 * Makes the first lines of a script. If Linux could not run "#!INTERPRETER" (over 127 bytes, or
 * with spaces), they make /bin/sh execute the interpreter, and Python reads them as a string. The
 * text is that of distlib, which pip uses.
 *
 * Returns: (transfer full): ends with a newline
 */
char *terrane_script_shebang (const char *interpreter);

/** Returns: (transfer full): the text of the script, the same as pip 23 writes */
char *terrane_entry_point_script (const TerraneEntryPoint *self, const char *interpreter);

G_END_DECLS
