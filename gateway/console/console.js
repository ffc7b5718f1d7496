// The operator's console: the city feed in, a map and panels out.
import { Analytics } from "./analytics.js";
import { Areas } from "./areas.js";
import { City } from "./city.js";
import { $ } from "./dom.js";
import { entered, forget } from "./entering.js";
import { CityFeed } from "./feed.js";
import { Forks } from "./forks.js";
import { CityMap } from "./map.js";
import { Panels } from "./panels.js";

const TOKEN = await entered();
const PANELS_MS = 500;

const city = new City();
let picked = null, fitted = false;
let cityTime = Date.now(), heardAt = performance.now(), speed = 1;

function pick(what) {
  if (areas.isDrawing && !confirm("Leave the area as it was?")) return;
  picked = map.picked = what;
  areas.pick(what);
  if (what) showOrders(false);
  $("stores").value = what?.store ?? "";
  panels.detail(picked);
  panels.explain(null);
  if (what?.order) feed.ask({ type: "explain_order", order: what.order }, (body) => picked === what && panels.explain(body));
}

const panels = new Panels(city, pick);
const map = new CityMap(city, pick);
const now = () => cityTime + (performance.now() - heardAt) * speed;
map.now = now;
$("close").addEventListener("click", () => pick(null));

const feed = new CityFeed(TOKEN, {
  state: (state, text) => panels.state(state, text),
  shutOut: () => {
    forget();
    panels.state("lost", "a link opens once, and soon; make one: o2o token operator NAME --link");
  },
  heartbeat: (beat) => {
    const heard = performance.now(), at = Date.parse(beat.at);
    if (heardAt && at > cityTime && heard - heardAt > 1000) speed = Math.min(1000, Math.max(1, (at - cityTime) / (heard - heardAt)));
    [cityTime, heardAt] = [at, heard];
  },
  snapshot: (body) => {
    city.snapshot(body);
    if (body.at) [cityTime, heardAt] = [Date.parse(body.at), performance.now()];
    if (!fitted) map.fit();
    fitted = city.stores.size > 0;
  },
  delta: (body) => city.delta(body),
});

const analytics = new Analytics(city, (body, answer) => feed.ask(body, answer));
const areas = new Areas(city, map, (body, answer) => feed.ask(body, answer));
new Forks(city, (body, answer) => feed.ask(body, answer));
map.under = (pen, at) => {
  analytics.paint(pen, at);
  areas.paint(pen);
};
map.above = (pen) => areas.paintCorners(pen);

// What is on top is closed first.
addEventListener("keydown", ({ key }) => {
  if (key !== "Escape") return;
  const open = ["forks", "figures"].find((x) => !$(x).hidden);
  if (open) $(`${open}-close`).click();
  else if (areas.isDrawing) areas.end();
  else pick(null);
});
const showOrders = (on) => $("risk-toggle").setAttribute("aria-pressed", $("risk").classList.toggle("shown", on)); // where there is no room
$("risk-toggle").addEventListener("click", () => showOrders());

$("stores").addEventListener("change", ({ target }) => {
  const store = city.stores.get(target.value);
  if (store) map.map.jumpTo({ center: [store.lon, store.lat] });
  if (store) pick({ store: store.id });
});

function listStores() {
  const { options } = $("stores");
  if (options.length === city.stores.size + 1) return;
  const byName = [...city.stores.values()].sort((a, b) => a.name.localeCompare(b.name));
  $("stores").replaceChildren(options[0], ...byName.map((x) => new Option(x.name, x.id)));
}

setInterval(() => {
  panels.kpis();
  listStores();
  panels.orders(now());
  panels.clock(now());
  if (picked) panels.detail(picked);
}, PANELS_MS);
