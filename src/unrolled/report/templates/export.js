// Below each figure: its picture (SVG, PNG, PDF) and its data (CSV).
function save(href, download) {
  const link = Object.assign(document.createElement("a"), { href, download });
  document.body.append(link);
  link.click();
  link.remove();
}

function exportButtons(element) {
  const bar = make("div");
  bar.className = "tools export";
  const name = element.dataset.name.toLowerCase().replace(/[^a-z0-9]+/g, "_");
  const add = (label, title, action) => {
    const button = Object.assign(make("button", label), { type: "button", title });
    button.onclick = () => { place(element); action(); };
    bar.append(button);
  };
  const size = () => ({ scale: 2, width: element.clientWidth, height: element.clientHeight });
  for (const format of ["svg", "png"])
    add(format.toUpperCase(), `the figure as ${format.toUpperCase()}`, () =>
      plotly().toImage(element, { format, ...size() }).then(url => save(url, `${name}.${format}`)));
  add("PDF", "prints this figure alone: choose PDF as the printer", () => printed(element));
  add("CSV", "the numbers of the figure", () => save_csv(csv(element), name));
  element.parentElement.after(bar);
}

function save_csv(lines, name) {
  const text = lines.map(line => line.map(quoted).join(",") + "\n").join("");
  save(URL.createObjectURL(new Blob([text], { type: "text/csv" })), `${name}.csv`);
}

function quoted(value) {
  const text = value == null ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

// The paper has the size of the figure.
function printed(element) {
  const { clientWidth, clientHeight } = element;
  const paper = make("style", `@page { size: ${clientWidth}px ${clientHeight}px; margin: 0 }`);
  document.head.append(paper);
  element.classList.add("alone");
  root.classList.add("one_figure");
  addEventListener("afterprint", () => {
    paper.remove();
    element.classList.remove("alone");
    root.classList.remove("one_figure");
  }, { once: true });
  print();
}

// One row a point: its panel and line, its place, its value where it has one, and the half length of its error bar.
const COLUMNS = ["panel", "series", "x", "y", "z", "error_x", "error_y"];
function csv(element) {
  const shown = element._fullData.filter(trace => trace.visible === true);
  const rows = shown.flatMap(trace => points(trace).map(point =>
    [panel(element.layout, trace), element.data[trace.index].name ?? "", ...point]));
  const kept = COLUMNS.map((_, i) => i).filter(i => COLUMNS[i] === "series" || rows.some(row => row[i] != null));
  return [COLUMNS, ...rows].map(row => kept.map(i => row[i]));
}

function points({ z, error_x, error_y, ...trace }) {
  const [x, y] = [trace.x ?? [], trace.y ?? []].map(values => Array.from(values));
  if (z?.length && z[0].length !== undefined)
    return Array.from(z).flatMap((row, i) => Array.from(row, (value, j) => [x[j] ?? j, y[i] ?? i, value]));
  return Array.from({ length: Math.max(x.length, y.length) }, (_, i) =>
    [x[i] ?? i, y[i] ?? i, z?.[i], error_x?.array?.[i], error_y?.array?.[i]]);
}

// The title above the axes that a line is drawn in.
function panel(layout, trace) {
  const [x, y] = ["xaxis", "yaxis"].map(kind => layout[(trace[kind] ?? "").replace(/^[xy]/, kind)]?.domain ?? [0, 1]);
  const near = (a, b) => Math.abs(a - b) < 0.01;
  const title = (layout.annotations ?? []).find(each =>
    each.xref === "paper" && each.yref === "paper" && near(each.x, (x[0] + x[1]) / 2) && near(each.y, y[1]));
  return title?.text;
}
