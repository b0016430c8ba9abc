// The bar above all views: which view, search, order, filters, methods.

import { choice, counted, h } from "./dom.js";
import { shownMethods } from "./order.js";
import { NO_FILTER } from "./state.js";

const VIEWS = [["pairs", "Pairs"], ["table", "Table"], ["scatter", "Scatter"]];

export class Controls {
  constructor(app) {
    this.app = app;
    this.search = h("input", {
      type: "search", placeholder: "pair or image", "aria-label": "search for a pair or an image", autocomplete: "off", spellcheck: "false",
      oninput: () => app.go({ q: this.search.value, pair: "" }, true),
      onkeydown: (event) => event.key === "Escape" && this.search.blur(),
    });
    this.tabs = h("nav", { class: "tabs", "aria-label": "views" });
    this.said = h("span", { class: "count", role: "status" });
    this.more = h("details", { class: "filters" }, h("summary", {}, "Order and filters"));
    this.inside = h("div", { class: "controls" });
    this.more.append(this.inside);
    if (innerWidth > 900) this.more.open = true;
    this.element = h("div", { class: "bar" },
      h("div", { class: "line" }, this.tabs, this.search, this.said,
        h("button", { type: "button", onclick: () => app.help.open() }, "Keys")),
      this.more);
  }

  /** Bring the controls in line with the state. */
  update() {
    const { app } = this;
    const { run, state, order } = app;
    if (Boolean(state.pair) !== this.inPair) {
      // A pair has room for its pictures; the filters come back with the rows.
      if (state.pair) this.wasOpen = this.more.open;
      this.more.open = !state.pair && (this.wasOpen ?? this.more.open);
      this.inPair = Boolean(state.pair);
    }
    this.tabs.replaceChildren(...VIEWS.map(([view, name]) =>
      h("a", { href: app.link({ view, pair: "" }), "aria-current": state.view === view && !state.pair ? "page" : null }, name)));
    if (document.activeElement !== this.search) this.search.value = state.q;
    const filtered = order.length < run.pairs.length;
    this.said.replaceChildren(filtered ? `${order.length.toLocaleString("en")} of ${counted(run.pairs.length, "pair")}` : counted(order.length, "pair"));
    const held = document.activeElement?.id;
    this.inside.replaceChildren(...this.choices());
    if (held) document.getElementById(held)?.focus();
  }

  choices() {
    const { app } = this;
    const { run, state } = app;
    const methods = run.methods.map(({ id, name }) => [id, name]);
    const select = (key, label, options) => choice(label, options, state[key], (value) => app.go({ [key]: value }, true), { id: `choose-${key}` });
    const shown = shownMethods(run, state);
    const failed = [["", "all pairs"], ["any", "something failed"], ["none", "nothing failed"], ...run.methods.map(({ id, name }) => [id, `${name} failed`])];
    const chosen = Object.values(state.strata).filter(Boolean).length;
    return [
      select("sort", "sort by", [["name", "name of the pair"], ...app.metricOptions()]),
      select("of", "of", methods),
      select("minus", "minus", [["", "nothing"], ...methods.filter(([id]) => id !== state.of)]),
      select("order", "first", [["worst", "worst"], ["best", "best"]]),
      select("failed", "show", failed),
      h("fieldset", {}, h("legend", {}, "methods"), run.methods.map(({ id, name, key, colour }, method) => {
        const box = h("input", { type: "checkbox", id: `show-${id}`, onchange: () => {
          const next = run.methods.map((_, k) => k).filter((k) => (k === method ? box.checked : shown.includes(k)));
          app.go({ show: next.length === run.methods.length ? "" : next.map((k) => run.methods[k].id).join(",") }, true);
        } });
        box.checked = shown.includes(method);
        box.disabled = box.checked && shown.length === 1; // one is always shown
        const label = h("label", {}, box, name, key ? h("kbd", {}, key) : "");
        label.style.setProperty("--method", colour);
        return label;
      })),
      run.strata.length
        ? h("details", { class: "strata-choice", open: chosen > 0 || this.strataOpen, ontoggle: (event) => (this.strataOpen = event.target.open) },
          h("summary", {}, chosen ? `Strata (${chosen})` : "Strata"),
          h("div", { class: "controls" }, run.strata.map(({ kind, title, t }) =>
            choice(title, [["", "all"], ...t.map((each) => [each, each])], state.strata[kind] ?? "",
              (value) => app.go({ strata: { ...state.strata, [kind]: value } }, true), { id: `choose-s-${kind.replaceAll(" ", "-")}` }))))
        : "",
      h("a", { href: app.link({ ...NO_FILTER, show: "", minus: "" }), class: "button" }, "Clear"),
    ];
  }
}
