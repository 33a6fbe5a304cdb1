#include "builder/transform/modes.h"

void
terrane_modes_normalise (OciEntry *entry)
{
  entry->uid = 0;
  entry->gid = 0;
  entry->xattrs = NULL;
  if (entry->type == OCI_ENTRY_SYMLINK)
    entry->mode = 0777;
  else if (entry->type == OCI_ENTRY_DIRECTORY || (entry->mode & 0100) != 0)
    entry->mode = 0755;
  else
    entry->mode = 0644;
}
