/* Copies of an image's files, for programs that no mount keeps from changing them: those of a
 * checkout are links to the objects of the store. */
#pragma once

#include "oci/base/fd.h"

G_BEGIN_DECLS

/* Whose inodes the files of a copy are. */
typedef enum
{
  TERRANE_BARE_LINKS,  /* the checkout's: for a program that can change nothing of them */
  TERRANE_BARE_COPIES, /* those of all copies that this process makes with this: after the first,
                          one is cheap */
  TERRANE_BARE_OWN,
} TerraneBareSharing;

typedef struct
{
  char *path; /* a directory beside the checkout */
  OciFd lock; /* while this is locked gc leaves it; gc removes what a killed process leaves */
} TerraneBareRoot;

/**
 * terrane_bare_root_init:
 * @root: directory of a checkout
 * @relative: absolute links become relative ones, which lead to the same place for a process with
 * another root directory
 *
 * By any thread.
 */
gboolean terrane_bare_root_init (TerraneBareRoot *self, const char *root,
                                 TerraneBareSharing sharing, gboolean relative, GError **error);

/** Removes it. */
void terrane_bare_root_clear (TerraneBareRoot *self);

G_END_DECLS
