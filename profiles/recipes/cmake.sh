# Configures, compiles, installs and strips a library that has CMake's files. It is the script of most recipes here; what
# differs between them is in their environment:
#   SOURCE       where its CMakeLists.txt is, relative to the sources; without it, there
#   CMAKE_FLAGS  words for cmake
#
# Libraries find each other by DT_RPATH below their own directory: it works wherever the prefix is, and unlike DT_RUNPATH it
# comes before LD_LIBRARY_PATH, in which Lambda has /lib64 with another libcurl and libexpat before /opt/lib.
# Without CMAKE_BUILD_TYPE, CFLAGS alone say how code is optimised. No word here depends on JOBS but how many compilers run.
build=/tmp/build/src/.terrane-build
find_origin='$ORIGIN/../lib'

set -- -S "${SOURCE-.}" -B "$build" -G 'Unix Makefiles' \
  -DCMAKE_BUILD_TYPE=None -DCMAKE_C_FLAGS="$CFLAGS -DNDEBUG" -DCMAKE_CXX_FLAGS="$CXXFLAGS -DNDEBUG" \
  -DCMAKE_SHARED_LINKER_FLAGS=-Wl,--disable-new-dtags,--as-needed -DCMAKE_EXE_LINKER_FLAGS=-Wl,--disable-new-dtags,--as-needed \
  -DCMAKE_INSTALL_PREFIX="$PREFIX" -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_PREFIX_PATH="$PREFIX" \
  -DCMAKE_INSTALL_RPATH="$find_origin" -DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF \
  -DBUILD_SHARED_LIBS=ON -DBUILD_TESTING=OFF
unset LDFLAGS # CMake finds what the recipe needs, and would have its -L twice
# shellcheck disable=SC2086 # words
cmake "$@" ${CMAKE_FLAGS-}
cmake --build "$build" -j "$JOBS"
cmake --install "$build"

# Programs and libraries, of which only the latter have symbols that others need.
for directory in bin lib; do
  [ ! -d "$DESTDIR$PREFIX/$directory" ] || find "$DESTDIR$PREFIX/$directory" -type f ! -name '*.o' -exec sh -euc '
    for file; do
      case $(head -c 4 "$file" | od -An -c | tr -d " \n") in
        177ELF) strip --strip-unneeded "$file" ;;
      esac
    done' sh {} +
done
