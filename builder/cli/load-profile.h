/* Loads profiles for commands, with git variables available.
 *
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_LIMIT, %OCI_ERROR_IO. */
#pragma once

#include "builder/profile/profile.h"

G_BEGIN_DECLS

/** Loads a profile. @platform: (nullable): value of --platform. Returns: (transfer full).
 * Errors: see the head. */
TerraneProfile *terrane_command_load_profile (const char *path, const char *platform,
                                              GError **error);

/** Like terrane_command_load_profile() for commands that make no image, and so need no commit: the
 * lock may be part of the first one. Returns: (transfer full). Errors: see the head. */
TerraneProfile *terrane_command_load_profile_to_lock (const char *path, const char *platform,
                                                      GError **error);

/**
 * terrane_command_list_platforms:
 * @platform: (nullable): value of --platform: some, separated by commas, or TERRANE_PLATFORMS_ALL
 * @path: of the profile, which lists all
 * @out_platforms: (out) (transfer full) (nullable): %NULL without the option
 *
 * Finds the requested platforms.
 *
 * Errors: see the head.
 */
gboolean terrane_command_list_platforms (const char *platform, const char *path,
                                         char ***out_platforms, GError **error);

/** Whether an argument for either a profile or an image is a profile. */
gboolean terrane_command_is_profile (const char *argument);

/** Returns: (transfer full): the arguments of a command without locks and schemas, which the
 * shell's *.json includes; at least one. Errors: %OCI_ERROR_USAGE. */
char **terrane_command_select_profiles (char **arguments, const char *command, GError **error);

/**
 * terrane_command_expand:
 * @text: of an option, with the variables of profiles
 * @what: its name in messages, such as "--push"
 *
 * Returns: (transfer full): with the variables of the profile, of its directory and of its platform
 *   expanded; ${lock.short} is kept
 * Errors: %OCI_ERROR_USAGE.
 */
char *terrane_command_expand (const TerraneProfile *profile, const char *what, const char *text,
                              GError **error);

G_END_DECLS
