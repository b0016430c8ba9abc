// The gallery: loads a run, and shows what its address says.

import { ARROWS, choice, h, number } from "./dom.js";
import { Run } from "./run.js";
import { format, parse } from "./state.js";
import { goodness, ordered } from "./order.js";
import { Controls } from "./controls.js";
import { Help, listen } from "./keys.js";
import { PairView } from "./pair.js";
import { Rows } from "./rows.js";
import { Scatter } from "./scatter.js";
import { Table } from "./table.js";

class App {
  constructor(run) {
    this.run = run;
    this.choice = choice;
    this.thumbnail = run.thumbnail;
    this.start = { sort: run.start.sort, of: run.start.of };
    this.main = document.getElementById("main");
    this.help = new Help(this);
    this.views = { pairs: new Rows(this), pair: new PairView(this), table: new Table(this), scatter: new Scatter(this) };
    this.controls = new Controls(this);
    this.scrolled = 0;
    addEventListener("hashchange", () => this.show());
    listen(this);
  }

  /** The address of a state that differs from the present one. */
  link(changes) {
    return format({ ...this.state, ...changes }, this.start);
  }

  /** Go there; `inPlace`: without a new entry in the browser's history. */
  go(changes, inPlace = false) {
    const address = this.link(changes);
    if (!inPlace) {
      location.hash = address;
      return;
    }
    try {
      history.replaceState(null, "", address);
    } catch {
      location.replace(address); // in a page that has no address of its own
    }
    this.show();
  }

  /** Show what the address says. Nothing is on the page before its numbers are there: nothing jumps. */
  async show() {
    const { run } = this;
    const state = this.known(parse(location.hash, this.start));
    const turn = (this.turn = (this.turn ?? 0) + 1);
    const before = this.state;
    this.state = state;
    const view = state.pair ? "pair" : state.view;
    const needed = [run.metricNumber.get(state.sort), ...(this.views[view].needs?.() ?? [])];
    try {
      await run.need(...needed);
    } catch (error) {
      document.getElementById("main").replaceChildren(h("p", { role: "alert" }, `${error.message}: the folder of the gallery must lie beside this page.`));
      return;
    }
    if (turn !== this.turn) return;
    const same = before && ["sort", "of", "minus", "order", "q", "failed"].every((key) => before[key] === state[key]) && JSON.stringify(before.strata) === JSON.stringify(state.strata);
    if (!same || !this.order) {
      this.order = ordered(run, state);
      this.good = state.sort !== "name" && state.minus ? goodness(run, state) : null;
    }
    if (this.shown === "pairs" && view !== "pairs") this.scrolled = scrollY;
    const other = this.shown !== view;
    if (other) this.views[this.shown]?.close();
    this.controls.update();
    this.fill(this.views[view].element);
    this.shown = view;
    this.views[view].open();
    if (other && view === "pairs") scrollTo(0, this.scrolled);
    if (!same && view === "pairs" && !other) scrollTo(0, 0);
    document.documentElement.dataset.shown = turn; // all of it is on the page now
    document.title = state.pair ? `${state.pair} · ${this.title}` : this.title;
  }

  /** Show a view below the bar. The bar stays where it is: who types into its search goes on typing. */
  fill(element) {
    const bar = this.controls.element;
    if (bar.parentElement !== this.main) this.main.replaceChildren(bar);
    const others = [...this.main.children].filter((each) => each !== bar && each !== element);
    for (const each of others) each.remove();
    if (element.parentElement !== this.main) bar.after(element);
    element.before(...this.unknown());
    element.after(...this.notes());
  }

  /** What the address names that is not in this run, in a line. */
  unknown() {
    const lost = this.lost.join(", ");
    return lost ? [h("p", { class: "hint", role: "status" }, `Not in this run, though the address names it: ${lost}.`)] : [];
  }

  /** A state with nothing in it that this run does not have. */
  known(state) {
    const { run, start } = this;
    this.title ??= document.title;
    const { pairNumber: pairs, methodNumber: methods, metricNumber: metrics } = run;
    const first = metrics.has(start.sort) ? start.sort : "name";
    // What may stand at a key, and what stands there if something else does.
    const keys = {
      pair: [pairs, ""], of: [methods, start.of], minus: [methods, ""], x: [metrics, ""], y: [metrics, ""],
      sort: [new Set([...metrics.keys(), "name"]), first], view: [new Set(["pairs", "table", "scatter"]), "pairs"],
    };
    const lost = Object.keys(keys).filter((key) => state[key] && !keys[key][0].has(state[key]));
    this.lost = lost.filter((key) => state[key] !== start[key]).map((key) => `${key} ${state[key]}`);
    for (const key of lost) state[key] = keys[key][1];
    state.of ||= start.of;
    state.sort ||= first;
    if (state.minus === state.of) state.minus = "";
    return state;
  }

  notes() {
    return this.run.shownOf ? [h("p", { class: "hint" }, this.run.shownOf)] : [];
  }

  /** The metrics that the report shows first, and that by which pairs are sorted. */
  mainMetrics() {
    const { run, state } = this;
    const names = [...run.start.main, run.start.sort, ...(state.sort === "name" ? [] : [state.sort])];
    return [...new Set(names.map((name) => run.metricNumber.get(name)).filter((metric) => metric !== undefined))];
  }

  metricOptions() {
    const { run } = this;
    const main = this.mainMetrics();
    const option = (metric) => [run.metrics[metric].name, `${run.metrics[metric].shown} ${ARROWS[run.metrics[metric].better]}`];
    const others = run.metrics.map((_, metric) => metric).filter((metric) => !main.includes(metric));
    const groups = [{ label: "main", options: main.map(option) }, { label: "all others", options: others.map(option) }];
    return groups.filter(({ options }) => options.length);
  }

  /** What stands below a composite: its value of the metric by which pairs are sorted. */
  valueOf(pair, method) {
    const metric = this.run.metricNumber.get(this.state.sort);
    return metric === undefined ? "" : this.run.told(metric, pair, method);
  }

  differenceOf(pair) {
    const good = this.good?.[pair];
    if (!Number.isFinite(good)) return null;
    return this.run.metrics[this.run.metricNumber.get(this.state.sort)].better === "higher" ? good : -good;
  }

  sortedBy() {
    const { state, run } = this;
    if (state.sort === "name") return "by name";
    const name = (id) => run.methods[run.methodNumber.get(id)].name;
    return `${state.order} first by ${run.metrics[run.metricNumber.get(state.sort)].shown} of ${name(state.of)}${state.minus ? ` minus ${name(state.minus)}` : ""}`;
  }

  focusSearch() {
    this.controls.search.focus();
    this.controls.search.select();
  }

  /** px of the bar that stays above the rows. */
  bar() {
    const { element } = this.controls;
    return getComputedStyle(element).position === "sticky" ? element.offsetHeight : 0;
  }
}

async function begin() {
  const app = new App(await Run.load());
  await app.show();
  document.documentElement.dataset.ready = "yes";
  await prepare(app.run);
}

const idle = () => new Promise((next) => (window.requestIdleCallback ? requestIdleCallback(next) : setTimeout(next, 100)));

/** Load the other columns while nobody waits, so that the next sort need not. One that is missing is told when asked for. */
async function prepare(run) {
  for (let metric = 0; metric < run.metrics.length; metric++) {
    await idle();
    await run.need(metric).catch(() => null);
  }
}

begin().catch((error) => {
  document.getElementById("main").replaceChildren(h("p", { role: "alert" }, `This page cannot be shown: ${error.message}`));
  throw error;
});

export { number };
