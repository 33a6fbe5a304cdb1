/* Location of an image as a user writes it: containers-transports(5), or a bare name for the
 * store. */
#pragma once

#include "oci/reference.h"

G_BEGIN_DECLS

typedef enum
{
  OCI_TRANSPORT_STORE,          /* NAME[:TAG] */
  OCI_TRANSPORT_OCI,            /* oci:DIR[:NAME] */
  OCI_TRANSPORT_OCI_ARCHIVE,    /* oci-archive:FILE[:NAME] */
  OCI_TRANSPORT_DOCKER_ARCHIVE, /* docker-archive:FILE[:NAME[:TAG]] */
  OCI_TRANSPORT_REGISTRY,       /* docker://HOST/REPOSITORY[:TAG][@DIGEST] */
} OciTransportKind;

typedef struct
{
  OciTransportKind kind;
  char *path; /* (nullable): of the layout or archive, as written */
  char *name; /* (nullable): store and docker-archive: "NAME:TAG", the latter also "@N"; oci and
                 oci-archive: the ref.name annotation. %NULL means the only image. */
  OciReference *reference; /* (nullable): for a registry */
} OciTransport;

/**
 * oci_transport_parse:
 * @text: IMAGE or destination on a command line or in a profile
 *
 * A path ends at its first ":", as containers-transports(5) says. Nothing is opened.
 *
 * Returns: (transfer full): the location
 * Errors: %OCI_ERROR_USAGE, also for a transport that only other tools have; %OCI_ERROR_FORMAT for
 * a digest.
 */
OciTransport *oci_transport_parse (const char *text, GError **error);
void oci_transport_free (OciTransport *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciTransport, oci_transport_free)

G_END_DECLS
