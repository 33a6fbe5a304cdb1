#include "builder/profile/limits-spec.h"

#include "oci/base/number.h"

enum
{
  MAX_UNPACKED_RATIO = 1000000,
  MAX_IMPORT_TIME_MS = 900 * 1000, /* Lambda's longest timeout */
};

static void
size_limit_free (gpointer data)
{
  TerraneSizeLimit *limit = data;
  g_free (limit->name);
  g_free (limit);
}

void
terrane_limits_spec_init (TerraneLimitsSpec *self)
{
  self->unpacked = OCI_UNPACK_LIMITS_DEFAULT;
  self->trees = g_ptr_array_new_with_free_func (size_limit_free);
  self->packages = g_ptr_array_new_with_free_func (size_limit_free);
}

void
terrane_limits_spec_clear (TerraneLimitsSpec *self)
{
  g_clear_pointer (&self->trees, g_ptr_array_unref);
  g_clear_pointer (&self->packages, g_ptr_array_unref);
}

gboolean
terrane_profile_read_size (const OciJson *at, uint64_t *out_bytes)
{
  const char *text;
  g_autoptr (GError) local = NULL;
  if (!oci_json_string (at, &text))
    return FALSE;
  if (!oci_parse_size (text, out_bytes, &local))
    oci_json_problem (at, "%s", local->message);
  else if (*out_bytes == 0)
    oci_json_problem (at, "a limit of nothing can never be kept");
  else
    return TRUE;
  return FALSE;
}

gboolean
terrane_profile_read_duration (const OciJson *at, uint64_t max_ms, uint64_t *out_ms)
{
  const char *text;
  g_autoptr (GError) local = NULL;
  if (!oci_json_string (at, &text))
    return FALSE;
  if (oci_parse_duration (text, max_ms, out_ms, &local))
    return TRUE;
  oci_json_problem (at, "%s", local->message);
  return FALSE;
}

static void
read_sizes (const OciJson *limits, const char *key, GPtrArray *into)
{
  OciJson object, member;
  const char *name;
  json_t *value;
  if (!oci_json_member (limits, key, &object) || !oci_json_object (&object, NULL))
    return;
  json_object_foreach ((json_t *) object.value, name, value)
  {
    uint64_t bytes;
    (void) value;
    if (!oci_json_member (&object, name, &member) || !terrane_profile_read_size (&member, &bytes))
      continue;
    TerraneSizeLimit *limit = g_new0 (TerraneSizeLimit, 1);
    limit->name = g_strdup (name);
    limit->bytes = bytes;
    g_ptr_array_add (into, limit);
  }
}

static void
read_unpacked (const OciJson *limits, OciUnpackLimits *self)
{
  OciJson member;
  int64_t value = 0;
  if (oci_json_member (limits, "unpacked_size", &member))
    (void) terrane_profile_read_size (&member, &self->bytes);
  if (oci_json_member (limits, "unpacked_files", &member)
      && oci_json_int (&member, 1, INT32_MAX, &value))
    self->entries = (uint64_t) value;
  if (oci_json_member (limits, "unpacked_ratio", &member)
      && oci_json_int (&member, 1, MAX_UNPACKED_RATIO, &value))
    self->ratio = (uint64_t) value;
}

void
terrane_limits_spec_read (const OciJson *root, TerraneLimitsSpec *self)
{
  static const char *const known[] = {
    "uncompressed_size", "trees",          "packages",       "import_time", "memory", "tmp",
    "unpacked_size",     "unpacked_files", "unpacked_ratio", NULL
  };
  OciJson limits, member;
  if (!oci_json_member (root, "limits", &limits) || !oci_json_object (&limits, known))
    return;
  if (oci_json_member (&limits, "uncompressed_size", &member))
    (void) terrane_profile_read_size (&member, &self->uncompressed_size);
  read_sizes (&limits, "trees", self->trees);
  read_sizes (&limits, "packages", self->packages);
  if (oci_json_member (&limits, "import_time", &member))
    (void) terrane_profile_read_duration (&member, MAX_IMPORT_TIME_MS, &self->import_time_ms);
  if (oci_json_member (&limits, "memory", &member))
    (void) terrane_profile_read_size (&member, &self->memory);
  if (oci_json_member (&limits, "tmp", &member))
    (void) terrane_profile_read_size (&member, &self->tmp);
  read_unpacked (&limits, &self->unpacked);
}
