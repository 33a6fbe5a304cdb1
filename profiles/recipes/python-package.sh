# Builds the Python package in the current directory, an sdist, as a wheel, and installs that in $PREFIX/python, as pip --target
# does: modules there, programs in its "bin". $PACKAGE is its name. The Python is the one of the file system that it is
# compiled in, which must be the image's; what builds it comes from python-build.json.
if [ -x /var/lang/bin/python3 ]; then # images of AWS have two
  export PATH="/var/lang/bin:$PATH" LD_LIBRARY_PATH=/var/lang/lib
fi
export PYTHONPATH="$PREFIX/python-build" PYTHONDONTWRITEBYTECODE=1 PYTHONHASHSEED=0
export PIP_NO_INDEX=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1

# Each setup.py asks for the libraries of the prefix in its own way.
export PATH="$PREFIX/bin:$PATH" GDAL_CONFIG="$PREFIX/bin/gdal-config"
export GEOS_INCLUDE_PATH="$PREFIX/include" GEOS_LIBRARY_PATH="$PREFIX/lib"
export PROJ_DIR="$PREFIX"
if [ -e "$PREFIX/lib/pkgconfig/proj.pc" ]; then
  PROJ_VERSION=$(sed -n 's/^Version: *//p' "$PREFIX/lib/pkgconfig/proj.pc")
  export PROJ_VERSION
fi

# GDAL's sdist is of a GDAL with everything; the flavour "small" has no geographic networks.
if [ "$PACKAGE" = gdal ] && [ ! -e "$PREFIX/include/gnm_api.h" ]; then
  grep -q '^GNM_ENABLED = True$' setup.py
  sed -i 's/^GNM_ENABLED = True$/GNM_ENABLED = False/' setup.py
fi

# DT_RPATH, unlike DT_RUNPATH, comes before LD_LIBRARY_PATH. Python's own flags ask for debug information.
export LDFLAGS="$LDFLAGS -Wl,--disable-new-dtags,-rpath,$PREFIX/lib,-s" CFLAGS="$CFLAGS -g0" CXXFLAGS="$CXXFLAGS -g0"

# By its name, since pip writes down the path of what is installed by a path.
dist=$TMPDIR/dist
python3 -m pip wheel --no-deps --no-build-isolation --wheel-dir "$dist" .
python3 -m pip install --no-deps --no-compile --find-links "$dist" --target "$DESTDIR$PREFIX/python" "$PACKAGE"
# Where pip puts them with --target is not where it says.
sed -i 's|^\(\.\./\)*bin/|bin/|' "$DESTDIR$PREFIX"/python/*.dist-info/RECORD
