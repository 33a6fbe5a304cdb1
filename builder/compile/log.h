/* Writes the output of a recipe's steps to a file: the start and the end of it, whatever its
 * length. */
#pragma once

#include "oci/base/capture.h"
#include "oci/base/fd.h"

G_BEGIN_DECLS

typedef struct
{
  char *path; /* final path */
  char *partial;
  OciFd fd;
  OciFd directory;
  uint64_t size;    /* of the start */
  OciCapture after; /* the end of the rest */
} TerraneCompileLog;

#define TERRANE_COMPILE_LOG_INIT                                                                   \
  {                                                                                                \
    .fd = -1, .directory = -1                                                                      \
  }

/** Starts a log next to @path, whose directory is made. To be cleared by the caller, also after a
 * failure. Errors: %OCI_ERROR_IO. */
gboolean terrane_compile_log_open (TerraneCompileLog *self, const char *path, GError **error);

/** Appends output. Errors: %OCI_ERROR_IO. */
gboolean terrane_compile_log_add (TerraneCompileLog *self, const char *text, size_t len,
                                  GError **error);

/** Publishes the log under its name, replacing an older one. Errors: %OCI_ERROR_IO. */
gboolean terrane_compile_log_finish (TerraneCompileLog *self, GError **error);

/** Removes the log unless it was published. */
void terrane_compile_log_clear (TerraneCompileLog *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneCompileLog, terrane_compile_log_clear)

G_END_DECLS
