/* What terrane_select_wheel() says when there is no wheel. */
#pragma once

#include "builder/python/target.h"
#include "builder/python/version.h"

G_BEGIN_DECLS

/* The project and version that are looked for. */
typedef struct
{
  char *project; /* as in the requirements */
  char *name;    /* the same, normalised */
  TerraneVersion *version;
  char *specifier; /* "==VERSION" */
} TerraneWanted;

/** Returns: %FALSE with %OCI_ERROR_USAGE when @project or @version is not one */
gboolean terrane_wanted_init (TerraneWanted *self, const char *project, const char *version,
                              GError **error);
void terrane_wanted_clear (TerraneWanted *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneWanted, terrane_wanted_clear)

/** Whether "==" of the wanted version matches @version. */
gboolean terrane_wanted_is (const TerraneWanted *self, const TerraneVersion *version);

/* A wheel that was not taken. */
typedef struct
{
  const char *file_name; /* the name of a wheel by grammar, so that it is safe to print */
  char *reason;
  unsigned distance; /* the less, the nearer to fitting */
} TerraneRefusal;

void terrane_refusal_free (TerraneRefusal *self);

/** "needs Python >=3.12". Returns: (transfer full) */
char *terrane_describe_requires_python (const char *requires_python);

/**
 * terrane_throw_no_wheel:
 * @files: (element-type TerraneIndexFile): everything that was offered
 * @refusals: (element-type TerraneRefusal): the wheels of the wanted version; sorted here
 *
 * Returns: %FALSE with %OCI_ERROR_NOT_FOUND and the message that terrane_select_wheel() promises
 */
gboolean terrane_throw_no_wheel (const TerraneWanted *wanted, const GPtrArray *files,
                                 GPtrArray *refusals, const TerranePythonTarget *target,
                                 GError **error);

G_END_DECLS
