/* Results of examining what this machine can do. */
#pragma once

#include "builder/sandbox/spec.h"

#include "oci/http/client.h"

#include <jansson.h>

G_BEGIN_DECLS

typedef enum
{
  TERRANE_SYMPTOM_OK,
  TERRANE_SYMPTOM_LIMITED, /* builds work, but something that they may use does not */
  TERRANE_SYMPTOM_MISSING, /* builds do not work */
} TerraneSymptomStatus;

/** Returns: (transfer none): "ok", "limited", "missing" */
const char *terrane_symptom_status_name (TerraneSymptomStatus status);

typedef struct
{
  const char *group; /* "sandbox" */
  const char *name;  /* "user-namespaces" */
  TerraneSymptomStatus status;
  char *found; /* a sentence */
  char *fix;   /* (nullable): a command, or what to ask an administrator for */
} TerraneSymptom;

void terrane_symptom_free (gpointer data);

/* The subjects to examine. */
typedef struct
{
  const char *store;             /* path, which need not exist */
  TerraneSandboxKind sandbox;    /* the one that builds will use */
  OciHttpClient *client;         /* (nullable): for requests to servers */
  const char *const *registries; /* (nullable): "HOST/REPOSITORY[:TAG]" */
  gboolean aws;                  /* also find AWS credentials */
  GCancellable *cancellable;     /* (nullable) */
} TerraneDoctor;

/** Returns: (transfer full): an array */
json_t *terrane_doctor_to_json (const GPtrArray *symptoms);

G_END_DECLS
