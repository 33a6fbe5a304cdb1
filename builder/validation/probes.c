#include "builder/lambda/event.h"
#include "builder/sandbox/sandbox.h"
#include "builder/validation/explain.h"
#include "builder/validation/probes-private.h"

#include "oci/base/fd.h"
#include "oci/base/json.h"
#include "oci/digest.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

enum
{
  MAX_EVENT_BYTES = 6 * 1024 * 1024, /* Lambda's */
};

void
terrane_log_tail_init (TerraneLogTail *self)
{
  g_mutex_init (&self->mutex);
  oci_capture_init (&self->text, 0, TERRANE_GATE_LOG_BYTES);
}

void
terrane_log_tail_clear (TerraneLogTail *self)
{
  g_mutex_clear (&self->mutex);
  oci_capture_clear (&self->text);
}

void
terrane_log_tail_write (const char *bytes, size_t len, gpointer data)
{
  TerraneLogTail *self = data;
  g_mutex_lock (&self->mutex);
  oci_capture_take (&self->text, bytes, len);
  g_mutex_unlock (&self->mutex);
}

char *
terrane_log_tail_text (TerraneLogTail *self)
{
  g_mutex_lock (&self->mutex);
  char *text = oci_capture_text (&self->text);
  g_mutex_unlock (&self->mutex);
  return text;
}

void
terrane_probe_result_clear (TerraneProbeResult *self)
{
  g_clear_pointer (&self->name, g_free);
  g_clear_pointer (&self->reason, g_free);
  g_clear_pointer (&self->explanation, g_free);
  g_clear_pointer (&self->output, g_free);
  g_clear_pointer (&self->more, json_decref);
}

static void
add_result (json_t *results, const TerraneProbeResult *result)
{
  json_t *object = json_object ();
  oci_json_set (object, "kind", oci_json_text (result->kind));
  oci_json_set (object, "name", oci_json_text (result->name));
  oci_json_set (object, "passed", json_boolean (result->reason == NULL));
  oci_json_set (object, "status", oci_json_text (result->reason == NULL ? "passed" : "failed"));
  if (result->reason != NULL)
    oci_json_set (object, "message", oci_json_text (result->reason));
  if (result->explanation != NULL)
    oci_json_set (object, "explanation", oci_json_text (result->explanation));
  oci_json_set (object, "timed_out", json_boolean (result->timed_out));
  oci_json_set (object, "wall_usecs", json_integer ((json_int_t) result->wall_usecs));
  oci_json_set (object, "peak_rss_bytes", json_integer ((json_int_t) result->peak_bytes));
  if (result->more != NULL)
    (void) json_object_update (object, result->more); /* fails only without memory */
  oci_json_set (object, "output", oci_json_text (result->output != NULL ? result->output : ""));
  oci_json_append (results, object);
}

gboolean
terrane_probes_wanted (const TerraneProfile *profile)
{
  return profile->validate.invoke->len > 0 || profile->validate.http->len > 0;
}

gboolean
terrane_probes_check (const TerraneProfile *profile, TerraneSandboxKind sandbox,
                      TerraneNetwork network, GError **error)
{
  if (profile->validate.http->len > 0 && network == TERRANE_NETWORK_HOST)
    return oci_throw (error, OCI_ERROR_UNSUPPORTED,
                      "validate.http is not run with --network host: the server would listen on "
                      "this machine's own addresses, for everybody");
  return !terrane_probes_wanted (profile) || sandbox != TERRANE_SANDBOX_PODMAN
         || oci_throw (error, OCI_ERROR_UNSUPPORTED,
                       "validate.invoke and validate.http need --sandbox bubblewrap or none: in "
                       "podman there is no loopback that terrane could reach");
}

GPtrArray *
terrane_probes_load (const TerraneProfile *profile, GError **error)
{
  g_autoptr (GPtrArray) events = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  for (guint i = 0; i < profile->validate.invoke->len; i++)
    {
      const TerraneInvokeSpec *spec = profile->validate.invoke->pdata[i];
      GBytes *event = NULL;
      if (spec->event_path == NULL)
        {
          char *text = json_dumps (spec->event, JSON_ENCODE_ANY | JSON_COMPACT);
          event = g_bytes_new (text, strlen (text));
          free (text);
        }
      else if (!oci_read_file (AT_FDCWD, spec->event_path, MAX_EVENT_BYTES, &event, error))
        {
          g_prefix_error (error, "%s.event: ", spec->where);
          return NULL;
        }
      g_autoptr (GBytes) given = event;
      event = terrane_event_read (given, error);
      if (event == NULL)
        {
          g_prefix_error (error, "%s.event: ", spec->where);
          return NULL;
        }
      g_ptr_array_add (events, event);
    }
  return g_steal_pointer (&events);
}

json_t *
terrane_probes_digests (const GPtrArray *events)
{
  json_t *digests = json_array ();
  for (guint i = 0; i < events->len; i++)
    {
      OciDigestHex hex;
      OciDigest digest = oci_digest_of_bytes (events->pdata[i]);
      oci_json_append (digests, oci_json_text (oci_digest_hex (&digest, hex)));
    }
  return digests;
}

static gboolean
explain (const TerraneProbes *self, TerraneProbeResult *result, GError **error)
{
  g_auto (GStrv) env = oci_image_config_env (self->config);
  g_auto (OciFd) root = -1;
  if (result->reason == NULL)
    return TRUE;
  if (!oci_open_dir (AT_FDCWD, self->root, &root, error))
    return FALSE;
  const TerraneExplainContext context = { .root = root,
                                          .env = (const char *const *) env,
                                          .architecture =
                                              oci_image_config_architecture (self->config),
                                          .tmp_bytes = self->limits->tmp };
  result->explanation = terrane_explain (&context, result->reason, result->output, NULL);
  return TRUE;
}

typedef gboolean (*ProbeFunc) (const TerraneProbes *self, guint index, TerraneProbeResult *result,
                               GError **error);

static gboolean
run_one (const TerraneProbes *self, ProbeFunc probe, guint index, TerraneProbeResult *result,
         json_t *results, GError **error)
{
  if (self->started != NULL)
    self->started (self->data, result->kind, result->name);
  if (!probe (self, index, result, error))
    return FALSE;
  if (!explain (self, result, error))
    return FALSE;
  add_result (results, result);
  return TRUE;
}

gboolean
terrane_probes_run (const TerraneProbes *self, json_t *results, GError **error)
{
  gboolean ok = TRUE;
  for (guint i = 0; ok && i < self->spec->invoke->len; i++)
    {
      g_auto (TerraneProbeResult)
          result = { .kind = "invoke", .name = terrane_invoke_probe_name (self->profile, i) };
      ok = run_one (self, terrane_invoke_probe_run, i, &result, results, error);
    }
  for (guint i = 0; ok && i < self->spec->http->len; i++)
    {
      g_auto (TerraneProbeResult)
          result = { .kind = "http", .name = terrane_http_probe_name (self->profile, i) };
      ok = run_one (self, terrane_http_probe_run, i, &result, results, error);
    }
  return ok;
}
