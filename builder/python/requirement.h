/* One pinned project of a requirements file or of an installation report, and a set of them.
 * Markers and versions are text here; the selection of wheels evaluates them. */
#pragma once

#include "builder/python/index-file.h"

G_BEGIN_DECLS

typedef struct
{
  char *name;       /* as written */
  char *normalised; /* PEP 503 */
  char *version;    /* (nullable): X of "==X", if that is all of @specifiers */
  char *specifiers; /* (nullable): of versions, if they differ from "==X" */
  char *url;    /* (nullable): its location, without fragment: http, https; may contain a user and a
                   password */
  char *path;   /* (nullable): of a local wheel, instead of @url */
  char *marker; /* (nullable): PEP 508 environment marker */
  char *requires_python; /* (nullable): required versions of Python; others are an error */
  GPtrArray *files; /* (nullable) (element-type TerraneIndexFile): possible files, replacing those
                       that places offer; not changed after they are set */
  GArray *hashes;   /* (element-type OciDigest): SHA-256 of acceptable files */
  GPtrArray *long_hashes; /* of char *: "sha384:HEX", "sha512:HEX" of acceptable files */
  GHashTable *accepted;   /* (nullable): SHA-256 of a file in hexadecimal -> its long hash */
  gboolean weak_hashes;   /* there were hashes of other algorithms */
  char *
      fault; /* (nullable): why terrane cannot install it; irrelevant if its marker does not hold */
  char *file;    /* (nullable): that contains it; NULL if it comes from a report */
  unsigned line; /* first line in @file, from 1 */
} TerraneRequirement;

/** Makes a requirement without version, URL, marker and hashes. @name is copied.
 * Returns: (transfer full) */
TerraneRequirement *terrane_requirement_new (const char *name);
void terrane_requirement_free (TerraneRequirement *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneRequirement, terrane_requirement_free)

/** Returns: (transfer full) */
TerraneRequirement *terrane_requirement_copy (const TerraneRequirement *self);

/** Returns: (transfer full): its place, for messages: "FILE line N", or @file if it has none */
char *terrane_requirement_where (const TerraneRequirement *self, const char *file);

/** Adds @digest unless it exists. */
void terrane_requirement_add_hash (TerraneRequirement *self, const OciDigest *digest);

/** Whether a file with this digest is acceptable. */
gboolean terrane_requirement_has_hash (const TerraneRequirement *self, const OciDigest *digest);

/** Whether @version only consists of characters of PEP 440, so that it is safe in messages and file
 * names. It need not be a version. */
gboolean terrane_requirement_is_version (const char *version);

/* Content of a pylock.toml besides its packages. Names are normalised. */
typedef struct
{
  char *requires_python;                     /* (nullable) */
  char **environments;                       /* (nullable): markers, one of which must hold */
  char **extras, **groups, **default_groups; /* NULL-terminated: existing ones */
  char **chosen_extras, **chosen_groups;     /* NULL-terminated: requested ones */
  unsigned minor; /* of the version of the format; newer versions than 0 may have unknown members */
} TerranePylock;

/* Content of a file. URLs may contain a user and a password: they must be printed with
 * oci_url_quote(). */
typedef struct
{
  GPtrArray *requirements; /* (element-type TerraneRequirement): in the order of the file */
  GPtrArray *constraints;  /* likewise: apply to requirements of the same name */
  char *index_url;         /* (nullable): replaces the default index */
  char **extra_index_urls; /* NULL-terminated: used in addition to the primary */
  char **find_links;       /* NULL-terminated: URLs and paths */
  gboolean no_index;       /* only @find_links are used */
  char *python_version;    /* (nullable): that a report was made for, such as "3.12" */
  char *platform_machine;  /* (nullable): that a report was made for, such as "x86_64" */
  TerranePylock *pylock;   /* (nullable): it is a pylock.toml */
} TerraneRequirements;

/** Returns: (transfer full): an empty set */
TerraneRequirements *terrane_requirements_new (void);
void terrane_requirements_free (TerraneRequirements *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneRequirements, terrane_requirements_free)

G_END_DECLS
