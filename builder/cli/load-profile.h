/* How commands load a profile: with git. */
#pragma once

#include "builder/profile/profile.h"

G_BEGIN_DECLS

/** @platform: (nullable): what --platform said */
TerraneProfile *terrane_command_load_profile (const char *path, const char *platform,
                                              GError **error);

/** The same for what makes no image, and so needs no commit: the lock may be part of the first one.
 */
TerraneProfile *terrane_command_load_profile_to_lock (const char *path, const char *platform,
                                                      GError **error);

/**
 * terrane_command_list_platforms:
 * @platform: (nullable): what --platform said: some, with commas, or TERRANE_PLATFORMS_ALL
 * @path: of the profile, which lists all
 * @out_platforms: (out) (transfer full) (nullable): %NULL without the option
 */
gboolean terrane_command_list_platforms (const char *platform, const char *path,
                                         char ***out_platforms, GError **error);

/** Whether an argument that may be either is a profile, and not an image. */
gboolean terrane_command_is_profile (const char *argument);

/**
 * terrane_command_select_profiles:
 *
 * Of the arguments of a command those that are not locks and schemas, which the shell's *.json
 * brings along. Returns: (transfer full) (nullable): at least one
 */
char **terrane_command_select_profiles (char **arguments, const char *command, GError **error);

/**
 * terrane_command_expand:
 * @text: of an option, with variables as profiles have them
 * @what: what it is called in messages, such as "--push"
 *
 * Returns: (transfer full) (nullable): with those of the profile, of its directory and of its
 *   platform; ${lock.short} stays
 */
char *terrane_command_expand (const TerraneProfile *profile, const char *what, const char *text,
                              GError **error);

G_END_DECLS
