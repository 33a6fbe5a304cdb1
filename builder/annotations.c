#include "builder/annotations.h"

enum
{
  MAX_SHOWN = 3, /* number of packages in a title */
};

void
terrane_layer_set_packages (OciDescriptor *descriptor, const char *const *packages)
{
  g_autofree char *joined = g_strjoinv (",", (char **) packages);
  oci_descriptor_annotate (descriptor, TERRANE_ANNOTATION_PACKAGES, joined);
}

char **
terrane_layer_packages (const OciDescriptor *descriptor)
{
  const char *joined = oci_descriptor_annotation (descriptor, TERRANE_ANNOTATION_PACKAGES);
  return joined != NULL ? g_strsplit (joined, ",", -1) : NULL;
}

char *
terrane_layer_title (const OciDescriptor *descriptor)
{
  const char *tree = oci_descriptor_annotation (descriptor, TERRANE_ANNOTATION_TREE);
  g_auto (GStrv) packages = terrane_layer_packages (descriptor);
  if (tree == NULL || packages == NULL)
    return g_strdup (tree);
  g_autoptr (GString) title = g_string_new (tree);
  guint n = g_strv_length (packages);
  for (guint i = 0; i < MIN (n, MAX_SHOWN); i++)
    g_string_append_printf (title, "%s%s", i == 0 ? ": " : ", ", packages[i]);
  if (n > MAX_SHOWN)
    g_string_append_printf (title, " + %u", n - MAX_SHOWN);
  return g_string_free (g_steal_pointer (&title), FALSE);
}
