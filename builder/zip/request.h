/* What the user asks for with --output lambda-layer:FILE[,…] and lambda-zip:FILE[,…]. */
#pragma once

#include "builder/profile/profile.h"

G_BEGIN_DECLS

typedef enum
{
  TERRANE_ZIP_LAYER,    /* unpacked at /opt */
  TERRANE_ZIP_FUNCTION, /* unpacked at /var/task */
} TerraneZipKind;

typedef struct
{
  TerraneZipKind kind;
  char *text;           /* as written */
  char *path;           /* of the file */
  char **trees;         /* (nullable): names; NULL: those that belong into it */
  uint64_t split_bytes; /* 0: one file; else the largest size that each of several may have */
} TerraneZipRequest;

/** "lambda-layer", "lambda-zip" */
const char *terrane_zip_kind_name (TerraneZipKind kind);

/** Whether @text begins as such a request does. */
gboolean terrane_zip_request_knows (const char *text);

/**
 * terrane_zip_request_parse:
 * @text: KIND:FILE[,trees=NAME[,NAME…]][,split=auto|SIZE]; the file's path ends at the first comma
 *
 * Returns: (transfer full) (nullable): or %NULL with %OCI_ERROR_USAGE
 */
TerraneZipRequest *terrane_zip_request_parse (const char *text, GError **error);
void terrane_zip_request_free (TerraneZipRequest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneZipRequest, terrane_zip_request_free)

/**
 * terrane_zip_requests_check:
 * @requests: of TerraneZipRequest
 *
 * Whether they fit the profile and each other, as far as that can be told before anything is built:
 * trees exist, and none is in two layers; files are different ones and can be written. Trees that
 * are not named are chosen here: for a layer all but directories in /var/task, which are code of
 * the function; for a function all that no layer has.
 */
gboolean terrane_zip_requests_check (GPtrArray *requests, const TerraneProfile *profile,
                                     GError **error);

G_END_DECLS
