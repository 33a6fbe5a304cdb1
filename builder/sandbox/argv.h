/* A command line in the making. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  GPtrArray *words; /* strings of its own */
} TerraneArgv;

void terrane_argv_init (TerraneArgv *self);
void terrane_argv_clear (TerraneArgv *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneArgv, terrane_argv_clear)

void terrane_argv_add (TerraneArgv *self, const char *word);
void terrane_argv_add_format (TerraneArgv *self, const char *format, ...) G_GNUC_PRINTF (2, 3);
/** @words: (nullable): ended by %NULL */
void terrane_argv_add_all (TerraneArgv *self, const char *const *words);

/** Returns: (transfer none): the words, ended by %NULL; nothing is added afterwards */
const char *const *terrane_argv_end (TerraneArgv *self);

G_END_DECLS
