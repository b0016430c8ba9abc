// A run: its pairs, methods and metrics, and the columns of numbers that were asked for.

import { number } from "./dom.js";
import { numbers, part, texts } from "./data.js";

export class Run {
  static async load() {
    const run = new Run();
    const index = await part("index");
    Object.assign(run, index);
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    for (const method of run.methods) if (dark && method.colour === "#000000") method.colour = "#d8d8d8";
    run.pairNames = index.pairs.map(([name]) => name);
    run.pairNumber = new Map(run.pairNames.map((name, k) => [name, k]));
    run.methodNumber = new Map(index.methods.map((method, k) => [method.id, k]));
    run.metricNumber = new Map(index.metrics.map((metric, k) => [metric.name, k]));
    run.columns = new Map();
    run.givers = await texts(index.gives);
    run.strata = await Promise.all(index.strata.map(async (each) => ({ ...each, of: await texts(each, 1) })));
    run.missing = new Map(Object.entries(index.missing).map(([place, names]) => [place, new Set(names)]));
    run.embedded = await Promise.all(
      index.embedded.map(async (each) => ({ ...each, values: each.values && (await numbers(each.values)) })),
    );
    // What a search looks through: names of the pair, of its images, and of the photos that these were made from.
    run.words = index.pairs.map(([name, ...images]) =>
      [name, ...images.flatMap((image) => index.images[image])].join("\n").toLowerCase(),
    );
    return run;
  }

  /** Load columns of metrics, given by their numbers. */
  async need(...metrics) {
    await Promise.all(
      metrics.map(async (metric) => {
        if (metric === undefined || this.columns.has(metric)) return;
        const found = await part(`m${String(metric).padStart(3, "0")}`);
        const notes = found.n ? await texts(found.n) : null;
        this.columns.set(metric, { values: await numbers(found), notes });
      }),
    );
  }

  /** The value of a metric, NaN if there is none; its column must have been loaded. */
  value(metric, pair, method) {
    return this.columns.get(metric)?.values[pair * this.methods.length + method] ?? NaN;
  }

  /** The same in words, with the reason if there is no finite value. */
  told(metric, pair, method) {
    if (this.failure(pair, method)) return "failed";
    return number(this.value(metric, pair, method));
  }

  /** Why a value is not finite, or nothing. */
  note(metric, pair, method) {
    return this.columns.get(metric)?.notes?.at(pair * this.methods.length + method) ?? "";
  }

  /** What was found of a method's failed result of a pair; nothing if it is none. */
  failure(pair, method) {
    return this.failures[method][pair] ?? "";
  }

  /** The images of a pair: name, name of the photo, what it gives, and whether it gives shape. */
  imagesOf(pair) {
    const [, ...images] = this.pairs[pair];
    const [count, given] = this.givers.at(pair).split("|");
    return images.map((image, k) => ({
      number: image,
      name: this.images[image][0],
      source: this.images[image][1],
      gives: k === 0 ? "identity" : given.split(",")[k],
      shape: k < Number(count),
    }));
  }

  /** Whether a picture is there. */
  has(place, name) {
    return !this.missing.get(place)?.has(name);
  }

  isBetter(metric, a, b) {
    return this.metrics[metric].better === "higher" ? a > b : a < b;
  }
}
