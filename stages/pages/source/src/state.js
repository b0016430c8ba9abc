// What the page shows, as the part of its address behind #: every view and every pair has a link.

export const DEFAULTS = {
  view: "pairs", // pairs, table or scatter
  pair: "", // the pair that is looked into
  sort: "", // a metric, or `name`
  of: "", // the method by which pairs are sorted
  minus: "", // another one: sorted by the difference
  order: "worst",
  show: "", // methods, with commas; empty: all
  q: "",
  failed: "", // any, none, or a method
  x: "",
  y: "",
  columns: "main", // of the table: main, all, or a metric
  left: "", // of the comparison of two pictures
  right: "",
};
export const NO_FILTER = { q: "", failed: "", strata: {} };
const OWN = Object.keys(DEFAULTS);

/** The state that an address holds; keys that are no state of their own are strata. */
export function parse(hash, start) {
  const given = Object.fromEntries(new URLSearchParams(hash.replace(/^#/, "")));
  const state = { ...DEFAULTS, ...start, strata: {} };
  for (const [key, value] of Object.entries(given)) {
    if (OWN.includes(key)) state[key] = value;
    else if (key.startsWith("s.")) state.strata[key.slice(2)] = value;
  }
  return state;
}

/** The address of a state: only what is not as at the start. */
export function format(state, start) {
  const first = { ...DEFAULTS, ...start };
  const written = new URLSearchParams();
  for (const key of OWN) if (state[key] !== first[key]) written.set(key, state[key]);
  for (const [kind, value] of Object.entries(state.strata)) if (value) written.set(`s.${kind}`, value);
  return `#${written}`;
}
