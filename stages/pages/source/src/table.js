// The table: a row a pair, a column a metric and method; it sorts, and can be had as CSV.

import { Tabulator, SortModule, FormatModule, DownloadModule, ExportModule, ResizeColumnsModule, FrozenColumnsModule, ResizeTableModule, InteractionModule } from "tabulator-tables";
import { ARROWS, h, number } from "./dom.js";
import { shownMethods } from "./order.js";

Tabulator.registerModule([SortModule, FormatModule, DownloadModule, ExportModule, ResizeColumnsModule, FrozenColumnsModule, ResizeTableModule, InteractionModule]);

/** A cell of CSV: quoted where it must be, and never a formula to a spreadsheet. */
export function csvCell(value) {
  if (typeof value === "number") return Number.isNaN(value) ? "" : String(Number(value.toPrecision(5)));
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export class Table {
  constructor(app) {
    this.app = app;
    this.controls = h("div", { class: "controls" });
    this.place = h("div", { class: "grid" });
    this.element = h("section", { class: "view table" }, this.controls, this.place);
  }

  metrics() {
    const { run, state } = this.app;
    if (state.columns === "all") return run.metrics.map((_, metric) => metric);
    const one = run.metricNumber.get(state.columns);
    return one === undefined ? this.app.mainMetrics() : [one];
  }

  needs() {
    return this.metrics();
  }

  columns() {
    const { run, state } = this.app;
    const methods = shownMethods(run, state);
    const first = [
      { field: "pair", title: "pair", frozen: innerWidth > 600 },
      { field: "identity", title: "identity" },
      { field: "others", title: "taken from" },
      { field: "failed", title: "failed" },
    ];
    const values = this.metrics().flatMap((metric) =>
      methods.map((method) => ({
        field: `v${metric}-${method}`, metric, method,
        title: `${run.metrics[metric].shown} ${ARROWS[run.metrics[metric].better]}, ${run.methods[method].name}`,
      })),
    );
    const strata = run.strata.map((each, k) => ({ field: `s${k}`, title: each.title, stratum: each }));
    return { first, values, strata };
  }

  rows({ values, strata }) {
    const { run, order } = this.app;
    return order.map((pair) => {
      const [identity, ...others] = run.imagesOf(pair);
      const row = {
        number: pair, pair: run.pairNames[pair], identity: identity.source || identity.name,
        others: others.map(({ name, source }) => source || name).join(", "),
        failed: run.methods.filter((_, method) => run.failure(pair, method)).map(({ name }) => name).join(", "),
      };
      for (const { field, metric, method } of values) row[field] = run.failure(pair, method) ? NaN : run.value(metric, pair, method);
      for (const { field, stratum } of strata) row[field] = stratum.of.at(pair);
      return row;
    });
  }

  open() {
    const { run, state } = this.app;
    const choices = [["main", "main metrics"], ["all", "all metrics"], ...this.app.metricOptions()];
    this.controls.replaceChildren(
      this.app.choice("columns", choices, state.columns, (columns) => this.app.go({ columns }, true)),
      h("button", { type: "button", onclick: () => this.download() }, "Download as CSV"),
      h("span", { class: "facts" }, "The rows are the pairs that are searched and filtered. Numbers have 5 digits, rounded to 0.05 %."),
    );
    const text = (title) => () => document.createTextNode(title);
    const value = (a, b) => (Number.isNaN(a) || Number.isNaN(b) ? 0 : a - b);
    // What has no value stays at the end, whichever way is sorted.
    const numeric = (a, b, _x, _y, _column, direction) => {
      if (Number.isNaN(a) || Number.isNaN(b)) return (Number.isNaN(a) - Number.isNaN(b)) * (direction === "asc" ? 1 : -1);
      return a === b ? 0 : value(a, b);
    };
    const { first, values, strata } = this.columns();
    const columns = [
      ...first.map((each) => ({
        ...each, titleFormatter: text(each.title), sorter: "string",
        formatter: each.field === "pair" ? (cell) => this.link(cell) : (cell) => document.createTextNode(cell.getValue()),
      })),
      ...values.map(({ field, title }) => ({
        field, title, titleFormatter: text(title), sorter: numeric, hozAlign: "right", width: 130,
        formatter: (cell) => document.createTextNode(number(cell.getValue())),
      })),
      ...strata.map(({ field, title }) => ({
        field, title, titleFormatter: text(title), sorter: "string", formatter: (cell) => document.createTextNode(cell.getValue()),
      })),
    ];
    this.close();
    this.rowsShown = this.rows(this.columns());
    const place = h("div");
    this.place.replaceChildren(place);
    this.table = new Tabulator(place, {
      data: this.rowsShown, columns, layout: "fitData", maxHeight: "100%", index: "number", renderHorizontal: "virtual",
      columnDefaults: { headerWordWrap: true, minWidth: 90, resizable: "header" }, placeholder: "no pair is let through",
    });
    this.table.on("tableBuilt", () => this.place.contains(place) && this.name());
  }

  /** What a screen reader is told of the table: Tabulator leaves out a name, and what is between grid and rows. */
  name() {
    const grid = this.place.querySelector(".tabulator");
    grid.setAttribute("aria-label", "pairs and their numbers");
    grid.removeAttribute("aria-owns");
    grid.querySelector(".tabulator-tableholder").setAttribute("role", "rowgroup");
    grid.querySelector(".tabulator-table").setAttribute("role", "presentation");
  }

  link(cell) {
    return h("a", { href: this.app.link({ view: "pairs", pair: cell.getValue() }) }, cell.getValue());
  }

  close() {
    const { table } = this;
    this.table = null;
    // Tabulator builds itself a little later, which must not find it destroyed.
    if (table?.initialized) table.destroy();
    else table?.on("tableBuilt", () => table.destroy());
  }

  download() {
    const { first, values, strata } = this.columns();
    const columns = [...first, ...values, ...strata];
    const rows = this.table.getData("active");
    const lines = [columns.map(({ title }) => csvCell(title)), ...rows.map((row) => columns.map(({ field }) => csvCell(row[field])))];
    const file = new Blob([`${lines.map((line) => line.join(",")).join("\r\n")}\r\n`], { type: "text/csv" });
    const link = h("a", { href: URL.createObjectURL(file), download: "pairs.csv" });
    link.click();
    URL.revokeObjectURL(link.href);
  }
}
