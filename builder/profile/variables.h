/* Variables in the strings of a profile: ${env.NAME}, ${env.NAME:-default}, ${git.sha},
 * ${git.short}, ${lock.short}, ${platform}, ${arch}, ${terrane.profiles}; "$${" is a literal "${".
 * docs/profile.md, "Variables". */
#pragma once

#include "oci/base/json.h"

G_BEGIN_DECLS

/* Sources of values that this directory cannot compute. */
typedef struct
{
  /** Returns: (transfer full) (nullable): commit id of HEAD in hexadecimal digits. Called at most
   * once, and only if a profile uses it. */
  char *(*git_revision) (const char *directory, gpointer data); /* (nullable) */
  /* The profile is not built: without a commit, ${git.sha} becomes all zeros in values that do not
   * affect the lock. */
  gboolean git_optional;
  /* Directory of the profiles that are installed with terrane. */
  const char *shipped_profiles; /* (nullable): NULL if there is none */
  gpointer data;
} TerraneProfileVariables;

typedef struct _TerraneExpander TerraneExpander;

/**
 * terrane_expander_new:
 * @variables: (nullable): %NULL for all members NULL; copied, but not what its members point to
 * @directory: whose git revision is used
 *
 * Returns: (transfer full)
 */
TerraneExpander *terrane_expander_new (const TerraneProfileVariables *variables,
                                       const char *directory);
void terrane_expander_free (TerraneExpander *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneExpander, terrane_expander_free)

/**
 * terrane_expander_expand:
 * @at: a string
 * @allow_lock: whether it may contain ${lock.short}, which is kept
 *
 * Returns: (transfer full) (nullable): the text, or %NULL after a problem was noted
 */
char *terrane_expander_expand (TerraneExpander *self, const OciJson *at, gboolean allow_lock);

/** Sets the values of ${platform} and ${arch}. @platform: such as "linux/arm64" */
void terrane_expander_set_platform (TerraneExpander *self, const char *platform);

/**
 * terrane_expander_expand_all:
 * @platform: (nullable): the one to build, replacing the profile's first
 *
 * Expands every string value of a profile in place, "platform" first. A value that cannot be
 * expanded gets one problem and no further ones.
 */
void terrane_expander_expand_all (TerraneExpander *self, const OciJson *root, const char *platform);

/** Whether @text, of a loaded profile, has to be expanded with terrane_profile_expand_lock(). */
gboolean terrane_profile_wants_lock (const char *text);

/**
 * terrane_profile_expand_lock:
 * @text: of config.env, config.labels, annotations or push of a loaded profile
 * @lock_short: first 12 hexadecimal digits of the lock's digest
 *
 * Returns: (transfer full): @text with each ${lock.short} replaced
 */
char *terrane_profile_expand_lock (const char *text, const char *lock_short);

G_END_DECLS
