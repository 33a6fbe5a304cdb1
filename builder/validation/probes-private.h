/* What the probes share. */
#pragma once

#include "builder/lambda/lambda.h"
#include "builder/validation/probes.h"

#include "oci/base/capture.h"

G_BEGIN_DECLS

enum
{
  TERRANE_GATE_LOG_BYTES = 4 * 1024, /* of the end of a log, as Lambda shows of one */
};

/* The end of what a program wrote; written by one thread at a time. */
typedef struct
{
  GMutex mutex;
  OciCapture text;
} TerraneLogTail;

void terrane_log_tail_init (TerraneLogTail *self);
void terrane_log_tail_clear (TerraneLogTail *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneLogTail, terrane_log_tail_clear)
/** A TerraneSessionOutputFunc; @data is the tail. */
void terrane_log_tail_write (const char *bytes, size_t len, gpointer data);
/** Returns: (transfer full): valid UTF-8 */
char *terrane_log_tail_text (TerraneLogTail *self);

/* What one of them found. */
typedef struct
{
  const char *kind;
  char *name;
  char *explanation; /* (nullable): what the reason means in this image */
  char *reason;      /* (nullable): why it failed, in one line or more; NULL: it passed */
  gboolean timed_out;
  uint64_t wall_usecs;
  uint64_t peak_bytes;
  char *output; /* the end of the log */
  json_t *more; /* (nullable): members of its own */
} TerraneProbeResult;

void terrane_probe_result_clear (TerraneProbeResult *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneProbeResult, terrane_probe_result_clear)

/** Each fills in a result that its caller clears; FALSE as terrane_probes_run() says. */
gboolean terrane_invoke_probe_run (const TerraneProbes *self, guint index,
                                   TerraneProbeResult *result, GError **error);
gboolean terrane_http_probe_run (const TerraneProbes *self, guint index, TerraneProbeResult *result,
                                 GError **error);

/** Sets the reason when an answer is not what was expected. */
void terrane_invoke_probe_judge (const TerraneInvokeSpec *spec, const TerraneLambdaResult *answer,
                                 TerraneProbeResult *result);

/** What an element is called: the name of its event's file, or its method and path. */
char *terrane_invoke_probe_name (const TerraneProfile *profile, guint index);
char *terrane_http_probe_name (const TerraneProfile *profile, guint index);

G_END_DECLS
