/* Interface between toml.c, which applies the limits, and toml-plus.cc, the only C++. */
#pragma once

#include <jansson.h>
#include <stddef.h>

/* The library's own limit; terrane's are lower. */
#define TERRANE_TOML_MAX_NESTED 64

#ifdef __cplusplus
extern "C"
{
#endif

  /* Called for each table with the line in which it starts. */
  typedef void (*TerraneTomlTableFunc) (void *data, const json_t *table, unsigned line);

  /**
   * terrane_toml_plus_parse:
   * @text: UTF-8
   * @out_line, @out_message: (out): of an error; the line is 0 if it is unknown. The message is
   *   freed with free() and may contain any text of the file. %NULL means out of memory
   *
   * Returns: (transfer full) (nullable): an object; throws no exception
   */
  json_t *terrane_toml_plus_parse (const char *text, size_t size, TerraneTomlTableFunc on_table,
                                   void *data, unsigned *out_line, char **out_message);

#ifdef __cplusplus
}
#endif
