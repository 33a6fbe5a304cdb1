#include "builder/drift/image-tags.h"

#include "builder/image/open.h"

#include "oci/image.h"

#include <string.h>

#define BASE_NAME "org.opencontainers.image.base.name"
#define BASE_DIGEST "org.opencontainers.image.base.digest"

enum
{
  SHORT_DIGEST = 7 + 12, /* "sha256:" and the usual number of digits */
};

static char *
shorten (const OciDigest *digest)
{
  OciDigestText text;
  return g_strndup (oci_digest_text (digest, text), SHORT_DIGEST);
}

/* ", made 2026-11-01", if the store has the image's documents. */
static char *
made (const TerraneDriftUnit *self, const OciDigest *digest)
{
  gboolean found = FALSE;
  uint64_t size = 0;
  g_autoptr (OciImageConfig) config = NULL;
  OciLayout *layout = terrane_store_layout (terrane_remote_store (self->remote));
  if (!oci_layout_find_blob (layout, digest, &found, &size, NULL) || !found)
    return g_strdup ("");
  g_autoptr (OciDescriptor) manifest = oci_descriptor_new (OCI_MEDIA_TYPE_MANIFEST, digest, size);
  const char *created = oci_image_read (layout, manifest, NULL, &config, NULL)
                            ? oci_image_config_created (config)
                            : NULL;
  return created != NULL && strlen (created) >= strlen ("YYYY-MM-DD")
             ? g_strdup_printf (", made %.10s", created)
             : g_strdup ("");
}

/* Finds the manifest of a tag, or a digest, for the platform. @at: (nullable): replaces the tag */
static gboolean
ask_registry (const TerraneDriftUnit *self, const OciReference *name, const OciDigest *at,
              OciDigest *out_digest, GError **error)
{
  g_autoptr (OciReference) reference = oci_reference_copy (name);
  reference->has_digest = at != NULL;
  if (at != NULL)
    reference->digest = *at;
  g_autoptr (OciDescriptor) manifest =
      terrane_remote_fetch_manifest (self->remote, reference, &self->profile->platform, error);
  if (manifest == NULL)
    return FALSE;
  *out_digest = manifest->digest;
  return TRUE;
}

static char *
tag_text (const OciReference *reference)
{
  return g_strdup_printf ("%s/%s:%s", reference->host, reference->repository,
                          reference->tag != NULL ? reference->tag : "latest");
}

static void
report_moved (const TerraneDriftUnit *self, const char *kind, const char *source, const char *name,
              const OciDigest *locked, const OciDigest *now)
{
  OciDigestText locked_text, now_text;
  g_autofree char *locked_short = shorten (locked);
  g_autofree char *now_short = shorten (now);
  g_autofree char *locked_made = made (self, locked);
  g_autofree char *now_made = made (self, now);
  const TerraneDriftFinding finding = { .kind = kind,
                                        .source = source,
                                        .subject = name,
                                        .locked = oci_digest_text (locked, locked_text),
                                        .now = oci_digest_text (now, now_text) };
  terrane_drift_report_add (
      self->report, self->rules,
      strcmp (kind, "image") == 0
          ? terrane_drift_finding_new (&finding, "the tag is %s now%s; the lock has %s%s",
                                       now_short, now_made, locked_short, locked_made)
          : terrane_drift_finding_new (&finding,
                                       "what the image was built on is %s now%s; it was built on "
                                       "%s%s and has not been built again",
                                       now_short, now_made, locked_short, locked_made));
}

/* Reads the base of an image from its annotations. */
static gboolean
read_annotations (const TerraneDriftUnit *self, const OciReference *name, const OciDigest *locked,
                  char **out_name, OciDigest *out_digest, gboolean *out_says, GError **error)
{
  g_autoptr (OciManifest) manifest = NULL;
  g_autoptr (OciReference) reference = oci_reference_copy (name);
  reference->has_digest = TRUE;
  reference->digest = *locked;
  g_autoptr (OciDescriptor) descriptor =
      terrane_remote_fetch_manifest (self->remote, reference, &self->profile->platform, error);
  OciLayout *layout = terrane_store_layout (terrane_remote_store (self->remote));
  if (descriptor == NULL || !oci_image_read (layout, descriptor, &manifest, NULL, error))
    return FALSE;
  const char *base = json_string_value (json_object_get (manifest->annotations, BASE_NAME));
  const char *digest = json_string_value (json_object_get (manifest->annotations, BASE_DIGEST));
  *out_says = base != NULL && digest != NULL && oci_digest_parse (digest, out_digest, NULL);
  if (*out_says)
    *out_name = g_strdup (base);
  return TRUE;
}

/* Like docker if no registry is named. */
static OciReference *
parse_base (const char *name)
{
  g_autoptr (OciReference) reference = oci_reference_parse (name, NULL);
  g_autofree char *suggested = reference == NULL ? oci_reference_suggest (name) : NULL;
  return reference != NULL   ? g_steal_pointer (&reference)
         : suggested != NULL ? oci_reference_parse (suggested, NULL)
                             : NULL;
}

/* A third-party base may itself have an outdated base. The digest may be that of an index, so both
 * are resolved for the platform. */
static gboolean
ask_annotated (const TerraneDriftUnit *self, const char *source, const OciReference *name,
               const OciDigest *locked, GError **error)
{
  gboolean says = FALSE;
  OciDigest annotated, before, now;
  g_autofree char *base = NULL;
  g_autoptr (GError) gone = NULL;
  if (!read_annotations (self, name, locked, &base, &annotated, &says, error))
    return FALSE;
  g_autoptr (OciReference) reference = says ? parse_base (base) : NULL;
  if (reference == NULL || reference->has_digest)
    return TRUE;
  OCI_PREFIX (error, "the base of the image, by its annotation");
  if (!ask_registry (self, reference, NULL, &now, error))
    return FALSE;
  if (!ask_registry (self, reference, &annotated, &before, &gone))
    {
      if (!g_error_matches (gone, OCI_ERROR, OCI_ERROR_NOT_FOUND))
        {
          g_propagate_error (error, g_steal_pointer (&gone));
          return FALSE;
        }
      before = annotated; /* the registry only has newer ones */
    }
  g_autofree char *text = tag_text (reference);
  if (!oci_digest_equal (&before, &now))
    report_moved (self, "image-base", source, text, &before, &now);
  return TRUE;
}

static gboolean
ask_tag (const TerraneDriftUnit *self, const char *source, const OciReference *name,
         const OciDigest *locked, GError **error)
{
  OciDigest now;
  g_autofree char *text = tag_text (name);
  if (name->has_digest && name->tag == NULL)
    {
      terrane_drift_report_unanswered (
          self->report, "image", source, FALSE,
          "%s/%s is named by its digest alone: with NAME:TAG@DIGEST in the profile it is known "
          "which tag to ask for",
          name->host, name->repository);
      return TRUE;
    }
  if (!ask_registry (self, name, NULL, &now, error))
    return FALSE;
  if (!oci_digest_equal (&now, locked))
    report_moved (self, "image", source, text, locked, &now);
  return TRUE;
}

/* Archives and layouts are local. */
static gboolean
ask_file (const TerraneDriftUnit *self, const TerraneSourceSpec *spec, const OciDigest *locked,
          GError **error)
{
  const TerraneOpenOptions options = { .want = TERRANE_IMAGE_MANIFEST,
                                       .platform = &self->profile->platform,
                                       .any_platform = TRUE,
                                       .jobs = self->jobs };
  g_autoptr (TerraneOpenImage) image =
      terrane_image_open (self->remote, spec->image, &options, error);
  if (image == NULL)
    return FALSE;
  if (!oci_digest_equal (&image->descriptor->digest, locked))
    report_moved (self, "image", spec->name, spec->image, locked, &image->descriptor->digest);
  return TRUE;
}

/* Asks two questions; if a server does not answer the first, it is not asked again. */
static gboolean
ask_both (const TerraneDriftUnit *self, const char *source, const OciReference *name,
          const OciDigest *locked, GError **error)
{
  GError *local = NULL;
  if (!ask_tag (self, source, name, locked, &local))
    return terrane_drift_report_failure (self->report, "image", source, local, error);
  return ask_annotated (self, source, name, locked, &local)
         || terrane_drift_report_failure (self->report, "image-base", source, local, error);
}

gboolean
terrane_drift_ask_image (const TerraneDriftUnit *self, const TerraneSourceSpec *spec,
                         const json_t *entry, GError **error)
{
  OciDigest locked;
  GError *local = NULL;
  const char *image = json_string_value (json_object_get (entry, "image"));
  const char *digest = json_string_value (json_object_get (entry, "digest"));
  gboolean in_registry = g_str_has_prefix (spec->image, OCI_REFERENCE_SCHEME);
  if (digest == NULL || !oci_digest_parse (digest, &locked, NULL)
      || (in_registry && g_strcmp0 (image, spec->image) != 0))
    {
      terrane_drift_report_unanswered (self->report, "image", spec->name, TRUE,
                                       "the lock has another image than the profile; refresh it "
                                       "with: terrane lock %s",
                                       self->profile->path);
      return TRUE;
    }
  if (!in_registry)
    return ask_file (self, spec, &locked, &local)
           || terrane_drift_report_failure (self->report, "image", spec->name, local, error);
  if (self->offline)
    {
      terrane_drift_report_unanswered (self->report, "image", spec->name, FALSE,
                                       "--offline: only the registry knows what %s is now", image);
      return TRUE;
    }
  g_autoptr (OciReference) reference = oci_reference_parse (spec->image, &local);
  return reference != NULL
             ? ask_both (self, spec->name, reference, &locked, error)
             : terrane_drift_report_failure (self->report, "image", spec->name, local, error);
}
