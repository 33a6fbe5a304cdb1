#include "builder/drift/end-of-life.h"

#include "oci/base/date.h"
#include "oci/base/fd.h"
#include "oci/reference.h"

#include <fcntl.h>
#include <gio/gio.h>
#include <stdlib.h>
#include <string.h>

/* In the source generated from drift.gresource.xml. */
extern GResource *terrane_drift_get_resource (void);
extern void terrane_drift_register_resource (void);

/* Registered on demand, since that needs GIO. */
static GResource *
get_resource (void)
{
  static gsize registered;
  if (g_once_init_enter (&registered))
    {
      terrane_drift_register_resource ();
      g_once_init_leave (&registered, 1);
    }
  return terrane_drift_get_resource ();
}

enum
{
  MAX_TABLE_BYTES = 1024 * 1024,
};

struct _TerraneEndOfLife
{
  char *date;
  json_t *products; /* object of objects of dates */
};

void
terrane_end_of_life_free (TerraneEndOfLife *self)
{
  if (self == NULL)
    return;
  g_free (self->date);
  json_decref (self->products);
  g_free (self);
}

const char *
terrane_end_of_life_date (const TerraneEndOfLife *self)
{
  return self->date;
}

static void
check_date (const OciJson *at)
{
  const char *text = NULL;
  if (oci_json_string (at, &text) && !oci_date_is_valid (text))
    oci_json_problem (at, "expected a date, YYYY-MM-DD");
}

static void
check_product (const OciJson *at)
{
  const char *version;
  json_t *value;
  if (!oci_json_object (at, NULL))
    return;
  json_object_foreach ((json_t *) at->value, version, value)
  {
    (void) value;
    OciJson member;
    if (oci_json_member (at, version, &member))
      check_date (&member);
  }
}

static void
check_table (const OciJson *root)
{
  static const char *const known[] = { "date", "sources", "products", NULL };
  OciJson date, products, product;
  const char *name;
  json_t *value;
  if (!oci_json_object (root, known))
    return;
  if (oci_json_require (root, "date", &date))
    check_date (&date);
  if (!oci_json_require (root, "products", &products) || !oci_json_object (&products, NULL))
    return;
  json_object_foreach ((json_t *) products.value, name, value)
  {
    (void) value;
    if (oci_json_member (&products, name, &product))
      check_product (&product);
  }
}

static GBytes *
read_table (const char *path, GError **error)
{
  GBytes *data = NULL;
  if (path == NULL)
    return g_resource_lookup_data (get_resource (), "/terrane/drift/end-of-life.json",
                                   G_RESOURCE_LOOKUP_FLAGS_NONE, error);
  return oci_read_file (AT_FDCWD, path, MAX_TABLE_BYTES, &data, error) ? data : NULL;
}

TerraneEndOfLife *
terrane_end_of_life_new (const char *path, GError **error)
{
  OciJson root;
  g_autoptr (GBytes) data = read_table (path, error);
  g_autoptr (OciJsonDocument) document =
      data != NULL ? oci_json_parse (path != NULL ? path : "end-of-life.json", data,
                                     OCI_ERROR_USAGE, &root, error)
                   : NULL;
  if (document == NULL)
    return NULL;
  check_table (&root);
  if (!oci_json_document_finish (document, error))
    return NULL;
  TerraneEndOfLife *self = g_new0 (TerraneEndOfLife, 1);
  self->date = oci_json_dup_text (root.value, "date");
  self->products = json_deep_copy (json_object_get (root.value, "products"));
  return self;
}

/* One product of an image. */
typedef struct
{
  const char *product; /* of the table */
  const char *version; /* of the table */
  const char *subject; /* for messages */
  const char *source;  /* (nullable) */
} Product;

static void
report_product (const TerraneEndOfLife *self, const TerraneDriftUnit *unit, const Product *product,
                unsigned max_days)
{
  int days = 0;
  const json_t *versions = json_object_get (self->products, product->product);
  const char *end = json_string_value (json_object_get (versions, product->version));
  if (end == NULL)
    {
      terrane_drift_report_unanswered (
          unit->report, "end-of-life", product->source, FALSE,
          "%s: the table of %s does not have it; a newer one can be given with --end-of-life",
          product->subject, self->date);
      return;
    }
  if (!oci_date_days_between (unit->rules->today, end, &days) || days > (int) max_days)
    return;
  const TerraneDriftFinding finding = {
    .kind = "end-of-life", .source = product->source, .subject = product->subject, .locked = end
  };
  const char *plural = abs (days) == 1 ? "" : "s";
  json_t *object = days < 0 ? terrane_drift_finding_new (
                       &finding, "it has had no updates since %s, %d day%s ago", end, -days, plural)
                            : terrane_drift_finding_new (&finding, "updates end on %s, in %d day%s",
                                                         end, days, plural);
  oci_json_set (object, "ends", oci_json_text (end));
  oci_json_set (object, "days", json_integer (days));
  terrane_drift_report_add (unit->report, unit->rules, object);
}

/* Returns: (transfer full) (nullable): the runtime of an image of AWS, from its files or else from
 * its name: "public.ecr.aws/lambda/python:3.12-x86_64". Other images have no runtime whose support
 * Lambda could end */
static char *
runtime_of (const TerraneDriftUnit *unit, const TerraneInventory *inventory)
{
  const TerraneSourceSpec *base = unit->profile->base;
  g_autoptr (OciReference) reference =
      base->kind == TERRANE_SOURCE_IMAGE ? oci_reference_parse (base->image, NULL) : NULL;
  if (inventory->runtime != NULL || reference == NULL)
    return g_strdup (inventory->runtime);
  g_autofree char *name = g_strconcat (reference->host, "/", reference->repository, NULL);
  gboolean python = strcmp (name, "public.ecr.aws/lambda/python") == 0
                    || strcmp (name, "docker.io/amazon/aws-lambda-python") == 0;
  gboolean provided = strcmp (name, "public.ecr.aws/lambda/provided") == 0
                      || strcmp (name, "docker.io/amazon/aws-lambda-provided") == 0;
  if (python && inventory->python != NULL)
    {
      g_auto (GStrv) parts = g_strsplit (inventory->python, ".", 3);
      return parts[0] != NULL && parts[1] != NULL
                 ? g_strdup_printf ("python%s.%s", parts[0], parts[1])
                 : NULL;
    }
  if (python && reference->tag != NULL)
    return g_strdup_printf ("python%.*s", (int) strcspn (reference->tag, "-"), reference->tag);
  if (provided && reference->tag != NULL)
    return g_strdup_printf ("provided.%.*s", (int) strcspn (reference->tag, "-"), reference->tag);
  return NULL;
}

void
terrane_end_of_life_report (const TerraneEndOfLife *self, const TerraneDriftUnit *unit,
                            const TerraneInventory *inventory, unsigned days)
{
  g_autofree char *runtime = runtime_of (unit, inventory);
  if (runtime != NULL)
    {
      g_autofree char *subject = g_strconcat ("the Lambda runtime ", runtime, NULL);
      const Product product = { "lambda", runtime, subject, "base" };
      report_product (self, unit, &product, days);
    }
  if (inventory->python != NULL)
    {
      g_auto (GStrv) parts = g_strsplit (inventory->python, ".", 3);
      g_autofree char *version =
          parts[1] != NULL ? g_strconcat (parts[0], ".", parts[1], NULL) : g_strdup (parts[0]);
      g_autofree char *subject = g_strconcat ("Python ", version, NULL);
      const Product product = { "python", version, subject, NULL };
      report_product (self, unit, &product, days);
    }
  if (inventory->os != NULL && inventory->os_version != NULL)
    {
      g_autofree char *subject = g_strconcat (inventory->os, " ", inventory->os_version, NULL);
      const Product product = { inventory->os, inventory->os_version, subject, "base" };
      report_product (self, unit, &product, days);
    }
  else if (strcmp (inventory->seen, "lock") != 0)
    terrane_drift_report_unanswered (unit->report, "end-of-life", "base", FALSE,
                                     "the base does not say in os-release what system it is");
}
