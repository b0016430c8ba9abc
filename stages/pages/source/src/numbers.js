// The numbers of a pair beside those of all pairs.

import { ARROWS, h, number, svg } from "./dom.js";
import { placeOf, shownMethods } from "./order.js";

const WIDTH = 180;
const HEIGHT = 26;
const BINS = 30;

/** A table of metrics, given by number, whose columns are loaded. */
export function numbersTable(run, state, pair, metrics) {
  const methods = shownMethods(run, state);
  const of = run.methodNumber.get(state.of);
  return h(
    "div",
    { class: "wide", tabindex: 0, role: "region", "aria-label": "numbers of this pair" },
    h(
      "table",
      {},
      h("thead", {}, h("tr", {},
        h("th", { scope: "col" }, "metric"),
        methods.map((method) => h("th", { scope: "col", class: method === of ? "chosen" : null }, run.methods[method].name)),
        h("th", { scope: "col" }, `place of ${run.methods[of].name}`),
        h("th", { scope: "col" }, "all pairs"),
      )),
      h("tbody", {}, metrics.map((metric) => line(run, pair, metric, methods, of))),
    ),
  );
}

function line(run, pair, metric, methods, of) {
  const { shown, better } = run.metrics[metric];
  const place = placeOf(run, metric, pair, of);
  return h("tr", {},
    h("th", { scope: "row" }, `${shown} ${ARROWS[better]}`),
    methods.map((method) => {
      const note = run.note(metric, pair, method);
      return h("td", { title: note || null, class: method === of ? "chosen" : null }, run.told(metric, pair, method), note ? " *" : "");
    }),
    h("td", {}, place ? `${place.place.toLocaleString("en")} of ${place.count.toLocaleString("en")}` : "–"),
    h("td", {}, strip(run, pair, metric, methods)),
  );
}

/** A histogram of a metric over all pairs and shown methods, with a line for each method's value of this pair. */
function strip(run, pair, metric, methods) {
  const values = [];
  for (let other = 0; other < run.pairs.length; other++) {
    for (const method of methods) {
      const value = run.value(metric, other, method);
      if (Number.isFinite(value)) values.push(value);
    }
  }
  if (!values.length) return "–";
  values.sort((a, b) => a - b);
  const [low, high] = [values[0], values[values.length - 1]];
  const scale = (value) => (high > low ? ((value - low) / (high - low)) * (WIDTH - 4) + 2 : WIDTH / 2);
  const bins = new Array(BINS).fill(0);
  for (const value of values) bins[Math.min(BINS - 1, Math.floor((scale(value) / WIDTH) * BINS))]++;
  const most = Math.max(...bins);
  const bars = bins.map((count, k) =>
    svg("rect", {
      x: (k * WIDTH) / BINS, width: WIDTH / BINS - 0.5, y: HEIGHT - (count / most) * (HEIGHT - 4),
      height: (count / most) * (HEIGHT - 4),
    }),
  );
  const lines = methods
    .map((method) => [run.methods[method], run.value(metric, pair, method)])
    .filter(([, value]) => Number.isFinite(value))
    .map(([{ name, colour }, value]) =>
      svg("line", { x1: scale(value), x2: scale(value), y1: 0, y2: HEIGHT, stroke: colour, "stroke-width": 2.5 },
        svg("title", {}, `${name} ${number(value)}`)),
    );
  return svg("svg", {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, height: HEIGHT, role: "img",
    "aria-label": `all pairs from ${number(low)} to ${number(high)}`,
  }, ...bars, ...lines);
}
