#include "builder/image/compiled-keys.h"

#include "builder/source/compile.h"

json_t *
terrane_compiled_keys (const GPtrArray *pins)
{
  OciDigestHex hex;
  json_t *rows = json_array ();
  for (guint i = 0; i < pins->len; i++)
    {
      const TerranePin *pin = pins->pdata[i];
      for (guint j = 0; pin->recipes != NULL && j < pin->recipes->recipes->len; j++)
        {
          const TerraneRecipe *recipe = pin->recipes->recipes->pdata[j];
          OciDigest key = terrane_compile_key (recipe, pin->spec->prefix, &pin->in->key);
          g_autofree char *title = g_strdup_printf ("%s %s", recipe->name, recipe->version);
          json_t *row = json_object ();
          oci_json_set (row, "recipe", oci_json_text (title));
          oci_json_set (row, "key", oci_json_text (oci_digest_hex (&key, hex)));
          oci_json_append (rows, row);
        }
    }
  return rows;
}
