// What the console knows: stores, couriers and orders by id, and where couriers are drawn.

const GLIDE_MS = 1000; // a courier moves to its newest place within a second

export class City {
  constructor() {
    this.clear();
  }

  clear() {
    this.stores = new Map();
    this.couriers = new Map();
    this.orders = new Map();
    this.kpis = {};
  }

  snapshot(body) {
    this.clear();
    this.delta(body);
  }

  delta(body) {
    for (const store of body.stores ?? []) this.stores.set(store.id, store);
    for (const order of body.orders ?? []) this.orders.set(order.id, order);
    for (const courier of body.couriers ?? []) this.setCourier(courier, body.at);
    (body.positions ?? []).forEach(([id, lat, lon], k) => {
      this.move(id, lat, lon);
      this.age(id, body.at, body.ages_s?.[k]);
    });
    for (const id of body.removed?.orders ?? []) this.orders.delete(id);
    for (const id of body.removed?.couriers ?? []) this.couriers.delete(id);
    if (body.kpis) this.kpis = body.kpis;
  }

  // A moment (milliseconds, or RFC 3339) by the city's own clock, from the year to the second.
  clock(at) {
    const offset = this.kpis.utc_offset_min ?? 0, ms = typeof at === "number" ? at : Date.parse(at);
    return new Date(ms + offset * 60000).toISOString().slice(0, 19).replace("T", " ");
  }

  // What people call that clock: UTC, UTC+8, UTC-3:30.
  get zone() {
    const offset = this.kpis.utc_offset_min ?? 0, minutes = Math.abs(offset) % 60;
    return offset ? `UTC${offset > 0 ? "+" : "-"}${Math.floor(Math.abs(offset) / 60)}${minutes ? `:${String(minutes).padStart(2, "0")}` : ""}` : "UTC";
  }

  setCourier({ age_s, ...courier }, at) {
    const before = this.couriers.get(courier.id);
    this.couriers.set(courier.id, { ...courier, glide: before?.glide });
    this.age(courier.id, at, age_s);
    if (courier.lat !== undefined && courier.lat !== null) this.move(courier.id, courier.lat, courier.lon);
  }

  // When the last position was measured: what is shown of it grows old by itself.
  age(id, at, age_s) {
    const courier = this.couriers.get(id);
    if (courier && age_s !== undefined && age_s !== null) courier.last_fix = this.clock(Date.parse(at) - age_s * 1000);
  }

  move(id, lat, lon) {
    const courier = this.couriers.get(id);
    if (!courier) return;
    const now = performance.now();
    const from = courier.glide ? this.place(courier, now) : [lon, lat];
    courier.glide = { from, to: [lon, lat], since: now };
  }

  // [lon, lat] at that moment, or null if nobody has seen the courier yet
  place(courier, now) {
    const glide = courier.glide;
    if (!glide) return null;
    const part = Math.min(1, (now - glide.since) / GLIDE_MS);
    return [0, 1].map((k) => glide.from[k] + (glide.to[k] - glide.from[k]) * part);
  }

  bounds() {
    const points = [...this.stores.values(), ...this.orders.values()].filter((x) => x.lat !== undefined);
    if (!points.length) return null;
    return around(points.map((p) => [p.lon, p.lat]));
  }
}

// [[west, south], [east, north]] of many [lon, lat]
export function around(places) {
  const box = [[Infinity, Infinity], [-Infinity, -Infinity]];
  for (const place of places)
    for (const k of [0, 1]) [box[0][k], box[1][k]] = [Math.min(box[0][k], place[k]), Math.max(box[1][k], place[k])];
  return box;
}

// "late", "soon" or "fine", by what is left of the promise
export function risk(order, now) {
  if (order.waits_for_customer) return "fine";
  const left = Date.parse(order.promised_at) - now;
  return left < 0 ? "late" : left < 8 * 60000 ? "soon" : "fine";
}
