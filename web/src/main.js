// Starts the page: reads its data, then brings map, switches, table and languages to life.
import "ol/ol.css";
import { startControls } from "./controls.js";
import { startLanguages } from "./language.js";
import { decodeLine } from "./line.js";
import { startMap } from "./map.js";
import { startTable } from "./table.js";

function readData() {
  return JSON.parse(document.getElementById("data").textContent);
}

function revealScripted() {
  for (const element of document.querySelectorAll(".script-only")) element.hidden = false;
  for (const element of document.querySelectorAll(".no-script")) element.hidden = true;
}

function start() {
  const data = readData();
  const language = startLanguages(data.catalogues, data.zone);
  revealScripted();
  if (!data.line) return;
  const line = decodeLine(data.line);
  const map = startMap(data, line, language);
  const table = startTable(data, line, language);
  startControls(data, { map, table, language });
}

start();
