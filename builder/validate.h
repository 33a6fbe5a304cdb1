/* The validation of a built image: its own code in the sandbox. */
#pragma once

#include "builder/image/image.h"
#include "builder/sandbox/emulator.h"

G_BEGIN_DECLS

/** Whether the profile asks for anything. */
gboolean terrane_validate_wanted (const TerraneProfile *profile);

/**
 * terrane_validate_image:
 * @out_results: (out) (transfer full) (nullable): see terrane_validation_to_json(); set whenever
 *   something was run, also when it failed
 * @out_cached: (out): whether exactly this was run before and passed
 * @emulator: of the image's processor, not %TERRANE_EMULATION_MISSING; with it everything gets more
 *   time
 *
 * Runs the profile's imports and scripts in the image's file system. Fails with %TERRANE_ERROR_GATE
 * when one of them fails; the message has their output.
 */
gboolean terrane_validate_image (TerraneStore *store, const TerraneProfile *profile,
                                 const TerraneImage *image, const TerraneEmulator *emulator,
                                 const TerraneProgress *progress, json_t **out_results,
                                 gboolean *out_cached, GError **error);

G_END_DECLS
