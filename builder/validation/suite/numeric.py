"""SQLite of the standard library, and the linear algebra behind numpy."""

from terrane_harness import expect, expect_close, operation


@operation("geo.sqlite.python")
def sqlite():
    import sqlite3
    connection = sqlite3.connect(":memory:")
    connection.execute("create virtual table boxes using rtree (id, x0, x1, y0, y1)")
    connection.executemany("insert into boxes values (?, ?, ?, ?, ?)", [(n, n, n + 1, n, n + 1) for n in range(10)])
    found = connection.execute("select count(*) from boxes where x0 <= 5 and x1 >= 5").fetchone()[0]
    expect("the number of boxes at 5", found, 2)
    return sqlite3.sqlite_version


@operation("geo.blas.numpy", "numpy")
def blas():
    import numpy
    matrix = numpy.arange(10000, dtype="float64").reshape(100, 100)
    columns = [sum(range(column, 10000, 100)) for column in range(100)]
    rows = [sum(range(100 * row, 100 * row + 100)) for row in range(100)]
    exact = sum(column * row for column, row in zip(columns, rows))  # in whole numbers, without numpy
    expect("the sum of the product", float((matrix @ matrix).sum()), float(exact))


@operation("geo.lapack.numpy", "numpy")
def lapack():
    import numpy
    solution = numpy.arange(100, dtype="float64")
    system = numpy.arange(10000, dtype="float64").reshape(100, 100) + 1e4 * numpy.eye(100)
    expect_close("the solution", numpy.linalg.solve(system, system @ solution), tuple(solution), 1e-6)
    expect_close("a small solution", numpy.linalg.solve([[2.0, 1.0], [1.0, 3.0]], [3.0, 5.0]), (0.8, 1.4), 1e-12)
