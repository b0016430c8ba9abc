// The view of one pair: all its pictures with one zoom, two of them laid over each other, its numbers, why it failed.

import { counted, h } from "./dom.js";
import { isSingle, picture } from "./data.js";
import { evidence } from "./evidence.js";
import { numbersTable } from "./numbers.js";
import { shownMethods } from "./order.js";
import { Zoom } from "./zoom.js";

export class PairView {
  constructor(app) {
    this.app = app;
    this.element = h("article", { class: "view pair" });
    this.zoom = new Zoom(this.element, (z) => this.told?.replaceChildren(`${z.toFixed(1)} ×`));
    this.shown = null;
  }

  open() {
    const { run, state, order } = this.app;
    const pair = run.pairNumber.get(state.pair);
    const place = order.indexOf(pair);
    const name = run.pairNames[pair];
    if (this.shown !== name) this.zoom.reset();
    const isNew = this.shown !== name;
    this.shown = name;
    this.groups = evidence(run, state, pair);
    this.pictures = new Map(this.groups.flatMap(({ pictures }) => pictures).map((each) => [each.key, each]));
    const to = (step) => {
      const other = order[place + step];
      return place >= 0 && other !== undefined ? this.app.link({ pair: run.pairNames[other] }) : null;
    };
    const step = (by, text, label) =>
      to(by)
        ? h("a", { href: to(by), class: "button", "aria-label": label }, text)
        : h("span", { class: "button off", "aria-hidden": "true" }, text);
    const images = run.imagesOf(pair);
    this.told = h("span", { class: "told" }, `${this.zoom.z.toFixed(1)} ×`);
    this.element.replaceChildren(
      h("nav", { class: "steps", "aria-label": "pairs" },
        h("a", { href: this.app.link({ pair: "" }), class: "button" }, "All pairs"),
        step(-1, "‹ Previous", "previous pair"),
        h("span", { class: "facts" }, place < 0 ? "not among the pairs that are filtered" : `${(place + 1).toLocaleString("en")} of ${counted(order.length, "pair")}, ${this.app.sortedBy()}`),
        step(1, "Next ›", "next pair"),
      ),
      h("h2", { tabindex: -1 }, name),
      h("p", { class: "facts" }, images.map(({ name: image, source, gives }) => `${gives || "also"}: ${image}${source ? ` (${source})` : ""}`).join(" · ")),
      this.strata(pair),
      this.failures(pair, images),
      h("div", { class: "beside" }, h("div", { class: "left" }, this.comparison(), h("div", { class: "zoom", role: "group", "aria-label": "zoom of all pictures" },
        h("button", { type: "button", onclick: () => this.zoom.out(), "aria-label": "zoom out" }, "−"),
        this.told,
        h("button", { type: "button", onclick: () => this.zoom.in(), "aria-label": "zoom in" }, "+"),
        h("button", { type: "button", onclick: () => this.zoom.reset() }, "Whole pictures"),
        h("p", { class: "hint" }, "A click on a picture lays it on the right of the comparison, with Shift on the left."),
      )), h("div", { class: "right" }, this.groups.map((group) => this.group(group)), isSingle ? "" : this.legend())),
      this.numbers(pair),
    );
    if (isNew) scrollTo(0, 0);
  }

  close() {}

  strata(pair) {
    const { run } = this.app;
    const chips = run.strata
      .filter(({ of }) => of.at(pair) !== "unknown")
      .map(({ kind, title, of }) =>
        h("li", {}, h("a", { href: this.app.link({ pair: "", strata: { [kind]: of.at(pair) } }), "aria-label": `all pairs with ${title} ${of.at(pair)}` }, `${title}: ${of.at(pair)}`)),
      );
    return chips.length ? h("details", { class: "strata" }, h("summary", {}, "Strata"), h("ul", { class: "chips" }, chips)) : "";
  }

  failures(pair, images) {
    const { run } = this.app;
    const lines = run.methods
      .map((method, k) => [method.name, run.failure(pair, k)])
      .filter(([, found]) => found)
      .map(([name, found]) => `${name} failed: ${found}`);
    for (const image of images) for (const line of run.reasons.images[image.number] ?? []) lines.push(`${image.name}, ${line}`);
    lines.push(...(run.reasons.pairs[pair] ?? []));
    return lines.length ? h("ul", { class: "failures", "aria-label": "what failed" }, lines.map((line) => h("li", {}, line))) : "";
  }

  /** Two pictures over each other, with a slider between them. */
  comparison() {
    const { run, state } = this.app;
    const first = (keys) => keys.find((key) => this.pictures.has(key));
    const methods = shownMethods(run, state).map((method) => run.methods[method].id);
    const left = first([state.left, "image0"]);
    const right = first([state.right, state.of, ...methods]);
    const options = this.groups.map(({ title, pictures }) => ({ label: title, options: pictures.map(({ key, title: each, below }) => [key, below ? `${each}, ${below}` : each]) }));
    const select = (label, side, value) => this.app.choice(label, options, value, (key) => this.app.go({ [side]: key }, true));
    const over = this.frame(this.pictures.get(right));
    over.classList.add("over");
    const slider = h("input", {
      type: "range", min: 0, max: 100, value: 50, step: 1, "aria-label": "border between the left and the right picture",
      oninput: () => stage.style.setProperty("--cut", `${slider.value}%`),
    });
    const stage = h("div", { class: "stage" }, this.frame(this.pictures.get(left)), over, h("div", { class: "border", "aria-hidden": "true" }));
    stage.style.setProperty("--cut", "50%");
    return h("section", { class: "comparison", "aria-label": "comparison of two pictures" },
      h("div", { class: "controls" }, select("left", "left", left), select("right", "right", right)), stage, slider);
  }

  frame({ path, place, file, title, there = place, of = file }) {
    const { run } = this.app;
    const address = run.has(there, of) ? picture(...path) : null;
    return h("div", { class: "frame" },
      address ? h("img", { src: address, alt: title, decoding: "async", draggable: "false" }) : h("div", { class: "none" }, "no picture"));
  }

  group({ title, hint, pictures }) {
    const { run, state } = this.app;
    const pair = run.pairNumber.get(state.pair);
    return h("section", { class: "group" },
      h("h3", {}, title), hint ? h("p", { class: "hint" }, hint) : "",
      h("div", { class: "pictures" }, pictures.map((each) => {
        const failed = each.method === undefined ? "" : run.failure(pair, each.method);
        const value = each.method === undefined || failed ? "" : this.app.valueOf(pair, each.method);
        const button = h("button", {
          type: "button", class: failed ? "picture failed" : "picture", "aria-label": `compare ${[each.title, each.below].filter(Boolean).join(", ")}`,
          onclick: (event) => this.app.go(event.shiftKey ? { left: each.key } : { right: each.key }, true),
        }, this.frame(each));
        if (each.colour) button.style.setProperty("--method", each.colour);
        return h("figure", {}, button, h("figcaption", {}, h("b", {}, each.title), " ", h("span", {}, failed ? `failed: ${failed}` : each.below || value)));
      })));
  }

  legend() {
    const { run } = this.app;
    return h("section", { class: "group" }, h("h3", {}, "Labels"), h("ul", { class: "legend" }, run.labels.map(([label, colour]) => {
      const swatch = h("span", { class: "swatch", "aria-hidden": "true" });
      swatch.style.setProperty("background", colour);
      return h("li", {}, swatch, label);
    })));
  }

  numbers(pair) {
    const { run, state } = this.app;
    const section = h("section", { class: "group" }, h("h3", {}, "Numbers"),
      h("p", { class: "hint" }, "Beside each number the same metric of all pairs and shown methods: a line is a method's value of this pair. A place of 1 is the best. ↑: higher is better."));
    const main = this.app.mainMetrics();
    const place = h("div");
    const all = h("details", { ontoggle: () => all.open && this.all(pair, inside) }, h("summary", {}, `All ${counted(run.metrics.length, "metric")}`));
    const inside = h("div");
    all.append(inside);
    section.append(place, run.metrics.length > main.length ? all : "", run.marks ? h("p", { class: "hint" }, run.marks) : "");
    run.need(...main).then(() => place.replaceChildren(numbersTable(run, state, pair, main)));
    return section;
  }

  async all(pair, place) {
    const { run, state } = this.app;
    const every = run.metrics.map((_, metric) => metric);
    await run.need(...every);
    place.replaceChildren(numbersTable(run, state, pair, every));
  }

  /** Go to the pair before or after by the keyboard. */
  step(by) {
    const { run, order, state } = this.app;
    const other = order[order.indexOf(run.pairNumber.get(state.pair)) + by];
    if (other !== undefined) this.app.go({ pair: run.pairNames[other] });
  }
}
