# CPack runs this where the files of the Debian package are: manual pages and the changelog are compressed there.
file(GLOB_RECURSE files ${CPACK_TEMPORARY_DIRECTORY}/usr/share/man/*.[15] ${CPACK_TEMPORARY_DIRECTORY}/usr/share/doc/*/CHANGELOG.md)
foreach(file IN LISTS files)
  execute_process(COMMAND gzip -9n ${file} COMMAND_ERROR_IS_FATAL ANY)
endforeach()
file(GLOB changelog ${CPACK_TEMPORARY_DIRECTORY}/usr/share/doc/*/CHANGELOG.md.gz)
get_filename_component(directory ${changelog} DIRECTORY)
file(RENAME ${changelog} ${directory}/changelog.gz)
