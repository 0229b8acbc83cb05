// Bundles the page: build.mjs OUT writes brief.js, brief.css and licences.txt into OUT.
import { readdir, readFile, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import * as esbuild from "esbuild";

const out = process.argv[2] ?? "out";

async function bundle() {
  const result = await esbuild.build({
    entryPoints: { brief: "src/main.js" },
    outdir: out,
    bundle: true,
    minify: true,
    charset: "utf8",
    format: "iife",
    target: ["es2022"],
    legalComments: "none",
    metafile: true,
    logLevel: "warning",
  });
  return Object.keys(result.metafile.inputs);
}

function packagesOf(inputs) {
  const names = inputs
    .filter((file) => file.startsWith("node_modules/"))
    .map((file) => file.split("/").slice(1))
    .map((parts) => parts.slice(0, parts[0].startsWith("@") ? 2 : 1).join("/"));
  return [...new Set(names)].sort();
}

async function licenceOf(name) {
  const folder = path.join("node_modules", name);
  const about = JSON.parse(await readFile(path.join(folder, "package.json"), "utf8"));
  const file = (await readdir(folder)).find((each) => /^licen[cs]e/i.test(each));
  if (!file) throw new Error(`${name} has no licence file`);
  const text = (await readFile(path.join(folder, file), "utf8")).trim();
  return `${name} ${about.version} (${about.license})\n\n${text}\n`;
}

await mkdir(out, { recursive: true });
const texts = await Promise.all(packagesOf(await bundle()).map(licenceOf));
await writeFile(path.join(out, "licences.txt"), texts.join(`\n${"-".repeat(72)}\n\n`));
