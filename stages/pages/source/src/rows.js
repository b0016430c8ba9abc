// The view of all pairs: rows of pictures, of which only those in sight exist.

import { counted, h, number } from "./dom.js";
import { picture } from "./data.js";
import { shownMethods } from "./order.js";
import { NO_FILTER } from "./state.js";

const GAP = 8;
const HEAD = 36; // px of a row's title
const CAPTION = 44; // px below a picture
const LEAST = 104; // px of a picture; with less room, a row has several lines
const BEYOND = 600; // px above and below the window for which rows are made

export class Rows {
  constructor(app) {
    this.app = app;
    this.rows = new Map(); // by place in the order
    this.list = h("div", { class: "rows", role: "list", "aria-label": "pairs" });
    this.none = h("p", { class: "hint" });
    this.element = h("section", { class: "view" }, this.none, this.list);
    this.onScroll = () => this.fill();
    this.onResize = () => this.layout();
    this.current = 0;
  }

  open() {
    addEventListener("scroll", this.onScroll, { passive: true });
    addEventListener("resize", this.onResize);
    this.layout();
  }

  close() {
    removeEventListener("scroll", this.onScroll);
    removeEventListener("resize", this.onResize);
  }

  /** Show another order, or other methods. */
  layout() {
    const { run, state, order } = this.app;
    const width = this.list.clientWidth;
    const sources = Math.max(2, ...run.pairs.slice(0, 5000).map((pair) => pair.length - 1));
    const cells = sources + 1 + shownMethods(run, state).length;
    this.perLine = Math.min(cells, Math.max(3, Math.floor((width + GAP) / (LEAST + GAP))));
    this.size = Math.min(this.app.thumbnail, Math.floor((width - GAP * (this.perLine - 1)) / this.perLine));
    this.sources = sources;
    this.height = HEAD + Math.ceil(cells / this.perLine) * (this.size + CAPTION + GAP) + GAP;
    const none = () => ["No pair is let through by search and filters. ", h("a", { href: this.app.link(NO_FILTER) }, "Show all pairs")];
    this.none.replaceChildren(...(order.length ? [] : none()));
    this.list.hidden = !order.length; // a list without an item is none
    this.list.style.height = `${order.length * this.height}px`;
    this.list.style.setProperty("--cell", `${this.size}px`);
    this.list.style.setProperty("--line", String(this.perLine));
    for (const row of this.rows.values()) row.remove();
    this.rows.clear();
    this.current = Math.min(this.current, Math.max(0, order.length - 1));
    this.fill();
  }

  fill() {
    const { order } = this.app;
    const top = this.list.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor((-top - BEYOND) / this.height));
    const last = Math.min(order.length - 1, Math.floor((-top + innerHeight + BEYOND) / this.height));
    for (const [place, row] of this.rows) {
      if ((place < first || place > last) && !row.contains(document.activeElement)) {
        row.remove();
        this.rows.delete(place);
      }
    }
    for (let place = first; place <= last; place++) {
      if (!this.rows.has(place)) {
        const row = this.row(place);
        this.rows.set(place, row);
        const next = [...this.rows.keys()].filter((other) => other > place).sort((a, b) => a - b)[0];
        this.list.insertBefore(row, next === undefined ? null : this.rows.get(next));
      }
    }
  }

  row(place) {
    const { run, state, order } = this.app;
    const pair = order[place];
    const name = run.pairNames[pair];
    const images = run.imagesOf(pair);
    const link = (extra = {}) => this.app.link({ view: "pairs", pair: name, ...extra });
    const cells = images.map((image) =>
      this.cell(["thumbs", "faces", `${image.name}.webp`], `${image.gives} ${image.source || image.name}`, {
        there: run.has("faces", image.name), title: image.gives || "image", below: image.source || image.name,
      }),
    );
    while (cells.length < this.sources) cells.push(h("div", { class: "cell" }));
    cells.push(
      this.cell(["thumbs", "targets", `${name}.webp`], `target map of ${name}`, {
        there: run.has("targets", name), title: "target map", below: "",
      }),
    );
    for (const method of shownMethods(run, state)) {
      const { id, name: called, colour } = run.methods[method];
      const failure = run.failure(pair, method);
      const below = failure ? `failed: ${failure.split(":")[0]}` : this.app.valueOf(pair, method);
      const cell = this.cell(["thumbs", "composites", id, `${name}.webp`], `${name} by ${called}`, {
        there: run.has(`composites/${id}`, name), title: called, below, href: link({ of: id }), failure,
      });
      cell.style.setProperty("--method", colour);
      cells.push(cell);
    }
    const difference = state.minus ? this.app.differenceOf(pair) : null;
    const facts = [
      `${(place + 1).toLocaleString("en")} of ${counted(order.length, "pair")}`,
      difference === null ? "" : `difference ${number(difference)}`,
    ].filter(Boolean);
    const row = h(
      "article",
      {
        class: "row", role: "listitem", "aria-posinset": place + 1, "aria-setsize": order.length,
        "data-place": place,
      },
      h("h2", {}, h("a", { href: link() }, name), " ", h("span", { class: "facts" }, facts.join(" · "))),
      h("div", { class: "cells" }, cells),
    );
    row.style.transform = `translateY(${place * this.height}px)`;
    row.style.height = `${this.height}px`;
    return row;
  }

  cell(path, alt, { there, title, below, href = null, failure = "" }) {
    const address = there ? picture(...path) : null;
    const shown = address
      ? h("img", { src: address, alt, width: this.size, height: this.size, decoding: "async", loading: "lazy" })
      : h("div", { class: "none" }, failure ? "failed" : "no picture");
    const caption = [h("b", { title }, title), h("span", { title: failure || below }, below)];
    if (!href) return h("div", { class: "cell" }, shown, caption);
    const said = `${alt}${below ? `, ${below}` : ""}`;
    return h("a", { class: failure ? "cell method failed" : "cell method", href, "aria-label": said }, shown, caption);
  }

  /** Go to a row by the keyboard. */
  go(step) {
    const { order } = this.app;
    const held = document.activeElement?.closest?.(".row")?.dataset.place;
    const from = held === undefined ? this.firstInSight() - (step > 0 ? 1 : 0) : Number(held);
    this.current = Math.max(0, Math.min(order.length - 1, from + step));
    this.show(this.current);
  }

  firstInSight() {
    const top = this.list.getBoundingClientRect().top - this.app.bar();
    return Math.max(0, Math.ceil(-top / this.height));
  }

  /** Bring a row into sight, and the focus to it. */
  show(place) {
    if (!this.app.order.length) return;
    const top = this.list.getBoundingClientRect().top + scrollY + place * this.height - this.app.bar();
    const bottom = top + this.height + this.app.bar();
    if (top < scrollY || bottom > scrollY + innerHeight) scrollTo(0, Math.max(0, top));
    this.fill();
    this.rows.get(place)?.querySelector("a")?.focus({ preventScroll: true });
  }
}

