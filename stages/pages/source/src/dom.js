// Elements, made without markup: whatever a user named becomes a text node or the value of an attribute.

/** An element with attributes and children. `on…` are listeners, `class` and all else are attributes; null is left out. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  set(element, attributes);
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

/** The same for SVG. */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  set(element, attributes);
  element.append(...children);
  return element;
}

function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
}

/** A labelled `select`; `options`: [value, text], or {label, options} for a group. */
export function choice(label, options, value, change, attributes = {}) {
  const select = h("select", { "aria-label": label, ...attributes, onchange: () => change(select.value) }, options.map(option));
  select.value = value;
  return h("label", { class: "choice" }, h("span", {}, label), select);
}

function option(each) {
  if (!Array.isArray(each)) return h("optgroup", { label: each.label }, each.options.map(option));
  return h("option", { value: each[0] }, each[1]);
}

/** A number for people: four digits that count, and words for what is none. */
export function number(value) {
  if (Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e6)) return value.toExponential(2).replace("-", "−");
  const digits = size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : size >= 1 ? 3 : 4;
  return value.toFixed(digits).replace("-", "−");
}

/** `1 pair`, `3,000 pairs`. */
export function counted(count, noun) {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}

export const ARROWS = { higher: "↑", lower: "↓" };
