#include "builder/validation/result.h"

#include "oci/base/json.h"

TerraneResult *
terrane_result_new (const char *kind, const char *name)
{
  TerraneResult *self = g_new0 (TerraneResult, 1);
  self->kind = kind;
  self->name = g_strdup (name);
  return self;
}

void
terrane_result_free (gpointer data)
{
  TerraneResult *self = data;
  g_free (self->name);
  g_free (self->message);
  g_free (self->explanation);
  terrane_process_result_clear (&self->process);
  json_decref (self->facts);
  json_decref (self->cold_files);
  json_decref (self->modules);
  g_clear_pointer (&self->warm_usecs, g_array_unref);
  g_free (self);
}

void
terrane_result_fail (TerraneResult *self, char *message)
{
  if (self->status != TERRANE_RESULT_FAILED)
    {
      g_free (self->message);
      self->message = message;
    }
  else
    g_free (message);
  self->status = TERRANE_RESULT_FAILED;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  uint64_t left = *(const uint64_t *) a, right = *(const uint64_t *) b;
  return (left > right) - (left < right);
}

uint64_t
terrane_results_min (const GArray *values)
{
  uint64_t least = values->len > 0 ? g_array_index (values, uint64_t, 0) : 0;
  for (guint i = 1; i < values->len; i++)
    least = MIN (least, g_array_index (values, uint64_t, i));
  return least;
}

uint64_t
terrane_results_median (GArray *values)
{
  if (values->len == 0)
    return 0;
  g_array_sort (values, compare);
  uint64_t upper = g_array_index (values, uint64_t, values->len / 2);
  if (values->len % 2 == 1)
    return upper;
  uint64_t lower = g_array_index (values, uint64_t, values->len / 2 - 1);
  return lower + (upper - lower) / 2;
}

static void
set_number (json_t *object, const char *key, uint64_t number)
{
  oci_json_set (object, key, json_integer ((json_int_t) MIN (number, (uint64_t) G_MAXINT64)));
}

static json_t *
import_to_json (const TerraneResult *self)
{
  json_t *object = json_object ();
  set_number (object, "warm_runs", self->warm_usecs->len);
  set_number (object, "warm_min_usecs", terrane_results_min (self->warm_usecs));
  set_number (object, "warm_median_usecs", terrane_results_median (self->warm_usecs));
  if (self->cold_usecs > 0)
    {
      set_number (object, "cold_usecs", self->cold_usecs);
      set_number (object, "cold_read_bytes", self->cold_read_bytes);
      set_number (object, "cold_major_faults", self->cold_major_faults);
      oci_json_set (object, "cold_files", json_incref (self->cold_files));
    }
  if (self->modules != NULL)
    oci_json_set (object, "modules", json_incref (self->modules));
  return object;
}

static json_t *
result_to_json (const TerraneResult *self)
{
  static const char *const words[] = { "passed", "failed", "skipped" };
  const TerraneProcessResult *process = &self->process;
  json_t *object = json_object ();
  oci_json_set (object, "kind", oci_json_text (self->kind));
  oci_json_set (object, "name", oci_json_text (self->name));
  oci_json_set (object, "status", oci_json_text (words[self->status]));
  oci_json_set (object, "passed", json_boolean (self->status != TERRANE_RESULT_FAILED));
  if (self->message != NULL)
    oci_json_set (object, "message", oci_json_text (self->message));
  if (self->explanation != NULL)
    oci_json_set (object, "explanation", oci_json_text (self->explanation));
  if (process->sandbox != NULL)
    oci_json_set (object, "sandbox", oci_json_text (process->sandbox));
  if (process->memory_method != NULL)
    oci_json_set (object, "memory_method", oci_json_text (process->memory_method));
  oci_json_set (object, "timed_out", json_boolean (process->timed_out));
  oci_json_set (object, "exit_code", json_integer (process->exit_code));
  oci_json_set (object, "signal", json_integer (process->signal));
  set_number (object, "wall_usecs", process->wall_usecs);
  set_number (object, "cpu_usecs", process->cpu_usecs);
  set_number (object, "peak_rss_bytes", process->peak_rss_bytes);
  set_number (object, "read_bytes", process->read_bytes);
  set_number (object, "major_faults", process->major_faults);
  if (self->warm_usecs != NULL)
    oci_json_set (object, "import", import_to_json (self));
  oci_json_set (object, "output", oci_json_text (process->output != NULL ? process->output : ""));
  return object;
}

json_t *
terrane_results_to_json (const GPtrArray *results)
{
  json_t *list = json_array ();
  for (guint i = 0; i < results->len; i++)
    oci_json_append (list, result_to_json (results->pdata[i]));
  return list;
}
