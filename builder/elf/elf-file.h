/* What the dynamic linker reads of a program or library. The file comes from strangers: whatever is
 * in it, reading it gives facts or a word on what is broken. The only file that knows libelf. */
#pragma once

#include "builder/elf/binary-format.h"

#include "oci/base/json.h"

G_BEGIN_DECLS

typedef enum
{
  TERRANE_ELF_OTHER,      /* an object file, debug information, …: nothing that is loaded */
  TERRANE_ELF_EXECUTABLE, /* ET_EXEC, or ET_DYN with an interpreter */
  TERRANE_ELF_SHARED,     /* ET_DYN without one: a library, or a program that loads itself */
} TerraneElfType;

/* The versions that a file wants of one library. */
typedef struct
{
  char *library;   /* as in DT_NEEDED */
  char **versions; /* such as "GLIBC_2.34", weak ones left out */
} TerraneElfWant;

/* Only @format is set when it is not an ELF file; only what stands above @soname when @broken is
 * set or the file is for a processor with the other byte order. */
typedef struct
{
  TerraneBinaryFormat format;
  TerraneElfType type;
  unsigned bits;     /* 32 or 64 */
  unsigned machine;  /* EM_…, 62 for x86-64, 183 for AArch64 */
  char *broken;      /* (nullable): why it cannot be loaded */
  char *interpreter; /* (nullable): PT_INTERP */
  char *soname;      /* (nullable) */
  char *rpath;       /* (nullable): DT_RPATH, unless there is a DT_RUNPATH, which hides it */
  char *runpath;     /* (nullable) */
  char **needed;     /* in the file's order */
  GPtrArray *wants;  /* of TerraneElfWant */
  char **defines;    /* versions that it has, empty when it has none at all */
  char **search;     /* of a dynamic linker: the directories that are compiled in, else empty */
  gboolean no_default_library; /* DF_1_NODEFLIB */
  gboolean text_relocations;   /* DT_TEXTREL or DF_TEXTREL */
  gboolean executable_stack;   /* PT_GNU_STACK says so */
} TerraneElf;

/**
 * terrane_elf_read:
 * @fd: a regular file
 * @out_elf: (out) (transfer full) (nullable): %NULL when it is not a program of any kind
 *
 * Fails only when the file cannot be read.
 */
gboolean terrane_elf_read (int fd, TerraneElf **out_elf, GError **error);

/** Returns: (transfer full): without any facts, for readers of whatever form */
TerraneElf *terrane_elf_new (void);
void terrane_elf_free (TerraneElf *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneElf, terrane_elf_free)

/** @library, @versions: (transfer full) */
void terrane_elf_add_want (TerraneElf *self, char *library, char **versions);

/** The facts as a cache entry holds them. Returns: (transfer full) */
json_t *terrane_elf_to_json (const TerraneElf *self);
/** Returns: (transfer full) (nullable): %NULL when @value is not what terrane_elf_to_json() gives
 */
TerraneElf *terrane_elf_from_json (const json_t *value);

/** "x86-64", "AArch64", or "machine N (EM_N)". Returns: (transfer full) */
char *terrane_elf_machine_name (unsigned bits, unsigned machine);

G_END_DECLS
