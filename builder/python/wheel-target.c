#include "builder/python/select.h"
#include "builder/python/tags.h"
#include "builder/python/wheel-private.h"

gboolean
terrane_wheel_check_target (const TerraneWheel *self, const TerranePythonTarget *target,
                            GError **error)
{
  const char *requires = self->metadata->requires_python;
  if (terrane_select_allows_python (requires, target))
    return TRUE;
  g_autofree char *quoted = oci_quote (requires);
  g_autofree char *version = terrane_select_describe_python (target);
  return oci_throw (error, OCI_ERROR_FORMAT,
                    "METADATA says that it needs Python %s, the image has %s", quoted, version);
}

char *
terrane_wheel_explain_tags (const TerraneWheel *self, const TerranePythonTarget *target)
{
  return terrane_tags_explain_wheel (target, self->metadata->name, self->tags);
}
