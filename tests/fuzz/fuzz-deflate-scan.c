/* Any bytes as a deflate stream: whatever zlib inflates completely the scan accepts, ending at the
 * same byte. (The scan keeps no window, so it accepts some streams with wrong distances.) */
#include "oci/deflate-scan.h"

#include "fuzz.h"

#include <string.h>
#include <zlib.h>

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  uint8_t scratch[4096];
  if (size > 64 * 1024)
    return 0;
  g_autofree uint8_t *stream = g_malloc0 (size + OCI_DEFLATE_SCAN_SLACK);
  if (size > 0)
    memcpy (stream, data, size);
  uint64_t last = 0, end = 0;
  gboolean found = oci_deflate_scan (stream, size, &last, &end);
  g_assert_true (!found || (last < end && end <= (uint64_t) size * 8));

  z_stream z = { .next_in = stream, .avail_in = (uInt) size };
  g_assert_cmpint (inflateInit2 (&z, -MAX_WBITS), ==, Z_OK);
  int result;
  do
    {
      z.next_out = scratch;
      z.avail_out = sizeof scratch;
      result = inflate (&z, Z_NO_FLUSH);
    }
  while (result == Z_OK);
  if (result == Z_STREAM_END)
    {
      g_assert_true (found);
      g_assert_cmpuint ((end + 7) / 8, ==, z.total_in);
    }
  (void) inflateEnd (&z);
  return 0;
}
