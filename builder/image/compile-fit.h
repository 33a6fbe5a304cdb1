/* Checks whether what is compiled in a file system can run in an image, and can be compiled on this
 * machine.
 *
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED,
 * %OCI_ERROR_IO, codes of %G_IO_ERROR (from libostree). */
#pragma once

#include "builder/image/source-image.h"
#include "builder/sandbox/emulator.h"

G_BEGIN_DECLS

/** Whether the C library of the image is new enough. @in: commit of the file system of @pin; @base:
 * (nullable): that of the image's base. Errors: see the head. */
gboolean terrane_compile_fit_libc (TerraneStore *store, const TerranePin *pin,
                                   const TerraneSourceSpec *base_spec, const OciDigest *in,
                                   const OciDigest *base, GError **error);

/**
 * terrane_compile_fit_processor:
 * @in: commit of the file system of @pin
 * @out_emulator: (out caller-allocates): to be cleared by the caller, also after a failure
 *
 * Whether its programs are for the profile's processor, and can run here.
 *
 * Errors: see the head.
 */
gboolean terrane_compile_fit_processor (const TerraneSourceContext *context, const TerranePin *pin,
                                        const OciDigest *in, TerraneEmulator *out_emulator,
                                        GError **error);

G_END_DECLS
