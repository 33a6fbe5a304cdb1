/* Which wheels an image can use: the tags of PEP 425, with the platforms manylinux (PEP 513, 571,
 * 599, 600) and musllinux (PEP 656), in the order of the reference implementation (packaging.tags).
 */
#pragma once

#include "builder/python/target.h"
#include "builder/python/wheel-name.h"

G_BEGIN_DECLS

/* The supported tags of a target, best first. Immutable. */
typedef struct _TerraneTags TerraneTags;

/** What Linux calls the processor of @target: "x86_64" or "aarch64". Returns: (transfer none) */
const char *terrane_tags_machine (const TerranePythonTarget *target);

/**
 * terrane_tags_new:
 * @target: a CPython with a global interpreter lock
 *
 * PEP 425 ("Use"). Platforms come in the order manylinux or musllinux from the newest C library to
 * the oldest, each followed by its alias (PEP 600: "Legacy manylinux tags"), then "linux".
 *
 * Returns: (transfer full): never %NULL
 */
TerraneTags *terrane_tags_new (const TerranePythonTarget *target);

void terrane_tags_free (TerraneTags *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneTags, terrane_tags_free)

/** All tags as "PYTHON-ABI-PLATFORM", best first. Returns: (transfer none) (element-type utf8) */
const GPtrArray *terrane_tags_list (const TerraneTags *self);

/**
 * terrane_tags_rank:
 * @python, @abi, @platform: one tag, in lower case
 *
 * Returns: the position of the tag in the list, 0 for the best, or -1 when it is not supported
 */
int terrane_tags_rank (const TerraneTags *self, const char *python, const char *abi,
                       const char *platform);

/** The best rank of the tags that the compressed tag set of @wheel stands for, or -1. */
int terrane_tags_rank_wheel (const TerraneTags *self, const TerraneWheelName *wheel);

/**
 * terrane_tags_explain:
 * @wheel: one that does not fit @target
 * @out_distance: (out) (nullable): how far it is from fitting; less is nearer. An older C library
 * is nearer than another Python, and that than another processor or system.
 *
 * Why the wheel does not fit, by the tag of a compressed set that is nearest. Of several reasons,
 * the greatest is given: a wheel for Windows is for Windows, whatever Python it wants.
 *
 * Returns: (transfer full): words that follow a colon, such as "manylinux_2_28 needs glibc ≥ 2.28,
 *   the base has 2.26"
 */
char *terrane_tags_explain (const TerranePythonTarget *target, const TerraneWheelName *wheel,
                            unsigned *out_distance);

/* What to do about it. */
#define TERRANE_WHEEL_TAG_FIX "install the wheel for the image's Python and platform"

/**
 * terrane_tags_explain_wheel:
 * @name: of the distribution
 * @tags: (element-type utf8): of WHEEL; each may stand for several
 *
 * Returns: (transfer full) (nullable): what a finding says when none of @tags fits @target
 */
char *terrane_tags_explain_wheel (const TerranePythonTarget *target, const char *name,
                                  const GPtrArray *tags);

G_END_DECLS
