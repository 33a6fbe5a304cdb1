#include "builder/diff/change.h"

#include "builder/store/object.h"

#include <string.h>

enum
{
  PIECE = 64 * 1024,
};

static gboolean
fill (TerraneDiffRead read, gpointer data, uint8_t *buffer, size_t *out_len, GError **error)
{
  *out_len = 0;
  for (size_t got = 1; got > 0 && *out_len < PIECE; *out_len += got)
    if (!read (data, buffer + *out_len, PIECE - *out_len, &got, error))
      return FALSE;
  return TRUE;
}

gboolean
terrane_diff_streams (TerraneDiffRead read, gpointer a, gpointer b, TerraneDiffByte *out,
                      GError **error)
{
  g_autofree uint8_t *left = g_malloc (PIECE), *right = g_malloc (PIECE);
  *out = (TerraneDiffByte){ .a = -1, .b = -1 };
  for (;;)
    {
      size_t n = 0, m = 0, same = 0;
      if (!fill (read, a, left, &n, error) || !fill (read, b, right, &m, error))
        return FALSE;
      while (same < n && same < m && left[same] == right[same])
        same++;
      out->offset += same;
      if (same < n || same < m)
        {
          out->found = TRUE;
          out->a = same < n ? left[same] : -1;
          out->b = same < m ? right[same] : -1;
          return TRUE;
        }
      if (n < PIECE)
        return TRUE;
    }
}

static gboolean
read_fd (gpointer data, void *buffer, size_t len, size_t *out_read, GError **error)
{
  return oci_read_full (*(int *) data, buffer, len, out_read, error);
}

gboolean
terrane_diff_bytes (int a, int b, TerraneDiffByte *out, GError **error)
{
  return terrane_diff_streams (read_fd, &a, &b, out, error);
}

gboolean
terrane_diff_content (TerraneStore *store_a, const TerraneNode *a, TerraneStore *store_b,
                      const TerraneNode *b, TerraneDiffByte *out, GError **error)
{
  g_auto (OciFd) left = -1, right = -1;
  return terrane_object_open (store_a, &a->object, &left, error)
         && terrane_object_open (store_b, &b->object, &right, error)
         && terrane_diff_bytes (left, right, out, error);
}

static gboolean
same_xattrs (const TerraneNode *a, const TerraneNode *b)
{
  return a->xattrs == b->xattrs
         || (a->xattrs != NULL && b->xattrs != NULL && g_variant_equal (a->xattrs, b->xattrs));
}

static void
add_attributes (const TerraneNode *a, const TerraneNode *b, GPtrArray *words)
{
  if (a->mode != b->mode)
    g_ptr_array_add (words, (gpointer) "mode");
  if (a->uid != b->uid)
    g_ptr_array_add (words, (gpointer) "uid");
  if (a->gid != b->gid)
    g_ptr_array_add (words, (gpointer) "gid");
  if (!same_xattrs (a, b))
    g_ptr_array_add (words, (gpointer) "xattrs");
}

gboolean
terrane_diff_attributes (const TerraneDiffChange *change, TerraneStore *store_a,
                         TerraneStore *store_b, GPtrArray **out_words, GError **error)
{
  const TerraneNode *a = change->a, *b = change->b;
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  g_autoptr (GPtrArray) attributes = g_ptr_array_new ();
  TerraneDiffByte byte = { .found = FALSE };
  if (a == NULL || b == NULL)
    ;
  else if (a->type != b->type)
    g_ptr_array_add (words, (gpointer) "type");
  else
    {
      add_attributes (a, b, attributes);
      /* Objects differ by attributes or content: if attributes differ, content may be equal. */
      if (a->type == OCI_ENTRY_FILE && a->size == b->size && attributes->len > 0
          && !terrane_diff_content (store_a, a, store_b, b, &byte, error))
        return FALSE;
      if (a->type == OCI_ENTRY_FILE && (attributes->len == 0 || a->size != b->size || byte.found))
        g_ptr_array_add (words, (gpointer) "content");
      if (a->type == OCI_ENTRY_SYMLINK && strcmp (a->target, b->target) != 0)
        g_ptr_array_add (words, (gpointer) "target");
      g_ptr_array_extend (words, attributes, NULL, NULL);
    }
  *out_words = g_steal_pointer (&words);
  return TRUE;
}
