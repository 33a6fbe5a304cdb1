/* Variables in the strings of a profile: ${env.NAME}, ${env.NAME:-default}, ${git.sha},
 * ${git.short}, ${lock.short}, ${platform}, ${arch}, ${terrane.profiles}; "$${" is a literal "${".
 * docs/profile.md, "Variables". */
#pragma once

#include "oci/base/json.h"

G_BEGIN_DECLS

/* Where values come from that this folder cannot know. */
typedef struct
{
  /** Returns: (transfer full) (nullable): commit id of HEAD in hexadecimal digits. Asked at most
   * once, and only when a profile uses it. */
  char *(*git_revision) (const char *directory, gpointer data); /* (nullable) */
  /* Nothing is made of the profile: without a commit, ${git.sha} in what the lock does not depend
   * on is all zeros. */
  gboolean git_optional;
  /* Directory of the profiles that come with terrane. */
  const char *shipped_profiles; /* (nullable): this terrane has none */
  gpointer data;
} TerraneProfileVariables;

typedef struct _TerraneExpander TerraneExpander;

/**
 * terrane_expander_new:
 * @variables: (nullable): as NULL members; copied, but not what its members point to
 * @directory: whose git revision is meant
 */
TerraneExpander *terrane_expander_new (const TerraneProfileVariables *variables,
                                       const char *directory);
void terrane_expander_free (TerraneExpander *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneExpander, terrane_expander_free)

/**
 * terrane_expander_expand:
 * @at: a string
 * @allow_lock: whether ${lock.short} may be in it; it stays there
 *
 * Returns: (transfer full) (nullable): the text, or NULL after a problem was noted
 */
char *terrane_expander_expand (TerraneExpander *self, const OciJson *at, gboolean allow_lock);

/** What ${platform} and ${arch} are from now on. @platform: such as "linux/arm64" */
void terrane_expander_set_platform (TerraneExpander *self, const char *platform);

/**
 * terrane_expander_expand_all:
 * @platform: (nullable): what is built instead of the profile's first platform
 *
 * Expands every string value of a profile in place, "platform" first. One that cannot be expanded
 * has a problem noted, and gets no more of them.
 */
void terrane_expander_expand_all (TerraneExpander *self, const OciJson *root, const char *platform);

/** Whether @text, of a loaded profile, needs terrane_profile_expand_lock(). */
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
