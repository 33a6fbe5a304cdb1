/* What the steps of a recipe print, as a file: the start and the end of it, whatever its length. */
#pragma once

#include "oci/base/capture.h"
#include "oci/base/fd.h"

G_BEGIN_DECLS

typedef struct
{
  char *path; /* where it is in the end */
  char *partial;
  OciFd fd;
  OciFd directory;
  uint64_t size;    /* of the start */
  OciCapture after; /* of what came after it: the end */
} TerraneCompileLog;

#define TERRANE_COMPILE_LOG_INIT                                                                   \
  {                                                                                                \
    .fd = -1, .directory = -1                                                                      \
  }

/** Starts one beside @path, whose directory is made. Cleared by the caller, also after a failure.
 */
gboolean terrane_compile_log_open (TerraneCompileLog *self, const char *path, GError **error);

gboolean terrane_compile_log_add (TerraneCompileLog *self, const char *text, size_t len,
                                  GError **error);

/** It gets its name, and replaces another one. */
gboolean terrane_compile_log_finish (TerraneCompileLog *self, GError **error);

/** Without that, nothing is left. */
void terrane_compile_log_clear (TerraneCompileLog *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneCompileLog, terrane_compile_log_clear)

G_END_DECLS
