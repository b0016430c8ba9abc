// The page's data: parts that are scripts in a folder beside it, or JSON in the page itself; and numbers unpacked.

const folder = document.body.dataset.folder;
const parts = new Map(); // name: {promise, resolve}

function entry(name) {
  if (!parts.has(name)) {
    const one = {};
    one.promise = new Promise((resolve, reject) => Object.assign(one, { resolve, reject }));
    parts.set(name, one);
  }
  return parts.get(name);
}

window.galleryData = (name, content) => entry(name).resolve(content);

/** A part of the data by its name. */
export function part(name) {
  const inside = document.querySelector(`script[data-part="${name}"]`);
  if (inside) return Promise.resolve(JSON.parse(inside.textContent));
  const one = entry(name);
  if (!one.asked && name !== "index") {
    one.asked = true;
    const script = document.createElement("script");
    script.src = `${folder}/data/${name}.js`;
    script.onerror = () => one.reject(new Error(`${script.src} is not there`));
    document.head.append(script);
  }
  return one.promise;
}

export const isSingle = folder === "";
let inside = null;

/** The address of a picture, by its parts: ["images", "composites", "barbershop", "pair-0000.webp"]. */
export function picture(...path) {
  if (!isSingle) return [folder, ...path.map(encodeURIComponent)].join("/");
  inside ??= JSON.parse(document.querySelector('script[data-part="pictures"]')?.textContent ?? "{}");
  return inside[path.join("/")] ?? null;
}

async function inflated(text, width) {
  const packed = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const turned = new Uint8Array(await new Response(stream).arrayBuffer());
  if (width === 1) return turned;
  const count = turned.length / 2;
  const whole = new Uint16Array(count);
  for (let k = 0; k < count; k++) whole[k] = turned[k] | (turned[count + k] << 8);
  return whole;
}

let halves = null;

/** The values of all 16-bit floats. */
function halfFloats() {
  if (halves) return halves;
  halves = new Float64Array(65536);
  for (let bits = 0; bits < 65536; bits++) {
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    const size =
      exponent === 31 ? (fraction ? NaN : Infinity)
      : exponent === 0 ? fraction * 2 ** -24
      : (1 + fraction / 1024) * 2 ** (exponent - 15);
    halves[bits] = bits & 0x8000 ? -size : size;
  }
  return halves;
}

/** Numbers as `stages.pages.columns.packed` packs them. */
export async function numbers({ s, v }) {
  const table = halfFloats();
  const factor = 2 ** -s;
  const bits = await inflated(v, 2);
  const values = new Float64Array(bits.length);
  for (let k = 0; k < bits.length; k++) values[k] = table[bits[k]] * factor;
  return values;
}

/** Texts as `stages.pages.columns.coded` codes them: a function from a place to its text. */
export async function texts({ t, v }, width = 2) {
  const codes = await inflated(v, width);
  return { codes, values: t, at: (place) => t[codes[place]] };
}
