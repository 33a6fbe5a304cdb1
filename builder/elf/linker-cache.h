/* Reads /etc/ld.so.cache in the format of glibc 2.2 and later (sysdeps/generic/dl-cache.h). */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _TerraneLinkerCache TerraneLinkerCache;

/** Returns: (transfer full) (nullable): %NULL if @bytes is not such a cache, or is damaged */
TerraneLinkerCache *terrane_linker_cache_parse (GBytes *bytes);
void terrane_linker_cache_free (TerraneLinkerCache *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneLinkerCache, terrane_linker_cache_free)

/**
 * terrane_linker_cache_find:
 * @bits, @machine: as in TerraneElf
 *
 * Returns: (transfer none) (nullable): the path of library @name, preferably one that is not
 *   limited to certain processors
 */
const char *terrane_linker_cache_find (const TerraneLinkerCache *self, unsigned bits,
                                       unsigned machine, const char *name);

G_END_DECLS
