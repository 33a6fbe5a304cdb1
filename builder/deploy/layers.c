#include "builder/deploy/layers.h"

#include "builder/deploy/plan.h"
#include "builder/zip/limits.h"

#include "oci/aws/lambda-api.h"
#include "oci/aws/s3.h"
#include "oci/base/number.h"
#include "oci/zip-directory.h"

#include <fcntl.h>
#include <string.h>

enum
{
  MAX_NAME_BYTES = 140, /* of a layer's name, in Lambda's API */
};

struct _TerraneLayers
{
  OciHttpClient *client;
  const TerraneLayersOptions *options;
  GPtrArray *files;
  json_t *layers; /* array: what was done */
};

static void
file_free (gpointer data)
{
  TerraneLayerFile *self = data;
  g_free (self->path);
  g_free (self->name);
  g_clear_pointer (&self->content, g_bytes_unref);
  g_free (self->code_sha256);
  g_free (self);
}

void
terrane_layers_free (TerraneLayers *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->files);
  json_decref (self->layers);
  g_free (self);
}

const GPtrArray *
terrane_layers_files (const TerraneLayers *self)
{
  return self->files;
}

static gboolean
check_unpacked (int fd, GError **error)
{
  g_autoptr (GPtrArray) members = oci_zip_directory_read (fd, error);
  if (members == NULL)
    return FALSE;
  uint64_t unpacked = 0;
  for (guint i = 0; i < members->len; i++)
    {
      const OciZipMember *member = members->pdata[i];
      unpacked += MIN (member->size, (uint64_t) TERRANE_ZIP_UNPACKED_BYTES);
      if (unpacked >= TERRANE_ZIP_UNPACKED_BYTES)
        return oci_throw (error, OCI_ERROR_LIMIT,
                          "it has more files than Lambda takes: %d bytes unpacked",
                          TERRANE_ZIP_UNPACKED_BYTES);
    }
  return members->len > 0 || oci_throw (error, OCI_ERROR_USAGE, "it is empty");
}

static TerraneLayerFile *
read_file (const TerraneLayersOptions *options, guint index, gboolean several, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_auto (OciFd) fd = -1;
  const char *path = options->files[index];
  OCI_PREFIX (error, "%s", path);
  if (!oci_open_file (AT_FDCWD, path, TRUE, &fd, NULL, error))
    return NULL;
  if (!oci_zip_directory_knows (fd))
    {
      oci_throw (error, OCI_ERROR_USAGE,
                 "is not a zip; 'terrane build --output lambda-layer:FILE' writes one");
      return NULL;
    }
  if (!check_unpacked (fd, error))
    return NULL;
  g_autoptr (GMappedFile) mapped = g_mapped_file_new_from_fd (fd, FALSE, &local);
  if (mapped == NULL)
    {
      oci_throw (error, OCI_ERROR_IO, "%s", local->message);
      return NULL;
    }
  TerraneLayerFile *file = g_new0 (TerraneLayerFile, 1);
  file->path = g_strdup (path);
  file->name =
      several ? g_strdup_printf ("%s-%u", options->name, index + 1) : g_strdup (options->name);
  file->content = g_mapped_file_get_bytes (mapped);
  file->sha256 = oci_digest_of_bytes (file->content);
  file->code_sha256 = g_base64_encode (file->sha256.bytes, sizeof file->sha256.bytes);
  return file;
}

static gboolean
is_large (const TerraneLayerFile *file)
{
  return g_bytes_get_size (file->content) > TERRANE_ZIP_DIRECT_BYTES;
}

/* @several: each gets a number: "NAME-5" */
static gboolean
check_name (const char *name, gboolean several, GError **error)
{
  static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
  size_t len = strlen (name), max = MAX_NAME_BYTES - (several ? strlen ("-5") : 0);
  g_autofree char *quoted = oci_quote (name);
  return (len > 0 && len <= max && strspn (name, allowed) == len)
         || oci_throw (error, OCI_ERROR_USAGE,
                       "%s cannot be a layer: letters, digits, ‘-’ and ‘_’, at most %zu", quoted,
                       max);
}

/* Returns: (transfer full) (nullable): the bucket in @region */
static char *
bucket_in (const TerraneLayersOptions *options, const char *region, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (options->bucket, "{region}", -1);
  g_autofree char *bucket = g_strjoinv (region, parts);
  if (oci_s3_is_bucket (bucket))
    return g_steal_pointer (&bucket);
  g_autofree char *quoted = oci_quote (bucket);
  oci_throw (error, OCI_ERROR_USAGE, "%s cannot be a bucket of S3", quoted);
  return NULL;
}

static gboolean
check_buckets (const TerraneLayers *self, GError **error)
{
  const TerraneLayersOptions *options = self->options;
  for (guint i = 0; i < self->files->len; i++)
    {
      const TerraneLayerFile *file = self->files->pdata[i];
      g_autofree char *size = oci_format_size (g_bytes_get_size (file->content));
      if (options->bucket == NULL && is_large (file))
        return oci_throw (error, OCI_ERROR_USAGE,
                          "%s: %s is more than one request to Lambda may have (50 MB); name a "
                          "bucket of S3 in the layer's region with --bucket, or build it in "
                          "several parts with ,split=auto",
                          file->path, size);
    }
  for (const char *const *region = options->regions; options->bucket != NULL && *region != NULL;
       region++)
    {
      g_autofree char *bucket = bucket_in (options, *region, error);
      if (bucket == NULL)
        return FALSE;
    }
  return TRUE;
}

TerraneLayers *
terrane_layers_new (OciHttpClient *client, const TerraneLayersOptions *options, GError **error)
{
  g_autoptr (TerraneLayers) self = g_new0 (TerraneLayers, 1);
  guint n = g_strv_length ((char **) options->files);
  self->client = client;
  self->options = options;
  self->files = g_ptr_array_new_with_free_func (file_free);
  self->layers = json_array ();
  if (!check_name (options->name, n > 1, error))
    return NULL;
  if (n > TERRANE_ZIP_MAX_LAYERS)
    {
      oci_throw (error, OCI_ERROR_USAGE, "these are %u layers, and a function takes %d", n,
                 TERRANE_ZIP_MAX_LAYERS);
      return NULL;
    }
  for (guint i = 0; i < n; i++)
    {
      TerraneLayerFile *file = read_file (options, i, n > 1, error);
      if (file == NULL)
        return NULL;
      g_ptr_array_add (self->files, file);
    }
  return check_buckets (self, error) ? g_steal_pointer (&self) : NULL;
}

/* Arguments for publishing one file in one region. */
typedef struct
{
  OciLambdaLayerArguments arguments;
  char *bucket; /* (nullable): if set, the file is uploaded there first */
  char *key;
  const char *runtimes[2];
  const char *architectures[2];
} Publication;

static void
publication_clear (Publication *self)
{
  g_free (self->bucket);
  g_free (self->key);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Publication, publication_clear)

static gboolean
publication_init (Publication *self, const TerraneLayersOptions *options,
                  const TerraneLayerFile *file, const char *region, GError **error)
{
  OciDigestHex hex;
  self->runtimes[0] = options->runtime;
  self->architectures[0] = options->architecture;
  if (options->bucket != NULL)
    {
      self->bucket = bucket_in (options, region, error);
      if (self->bucket == NULL)
        return FALSE;
      /* Named by content: a published version never changes. */
      self->key =
          g_strdup_printf ("layers/%s/%s.zip", file->name, oci_digest_hex (&file->sha256, hex));
    }
  self->arguments = (OciLambdaLayerArguments){
    .name = file->name,
    .zip = self->bucket == NULL ? file->content : NULL,
    .bucket = self->bucket,
    .key = self->key,
    .runtimes = options->runtime != NULL ? self->runtimes : NULL,
    .architectures = options->architecture != NULL ? self->architectures : NULL,
    .description = options->description,
    .license = options->license,
  };
  return TRUE;
}

static OciLambdaApi *
open_api (const TerraneLayers *self, const char *region, GError **error)
{
  const OciLambdaIdentity identity = { .region = region,
                                       .role_arn = self->options->role,
                                       .external_id = self->options->external_id };
  return oci_lambda_api_new (self->client, &identity, error);
}

static gboolean
plan_file (const TerraneLayers *self, const TerraneLayerFile *file, const char *region,
           json_t *steps, GError **error)
{
  g_auto (Publication) publication = { 0 };
  g_autoptr (OciLambdaApi) api = open_api (self, region, error);
  if (api == NULL || !publication_init (&publication, self->options, file, region, error))
    return FALSE;
  g_autoptr (OciLambdaCall) list = oci_lambda_list_layer_versions (file->name);
  terrane_plan_add_call (steps, api, list);
  if (publication.bucket != NULL)
    {
      json_t *step = json_object ();
      g_autofree char *url = g_strdup_printf ("s3://%s/%s", publication.bucket, publication.key);
      oci_json_set (step, "do", oci_json_text ("call"));
      oci_json_set (step, "operation", oci_json_text ("PutObject"));
      oci_json_set (step, "method", oci_json_text ("PUT"));
      oci_json_set (step, "url", oci_json_text (url));
      oci_json_append (steps, step);
    }
  g_autoptr (OciLambdaCall) call = oci_lambda_publish_layer (&publication.arguments);
  json_t *content = json_object_get (call->body, "Content");
  if (json_object_get (content, "ZipFile") != NULL)
    oci_json_set (content, "ZipFile", oci_json_text ("FILE"));
  terrane_plan_add_call (steps, api, call);
  return TRUE;
}

json_t *
terrane_layers_plan (const TerraneLayers *self, GError **error)
{
  g_autoptr (OciJsonValue) plan = json_object ();
  json_t *steps = json_array ();
  oci_json_set (plan, "plan", steps);
  for (const char *const *region = self->options->regions; *region != NULL; region++)
    for (guint i = 0; i < self->files->len; i++)
      if (!plan_file (self, self->files->pdata[i], *region, steps, error))
        return NULL;
  return g_steal_pointer (&plan);
}

static gboolean
same_list (const json_t *document, const char *member, const char *wanted)
{
  const json_t *list = json_object_get (document, member);
  const char *only = json_string_value (json_array_get (list, 0));
  return wanted != NULL ? json_array_size (list) == 1 && g_strcmp0 (only, wanted) == 0
                        : json_array_size (list) == 0;
}

/* Returns the newest version in @list, which AWS lists first. */
static json_int_t
newest_version (const json_t *list)
{
  const json_t *versions = json_object_get (list, "LayerVersions");
  json_int_t newest = 0;
  for (size_t i = 0; i < json_array_size (versions); i++)
    newest = MAX (newest,
                  json_integer_value (json_object_get (json_array_get (versions, i), "Version")));
  return newest;
}

/* @out_version: (out) (transfer full) (nullable): the layer's newest version, if it is this file */
static gboolean
find_version (const TerraneLayers *self, OciLambdaApi *api, const TerraneLayerFile *file,
              json_t **out_version, GCancellable *cancellable, GError **error)
{
  g_autoptr (OciLambdaCall) list_call = oci_lambda_list_layer_versions (file->name);
  g_autoptr (OciLambdaReply) reply = oci_lambda_api_send (api, list_call, cancellable, error);
  if (reply == NULL)
    return FALSE;
  if (reply->status == 404) /* it will be the first version */
    return TRUE;
  if (!oci_lambda_api_check (api, list_call, reply, error))
    return FALSE;
  json_int_t newest = newest_version (reply->document);
  if (newest <= 0)
    return TRUE;
  g_autoptr (OciLambdaCall) get_call = oci_lambda_get_layer_version (file->name, newest);
  g_autoptr (OciJsonValue) version = oci_lambda_api_ask (api, get_call, cancellable, error);
  if (version == NULL)
    return FALSE;
  const json_t *content = json_object_get (version, "Content");
  if (g_strcmp0 (json_string_value (json_object_get (content, "CodeSha256")), file->code_sha256)
          == 0
      && same_list (version, "CompatibleRuntimes", self->options->runtime)
      && same_list (version, "CompatibleArchitectures", self->options->architecture))
    *out_version = g_steal_pointer (&version);
  return TRUE;
}

/* Whether Lambda has the uploaded file. */
static gboolean
check_version (const TerraneLayerFile *file, const json_t *version, const char *region,
               GError **error)
{
  const json_t *content = json_object_get (version, "Content");
  const char *digest = json_string_value (json_object_get (content, "CodeSha256"));
  const char *arn = json_string_value (json_object_get (version, "LayerVersionArn"));
  if (arn == NULL || !json_is_integer (json_object_get (version, "Version")))
    return oci_throw (error, OCI_ERROR_FORMAT,
                      "PublishLayerVersion of ‘%s’ in %s: the answer has no ARN or version",
                      file->name, region);
  g_autofree char *quoted = oci_quote (digest);
  return g_strcmp0 (digest, file->code_sha256) == 0
         || oci_throw (error, OCI_ERROR_CORRUPT,
                       "PublishLayerVersion of ‘%s’ in %s: Lambda has CodeSha256 %s, the file %s",
                       file->name, region, quoted, file->code_sha256);
}

static void
note_version (TerraneLayers *self, const TerraneLayerFile *file, const char *region,
              const json_t *version, gboolean unchanged)
{
  json_t *object = json_object ();
  const char *arn = json_string_value (json_object_get (version, "LayerVersionArn"));
  oci_json_set_text (object, "name", file->name);
  oci_json_set_text (object, "region", region);
  oci_json_set_text (object, "arn", arn);
  oci_json_set (object, "version",
                json_integer (json_integer_value (json_object_get (version, "Version"))));
  oci_json_set_text (object, "file", file->path);
  oci_json_set_text (object, "code_sha256", file->code_sha256);
  oci_json_set (object, "size", json_integer ((json_int_t) g_bytes_get_size (file->content)));
  oci_json_set_text (object, "runtime", self->options->runtime);
  oci_json_set_text (object, "architecture", self->options->architecture);
  oci_json_set (object, "unchanged", json_boolean (unchanged));
  oci_json_append (self->layers, object);
}

static json_t *
send_file (const TerraneLayers *self, OciLambdaApi *api, const TerraneLayerFile *file,
           const char *region, GCancellable *cancellable, GError **error)
{
  g_auto (Publication) publication = { 0 };
  if (!publication_init (&publication, self->options, file, region, error))
    return NULL;
  terrane_progress_phase (self->options->progress, 0, "publishing %s in %s", file->name, region);
  if (publication.bucket != NULL)
    {
      const OciS3Object object = { .region = region,
                                   .bucket = publication.bucket,
                                   .key = publication.key,
                                   .content = file->content };
      if (!oci_s3_put (self->client, &object, cancellable, error))
        return NULL;
    }
  g_autoptr (OciLambdaCall) call = oci_lambda_publish_layer (&publication.arguments);
  return oci_lambda_api_ask (api, call, cancellable, error);
}

static gboolean
publish_file (TerraneLayers *self, OciLambdaApi *api, const TerraneLayerFile *file,
              const char *region, GCancellable *cancellable, GError **error)
{
  g_autoptr (OciJsonValue) version = NULL;
  if (!find_version (self, api, file, &version, cancellable, error))
    return FALSE;
  gboolean unchanged = version != NULL;
  if (!unchanged)
    version = send_file (self, api, file, region, cancellable, error);
  if (version == NULL || !check_version (file, version, region, error))
    return FALSE;
  note_version (self, file, region, version, unchanged);
  return TRUE;
}

gboolean
terrane_layers_publish (TerraneLayers *self, GCancellable *cancellable, GError **error)
{
  for (const char *const *region = self->options->regions; *region != NULL; region++)
    {
      g_autoptr (OciLambdaApi) api = open_api (self, *region, error);
      if (api == NULL)
        return FALSE;
      for (guint i = 0; i < self->files->len; i++)
        if (!publish_file (self, api, self->files->pdata[i], *region, cancellable, error))
          return FALSE;
    }
  return TRUE;
}

json_t *
terrane_layers_report (const TerraneLayers *self)
{
  json_t *report = json_object ();
  json_t *arns = json_object ();
  size_t i;
  json_t *layer;
  json_array_foreach (self->layers, i, layer)
  {
    const char *region = json_string_value (json_object_get (layer, "region"));
    json_t *list = json_object_get (arns, region);
    if (list == NULL)
      {
        list = json_array ();
        oci_json_set (arns, region, list);
      }
    oci_json_append (list, json_incref (json_object_get (layer, "arn")));
  }
  oci_json_set (report, "layers", json_incref (self->layers));
  oci_json_set (report, "layer_arns", arns);
  return report;
}
