/* Reads what the dynamic linker uses of a program or library. Files are untrusted: for any content,
 * the result is facts or a description of what is broken. The only file that uses libelf. */
#pragma once

#include "builder/elf/binary-format.h"

#include "oci/base/json.h"

G_BEGIN_DECLS

typedef enum
{
  TERRANE_ELF_OTHER,      /* an object file, debug information, …: never loaded */
  TERRANE_ELF_EXECUTABLE, /* ET_EXEC, or ET_DYN with an interpreter */
  TERRANE_ELF_SHARED, /* ET_DYN without an interpreter: a library, or a program that loads itself */
} TerraneElfType;

/* Versions that a file needs of one library. */
typedef struct
{
  char *library;   /* as in DT_NEEDED */
  char **versions; /* such as "GLIBC_2.34", without weak ones */
} TerraneElfWant;

/* Only @format is set if it is not an ELF file; only the members before @soname if @broken is set
 * or the file is for a processor with the other byte order. */
typedef struct
{
  TerraneBinaryFormat format;
  TerraneElfType type;
  unsigned bits;               /* 32 or 64 */
  unsigned machine;            /* EM_…, 62 for x86-64, 183 for AArch64 */
  char *broken;                /* (nullable): why it cannot be loaded */
  char *interpreter;           /* (nullable): PT_INTERP */
  char *soname;                /* (nullable) */
  char *rpath;                 /* (nullable): DT_RPATH, unless a DT_RUNPATH overrides it */
  char *runpath;               /* (nullable) */
  char **needed;               /* in the file's order */
  GPtrArray *wants;            /* of TerraneElfWant */
  char **defines;              /* versions that it defines, empty if it has none */
  char **search;               /* of a dynamic linker: its built-in directories; otherwise empty */
  gboolean no_default_library; /* DF_1_NODEFLIB */
  gboolean text_relocations;   /* DT_TEXTREL or DF_TEXTREL */
  gboolean executable_stack;   /* according to PT_GNU_STACK */
} TerraneElf;

/**
 * terrane_elf_read:
 * @fd: a regular file
 * @out_elf: (out) (transfer full) (nullable): %NULL if it is not a program of any format
 *
 * Fails only if the file cannot be read.
 *
 * Errors: %OCI_ERROR_IO.
 */
gboolean terrane_elf_read (int fd, TerraneElf **out_elf, GError **error);

/** Returns: (transfer full): without any facts */
TerraneElf *terrane_elf_new (void);
void terrane_elf_free (TerraneElf *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneElf, terrane_elf_free)

/** Adds versions that the file needs. @library, @versions: (transfer full) */
void terrane_elf_add_want (TerraneElf *self, char *library, char **versions);

/** Returns: (transfer full): the facts in the form of a cache entry */
json_t *terrane_elf_to_json (const TerraneElf *self);
/** Returns: (transfer full) (nullable): %NULL if @value was not made by terrane_elf_to_json() */
TerraneElf *terrane_elf_from_json (const json_t *value);

/** Returns: (transfer full): "x86-64", "AArch64", or "machine N (EM_N)" */
char *terrane_elf_machine_name (unsigned bits, unsigned machine);

G_END_DECLS
