/* Normalises owners and permission bits of trees, so that neither the umask of a checkout nor the
 * uid of a build machine gets into an image, and Lambda's user can read everything. */
#pragma once

#include "oci/entry.h"

G_BEGIN_DECLS

/** Sets owner 0:0; directories 0755; files 0644, or 0755 if their owner may execute them. Removes
 * setuid, setgid and sticky bits, and file capabilities, which are setuid by another name. */
void terrane_modes_normalise (OciEntry *entry);

G_END_DECLS
