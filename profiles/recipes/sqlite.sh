# SQLite is one file of C: compiling it takes no configure script. The options are those that PROJ, GDAL and its GeoPackage
# driver use (column metadata, R*Tree), and what distributions turn on besides.
flags="$CFLAGS -DNDEBUG -fPIC -DSQLITE_THREADSAFE=1 -DSQLITE_ENABLE_COLUMN_METADATA -DSQLITE_ENABLE_RTREE -DSQLITE_ENABLE_GEOPOLY
  -DSQLITE_ENABLE_FTS3 -DSQLITE_ENABLE_FTS4 -DSQLITE_ENABLE_FTS5 -DSQLITE_ENABLE_MATH_FUNCTIONS -DSQLITE_ENABLE_UNLOCK_NOTIFY
  -DSQLITE_ENABLE_DBSTAT_VTAB -DSQLITE_MAX_VARIABLE_NUMBER=250000"
link=-Wl,--disable-new-dtags,--as-needed,-s
version=$(sed -n 's/^#define SQLITE_VERSION  *"\(.*\)"$/\1/p' sqlite3.h)
out=$DESTDIR$PREFIX
mkdir -p "$out/bin" "$out/include" "$out/lib/pkgconfig" "$out/share/licenses/sqlite"

# shellcheck disable=SC2086 # words
gcc $flags -shared -Wl,-soname,libsqlite3.so.0 $link -o "$out/lib/libsqlite3.so.$version" sqlite3.c -lm -ldl -lpthread
ln -s "libsqlite3.so.$version" "$out/lib/libsqlite3.so.0"
ln -s libsqlite3.so.0 "$out/lib/libsqlite3.so"
# The program with which PROJ makes its database.
# shellcheck disable=SC2086,SC2016 # words; the loader's variable
gcc $flags -DSQLITE_OMIT_LOAD_EXTENSION $link '-Wl,-rpath,$ORIGIN/../lib' -o "$out/bin/sqlite3" shell.c -L"$out/lib" -lsqlite3 -lm -ldl -lpthread

cp sqlite3.h sqlite3ext.h "$out/include/"
cat >"$out/lib/pkgconfig/sqlite3.pc" <<END
prefix=$PREFIX
libdir=\${prefix}/lib
includedir=\${prefix}/include

Name: SQLite
Description: SQL database engine
Version: $version
Libs: -L\${libdir} -lsqlite3
Libs.private: -lm -ldl -lpthread
Cflags: -I\${includedir}
END
# It is in the public domain: the blessing at the head of its files says so.
sed -n '2,/^\*\*\*/p' sqlite3.h >"$out/share/licenses/sqlite/blessing.txt"
