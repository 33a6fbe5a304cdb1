/* Everything that processes of an image may load, and what it needs: the roots of loading, each
 * loaded as ld.so would.
 *
 *  programs   files with an interpreter: the entrypoint and what can be started
 *  modules    libraries that a running program loads by name, such as Python's extension modules.
 *             They are loaded into a process of the image's main program, whose libraries count
 *  libraries  what none of these needs: plugins, or just unused */
#pragma once

#include "builder/elf/closure.h"
#include "builder/facts/image-view.h"

G_BEGIN_DECLS

typedef enum
{
  TERRANE_ROOT_PROGRAM,
  TERRANE_ROOT_MODULE,
  TERRANE_ROOT_LIBRARY,
} TerraneRootRole;

typedef struct
{
  const TerraneElfEntry *entry;
  TerraneRootRole role;
  /* A program that is the entrypoint or on PATH, or a module where Python looks for such and
   * that is not known to be optional: the function depends on it as far as one can tell. */
  gboolean required;
} TerraneRoot;

typedef struct
{
  /* (nullable): @root needs a library, or something that it needs does; @found is NULL when there
   * is none */
  void (*need) (const TerraneRoot *root, const TerraneClosure *closure, const TerraneLoaded *loader,
                const char *name, const TerraneLoaded *found, TerraneSearchStep step,
                gpointer data);
  /* (nullable): @root is loaded with everything that was found */
  void (*loaded) (const TerraneRoot *root, const TerraneClosure *closure, gpointer data);
  /* (nullable): the image lacks the linker that @root names, or any that could load it */
  void (*no_linker) (const TerraneRoot *root, gpointer data);
} TerraneProgramsVisitor;

typedef struct _TerranePrograms TerranePrograms;

/** Returns: (transfer full) (nullable): the programs of @view, which must outlive them */
TerranePrograms *terrane_programs_new (const TerraneImageView *view, GError **error);
/** @index: (transfer full): of @view's tree */
TerranePrograms *terrane_programs_new_with_index (const TerraneImageView *view,
                                                  TerraneElfIndex *index, GError **error);
void terrane_programs_free (TerranePrograms *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerranePrograms, terrane_programs_free)

const TerraneElfIndex *terrane_programs_index (const TerranePrograms *self);

/** What @entry would be as a root. */
TerraneRoot terrane_programs_root (const TerranePrograms *self, const TerraneElfEntry *entry);

/** Whether @entry is for the processor that the configuration names. */
gboolean terrane_programs_fits (const TerranePrograms *self, const TerraneElfEntry *entry);

/** Whether libraries of @entry were looked for in the first 256 directories only. */
gboolean terrane_programs_is_cut (const TerranePrograms *self, const TerraneElfEntry *entry);

/** Loads every root, required ones first. */
void terrane_programs_visit (TerranePrograms *self, const TerraneProgramsVisitor *visitor,
                             gpointer data);

G_END_DECLS
