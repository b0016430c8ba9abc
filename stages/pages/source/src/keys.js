// Keys, and the help that lists them.

import { h } from "./dom.js";

const MEANINGS = [
  ["↑ ↓", "the pair above or below; in a pair: scroll"],
  ["← →", "in a pair: the one before or after"],
  ["Enter", "open the pair"],
  ["Esc", "back to all pairs; leave the search"],
  ["/", "search"],
  ["+ − 0", "in a pair: zoom in, zoom out, whole pictures"],
  ["1 2 3", "pairs, table, scatter"],
  ["?", "this help"],
];

export class Help {
  constructor(app) {
    this.app = app;
    this.on = h("input", { type: "checkbox", checked: true });
    this.dialog = h("dialog", { "aria-labelledby": "keys-title" });
    document.body.append(this.dialog);
    this.dialog.addEventListener("click", (event) => event.target === this.dialog && this.dialog.close());
  }

  open() {
    const methods = this.app.run.methods.filter(({ key }) => key).map(({ key, name }) => [key, `choose ${name}: sort by it, compare it`]);
    this.dialog.replaceChildren(
      h("h2", { id: "keys-title" }, "Keys"),
      h("table", {}, h("tbody", {}, [...MEANINGS, ...methods].map(([keys, meaning]) =>
        h("tr", {}, h("th", { scope: "row" }, keys.split(" ").map((key) => h("kbd", {}, key))), h("td", {}, meaning))))),
      h("p", {}, h("label", {}, this.on, " keys without Ctrl work")),
      h("form", { method: "dialog" }, h("button", {}, "Close")),
    );
    this.dialog.showModal();
  }
}

/** Listen to keys. Those that are typed into a field, or with Ctrl, Alt or Meta, are left to the browser. */
export function listen(app) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || app.help.dialog.open) return;
    const field = event.target.closest?.("input:not([type=checkbox]), select, textarea, [contenteditable]");
    if (field || !app.help.on.checked) return;
    if (act(app, event.key)) event.preventDefault();
  });
}

function act(app, key) {
  const { run, state } = app;
  const inPair = state.pair !== "";
  const views = { 1: "pairs", 2: "table", 3: "scatter" };
  const method = run.methods.find((each) => each.key === key.toLowerCase() && key.length === 1);
  if (key === "/") app.focusSearch();
  else if (key === "?") app.help.open();
  else if (views[key]) app.go({ view: views[key], pair: "" });
  else if (key === "Escape" && inPair) app.go({ pair: "" });
  else if (method) app.go({ of: method.id, ...(inPair ? { right: method.id } : {}) }, true);
  else if (inPair && key === "ArrowLeft") app.views.pair.step(-1);
  else if (inPair && key === "ArrowRight") app.views.pair.step(1);
  else if (inPair && (key === "+" || key === "=")) app.views.pair.zoom.in();
  else if (inPair && key === "-") app.views.pair.zoom.out();
  else if (inPair && key === "0") app.views.pair.zoom.reset();
  else if (!inPair && state.view === "pairs" && key === "ArrowDown") app.views.pairs.go(1);
  else if (!inPair && state.view === "pairs" && key === "ArrowUp") app.views.pairs.go(-1);
  else return false;
  return true;
}
