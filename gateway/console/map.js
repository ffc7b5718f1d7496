// The map: MapLibre underneath (no tiles needed), everything that moves on one canvas above.
import { around, risk } from "./city.js";

export const COLORS = {
  idle: "#93a5b4", to_pickup: "#56b4e9", delivering: "#e69f00",
  fine: "#009e73", soon: "#f0e442", late: "#d55e00", store: "#cc79a7", silent: "#d55e00", grid: "#1a2632",
};
const STYLE = { version: 8, sources: {}, layers: [{ id: "ground", type: "background", paint: { "background-color": "#0e151d" } }] };
const GRID_KM = 1;
const STREETS = { url: "/console/streets.geojson", wide: "#2b3c4b", narrow: "#1d2a36", wideKmh: 27 };

const POINTER = { mousedown: "grab", touchstart: "grab", mousemove: "drag", touchmove: "drag", mouseup: "drop", touchend: "drop" };

// The city's own streets, if the server was started with them: one file, no tiles. Where they are.
async function drawStreets(map) {
  const answer = await fetch(STREETS.url), streets = await answer.json();
  if (!streets.features.length) return null;
  map.addSource("streets", { type: "geojson", data: streets });
  const isWide = [">=", ["get", "kmh"], STREETS.wideKmh];
  map.addLayer({
    id: "streets", type: "line", source: "streets", layout: { "line-cap": "round", "line-join": "round" },
    paint: {
      "line-color": ["case", isWide, STREETS.wide, STREETS.narrow],
      "line-width": ["interpolate", ["linear"], ["zoom"], 11, ["case", isWide, 1.1, 0.4], 16, ["case", isWide, 7, 3]],
    },
  });
  map.addControl(new maplibregl.AttributionControl({ compact: false, customAttribution: streets.attribution }), "bottom-left");
  return around(streets.features.flatMap((x) => x.geometry.coordinates.flat(x.geometry.type === "LineString" ? 0 : 1)));
}

export class CityMap {
  constructor(city, onPick) {
    this.city = city;
    this.map = new maplibregl.Map({ container: "map", style: STYLE, center: [121.47, 31.23], zoom: 12, attributionControl: false });
    this.map.addControl(new maplibregl.ScaleControl(), "bottom-left");
    this.map.on("load", async () => {
      this.streets = await drawStreets(this.map);
      if (!this.city.bounds()) this.fit(); // nobody is there yet
    });
    this.pencil = null; // while something is drawn, what the pointer does is for that
    this.map.on("click", (event) => (this.pencil ? this.pencil.click(event) : onPick(this.nearest(event.point))));
    this.map.on("dblclick", (event) => this.pencil?.remove(event.point));
    for (const [name, does] of Object.entries(POINTER)) this.map.on(name, (event) => this.pencil?.[does](event));
    this.canvas = document.getElementById("overlay");
    this.picked = null;
    this.now = () => Date.now();
    this.under = this.above = () => {}; // what is painted below and above everything that moves
    window.addEventListener("resize", () => this.resize());
    this.resize();
    requestAnimationFrame((t) => this.draw(t));
  }

  resize() {
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = innerWidth * ratio;
    this.canvas.height = innerHeight * ratio;
    this.pen = this.canvas.getContext("2d");
    this.pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  // Beside the panels; where there is no room beside them, below the first.
  fit(bottom = 60) {
    const bounds = this.city.bounds() ?? this.streets;
    const below = Math.min(innerHeight / 2, document.getElementById("head").getBoundingClientRect().bottom + 20);
    const padding = innerWidth > 900 ? { top: 60, bottom, left: 360, right: 460 } : { top: below, bottom: bottom + 40, left: 24, right: 24 };
    if (bounds) this.map.fitBounds(bounds, { padding, maxZoom: 15, duration: 0 });
  }

  // Until it is put down again (null).
  drawWith(pencil) {
    this.pencil = pencil;
    this.map.doubleClickZoom[pencil ? "disable" : "enable"]();
    this.map.getCanvas().style.cursor = pencil ? "crosshair" : "";
    if (pencil) this.map.getCanvas().focus();
  }

  at(lonlat) {
    return this.map.project(lonlat);
  }

  draw(now) {
    this.pen.clearRect(0, 0, innerWidth, innerHeight);
    this.drawGrid();
    this.under(this.pen, (lonlat) => this.at(lonlat));
    for (const courier of this.city.couriers.values()) if (courier.route?.length) this.drawRoute(courier, now);
    for (const order of this.city.orders.values()) this.drawOrder(order);
    for (const store of this.city.stores.values()) this.drawStore(store);
    for (const courier of this.city.couriers.values()) this.drawCourier(courier, now);
    this.above(this.pen);
    requestAnimationFrame((t) => this.draw(t));
  }

  drawGrid() {
    const { pen } = this, bounds = this.map.getBounds();
    const dLat = GRID_KM / 111.32, dLon = dLat / Math.cos((bounds.getCenter().lat * Math.PI) / 180);
    if ((bounds.getEast() - bounds.getWest()) / dLon > 80) return;
    pen.strokeStyle = COLORS.grid;
    pen.lineWidth = 1;
    pen.beginPath();
    for (let lon = Math.floor(bounds.getWest() / dLon) * dLon; lon < bounds.getEast(); lon += dLon) {
      const { x } = this.at([lon, bounds.getNorth()]);
      pen.moveTo(x, 0);
      pen.lineTo(x, innerHeight);
    }
    for (let lat = Math.floor(bounds.getSouth() / dLat) * dLat; lat < bounds.getNorth(); lat += dLat) {
      const { y } = this.at([bounds.getWest(), lat]);
      pen.moveTo(0, y);
      pen.lineTo(innerWidth, y);
    }
    pen.stroke();
  }

  drawRoute(courier, now) {
    const place = this.city.place(courier, now);
    if (!place) return;
    const { pen } = this, picked = this.picked?.courier === courier.id;
    pen.strokeStyle = COLORS[courier.status] ?? COLORS.idle;
    pen.globalAlpha = picked ? 1 : 0.38;
    pen.lineWidth = picked ? 3 : 1.4;
    pen.setLineDash(picked ? [] : [5, 4]);
    pen.beginPath();
    const start = this.at(place);
    pen.moveTo(start.x, start.y);
    for (const stop of courier.route) {
      const p = this.at([stop.lon, stop.lat]);
      pen.lineTo(p.x, p.y);
    }
    pen.stroke();
    pen.setLineDash([]);
    pen.globalAlpha = 1;
  }

  drawOrder(order) {
    if (order.lat === undefined || order.fulfillment === "collection") return; // nobody rides there
    const { pen } = this, p = this.at([order.lon, order.lat]), size = this.picked?.order === order.id ? 8 : 4.5;
    pen.fillStyle = COLORS[risk(order, this.now())];
    pen.beginPath();
    pen.moveTo(p.x, p.y - size);
    pen.lineTo(p.x + size, p.y);
    pen.lineTo(p.x, p.y + size);
    pen.lineTo(p.x - size, p.y);
    pen.fill();
  }

  drawStore(store) {
    const { pen } = this, p = this.at([store.lon, store.lat]);
    pen.fillStyle = store.open === false ? "#59636d" : COLORS.store;
    pen.fillRect(p.x - 7, p.y - 7, 14, 14);
    pen.fillStyle = "#0e151d";
    pen.font = "bold 10px system-ui";
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    if (store.orders) pen.fillText(store.orders, p.x, p.y + 0.5);
    if (this.map.getZoom() < 12.5) return;
    pen.fillStyle = "#b9c6d0";
    pen.font = "11px system-ui";
    pen.fillText(store.name, p.x, p.y + 16);
  }

  drawCourier(courier, now) {
    const place = this.city.place(courier, now);
    if (!place || courier.status === "off_shift") return;
    const { pen } = this, p = this.at(place), color = COLORS[courier.status] ?? COLORS.idle;
    pen.beginPath();
    pen.arc(p.x, p.y, this.picked?.courier === courier.id ? 8 : 5, 0, 7);
    pen.lineWidth = 2;
    pen.strokeStyle = courier.status === "idle" ? color : "#0e151d";
    pen.fillStyle = courier.status === "idle" ? "#0e151d" : color;
    pen.fill();
    pen.stroke();
    if (courier.signal !== "stale" && courier.signal !== "lost") return;
    pen.beginPath(); // nobody has heard of him for a while: the place is a guess
    pen.setLineDash([3, 3]);
    pen.strokeStyle = COLORS.silent;
    pen.arc(p.x, p.y, courier.signal === "lost" ? 13 : 10, 0, 7);
    pen.stroke();
    pen.setLineDash([]);
  }

  nearest(point) {
    let best = null, reach = 14;
    const look = (kind, id, lonlat) => {
      if (!lonlat) return;
      const p = this.at(lonlat), d = Math.hypot(p.x - point.x, p.y - point.y);
      if (d < reach) [reach, best] = [d, { [kind]: id }];
    };
    const now = performance.now();
    for (const x of this.city.couriers.values()) look("courier", x.id, this.city.place(x, now));
    for (const x of this.city.orders.values()) look("order", x.id, [x.lon, x.lat]);
    for (const x of this.city.stores.values()) look("store", x.id, [x.lon, x.lat]);
    return best;
  }
}
