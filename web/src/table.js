// The table view: what the map shows, cell by cell of one sector, at the same hour.
import { valueOf } from "./line.js";

const COLUMNS = [["risk", "auto"], ["coverage", "p0"], ["remaining", "auto"]];

export class CellTable {
  constructor(data, line, language) {
    Object.assign(this, { data, line, language });
    this.view = document.getElementById("table-view");
    this.body = document.getElementById("cells-body");
    this.caption = document.getElementById("cells-caption");
    this.sector = document.getElementById("sector");
    this.sector.addEventListener("change", () => this.#write());
    language.onChange(() => this.#write());
  }

  show(state) {
    this.state = state;
    this.#write();
  }

  setShown(shown) {
    this.view.hidden = !shown;
    this.#write();
  }

  #cells() {
    const { edges_km: edges, sectors } = this.data.ground;
    const chosen = sectors[Number(this.sector.value)] ?? { name: "", from_km: -1, to_km: Infinity };
    const within = (cell) => {
      const middle = (edges[cell] + edges[cell + 1]) / 2;
      return chosen.from_km <= middle && middle < chosen.to_km;
    };
    return [chosen.name, [...Array(this.line.cells).keys()].filter(within)];
  }

  #write() {
    // Nobody sees it: then it costs nothing.
    if (this.view.hidden || !this.state) return;
    const [name, cells] = this.#cells();
    this.caption.textContent = this.language.say("map.table_caption", { hour: this.state.words, sector: name });
    this.body.replaceChildren(...cells.map((cell) => this.#row(cell)));
  }

  #row(cell) {
    const { option, hour } = this.state;
    const { edges_km: edges } = this.data.ground;
    const row = document.createElement("tr");
    const ends = [edges[cell], edges[cell + 1]].map((km) => this.language.number(km, "n1"));
    const values = COLUMNS.map(([layer, kind]) =>
      this.language.number(valueOf(this.line, layer, option, hour, cell), kind));
    for (const text of [...ends, ...values]) {
      const field = document.createElement("td");
      field.className = "figure";
      field.textContent = text;
      row.append(field);
    }
    return row;
  }
}

export function startTable(data, line, language) {
  return new CellTable(data, line, language);
}
