#include "builder/deploy/plan.h"

#include "builder/deploy/update.h"

#define BEFORE "BEFORE"
#define NEW "NEW"
#define REVISION "REVISION"

/* Frees @call. */
static void
add_call (const TerraneDeployment *self, OciLambdaCall *call, json_t *steps)
{
  g_autoptr (OciLambdaCall) owned = call;
  json_t *step = json_object ();
  g_autofree char *url =
      g_strconcat (oci_lambda_api_endpoint (self->api), owned->path,
                   owned->query != NULL ? "?" : "", owned->query != NULL ? owned->query : "", NULL);
  g_autoptr (GBytes) body = oci_lambda_call_body (owned);
  gsize size = 0;
  const char *data = body != NULL ? g_bytes_get_data (body, &size) : NULL;
  g_autofree char *text = data != NULL ? g_strndup (data, size) : NULL;
  oci_json_set (step, "do", oci_json_text ("call"));
  oci_json_set (step, "operation", oci_json_text (owned->operation));
  oci_json_set (step, "method", oci_json_text (owned->method));
  oci_json_set (step, "url", oci_json_text (url));
  oci_json_set_text (step, "body", text);
  oci_json_append (steps, step);
}

static void
add_events (const TerraneDeployment *self, const char *qualifier, json_t *steps)
{
  for (guint i = 0; i < self->events->len; i++)
    add_call (self, oci_lambda_invoke (self->spec->function, qualifier, self->events->pdata[i]),
              steps);
}

static void
add_shift (const TerraneDeployment *self, const char *text, json_t *steps)
{
  const TerraneDeployTarget *spec = self->spec;
  unsigned weight = terrane_deploy_parse_step (text);
  gboolean whole = weight == TERRANE_DEPLOY_WHOLE;
  add_call (self,
            oci_lambda_update_alias (spec->function, spec->alias, whole ? NEW : BEFORE,
                                     whole ? NULL : NEW, weight, REVISION),
            steps);
  if (!whole)
    {
      json_t *wait = json_object ();
      oci_json_set (wait, "do", oci_json_text ("wait"));
      oci_json_set (wait, "ms", json_integer ((json_int_t) spec->wait_ms));
      oci_json_append (steps, wait);
    }
  add_call (self, oci_lambda_get_alias (spec->function, spec->alias), steps);
  add_events (self, spec->alias, steps);
}

void
terrane_deployment_plan (const TerraneDeployment *self, const char *push, json_t *steps)
{
  const TerraneDeployTarget *spec = self->spec;
  g_autofree char *description = terrane_deployment_describe (self);
  add_call (self, oci_lambda_get_function (spec->function, NULL), steps);
  add_call (self, oci_lambda_get_alias (spec->function, spec->alias), steps);
  add_call (self, oci_lambda_get_function (spec->function, BEFORE), steps);
  if (push != NULL)
    {
      json_t *step = json_object ();
      oci_json_set (step, "do", oci_json_text ("push"));
      oci_json_set (step, "reference", oci_json_text (push));
      oci_json_append (steps, step);
    }
  for (int dry_run = 1; dry_run >= 0; dry_run--)
    add_call (self,
              oci_lambda_update_code (spec->function, self->image_uri, self->image->architecture,
                                      REVISION, dry_run),
              steps);
  add_call (self, oci_lambda_get_configuration (spec->function, NULL), steps);
  add_call (self, oci_lambda_get_function (spec->function, NULL), steps);
  add_call (self, oci_lambda_publish_version (spec->function, "SHA256", REVISION, description),
            steps);
  add_call (self, oci_lambda_get_configuration (spec->function, NEW), steps);
  add_events (self, NEW, steps);
  for (char **step = spec->steps; *step != NULL; step++)
    add_shift (self, *step, steps);
}
