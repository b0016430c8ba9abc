// Bundles the gallery's page into stages/pages/assets: one script, one style, and the licences of the libraries in it.
// The same sources give the same bytes. The first line carries a digest of the sources, so that a test without Node can
// tell whether the bundle is theirs.

import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2] ?? join(here, "../assets");
const sources = [...readdirSync(join(here, "src")).sort().map((name) => `src/${name}`), "build.mjs", "package.json", "package-lock.json"];
const digest = createHash("sha256");
for (const name of sources) digest.update(`${name}\n`).update(readFileSync(join(here, name)));
const banner = `/* Made by \`make page\` from stages/pages/source. Sources: ${digest.digest("hex")} */`;

const options = { absWorkingDir: here, bundle: true, minify: true, legalComments: "none", charset: "utf8", logLevel: "warning" };
const script = await esbuild.build({
  ...options, entryPoints: ["src/main.js"], format: "iife", target: "es2022", outfile: join(out, "gallery.js"),
  banner: { js: banner }, metafile: true,
});
await esbuild.build({ ...options, entryPoints: ["src/gallery.css"], outfile: join(out, "gallery.css"), banner: { css: banner } });

const packages = new Set(["tabulator-tables"]);
for (const path of Object.keys(script.metafile.inputs)) {
  const found = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path);
  if (found) packages.add(found[1]);
}
const licences = [...packages].sort().map((name) => {
  const folder = join(here, "node_modules", name);
  const { version, license } = JSON.parse(readFileSync(join(folder, "package.json")));
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  const text = readFileSync(join(folder, file), "utf8").replaceAll("\r\n", "\n").trim();
  return `${name} ${version} (${license})\n\n${text}\n`;
});
const rule = `\n${"-".repeat(80)}\n\n`;
writeFileSync(join(out, "THIRD-PARTY.txt"), `What gallery.js and gallery.css hold of others.\n${rule}${licences.join(rule)}`);
