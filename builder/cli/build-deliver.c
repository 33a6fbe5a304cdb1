#include "builder/cli/build-deliver.h"

#include "builder/cli/destination.h"
#include "builder/cli/load-profile.h"
#include "builder/cli/reference.h"
#include "builder/cli/zip-output.h"

#include "oci/transport.h"

#include <string.h>

#define SOME_LOCK "0123456789ab"

enum
{
  LOCK_SHORT = 12,
};

/* A destination: a text for each platform, or one for all. */
typedef struct
{
  GPtrArray *texts; /* of char *, in the order of platforms; still with ${lock.short} */
  gboolean shared;
} Place;

TerraneBuilt *
terrane_built_new (void)
{
  return g_new0 (TerraneBuilt, 1);
}

void
terrane_built_forget (TerraneBuilt *self)
{
  g_clear_pointer (&self->build, terrane_build_free);
  g_clear_pointer (&self->record, json_decref);
}

void
terrane_built_free (gpointer data)
{
  TerraneBuilt *self = data;
  terrane_built_forget (self);
  terrane_profile_free (self->profile);
  g_free (self);
}

static void
place_free (gpointer data)
{
  Place *self = data;
  g_ptr_array_unref (self->texts);
  g_free (self);
}

/* "docker://h/a:${git.short}-${env.X:-y}" as "docker://h/a:x-x" */
static char *
make_sample (const char *text)
{
  GString *sample = g_string_new (NULL);
  while (*text != '\0')
    {
      const char *end = g_str_has_prefix (text, "${") ? strchr (text, '}') : NULL;
      g_string_append_c (sample, end != NULL ? 'x' : *text);
      text = end != NULL ? end + 1 : text + 1;
    }
  return g_string_free (sample, FALSE);
}

gboolean
terrane_delivery_check_push (const TerraneDelivery *self, GError **error)
{
  if (self->push == NULL || self->push[0] == '\0')
    return TRUE;
  OCI_PREFIX (error, "build: --push");
  g_autofree char *sample = make_sample (self->push);
  g_autoptr (OciReference) reference =
      terrane_reference_parse_push (sample, self->push_options->create_repository, error);
  return reference != NULL;
}

static OciReference *
parse_push (const TerraneDelivery *self, const TerraneProfile *profile, const char *text,
            GError **error)
{
  OciReference *reference =
      terrane_reference_parse_push (text, self->push_options->create_repository, error);
  if (reference == NULL)
    g_prefix_error (error, "%s: push: ", profile->path);
  return reference;
}

/* Returns: (transfer full): the texts of one profile, for one platform */
static gboolean
add_push_texts (const TerraneDelivery *self, const TerraneProfile *profile, GPtrArray *texts,
                GError **error)
{
  if (self->push == NULL)
    return TRUE;
  if (self->push[0] != '\0')
    {
      char *text = terrane_command_expand (profile, "--push", self->push, error);
      if (text != NULL)
        g_ptr_array_add (texts, text);
      return text != NULL;
    }
  for (char **tag = profile->push.tags; *tag != NULL; tag++)
    g_ptr_array_add (texts,
                     g_strconcat (OCI_REFERENCE_SCHEME, profile->push.repository, ":", *tag, NULL));
  return TRUE;
}

static gboolean
add_output_texts (const TerraneDelivery *self, const TerraneProfile *profile, GPtrArray *texts,
                  GError **error)
{
  for (char **output = self->outputs; output != NULL && *output != NULL; output++)
    {
      char *text = terrane_command_expand (profile, "--output", *output, error);
      if (text == NULL)
        return FALSE;
      g_ptr_array_add (texts, text);
    }
  return TRUE;
}

typedef gboolean (*TextsFunc) (const TerraneDelivery *self, const TerraneProfile *profile,
                               GPtrArray *texts, GError **error);

static gboolean
are_equal (const GPtrArray *texts)
{
  for (guint i = 1; i < texts->len; i++)
    if (strcmp (texts->pdata[0], texts->pdata[i]) != 0)
      return FALSE;
  return texts->len > 1;
}

/* Returns: (transfer full) (nullable): of Place */
static GPtrArray *
list_places (const TerraneDelivery *self, const GPtrArray *built, TextsFunc list, GError **error)
{
  g_autoptr (GPtrArray) places = g_ptr_array_new_with_free_func (place_free);
  for (guint i = 0; i < built->len; i++)
    {
      g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
      if (!list (self, ((const TerraneBuilt *) built->pdata[i])->profile, texts, error))
        return NULL;
      for (guint k = 0; k < texts->len; k++)
        {
          if (i == 0)
            {
              Place *place = g_new0 (Place, 1);
              place->texts = g_ptr_array_new_with_free_func (g_free);
              g_ptr_array_add (places, place);
            }
          if (k < places->len)
            g_ptr_array_add (((Place *) places->pdata[k])->texts, g_strdup (texts->pdata[k]));
        }
    }
  for (guint k = 0; k < places->len; k++)
    ((Place *) places->pdata[k])->shared = are_equal (((Place *) places->pdata[k])->texts);
  return g_steal_pointer (&places);
}

static gboolean
check_push_place (const TerraneDelivery *self, const GPtrArray *built, const Place *place,
                  GError **error)
{
  const TerraneProfile *profile = ((const TerraneBuilt *) built->pdata[0])->profile;
  if (place->shared && profile->target == TERRANE_TARGET_AWS_LAMBDA)
    {
      g_autofree char *quoted = oci_quote (place->texts->pdata[0]);
      return oci_throw (error, OCI_ERROR_USAGE,
                        "%s: push: several platforms would have one name, %s, and Lambda takes no "
                        "image index; write ‘${arch}’ in the tag",
                        profile->path, quoted);
    }
  for (guint i = 0; i < place->texts->len; i++)
    {
      g_autofree char *text = terrane_profile_expand_lock (place->texts->pdata[i], SOME_LOCK);
      g_autoptr (OciReference) reference = parse_push (self, profile, text, error);
      if (reference == NULL)
        return FALSE;
    }
  return TRUE;
}

static gboolean
check_output_place (const Place *place, GError **error)
{
  for (guint i = 0; i < place->texts->len; i++)
    {
      g_autofree char *text = terrane_profile_expand_lock (place->texts->pdata[i], SOME_LOCK);
      if (!terrane_destination_check_output (text, error))
        return FALSE;
      if (terrane_zip_request_knows (text) && !place->shared)
        continue;
      if (terrane_zip_request_knows (text))
        return oci_throw (
            error, OCI_ERROR_USAGE,
            "build: --output %s: several platforms would have one; write ‘${arch}’ in "
            "its name",
            text);
      g_autoptr (OciTransport) transport = oci_transport_parse (text, error);
      if (transport == NULL)
        return FALSE;
      if (place->shared && transport->kind == OCI_TRANSPORT_DOCKER_ARCHIVE)
        return oci_throw (error, OCI_ERROR_USAGE,
                          "build: --output %s: several platforms would have one docker archive, "
                          "which holds no image index; write ‘${arch}’ in its name, or take "
                          "oci-archive:",
                          text);
    }
  return TRUE;
}

gboolean
terrane_delivery_check (const TerraneDelivery *self, const GPtrArray *built, GError **error)
{
  const TerraneProfile *profile = ((const TerraneBuilt *) built->pdata[0])->profile;
  if (self->push != NULL && self->push[0] == '\0' && profile->push.repository == NULL)
    return oci_throw (error, OCI_ERROR_USAGE,
                      "%s: --push without a destination pushes where the profile says, and it has "
                      "no ‘push’",
                      profile->path);
  g_autoptr (GPtrArray) pushes = list_places (self, built, add_push_texts, error);
  g_autoptr (GPtrArray) outputs =
      pushes != NULL ? list_places (self, built, add_output_texts, error) : NULL;
  if (outputs == NULL)
    return FALSE;
  for (guint k = 0; k < pushes->len; k++)
    if (!check_push_place (self, built, pushes->pdata[k], error))
      return FALSE;
  for (guint k = 0; k < outputs->len; k++)
    if (!check_output_place (outputs->pdata[k], error))
      return FALSE;
  for (guint i = 0; i < built->len; i++)
    {
      g_autoptr (GPtrArray) zips = terrane_delivery_zips (self, built->pdata[i], error);
      if (zips == NULL)
        return FALSE;
    }
  return TRUE;
}

char *
terrane_delivery_registry (const TerraneDelivery *self, const GPtrArray *built)
{
  g_autofree char *host = NULL;
  g_autoptr (GPtrArray) pushes = list_places (self, built, add_push_texts, NULL);
  if (self->outputs != NULL)
    return NULL;
  for (guint k = 0; pushes != NULL && k < pushes->len; k++)
    {
      const Place *place = pushes->pdata[k];
      for (guint i = 0; i < place->texts->len; i++)
        {
          g_autofree char *text = terrane_profile_expand_lock (place->texts->pdata[i], SOME_LOCK);
          const TerraneProfile *profile = ((const TerraneBuilt *) built->pdata[i])->profile;
          g_autoptr (OciReference) reference = parse_push (self, profile, text, NULL);
          if (reference == NULL || (host != NULL && strcmp (host, reference->host) != 0))
            return NULL;
          if (host == NULL)
            host = g_strdup (reference->host);
        }
    }
  return g_steal_pointer (&host);
}

/* Before the build, any valid value will do. */
static char *
lock_of (const TerraneBuilt *built)
{
  OciDigestHex hex;
  if (built->build == NULL)
    return g_strdup (SOME_LOCK);
  g_autofree char *platform = oci_platform_text (&built->profile->platform);
  OciDigest digest = terrane_lock_digest (built->build->lock, platform);
  return g_strndup (oci_digest_hex (&digest, hex), LOCK_SHORT);
}

GPtrArray *
terrane_delivery_zips (const TerraneDelivery *self, const TerraneBuilt *built, GError **error)
{
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *lock = lock_of (built);
  if (!add_output_texts (self, built->profile, texts, error))
    return NULL;
  for (guint i = 0; i < texts->len; i++)
    {
      char *text = terrane_profile_expand_lock (texts->pdata[i], lock);
      g_free (texts->pdata[i]);
      texts->pdata[i] = text;
    }
  g_ptr_array_add (texts, NULL);
  return terrane_zip_output_requests ((char **) texts->pdata, built->profile, error);
}

/* A delivery in progress. */
typedef struct
{
  const TerraneDelivery *delivery;
  TerraneRemote *remote;
  OciLayout *layout;
  const GPtrArray *built;
  OciImageIndex *index; /* (nullable): if there are several images */
  json_t *document;
} Sending;

static const OciDescriptor *
manifest_of (const Sending *self, guint i)
{
  return ((const TerraneBuilt *) self->built->pdata[i])->build->image->manifest;
}

static void
add_lock_line (const TerraneBuilt *built, GString *lines)
{
  OciDigestText text;
  g_autofree char *platform = oci_platform_text (&built->profile->platform);
  OciDigest digest = terrane_lock_digest (built->build->lock, platform);
  g_string_append_printf (lines, "%s %s\n", platform, oci_digest_text (&digest, text));
}

/* ${lock.short} in a text for all platforms is that of all their locks, a line for each in the
 * order of the index. */
static char *
expand_lock (const Sending *self, const Place *place, guint i)
{
  OciDigestHex hex;
  g_autofree char *lock_short = lock_of (self->built->pdata[i]);
  if (place->shared && self->index != NULL)
    {
      g_autoptr (GString) lines = g_string_new (NULL);
      for (guint k = 0; k < self->index->manifests->len; k++)
        for (guint j = 0; j < self->built->len; j++)
          if (oci_digest_equal (&((OciDescriptor *) self->index->manifests->pdata[k])->digest,
                                &manifest_of (self, j)->digest))
            add_lock_line (self->built->pdata[j], lines);
      g_autoptr (GBytes) bytes = g_bytes_new (lines->str, lines->len);
      OciDigest digest = oci_digest_of_bytes (bytes);
      g_free (lock_short);
      lock_short = g_strndup (oci_digest_hex (&digest, hex), LOCK_SHORT);
    }
  return terrane_profile_expand_lock (place->texts->pdata[i], lock_short);
}

static gboolean
send_output (const Sending *self, const Place *place, GError **error)
{
  const guint n = place->shared ? 1 : place->texts->len;
  if (terrane_zip_request_knows (place->texts->pdata[0]))
    return TRUE;
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *text = expand_lock (self, place, i);
      const char *name = ((const TerraneBuilt *) self->built->pdata[i])->build->name;
      if (!(place->shared
                ? terrane_destination_output_index (self->layout, self->index, name, text, error)
                : terrane_destination_output (self->layout, manifest_of (self, i), name, text,
                                              error)))
        return FALSE;
    }
  return TRUE;
}

static void
add_report (json_t *document, json_t *report)
{
  json_t *pushes = json_object_get (document, "pushes");
  if (pushes == NULL)
    {
      pushes = json_array ();
      oci_json_set (document, "push", json_incref (report));
      oci_json_set (document, "pushes", pushes);
    }
  oci_json_append (pushes, json_incref (report));
}

/* Pushes by digest, so that no name exists before everything has arrived. */
static gboolean
push_blobs (const Sending *self, const OciReference *destination, guint i, OciPushReport *report,
            GError **error)
{
  const TerranePushArguments *arguments = self->delivery->push_options;
  g_autoptr (OciReference) unnamed = oci_reference_copy (destination);
  OciPushReport own = { 0 };
  g_clear_pointer (&unnamed->tag, g_free);
  if (!terrane_remote_push (self->remote, self->layout, manifest_of (self, i), unnamed,
                            arguments->mount_from, arguments->create_repository, &own, error))
    return FALSE;
  terrane_push_report_add (report, &own);
  return TRUE;
}

typedef struct
{
  const Place *place;
  guint platform; /* of the image; 0 for an index */
  OciReference *reference;
  OciPushReport report; /* of what was sent without a name */
} Target;

static void
target_free (gpointer data)
{
  Target *self = data;
  oci_reference_free (self->reference);
  g_free (self);
}

/* Returns: (transfer full) (nullable): of Target, with references */
static GPtrArray *
list_targets (const Sending *self, const GPtrArray *places, GError **error)
{
  g_autoptr (GPtrArray) targets = g_ptr_array_new_with_free_func (target_free);
  for (guint k = 0; k < places->len; k++)
    {
      const Place *place = places->pdata[k];
      for (guint i = 0; i < (place->shared ? 1 : place->texts->len); i++)
        {
          g_autofree char *text = expand_lock (self, place, i);
          const TerraneProfile *profile = ((const TerraneBuilt *) self->built->pdata[i])->profile;
          Target *target = g_new0 (Target, 1);
          g_ptr_array_add (targets, target);
          *target = (Target){ .place = place,
                              .platform = i,
                              .reference = parse_push (self->delivery, profile, text, error) };
          if (target->reference == NULL)
            return NULL;
        }
    }
  return g_steal_pointer (&targets);
}

static gboolean
send_unnamed (const Sending *self, Target *target, GError **error)
{
  if (!target->place->shared)
    return push_blobs (self, target->reference, target->platform, &target->report, error);
  for (guint i = 0; i < self->built->len; i++)
    if (!push_blobs (self, target->reference, i, &target->report, error))
      return FALSE;
  return TRUE;
}

/* A single image is sent in one step, like "terrane push". */
static gboolean
send_named (const Sending *self, Target *target, GError **error)
{
  const TerranePushArguments *arguments = self->delivery->push_options;
  const TerraneBuilt *built = self->built->pdata[target->platform];
  OciPushReport named = { 0 };
  gboolean ok =
      target->place->shared
          ? terrane_remote_push_index (self->remote, self->index, target->reference, &named, error)
          : terrane_remote_push (self->remote, self->layout, manifest_of (self, target->platform),
                                 target->reference, arguments->mount_from,
                                 arguments->create_repository, &named, error);
  if (!ok)
    return FALSE;
  if (self->built->len > 1) /* the first step has sent the blobs for this one */
    {
      named.existing = (OciPushCount){ 0 };
      terrane_push_report_add (&named, &target->report);
    }
  g_autoptr (OciJsonValue) report = terrane_push_report_to_json (target->reference, &named);
  add_report (target->place->shared ? self->document : built->record, report);
  return TRUE;
}

static gboolean
send_pushes (const Sending *self, const GPtrArray *places, GError **error)
{
  g_autoptr (GPtrArray) targets = list_targets (self, places, error);
  if (targets == NULL)
    return FALSE;
  for (guint i = 0; self->built->len > 1 && i < targets->len; i++)
    if (!send_unnamed (self, targets->pdata[i], error))
      return FALSE;
  for (guint i = 0; i < targets->len; i++)
    if (!send_named (self, targets->pdata[i], error))
      return FALSE;
  return TRUE;
}

/* Layers that --cache-from found stay in their registry if the image goes there, too. */
static gboolean
complete (const Sending *self, GError **error)
{
  for (guint i = 0; i < self->built->len; i++)
    if (!terrane_remote_complete (self->remote, manifest_of (self, i), error))
      return FALSE;
  return TRUE;
}

static gboolean
make_index (Sending *self, GError **error)
{
  OciDigestText text;
  if (self->built->len < 2)
    return TRUE;
  g_autoptr (GPtrArray) manifests = g_ptr_array_new ();
  for (guint i = 0; i < self->built->len; i++)
    g_ptr_array_add (manifests, (gpointer) manifest_of (self, i));
  self->index = oci_image_index_new (self->layout, manifests, error);
  if (self->index == NULL)
    return FALSE;
  json_t *object = json_object ();
  oci_json_set (object, "digest",
                oci_json_text (oci_digest_text (&self->index->descriptor->digest, text)));
  oci_json_set (object, "size", json_integer ((json_int_t) self->index->descriptor->size));
  oci_json_set (self->document, "index", object);
  return TRUE;
}

gboolean
terrane_delivery_send (const TerraneDelivery *self, TerraneRemote *remote, const GPtrArray *built,
                       json_t *document, GError **error)
{
  Sending sending = { .delivery = self,
                      .remote = remote,
                      .layout = terrane_store_layout (terrane_remote_store (remote)),
                      .built = built,
                      .document = document };
  g_autoptr (GPtrArray) pushes = list_places (self, built, add_push_texts, error);
  g_autoptr (GPtrArray) outputs =
      pushes != NULL ? list_places (self, built, add_output_texts, error) : NULL;
  gboolean ok = outputs != NULL
                && ((pushes->len > 0 && outputs->len == 0) || complete (&sending, error))
                && make_index (&sending, error);
  for (guint k = 0; ok && k < outputs->len; k++)
    ok = send_output (&sending, outputs->pdata[k], error);
  ok = ok && send_pushes (&sending, pushes, error);
  oci_image_index_free (sending.index);
  return ok;
}
