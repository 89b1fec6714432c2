// Paint and label rules of the street map and of our own layers. Calm: no red, no glow.
/* global protomapsL */
const P = window.protomapsL;

const INK = "#12436d";
const OUTLINE = "#28203f";
const LABEL = { fill: "#505a5f", stroke: "#f3f2ee", width: 2 };

const fill = (layer, colour, extra = {}) => ({ dataLayer: layer, symbolizer: new P.PolygonSymbolizer({ fill: colour, ...extra }) });
const line = (layer, colour, width, extra = {}) => ({ dataLayer: layer, symbolizer: new P.LineSymbolizer({ color: colour, width, ...extra }) });
const named = (layer, size, weight, extra = {}) => ({
  dataLayer: layer,
  symbolizer: new P.CenteredTextSymbolizer({ labelProps: ["name"], font: `${weight} ${size}px system-ui, sans-serif`, ...LABEL }),
  ...extra,
});

const kind = (f) => f.props.kind ?? f.props.class ?? f.props.fclass;
const main = (z, f) => /^(motorway|trunk|primary|highway|major_road)$/.test(kind(f));
const wide = (z, f) => (main(z, f) ? 3 : kind(f) === "path" ? 0.4 : /^(secondary|tertiary)$/.test(kind(f)) ? 2.2 : 1.2) * 1.45 ** (z - 13);
const roads = (colour, more) => ["road", "roads"].map((layer) => line(layer, colour, (z, f) => wide(z, f) + more, { lineCap: "round" }));

/** Of our own basemap schema, and of the Protomaps schema. */
export const basemapPaint = [
  fill("earth", "#f3f2ee"),
  fill("park", "#dfe8d8"),
  fill("landuse", "#e9ece2"),
  fill("water", "#cfdde6"),
  line("waterway", "#cfdde6", 2),
  fill("parking", "#ebe9e4"),
  fill("building", "#e4e1da"),
  fill("buildings", "#e4e1da"),
  { ...line("bus_route", "#d9d3c6", 1), minzoom: 13, maxzoom: 14 },
  ...roads("#cbc7bd", 1.2),
  ...roads("#ffffff", 0),
  line("rail", "#b9b9b9", 1.5, { dash: [6, 3] }),
  line("districts", "#8b93a0", 1.2),
];

const along = (layer) => ({
  dataLayer: layer, minzoom: 15, symbolizer: new P.LineLabelSymbolizer({ labelProps: ["name"], font: "12px system-ui, sans-serif", ...LABEL }),
});

export const basemapLabels = [
  named("place", 15, 600, { filter: (z, f) => /^(city|town)$/.test(kind(f)) }),
  named("place", 13, 600, { minzoom: 11 }),
  named("places", 13, 600),
  named("station", 12, 400, { minzoom: 12 }),
  along("road"),
  along("roads"),
];

const partner = (z, feature) => feature.props.partner === true;
const neighbour = (z, feature) => feature.props.partner !== true;

export const areasPaint = [
  { dataLayer: "areas", symbolizer: new P.PolygonSymbolizer({ fill: "#505a5f", opacity: 0.1 }), filter: neighbour },
  { dataLayer: "area_lines", symbolizer: new P.LineSymbolizer({ color: "#8b93a0", width: 1 }), filter: neighbour },
  { dataLayer: "area_lines", symbolizer: new P.LineSymbolizer({ color: OUTLINE, width: 2 }), filter: partner },
];

export const areasLabels = [named("area_names", 15, 600, { maxzoom: 14 })];

const STEPS = [1, 3, 10, 30, 100];
const TINTS = ["#cfe5de", "#9ccabd", "#5fa899", "#267a6d", "#0a4a44"];
const CELL_PX = 8; // 1/64 of a tile drawn at 512 pixels

/** Published events: darker is more, in five steps whatever the view. */
class Cells {
  draw(context, geom, z, feature) {
    const n = Number(feature.props.n);
    context.fillStyle = TINTS[STEPS.filter((step) => n >= step).length - 1] ?? TINTS[0];
    context.globalAlpha = 0.85;
    const side = CELL_PX - 1;
    for (const ring of geom) {
      for (const point of ring) context.fillRect(point.x - side / 2, point.y - side / 2, side, side);
    }
    context.globalAlpha = 1;
  }
}

/** Larger is more: the circle grows with the number. */
class Counted {
  constructor(colour) {
    this.colour = colour;
  }

  draw(context, geom, z, feature) {
    const n = Number(feature.props.n) || 1;
    const radius = feature.props.cell ? Math.min(5, 1.8 + 0.6 * Math.log2(n)) : Math.min(12, 3.5 + 1.3 * Math.log2(n));
    context.fillStyle = this.colour;
    context.strokeStyle = "#ffffff";
    context.globalAlpha = 0.88;
    for (const ring of geom) {
      for (const point of ring) {
        context.beginPath();
        context.arc(point.x, point.y, radius, 0, 2 * Math.PI);
        context.fill();
        context.lineWidth = 0.75;
        context.stroke();
      }
    }
    context.globalAlpha = 1;
  }
}

export const incidentsPaint = [
  { dataLayer: "cells", symbolizer: new Cells() },
  { dataLayer: "incidents", symbolizer: new Counted("#267a6d") },
  { dataLayer: "partnership", symbolizer: new Counted(INK) },
];

const crossing = (z, feature) => feature.props.cross_borough === true;
const within = (z, feature) => feature.props.cross_borough !== true;

export const clustersPaint = [
  { dataLayer: "clusters", symbolizer: new P.PolygonSymbolizer({ fill: INK, opacity: 0.2, stroke: INK, width: 2.5 }), filter: crossing },
  { dataLayer: "clusters", symbolizer: new P.PolygonSymbolizer({ fill: INK, opacity: 0.07, stroke: INK, width: 1.2 }), filter: within },
];

/** Solid is more than expected, pale and broken fewer, bare as expected, hatched not known. */
class Square {
  draw(context, geom, z, feature) {
    const of = feature.props.class;
    for (const ring of geom) {
      outline(context, ring);
      if (of === "MORE" || of === "FEWER") {
        context.globalAlpha = of === "MORE" ? 0.8 : 0.55;
        context.fillStyle = of === "MORE" ? "#0a4a44" : "#a9d1c6";
        context.fill();
        context.globalAlpha = 1;
      }
      if (of === "UNKNOWN") hatch(context, ring);
      context.setLineDash(of === "FEWER" ? [4, 2] : []);
      context.strokeStyle = OUTLINE;
      context.lineWidth = of === "MORE" ? 2 : 0.7;
      context.stroke();
      context.setLineDash([]);
    }
  }
}

function outline(context, ring) {
  context.beginPath();
  ring.forEach((point, i) => (i ? context.lineTo(point.x, point.y) : context.moveTo(point.x, point.y)));
  context.closePath();
}

function hatch(context, ring) {
  const xs = ring.map((point) => point.x);
  const ys = ring.map((point) => point.y);
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  context.save();
  context.clip();
  context.beginPath();
  // By the ground, so that the lines of neighbours meet.
  for (let at = Math.floor((left + top) / 6) * 6; at < right + bottom; at += 6) {
    context.moveTo(at - bottom, bottom);
    context.lineTo(at - top, top);
  }
  context.strokeStyle = "#505a5f";
  context.lineWidth = 0.8;
  context.stroke();
  context.restore();
  outline(context, ring);
}

export const hotspotsPaint = [{ dataLayer: "hotspots", symbolizer: new Square() }];

export const placesPaint = [
  { dataLayer: "places", symbolizer: new P.PolygonSymbolizer({ fill: "#267a6d", opacity: 0.25, stroke: OUTLINE, width: 1.5 }), filter: (z, f) => f.props.geom_kind === "A" },
  { dataLayer: "places", symbolizer: new P.LineSymbolizer({ color: OUTLINE, width: 2.5 }), filter: (z, f) => f.props.geom_kind === "L" },
];

const MARKS = { SCHOOL: "S", PARK: "P", STATION: "T", BUS_STOP: "B" };

/** A letter in a grey ring: told apart without colour, and no place of concern. */
class Mark {
  draw(context, geom, z, feature) {
    for (const ring of geom) {
      for (const point of ring) {
        context.beginPath();
        context.arc(point.x, point.y, 7, 0, 2 * Math.PI);
        context.fillStyle = "#ffffff";
        context.fill();
        context.strokeStyle = "#505a5f";
        context.lineWidth = 1.2;
        context.stroke();
        context.fillStyle = "#505a5f";
        context.font = "600 10px system-ui, sans-serif";
        context.textAlign = "center";
        context.textBaseline = "middle";
        context.fillText(MARKS[feature.props.kind] ?? "", point.x, point.y + 0.5);
      }
    }
  }
}

export const contextPaint = (kinds) => [{ dataLayer: "context", symbolizer: new Mark(), filter: (z, f) => kinds.has(f.props.kind) }];
export const contextLabels = (kinds) => [{
  dataLayer: "context", minzoom: 15, filter: (z, f) => kinds.has(f.props.kind) && f.props.kind !== "BUS_STOP",
  symbolizer: new P.OffsetTextSymbolizer({ labelProps: ["name"], font: "400 11px system-ui, sans-serif", offsetX: 9, ...LABEL }),
}];
