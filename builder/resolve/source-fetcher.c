#include "builder/resolve/source-fetcher.h"

const TerraneSourceFetcher *
terrane_source_fetcher_of (TerraneSourceKind kind)
{
#define ROW(constant, name, number) [number] = &terrane_fetcher_##name,
  static const TerraneSourceFetcher *const fetchers[] = { TERRANE_SOURCE_KINDS (ROW) };
#undef ROW
  return fetchers[kind];
}
