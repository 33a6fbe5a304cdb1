# Puts together what builds Python packages, in $PREFIX/python-build: pip, setuptools and Cython, which are in "tools", and
# of numpy, in "numpy", the headers and the declarations for Cython. Those are the same in its wheels for every Python and
# processor, unlike its modules, and no build needs more.
out=$DESTDIR$PREFIX/python-build
mkdir -p "$out/numpy/_core"
cp -R tools/. numpy/numpy-*.dist-info "$out"
cp -R numpy/numpy/_core/include "$out/numpy/_core"
cp numpy/numpy/*.pxd "$out/numpy"
version=$(sed -n 's/^Version: *//p' numpy/numpy-*.dist-info/METADATA)
cat >"$out/numpy/__init__.py" <<END
import os

__version__ = "$version"


def get_include():
    return os.path.join(os.path.dirname(__file__), "_core", "include")
END
