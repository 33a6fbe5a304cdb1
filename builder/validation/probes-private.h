/* Types and functions shared by the probes. */
#pragma once

#include "builder/lambda/lambda.h"
#include "builder/validation/probes.h"

#include "oci/base/capture.h"

G_BEGIN_DECLS

enum
{
  TERRANE_GATE_LOG_BYTES = 4 * 1024, /* of the end of a log, the same number as Lambda's */
};

/* The end of a program's output; written by one thread at a time. */
typedef struct
{
  GMutex mutex;
  OciCapture text;
} TerraneLogTail;

/** Makes an empty tail. */
void terrane_log_tail_init (TerraneLogTail *self);
void terrane_log_tail_clear (TerraneLogTail *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneLogTail, terrane_log_tail_clear)
/** A TerraneSessionOutputFunc; @data is the tail. */
void terrane_log_tail_write (const char *bytes, size_t len, gpointer data);
/** Returns: (transfer full): valid UTF-8 */
char *terrane_log_tail_text (TerraneLogTail *self);

/* Result of a probe. */
typedef struct
{
  const char *kind;
  char *name;
  char *explanation; /* (nullable): meaning of the reason in this image */
  char *reason;      /* (nullable): why it failed, in one or more lines; NULL if it passed */
  gboolean timed_out;
  uint64_t wall_usecs;
  uint64_t peak_bytes;
  char *output; /* the end of the log */
  json_t *more; /* (nullable): members specific to this kind */
} TerraneProbeResult;

void terrane_probe_result_clear (TerraneProbeResult *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneProbeResult, terrane_probe_result_clear)

/** Each runs a probe and fills in a result, to be cleared by the caller. Errors: as
 * terrane_probes_run(): %OCI_ERROR_USAGE, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT,
 * %OCI_ERROR_NOT_FOUND, %OCI_ERROR_EXISTS, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED, and codes of
 * %G_FILE_ERROR. */
gboolean terrane_invoke_probe_run (const TerraneProbes *self, guint index,
                                   TerraneProbeResult *result, GError **error);
/** Like terrane_invoke_probe_run(), for a request to a web server. Errors: %OCI_ERROR_USAGE,
 * %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_IO,
 * %OCI_ERROR_CANCELLED, and codes of %G_FILE_ERROR. */
gboolean terrane_http_probe_run (const TerraneProbes *self, guint index, TerraneProbeResult *result,
                                 GError **error);

/** Sets the reason if an answer is not the expected one. */
void terrane_invoke_probe_judge (const TerraneInvokeSpec *spec, const TerraneLambdaResult *answer,
                                 TerraneProbeResult *result);

/** Returns: (transfer full): name of an element: that of its event's file */
char *terrane_invoke_probe_name (const TerraneProfile *profile, guint index);
/** Returns: (transfer full): name of an element: its method and path */
char *terrane_http_probe_name (const TerraneProfile *profile, guint index);

G_END_DECLS
