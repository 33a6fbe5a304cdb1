#include "builder/deploy/plan.h"

#include "builder/deploy/update.h"

#define BEFORE "BEFORE"
#define NEW "NEW"
#define REVISION "REVISION"

static void
add_step (json_t *steps, const char *operation, const char *method, const char *url, GBytes *body)
{
  gsize size = 0;
  const char *data = body != NULL ? g_bytes_get_data (body, &size) : NULL;
  g_autofree char *text = data != NULL ? g_strndup (data, size) : NULL;
  json_t *step = json_object ();
  oci_json_set (step, "do", oci_json_text ("call"));
  oci_json_set (step, "operation", oci_json_text (operation));
  oci_json_set (step, "method", oci_json_text (method));
  oci_json_set (step, "url", oci_json_text (url));
  oci_json_set_text (step, "body", text);
  oci_json_append (steps, step);
}

void
terrane_plan_add_call (json_t *steps, const OciLambdaApi *api, const OciLambdaCall *call)
{
  g_autofree char *url =
      g_strconcat (oci_lambda_api_endpoint (api), call->path, call->query != NULL ? "?" : "",
                   call->query != NULL ? call->query : "", NULL);
  g_autoptr (GBytes) body = oci_lambda_call_body (call);
  add_step (steps, call->operation, call->method, url, body);
}

/* Frees @call. */
static void
add_call (const TerraneDeployment *self, OciLambdaCall *call, json_t *steps)
{
  g_autoptr (OciLambdaCall) owned = call;
  terrane_plan_add_call (steps, self->api, owned);
}

static void
add_errors (const TerraneDeployment *self, json_t *steps)
{
  const OciLambdaErrors of = { .function = self->spec->function,
                               .alias = self->spec->alias,
                               .version = NEW,
                               .since = g_get_real_time () / G_USEC_PER_SEC };
  if (self->spec->errors == 0)
    return;
  g_autofree char *url = g_strconcat (oci_lambda_api_metrics_endpoint (self->api), "/", NULL);
  g_autoptr (GBytes) form = oci_lambda_errors_form (&of);
  add_step (steps, "GetMetricStatistics", "POST", url, form);
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
      add_errors (self, steps);
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
