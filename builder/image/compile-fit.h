/* Checks whether what is compiled in a file system can run in an image, and can be compiled on this
 * machine.
 *
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED,
 * %OCI_ERROR_IO, codes of %G_IO_ERROR (from libostree). */
#pragma once

#include "builder/image/base.h"
#include "builder/image/source-image.h"
#include "builder/sandbox/emulator.h"

G_BEGIN_DECLS

/* The note of a result (terrane_source_tree_note()) with the facts of the file system that it was
 * compiled in. */
#define TERRANE_COMPILE_FACTS "in"

/* The reason for which a result of another machine is not used. */
#define TERRANE_COMPILE_UNFIT                                                                      \
  "it was compiled with a newer or another C library than the base's, or for another processor"

/**
 * terrane_compile_facts_read:
 * @in: commit of a file system to compile in
 *
 * Returns: (transfer full): the facts about it that images depend on: `libc`, "glibc" or "musl",
 *   with its `major` and `minor`; `machine`, e_machine of its programs. Unknown ones are absent.
 * Errors: see the head.
 */
json_t *terrane_compile_facts_read (TerraneStore *store, const OciDigest *in, GError **error);

/**
 * terrane_compile_facts_find:
 * @pin: its results are in the store
 * @out_facts: (out) (transfer full) (nullable): %NULL if they are not known
 *
 * Finds the facts about the file system that the results of @pin were compiled in, which need not
 * be in the store.
 *
 * Errors: see the head.
 */
gboolean terrane_compile_facts_find (TerraneStore *store, const TerranePin *pin, json_t **out_facts,
                                     GError **error);

/**
 * terrane_compile_facts_fit:
 * @facts: (nullable)
 * @base: (nullable): the image's base
 * @out_fit: (out): whether the C library of the base is new enough, and the processor is the
 *   profile's. Unknown facts fit.
 *
 * Errors: see the head.
 */
gboolean terrane_compile_facts_fit (const TerraneSourceContext *context, const json_t *facts,
                                    const TerraneBase *base, gboolean *out_fit, GError **error);

/** If they do not fit, the error says how to make them fit. @base: (nullable). Errors: see the
 * head. */
gboolean terrane_compile_facts_require (const TerraneSourceContext *context, const TerranePin *pin,
                                        const json_t *facts, const TerraneBase *base,
                                        GError **error);

/** Whether programs of the profile's processor can run here. @out_emulator: (out
 * caller-allocates): to be cleared by the caller, also after a failure. Errors: see the head. */
gboolean terrane_compile_require_emulator (const TerraneSourceContext *context,
                                           const TerranePin *pin, TerraneEmulator *out_emulator,
                                           GError **error);

G_END_DECLS
