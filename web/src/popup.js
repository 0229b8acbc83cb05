// Says what a place on the map is. Every text goes in as text, never as markup.
import { valueOf } from "./line.js";

export class Popup {
  #listeners = [];

  constructor(data, line, language, opener) {
    Object.assign(this, { data, line, language, opener });
    this.holder = document.getElementById("popup");
    this.title = document.getElementById("popup-title");
    this.facts = document.getElementById("popup-facts");
    document.getElementById("popup-close").addEventListener("click", () => this.close(true));
    this.holder.addEventListener("keydown", (event) => event.key === "Escape" && this.close(true));
    language.onChange(() => this.place && this.#write());
  }

  onClose(listener) {
    this.#listeners.push(listener);
  }

  open(place, state) {
    Object.assign(this, { place, state });
    this.holder.hidden = false;
    this.#write();
  }

  /** Follow the hour, the option and the layer. */
  update(state) {
    this.state = state;
    if (this.place?.layer === "cell") this.#write();
  }

  focus() {
    document.getElementById("popup-close").focus();
  }

  close(byPerson = false) {
    if (!this.place) return;
    this.place = null;
    this.holder.hidden = true;
    for (const listener of this.#listeners) listener();
    if (byPerson) this.opener.focus();
  }

  #write() {
    const { layer, index } = this.place;
    const [title, facts] = layer === "cell" ? this.#cell(index) : this.#place(layer, index);
    this.title.textContent = title;
    this.title.dir = "auto";
    this.facts.replaceChildren(...facts.filter(([, value]) => value).map(([key, value]) => factRow(this.language.say(key), value)));
  }

  #cell(cell) {
    const { language, state, line, data } = this;
    const [from, to] = data.ground.edges_km.slice(cell, cell + 2);
    const value = (layer, kind) => language.number(valueOf(line, layer, state.option, state.hour, cell), kind);
    const middle = (from + to) / 2;
    const sector = data.ground.sectors.find((each) => each.from_km <= middle && middle < each.to_km);
    const title = language.say("map.km", { from: { number: from, kind: "n0" }, to: { number: to, kind: "n0" } });
    return [title, [
      ["map.sector", sector?.name],
      ["map.risk", value("risk", "auto")],
      ["map.coverage", value("coverage", "p0")],
      ["map.remaining", value("remaining", "auto")],
    ]];
  }

  #place(layer, index) {
    const { language } = this;
    const row = this.data.ground[layer][index];
    const kind = language.say(`kind.${row.kind}`, {}, row.kind);
    const range = ([low, high]) => low === high ? language.number(low, "n0")
      : language.say("places.range", { low: { number: low, kind: "n0" }, high: { number: high, kind: "n0" } });
    if (layer === "incidents") {
      return [row.words, [
        ["places.kind", kind], ["places.radius", language.number(row.radius_km, "n0")],
        ["places.harmed", `${range(row.killed)} / ${range(row.injured)}`], ["places.source", row.source],
      ]];
    }
    if (layer === "sites") {
      const people = language.say("places.pair", {
        first: { number: row.people_day, kind: "n0" }, second: { number: row.people_night, kind: "n0" } });
      return [row.name, [["places.kind", kind], ["places.people", people], ["places.source", row.source]]];
    }
    return [row.name, [["places.kind", kind], ["places.party", row.party], ["places.source", row.source]]];
  }
}

function factRow(name, value) {
  const [row, term, fact] = ["div", "dt", "dd"].map((tag) => document.createElement(tag));
  term.textContent = name;
  fact.textContent = value;
  fact.dir = "auto";
  row.append(term, fact);
  return row;
}
