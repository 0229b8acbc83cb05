// The switches above the map: option, layer, hour, view, what is shown.

const HOURS_OF_DAY = 24;

function checked(name) {
  return document.querySelector(`input[name="${name}"]:checked`).value;
}

/** Return the hour that a period begins at, written out. */
function hourWords(language, hour, hours) {
  const minutes = Math.round((hour * HOURS_OF_DAY * 60) / hours);
  const format = new Intl.NumberFormat(language.catalogue.locale, { minimumIntegerDigits: 2, useGrouping: false });
  return `${format.format(Math.floor(minutes / 60))}:${format.format(minutes % 60)}`;
}

export function startControls(data, { map, table, language }) {
  const form = document.getElementById("controls");
  const hour = document.getElementById("hour");
  const option = document.getElementById("option");
  const words = document.getElementById("hour-words");
  const names = data.options.map((each) => each.name);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.reset();

  function show() {
    const at = Number(hour.value);
    const layer = checked("layer");
    const text = hourWords(language, at, data.line.risk.shape[0]);
    words.textContent = text;
    hour.setAttribute("aria-valuetext", text);
    const state = { layer, option: names.indexOf(option.value), hour: at, words: text };
    map.show(state);
    table.show(state);
    for (const legend of document.querySelectorAll("#legend .classes")) {
      legend.hidden = legend.dataset.layer !== layer;
    }
  }

  function showView() {
    const asTable = checked("view") === "table";
    document.getElementById("map-view").hidden = asTable;
    table.setShown(asTable);
  }

  hour.addEventListener("input", show);
  option.addEventListener("change", show);
  language.onChange(show);
  form.addEventListener("change", (event) => {
    if (event.target.name === "layer") show();
    if (event.target.name === "view") showView();
    if (event.target.name === "show") map.setShown(event.target.value, event.target.checked);
  });
  for (const button of document.querySelectorAll("button.show")) {
    button.addEventListener("click", () => {
      document.querySelector('input[name="view"][value="map"]').checked = true;
      showView();
      map.open(button.dataset.layer, Number(button.dataset.index));
      document.getElementById("map").scrollIntoView({ block: "center" });
    });
  }
  show();
}
