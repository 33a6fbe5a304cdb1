/* Completion of command lines in shells, from the tables of commands and options. */
#pragma once

#include "builder/cli/command.h"

G_BEGIN_DECLS

/* What the value of an option or an argument is completed with. */
typedef enum
{
  TERRANE_COMPLETION_NONE,
  TERRANE_COMPLETION_FILES,
  TERRANE_COMPLETION_DIRECTORIES,
  TERRANE_COMPLETION_WORDS,
  TERRANE_COMPLETION_IMAGES, /* names in the store, and files after a transport */
  TERRANE_COMPLETION_PROFILES,
  TERRANE_COMPLETION_IMAGES_AND_PROFILES,
} TerraneCompletionKind;

typedef struct
{
  TerraneCompletionKind kind;
  const char *const *words; /* of WORDS */
} TerraneCompletion;

TerraneCompletion terrane_completion_of_option (const TerraneOption *option);
/** @position: of the argument, from 0 */
TerraneCompletion terrane_completion_of_argument (const TerraneCommand *command, guint position);

/** Calls @func for each option that a command, or terrane itself for NULL, shows in its help. */
void terrane_completion_each_option (const TerraneCommand *command,
                                     void (*func) (const TerraneOption *option, gpointer data),
                                     gpointer data);

/* A script each, (transfer full). */
char *terrane_completion_bash (void);
char *terrane_completion_zsh (void);
char *terrane_completion_fish (void);

/** --list-images: the names in the store, when there is one; makes none. */
void terrane_completion_print_images (const TerraneGlobal *global);

G_END_DECLS
