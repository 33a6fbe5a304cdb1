/* What is run of an image to see whether it works: the "validate" of a profile. */
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
  char *expect;  /* (nullable): regular expression that the output must have a match of */
  int exit_code; /* that it must have */
} TerraneCommandSpec;

typedef struct
{
  char *name;                     /* GDAL's short name */
  gboolean raster, vector, write; /* what it must be able to do, besides being there */
} TerraneDriverSpec;

/* A transformation with a result that is known. Between CRSs, numbers are x y (longitude latitude);
 * of an operation by code, they are in the order that the authority gives its axes. */
typedef struct
{
  char *from; /* (nullable): with @to, else @operation_code */
  char *to;
  char *operation_code; /* (nullable): "EPSG:1133" */
  double point[TERRANE_CRS_MAX_NUMBERS];
  double expect[TERRANE_CRS_MAX_NUMBERS];
  size_t n_numbers; /* 2 or 3, of both */
  double tolerance; /* of each number */
  char *operation;  /* (nullable): text that must be in the name of the operation chosen */
  gboolean has_accuracy;
  double accuracy; /* in metres: that operation must be known to be at least that accurate */
} TerraneCrsSpec;

/* An event that the function must answer. */
typedef struct
{
  char *where;           /* "FILE: validate.invoke[0]", for messages */
  char *event_path;      /* (nullable): file with the event; else @event */
  json_t *event;         /* (nullable): any JSON value */
  json_t *expect;        /* (nullable): subset of the answer; without it any but an error will do */
  uint64_t timeout_ms;   /* of the function; 0: not said */
  uint64_t memory_bytes; /* of the function; 0: not said, then limits.memory */
  json_t *env;           /* (nullable): object of strings, on top of the image's */
  char *handler;         /* (nullable): of another function in the image; or @cmd */
  char **cmd;            /* (nullable): instead of the image's command */
  gboolean slow_init;    /* an initialisation may take longer than Lambda's 10 s */
} TerraneInvokeSpec;

/* A request that a web server in the image must answer. */
typedef struct
{
  char *where; /* "FILE: validate.http[0]", for messages */
  char *path;  /* starts with "/" */
  char *method;
  char *body; /* (nullable) */
  unsigned expect_status;
  char *expect_body;   /* (nullable): regular expression */
  uint64_t timeout_ms; /* until the answer is there, the server's start included; 0: not said */
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

/** A TerraneInvokeSpec, of which it fills @event_path or @event. */
extern const TerraneFieldType terrane_field_event;

extern const TerraneSection terrane_validate_section;
extern const TerraneSection terrane_command_section;
extern const TerraneSection terrane_driver_section;
extern const TerraneSection terrane_crs_section;
extern const TerraneSection terrane_invoke_section;
extern const TerraneSection terrane_http_section;

/** Asks for nothing. */
void terrane_validate_spec_init (TerraneValidateSpec *self);
void terrane_validate_spec_clear (TerraneValidateSpec *self);

/** Whether it asks for anything that the image's own programs are run for: invoke and http aside,
 * which need an emulated Lambda or a server. */
gboolean terrane_validate_spec_has_runs (const TerraneValidateSpec *self);

G_END_DECLS
