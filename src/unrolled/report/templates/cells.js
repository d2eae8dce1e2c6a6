const sweep = JSON.parse(document.getElementById("data").textContent);
const table = document.getElementById("cells"), filter = document.getElementById("filter");
const chosen = {};  // axis -> value that runs must have; null: any
let among = null, order = { column: null, sign: 1 };

const column = key => sweep.columns.indexOf(key);
const axisValue = (cell, axis) => cell.values[column(axis)];

function shown() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  return sweep.cells.filter(cell =>
    (among === null || among.has(cell.number)) &&
    Object.entries(chosen).every(([axis, value]) => value === null || axisValue(cell, axis) === value) &&
    words.every(word => cell.shown.some(text => text.toLowerCase().includes(word)))
  ).sort(compare);
}

// Numbers by size, words alphabetically; null last.
function compare(a, b) {
  if (order.column === null) return a.number - b.number;
  const [p, q] = [a, b].map(cell => cell.order[order.column]);
  if (p === null || q === null) return (p === null) - (q === null) || a.number - b.number;
  const by = typeof p === "number" && typeof q === "number" ? p - q : String(p).localeCompare(String(q), "en");
  return order.sign * by || a.number - b.number;
}

// Reached by Tab, and pressed by Enter or the space bar as by a click.
function pressable(element, act) {
  element.tabIndex = 0;
  element.onclick = act;
  element.onkeydown = event => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    act();
  };
}

function row(cell) {
  const line = make("tr", "");
  line.className = "cell";
  line.append(...cell.shown.map(text => make("td", text)));
  pressable(line, () => about(line, cell));
  return line;
}

// Laying out thousands of rows is slow: rows are added when they are scrolled to.
const CHUNK = 200, AHEAD = 3000, end = document.getElementById("more");
let waiting = [];
function more() { table.tBodies[0].append(...waiting.splice(0, CHUNK).map(row)); }
function fill() { while (waiting.length && end.getBoundingClientRect().top < innerHeight + AHEAD) more(); }
new IntersectionObserver(fill, { rootMargin: `${AHEAD}px` }).observe(end);
addEventListener("beforeprint", () => { while (waiting.length) more(); });

function list() {
  const cells = shown();
  waiting = [...cells];
  table.tBodies[0].replaceChildren();
  more();
  document.getElementById("count").textContent = `${cells.length} of ${sweep.cells.length} runs`;
  document.getElementById("all").hidden = cells.length === sweep.cells.length;
}

function about(line, cell) {
  if (line.nextSibling && line.nextSibling.className === "about") return line.nextSibling.remove();
  const row = make("tr", ""), place = make("td", "");
  row.className = "about";
  place.colSpan = sweep.header.length;
  for (const text of cell.about) place.append(make("p", text));
  for (const text of cell.commands) {
    const command = make("p", "");
    command.append(make("code", text));
    place.append(command);
  }
  row.append(place);
  line.after(row);
}

function head() {
  const line = make("tr", "");
  sweep.header.forEach((name, i) => {
    const cell = make("th", name);
    cell.dataset.column = i;
    pressable(cell, () => {
      order = { column: i, sign: order.column === i ? -order.sign : 1 };
      line.querySelectorAll("th").forEach(other => { delete other.dataset.order; other.removeAttribute("aria-sort"); });
      cell.dataset.order = order.sign;
      cell.setAttribute("aria-sort", order.sign > 0 ? "ascending" : "descending");
      list();
    });
    line.append(cell);
  });
  table.tHead.append(line);
}

const typed = text => text === "" ? "null" : text;

function choose(name, values, call) {
  const label = make("label", `${name} `), select = document.createElement("select");
  select.append(...["all", ...values.map(typed)].map(text => make("option", text)));
  select.onchange = () => call(select.selectedIndex > 0 ? values[select.selectedIndex - 1] : null);
  label.append(select);
  return label;
}

// numbers: of the runs to show, without the other filters; null: all runs.
function only(numbers) {
  filter.value = "";
  for (const axis in chosen) chosen[axis] = null;
  document.querySelectorAll("#choices select").forEach(select => { select.selectedIndex = 0; });
  among = numbers === null ? null : new Set(numbers);
  list();
}

document.getElementById("choices").append(...Object.entries(sweep.axes).filter(([, values]) => values.length > 1).map(
  ([axis, values]) => choose(axis, values, value => {
    chosen[axis] = value;
    list();
  })
));
document.getElementById("all").onclick = () => only(null);
filter.oninput = list;
for (const clause of document.querySelectorAll("[data-cells]"))
  clause.addEventListener("click", () => only(JSON.parse(clause.dataset.cells)));

document.getElementById("csv").onclick = () =>
  save_csv([sweep.columns, ...shown().map(cell => cell.values)], sweep.sweep);

const safe = text => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
const number = text => text !== "" && Number.isFinite(Number(text)) ? Number(text) : null;

// One number for several runs, with the count of runs behind it.
function pooled(cells, at, until) {
  const found = cells.map(cell => number(cell.values[at])), known = found.filter(value => value !== null);
  if (until === -1) return { value: known.length ? known.reduce((a, b) => a + b, 0) / known.length : null, n: known.length, censored: 0 };
  const lags = cells.map((cell, i) => ({ event: found[i] !== null, lag: found[i] ?? number(cell.values[until]) })).filter(run => run.lag !== null);
  return { ...median(lags), n: lags.length, censored: lags.filter(run => !run.event).length };
}

// Kaplan-Meier: a censored run is only known to have a longer lag than its own.
function median(runs) {
  const ordered = [...runs].sort((a, b) => a.lag - b.lag || b.event - a.event);
  let left = 1;
  for (const [i, run] of ordered.entries()) {
    if (run.event) left *= 1 - 1 / (ordered.length - i);
    if (left <= 0.5 + 1e-9) return { value: run.lag, beyond: false };
  }
  return ordered.length ? { value: ordered[ordered.length - 1].lag, beyond: true } : { value: null, beyond: false };
}

function grid() {
  const element = document.getElementById("grid"), [x, y, quantity] = ["across", "down", "quantity"].map(id => document.getElementById(id).value);
  const columns = sweep.axes[x], rows = x === y ? [""] : sweep.axes[y], at = column(sweep.quantities[quantity]);
  const inside = rows.map(row => columns.map(value => sweep.cells.filter(cell =>
    axisValue(cell, x) === value && (x === y || axisValue(cell, y) === row))));
  const until = column(sweep.censored[sweep.quantities[quantity]]);
  const found = inside.map(line => line.map(cells => pooled(cells, at, until))), means = found.map(line => line.map(each => each.value));
  const slope = /^slope/.test(quantity), largest = Math.max(1e-9, ...means.flat().map(value => Math.abs(value || 0)));
  const limit = Math.min(largest, 1);
  const label = ({ value, n, censored, beyond }, cells) => {
    if (value === null) return "";
    const shown = slope && Math.abs(value) < 1e6 ? value.toFixed(3).replace(/^-(0\.0+)$/, "$1") : value.toPrecision(4);
    const of = `${n < cells.length ? `${n} of ${cells.length}` : n} run${cells.length > 1 ? "s" : ""}`;
    return `${beyond ? "> " : ""}${until === -1 ? shown : value}<br>(${of}${censored ? `, ${censored} censored` : ""})`;
  };
  return draw(element, {
    data: [Object.assign({
      type: "heatmap", x: columns.map(typed).map(safe), y: x === y ? rows : rows.map(typed).map(safe), z: means, xgap: 2, ygap: 2,
      text: found.map((line, i) => line.map((each, j) => label(each, inside[i][j]))),
      texttemplate: "%{text}", hovertemplate: "%{x}, %{y}: %{z}<extra></extra>",
      colorscale: slope ? sweep.diverging : "Viridis",
    }, slope ? { zmin: -limit, zmax: limit } : {})],
    layout: {
      height: 190 + 70 * rows.length, margin: { t: 50, r: 20 },
      title: { text: safe(quantity) + (slope && largest > limit ? " (colours end at 1)" : ""), font: { size: 14 } },
      xaxis: { title: { text: safe(x) }, type: "category" },
      yaxis: { title: { text: x === y ? "" : safe(y) }, type: "category", autorange: "reversed" },
    },
  }).then(() => {
    element.removeAllListeners("plotly_click");
    element.on("plotly_click", event => {
      const [i, j] = event.points[0].pointIndex;
      only(inside[i][j].map(cell => cell.number));
      document.getElementById("every-run").scrollIntoView();
    });
  });
}

if (document.getElementById("grid")) {
  const axes = Object.keys(sweep.axes), several = axes.filter(axis => sweep.axes[axis].length > 1);
  const fill = (id, names, start) => {
    const select = document.getElementById(id);
    select.append(...names.map(name => Object.assign(make("option", name), { value: name })));
    select.value = start;
    select.onchange = grid;
  };
  fill("across", axes, several[1] || several[0] || axes[0]);
  fill("down", axes, several[0] || axes[0]);
  fill("quantity", Object.keys(sweep.quantities), Object.keys(sweep.quantities)[0]);
  await_turn(document.getElementById("grid"), grid);
}
head();
list();
