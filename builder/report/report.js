"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const content = document.getElementById("content");
  const sections = document.getElementById("sections");
  const COLOURS = ["#9cc3ea", "#f0c48a", "#a8d8b0", "#d9b3e6", "#f2b5ad", "#b9d3d0", "#e6dc8f", "#c5c9f0", "#e3bfa5", "#b8e0ea"];
  const MANY = 60; // rows that are shown before "show all"

  function element(name, attributes, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) {
      if (key === "text") made.textContent = value;
      else if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
      else if (value !== undefined && value !== null && value !== false) made.setAttribute(key, value);
    }
    made.append(...children.filter((child) => child !== undefined && child !== null));
    return made;
  }

  function size(bytes) {
    let value = Math.abs(bytes), unit = "B";
    for (const next of ["kB", "MB", "GB"]) {
      if (value < 1000) break;
      value /= 1000;
      unit = next;
    }
    return (bytes < 0 ? "−" : "") + (unit === "B" ? value : value.toFixed(1)) + " " + unit;
  }

  const signed = (bytes) => (bytes > 0 ? "+" : "") + size(bytes);
  const milliseconds = (usecs) => (usecs >= 1e7 ? (usecs / 1e6).toFixed(1) + " s" : Math.round(usecs / 1000) + " ms");
  const short = (digest) => (digest || "").replace(/^(sha256:.{12}).*/, "$1");

  function section(id, title) {
    const made = element("section", { id, "aria-labelledby": id + "-title" }, element("h2", { id: id + "-title", text: title }));
    sections.append(element("li", {}, element("a", { href: "#" + id, text: title })));
    content.append(made);
    return made;
  }

  // Columns: title, value (for sorting), show (an element or text), number, wide (left out on a phone).
  function table(caption, columns, rows, sorted) {
    const head = element("tr"), body = element("tbody");
    const made = element("table", {}, element("caption", { text: caption }), element("thead", {}, head), body);
    const more = element("button", { class: "more", type: "button" });
    let all = false, order = sorted === undefined ? null : { column: sorted, up: !columns[sorted].number }, filter = "";
    function draw() {
      let list = rows.filter((row) => filter === "" || columns.some((column) => String(column.value(row)).toLowerCase().includes(filter)));
      if (order) {
        const value = columns[order.column].value;
        list = list.slice().sort((a, b) => {
          const x = value(a), y = value(b);
          const before = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y));
          return order.up ? before : -before;
        });
      }
      columns.forEach((column, index) => head.children[index].setAttribute("aria-sort",
        order && order.column === index ? (order.up ? "ascending" : "descending") : "none"));
      body.replaceChildren(...(all ? list : list.slice(0, MANY)).map((row) => element("tr", {}, ...columns.map((column) => {
        const shown = column.show ? column.show(row) : column.value(row);
        const kind = [column.number && "number", column.wide && "wide", column.bar && "bar"].filter(Boolean).join(" ");
        return element("td", { class: kind || null }, shown instanceof Node ? shown : document.createTextNode(shown ?? ""));
      }))));
      more.hidden = all || list.length <= MANY;
      more.textContent = "Show all " + list.length;
    }
    columns.forEach((column, index) => head.append(element("th", { scope: "col", class: [column.number && "number", column.wide && "wide"].filter(Boolean).join(" ") || null },
      element("button", { type: "button", text: column.title, onclick: () => {
        order = { column: index, up: order && order.column === index ? !order.up : !column.number };
        draw();
      } }))));
    more.addEventListener("click", () => { all = true; draw(); });
    draw();
    return { box: element("div", {}, element("div", { class: "scroll" }, made), more), filter(text) { filter = text.toLowerCase(); draw(); } };
  }

  function bar(value, greatest, second, greatestSecond) {
    const made = element("div", {}, element("span"));
    made.firstChild.style.width = (greatest > 0 ? 100 * value / greatest : 0) + "%";
    if (second !== undefined) {
      made.append(element("span", { class: "second" }));
      made.lastChild.style.width = (greatestSecond > 0 ? 100 * second / greatestSecond : 0) + "%";
    }
    return made;
  }

  // What the treemap shows: nodes with a name, bytes and, unless they are files, parts.
  function nodes() {
    const trees = (data.trees || []).filter((tree) => tree.parts.length > 0).map((tree, index) => ({
      name: tree.name, bytes: tree.bytes, colour: COLOURS[index % COLOURS.length],
      parts: tree.parts.map((part) => ({
        name: part.name, detail: part.version, bytes: part.bytes, count: part.count,
        parts: part.files.map(([path, bytes]) => ({ name: path, bytes }))
          .concat(part.unlisted ? [{ name: part.unlisted + " smaller files", bytes: part.unlisted_bytes }] : []),
      })),
    }));
    return { name: "image", bytes: trees.reduce((sum, tree) => sum + tree.bytes, 0), parts: trees };
  }

  // Squarified: rows whose cells are as square as can be (Bruls, Huizing, van Wijk 2000).
  function squarify(parts, x, y, width, height, place) {
    const list = parts.filter((part) => part.bytes > 0);
    let rest = list.reduce((sum, part) => sum + part.bytes, 0);
    let start = 0;
    while (start < list.length && width > 0 && height > 0) {
      const side = Math.min(width, height), scale = width * height / rest;
      let end = start, sum = 0, worst = Infinity;
      while (end < list.length) {
        const next = sum + list[end].bytes * scale, largest = list[start].bytes * scale, smallest = list[end].bytes * scale;
        const ratio = Math.max(side * side * largest / (next * next), next * next / (side * side * smallest));
        if (ratio > worst) break;
        worst = ratio;
        sum = next;
        end++;
      }
      const thickness = sum / side;
      let along = 0;
      for (let i = start; i < end; i++) {
        const length = list[i].bytes * scale / thickness;
        if (width <= height) place(list[i], x + along, y, length, thickness);
        else place(list[i], x, y + along, thickness, length);
        along += length;
        rest -= list[i].bytes;
      }
      if (width <= height) { y += thickness; height -= thickness; } else { x += thickness; width -= thickness; }
      start = end;
    }
  }

  function showSizes() {
    const root = nodes();
    if (root.bytes === 0) return;
    const box = section("size", "Size");
    const path = element("p", { class: "path", "aria-label": "Shown part" });
    const map = element("div", { class: "map", role: "group", "aria-label": "Treemap of the files by size" });
    const list = element("div");
    box.append(element("p", { class: "quiet", text: "Files before compression, by tree, package and file. Choose a part to look into it; Escape leads back." }), path, map, list);
    let way = [root];

    function enter(part) {
      way.push(part);
      draw(true);
    }

    function draw(focus) {
      const shown = way[way.length - 1], colour = way.map((part) => part.colour).filter(Boolean)[0];
      path.replaceChildren(...way.map((part, index) => index === way.length - 1
        ? element("strong", { text: part.name + " " + size(part.bytes) })
        : element("span", {}, element("button", { type: "button", text: part.name, onclick: () => { way = way.slice(0, index + 1); draw(true); } }), " / ")));
      map.replaceChildren();
      const width = map.clientWidth, height = map.clientHeight;
      let cells = 0;
      squarify(shown.parts.slice().sort((a, b) => b.bytes - a.bytes), 0, 0, width, height, (part, x, y, w, h) => {
        if (w < 3 || h < 3 || cells >= 400) return;
        cells++;
        const label = part.name + " " + size(part.bytes);
        const cell = element(part.parts ? "button" : "div", { type: part.parts ? "button" : null, title: label, "aria-label": part.parts ? label : null });
        if (w > 46 && h > 18) cell.textContent = way.length === 3 ? part.name.split("/").pop() : part.name;
        if (w > 46 && h > 38) cell.append(element("br"), size(part.bytes));
        Object.assign(cell.style, { left: x + "px", top: y + "px", width: w + "px", height: h + "px", background: part.colour || colour });
        if (part.parts) cell.addEventListener("click", () => enter(part));
        map.append(cell);
        if (part.parts && w > 90 && h > 70)
          squarify(part.parts.slice().sort((a, b) => b.bytes - a.bytes), x + 3, y + 36, w - 6, h - 39, (inner, left, top, wide, high) => {
            if (wide < 6 || high < 6 || cells >= 400) return;
            cells++;
            const box = element("div", { class: "inner", "aria-hidden": "true" });
            if (wide > 50 && high > 16) box.textContent = inner.name.split("/").pop() || inner.name;
            Object.assign(box.style, { left: left + "px", top: top + "px", width: wide + "px", height: high + "px" });
            map.append(box);
          });
      });
      const greatest = Math.max(...shown.parts.map((part) => part.bytes), 1);
      list.replaceChildren(table(way.length === 1 ? "Trees" : way.length === 2 ? "Packages and places of " + shown.name : "Files of " + shown.name, [
        { title: "Name", value: (part) => part.name, show: (part) => part.parts
          ? element("span", { class: "path" }, element("button", { type: "button", text: part.name, onclick: () => enter(part) }), part.detail ? " " + part.detail : "")
          : element("span", { class: "mono", text: part.name }) },
        { title: "Size", number: true, value: (part) => part.bytes, show: (part) => size(part.bytes) },
        { title: "Share", bar: true, wide: true, value: (part) => part.bytes, show: (part) => bar(part.bytes, greatest) },
      ], shown.parts, 1).box);
      if (focus) (map.querySelector("button") || path.querySelector("button")).focus();
    }

    box.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && way.length > 1) {
        way.pop();
        draw(true);
      }
    });
    let width = map.clientWidth;
    draw(false);
    new ResizeObserver(() => {
      if (map.clientWidth !== width) {
        width = map.clientWidth;
        draw(false);
      }
    }).observe(map);
  }

  function showLayers() {
    const layers = data.layers || [];
    const box = section("layers", "Layers");
    const other = new Set(((data.difference || {}).other_layers || []));
    const greatest = Math.max(...layers.map((layer) => layer.size), 1);
    const columns = [
      { title: "Layer", value: (layer) => layer.title },
      { title: "Digest", wide: true, value: (layer) => layer.digest, show: (layer) => element("code", { title: layer.digest, text: short(layer.digest) }) },
      { title: "Compressed", number: true, value: (layer) => layer.size, show: (layer) => size(layer.size) },
      { title: "Share", bar: true, wide: true, value: (layer) => layer.size, show: (layer) => bar(layer.size, greatest) },
    ];
    if (other.size > 0)
      columns.push({ title: "Push", value: (layer) => (other.has(layer.digest) ? "there" : "sent") });
    box.append(table("In the order in which they are laid over each other" + (other.size > 0
      ? "; “there”: a registry that has " + data.difference.a.name + " has this layer" : ""), columns, layers).box);
    const moved = layers.filter((layer) => !other.has(layer.digest)).reduce((sum, layer) => sum + layer.size, 0);
    if (other.size > 0)
      box.append(element("p", { text: "A push to a registry that has the other image sends " + size(moved) + "." }));
  }

  function showFindings() {
    const findings = (data.findings || []).filter((finding) => finding.severity !== "off");
    const box = section("findings", "Findings");
    if (findings.length === 0)
      box.append(element("p", { class: "passed", text: "The static checks found nothing." }));
    for (const finding of findings) {
      const details = element("details", { open: finding.severity === "error" },
        element("summary", {}, element("strong", { class: finding.severity, text: finding.severity }), " ", element("code", { text: finding.id }),
          finding.path ? " " + finding.path : ""),
        element("p", { text: finding.message }));
      if (finding.fix) details.append(element("p", {}, element("strong", { text: "Fix: " }), finding.fix));
      if (finding.files && finding.files.length > 1)
        details.append(element("ul", {}, ...finding.files.slice(0, 50).map((file) => element("li", { class: "mono", text: file.path })),
          finding.files.length > 50 ? element("li", { text: "and " + (finding.files.length - 50) + " more" }) : null));
      box.append(details);
    }
  }

  function showValidation() {
    const rows = (data.record || {}).validation;
    if (!rows) return;
    const box = section("validation", "Validation");
    const memory = Math.max(...rows.map((row) => row.peak_rss_bytes || 0), 1), time = Math.max(...rows.map((row) => row.wall_usecs || 0), 1);
    for (const row of rows.filter((each) => each.status === "failed"))
      box.append(element("details", { open: true }, element("summary", {}, element("strong", { class: "failed", text: "failed" }), " " + row.kind + " " + row.name),
        element("p", { text: row.message || "" }), row.explanation ? element("p", { text: row.explanation }) : null,
        row.output ? element("pre", { text: row.output }) : null));
    box.append(table("What was run of the image; upper bars: time, lower bars: memory", [
      { title: "Kind", wide: true, value: (row) => row.kind },
      { title: "Name", value: (row) => row.name },
      { title: "Result", value: (row) => row.status, show: (row) => element("span", { class: row.status, text: row.status }) },
      { title: "Time", number: true, value: (row) => row.wall_usecs || 0, show: (row) => milliseconds(row.wall_usecs || 0) },
      { title: "Memory", number: true, value: (row) => row.peak_rss_bytes || 0, show: (row) => size(row.peak_rss_bytes || 0) },
      { title: "", bar: true, wide: true, value: (row) => row.wall_usecs || 0, show: (row) => bar(row.wall_usecs || 0, time, row.peak_rss_bytes || 0, memory) },
    ], rows).box);
    showImports(rows.filter((row) => row.import));
  }

  function showImports(rows) {
    if (rows.length === 0) return;
    const box = section("imports", "Imports");
    const greatest = Math.max(...rows.map((row) => Math.max(row.import.cold_usecs || 0, row.import.warm_median_usecs)), 1);
    box.append(table("Upper bars: with the files in memory; lower bars: without", [
      { title: "Module", value: (row) => row.name },
      { title: "Warm", number: true, value: (row) => row.import.warm_median_usecs, show: (row) => milliseconds(row.import.warm_median_usecs) },
      { title: "Cold", number: true, value: (row) => row.import.cold_usecs || 0, show: (row) => (row.import.cold_usecs ? milliseconds(row.import.cold_usecs) : "") },
      { title: "Read", number: true, value: (row) => row.import.cold_read_bytes || 0, show: (row) => size(row.import.cold_read_bytes || 0) },
      { title: "", bar: true, wide: true, value: (row) => row.import.warm_median_usecs,
        show: (row) => bar(row.import.warm_median_usecs, greatest, row.import.cold_usecs || 0, greatest) },
    ], rows).box);
    for (const row of rows.filter((each) => (each.import.modules || []).length > 0)) {
      const most = Math.max(...row.import.modules.map((module) => module.self_usecs), 1);
      box.append(element("details", {}, element("summary", { text: row.name + ": the modules that cost most" }), table("Without what they import", [
        { title: "Module", value: (module) => module.name },
        { title: "Own time", number: true, value: (module) => module.self_usecs, show: (module) => milliseconds(module.self_usecs) },
        { title: "In all", number: true, value: (module) => module.total_usecs, show: (module) => milliseconds(module.total_usecs) },
        { title: "", bar: true, wide: true, value: (module) => module.self_usecs, show: (module) => bar(module.self_usecs, most) },
      ], row.import.modules, 1).box));
    }
  }

  function showPackages() {
    const packages = data.packages || [];
    if (packages.length === 0) return;
    const box = section("packages", "Packages");
    const made = table(packages.length + " packages", [
      { title: "Name", value: (row) => row.name },
      { title: "Version", value: (row) => row.version || "" },
      { title: "Kind", wide: true, value: (row) => row.kind },
      { title: "Tree", wide: true, value: (row) => row.tree },
      { title: "Licence", wide: true, value: (row) => row.license || "" },
      { title: "Size", number: true, value: (row) => row.bytes, show: (row) => (row.bytes === undefined ? "" : size(row.bytes)) },
    ], packages, 5);
    box.append(element("label", { for: "filter", text: "Filter " }), element("br"),
      element("input", { id: "filter", type: "search", oninput: (event) => made.filter(event.target.value) }), made.box);
  }

  function showDifference() {
    const difference = data.difference;
    if (!difference) return;
    const box = section("difference", "Difference");
    if (difference.equal) {
      box.append(element("p", { class: "passed", text: "Both are the same image." }));
      return;
    }
    box.append(element("p", { text: "What changed from " + difference.a.name + " to this image: " + signed(difference.b.size - difference.a.size) + " compressed." }));
    const trees = difference.trees || [], packages = difference.packages || [], files = difference.files || [];
    if (packages.length > 0)
      box.append(table("Packages", [
        { title: "Package", value: (row) => row.name },
        { title: "Change", value: (row) => row.change },
        { title: "From", value: (row) => row.a || "" },
        { title: "To", value: (row) => row.b || "" },
        { title: "Size", number: true, value: (row) => row.bytes || 0, show: (row) => signed(row.bytes || 0) },
      ], packages).box);
    if (trees.length > 0)
      box.append(table("Trees", [
        { title: "Tree", value: (row) => row.tree || row.layer || "" },
        { title: "Layer", value: (row) => (row.equal ? "same" : "other") },
        { title: "Added", number: true, value: (row) => row.added || 0 },
        { title: "Removed", number: true, value: (row) => row.removed || 0 },
        { title: "Changed", number: true, value: (row) => row.changed || 0 },
        { title: "Size", number: true, value: (row) => row.bytes || 0, show: (row) => signed(row.bytes || 0) },
      ], trees).box);
    if (files.length > 0)
      box.append(table("Files", [
        { title: "Path", value: (row) => row.path, show: (row) => element("span", { class: "mono", text: row.path }) },
        { title: "Change", value: (row) => (row.change === "changed" ? (row.attributes || []).join(", ") : row.change) },
        { title: "Package", wide: true, value: (row) => row.package || "" },
      ], files).box);
  }

  function showConfiguration() {
    const config = data.config || {};
    const box = section("configuration", "Configuration");
    const rows = [];
    for (const key of ["Entrypoint", "Cmd"]) if (config[key]) rows.push([key, config[key].join(" ")]);
    for (const key of ["WorkingDir", "User"]) if (config[key]) rows.push([key, config[key]]);
    for (const variable of config.Env || []) rows.push([variable.split("=")[0], variable.slice(variable.indexOf("=") + 1)]);
    for (const [key, value] of Object.entries(data.annotations || {})) rows.push([key, value]);
    box.append(table("Command, environment and annotations", [
      { title: "Name", value: (row) => row[0], show: (row) => element("code", { text: row[0] }) },
      { title: "Value", value: (row) => row[1], show: (row) => element("span", { class: "mono", text: row[1] }) },
    ], rows).box);
  }

  function showHead() {
    document.title = data.name + " – terrane report";
    document.getElementById("name").textContent = data.name;
    document.getElementById("digest").textContent = data.digest;
    const count = (severity) => (data.findings || []).filter((finding) => finding.severity === severity).length;
    const facts = [data.platform, data.target, data.created, size((data.layers || []).reduce((sum, layer) => sum + layer.size, 0)) + " compressed",
      size((data.trees || []).reduce((sum, tree) => sum + tree.bytes, 0)) + " of files", (data.layers || []).length + " layers",
      count("error") + " errors, " + count("warning") + " warnings"];
    document.getElementById("facts").append(...facts.filter(Boolean).map((fact) => element("li", { text: fact })));
  }

  showHead();
  showSizes();
  showLayers();
  showFindings();
  showValidation();
  showPackages();
  showDifference();
  showConfiguration();
})();
