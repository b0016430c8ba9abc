// Which pairs are shown, and in which order. Nothing here touches the page.

/** How good each pair is by a state's metric: larger is better. Failed is −∞, not measured NaN. */
export function goodness(run, state) {
  const metric = run.metricNumber.get(state.sort);
  const of = run.methodNumber.get(state.of);
  const minus = run.methodNumber.get(state.minus);
  const sign = run.metrics[metric].better === "higher" ? 1 : -1;
  return Float64Array.from(run.pairs, (_, pair) => {
    if (run.failure(pair, of)) return minus !== undefined && run.failure(pair, minus) ? NaN : -Infinity;
    if (minus === undefined) return sign * run.value(metric, pair, of);
    if (run.failure(pair, minus)) return Infinity;
    return sign * (run.value(metric, pair, of) - run.value(metric, pair, minus));
  });
}

/** The numbers of the pairs that a state shows, in its order; what has no value comes last. */
export function ordered(run, state) {
  const shown = filtered(run, state);
  if (state.sort === "name") {
    return shown.sort((a, b) => compareNames(run.pairNames[a], run.pairNames[b]));
  }
  const good = goodness(run, state);
  const sign = state.order === "best" ? -1 : 1;
  return shown.sort((a, b) => {
    const [x, y] = [good[a], good[b]];
    if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y) || a - b;
    return x === y ? a - b : sign * (x < y ? -1 : 1);
  });
}

const names = new Intl.Collator("en", { numeric: true });
const compareNames = (a, b) => names.compare(a, b);

/** The numbers of the pairs that a state's filters and search let through. */
export function filtered(run, state) {
  const wanted = state.q.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const strata = run.strata.filter(({ kind }) => state.strata[kind]);
  const found = [];
  for (let pair = 0; pair < run.pairs.length; pair++) {
    if (!wanted.every((word) => run.words[pair].includes(word))) continue;
    if (strata.some(({ kind, of }) => of.at(pair) !== state.strata[kind])) continue;
    if (!letThrough(run, state.failed, pair)) continue;
    found.push(pair);
  }
  return found;
}

function letThrough(run, failed, pair) {
  if (!failed) return true;
  if (run.methodNumber.has(failed)) return Boolean(run.failure(pair, run.methodNumber.get(failed)));
  const any = run.methods.some((_, method) => run.failure(pair, method)) || Boolean(run.reasons.pairs[pair]);
  return failed === "any" ? any : !any;
}

/** The methods that a state shows, by number. */
export function shownMethods(run, state) {
  const wanted = state.show ? state.show.split(",").map((id) => run.methodNumber.get(id)) : [];
  const known = wanted.filter((method) => method !== undefined);
  return known.length ? known : run.methods.map((_, method) => method);
}

/** The place of a method's value of a pair among all pairs, 1 the best, and of how many; null if it has none. */
export function placeOf(run, metric, pair, method) {
  const own = run.value(metric, pair, method);
  if (Number.isNaN(own) || run.failure(pair, method)) return null;
  let place = 1;
  let count = 0;
  for (let other = 0; other < run.pairs.length; other++) {
    const value = run.value(metric, other, method);
    if (Number.isNaN(value)) continue;
    count++;
    if (run.isBetter(metric, value, own)) place++;
  }
  return { place, count };
}
