/* Parses the values of --output lambda-layer:FILE[,…] and lambda-zip:FILE[,…]. */
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
  char **trees;         /* (nullable): names; NULL for the suitable ones */
  uint64_t split_bytes; /* 0 for one file; otherwise the largest size of each of several */
} TerraneZipRequest;

/** Returns: (transfer none): "lambda-layer", "lambda-zip" */
const char *terrane_zip_kind_name (TerraneZipKind kind);

/** Whether @text begins like such a request. */
gboolean terrane_zip_request_knows (const char *text);

/**
 * terrane_zip_request_parse:
 * @text: KIND:FILE[,trees=NAME[,NAME…]][,split=auto|SIZE]; the file's path ends at the first comma
 *
 * Returns: (transfer full)
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT.
 */
TerraneZipRequest *terrane_zip_request_parse (const char *text, GError **error);
void terrane_zip_request_free (TerraneZipRequest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneZipRequest, terrane_zip_request_free)

/**
 * terrane_zip_requests_check:
 * @requests: of TerraneZipRequest
 *
 * Checks the requests with the profile and with each other, as far as possible before anything is
 * built: trees exist, and none is in two layers; files differ and can be written. Chooses the trees
 * if none are named: for a layer all but directories in /var/task, which are code of the function;
 * for a function all that are in no layer.
 *
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_IO.
 */
gboolean terrane_zip_requests_check (GPtrArray *requests, const TerraneProfile *profile,
                                     GError **error);

G_END_DECLS
