// A metric against a metric: a point is a method's result of a pair, and opens it.

import { Chart, Legend, LinearScale, PointElement, ScatterController, Tooltip } from "chart.js";
import { ARROWS, h, number } from "./dom.js";
import { shownMethods } from "./order.js";

Chart.register(ScatterController, PointElement, LinearScale, Tooltip, Legend);
const STYLES = ["circle", "rect", "triangle", "rectRot", "crossRot", "star"];

export class Scatter {
  constructor(app) {
    this.app = app;
    this.canvas = h("canvas", { tabindex: 0, role: "img" });
    this.said = h("p", { class: "facts", "aria-live": "polite" });
    this.controls = h("div", { class: "controls" });
    this.element = h("section", { class: "view scatter" }, this.controls, h("div", { class: "chart" }, this.canvas), this.said);
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    this.dark = matchMedia("(prefers-color-scheme: dark)");
    this.dark.addEventListener("change", () => this.chart && this.app.state.view === "scatter" && this.open());
  }

  axes() {
    const { run, state } = this.app;
    const main = this.app.mainMetrics();
    const number = (name, other) => run.metricNumber.get(name) ?? other;
    const x = number(state.x, main[0]);
    return [x, number(state.y, main.find((metric) => metric !== x) ?? x)];
  }

  open() {
    const { run, state, order } = this.app;
    const [x, y] = this.axes();
    if (x === undefined) {
      this.said.replaceChildren("Nothing was measured of these pairs.");
      return;
    }
    const metrics = this.app.metricOptions();
    this.controls.replaceChildren(
      this.app.choice("across", metrics, run.metrics[x].name, (name) => this.app.go({ x: name }, true)),
      this.app.choice("up", metrics, run.metrics[y].name, (name) => this.app.go({ y: name }, true)),
    );
    const datasets = shownMethods(run, state).map((method) => {
      const { name, colour } = run.methods[method];
      const data = [];
      for (const pair of order) {
        const point = { x: run.value(x, pair, method), y: run.value(y, pair, method), pair };
        if (Number.isFinite(point.x) && Number.isFinite(point.y)) data.push(point);
      }
      data.sort((a, b) => a.x - b.x); // with `parsing: false` Chart.js takes the first and the last for the ends of the axis
      return {
        label: name, data, method, backgroundColor: `${colour}b0`, borderColor: colour,
        pointStyle: STYLES[method % STYLES.length], radius: data.length > 2000 ? 2.5 : 4, hoverRadius: 7,
      };
    });
    const points = datasets.reduce((sum, { data }) => sum + data.length, 0);
    const title = (metric) => `${run.metrics[metric].shown} ${ARROWS[run.metrics[metric].better]}`;
    this.canvas.setAttribute("aria-label", `${title(y)} over ${title(x)}, ${points} points. Left and right go from point to point, Enter opens the pair.`);
    this.said.replaceChildren(`${points.toLocaleString("en")} points. A click on a point opens its pair. By keyboard: left and right from point to point, Enter opens.`);
    const style = getComputedStyle(document.documentElement);
    const [ink, rule] = ["--ink", "--rule"].map((name) => style.getPropertyValue(name).trim());
    const axis = (metric) => ({
      title: { display: true, text: title(metric), color: ink }, ticks: { color: ink }, grid: { color: rule }, grace: "3%",
    });
    this.chart?.destroy();
    this.at = -1;
    this.points = datasets
      .flatMap(({ data, method }, dataset) => data.map((point, index) => ({ ...point, method, dataset, index })))
      .sort((a, b) => a.x - b.x);
    this.chart = new Chart(this.canvas, {
      type: "scatter",
      data: { datasets },
      options: {
        animation: false, responsive: true, maintainAspectRatio: false, parsing: false,
        interaction: { mode: "nearest", intersect: true },
        scales: { x: axis(x), y: axis(y) },
        plugins: {
          legend: { labels: { color: ink, usePointStyle: true } },
          tooltip: { callbacks: { label: ({ raw, dataset }) => `${run.pairNames[raw.pair]}, ${dataset.label}: ${number(raw.x)}, ${number(raw.y)}` } },
        },
        onClick: (_, [hit]) => hit && this.openPoint(datasets[hit.datasetIndex].data[hit.index].pair, datasets[hit.datasetIndex].method),
        onHover: (event, hits) => (event.native.target.style.cursor = hits.length ? "pointer" : "default"),
      },
    });
  }

  needs() {
    return this.axes();
  }

  close() {
    this.chart?.destroy();
    this.chart = null;
  }

  openPoint(pair, method) {
    const { run } = this.app;
    this.app.go({ view: "pairs", pair: run.pairNames[pair], of: run.methods[method].id });
  }

  key(event) {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.key === "Enter" && this.at >= 0) this.openPoint(this.points[this.at].pair, this.points[this.at].method);
    if (!by || !this.points.length) return;
    event.preventDefault();
    event.stopPropagation();
    this.at = Math.max(0, Math.min(this.points.length - 1, this.at + by));
    const { dataset: datasetIndex, index, pair, method, x, y } = this.points[this.at];
    this.chart.setActiveElements([{ datasetIndex, index }]);
    this.chart.tooltip.setActiveElements([{ datasetIndex, index }], { x: 0, y: 0 });
    this.chart.update();
    const { run } = this.app;
    this.said.replaceChildren(`${run.pairNames[pair]}, ${run.methods[method].name}: ${number(x)}, ${number(y)}`);
  }
}
