"""terrane report: the page in a real browser, its content, and the effect of hostile names on it."""

import json
import os
import shutil
import stat
import subprocess
import unittest

from chromium import PROGRAM, Chromium
from terrane_test import INPUTS, SHARED, TERRANE, TestCase, shared_gdal_build

# WCAG 2.1 asks for 4.5 : 1 between text and its background.
CONTRAST = """
(() => {
  const channels = (text) => text.match(/[0-9.]+/g).map(Number);
  const luminance = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = channels(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const poor = [];
  for (const node of document.querySelectorAll("main *, header *, nav *")) {
    if (node.closest(".inner") || ![...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim())) continue;
    const [a, b] = [luminance(channels(getComputedStyle(node).color)), luminance(behind(node))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) poor.push(node.outerHTML.slice(0, 80));
  }
  return poor;
})()
"""


@unittest.skipUnless(PROGRAM, "chromium is not installed")
class Page(TestCase):
    @classmethod
    def setUpClass(cls):
        cls.browser = Chromium()

    @classmethod
    def tearDownClass(cls):
        cls.browser.__exit__()

    def image(self, name="tiles", **files):
        for path, content in {"a/large": "x" * 50000, "a/small": "x", "b/f": "y" * 20000, **files}.items():
            self.write(f"{name}/{path}", content)
        shutil.copy(shutil.which("busybox"), self.directory / name / "busybox")
        profile = self.write_profile(f"{name}.json", name=name, target="oci", trees=[{"name": "app", "directory": name, "prefix": "/opt"}],
                                     config={"env": {"A": "b"}, "cmd": ["/opt/busybox", "true"]},
                                     validate={"commands": [{"command": ["/opt/busybox", "true"]}]})
        self.run_terrane("build", "--record", self.directory / f"{name}.record.json", profile)
        return name

    def report(self, name, *options):
        page = self.directory / "report.html"
        document = self.run_terrane("--json", "report", name, "--output", page, *options)
        return page, json.loads(document.stdout)

    def test_what_it_shows(self):
        page, document = self.report(self.image(), "--record", self.directory / "tiles.record.json")
        tree = next(tree for tree in document["trees"] if tree["name"] == "app")
        files = {path: size for part in tree["parts"] for path, size in part["files"]}
        self.assertEqual({path: files[path] for path in ("/opt/a/large", "/opt/a/small", "/opt/b/f")},
                         {"/opt/a/large": 50000, "/opt/a/small": 1, "/opt/b/f": 20000})
        self.assertEqual(tree["bytes"], sum(files.values()))
        browser = self.browser
        browser.open(page)
        text = browser.run("document.body.innerText")
        for part in ("tiles", document["digest"], "linux/", "/opt/busybox true", "passed", "command"):
            self.assertIn(part, text)
        self.assertEqual(browser.run("document.title"), "tiles – terrane report")
        self.assertEqual(browser.problems(), [])

    def test_looking_into_parts(self):
        """By the mouse, by the keyboard, and back."""
        page, _ = self.report(self.image())
        browser = self.browser
        browser.open(page)
        shown = "document.querySelector('#size .path strong').textContent"
        self.assertIn("image", browser.run(shown))
        browser.run("[...document.querySelectorAll('.map button')].find((cell) => cell.title.startsWith('app ')).click()")
        self.assertIn("app", browser.run(shown))
        self.assertEqual(browser.run("document.activeElement.parentElement.className"), "map")
        browser.press("Enter")  # the first package or place, which has the focus
        self.assertIn("/opt", browser.run(shown))
        self.assertIn("/opt/busybox", browser.run("document.querySelector('#size table').innerText"))
        browser.press("Escape")
        browser.press("Escape")
        self.assertIn("image", browser.run(shown))
        cells = browser.run("[...document.querySelectorAll('.map > button')].map((cell) => cell.getBoundingClientRect()).map((r) => [r.width * r.height])")
        self.assertGreaterEqual(len(cells), 1)
        self.assertEqual(browser.problems(), [])

    def test_tables_are_sorted_and_filtered(self):
        page, _ = self.report(self.image())
        browser = self.browser
        browser.open(page)
        browser.run("[...document.querySelectorAll('#configuration th button')].find((button) => button.textContent === 'Name').click()")
        names = browser.run("[...document.querySelectorAll('#configuration tbody tr')].map((row) => row.cells[0].textContent)")
        self.assertEqual(names, sorted(names, key=str.lower))
        self.assertIn("A", names)
        self.assertEqual(browser.run("document.querySelector('#configuration th').getAttribute('aria-sort')"), "ascending")

    def test_on_a_phone_and_in_the_dark(self):
        page, _ = self.report(self.image(), "--record", self.directory / "tiles.record.json")
        for width, scheme in ((360, "light"), (360, "dark"), (1200, "dark"), (1200, "light")):
            with self.subTest((width, scheme)):
                self.browser.open(page, width=width, scheme=scheme)
                self.assertLessEqual(self.browser.run("document.documentElement.scrollWidth"), width)
                self.assertEqual(self.browser.run(CONTRAST), [])
                dark = self.browser.run("getComputedStyle(document.body).backgroundColor").startswith("rgb(16,")
                self.assertEqual(dark, scheme == "dark")

    def test_another_image(self):
        before = self.image("before")
        page, document = self.report(self.image("after", **{"a/new": "n" * 3000}), "--compare", before)
        self.assertEqual([row for row in document["difference"]["files"] if row["path"] == "/opt/a/new"][0]["change"], "added")
        self.browser.open(page)
        text = self.browser.run("document.getElementById('difference').innerText")
        self.assertIn("/opt/a/new", text)
        self.assertIn("added", text)
        moved = self.browser.run("[...document.querySelectorAll('#layers tbody tr')].map((row) => [row.cells[0].innerText, row.cells[4].innerText])")
        self.assertIn(["app", "sent"], moved)
        self.assertIn("there", [push for _, push in moved])

    def test_names_of_strangers(self):
        """They are text: nothing of them is an element or ends the script."""
        name = "</script><script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"
        page, _ = self.report(self.image(**{f"a/{name.replace('/', '∕')}": "x" * 90000}))
        self.assertNotIn("<img", page.read_text())
        self.browser.open(page)
        self.browser.run("[...document.querySelectorAll('.map button')].find((cell) => cell.title.startsWith('app ')).click()")
        self.assertEqual(self.browser.run("document.querySelectorAll('img').length"), 0)
        self.assertEqual(self.browser.run("document.title"), "tiles – terrane report")
        self.assertEqual(self.browser.problems(), [])

    @unittest.skipUnless(list(INPUTS.glob("debian12-gdal-*.tar.zst")), "profiles/inputs is empty, run scripts/debian-rootfs")
    def test_the_real_image(self):
        shared_gdal_build()
        page = self.directory / "gdal.html"
        subprocess.run([TERRANE, "--store", str(SHARED / "store"), "-q", "report", "debian12-gdal", "-o", page], check=True, capture_output=True)
        self.assertLess(page.stat().st_size, 2_000_000)
        self.browser.open(page)
        rows = self.browser.run("[...document.querySelectorAll('#packages tbody tr')].length")
        self.assertEqual(rows, 60)  # and a button for the others
        self.browser.run("document.getElementById('filter').value = 'rasterio'; document.getElementById('filter').dispatchEvent(new Event('input'))")
        self.assertRegex(self.browser.run("document.querySelector('#packages tbody').innerText"), r"rasterio\s+1\.3\.5")
        self.assertEqual(self.browser.problems(), [])


class Errors(TestCase):
    def test_errors(self):
        self.write("app/f", "x")
        self.run_terrane("build", self.write_profile(trees=[{"name": "app", "directory": "app", "prefix": "/app"}], target="oci"))
        self.assert_fails(2, "report: expected --output=FILE", "report", "test")
        self.assert_fails(1, "--output /nonexistent/x.html: ", "report", "test", "-o", "/nonexistent/x.html")
        self.assert_fails(2, "--record .*bad.json: the record:1:1: ", "report", "test", "-o", "x", "--record", self.write("bad.json", "x"))
        self.assert_fails(2, "the record is of another image: ‘sha256:0’", "report", "test", "-o", "x", "--record",
                          self.write("other.json", '{"digest": "sha256:0"}'))
        # A path that cannot be a file is left unchanged.
        os.mkfifo(self.directory / "pipe")
        os.symlink("pipe", self.directory / "link")
        for name in ("pipe", "link"):
            self.assert_fails(2, f"--output .*{name}: {name} is a device, a pipe or a socket", "report", "test", "-o", self.directory / name)
        self.assertTrue((self.directory / "link").is_symlink() and stat.S_ISFIFO(os.stat(self.directory / "link").st_mode))


if __name__ == "__main__":
    unittest.main()
