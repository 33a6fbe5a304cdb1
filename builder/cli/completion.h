/* Completion of command lines in shells, generated from the tables of commands and options. */
#pragma once

#include "builder/cli/command.h"

G_BEGIN_DECLS

/* How to complete the value of an option or an argument. */
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
  const char *const *words; /* for WORDS */
} TerraneCompletion;

/** Returns how to complete the value of an option. */
TerraneCompletion terrane_completion_of_option (const TerraneOption *option);
/** Returns how to complete an argument. @position: of the argument, from 0 */
TerraneCompletion terrane_completion_of_argument (const TerraneCommand *command, guint position);

/** Calls @func for each option in the help of a command, or of terrane itself for NULL. */
void terrane_completion_each_option (const TerraneCommand *command,
                                     void (*func) (const TerraneOption *option, gpointer data),
                                     gpointer data);

/** Returns: (transfer full): the script for bash */
char *terrane_completion_bash (void);
/** Returns: (transfer full): the script for zsh */
char *terrane_completion_zsh (void);
/** Returns: (transfer full): the script for fish */
char *terrane_completion_fish (void);

/** --list-images: prints the names in an existing store; does not make one. */
void terrane_completion_print_images (const TerraneGlobal *global);

G_END_DECLS
