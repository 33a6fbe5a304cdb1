#include "builder/image/compiled-keys.h"

#include "builder/source/compile.h"

#include "oci/base/text-hash.h"

json_t *
terrane_compiled_keys (const GPtrArray *pins)
{
  OciDigestHex hex;
  json_t *rows = json_array ();
  g_autoptr (GHashTable) seen = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < pins->len; i++)
    {
      const TerranePin *pin = pins->pdata[i];
      for (guint j = 0; pin->recipes != NULL && j < pin->recipes->recipes->len; j++)
        {
          const TerraneRecipe *recipe = pin->recipes->recipes->pdata[j];
          OciDigest key = terrane_compile_key (recipe, pin->spec->prefix, &pin->in->key);
          if (!g_hash_table_add (seen, g_strdup (oci_digest_hex (&key, hex))))
            continue;
          g_autofree char *title = g_strdup_printf ("%s %s", recipe->name, recipe->version);
          json_t *row = json_object ();
          oci_json_set (row, "recipe", oci_json_text (title));
          oci_json_set (row, "key", oci_json_text (hex));
          oci_json_append (rows, row);
        }
    }
  return rows;
}
