# The files installed besides the program and its completions, and the Debian package of them. scripts/release makes the
# package and the tarball; version, name and summary are those of project() alone.
set(CMAKE_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE) # whatever the umask

# Not what is made on this machine, nor what is part of the program.
install(DIRECTORY profiles/ DESTINATION ${CMAKE_INSTALL_DATADIR}/terrane/profiles
  PATTERN __pycache__ EXCLUDE PATTERN "debian12-*.lock.json" EXCLUDE
  REGEX "/profiles/(inputs|starter)$" EXCLUDE)
install(DIRECTORY scripts/ci DESTINATION ${CMAKE_INSTALL_DATADIR}/terrane/scripts)
install(PROGRAMS scripts/debian-rootfs scripts/debian-mirrors scripts/source-mirror DESTINATION ${CMAKE_INSTALL_DATADIR}/terrane/scripts)
install(FILES docs/man/terrane.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES docs/man/terrane-profile.5 DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)
install(FILES README.md CHANGELOG.md scripts/packaging/copyright DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs PATTERN man EXCLUDE)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME ${PROJECT_NAME})
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "terrane maintainers <maintainers@terrane.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "assembles OCI images for AWS Lambda without a daemon or root") # as Debian begins it
set(CPACK_PACKAGE_DESCRIPTION "A JSON profile names a base, compiled trees such as GDAL, Python wheels and a
handler. terrane makes an image of them, the same bytes on every machine, runs
it in a sandbox that is as strict as Lambda, and pushes it.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS ${CMAKE_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS})
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# bubblewrap is the sandbox, elfutils has eu-strip. What is recommended is what scripts/debian-rootfs needs.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "bubblewrap, ca-certificates, elfutils")
# dpkg-shlibdeps finds the libraries that are loaded when they are needed (builder/lazy/) in a program linked to them.
find_program(DPKG_SHLIBDEPS dpkg-shlibdeps)
if(TERRANE_LAZY_FILES AND DPKG_SHLIBDEPS)
  set(lazy ${CMAKE_BINARY_DIR}/generated/lazy)
  file(WRITE ${lazy}/main.c "int main(void) { return 0; }\n")
  file(WRITE ${lazy}/debian/control "Source: terrane\n\nPackage: terrane\nArchitecture: any\n")
  if(NOT EXISTS ${lazy}/libraries)
    try_compile(linked ${lazy}/build SOURCES ${lazy}/main.c LINK_LIBRARIES -Wl,--no-as-needed ${TERRANE_LAZY_FILES}
      COPY_FILE ${lazy}/libraries)
  endif()
  execute_process(COMMAND ${DPKG_SHLIBDEPS} -O -e ${lazy}/libraries WORKING_DIRECTORY ${lazy} OUTPUT_VARIABLE depends
    ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX REPLACE "^shlibs:Depends=" "" depends "${depends}")
  string(APPEND CPACK_DEBIAN_PACKAGE_DEPENDS ", ${depends}")
endif()
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "mmdebstrap, debian-archive-keyring, python3, uidmap, zstd")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "podman, qemu-user-static")
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_SOURCE_DIR}/scripts/packaging/debian-files.cmake)
include(CPack)
