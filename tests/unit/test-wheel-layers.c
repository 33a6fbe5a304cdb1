/* Which layer each wheel goes into, and that it stays there. */
#include "builder/resolve/wheel-layers.h"

#include <glib.h>
#include <string.h>

/* "NAME SIZE BEFORE", sizes in KiB; BEFORE is "-" for a new package; with "!" it is the project's
 * own. Returns: "NAME:LAYER …" */
static char *
assign (guint max, const char *const *lines)
{
  g_autoptr (GArray) wheels = g_array_new (FALSE, FALSE, sizeof (TerraneWheelToAssign));
  g_autoptr (GPtrArray) words = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  GString *text = g_string_new (NULL);
  for (; *lines != NULL; lines++)
    {
      char **parts = g_strsplit (*lines, " ", -1);
      g_ptr_array_add (words, parts);
      const TerraneWheelToAssign one = { .wheel = json_object (),
                                         .before = strcmp (parts[2], "-") == 0 ? NULL : parts[2],
                                         .size = g_ascii_strtoull (parts[1], NULL, 10) * 1024,
                                         .own = parts[3] != NULL };
      oci_json_set (one.wheel, "name", oci_json_text (parts[0]));
      g_array_append_val (wheels, one);
    }
  terrane_wheel_layers_assign (wheels, max);
  for (guint i = 0; i < wheels->len; i++)
    {
      json_t *wheel = g_array_index (wheels, TerraneWheelToAssign, i).wheel;
      g_string_append_printf (text, "%s%s:%s", i > 0 ? " " : "",
                              json_string_value (json_object_get (wheel, "name")),
                              json_string_value (json_object_get (wheel, "layer")));
      json_decref (wheel);
    }
  return g_string_free (text, FALSE);
}

#define LINES(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define CHECK(max, expected, ...)                                                                  \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_autofree char *got = assign (max, LINES (__VA_ARGS__));                                      \
    g_assert_cmpstr (got, ==, expected);                                                           \
  }                                                                                                \
  G_STMT_END

static void
test_first (void)
{
  CHECK (8, "attrs:others numpy:numpy rasterio:rasterio six:others", "attrs 60 -", "numpy 16000 -",
         "rasterio 22000 -", "six 11 -");
  CHECK (3, "a:others b:b c:c", "a 2000 -", "b 4000 -", "c 3000 -"); /* the largest first */
  CHECK (3, "a:a b:b c:others", "a 2000 -", "b 2000 -", "c 2000 -"); /* else by name */
  CHECK (1, "a:others", "a 9000 -");
  CHECK (8, "a:others b:b", "a 1023 -", "b 1024 -");
}

static void
test_what_changes_often (void)
{
  CHECK (8, "aws-lambda-powertools:aws-lambda-powertools x:others", "aws-lambda-powertools 300 -",
         "x 300 -");
  CHECK (2, "botocore:botocore x:others", "botocore 1000 -", "x 3999 -");
  CHECK (8, "app:app x:others", "app 20 - !", "x 900 -"); /* the project's own */
  CHECK (8, "app:others", "app 15 - !");
}

static void
test_families (void)
{
  CHECK (8, "boto3:botocore botocore:botocore s3transfer:botocore", "boto3 140 -",
         "botocore 13000 -", "s3transfer 80 -");
  CHECK (8, "boto3:others s3transfer:others", "boto3 140 -", "s3transfer 80 -");
  CHECK (8, "torchvision:torchvision", "torchvision 7000 -");
  CHECK (8, "boto3:others botocore:botocore", "boto3 140 others", "botocore 13000 botocore");
}

static void
test_it_stays (void)
{
  CHECK (8, "a:a b:others c:c", "a 10 a", "b 90000 others", "c 5000 -");
  CHECK (3, "a:a b:b c:others", "a 10 a", "b 10 b", "c 90000 -"); /* no place is free */
  CHECK (8, "a:gone b:gone c:others", "a 10 gone", "b 10 gone", "c 10 others");
  CHECK (8, "gone:gone a:gone", "gone 5000 -", "a 10 gone"); /* it comes back to its layer */
}

/* A lock that was edited, or a smaller maximum. */
static void
test_too_many (void)
{
  CHECK (3, "a:others b:b c:c d:others", "a 2000 a", "b 4000 b", "c 3000 c", "d 1 others");
  CHECK (1, "a:others b:others", "a 2000 a", "b 4000 b");
  CHECK (8, "others:others a:a", "others 5000 -", "a 5000 -");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wheel-layers/first", test_first);
  g_test_add_func ("/wheel-layers/what-changes-often", test_what_changes_often);
  g_test_add_func ("/wheel-layers/families", test_families);
  g_test_add_func ("/wheel-layers/it-stays", test_it_stays);
  g_test_add_func ("/wheel-layers/too-many", test_too_many);
  return g_test_run ();
}
