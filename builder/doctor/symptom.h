/* What was found when this machine was asked what it can do. */
#pragma once

#include "builder/sandbox/spec.h"

#include "oci/http/client.h"

#include <jansson.h>

G_BEGIN_DECLS

typedef enum
{
  TERRANE_SYMPTOM_OK,
  TERRANE_SYMPTOM_LIMITED, /* a build works, and something that it may want does not */
  TERRANE_SYMPTOM_MISSING, /* a build does not work */
} TerraneSymptomStatus;

/** "ok", "limited", "missing". */
const char *terrane_symptom_status_name (TerraneSymptomStatus status);

typedef struct
{
  const char *group; /* "sandbox" */
  const char *name;  /* "user-namespaces" */
  TerraneSymptomStatus status;
  char *found; /* in words */
  char *fix;   /* (nullable): a command, or what to ask for */
} TerraneSymptom;

void terrane_symptom_free (gpointer data);

/* What is asked about. */
typedef struct
{
  const char *store;             /* path, which need not exist */
  TerraneSandboxKind sandbox;    /* the one that builds are going to use */
  OciHttpClient *client;         /* (nullable): for what is asked of servers */
  const char *const *registries; /* (nullable): "HOST/REPOSITORY[:TAG]" */
  gboolean aws;                  /* get AWS credentials, too */
  GCancellable *cancellable;     /* (nullable) */
} TerraneDoctor;

/** Returns: (transfer full): an array */
json_t *terrane_doctor_to_json (const GPtrArray *symptoms);

G_END_DECLS
