#include "builder/resolve/source-resolver.h"

const TerraneSourceResolver *
terrane_source_resolver_of (TerraneSourceKind kind)
{
#define ROW(constant, name, number) [number] = &terrane_resolver_##name,
  static const TerraneSourceResolver *const resolvers[] = { TERRANE_SOURCE_KINDS (ROW) };
#undef ROW
  return resolvers[kind];
}
