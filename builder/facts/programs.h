/* Everything that processes of an image may load, and what it needs: the roots of loading, each
 * loaded like ld.so would.
 *
 *     programs   files with an interpreter: the entrypoint and whatever can be started
 *     modules    libraries that a running program loads by name, such as Python's extension
 * modules. They are loaded into a process of the image's main program, whose libraries count
 *     libraries  libraries that none of these needs: plugins, or unused */
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
  /* A program that is the entrypoint or on PATH, or a module where Python looks for modules and
   * that is not known to be optional: as far as is known the function depends on it. */
  gboolean required;
} TerraneRoot;

typedef struct
{
  /* (nullable): @root needs a library, directly or indirectly; @found is NULL if there is none */
  void (*need) (const TerraneRoot *root, const TerraneClosure *closure, const TerraneLoaded *loader,
                const char *name, const TerraneLoaded *found, TerraneSearchStep step,
                gpointer data);
  /* (nullable): @root is loaded with all libraries that were found */
  void (*loaded) (const TerraneRoot *root, const TerraneClosure *closure, gpointer data);
  /* (nullable): the image lacks the linker that @root names, or any linker that could load it */
  void (*no_linker) (const TerraneRoot *root, gpointer data);
} TerraneProgramsVisitor;

typedef struct _TerranePrograms TerranePrograms;

/** Returns: (transfer full): the programs of @view, which must outlive them. Errors:
 * %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_IO. */
TerranePrograms *terrane_programs_new (const TerraneImageView *view, GError **error);
/** Like terrane_programs_new(). @index: (transfer full): of @view's tree. Returns: (transfer full).
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_IO. */
TerranePrograms *terrane_programs_new_with_index (const TerraneImageView *view,
                                                  TerraneElfIndex *index, GError **error);
void terrane_programs_free (TerranePrograms *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerranePrograms, terrane_programs_free)

/** Returns: (transfer none): the index of ELF files */
const TerraneElfIndex *terrane_programs_index (const TerranePrograms *self);

/** Returns @entry as a root, with its role. */
TerraneRoot terrane_programs_root (const TerranePrograms *self, const TerraneElfEntry *entry);

/** Whether @entry is for the processor that the configuration names. */
gboolean terrane_programs_fits (const TerranePrograms *self, const TerraneElfEntry *entry);

/** Whether the search for libraries of @entry was limited to the first 256 directories. */
gboolean terrane_programs_is_cut (const TerranePrograms *self, const TerraneElfEntry *entry);

/** Loads every root, required ones first. */
void terrane_programs_visit (TerranePrograms *self, const TerraneProgramsVisitor *visitor,
                             gpointer data);

G_END_DECLS
