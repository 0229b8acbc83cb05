// The map: relief, degrees, the line by class, posts, sites and incidents, drawn on a 2-D canvas.
import Feature from "ol/Feature.js";
import OlMap from "ol/Map.js";
import Overlay from "ol/Overlay.js";
import View from "ol/View.js";
import ScaleLine from "ol/control/ScaleLine.js";
import Zoom from "ol/control/Zoom.js";
import Circle from "ol/geom/Circle.js";
import LineString from "ol/geom/LineString.js";
import MultiLineString from "ol/geom/MultiLineString.js";
import Point from "ol/geom/Point.js";
import ImageLayer from "ol/layer/Image.js";
import VectorLayer from "ol/layer/Vector.js";
import Projection from "ol/proj/Projection.js";
import Static from "ol/source/ImageStatic.js";
import VectorSource from "ol/source/Vector.js";
import CircleStyle from "ol/style/Circle.js";
import Fill from "ol/style/Fill.js";
import RegularShape from "ol/style/RegularShape.js";
import Stroke from "ol/style/Stroke.js";
import Style from "ol/style/Style.js";
import Text from "ol/style/Text.js";
import { classesOfCodes, codesOf } from "./line.js";
import { Popup } from "./popup.js";

const CASING = "#1c1c1c";
const NEAR_PX = 9;
// A narrow window shows the whole line at a smaller scale: so are the signs on it.
const SIZE = window.innerWidth < 600 ? 0.65 : 1;

const STYLES = {
  posts: new Style({
    image: new RegularShape({
      points: 4, radius: 5.5 * SIZE, angle: Math.PI / 4,
      fill: new Fill({ color: "#0b3d66" }), stroke: new Stroke({ color: "#ffffff", width: 1 }),
    }),
  }),
  sites: new Style({
    image: new CircleStyle({
      radius: 6.5 * SIZE, fill: new Fill({ color: "#ffffffcc" }),
      stroke: new Stroke({ color: "#6b2a6b", width: 2 }),
    }),
  }),
  incidents: new Style({
    // All but clear: it is there to be clicked.
    fill: new Fill({ color: "#d02a0003" }),
    stroke: new Stroke({ color: "#a82200", width: 1.4, lineDash: [4, 3] }),
  }),
};

function planeOf(ground) {
  const [west, east, south, north] = ground.extent;
  return new Projection({
    code: "sarhad:plane", units: "m", extent: [west, south, east, north],
    // Metres of the plane stand for metres on the ground: the projection was chosen for that.
    getPointResolution: (resolution) => resolution,
  });
}

function reliefLayer(ground, projection) {
  const picture = document.getElementById("relief");
  if (!picture) return null;
  const [west, east, south, north] = ground.relief;
  const source = new Static({
    url: picture.getAttribute("href"), imageExtent: [west, south, east, north], projection,
  });
  return new ImageLayer({ source });
}

function placesLayer(rows, name) {
  const drawn = new Set();
  const features = rows.flatMap((row, index) => {
    const spot = `${row.place} ${row.radius_km}`;
    // Reports that agree on the place share a circle; the table has them all.
    if (!row.place || (name === "incidents" && drawn.has(spot))) return [];
    drawn.add(spot);
    const geometry = name === "incidents"
      ? new Circle(row.place, Math.max(row.radius_km, 1) * 1000) : new Point(row.place);
    return [new Feature({ geometry, place: { layer: name, index } })];
  });
  return new VectorLayer({ source: new VectorSource({ features }), style: STYLES[name] });
}

function graticuleLayer(ground, language) {
  const stroke = new Stroke({ color: "#6b6b6b8c", width: 0.7 });
  const style = (feature) => {
    const [at, words] = [feature.get("label"), `${language.number(feature.get("degrees"))}°`];
    const text = new Text({ text: words, font: "11px sans-serif", fill: new Fill({ color: "#4a4f55" }), offsetX: 12, offsetY: -7 });
    return [new Style({ stroke }), ...(at ? [new Style({ geometry: at, text })] : [])];
  };
  const features = ground.graticule.map((line) => new Feature({
    geometry: new LineString(line.points), degrees: line.degrees, label: labelPoint(line, ground.extent),
  }));
  const layer = new VectorLayer({ source: new VectorSource({ features }), style });
  language.onChange(() => layer.changed());
  return layer;
}

/** Return where a meridian or parallel is named: at the lower or left edge of the first view. */
function labelPoint(line, [west, east, south, north]) {
  const inside = line.points.filter(([x, y]) => west <= x && x <= east && south <= y && y <= north);
  const order = line.is_longitude ? ([, a], [, b]) => a - b : ([a], [b]) => a - b;
  return inside.length ? new Point(inside.sort(order)[0]) : null;
}

/** The line: one feature per class, so that an hour is a handful of paths, not one per cell. */
class LineLayer {
  constructor(data, line) {
    this.edges = data.ground.edges;
    this.line = line;
    this.scales = data.scales;
    this.source = new VectorSource({ useSpatialIndex: false });
    this.layer = new VectorLayer({ source: this.source });
    this.classes = Object.fromEntries(
      Object.entries(data.scales).map(([name, scale]) => [name, classesOfCodes(line, name, scale.steps)]));
  }

  show({ layer, option, hour }) {
    const codes = codesOf(this.line, layer, option, hour);
    const scale = this.scales[layer];
    const runs = scale.colours.map(() => []);
    let last = -1;
    for (let cell = 0; cell < codes.length; cell += 1) {
      const kind = this.classes[layer][codes[cell]];
      if (kind !== last) runs[kind].push([this.edges[cell]]);
      runs[kind].at(-1).push(this.edges[cell + 1]);
      last = kind;
    }
    this.source.clear(true);
    this.source.addFeatures(runs.flatMap((parts, kind) => parts.length ? this.#feature(parts, kind, scale) : []));
  }

  #feature(parts, kind, scale) {
    const feature = new Feature(new MultiLineString(parts));
    const width = scale.widths_px[kind];
    feature.setStyle([
      new Style({ stroke: new Stroke({ color: CASING, width: width + 2 }), zIndex: kind }),
      new Style({ stroke: new Stroke({ color: scale.colours[kind], width }), zIndex: kind + 0.5 }),
    ]);
    return feature;
  }
}

export class BriefMap {
  constructor(data, line, language) {
    this.data = data;
    this.target = document.getElementById("map");
    this.target.hidden = false;
    document.getElementById("still").hidden = true;
    this.lineLayer = new LineLayer(data, line);
    this.popup = new Popup(data, line, language, this.target);
    this.#build(data.ground, language);
  }

  #build(ground, language) {
    const projection = planeOf(ground);
    this.layers = {
      relief: reliefLayer(ground, projection),
      graticule: graticuleLayer(ground, language),
      incidents: placesLayer(ground.incidents, "incidents"),
      line: this.lineLayer.layer,
      sites: placesLayer(ground.sites, "sites"),
      posts: placesLayer(ground.posts, "posts"),
    };
    this.overlay = new Overlay({ element: this.popup.holder, stopEvent: true, autoPan: { animation: false, margin: 12 } });
    this.map = new OlMap({
      target: this.target,
      layers: Object.values(this.layers).filter(Boolean),
      controls: [this.#zoom(language), new ScaleLine({ minWidth: 90 })],
      overlays: [this.overlay],
      view: new View({ projection, showFullExtent: true, constrainResolution: false, maxZoom: 12 }),
    });
    this.fit();
    this.map.on("singleclick", (event) => this.#click(event));
    this.popup.onClose(() => this.overlay.setPosition(undefined));
  }

  #zoom(language) {
    const zoom = new Zoom({ duration: 0, zoomInTipLabel: language.say("map.zoom_in"), zoomOutTipLabel: language.say("map.zoom_out") });
    language.onChange(() => {
      const [more, less] = zoom.element.querySelectorAll("button");
      more.title = language.say("map.zoom_in");
      less.title = language.say("map.zoom_out");
    });
    return zoom;
  }

  fit() {
    const [west, east, south, north] = this.data.ground.extent;
    this.map.getView().fit([west, south, east, north], { size: this.map.getSize() });
  }

  /** Colour the line by a layer, an option and an hour. */
  show(state) {
    this.state = state;
    this.lineLayer.show(state);
    this.popup.update(state);
  }

  setShown(name, shown) {
    this.layers[name]?.setVisible(shown);
  }

  /** Move the map to a post, a site or an incident and say what it is. */
  open(layer, index) {
    const [east, north] = this.data.ground[layer][index].place;
    this.map.getView().setCenter([east, north]);
    this.#openAt({ layer, index }, [east, north]);
    this.popup.focus();
  }

  #click(event) {
    const found = this.map.forEachFeatureAtPixel(
      event.pixel, (feature) => feature.get("place"), { hitTolerance: 5 });
    if (found) return this.#openAt(found, event.coordinate);
    const cell = this.#cellNear(event.coordinate);
    if (cell >= 0) return this.#openAt({ layer: "cell", index: cell }, event.coordinate);
    return this.popup.close();
  }

  #openAt(place, coordinate) {
    this.popup.open(place, this.state);
    this.overlay.setPosition(coordinate);
  }

  #cellNear([east, north]) {
    const reach = NEAR_PX * this.map.getView().getResolution();
    let [best, nearest] = [-1, Infinity];
    this.data.ground.edges.slice(0, -1).forEach(([x, y], cell) => {
      const next = this.data.ground.edges[cell + 1];
      const away = Math.hypot((x + next[0]) / 2 - east, (y + next[1]) / 2 - north);
      if (away < nearest) [best, nearest] = [cell, away];
    });
    const length = (this.data.ground.edges_km[1] - this.data.ground.edges_km[0]) * 1000;
    return nearest < reach + length / 2 ? best : -1;
  }
}

export function startMap(data, line, language) {
  return new BriefMap(data, line, language);
}
