// Looking back: the live console's map and panels at any moment of a journal.
import { risk } from "./city.js";
import { $ } from "./dom.js";
import { CityMap, COLORS } from "./map.js";
import { Moments, PastCity } from "./moments.js";
import { Panels } from "./panels.js";

const SPAN_MS = 2000; // between two looks at how far the journal is
const DRAW_MS = 40, PANELS_MS = 200;

const city = new PastCity(), moments = new Moments();
let span = null, at = 0, playing = false, picked = null, fitted = false, wanted = 0, drawnAt = 0;

function pick(what) {
  picked = map.picked = what;
  panels.detail(picked);
}

const panels = new Panels(city, pick);
const map = new CityMap(city, pick);
map.now = () => at;
panels.cards = (k) => [
  ["open orders", k.orders_open],
  ["late now", [...city.orders.values()].filter((x) => risk(x, at) === "late").length],
  ["couriers busy", k.couriers_busy, ` / ${k.couriers_on_shift ?? 0}`],
  ["delivered", k.delivered],
  ["cancelled", k.cancelled],
  panels.onTime(k),
];
$("close").addEventListener("click", () => pick(null));

// Which segment shows the moment: the last that has begun by then.
function number(time) {
  let found = 0;
  span.points.forEach((point, k) => point.at_ms <= time && (found = k));
  return found;
}

// Go to that moment; of several asked for while one loads, the last is shown.
async function seek(time) {
  const asked = ++wanted, last = span.points.length - 1;
  const target = Math.min(Math.max(time, span.from_ms), span.to_ms), k = number(target);
  const isOld = (x, segment) => x === last && segment && segment.frames.length && segment.to_ms < Math.min(target, span.to_ms);
  try {
    let segment = await moments.segment(k);
    if (isOld(k, segment)) segment = await moments.segment(k, true);
    const next = k < last ? await moments.segment(k + 1) : null;
    if (asked !== wanted) return;
    at = target;
    city.show(segment, next, at);
    if (!fitted && city.stores.size) [fitted] = [true, map.fit(190)];
    $("slider").value = at;
    $("moment").innerHTML = "";
    $("moment").append(Object.assign(document.createElement("b"), { textContent: city.clock(at) }), `${city.zone} · record ${city.seq.toLocaleString("en")}`);
    if (performance.now() - drawnAt > PANELS_MS || !playing) drawPanels();
    if (k + 2 <= last) moments.segment(k + 2).catch(() => {});
  } catch (error) {
    play(false);
    panels.state("lost", error.message);
  }
}

function drawPanels() {
  drawnAt = performance.now();
  panels.kpis();
  panels.orders(at);
  panels.clock(at);
  if (picked) panels.detail(picked);
  drawStrip();
}

function drawStrip() {
  [$("time-from").textContent, $("time-to").textContent] = [city.clock(span.from_ms), city.clock(span.to_ms)];
  const canvas = $("strip"), pen = canvas.getContext("2d"), ratio = window.devicePixelRatio || 1;
  const [wide, high] = [canvas.clientWidth, canvas.clientHeight], length = Math.max(1, span.to_ms - span.from_ms);
  [canvas.width, canvas.height] = [wide * ratio, high * ratio];
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  const most = Math.max(1, ...span.points.map((x) => x.open)), x = (ms) => ((ms - span.from_ms) / length) * (wide - 16) + 8;
  for (const [field, color, alpha] of [["open", COLORS.to_pickup, 0.45], ["late", COLORS.late, 0.9]]) {
    [pen.fillStyle, pen.globalAlpha] = [color, alpha];
    span.points.forEach((point, k) => {
      const right = x(span.points[k + 1]?.at_ms ?? span.to_ms), tall = (point[field] / most) * (high - 2);
      pen.fillRect(x(point.at_ms), high - tall, Math.max(1, right - x(point.at_ms) - 0.5), tall);
    });
  }
  [pen.globalAlpha, pen.fillStyle] = [1, "#e8eef3"];
  pen.fillRect(x(at) - 0.75, 0, 1.5, high);
}

function play(on) {
  playing = on;
  $("play").textContent = on ? "pause" : "play";
  $("play").setAttribute("aria-pressed", on);
  if (!on && span) history.replaceState(null, "", `?at_time=${Math.round(at)}`); // a moment can be passed on
}

function step(ticks) {
  play(false);
  seek((ticks > 0 ? Math.floor(at / span.tick_ms) : Math.ceil(at / span.tick_ms)) * span.tick_ms + ticks * span.tick_ms);
}

// A journal is read for a while: whether the moment that the address names is still to come.
function isAhead() {
  if (!span.is_reading) return false;
  const asked = new URLSearchParams(location.search);
  return asked.has("at_time") ? time(asked.get("at_time")) > span.to_ms : Number(asked.get("at_seq")) > span.seq;
}

const time = (text) => Number(text) || Date.parse(text) || span.from_ms;

// The moment that the address names, or the first with something to see.
async function beginning() {
  const asked = new URLSearchParams(location.search);
  if (asked.has("at_time")) return time(asked.get("at_time"));
  if (asked.has("at_seq")) {
    const seq = Number(asked.get("at_seq")), segment = await moments.ask({ at_seq: seq });
    return segment.frames.find((x) => x.seq >= seq)?.at_ms ?? segment.to_ms;
  }
  return span.points.find((x) => x.open)?.at_ms ?? span.from_ms;
}

async function look() {
  try {
    const before = span;
    span = await moments.span();
    if (!span.points.length) return setTimeout(look, 200);
    [$("slider").min, $("slider").max] = [span.from_ms, span.to_ms];
    panels.state("live", span.is_reading ? `reading … record ${span.seq.toLocaleString("en")}` : `looking back · ${span.seq.toLocaleString("en")} records`);
    if (!fitted && isAhead()) return setTimeout(look, 200);
    if (!before?.points.length || !fitted) await seek(await beginning());
    else drawStrip();
  } catch (error) {
    panels.state("lost", error.message);
  }
  setTimeout(look, span?.is_reading ? 500 : SPAN_MS);
}

let clock = performance.now(), isBusy = false;
setInterval(async () => {
  const heard = performance.now(), passed = heard - clock;
  clock = heard;
  if (!playing || isBusy || !span?.points.length) return;
  isBusy = true;
  await seek(at + Math.min(passed, 1000) * Number($("speed").value));
  isBusy = false;
  if (at >= span.to_ms && !span.is_reading) play(false);
}, DRAW_MS);

$("slider").addEventListener("input", () => seek(Number($("slider").value)));
$("play").addEventListener("click", () => play(!playing));
$("back").addEventListener("click", () => step(-1));
$("on").addEventListener("click", () => step(1));
window.addEventListener("resize", () => span && drawStrip());
window.addEventListener("keydown", (event) => {
  if (event.target !== document.body && event.target.id !== "slider") return;
  const act = { " ": () => play(!playing), ArrowLeft: () => step(-1), ArrowRight: () => step(1) }[event.key];
  if (act) [act(), event.preventDefault()];
});
look();
