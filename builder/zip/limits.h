/* Limits of AWS Lambda for zips and layers, in the words of its errors
 * (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html). */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

enum
{
  /* Number of layers of a function. */
  TERRANE_ZIP_MAX_LAYERS = 5,
  /* "Unzipped size must be smaller than 262144000 bytes": for a layer, a function, and a function
   * with its layers. */
  TERRANE_ZIP_UNPACKED_BYTES = 262144000,
  /* "Request must be smaller than 69905067 bytes": 50 MiB in base64, with the rest of the document.
   * Larger files are uploaded to S3. */
  TERRANE_ZIP_REQUEST_BYTES = 69905067,
  TERRANE_ZIP_DIRECT_BYTES = (TERRANE_ZIP_REQUEST_BYTES - 8 * 1024) / 4 * 3,
  TERRANE_ZIP_LEAST_SPLIT = 1000 * 1000,
};

G_END_DECLS
