/* The only C++ here: toml++ in, jansson out. */
#include "builder/python/toml-private.h"

/* Assertions of the library do not hold for all broken files ("[;"): then it must neither continue
 * nor end the process. */
#undef NDEBUG
#define TOML_ASSERT(expression) ((expression) ? static_cast<void> (0) : refuse_broken ())

namespace
{

struct Broken
{
};

[[noreturn]] void
refuse_broken ()
{
  throw Broken{};
}

}

#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#define TOML_MAX_NESTED_VALUES TERRANE_TOML_MAX_NESTED
#include <toml++/toml.h>

#include <cmath>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>

namespace
{

struct Reader
{
  TerraneTomlTableFunc on_table;
  void *data;
};

/* U+0000 would end texts of C early. */
struct Nul
{
  unsigned line;
};

void
refuse_nul (std::string_view text, const toml::node &node)
{
  if (text.find ('\0') != std::string_view::npos)
    throw Nul{ node.source ().begin.line };
}

struct Decref
{
  void
  operator() (json_t *value) const
  {
    json_decref (value);
  }
};
using Value = std::unique_ptr<json_t, Decref>;

/* jansson fails only when there is no memory. */
Value
own (json_t *value)
{
  if (value == nullptr)
    throw std::bad_alloc ();
  return Value (value);
}

void
check (int result)
{
  if (result != 0)
    throw std::bad_alloc ();
}

Value convert (const Reader &reader, const toml::node &node);

Value
convert_table (const Reader &reader, const toml::table &table)
{
  Value object = own (json_object ());
  for (const auto &[key, value] : table)
    {
      const std::string_view name = key.str ();
      refuse_nul (name, value);
      Value converted = convert (reader, value);
      check (
          json_object_setn_new (object.get (), name.data (), name.size (), converted.release ()));
    }
  reader.on_table (reader.data, object.get (), table.source ().begin.line);
  return object;
}

Value
convert_array (const Reader &reader, const toml::array &array)
{
  Value list = own (json_array ());
  for (const toml::node &value : array)
    {
      Value converted = convert (reader, value);
      check (json_array_append_new (list.get (), converted.release ()));
    }
  return list;
}

Value
convert (const Reader &reader, const toml::node &node)
{
  if (const toml::table *table = node.as_table ())
    return convert_table (reader, *table);
  if (const toml::array *array = node.as_array ())
    return convert_array (reader, *array);
  if (const auto *text = node.as_string ())
    {
      refuse_nul (text->get (), node);
      return own (json_stringn (text->get ().data (), text->get ().size ()));
    }
  if (const auto *number = node.as_integer ())
    return own (json_integer (number->get ()));
  if (const auto *truth = node.as_boolean ())
    return own (json_boolean (truth->get ()));
  const auto *real = node.as_floating_point ();
  return real != nullptr && std::isfinite (real->get ()) ? own (json_real (real->get ()))
                                                         : own (json_object ());
}

}

json_t *
terrane_toml_plus_parse (const char *text, size_t size, TerraneTomlTableFunc on_table, void *data,
                         unsigned *out_line, char **out_message)
{
  *out_line = 0;
  *out_message = nullptr;
  try
    {
      const toml::parse_result result = toml::parse (std::string_view (text, size));
      if (result)
        return convert_table ({ on_table, data }, result.table ()).release ();
      const std::string_view message = result.error ().description ();
      *out_line = result.error ().source ().begin.line;
      *out_message = strndup (message.data (), message.size ());
    }
  catch (const Broken &)
    {
      *out_message = strdup ("a table or key without a name");
    }
  catch (const Nul &nul)
    {
      *out_line = nul.line;
      *out_message = strdup ("a text has the character U+0000");
    }
  catch (...) /* of the standard library: no memory */
    {
    }
  return nullptr;
}
