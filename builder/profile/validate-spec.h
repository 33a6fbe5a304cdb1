/* The profile's "validate" section: what to run in an image to find out whether it works. */
#pragma once

#include "builder/profile/field.h"

G_BEGIN_DECLS

enum
{
  TERRANE_CRS_MAX_NUMBERS = 3,
};

typedef struct
{
  char **argv;   /* at least the program */
  char *expect;  /* (nullable): regular expression that must match in the output */
  int exit_code; /* expected value */
} TerraneCommandSpec;

typedef struct
{
  char *name;                     /* GDAL's short name */
  gboolean raster, vector, write; /* what it must support, besides being present */
} TerraneDriverSpec;

/* A transformation with a known result. Between CRSs, numbers are x y (longitude latitude); for an
 * operation given by code, they are in the authority's order of axes. */
typedef struct
{
  char *from; /* (nullable): with @to; otherwise @operation_code is set */
  char *to;
  char *operation_code; /* (nullable): "EPSG:1133" */
  double point[TERRANE_CRS_MAX_NUMBERS];
  double expect[TERRANE_CRS_MAX_NUMBERS];
  size_t n_numbers; /* 2 or 3, of both */
  double tolerance; /* of each number */
  char *operation;  /* (nullable): text that the name of the chosen operation must contain */
  gboolean has_accuracy;
  double accuracy; /* in metres: the chosen operation must have at least this accuracy */
} TerraneCrsSpec;

/* An event that the function must answer. */
typedef struct
{
  char *where;      /* "FILE: validate.invoke[0]", for messages */
  char *event_path; /* (nullable): file with the event; else @event */
  json_t *event;    /* (nullable): any JSON value */
  json_t *expect;   /* (nullable): expected subset of the answer; without it any answer but an error
                       is accepted */
  uint64_t timeout_ms;   /* of the function; 0 if not given */
  uint64_t memory_bytes; /* of the function; 0 if not given, for limits.memory */
  json_t *env;           /* (nullable): object of strings, added to the image's */
  char *handler;         /* (nullable): another function in the image; or @cmd */
  char **cmd;            /* (nullable): replaces the image's command */
  gboolean slow_init;    /* an initialisation may take longer than Lambda's 10 s */
} TerraneInvokeSpec;

/* A request that a web server in the image must answer. */
typedef struct
{
  char *where; /* "FILE: validate.http[0]", for messages */
  char *path;  /* begins with "/" */
  char *method;
  char *body; /* (nullable) */
  unsigned expect_status;
  char *expect_body;   /* (nullable): regular expression */
  uint64_t timeout_ms; /* until the answer, including the start of the server; 0 if not given */
} TerraneHttpSpec;

typedef struct
{
  char **imports;      /* (nullable) */
  GPtrArray *scripts;  /* of char *: paths */
  GPtrArray *commands; /* of TerraneCommandSpec */
  GPtrArray *drivers;  /* of TerraneDriverSpec */
  GPtrArray *crs;      /* of TerraneCrsSpec */
  char **codecs;       /* (nullable): names of GDAL, such as "ZSTD" */
  gboolean suite_geo;  /* "suite": "geo" */
  GPtrArray *invoke;   /* of TerraneInvokeSpec */
  GPtrArray *http;     /* of TerraneHttpSpec */
  uint64_t timeout_ms; /* of each process */
} TerraneValidateSpec;

/** A TerraneInvokeSpec, of which it sets @event_path or @event. */
extern const TerraneFieldType terrane_field_event;

extern const TerraneSection terrane_validate_section;
extern const TerraneSection terrane_command_section;
extern const TerraneSection terrane_driver_section;
extern const TerraneSection terrane_crs_section;
extern const TerraneSection terrane_invoke_section;
extern const TerraneSection terrane_http_section;

/** Sets everything to empty. */
void terrane_validate_spec_init (TerraneValidateSpec *self);
void terrane_validate_spec_clear (TerraneValidateSpec *self);

/** Whether it requests anything that runs the image's own programs, except invoke and http, which
 * need an emulated Lambda or a server. */
gboolean terrane_validate_spec_has_runs (const TerraneValidateSpec *self);

G_END_DECLS
