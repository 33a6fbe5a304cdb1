#include "builder/build-plan-index.h"

#include "builder/remote/push-look.h"

#include "oci/base/text-hash.h"
#include "oci/image-index.h"

#include <string.h>

static json_t *
push_of (const json_t *plans, size_t plan, size_t push)
{
  return json_array_get (json_object_get (json_array_get (plans, plan), "pushes"), push);
}

static const char *
text_of (const json_t *object, const char *member)
{
  return json_string_value (json_object_get (object, member));
}

static gboolean
is_shared (const json_t *plans, size_t push)
{
  const char *first = text_of (push_of (plans, 0, push), "destination");
  for (size_t i = 1; i < json_array_size (plans); i++)
    if (g_strcmp0 (first, text_of (push_of (plans, i, push), "destination")) != 0)
      return FALSE;
  return first != NULL;
}

static void
free_descriptor (gpointer data)
{
  oci_descriptor_free (data);
}

/* @out_index: (out) (nullable): %NULL if an image is not in the store yet, because then the index
 * is another one */
static gboolean
find_index (TerraneStore *store, const json_t *plans, OciImageIndex **out_index, GError **error)
{
  size_t i;
  json_t *plan;
  OciLayout *layout = terrane_store_layout (store);
  g_autoptr (GPtrArray) manifests = g_ptr_array_new_with_free_func (free_descriptor);
  *out_index = NULL;
  json_array_foreach (plans, i, plan)
  {
    OciDigest digest;
    uint64_t size = 0;
    gboolean found = FALSE;
    const char *text = text_of (plan, "digest");
    if (text == NULL || !oci_digest_parse (text, &digest, NULL))
      return TRUE;
    if (!oci_layout_find_blob (layout, &digest, &found, &size, error))
      return FALSE;
    if (!found)
      return TRUE;
    g_ptr_array_add (manifests, oci_descriptor_new (OCI_MEDIA_TYPE_MANIFEST, &digest, size));
  }
  *out_index = oci_image_index_new (layout, manifests, error);
  return *out_index != NULL;
}

/* The registry has the blobs of an index that it has, and those that were sent for an earlier
 * platform. @sent: set of digests */
static void
correct_blobs (json_t *push, gboolean unchanged, GHashTable *sent)
{
  size_t i;
  json_t *blob;
  json_array_foreach (json_object_get (push, "blobs"), i, blob)
  {
    const char *digest = text_of (blob, "digest");
    if (unchanged)
      oci_json_set (blob, "certain", json_true ());
    if (unchanged || (digest != NULL && !g_hash_table_add (sent, g_strdup (digest))))
      {
        oci_json_set (blob, "result", oci_json_text ("exists"));
        (void) json_object_del (blob, "from");
      }
  }
}

static gboolean
unite (TerraneRemote *remote, const OciImageIndex *index, const json_t *plans, size_t k,
       GError **error)
{
  gboolean unchanged = FALSE;
  g_autoptr (GArray) none = terrane_push_looks_new ();
  g_autoptr (GHashTable) sent = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  g_autoptr (OciReference) destination =
      oci_reference_parse (text_of (push_of (plans, 0, k), "destination"), error);
  if (destination == NULL
      || (index != NULL
          && !terrane_remote_look_push (remote, destination, NULL, &index->descriptor->digest, none,
                                        &unchanged, error)))
    return FALSE;
  for (size_t i = 0; i < json_array_size (plans); i++)
    {
      json_t *push = push_of (plans, i, k);
      oci_json_set (push, "unchanged", json_boolean (unchanged));
      oci_json_set (push, "certain", json_boolean (index != NULL));
      correct_blobs (push, unchanged, sent);
    }
  return TRUE;
}

gboolean
terrane_build_plan_unite (TerraneStore *store, TerraneRemote *remote, json_t *plans, GError **error)
{
  OciImageIndex *index = NULL;
  const json_t *pushes = json_object_get (json_array_get (plans, 0), "pushes");
  gboolean ok = json_array_size (plans) < 2 || json_array_size (pushes) == 0
                || find_index (store, plans, &index, error);
  for (size_t k = 0; ok && json_array_size (plans) > 1 && k < json_array_size (pushes); k++)
    if (is_shared (plans, k))
      ok = unite (remote, index, plans, k, error);
  oci_image_index_free (index);
  return ok;
}
