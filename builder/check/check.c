#include "builder/check/check.h"

#include "builder/check/azure-functions.h"
#include "builder/check/cloud-run.h"
#include "builder/check/elf.h"
#include "builder/check/geo.h"
#include "builder/check/lambda.h"
#include "builder/check/python.h"
#include "builder/check/recipe.h"
#include "builder/check/size.h"
#include "builder/check/symbols.h"

static gboolean
check_elf (const TerraneCheck *check, const TerraneCheckFacts *facts, TerraneFindings *findings,
           GError **error)
{
  g_autoptr (TerraneAbsentLibraries) absent =
      terrane_absent_libraries_new (check->view, facts->python, error);
  if (absent == NULL)
    return FALSE;
  terrane_check_programs (check->view, facts->programs, absent, findings);
  return terrane_check_symbols (check->view, facts->programs, findings, error);
}

static gboolean
check_geo (const TerraneCheck *check, const TerraneCheckFacts *facts, TerraneFindings *findings,
           GError **error)
{
  g_autofree char *prefix = terrane_python_prefix (check->view, &facts->python->base);
  return terrane_check_geo (check->view, facts->programs, check->grids, prefix,
                            check->target == TERRANE_TARGET_AWS_LAMBDA, findings, error);
}

static gboolean
check_lambda (const TerraneCheck *check, const TerraneCheckFacts *facts, TerraneFindings *findings,
              GError **error)
{
  if (!terrane_check_lambda (check->view, facts->python, check->today, findings, error))
    return FALSE;
  if (check->layers != NULL)
    terrane_check_layers_lambda (check->layers, findings);
  return TRUE;
}

static gboolean
check_layers (const TerraneCheck *check, G_GNUC_UNUSED const TerraneCheckFacts *facts,
              TerraneFindings *findings, G_GNUC_UNUSED GError **error)
{
  if (check->layers != NULL)
    terrane_check_layers (check->layers, findings);
  return TRUE;
}

enum
{
  ANY_TARGET = ~0,
};

#define FOR(target) (1 << TERRANE_TARGET_##target)

/* The families, with the prefix of their findings' ids. A new one is a file and a row. */
static const struct
{
  const char *name;
  int targets; /* a set of bits */
  gboolean (*run) (const TerraneCheck *check, const TerraneCheckFacts *facts,
                   TerraneFindings *findings, GError **error);
} families[] = {
  { "azure-functions", FOR (AZURE_FUNCTIONS), terrane_check_azure_functions },
  { "cloud-run", FOR (CLOUD_RUN), terrane_check_cloud_run },
  { "elf", ANY_TARGET, check_elf },
  { "geo", ANY_TARGET, check_geo },
  { "lambda", FOR (AWS_LAMBDA), check_lambda },
  { "layers", ANY_TARGET, check_layers },
  { "python", ANY_TARGET, terrane_check_python },
  { "recipe", ANY_TARGET, terrane_check_recipe },
  { "size", ANY_TARGET, terrane_check_size },
};

gboolean
terrane_check_run (const TerraneCheck *check, TerraneFindings *findings, GError **error)
{
  g_autoptr (TerranePrograms) programs = terrane_programs_new (check->view, error);
  if (programs == NULL)
    return FALSE;
  g_autoptr (TerranePython) python =
      terrane_python_new (check->view, check->target == TERRANE_TARGET_AWS_LAMBDA, error);
  if (python == NULL)
    return FALSE;
  const TerraneCheckFacts facts = { .programs = programs, .python = python };
  for (gsize i = 0; i < G_N_ELEMENTS (families); i++)
    {
      OCI_PREFIX (error, "checks %s", families[i].name);
      if ((families[i].targets & (1 << check->target)) != 0
          && !families[i].run (check, &facts, findings, error))
        return FALSE;
    }
  return TRUE;
}

void
terrane_check_override (TerraneFindings *findings, const GPtrArray *specs)
{
  static const TerraneSeverity severities[] = {
    [TERRANE_CHECK_OFF] = TERRANE_SEVERITY_OFF,
    [TERRANE_CHECK_WARN] = TERRANE_SEVERITY_WARNING,
    [TERRANE_CHECK_ERROR] = TERRANE_SEVERITY_ERROR,
  };
  for (guint i = 0; i < specs->len; i++)
    {
      const TerraneCheckSpec *spec = specs->pdata[i];
      terrane_findings_override (findings, spec->id, (const char *const *) spec->paths,
                                 severities[spec->level], spec->reason);
    }
}
