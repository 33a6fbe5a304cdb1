#include "builder/profile/deploy-spec.h"

#include "builder/profile/field-types.h"

#include "oci/reference.h"

#include <string.h>

#define REGION_VARIABLE "${region}"
#define DEFAULT_ALIAS "live"

enum
{
  MAX_TARGETS = 100,
  MAX_STEPS = 100,
  MAX_SMOKE = 100,
  MAX_ERRORS = 1000000,
  MAX_INIT_MS = 900 * 1000,
  MAX_NAME = 64,       /* for a function; botocore's model of lambda */
  MAX_ALIAS = 128,     /* likewise */
  STEP_FRACTION = 100, /* of a percent */
};

#define MAX_WAIT_MS INT64_C (86400000)  /* a day */
#define MAX_UPDATE_MS INT64_C (3600000) /* an hour */
#define DEFAULT_WAIT_MS (UINT64_C (5) * 60 * 1000)
#define DEFAULT_UPDATE_MS (UINT64_C (10) * 60 * 1000)

static gboolean
has_only (const char *text, const char *extra)
{
  for (; *text != '\0'; text++)
    if (!g_ascii_isalnum (*text) && strchr (extra, *text) == NULL)
      return FALSE;
  return TRUE;
}

static gboolean
is_name (const char *text, size_t max)
{
  size_t len = strlen (text);
  return len > 0 && len <= max && has_only (text, "-_");
}

/* "arn:aws:lambda:REGION:ACCOUNT:function:NAME", or with another service and kind. */
static gboolean
split_arn (const char *text, const char *service, char ***out_parts)
{
  g_auto (GStrv) parts = g_strsplit (text, ":", -1);
  guint n = g_strv_length (parts);
  if (n < 6 || strcmp (parts[0], "arn") != 0 || !g_str_has_prefix (parts[1], "aws")
      || strcmp (parts[2], service) != 0 || strlen (parts[4]) != 12
      || strspn (parts[4], "0123456789") != 12)
    return FALSE;
  *out_parts = g_steal_pointer (&parts);
  return TRUE;
}

/* The region of a function's ARN. Returns: (transfer full) (nullable) */
static char *
region_of_function (const char *function)
{
  g_auto (GStrv) parts = NULL;
  return split_arn (function, "lambda", &parts) ? g_strdup (parts[3]) : NULL;
}

gboolean
terrane_deploy_is_function (const char *text)
{
  g_auto (GStrv) parts = NULL;
  if (!g_str_has_prefix (text, "arn:"))
    return is_name (text, MAX_NAME);
  return split_arn (text, "lambda", &parts) && g_strv_length (parts) == 7
         && strcmp (parts[5], "function") == 0 && parts[3][0] != '\0'
         && is_name (parts[6], MAX_NAME);
}

unsigned
terrane_deploy_parse_step (const char *text)
{
  size_t whole = strspn (text, "0123456789");
  const char *rest = text + whole;
  size_t digits = *rest == '.' ? strspn (rest + 1, "0123456789") : 0;
  if (whole == 0 || whole > 3 || (*rest == '.' && (digits == 0 || digits > 2)))
    return 0;
  unsigned value = (unsigned) g_ascii_strtoull (text, NULL, 10) * STEP_FRACTION;
  if (digits > 0)
    value += (unsigned) g_ascii_strtoull (rest + 1, NULL, 10) * (digits == 1 ? 10 : 1);
  rest += *rest == '.' ? digits + 1 : 0;
  return strcmp (rest, "%") == 0 && value <= TERRANE_DEPLOY_WHOLE ? value : 0;
}

gboolean
terrane_deploy_check_steps (char **steps, GError **error)
{
  unsigned before = 0;
  for (; *steps != NULL; steps++)
    {
      unsigned step = terrane_deploy_parse_step (*steps);
      g_autofree char *quoted = oci_quote (*steps);
      if (step == 0)
        return oci_throw (
            error, OCI_ERROR_USAGE,
            "%s: expected a part of the events such as ‘10%%’, up to ‘100%%’, with at "
            "most two digits after the point",
            quoted);
      if (step <= before)
        return oci_throw (error, OCI_ERROR_USAGE, "%s is not more than the step before it", quoted);
      before = step;
    }
  return before == TERRANE_DEPLOY_WHOLE
         || oci_throw (error, OCI_ERROR_USAGE, "the last step must be ‘100%%’");
}

static void
check_function (const OciJson *at, char **text)
{
  g_autofree char *quoted = oci_quote (*text);
  if (!terrane_deploy_is_function (*text))
    oci_json_problem (at, "%s is neither the name of a function nor its ARN without a version",
                      quoted);
}

static void
check_alias (const OciJson *at, char **text)
{
  g_autofree char *quoted = oci_quote (*text);
  if (!is_name (*text, MAX_ALIAS) || strspn (*text, "0123456789") == strlen (*text))
    oci_json_problem (at,
                      "%s cannot be the name of an alias: letters, digits, ‘-’, ‘_’, and not "
                      "digits alone",
                      quoted);
}

static void
check_region (const OciJson *at, char **text)
{
  g_autofree char *quoted = oci_quote (*text);
  if ((*text)[0] == '\0' || strlen (*text) > 32 || !has_only (*text, "-"))
    oci_json_problem (at, "%s cannot be a region of AWS, such as ‘eu-west-1’", quoted);
}

static void
check_role (const OciJson *at, char **text)
{
  g_auto (GStrv) parts = NULL;
  g_autofree char *quoted = oci_quote (*text);
  if (!split_arn (*text, "iam", &parts) || !g_str_has_prefix (parts[5], "role/"))
    oci_json_problem (
        at, "%s is not the ARN of a role, such as ‘arn:aws:iam::123456789012:role/deploy’", quoted);
}

static char *
set_region (const char *text, const char *region)
{
  g_auto (GStrv) parts = g_strsplit (text, REGION_VARIABLE, -1);
  return g_strjoinv (region, parts);
}

static void
check_repository (const OciJson *at, char **text)
{
  g_autoptr (GError) local = NULL;
  g_autofree char *some = set_region (*text, "xx-any-1");
  g_autoptr (OciReference) reference = oci_reference_parse (some, &local);
  if (reference == NULL)
    oci_json_problem (at, "%s", local->message);
  else if (reference->tag != NULL || reference->has_digest)
    oci_json_problem (at, "expected HOST/REPOSITORY; the tag belongs in ‘tag’");
  else if (g_str_has_prefix (*text, OCI_REFERENCE_SCHEME))
    {
      char *bare = g_strdup (*text + strlen (OCI_REFERENCE_SCHEME));
      g_free (*text);
      *text = bare;
    }
}

static void
check_tag (const OciJson *at, char **tag)
{
  g_autofree char *text = g_strconcat ("localhost/any:", *tag, NULL);
  g_autoptr (OciReference) reference = oci_reference_parse (text, NULL);
  g_autofree char *quoted = oci_quote (*tag);
  if (reference == NULL || g_strcmp0 (reference->tag, *tag) != 0)
    oci_json_problem (at, "%s cannot be a tag", quoted);
}

static void
check_smoke (const TerraneProfileReader *reader, const OciJson *at, gpointer data)
{
  TerraneSmokeSpec *self = data;
  self->invoke.where = terrane_provenance_where (reader->provenance, at);
}

static void
clear_smoke (gpointer self)
{
  g_clear_pointer (&((TerraneSmokeSpec *) self)->invoke.where, g_free);
}

static void
copy_smoke (gpointer data)
{
  TerraneSmokeSpec *self = data;
  self->invoke.where = g_strdup (self->invoke.where);
}

static const TerraneField smoke_fields[] = {
  { .name = "event",
    .type = &terrane_field_event,
    .parts = TERRANE_PART_NOTHING,
    .required = TRUE,
    .help = "The event: a string is a file, relative to this one; any other value is the event "
            "itself." },
  { .name = "expect",
    .type = &terrane_field_json,
    .offset = offsetof (TerraneSmokeSpec, invoke.expect),
    .parts = TERRANE_PART_NOTHING,
    .help = "The value that the answer must contain: members of objects may be added, "
            "other values "
            "must be equal." },
  { .name = NULL },
};

const TerraneSection terrane_smoke_section = { .fields = smoke_fields,
                                               .size = sizeof (TerraneSmokeSpec),
                                               .check = check_smoke,
                                               .clear = clear_smoke,
                                               .copy = copy_smoke };

/* uint64_t: one more than the number, since 0 means "not given" */
static void
read_errors (const TerraneField *field, G_GNUC_UNUSED const TerraneProfileReader *reader,
             const OciJson *at, gpointer value)
{
  int64_t number = 0;
  if (oci_json_int (at, field->min, field->max, &number))
    *(uint64_t *) value = (uint64_t) number + 1;
}

static const TerraneFieldType errors_type = { .name = "errors",
                                              .json = "integer",
                                              .read = read_errors };

/* The image is the same wherever it is deployed. */
#define ROW(member_name, of_type, member)                                                          \
  .name = (member_name), .type = &(of_type), .offset = offsetof (TerraneDeployTarget, member),     \
  .parts = TERRANE_PART_NOTHING

/* clang-format off */
#define TARGET_ROWS                                                                                \
  { ROW ("function", terrane_field_text, function), .check = check_function,                       \
    .help = "The function's name, or its ARN without a version." },                                \
  { ROW ("alias", terrane_field_text, alias), .check = check_alias,                                \
    .help = "The alias through which events reach the function; by default ‘live’. It "            \
            "must point to a version." },                                                          \
  { ROW ("region", terrane_field_text, region), .check = check_region,                             \
    .help = "The function's region; by default that of its ARN, of $AWS_REGION, "                  \
            "$AWS_DEFAULT_REGION or of the AWS profile." },                                        \
  { ROW ("role", terrane_field_text, role), .check = check_role,                                   \
    .help = "ARN of a role to assume, such as one in the function's account." },                   \
  { ROW ("external_id", terrane_field_text, external_id), .min = 1,                                \
    .help = "The sts:ExternalId that the role's trust policy requires." },                         \
  { ROW ("repository", terrane_field_text, repository), .check = check_repository,                 \
    .help = "HOST/REPOSITORY of Amazon ECR in the function's region; ‘${region}’ is "              \
            "replaced by it. By default that of ‘push’." },                                        \
  { ROW ("tag", terrane_field_text, tag), .check = check_tag,                                      \
    .help = "Tag that the image gets there; by default ‘terrane-’ and 12 digits of the "           \
            "image's digest." },                                                                   \
  { ROW ("steps", terrane_field_texts, steps), .min = 1, .max = MAX_STEPS,                         \
    .help = "Shares of the events that the new version gets, one after the other, such as"         \
            " [\"10%\", \"100%\"]: they grow, and the last one is 100%. By default all "           \
            "events at once." },                                                                   \
  { ROW ("wait", terrane_field_duration, wait_ms), .max = MAX_WAIT_MS,                             \
    .help = "How long each step but the last one lasts, at most 24h; by default 5m." },            \
  { ROW ("smoke", terrane_field_object_or_objects, smoke), .section = &terrane_smoke_section,      \
    .max = MAX_SMOKE,                                                                              \
    .help = "Events that the new version must answer before it gets any others, and after"         \
            " each step." },                                                                       \
  { ROW ("init_duration", terrane_field_duration, init_ms), .max = MAX_INIT_MS,                    \
    .help = "Longest initialisation that an event of ‘smoke’ may cause." },                        \
  { ROW ("max_errors", errors_type, errors), .max = MAX_ERRORS,                                    \
    .help = "Errors of the new version at the alias that CloudWatch may have counted at "          \
            "the end of each ‘wait’; without it CloudWatch is not queried." },                     \
  { ROW ("update_timeout", terrane_field_duration, update_ms), .max = MAX_UPDATE_MS,               \
    .help = "How long AWS may take to update the function, at most 1h; by default 10m." },         \
  { ROW ("change_architecture", terrane_field_flag, change_architecture), .fallback = "false",                         \
    .help = "Whether to move the function to the image's architecture when it has another one." }
/* clang-format on */

/* Checks what depends on the target together with the values it has from the others. */
static void
check_whole (const OciJson *at, const TerraneDeployTarget *self, const TerraneDeployTarget *common)
{
  gboolean has_smoke = self->smoke->len > 0 || common->smoke->len > 0;
  if (self->function == NULL && common->function == NULL)
    oci_json_problem (at, "‘function’ is missing");
  if ((self->init_ms > 0 || common->init_ms > 0) && !has_smoke)
    oci_json_problem (at, "‘init_duration’ is measured by events, but ‘smoke’ lists no events");
  if ((self->external_id != NULL || common->external_id != NULL) && self->role == NULL
      && common->role == NULL)
    oci_json_problem (at, "‘external_id’ requires ‘role’");
}

static void
check_target (const TerraneProfileReader *reader, const OciJson *at, gpointer data)
{
  const TerraneDeployTarget *self = data;
  g_autoptr (GError) local = NULL;
  OciJson steps;
  (void) reader;
  if (self->steps != NULL && self->steps[0] != NULL && oci_json_member (at, "steps", &steps)
      && !terrane_deploy_check_steps (self->steps, &local))
    oci_json_problem (&steps, "%s", local->message);
}

static void
check_deploy (const TerraneProfileReader *reader, const OciJson *at, gpointer data)
{
  const TerraneDeploySpec *self = data;
  OciJson targets;
  check_target (reader, at, data);
  gboolean several = oci_json_member (at, "targets", &targets) && json_is_array (targets.value);
  if (!several)
    check_whole (at, &self->common, &self->common);
  for (guint i = 0; several && i < self->targets->len; i++)
    {
      OciJson element;
      oci_json_element (&targets, i, &element);
      check_whole (&element, self->targets->pdata[i], &self->common);
    }
}

static const TerraneField target_fields[] = { TARGET_ROWS, { .name = NULL } };

const TerraneSection terrane_deploy_target_section = { .fields = target_fields,
                                                       .size = sizeof (TerraneDeployTarget),
                                                       .check = check_target };

/* The common target is at the start of the structure. */
static const TerraneField deploy_fields[] = {
  TARGET_ROWS,
  { .name = "targets",
    .type = &terrane_field_objects,
    .offset = offsetof (TerraneDeploySpec, targets),
    .parts = TERRANE_PART_NOTHING,
    .min = 1,
    .max = MAX_TARGETS,
    .section = &terrane_deploy_target_section,
    .help = "Several functions, each with the keys that differ from those beside ‘targets’." },
  { .name = NULL },
};

const TerraneSection terrane_deploy_section = { .fields = deploy_fields,
                                                .size = sizeof (TerraneDeploySpec),
                                                .check = check_deploy };

gboolean
terrane_deploy_spec_is_given (const TerraneDeploySpec *self)
{
  return self->common.function != NULL || self->targets->len > 0;
}

static void
inherit_text (char **text, const char *common)
{
  if (*text == NULL)
    *text = g_strdup (common);
}

static void
inherit_number (uint64_t *number, uint64_t common, uint64_t fallback)
{
  if (*number == 0)
    *number = common > 0 ? common : fallback;
}

static void
inherit_lists (TerraneDeployTarget *self, const TerraneDeployTarget *common)
{
  static const char *const at_once[] = { "100%", NULL };
  if (self->steps == NULL)
    self->steps = g_strdupv (common->steps != NULL ? common->steps : (char **) at_once);
  for (guint i = 0; self->smoke->len == 0 && i < common->smoke->len && self != common; i++)
    {
      gpointer copy = g_memdup2 (common->smoke->pdata[i], sizeof (TerraneSmokeSpec));
      terrane_section_copy (&terrane_smoke_section, copy);
      g_ptr_array_insert (self->smoke, (gint) i, copy);
    }
}

static gboolean
resolve_place (TerraneDeployTarget *self, const char *region, const char *repository,
               GError **error)
{
  g_autofree char *of_function = region_of_function (self->function);
  g_autofree char *quoted = oci_quote (self->function);
  inherit_text (&self->region, of_function);
  inherit_text (&self->region, region);
  if (self->region == NULL)
    return oci_throw (error, OCI_ERROR_USAGE,
                      "the function %s: its region is not known; say it with ‘region’ or "
                      "--region, or in $AWS_REGION",
                      quoted);
  if (of_function != NULL && strcmp (of_function, self->region) != 0)
    return oci_throw (error, OCI_ERROR_USAGE, "the function %s is not in the region %s", quoted,
                      self->region);
  inherit_text (&self->repository, repository);
  if (self->repository == NULL)
    return oci_throw (error, OCI_ERROR_USAGE,
                      "the function %s: ‘repository’ or --repository has to say where in "
                      "Amazon ECR the image is to be",
                      quoted);
  char *resolved = set_region (self->repository, self->region);
  g_free (self->repository);
  self->repository = resolved;
  return TRUE;
}

static gboolean
resolve (TerraneDeployTarget *self, const TerraneDeployTarget *common, const char *region,
         const char *repository, GError **error)
{
  inherit_text (&self->function, common->function);
  inherit_text (&self->alias, common->alias);
  inherit_text (&self->alias, DEFAULT_ALIAS);
  g_autofree char *of_function = region_of_function (self->function);
  if (of_function == NULL) /* an ARN is more exact than the others */
    inherit_text (&self->region, common->region);
  inherit_text (&self->role, common->role);
  inherit_text (&self->external_id, common->external_id);
  inherit_text (&self->repository, common->repository);
  inherit_text (&self->tag, common->tag);
  inherit_number (&self->wait_ms, common->wait_ms, DEFAULT_WAIT_MS);
  inherit_number (&self->init_ms, common->init_ms, 0);
  inherit_number (&self->errors, common->errors, 0);
  inherit_number (&self->update_ms, common->update_ms, DEFAULT_UPDATE_MS);
  self->change_architecture = self->change_architecture || common->change_architecture;
  inherit_lists (self, common);
  return resolve_place (self, region, repository, error);
}

static void
target_free (gpointer data)
{
  terrane_section_clear (&terrane_deploy_target_section, data);
  g_free (data);
}

static gboolean
check_twice (const GPtrArray *targets, const TerraneDeployTarget *target, GError **error)
{
  for (guint i = 0; i < targets->len; i++)
    {
      const TerraneDeployTarget *other = targets->pdata[i];
      if (strcmp (other->function, target->function) == 0
          && strcmp (other->region, target->region) == 0
          && strcmp (other->alias, target->alias) == 0
          && g_strcmp0 (other->role, target->role) == 0)
        return oci_throw (error, OCI_ERROR_USAGE,
                          "the alias %s of the function %s in %s is among the targets twice",
                          target->alias, target->function, target->region);
    }
  return TRUE;
}

GPtrArray *
terrane_deploy_spec_resolve (const TerraneDeploySpec *self, const char *region,
                             const char *repository, GError **error)
{
  g_autoptr (GPtrArray) targets = g_ptr_array_new_with_free_func (target_free);
  guint n = MAX (self->targets->len, 1);
  for (guint i = 0; i < n; i++)
    {
      const TerraneDeployTarget *from =
          self->targets->len > 0 ? self->targets->pdata[i] : &self->common;
      TerraneDeployTarget *target = g_memdup2 (from, sizeof *from);
      terrane_section_copy (&terrane_deploy_target_section, target);
      if (!resolve (target, &self->common, region, repository, error)
          || !check_twice (targets, target, error))
        {
          target_free (target);
          return NULL;
        }
      g_ptr_array_add (targets, target);
    }
  return g_steal_pointer (&targets);
}
