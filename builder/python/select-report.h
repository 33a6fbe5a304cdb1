/* Explains why no wheel matched, for terrane_select_wheel(). */
#pragma once

#include "builder/python/target.h"
#include "builder/python/version.h"

G_BEGIN_DECLS

/* The project and version to look for. */
typedef struct
{
  char *project; /* as in the requirements */
  char *name;    /* likewise, normalised */
  TerraneVersion *version;
  char *specifier; /* "==VERSION" */
} TerraneWanted;

/** Sets the members. %OCI_ERROR_USAGE if @project or @version is not valid. */
gboolean terrane_wanted_init (TerraneWanted *self, const char *project, const char *version,
                              GError **error);
void terrane_wanted_clear (TerraneWanted *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneWanted, terrane_wanted_clear)

/** Whether "==" with the wanted version matches @version. */
gboolean terrane_wanted_is (const TerraneWanted *self, const TerraneVersion *version);

/* A wheel that was rejected. */
typedef struct
{
  const char *file_name; /* a valid file name of a wheel, which is safe to print */
  char *reason;
  unsigned distance; /* the smaller, the closer to a match */
} TerraneRefusal;

void terrane_refusal_free (TerraneRefusal *self);

/** Returns: (transfer full): "needs Python >=3.12" */
char *terrane_describe_requires_python (const char *requires_python);

/**
 * terrane_throw_no_wheel:
 * @files: (element-type TerraneIndexFile): all offered files
 * @refusals: (element-type TerraneRefusal): the wheels of the wanted version; will be sorted
 *
 * Sets %OCI_ERROR_NOT_FOUND with the message that terrane_select_wheel() describes. Returns: always
 * %FALSE
 */
gboolean terrane_throw_no_wheel (const TerraneWanted *wanted, const GPtrArray *files,
                                 GPtrArray *refusals, const TerranePythonTarget *target,
                                 GError **error);

G_END_DECLS
