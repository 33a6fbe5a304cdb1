/* Whether what is compiled in a file system can run in an image, and here. */
#pragma once

#include "builder/image/source-image.h"
#include "builder/sandbox/emulator.h"

G_BEGIN_DECLS

/** @in: commit of the file system of @pin; @base: (nullable): that of the image's base */
gboolean terrane_compile_fit_libc (TerraneStore *store, const TerranePin *pin,
                                   const TerraneSourceSpec *base_spec, const OciDigest *in,
                                   const OciDigest *base, GError **error);

/**
 * terrane_compile_fit_processor:
 * @in: commit of the file system of @pin
 * @out_emulator: (out caller-allocates): cleared by the caller, also after a failure
 *
 * Whether its programs are for the profile's processor, and can be run here.
 */
gboolean terrane_compile_fit_processor (const TerraneSourceContext *context, const TerranePin *pin,
                                        const OciDigest *in, TerraneEmulator *out_emulator,
                                        GError **error);

G_END_DECLS
