#include "builder/python/select.h"
#include "builder/python/tags.h"
#include "builder/python/wheel-private.h"

/* A tag of WHEEL stands for as many as one in a file name. */
static gboolean
fits (const TerraneTags *tags, const char *tag)
{
  g_autofree char *file_name = g_strdup_printf ("any-0-%s.whl", tag);
  g_autoptr (TerraneWheelName) name = terrane_wheel_name_parse (file_name, NULL);
  return name != NULL && terrane_tags_rank_wheel (tags, name) >= 0;
}

gboolean
terrane_wheel_check_target (const TerraneWheel *self, const TerranePythonTarget *target,
                            GError **error)
{
  g_autoptr (TerraneTags) tags = terrane_tags_new (target);
  const char *requires = self->metadata->requires_python;
  gboolean found = self->tags->len == 0;
  for (guint i = 0; i < self->tags->len && !found; i++)
    found = fits (tags, self->tags->pdata[i]);
  if (!found)
    {
      g_autofree char *quoted = oci_quote (self->tags->pdata[0]);
      return oci_throw (error, OCI_ERROR_FORMAT,
                        "WHEEL says that it is for %s, which cannot be used for Python %u.%u on %s",
                        quoted, target->python_major, target->python_minor,
                        terrane_tags_machine (target));
    }
  if (terrane_select_allows_python (requires, target))
    return TRUE;
  g_autofree char *quoted = oci_quote (requires);
  return oci_throw (error, OCI_ERROR_FORMAT,
                    "METADATA says that it needs Python %s, the image has %u.%u", quoted,
                    target->python_major, target->python_minor);
}
