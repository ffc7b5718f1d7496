// The operator's console: the city feed in, a map and panels out.
import { Analytics } from "./analytics.js";
import { City } from "./city.js";
import { CityFeed } from "./feed.js";
import { Forks } from "./forks.js";
import { CityMap } from "./map.js";
import { Panels } from "./panels.js";

const TOKEN = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
const PANELS_MS = 500;

const city = new City();
let picked = null, fitted = false;
let cityTime = Date.now(), heardAt = performance.now(), speed = 1;

function pick(what) {
  picked = map.picked = what;
  panels.detail(picked);
  panels.explain(null);
  if (what?.order) feed.ask({ type: "explain_order", order: what.order }, (body) => picked === what && panels.explain(body));
}

const panels = new Panels(city, pick);
const map = new CityMap(city, pick);
const now = () => cityTime + (performance.now() - heardAt) * speed;
map.now = now;
document.getElementById("close").addEventListener("click", () => pick(null));

const feed = new CityFeed(TOKEN, {
  state: (state, text) => panels.state(state, text),
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
new Forks((body, answer) => feed.ask(body, answer));
map.under = (pen, at) => analytics.paint(pen, at);

setInterval(() => {
  panels.kpis();
  panels.orders(now());
  panels.clock(now());
  if (picked) panels.detail(picked);
}, PANELS_MS);
