
"use strict";
// Draws what the page was given. Texts reach the document as text and in no other way.
const SVG = "http://www.w3.org/2000/svg";
const INK = "#12436d";
const SIDES = { triangle: 3, diamond: 4, pentagon: 5, hexagon: 6 };

function element(name, text) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  return made;
}

function drawn(name, values) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(values)) made.setAttribute(key, value);
  return made;
}

function corners(sides) {
  const points = [];
  for (let i = 0; i < sides; i += 1) {
    const angle = (2 * Math.PI * i) / sides - Math.PI / 2;
    points.push(`${(12 + 9.5 * Math.cos(angle)).toFixed(1)},${(12 + 9.5 * Math.sin(angle)).toFixed(1)}`);
  }
  return points.join(" ");
}

function symbol(mark) {
  const picture = drawn("svg", { viewBox: "0 0 24 24", width: "24", height: "24", "aria-hidden": "true" });
  const ink = { fill: INK, stroke: "#ffffff", "stroke-width": "1.5" };
  if (SIDES[mark]) picture.append(drawn("polygon", { points: corners(SIDES[mark]), ...ink }));
  else if (mark === "square") picture.append(drawn("rect", { x: "4", y: "4", width: "16", height: "16", ...ink }));
  else if (mark === "line") picture.append(drawn("rect", { x: "1", y: "9", width: "22", height: "6", rx: "3", ...ink }));
  else if (mark === "ring") picture.append(drawn("circle", { cx: "12", cy: "12", r: "9", fill: "#ffffff", "fill-opacity": "0.6", stroke: INK, "stroke-width": "2", "stroke-dasharray": "4 2.5" }));
  else picture.append(drawn("circle", { cx: "12", cy: "12", r: "8.5", ...ink }));
  return picture;
}

function card(columns, values) {
  const made = element("div");
  made.append(element("strong", values[0]));
  const list = element("dl");
  columns.forEach((column, i) => {
    if (i > 0 && values[i]) list.append(element("dt", column), element("dd", values[i]));
  });
  made.append(list);
  return made;
}

function boroughs(map, outlines) {
  const style = { color: "#6f777b", weight: 1.5, fillColor: "#ffffff", fillOpacity: 0.9, interactive: false };
  for (const outline of outlines) {
    L.geoJSON(outline.shape, { style, interactive: false }).addTo(map);
    const icon = L.divIcon({ className: "borough", iconSize: [140, 18] });
    const label = L.marker(outline.at, { icon, interactive: false, keyboard: false });
    label.on("add", () => label.getElement().append(element("span", outline.name)));
    label.addTo(map);
  }
}

function contextmap(map) {
  const told = JSON.parse(document.getElementById("told").textContent);
  boroughs(map, told.outlines);
  const drawnAs = { color: INK, weight: 4, opacity: 0.8, fillColor: INK, fillOpacity: 0.15, interactive: false };
  for (const feature of told.features) {
    if (feature.shape) L.geoJSON(feature.shape, { style: drawnAs, interactive: false }).addTo(map);
  }
  for (const feature of told.features) {
    const icon = L.divIcon({ className: "mark", iconSize: [24, 24] });
    const marker = L.marker(feature.point, { icon });
    marker.on("add", () => {
      marker.getElement().setAttribute("aria-label", feature.values[0]);
      marker.getElement().append(symbol(feature.mark));
    });
    marker.bindPopup(() => card(told.columns, feature.values), { maxWidth: 280 });
    marker.addTo(map);
  }
  map.fitBounds(told.bounds, { maxZoom: 16 });
  for (const line of document.querySelectorAll("[data-mark]")) line.prepend(symbol(line.dataset.mark));
  const resized = () => map.invalidateSize({ animate: false });
  window.addEventListener("beforeprint", resized);
  window.addEventListener("afterprint", resized);
}
