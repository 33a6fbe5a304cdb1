#include "builder/drift/cvss.h"

#include <math.h>
#include <string.h>

enum
{
  MAX_VECTOR_BYTES = 512,
};

typedef enum
{
  METRIC_AV,
  METRIC_AC,
  METRIC_PR,
  METRIC_UI,
  METRIC_S,
  METRIC_C,
  METRIC_I,
  METRIC_A,
  N_METRICS,
} Metric;

/* CVSS 3.1 specification, section 7.4. PR has other weights if the scope is changed. */
typedef struct
{
  const char *name;
  const char *letters;
  double weights[4];
} MetricRow;

static const MetricRow metrics[N_METRICS] = {
  [METRIC_AV] = { "AV", "NALP", { 0.85, 0.62, 0.55, 0.2 } },
  [METRIC_AC] = { "AC", "LH", { 0.77, 0.44 } },
  [METRIC_PR] = { "PR", "NLH", { 0.85, 0.62, 0.27 } },
  [METRIC_UI] = { "UI", "NR", { 0.85, 0.62 } },
  [METRIC_S] = { "S", "UC", { 0, 1 } },
  [METRIC_C] = { "C", "HLN", { 0.56, 0.22, 0 } },
  [METRIC_I] = { "I", "HLN", { 0.56, 0.22, 0 } },
  [METRIC_A] = { "A", "HLN", { 0.56, 0.22, 0 } },
};

/* @values: of the metrics, -1 for missing ones; @at: "NAME:LETTER" */
static gboolean
read_metric (const char *at, size_t length, int values[N_METRICS])
{
  for (Metric metric = 0; metric < N_METRICS; metric++)
    {
      size_t name = strlen (metrics[metric].name);
      if (length != name + 2 || strncmp (at, metrics[metric].name, name) != 0 || at[name] != ':')
        continue;
      const char *letter = strchr (metrics[metric].letters, at[name + 1]);
      if (letter == NULL || values[metric] >= 0)
        return FALSE;
      values[metric] = (int) (letter - metrics[metric].letters);
      return TRUE;
    }
  return TRUE; /* temporal, environmental */
}

static gboolean
read_vector (const char *vector, int values[N_METRICS])
{
  if ((!g_str_has_prefix (vector, "CVSS:3.0/") && !g_str_has_prefix (vector, "CVSS:3.1/"))
      || strlen (vector) > MAX_VECTOR_BYTES)
    return FALSE;
  for (const char *at = vector + strlen ("CVSS:3.x/"); *at != '\0';)
    {
      size_t length = strcspn (at, "/");
      if (!read_metric (at, length, values))
        return FALSE;
      at += length + (at[length] == '/' ? 1 : 0);
    }
  for (Metric metric = 0; metric < N_METRICS; metric++)
    if (values[metric] < 0)
      return FALSE;
  return TRUE;
}

/* Appendix A: rounds up to one decimal place, without errors of floating point. */
static unsigned
round_up (double score)
{
  unsigned hundred_thousandths = (unsigned) lround (score * 100000);
  return hundred_thousandths / 10000 + (hundred_thousandths % 10000 > 0 ? 1 : 0);
}

/* Section 7.1. */
gboolean
terrane_cvss_score (const char *vector, unsigned *out_tenths)
{
  static const double changed_privileges[] = { 0.85, 0.68, 0.5 };
  int values[N_METRICS];
  double weights[N_METRICS];
  for (Metric metric = 0; metric < N_METRICS; metric++)
    values[metric] = -1;
  if (!read_vector (vector, values))
    return FALSE;
  for (Metric metric = 0; metric < N_METRICS; metric++)
    weights[metric] = metrics[metric].weights[values[metric]];
  gboolean changed = values[METRIC_S] == 1;
  if (changed)
    weights[METRIC_PR] = changed_privileges[values[METRIC_PR]];
  double sub = 1 - (1 - weights[METRIC_C]) * (1 - weights[METRIC_I]) * (1 - weights[METRIC_A]);
  double impact = changed ? 7.52 * (sub - 0.029) - 3.25 * pow (sub - 0.02, 15) : 6.42 * sub;
  double exploitability =
      8.22 * weights[METRIC_AV] * weights[METRIC_AC] * weights[METRIC_PR] * weights[METRIC_UI];
  double sum = (changed ? 1.08 : 1) * (impact + exploitability);
  *out_tenths = impact <= 0 ? 0 : round_up (MIN (sum, 10));
  return TRUE;
}

const char *
terrane_cvss_word (unsigned tenths)
{
  return tenths == 0   ? "none"
         : tenths < 40 ? "low"
         : tenths < 70 ? "medium"
         : tenths < 90 ? "high"
                       : "critical";
}
