// Says every sentence and number of the page in the language that the reader picks.

const ISOLATE = ["\u2068", "\u2069"];
const KINDS = {
  auto: { maximumSignificantDigits: 3 },
  n0: { maximumFractionDigits: 0 },
  n1: { minimumFractionDigits: 1, maximumFractionDigits: 1 },
  n2: { minimumFractionDigits: 2, maximumFractionDigits: 2 },
  p0: { style: "percent", maximumFractionDigits: 0 },
  p1: { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 },
};
const MOMENT = {
  year: "numeric", month: "long", day: "numeric", hour: "2-digit", minute: "2-digit",
  hourCycle: "h23", calendar: "gregory",
};

export class Language {
  #listeners = [];
  #formats = new Map();

  constructor(catalogues, tag, zone) {
    this.catalogues = new Map(catalogues.map((each) => [each.tag, each]));
    this.zone = zone;
    this.catalogue = this.catalogues.get(tag);
  }

  /** Return a number as the language writes it. */
  number(value, kind = "auto") {
    const name = `${this.catalogue.locale} ${kind}`;
    if (!this.#formats.has(name)) {
      this.#formats.set(name, new Intl.NumberFormat(this.catalogue.locale, KINDS[kind]));
    }
    return this.#formats.get(name).format(value);
  }

  /** Return a moment, given in ISO 8601, in the scenario's own zone. */
  time(iso) {
    const format = new Intl.DateTimeFormat(this.catalogue.locale, { ...MOMENT, timeZone: this.zone });
    return format.format(new Date(iso));
  }

  /** Return whether there is a sentence of this key. */
  knows(key) {
    return Object.hasOwn(this.catalogue.messages, key);
  }

  /** Return a sentence, its gaps filled. */
  say(key, values = {}, text = "") {
    const sentence = this.knows(key) ? this.catalogue.messages[key] : text || key;
    return sentence.replace(/\{([a-z_]+)\}/g, (gap, name) =>
      Object.hasOwn(values, name) ? this.#word(values[name]) : gap);
  }

  #word(value) {
    if (typeof value === "string") return ISOLATE[0] + value + ISOLATE[1];
    if (typeof value === "number") return this.number(value);
    if ("time" in value) return this.time(value.time);
    if ("key" in value) return this.say(value.key, value.values, value.text);
    return this.number(value.number, value.kind);
  }

  /** Call back after each change of the language. */
  onChange(listener) {
    this.#listeners.push(listener);
  }

  /** Say the whole page in another language. */
  change(tag) {
    this.catalogue = this.catalogues.get(tag);
    document.documentElement.lang = this.catalogue.tag;
    document.documentElement.dir = this.catalogue.direction;
    this.translate(document);
    for (const listener of this.#listeners) listener();
  }

  /** Say anew what an element and its children say. */
  translate(root) {
    for (const element of root.querySelectorAll("[data-say]")) {
      element.textContent = this.say(element.dataset.say, JSON.parse(element.dataset.values ?? "{}"));
    }
    for (const element of root.querySelectorAll("[data-number]")) {
      element.textContent = this.number(Number(element.dataset.number), element.dataset.kind);
    }
    for (const element of root.querySelectorAll("[data-time]")) {
      element.textContent = this.time(element.getAttribute("datetime"));
    }
    for (const element of root.querySelectorAll("[data-label]")) {
      element.setAttribute("aria-label", this.say(element.dataset.label));
    }
  }
}

export function startLanguages(catalogues, zone) {
  const language = new Language(catalogues, document.documentElement.lang, zone);
  const select = document.getElementById("language");
  // A reloaded page may come with the choice of last time in its switch.
  select.value = language.catalogue.tag;
  select.addEventListener("change", () => language.change(select.value));
  return language;
}
