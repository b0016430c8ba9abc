// Which pictures there are of a pair, in the order in which they came about: where a fault is first seen, it was made.

import { number } from "./dom.js";
import { isSingle } from "./data.js";
import { shownMethods } from "./order.js";

/** Groups of pictures: {title, hint, pictures: [{key, path, place, name, title, below, method}]}. */
export function evidence(run, state, pair) {
  const name = run.pairNames[pair];
  const images = run.imagesOf(pair);
  const methods = shownMethods(run, state).map((method) => ({ ...run.methods[method], number: method }));
  const folder = isSingle ? "thumbs" : "images";
  const of = (key, place, file, title, below = "", more = {}) => ({
    key, place, file, path: [folder, ...place.split("/"), `${file}.webp`], title, below, ...more,
  });
  const groups = [
    {
      title: "Images",
      hint: "What the pair is made of. If a face is turned away, covered or cut off, no method has enough to go by.",
      pictures: images.map((image, k) =>
        of(`image${k}`, "faces", image.name, image.gives || "image", image.source || image.name),
      ),
    },
  ];
  const target = of("target", "targets", name, "target map");
  if (isSingle) {
    groups.push({ title: "Target map", hint: "", pictures: [target] });
  } else {
    groups.push(
      {
        title: "Label maps",
        hint: "If hair or face is labelled wrongly here, the parser did it, and all later steps follow it.",
        pictures: images.map((image, k) => of(`map${k}`, "maps", image.name, `map of ${image.gives || "image"}`)),
      },
      {
        title: "Target map",
        hint: "What the composite should show where. If the label maps are right and this is wrong, the target map did it.",
        pictures: [target],
      },
    );
    const codes = run.embedded.filter(({ id }) => methods.some((method) => method.code === id || id === `external-${method.id}`));
    for (const code of codes) {
      groups.push({
        title: `Embedding, ${code.name}`,
        hint: "What the code of an image renders to, and its error. What is lost here, the alignment and the blend cannot bring back.",
        pictures: images.flatMap((image, k) => [
          of(`${code.id}${k}`, `reconstructions/${code.id}`, image.name, `${image.gives || "image"}, ${code.name}`,
            code.values ? `${run.rank.name} ${number(code.values[image.number])}` : ""),
          of(`${code.id}error${k}`, `reconstruction-errors/${code.id}`, image.name, `error of ${image.gives || "image"}, ${code.name}`),
        ]),
      });
    }
    for (const method of methods.filter(({ aligned }) => aligned)) {
      groups.push({
        title: `Alignment, ${method.name}`,
        hint: "Each image's code, brought to the shape of the target map. If one is wrong here and its embedding is right, the alignment did it.",
        pictures: images.filter(({ shape }) => shape).map((image, k) =>
          of(`${method.id}aligned${k}`, `aligned/${method.id}`, `${name}-${k}`, `${image.gives}, aligned by ${method.name}`, image.name, {
            there: `aligned/${method.id}`, of: name,
          }),
        ),
      });
    }
  }
  groups.push({
    title: "Composites",
    hint: isSingle ? "" : "If all pictures above are right and this one is wrong, the blend did it.",
    pictures: methods.map((method) =>
      of(method.id, `composites/${method.id}`, name, method.name, "", { method: method.number, colour: method.colour }),
    ),
  });
  if (!isSingle) {
    groups.push({
      title: "Error maps",
      hint: "The composite against the image that each pixel is taken from. Dark: equal. Bright: 0.4 or more of [0, 1] apart. Grey: no image shows what should be there.",
      pictures: methods.map((method) => of(`${method.id}error`, `errors/${method.id}`, name, `error of ${method.name}`)),
    });
  }
  return groups;
}
