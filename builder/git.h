/* Reads the git state of a profile's directory. */
#pragma once

#include <glib.h>
#include <stdint.h>

G_BEGIN_DECLS

typedef struct
{
  char *revision;       /* (nullable): commit id of HEAD */
  int64_t committed_at; /* committer time, seconds since the epoch */
  char *source;         /* (nullable): https URL of the remote "origin", without credentials */
  char *problem;        /* (nullable): why an existing repository was not read */
} TerraneGitState;

/** Reads the repository whose work tree contains @directory, with libgit2: no program is run, so
 * nothing that the repository's configuration names is executed, and nothing is fetched. A
 * repository of another user is not read unless safe.directory allows it, as with git(1). Outside
 * of a work tree and before the first commit everything is empty, since an image can also be built
 * from an exported directory. */
void terrane_git_state (const char *directory, TerraneGitState *out_state);
void terrane_git_state_clear (TerraneGitState *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneGitState, terrane_git_state_clear)

/**
 * terrane_git_source_url:
 * @remote: as `git config remote.origin.url` prints it
 *
 * Converts "git@host:owner/name.git" and "https://user:secret@host/owner/name.git" to the same
 * "https://host/owner/name", so that equal sources give equal images regardless of how they were
 * cloned.
 *
 * Returns: (transfer full) (nullable): %NULL for local paths and other schemes
 */
char *terrane_git_source_url (const char *remote);

G_END_DECLS
