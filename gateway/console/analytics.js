// How it goes, by the hour: figures of the last hours in small plots, asked for while they are shown.
import { $, element } from "./dom.js";
import { COLORS } from "./map.js";

const ASK_MS = 5000;
const WIDE = 320, HIGH = 132, LEFT = 38, BELOW = 16;
const SVG = "http://www.w3.org/2000/svg";

function draw(tag, attributes, text) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

const short = (value) => Math.abs(value) >= 1e6 ? `${(value / 1e6).toFixed(1)}M` : Math.abs(value) >= 1e4 ? `${Math.round(value / 1e3)}k` : value >= 10 || Number.isInteger(value) ? String(Math.round(value)) : value.toFixed(1);
const number = (value) => value.toLocaleString("en");
const percent = (part, whole) => (whole ? `${((100 * part) / whole).toFixed(1)} %` : "–");
const clock = (seconds) => `${seconds < 0 ? "-" : ""}${Math.floor(Math.abs(seconds) / 60)}:${String(Math.abs(seconds) % 60).padStart(2, "0")}`;

// Bars by the hour: `series` are {name, color, values}, stacked; or, with `top`, all out of that.
function bars(hours, series, { top, unit = "" } = {}) {
  const svg = draw("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img" });
  const sums = hours.map((_, k) => series.reduce((sum, x) => sum + (x.values[k] ?? 0), 0));
  const most = top ?? Math.max(1, ...sums), step = (WIDE - LEFT) / Math.max(1, hours.length);
  const y = (value) => (HIGH - BELOW) * (1 - value / most) + 4 * (value / most);
  for (const part of [0, 0.5, 1]) {
    svg.append(draw("line", { x1: LEFT, x2: WIDE, y1: y(most * part), y2: y(most * part), stroke: "#2a3947" }));
    svg.append(draw("text", { x: LEFT - 4, y: y(most * part) + 4, "text-anchor": "end" }, short(most * part) + unit));
  }
  hours.forEach((at, k) => {
    let below = 0;
    for (const { name, color, values } of series) {
      const value = values[k] ?? 0;
      const bar = draw("rect", { x: LEFT + k * step + 1, width: Math.max(1, step - 2), y: y(below + value), height: Math.max(0, y(below) - y(below + value)), fill: color });
      bar.append(draw("title", {}, `${at.slice(11, 16)} ${name}: ${short(value)}${unit}`));
      svg.append(bar);
      below += value;
    }
    if (k % Math.ceil(hours.length / 8) === 0) svg.append(draw("text", { x: LEFT + k * step, y: HIGH - 3 }, at.slice(11, 16)));
  });
  return svg;
}

// Horizontal bars, each with its share of the first: rows are [name, value, color?].
function steps(rows) {
  const svg = draw("svg", { viewBox: `0 0 ${WIDE} ${rows.length * 19 + 4}`, role: "img" });
  const most = Math.max(1, ...rows.map(([, value]) => value));
  rows.forEach(([name, value, color = COLORS.to_pickup], k) => {
    svg.append(draw("rect", { x: 92, y: k * 19 + 3, height: 14, width: ((WIDE - 170) * value) / most, fill: color }));
    svg.append(draw("text", { x: 88, y: k * 19 + 14, "text-anchor": "end" }, name));
    svg.append(draw("text", { x: 96 + ((WIDE - 170) * value) / most, y: k * 19 + 14 }, `${number(value)} · ${percent(value, rows[0][1])}`));
  });
  return svg;
}

function table(head, rows) {
  const made = element("table"), first = element("tr");
  first.append(...head.map((text) => element("th", text)));
  const top = element("thead"), body = element("tbody");
  top.append(first);
  body.append(...rows.map((row) => {
    const line = element("tr");
    line.append(...row.map((cell) => element("td", cell)));
    return line;
  }));
  made.append(top, body);
  return made;
}

function card(title, said, ...content) {
  const made = element("section", undefined, { class: "card" });
  made.append(element("h2", title), element("p", said), ...content);
  return made;
}

const legend = (series) => {
  const made = element("p", undefined, { class: "names" });
  for (const { name, color } of series) {
    const mark = element("b", "■ ");
    mark.style.color = color;
    made.append(mark, `${name}  `);
  }
  return made;
};

export class Analytics {
  constructor(city, ask) {
    this.city = city;
    this.ask = ask;
    this.heat = [];
    this.shown = false;
    this.heated = false;
    $("figures-toggle").addEventListener("click", () => this.show(!this.shown));
    $("figures-close").addEventListener("click", () => this.show(false));
    $("heat-toggle").addEventListener("click", () => this.warm(!this.heated));
    $("figures-hours").addEventListener("change", () => this.refresh());
    setInterval(() => this.refresh(), ASK_MS);
  }

  get hours() {
    return Number($("figures-hours").value);
  }

  show(shown) {
    this.shown = shown;
    $("figures").hidden = !shown;
    $("figures-toggle").setAttribute("aria-pressed", shown);
    this.refresh();
  }

  warm(heated) {
    this.heated = heated;
    this.heat = [];
    $("heat-toggle").setAttribute("aria-pressed", heated);
    this.refresh();
  }

  refresh() {
    if (this.shown) this.ask({ type: "get_analytics", hours: this.hours }, (body) => body && this.shown && this.tell(body));
    if (this.heated) this.ask({ type: "get_heat_map", hours: this.hours }, (body) => body && this.heated && (this.heat = body.cells));
  }

  tell(body) {
    const unit = 10 ** new Intl.NumberFormat("en", { style: "currency", currency: body.currency }).resolvedOptions().maximumFractionDigits;
    const at = body.hours.map((x) => this.city.clock(x.at)), money = (x) => x.amount / unit, of = (pick) => body.hours.map(pick);
    const { sales, promises, funnel, fleet, churn } = body;
    $("figures-span").textContent = `${this.city.clock(body.since).slice(0, 16)} to ${this.city.clock(body.until).slice(11, 16)} ${this.city.zone}`;
    const sold = [
      { name: "goods", color: COLORS.to_pickup, values: of((x) => money(x.sales.goods)) },
      { name: "fees", color: COLORS.delivering, values: of((x) => money(x.sales.fees)) },
      { name: "tills", color: COLORS.fine, values: of((x) => money(x.sales.till) - money(x.sales.till_refunded)) },
    ];
    const kept = [{ name: "in time", color: COLORS.fine, values: of((x) => (x.promises.delivered ? (100 * x.promises.on_time) / x.promises.delivered : 0)) }];
    const used = [{ name: "busy", color: COLORS.delivering, values: of((x) => (x.on_duty_s ? (100 * (x.busy_s ?? 0)) / x.on_duty_s : 0)) }];
    const quotes = [
      { name: "offered", color: COLORS.to_pickup, values: of((x) => (x.asked ?? 0) - (x.refused ?? 0)) },
      { name: "refused", color: COLORS.late, values: of((x) => x.refused ?? 0) },
    ];
    const way = [["asked", funnel.asked], ["offered", funnel.offered], ["ordered", funnel.placed], ["paid", funnel.paid], ["accepted", funnel.accepted], ["handed over", funnel.handed_over], ["fulfilled", funnel.fulfilled, COLORS.fine]];
    const grams = body.vehicles.reduce((sum, x) => sum + x.co2e_g, 0), brought = body.vehicles.reduce((sum, x) => sum + x.delivered, 0);
    $("figures-cards").replaceChildren(
      card("Sales per hour", `${number(sales.fulfilled)} orders, ${number(money(sales.charged))} ${body.currency}; ${sales.average ? number(money(sales.average)) : "–"} each`, bars(at, sold), legend(sold)),
      card("From question to door", "how many got so far in these hours", steps(way)),
      card("Promise kept per hour", `${percent(promises.on_time, promises.delivered)} of ${number(promises.delivered)} deliveries in time`, bars(at, kept, { top: 100, unit: "%" })),
      card("The delivery clock", "minutes; percentiles in quarter minutes", table(["", "mean", "half", "9 of 10"], body.clock.map((x) => [x.name.replaceAll("_", " "), clock(x.mean_s), clock(x.p50_s), clock(x.p90_s)]))),
      card("Couriers busy per hour", `${number(fleet.delivered_per_hour ?? 0)} deliveries, ${number(fleet.bundles_per_hour ?? 0)} bundles an hour on duty; earnings' Gini ${((fleet.gini_permille ?? 0) / 1000).toFixed(2)}`, bars(at, used, { top: 100, unit: "%" })),
      card("CO2e", `${number(Math.round(grams))} g in all, ${brought ? (grams / brought).toFixed(0) : "–"} g a delivery, empty rides included`, table(["vehicle", "km", "g/km", "kg CO2e"], body.vehicles.map((x) => [x.vehicle, (x.ridden_m / 1000).toFixed(1), x.factor_g_per_km, (x.co2e_g / 1000).toFixed(2)])), element("p", body.co2e_source, { class: "names" })),
      card("Quotes per hour", `${number(funnel.asked - funnel.offered)} refused`, bars(at, quotes), legend(quotes)),
      card("Top products", "today; orders and tills", table(["product", "pieces", body.currency], body.products.slice(0, 6).map((x) => [x.name, number(x.units), number(money(x.goods))]))),
      card("How steady the plan is", `${number(churn.offers)} offers, ${number(churn.accepted)} accepted; ${number(churn.moved)} times a plan gave a delivery to another courier`, table(["taken back because", ""], Object.entries(churn.withdrawn).slice(0, 6).map(([why, times]) => [why.replaceAll("_", " "), number(times)]))),
      card("Ended early, and refused", "most frequent first", table(["", ""], [...Object.entries(body.early_ends), ...Object.entries(funnel.refusals)].slice(0, 8).map(([why, times]) => [why.replaceAll("_", " "), number(times)]))),
    );
  }

  // On the map's canvas, under everything else: `at` projects [lon, lat].
  paint(pen, at) {
    const most = Math.max(1, ...this.heat.map((x) => x.offered + x.refused));
    for (const cell of this.heat) {
      pen.beginPath();
      for (const [lat, lon] of cell.outline) {
        const { x, y } = at([lon, lat]);
        pen.lineTo(x, y);
      }
      pen.closePath();
      pen.fillStyle = cell.refused > cell.offered ? COLORS.late : COLORS.delivering;
      pen.globalAlpha = 0.08 + (0.5 * (cell.offered + cell.refused)) / most;
      pen.fill();
    }
    pen.globalAlpha = 1;
  }
}
