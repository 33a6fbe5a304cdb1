/* Builds a command line. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  GPtrArray *words; /* owned strings */
} TerraneArgv;

/** Makes an empty list. */
void terrane_argv_init (TerraneArgv *self);
void terrane_argv_clear (TerraneArgv *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneArgv, terrane_argv_clear)

/** Appends a copy of @word. */
void terrane_argv_add (TerraneArgv *self, const char *word);
/** Appends a formatted word. */
void terrane_argv_add_format (TerraneArgv *self, const char *format, ...) G_GNUC_PRINTF (2, 3);
/** Appends copies of all @words: (nullable): ended by %NULL */
void terrane_argv_add_all (TerraneArgv *self, const char *const *words);

/** Returns: (transfer none): the words, ended by %NULL; nothing may be added afterwards */
const char *const *terrane_argv_end (TerraneArgv *self);

G_END_DECLS
