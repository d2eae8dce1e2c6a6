
// The chain: the static picture stays as it is until a control moves.
if (document.getElementById("chain")) {
  const data = JSON.parse(document.getElementById("chain-data").textContent);
  const by = id => document.getElementById(id);
  const boxes = [...document.querySelectorAll(".chain .step")].slice(0, data.names.length);
  const THINNEST = {{ thinnest }}, THICKEST = {{ thickest }}, PALEST = {{ palest }};
  let view = data.views[0];

  const share = value => (value - view.low) / (view.high - view.low);
  const factor = log10 => {
    if (log10 < -2 || log10 >= 3) return `10^${log10.toFixed(1)}`;
    const value = 10 ** log10;
    return value.toFixed(value < 10 ? 2 : 0);
  };

  // A power of ten with its exponent above the line.
  function raised(element, text) {
    const [base, power] = text.split("^");
    element.textContent = base;
    if (!power) return;
    const above = document.createElementNS(element.namespaceURI, "tspan");
    above.setAttribute("class", "up");
    above.setAttribute("dy", "-5");
    above.textContent = power;
    element.append(above);
  }

  function drawBox(box, i, values, labels) {
    const value = values[i], before = i ? values[i - 1] : null, known = typeof value === "number";
    const set = (selector, attribute, text) => box.querySelector(selector).setAttribute(attribute, text);
    const write = (selector, text) => { box.querySelector(selector).textContent = text; };
    set(".back", "stroke-width", known ? (THINNEST + (THICKEST - THINNEST) * share(value)).toFixed(2) : 0);
    set(".back", "stroke-opacity", known ? (PALEST + (1 - PALEST) * share(value)).toFixed(2) : 0);
    set(".head", "visibility", known ? "visible" : "hidden");
    write(".zero", value === "0" ? "0" : "");
    const times = known && typeof before === "number" ? factor(before - value) : "";
    raised(box.querySelector(".factor"), times && `×${times}`);
    const label = labels[i] || "", text = box.querySelector(".label");
    text.textContent = label;
    for (const [key, fit] of [["textLength", 54], ["lengthAdjust", "spacingAndGlyphs"]])
      if (label.length > 7) text.setAttribute(key, fit); else text.removeAttribute(key);
    const norm = known ? `norm 10^${value.toFixed(2)}` : value === "0" ? "exactly 0" : "no gradient";
    write("title", `time step ${data.names[i]}${label && `, ${label}`}: ${norm}${times && `; the step back multiplies it by ${times}`}`);
  }

  function redrawChain() {
    const probe = +by("chain-step").value, sample = +by("chain-sample").value;
    const values = sample ? view.samples[probe][sample - 1] : view.mean[probe];
    const [source, name] = view.sources[sample - 1] || [];
    const who = name ? `the loss of time step ${name} alone, mean over samples`
      : sample ? `sample ${sample}` : "mean over samples";
    boxes.forEach((box, i) => drawBox(box, i, values, sample && !name ? data.labels[sample - 1] || [] : data.shared));
    boxes.forEach((box, i) => box.classList.toggle("source", i === source));
    by("chain-step-now").textContent = view.steps[probe];
    by("chain-sample-now").textContent = name || sample || "mean";
    by("chain-step").setAttribute("aria-valuetext", `training step ${view.steps[probe]}`);
    by("chain-sample").setAttribute("aria-valuetext", who);
    by("chain-now").textContent = `After training step ${view.steps[probe]}, ${who}. ${view.remark}`;
  }

  function choose(number) {
    view = data.views[number];
    by("chain-step").max = view.steps.length - 1;
    by("chain-step").value = view.steps.length - 1;
    by("chain-sample").max = view.samples.length ? view.samples[0].length : 0;
    by("chain-sample").min = view.sources.length ? 1 : 0;
    by("chain-sample").value = view.sources.length;
    by("chain-row").textContent = view.sources.length ? "loss of time step" : "sample";
    for (const id of ["chain-loss", "chain-short"]) by(id).toggleAttribute("hidden", view.sources.length > 0);
    by("chain-samples").hidden = !view.samples.length;
    by("chain-unit").textContent = view.unit;
    for (const each of document.querySelectorAll("#chain .legend svg")) each.toggleAttribute("hidden", +each.dataset.view !== number);
    redrawChain();
  }

  for (const each of document.getElementsByName("chain-view")) each.onchange = () => choose(+each.value);
  for (const id of ["chain-step", "chain-sample"]) by(id).oninput = redrawChain;
  document.querySelector("#chain .tools").hidden = false;
  choose(0);
}
