# GDAL in three flavours: GDAL_FLAVOUR says which. What it may use is turned on by name, and CMake fails when that is missing;
# nothing that the build root happens to have is used besides. The last part compares what was made with what is promised.
build=/tmp/build/src/.terrane-build
find_origin='$ORIGIN/../lib'

vectors='GeoJSON GPKG FlatGeobuf'
rasters='COG GTiff PNG JPEG WEBP VRT MEM GPKG'
uses='ZLIB DEFLATE ZSTD JPEG PNG WEBP LERC TIFF GEOTIFF SQLITE3 CURL OPENSSL GEOS'
flags=
case $GDAL_FLAVOUR in
  small)
    flags='-DGDAL_BUILD_OPTIONAL_DRIVERS=OFF -DOGR_BUILD_OPTIONAL_DRIVERS=OFF -DENABLE_GNM=OFF
      -DGDAL_ENABLE_DRIVER_PNG=ON -DGDAL_ENABLE_DRIVER_JPEG=ON -DGDAL_ENABLE_DRIVER_WEBP=ON
      -DOGR_ENABLE_DRIVER_SQLITE=ON -DOGR_ENABLE_DRIVER_GPKG=ON -DOGR_ENABLE_DRIVER_FLATGEOBUF=ON'
    ;;
  normal | full)
    uses="$uses EXPAT OPENJPEG"
    vectors="$vectors SQLite CSV GML KML GPX DXF OpenFileGDB MVT"
    rasters="$rasters AAIGrid BMP BSB DTED ENVI ERS GIF GRIB HFA JP2OpenJPEG MBTiles MRF NITF PCIDSK SENTINEL2 SRTMHGT STACIT
      STACTA USGSDEM WCS WMS WMTS XYZ Zarr"
    ;;
esac
[ "$GDAL_FLAVOUR" != full ] || {
  uses="$uses HDF5 NETCDF"
  rasters="$rasters HDF5 HDF5Image netCDF BAG"
}
for use in $uses; do
  flags="$flags -DGDAL_USE_$use=ON"
done

# Libraries find each other as cmake.sh says. Units of several files take half of the time.
unset LDFLAGS
# shellcheck disable=SC2086 # words
cmake -S . -B "$build" -G 'Unix Makefiles' \
  -DCMAKE_BUILD_TYPE=None -DCMAKE_C_FLAGS="$CFLAGS -DNDEBUG" -DCMAKE_CXX_FLAGS="$CXXFLAGS -DNDEBUG" \
  -DCMAKE_SHARED_LINKER_FLAGS=-Wl,--disable-new-dtags,--as-needed -DCMAKE_EXE_LINKER_FLAGS=-Wl,--disable-new-dtags,--as-needed \
  -DCMAKE_INSTALL_PREFIX="$PREFIX" -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_PREFIX_PATH="$PREFIX" \
  -DCMAKE_INSTALL_RPATH="$find_origin" -DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF \
  -DBUILD_SHARED_LIBS=ON -DBUILD_TESTING=OFF -DBUILD_APPS=ON -DCMAKE_UNITY_BUILD=ON \
  -DBUILD_PYTHON_BINDINGS=OFF -DBUILD_JAVA_BINDINGS=OFF -DBUILD_CSHARP_BINDINGS=OFF \
  -DGDAL_HIDE_INTERNAL_SYMBOLS=ON -DGDAL_USE_EXTERNAL_LIBS=OFF -DGDAL_USE_JSONC_INTERNAL=ON $flags
cmake --build "$build" -j "$JOBS"
cmake --install "$build"

out=$DESTDIR$PREFIX
rm -rf "$out/share/bash-completion"
for file in "$out"/bin/* "$out"/lib/lib*.so.*; do
  case $(head -c 4 "$file" | od -An -c | tr -d ' \n') in
    177ELF) [ -L "$file" ] || strip --strip-unneeded "$file" ;;
  esac
done

# What is promised is there: drivers, compressions of GeoTIFF, and the network.
export LD_LIBRARY_PATH="$PREFIX/lib" GDAL_DATA="$out/share/gdal" PROJ_DATA="$PREFIX/share/proj"
"$out/bin/gdalinfo" --formats >/tmp/rasters
"$out/bin/ogrinfo" --formats >/tmp/vectors
"$out/bin/gdalinfo" --format COG >/tmp/cog
missing=
for driver in $rasters; do
  grep -q "^ *$driver -.*raster" /tmp/rasters || missing="$missing $driver"
done
for driver in $vectors; do
  grep -q "^ *$driver -.*vector" /tmp/vectors || missing="$missing $driver"
done
for compression in LZW DEFLATE ZSTD WEBP JPEG LERC; do
  grep -q "<Value>$compression</Value>" /tmp/cog || missing="$missing COG:$compression"
done
readelf -d "$out/lib/libgdal.so" | grep -q "NEEDED.*libcurl" || missing="$missing /vsicurl"
if [ -n "$missing" ]; then
  echo "gdal.sh: GDAL_FLAVOUR=$GDAL_FLAVOUR promises what was not compiled:$missing" >&2
  exit 1
fi
# The list is part of the result: docs and checks can look at it.
mkdir -p "$out/share/gdal"
{
  echo "$GDAL_FLAVOUR"
  sed -n 's/^  \(.*\) -\([a-z ,]*- (.*\)$/\1 -\2/p' /tmp/rasters /tmp/vectors | LC_ALL=C sort -u # names have spaces, too
} >"$out/share/gdal/drivers.txt"
