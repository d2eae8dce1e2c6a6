"use strict";
const root = document.documentElement;
const make = (tag, text) => Object.assign(document.createElement(tag), { textContent: text });
const shade = name => getComputedStyle(root).getPropertyValue(name).trim();

const narrow = matchMedia("(max-width: 600px)");

// A figure in the colours of the page; black lines become the colour of the text. On a phone the legend goes above.
function themed(figure, wide) {
  const ink = shade("--ink"), line = shade("--line"), paper = shade("--paper");
  const black = (key, value) => /color$/.test(key) && (value === "black" || value === "#000000");
  const copy = JSON.parse(JSON.stringify(figure), (key, value) => black(key, value) ? ink : value);
  if (narrow.matches && !wide)
    copy.layout.legend = Object.assign({ y: 1.05 }, copy.layout.legend, { orientation: "h", x: 0, yanchor: "bottom" });
  const layout = Object.assign({ autosize: true }, copy.layout, { paper_bgcolor: paper, plot_bgcolor: paper });
  layout.font = Object.assign({ size: 13, family: "system-ui, sans-serif" }, layout.font, { color: ink });
  for (const key of ["xaxis", "yaxis"].concat(Object.keys(layout)))
    if (/^[xy]axis/.test(key))
      layout[key] = Object.assign({ gridcolor: line, zerolinecolor: line, linecolor: line, automargin: true }, layout[key]);
  return { data: copy.data, layout };
}

// Runs with the first figure, so that text and table appear a second earlier.
function plotly() {
  const source = document.getElementById("plotly");
  if (source.type === "text/plain") {
    const code = make("script", source.textContent);
    source.replaceWith(Object.assign(code, { id: "plotly" }));
  }
  return Plotly;
}

const drawn = new Map();
function draw(element, figure) {
  const config = { responsive: true, displaylogo: false, displayModeBar: "hover" };
  const wide = element.dataset.wide > 0, { data, layout } = themed(figure, wide);
  if (wide) element.style.minWidth = element.dataset.wide + "px";
  drawn.set(element, figure);
  return plotly().react(element, data, layout, config);
}

// A figure is drawn when it comes near, so that a page with many opens at once; the others while nothing else happens,
// and all of them before printing: a picture of the whole page has them too.
const undrawn = new Map();  // element -> what draws it
function place(element) {
  const paint = undrawn.get(element);
  if (!undrawn.delete(element)) return;
  near.unobserve(element);
  paint();
}
const near = new IntersectionObserver(entries => {
  for (const entry of entries.filter(entry => entry.isIntersecting))
    requestAnimationFrame(() => setTimeout(() => place(entry.target)));  // the text is painted first
}, { rootMargin: "600px" });
function await_turn(element, paint) { undrawn.set(element, paint); near.observe(element); }
for (const element of document.querySelectorAll(".figure")) {
  exportButtons(element);
  const source = element.querySelector("script");
  if (source) await_turn(element, () => { source.remove(); draw(element, JSON.parse(source.textContent)); });
}
const idle = window.requestIdleCallback || (task => setTimeout(task, 50));
function place_rest() {
  const [next] = undrawn.keys();
  if (next) { place(next); idle(place_rest); }
}
addEventListener("load", () => setTimeout(() => idle(place_rest), 500));
addEventListener("beforeprint", () => { for (const element of [...undrawn.keys()]) place(element); });

// A figure has the width of the screen; on paper it shrinks to A4. One figure alone has a sheet of its own size.
const PAPER = 690;
function zoomFigures(factor) { for (const each of document.querySelectorAll(".figure")) each.style.zoom = factor(each); }
addEventListener("beforeprint", () => {
  if (!document.querySelector(".one_figure")) zoomFigures(each => Math.min(1, PAPER / each.offsetWidth));
});
addEventListener("afterprint", () => zoomFigures(() => ""));

// What is cut at the edge of the screen has a sign.
const wider = new ResizeObserver(entries => {
  for (const { target } of entries)
    target.parentElement.classList.toggle("cut", target.offsetWidth > target.parentElement.clientWidth + 1);
});
for (const element of document.querySelectorAll(".scroll > *, .wide > *")) wider.observe(element);

function redraw() { for (const [element, figure] of drawn) draw(element, figure); }
document.getElementById("theme").onclick = () => {
  const dark = shade("--paper") !== "#fff";
  root.dataset.theme = dark ? "light" : "dark";
  redraw();
};
for (const query of [matchMedia("(prefers-color-scheme: dark)"), narrow]) query.addEventListener("change", redraw);

// A link to an entry of the folded list opens the list.
function unfold() {
  const entry = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const list = entry && entry.closest("details");
  if (!list) return;
  list.open = true;
  entry.scrollIntoView();
}
addEventListener("hashchange", unfold);
unfold();
