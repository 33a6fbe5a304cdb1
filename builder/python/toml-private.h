/* Between toml.c, which has the limits, and toml-plus.cc, which is all of the C++. */
#pragma once

#include <jansson.h>
#include <stddef.h>

/* The library's own limit, before limits of ours make it useless. */
#define TERRANE_TOML_MAX_NESTED 64

#ifdef __cplusplus
extern "C"
{
#endif

  /* Called for each table with the line that it starts in. */
  typedef void (*TerraneTomlTableFunc) (void *data, const json_t *table, unsigned line);

  /**
   * terrane_toml_plus_parse:
   * @text: UTF-8
   * @out_line, @out_message: (out): of a mistake; the line is 0 when it is not known. The message
   * is freed by free() and may have any text of the file in it. Without a message there was no
   * memory
   *
   * Returns: (transfer full) (nullable): an object; no exception leaves this function
   */
  json_t *terrane_toml_plus_parse (const char *text, size_t size, TerraneTomlTableFunc on_table,
                                   void *data, unsigned *out_line, char **out_message);

#ifdef __cplusplus
}
#endif
