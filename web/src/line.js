// Risk, coverage and what is left along the line: one byte a value, value = high (code / 255)^power.

const STEPS = 255;

export function decodeLine(line) {
  return {
    hours: line.risk.shape[0],
    cells: line.risk.shape[1],
    risk: decode(line.risk),
    coverage: decode(line.coverage),
    remaining: decode(line.remaining),
  };
}

function decode(array) {
  const text = atob(array.codes);
  const codes = Uint8Array.from(text, (character) => character.charCodeAt(0));
  const values = Float64Array.from(
    { length: STEPS + 1 },
    (_, code) => array.high * (code / STEPS) ** array.power,
  );
  return { codes, values };
}

/** Return the codes of one layer in one hour, a code for each cell. */
export function codesOf(line, layer, option, hour) {
  const row = layer === "risk" ? hour : option * line.hours + hour;
  return line[layer].codes.subarray(row * line.cells, (row + 1) * line.cells);
}

/** Return the value of one cell. */
export function valueOf(line, layer, option, hour, cell) {
  return line[layer].values[codesOf(line, layer, option, hour)[cell]];
}

/** Return the class of each of the 256 codes by the steps between classes. */
export function classesOfCodes(line, layer, steps) {
  return Uint8Array.from(line[layer].values, (value) => steps.filter((step) => value >= step).length);
}
