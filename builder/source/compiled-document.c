#include "builder/source/compiled-document.h"

#include "builder/annotations.h"

#include <string.h>

enum
{
  DOCUMENT_FORMAT = 1,
};

char *
terrane_compiled_document_place (const TerraneRecipe *recipe)
{
  return g_strdup_printf ("%s/%s.json", TERRANE_RECIPE_DOCUMENTS, recipe->name);
}

/* Returns: (transfer full): the URL without a user and a query, which are often secrets */
static char *
public_url (const char *url)
{
  g_autofree char *text = g_strndup (url, strcspn (url, "?#"));
  const char *host = strstr (text, "://");
  if (host == NULL)
    return g_steal_pointer (&text);
  host += strlen ("://");
  const char *at = g_strrstr_len (host, (gssize) strcspn (host, "/"), "@");
  return g_strdup_printf ("%.*s%s", (int) (host - text), text, at != NULL ? at + 1 : host);
}

static json_t *
digest_text (const OciDigest *digest)
{
  OciDigestHex hex;
  return oci_json_text (oci_digest_hex (digest, hex));
}

/* Gives only the name of a file: its place differs from machine to machine. */
static json_t *
describe_file (const char *path, const OciDigest *digest)
{
  json_t *object = json_object ();
  g_autofree char *name = g_path_get_basename (path);
  oci_json_set (object, "file", oci_json_text (name));
  oci_json_set (object, "sha256", digest_text (digest));
  return object;
}

static json_t *
describe_source (const TerraneArchiveFile *file)
{
  if (file->url == NULL)
    return describe_file (file->path, &file->sha256);
  json_t *object = json_object ();
  g_autofree char *url = public_url (file->url);
  oci_json_set (object, "url", oci_json_text (url));
  oci_json_set (object, "sha256", digest_text (&file->sha256));
  return object;
}

json_t *
terrane_compiled_describe (const TerraneRecipe *recipe)
{
  json_t *object = json_object ();
  json_t *sources = json_array (), *patches = json_array ();
  oci_json_set (object, "name", oci_json_text (recipe->name));
  oci_json_set (object, "version", oci_json_text (recipe->version));
  oci_json_set_text (object, "license", recipe->license);
  if (json_object_size (recipe->values) > 0)
    oci_json_set (object, "variables", json_deep_copy (recipe->values));
  for (guint i = 0; i < recipe->sources->len; i++)
    oci_json_append (sources,
                     describe_source (&((TerraneRecipeSource *) recipe->sources->pdata[i])->file));
  for (guint i = 0; i < recipe->patches->len; i++)
    {
      const TerraneRecipeFile *patch = recipe->patches->pdata[i];
      oci_json_append (patches, describe_file (patch->path, &patch->digest));
    }
  oci_json_set (object, "sources", sources);
  oci_json_set (object, "patches", patches);
  return object;
}

GBytes *
terrane_compiled_note (const GPtrArray *needs, const GArray *commits)
{
  g_autoptr (OciJsonValue) note = json_object ();
  json_t *array = json_array ();
  for (guint i = 0; i < needs->len; i++)
    {
      const TerraneRecipe *need = needs->pdata[i];
      json_t *object = json_object ();
      oci_json_set (object, "name", oci_json_text (need->name));
      oci_json_set (object, "version", oci_json_text (need->version));
      oci_json_set (object, "commit", digest_text (&g_array_index (commits, OciDigest, i)));
      oci_json_append (array, object);
    }
  oci_json_set (note, "needs", array);
  return oci_json_dump (note);
}

/* Returns: (transfer full) */
static json_t *
needs_of (GBytes *note)
{
  gsize size = 0;
  const char *data = note != NULL ? g_bytes_get_data (note, &size) : NULL;
  g_autoptr (OciJsonValue) object = size > 0 ? json_loadb (data, size, 0, NULL) : NULL;
  json_t *needs = json_object_get (object, "needs");
  return json_is_array (needs) ? json_incref (needs) : json_array ();
}

GBytes *
terrane_compiled_document (const TerraneRecipe *recipe, const OciDigest *commit, GBytes *note,
                           json_t *files)
{
  g_autoptr (OciJsonValue) document = terrane_compiled_describe (recipe);
  oci_json_set (document, "format", json_integer (DOCUMENT_FORMAT));
  oci_json_set (document, "commit", digest_text (commit));
  oci_json_set (document, "needs", needs_of (note));
  oci_json_set (document, "files", json_incref (files));
  return oci_json_dump (document);
}
