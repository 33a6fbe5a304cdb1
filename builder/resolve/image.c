/* Images: the digest of the manifest for the platform. */
#include "builder/image/source-image.h"
#include "builder/resolve/source-fetcher.h"
#include "builder/resolve/source-resolver.h"

#include <string.h>

/* "oci:../layout:tag", with the path in the form of locks. */
static char *
image_text (const TerraneResolution *self, const TerraneSourceSpec *spec)
{
  const char *colon = strchr (spec->image, ':');
  if (g_str_has_prefix (spec->image, OCI_REFERENCE_SCHEME) || colon == NULL)
    return g_strdup (spec->image);
  size_t len = strcspn (colon + 1, ":");
  g_autofree char *path = g_strndup (colon + 1, len);
  g_autofree char *relative = terrane_resolution_path (self, path);
  return g_strdup_printf ("%.*s%s%s", (int) (colon + 1 - spec->image), spec->image, relative,
                          colon + 1 + len);
}

static json_t *
ask (TerraneResolution *self, const TerraneSourceSpec *spec, G_GNUC_UNUSED GError **error)
{
  json_t *entry = json_object ();
  g_autofree char *text = image_text (self, spec);
  oci_json_set (entry, "image", oci_json_text (text));
  return entry;
}

static gboolean
find_digest (TerraneResolution *self, const TerranePin *pin, OciDigest *out_digest, GError **error)
{
  const TerraneResolveOptions *options = self->options;
  const TerraneSourceContext context = { .store = options->store,
                                         .remote = options->remote,
                                         .profile = self->profile,
                                         .look = options->look,
                                         .jobs = options->jobs,
                                         .progress = options->progress };
  g_autoptr (TerraneOpenImage) image = terrane_source_image_open (&context, pin, error);
  if (image == NULL)
    return FALSE;
  *out_digest = image->descriptor->digest;
  return TRUE;
}

static gboolean
has_digest (const TerraneSourceSpec *spec)
{
  g_autoptr (OciReference) reference = oci_reference_parse (spec->image, NULL);
  return reference != NULL && reference->has_digest;
}

/* A digest in the profile is that of the manifest, or of an index that must be read: it takes
 * precedence over a lock. */
static gboolean
is_allowed (const TerraneSourceSpec *spec, const char *locked)
{
  OciDigestText text;
  g_autoptr (OciReference) reference = oci_reference_parse (spec->image, NULL);
  return reference == NULL || !reference->has_digest
         || g_str_equal (oci_digest_text (&reference->digest, text), locked);
}

static gboolean
answer (TerraneResolution *self, TerranePin *pin, const json_t *locked, json_t *entry,
        GError **error)
{
  const TerraneSourceSpec *spec = pin->spec;
  OciDigestText text;
  const char *known = json_string_value (json_object_get (locked, "digest"));
  gboolean in_registry = g_str_has_prefix (spec->image, OCI_REFERENCE_SCHEME);
  gboolean counts = in_registry && known != NULL && is_allowed (spec, known)
                    && oci_digest_parse (known, &pin->digest, NULL);
  if (!counts && in_registry && !has_digest (spec) && !terrane_resolution_may_ask (self))
    {
      self->base_is_stale = self->base_is_stale || pin == self->plan->base;
      return TRUE; /* an entry without an answer is a difference */
    }
  if (!counts && !find_digest (self, pin, &pin->digest, error))
    return FALSE;
  pin->has_digest = in_registry;
  oci_json_set (entry, "digest", oci_json_text (oci_digest_text (&pin->digest, text)));
  return TRUE;
}

const TerraneSourceResolver terrane_resolver_image = {
  .ask = ask,
  .answer = answer,
};

/* Layers are pulled on demand, by builder/image/open.c. */
const TerraneSourceFetcher terrane_fetcher_image = { NULL };
