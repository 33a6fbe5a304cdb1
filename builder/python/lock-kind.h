/* Recognises files with Python projects that are not supported, and explains how to convert
 * them. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  const char *what;   /* such as "a lock file of Poetry" */
  const char *advice; /* how to get a requirements file with hashes from it */
} TerraneLockKind;

/**
 * terrane_lock_kind_find:
 * @name: path or name of a file
 * @data: its content, any bytes
 *
 * Recognises by name, and by content if the file was renamed: uv.lock, poetry.lock, pdm.lock,
 * Pipfile.lock, Pipfile, pyproject.toml, setup.py and setup.cfg, and environments of conda. A
 * pylock.toml (PEP 751) is recognised by its name, see pylock.h: here it is one that was renamed.
 *
 * Returns: (transfer none) (nullable): the kind; %NULL for none of them
 */
const TerraneLockKind *terrane_lock_kind_find (const char *name, GBytes *data);

G_END_DECLS
