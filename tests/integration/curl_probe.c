/* Stands for the libcurl and the libgdal of a wheel: says where it was built to read certificates,
 * as CAINFO and CAPATH (or neither) give it. The structure is that of curl's own header. */
#include <curl/curl.h>

#include <stddef.h>

static curl_version_info_data info = {
  .age = CURLVERSION_SEVENTH,
  .version = "7.88.1",
#ifdef CAINFO
  .cainfo = CAINFO,
#endif
#ifdef CAPATH
  .capath = CAPATH,
#endif
};

curl_version_info_data *
curl_version_info (CURLversion stamp)
{
  return stamp >= CURLVERSION_SEVENTH ? &info : NULL;
}

void *GDALGetDriverByName (const char *name);
const char *GDALGetMetadataItem (void *driver, const char *name, const char *domain);
void GDALAllRegister (void);

void *
GDALGetDriverByName (const char *name)
{
  (void) name;
  return NULL;
}

const char *
GDALGetMetadataItem (void *driver, const char *name, const char *domain)
{
  (void) driver;
  (void) name;
  (void) domain;
  return NULL;
}

void
GDALAllRegister (void)
{
}
