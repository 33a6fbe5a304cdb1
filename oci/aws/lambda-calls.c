#include "oci/aws/lambda-calls.h"

#include <stdlib.h>
#include <string.h>

#define FUNCTIONS "/2015-03-31/functions/"
#define LAYERS "/2018-10-31/layers/"

enum
{
  WEIGHT_WHOLE = 10000, /* hundredths of a percent */
  WEIGHT_DIGITS = 4,
};

static OciLambdaCall *
call_new (const char *operation, const char *method, char *path, char *subject)
{
  OciLambdaCall *self = g_new0 (OciLambdaCall, 1);
  self->operation = operation;
  self->method = method;
  self->path = path;
  self->subject = subject;
  return self;
}

void
oci_lambda_call_free (OciLambdaCall *self)
{
  if (self == NULL)
    return;
  g_free (self->path);
  g_free (self->query);
  g_strfreev (self->headers);
  json_decref (self->body);
  g_clear_pointer (&self->payload, g_bytes_unref);
  g_free (self->subject);
  g_free (self);
}

GBytes *
oci_lambda_call_body (const OciLambdaCall *self)
{
  if (self->body == NULL)
    return self->payload != NULL ? g_bytes_ref (self->payload) : NULL;
  char *text =
      json_dumps (self->body, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION (WEIGHT_DIGITS));
  if (text == NULL)
    g_error ("out of memory while writing JSON");
  return g_bytes_new_with_free_func (text, strlen (text), free, text);
}

static OciLambdaCall *
function_call (const char *operation, const char *method, const char *function, const char *rest)
{
  g_autofree char *escaped = g_uri_escape_string (function, NULL, FALSE);
  g_autofree char *quoted = oci_quote (function);
  return call_new (operation, method, g_strconcat (FUNCTIONS, escaped, rest, NULL),
                   g_strconcat ("the function ", quoted, NULL));
}

static OciLambdaCall *
layer_call (const char *operation, const char *method, const char *name, const char *rest)
{
  g_autofree char *escaped = g_uri_escape_string (name, NULL, FALSE);
  g_autofree char *quoted = oci_quote (name);
  return call_new (operation, method, g_strconcat (LAYERS, escaped, "/versions", rest, NULL),
                   g_strconcat ("the layer ", quoted, NULL));
}

static void
set_query (OciLambdaCall *self, const char *name, const char *value)
{
  if (value == NULL)
    return;
  g_autofree char *escaped = g_uri_escape_string (value, NULL, FALSE);
  self->query = g_strconcat (name, "=", escaped, NULL);
}

OciLambdaCall *
oci_lambda_get_function (const char *function, const char *qualifier)
{
  OciLambdaCall *self = function_call ("GetFunction", "GET", function, "");
  set_query (self, "Qualifier", qualifier);
  return self;
}

OciLambdaCall *
oci_lambda_get_configuration (const char *function, const char *qualifier)
{
  OciLambdaCall *self =
      function_call ("GetFunctionConfiguration", "GET", function, "/configuration");
  set_query (self, "Qualifier", qualifier);
  return self;
}

OciLambdaCall *
oci_lambda_update_code (const char *function, const char *image, const char *architecture,
                        const char *revision, gboolean dry_run)
{
  OciLambdaCall *self = function_call ("UpdateFunctionCode", "PUT", function, "/code");
  json_t *architectures = json_array ();
  oci_json_append (architectures, oci_json_text (architecture));
  self->body = json_object ();
  oci_json_set (self->body, "ImageUri", oci_json_text (image));
  oci_json_set (self->body, "Architectures", architectures);
  oci_json_set (self->body, "Publish", json_false ());
  oci_json_set (self->body, "DryRun", json_boolean (dry_run));
  oci_json_set_text (self->body, "RevisionId", revision);
  return self;
}

OciLambdaCall *
oci_lambda_publish_version (const char *function, const char *code_sha256, const char *revision,
                            const char *description)
{
  OciLambdaCall *self = function_call ("PublishVersion", "POST", function, "/versions");
  self->body = json_object ();
  oci_json_set_text (self->body, "CodeSha256", code_sha256);
  oci_json_set_text (self->body, "Description", description);
  oci_json_set_text (self->body, "RevisionId", revision);
  return self;
}

static OciLambdaCall *
alias_call (const char *operation, const char *method, const char *function, const char *alias)
{
  g_autofree char *escaped = g_uri_escape_string (alias, NULL, FALSE);
  g_autofree char *rest = g_strconcat ("/aliases/", escaped, NULL);
  OciLambdaCall *self = function_call (operation, method, function, rest);
  g_autofree char *quoted = oci_quote (alias);
  g_autofree char *of = g_steal_pointer (&self->subject);
  self->subject = g_strdup_printf ("the alias %s of %s", quoted, of);
  return self;
}

OciLambdaCall *
oci_lambda_get_alias (const char *function, const char *alias)
{
  return alias_call ("GetAlias", "GET", function, alias);
}

OciLambdaCall *
oci_lambda_update_alias (const char *function, const char *alias, const char *version,
                         const char *other, unsigned weight, const char *revision)
{
  OciLambdaCall *self = alias_call ("UpdateAlias", "PUT", function, alias);
  json_t *routing = json_object ();
  json_t *weights = json_object (); /* an empty one removes existing weights */
  if (other != NULL)
    oci_json_set (weights, other, json_real ((double) weight / WEIGHT_WHOLE));
  oci_json_set (routing, "AdditionalVersionWeights", weights);
  self->body = json_object ();
  oci_json_set (self->body, "FunctionVersion", oci_json_text (version));
  oci_json_set (self->body, "RoutingConfig", routing);
  oci_json_set_text (self->body, "RevisionId", revision);
  return self;
}

OciLambdaCall *
oci_lambda_invoke (const char *function, const char *qualifier, GBytes *event)
{
  static const char *const headers[] = { "X-Amz-Invocation-Type: RequestResponse",
                                         "X-Amz-Log-Type: Tail", NULL };
  OciLambdaCall *self = function_call ("Invoke", "POST", function, "/invocations");
  set_query (self, "Qualifier", qualifier);
  self->headers = g_strdupv ((char **) headers);
  self->payload = g_bytes_ref (event);
  self->once = TRUE;
  return self;
}

static void
set_list (json_t *body, const char *member, const char *const *texts)
{
  if (texts == NULL || texts[0] == NULL)
    return;
  json_t *list = json_array ();
  for (; *texts != NULL; texts++)
    oci_json_append (list, oci_json_text (*texts));
  oci_json_set (body, member, list);
}

OciLambdaCall *
oci_lambda_publish_layer (const OciLambdaLayerArguments *arguments)
{
  OciLambdaCall *self = layer_call ("PublishLayerVersion", "POST", arguments->name, "");
  json_t *content = json_object ();
  if (arguments->zip != NULL)
    {
      gsize size = 0;
      const guchar *bytes = g_bytes_get_data (arguments->zip, &size);
      g_autofree char *text = g_base64_encode (bytes, size);
      oci_json_set (content, "ZipFile", oci_json_text (text));
    }
  oci_json_set_text (content, "S3Bucket", arguments->bucket);
  oci_json_set_text (content, "S3Key", arguments->key);
  self->body = json_object ();
  oci_json_set (self->body, "Content", content);
  set_list (self->body, "CompatibleRuntimes", arguments->runtimes);
  set_list (self->body, "CompatibleArchitectures", arguments->architectures);
  oci_json_set_text (self->body, "Description", arguments->description);
  oci_json_set_text (self->body, "LicenseInfo", arguments->license);
  self->once = TRUE;
  return self;
}

OciLambdaCall *
oci_lambda_list_layer_versions (const char *name)
{
  return layer_call ("ListLayerVersions", "GET", name, "");
}

OciLambdaCall *
oci_lambda_get_layer_version (const char *name, json_int_t version)
{
  g_autofree char *rest = g_strdup_printf ("/%" JSON_INTEGER_FORMAT, version);
  return layer_call ("GetLayerVersion", "GET", name, rest);
}

OciLambdaFunction *
oci_lambda_function_read (const json_t *document)
{
  const json_t *configuration = json_object_get (document, "Configuration");
  const json_t *code = json_object_get (document, "Code");
  const json_t *from = configuration != NULL ? configuration : document;
  const char *architecture =
      json_string_value (json_array_get (json_object_get (from, "Architectures"), 0));
  OciLambdaFunction *self = g_new0 (OciLambdaFunction, 1);
  self->arn = oci_json_dup_text (from, "FunctionArn");
  self->version = oci_json_dup_text (from, "Version");
  self->package_type = oci_json_dup_text (from, "PackageType");
  self->architecture = g_strdup (architecture);
  self->state = oci_json_dup_text (from, "State");
  self->state_reason = oci_json_dup_text (from, "StateReason");
  self->state_reason_code = oci_json_dup_text (from, "StateReasonCode");
  self->update_status = oci_json_dup_text (from, "LastUpdateStatus");
  self->update_reason = oci_json_dup_text (from, "LastUpdateStatusReason");
  self->update_reason_code = oci_json_dup_text (from, "LastUpdateStatusReasonCode");
  self->code_sha256 = oci_json_dup_text (from, "CodeSha256");
  self->revision = oci_json_dup_text (from, "RevisionId");
  self->image = oci_json_dup_text (code, "ImageUri");
  self->resolved_image = oci_json_dup_text (code, "ResolvedImageUri");
  return self;
}

void
oci_lambda_function_free (OciLambdaFunction *self)
{
  if (self == NULL)
    return;
  g_free (self->arn);
  g_free (self->version);
  g_free (self->package_type);
  g_free (self->architecture);
  g_free (self->state);
  g_free (self->state_reason);
  g_free (self->state_reason_code);
  g_free (self->update_status);
  g_free (self->update_reason);
  g_free (self->update_reason_code);
  g_free (self->code_sha256);
  g_free (self->revision);
  g_free (self->image);
  g_free (self->resolved_image);
  g_free (self);
}

OciLambdaAlias *
oci_lambda_alias_read (const json_t *document)
{
  const json_t *routing = json_object_get (document, "RoutingConfig");
  const json_t *weights = json_object_get (routing, "AdditionalVersionWeights");
  void *first = json_object_iter ((json_t *) weights); /* AWS allows at most one */
  OciLambdaAlias *self = g_new0 (OciLambdaAlias, 1);
  self->arn = oci_json_dup_text (document, "AliasArn");
  self->version = oci_json_dup_text (document, "FunctionVersion");
  self->revision = oci_json_dup_text (document, "RevisionId");
  double weight = first != NULL ? json_number_value (json_object_iter_value (first)) : 0;
  if (weight > 0)
    {
      self->other = g_strdup (json_object_iter_key (first));
      self->weight = weight;
    }
  return self;
}

void
oci_lambda_alias_free (OciLambdaAlias *self)
{
  if (self == NULL)
    return;
  g_free (self->arn);
  g_free (self->version);
  g_free (self->other);
  g_free (self->revision);
  g_free (self);
}
