// Where stores deliver to: shown on the map, drawn and changed there, corner by corner.
import { $ } from "./dom.js";
import { COLORS } from "./map.js";

const REACH_PX = 14; // of a pointer to a corner
const HINTS = {
  invalid_polygon: "edges may not cross, and a hole lies inside its area",
  crosses_antimeridian: "cut it in two at 180°",
};
const plural = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;
const degrees = ({ lng, lat }) => [lng, lat].map((x) => Number(x.toFixed(7)));

// Is [lon, lat] inside the ring? Edges are straight on the map, as they are for the server.
function isInside([x, y], ring) {
  let inside = false;
  ring.forEach(([ax, ay], k) => {
    const [bx, by] = ring[(k + 1) % ring.length];
    if (ay > y !== by > y && x < ax + ((bx - ax) * (y - ay)) / (by - ay)) inside = !inside;
  });
  return inside;
}

// Rings are kept open here, closed on the wire.
const opened = (area) => (area ? area.coordinates.map((rings) => rings.map((ring) => ring.slice(0, -1))) : []);
const closed = (parts) => ({ type: "MultiPolygon", coordinates: parts.map((rings) => rings.map((ring) => [...ring, ring[0]])) });

function said(area) {
  if (!area.area) return `delivers within ${area.radius_m.toLocaleString("en")} m, as every store without an area of its own`;
  const parts = area.area.coordinates, rings = parts.flat();
  const corners = rings.reduce((sum, ring) => sum + ring.length - 1, 0), holes = rings.length - parts.length;
  const of = [parts.length > 1 ? plural(parts.length, "part") : "", plural(corners, "corner"), holes ? plural(holes, "hole") : ""];
  return `delivers in an area of its own: ${of.filter(Boolean).join(", ")}`;
}

export class Areas {
  // `ask(body, answer)` as of the feed: answer(body, error).
  constructor(city, map, ask) {
    Object.assign(this, { city, map, ask, known: new Map(), store: null, shown: false, drawn: null });
    $("areas-toggle").addEventListener("click", () => this.showAll(!this.shown));
    $("area-draw").addEventListener("click", () => this.begin());
    $("area-clear").addEventListener("click", () => confirm("Forget this area?") && this.save(null));
    $("area-save").addEventListener("click", () => this.save(closed(this.drawn.parts)));
    $("area-cancel").addEventListener("click", () => this.end());
    addEventListener("keydown", (event) => this.drawn && this.key(event));
  }

  get isDrawing() {
    return this.drawn !== null;
  }

  // What was picked: a store's area is asked for and shown, anything else has none.
  pick(what) {
    if (what?.store === this.store) return;
    this.end();
    this.store = what?.store ?? null;
    $("area").hidden = !this.store;
    if (this.store) this.fetch(this.store, () => this.say());
  }

  fetch(store, then) {
    this.ask({ type: "get_delivery_area", store }, (area, error) => {
      if (area) this.known.set(store, area);
      else if (store === this.store) return this.say(error?.message ?? "not answered", "bad");
      then();
    });
  }

  // Of every store, one after the other; those without an area of their own have no outline.
  showAll(on) {
    this.shown = on;
    $("areas-toggle").setAttribute("aria-pressed", on);
    const rest = [...this.city.stores.keys()];
    const next = () => this.shown && rest.length && this.fetch(rest.shift(), next);
    next();
  }

  // drawing

  begin() {
    this.drawn = { parts: opened(this.known.get(this.store)?.area), ring: null, held: null, isKeyed: false };
    this.map.drawWith(this);
    this.say();
  }

  end() {
    this.drawn = null;
    this.map.drawWith(null);
    this.say();
  }

  save(area) {
    const { store } = this;
    this.say("saving …");
    this.ask({ type: "set_delivery_area", store, area }, (_, error) => {
      if (store !== this.store) return;
      if (error) return this.say([error.message, HINTS[error.detail?.hint]].filter(Boolean).join(": "), "bad");
      this.end();
      this.fetch(store, () => store === this.store && this.say(`saved: ${said(this.known.get(store))}`, "good"));
    });
  }

  say(text, mood = "") {
    const area = this.known.get(this.store), drawn = this.drawn;
    $("area-said").textContent = text ?? (drawn ? this.hint(drawn) : area ? said(area) : "…");
    $("area-said").className = mood;
    $("area-draw").textContent = area?.area ? "change the area" : "draw an area";
    $("area-draw").hidden = Boolean(drawn) || !area;
    $("area-clear").hidden = Boolean(drawn) || !area?.area;
    $("area-save").hidden = $("area-cancel").hidden = !drawn;
    $("area-save").disabled = !drawn || Boolean(drawn.ring) || !drawn.parts.length || text === "saving …";
  }

  hint({ ring, parts }) {
    if (ring) return ring.length < 3 ? "click the next corner" : "click the first corner, or press Enter, to close it";
    return parts.length ? "drag a corner, double-click it to take it away; click inside for a hole, outside for another part" : "click the first corner (Space puts one in the middle)";
  }

  // What the map's pointer does while drawing.

  click({ lngLat, point }) {
    const { drawn } = this, found = this.corner(point);
    if (found) return void (found.ring === drawn.ring && found.k === 0 && this.close());
    this.add(degrees(lngLat));
  }

  add(corner) {
    this.drawn.ring ??= [];
    this.drawn.ring.push(corner);
    this.say();
  }

  // A ring that begins inside an area is a hole in it.
  close() {
    const { ring, parts } = this.drawn;
    if (!ring || ring.length < 3) return;
    const around = parts.find((rings) => isInside(ring[0], rings[0]) && !rings.slice(1).some((hole) => isInside(ring[0], hole)));
    around ? around.push(ring) : parts.push([ring]);
    this.drawn.ring = null;
    this.say();
  }

  grab(event) {
    if (event.points?.length > 1) return; // two fingers move the map
    this.drawn.held = this.corner(event.point);
    if (this.drawn.held) event.preventDefault(); // or else the map would move
  }

  drag({ lngLat }) {
    const { held } = this.drawn;
    if (held) held.ring[held.k] = degrees(lngLat);
  }

  drop() {
    this.drawn.held = null;
  }

  remove(point) {
    const { drawn } = this, found = this.corner(point);
    if (!found || found.ring === drawn.ring) return;
    if (found.ring.length > 3) found.ring.splice(found.k, 1);
    else drawn.parts = drawn.parts.filter((rings) => rings[0] !== found.ring).map((rings) => rings.filter((x) => x !== found.ring));
    this.say();
  }

  key(event) {
    if (["INPUT", "SELECT", "BUTTON"].includes(event.target.tagName)) return;
    const { drawn } = this;
    if (event.key === "Enter") this.close();
    else if (event.key === " ") this.add(degrees(this.map.map.getCenter()));
    else if (event.key === "Backspace" && drawn.ring) drawn.ring = drawn.ring.length > 1 ? drawn.ring.slice(0, -1) : null;
    else if (!event.key.startsWith("Arrow")) return;
    drawn.isKeyed = true;
    if (!event.key.startsWith("Arrow")) event.preventDefault();
    this.say();
  }

  corner(point) {
    let best = null, reach = REACH_PX;
    for (const ring of this.rings())
      ring.forEach((corner, k) => {
        const p = this.map.at(corner), far = Math.hypot(p.x - point.x, p.y - point.y);
        if (far < reach) [reach, best] = [far, { ring, k }];
      });
    return best;
  }

  rings() {
    return [...(this.drawn.ring ? [this.drawn.ring] : []), ...this.drawn.parts.flat()];
  }

  // On the map's canvas: areas below everything that moves, corners above it.

  paint(pen) {
    if (this.shown) for (const [store, { area }] of this.known) if (store !== this.store && area) this.trace(pen, opened(area), 0.06);
    const area = this.known.get(this.store);
    if (this.drawn) this.trace(pen, this.drawn.parts, 0.16);
    else if (area?.area) this.trace(pen, opened(area.area), 0.16);
    else if (area) this.circle(pen, this.city.stores.get(this.store), area.radius_m);
  }

  trace(pen, parts, alpha) {
    for (const rings of parts) {
      pen.beginPath();
      for (const ring of rings) {
        ring.forEach((corner, k) => {
          const { x, y } = this.map.at(corner);
          k ? pen.lineTo(x, y) : pen.moveTo(x, y);
        });
        pen.closePath();
      }
      this.fill(pen, alpha);
    }
  }

  fill(pen, alpha) {
    [pen.fillStyle, pen.strokeStyle, pen.lineWidth] = [COLORS.store, COLORS.store, 1.5];
    pen.globalAlpha = alpha;
    pen.fill("evenodd");
    pen.globalAlpha = 0.8;
    pen.stroke();
    pen.globalAlpha = 1;
  }

  circle(pen, store, radius_m) {
    if (!store) return;
    const { x, y } = this.map.at([store.lon, store.lat]), north = this.map.at([store.lon, store.lat + radius_m / 111_195]);
    pen.setLineDash([6, 5]);
    pen.beginPath();
    pen.arc(x, y, Math.abs(y - north.y), 0, 7);
    this.fill(pen, 0.05);
    pen.setLineDash([]);
  }

  paintCorners(pen) {
    if (!this.drawn) return;
    const { ring, isKeyed } = this.drawn;
    [pen.strokeStyle, pen.lineWidth] = [COLORS.store, 2];
    if (ring) {
      pen.beginPath();
      for (const corner of ring) pen.lineTo(this.map.at(corner).x, this.map.at(corner).y);
      pen.stroke();
    }
    for (const corners of this.rings())
      corners.forEach((corner, k) => {
        const { x, y } = this.map.at(corner);
        pen.fillStyle = corners === ring && k === 0 ? COLORS.soon : "#ffffff";
        pen.fillRect(x - 4, y - 4, 8, 8);
        pen.strokeRect(x - 4, y - 4, 8, 8);
      });
    if (!isKeyed) return;
    const { x, y } = this.map.at(this.map.map.getCenter().toArray());
    pen.strokeRect(x - 9, y, 18, 0);
    pen.strokeRect(x, y - 9, 0, 18);
  }
}
