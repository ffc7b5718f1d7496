// The panels: key figures, orders by promise, and what was clicked.
import { $, element } from "./dom.js";
import { COLORS } from "./map.js";
import { risk } from "./city.js";

const ROWS = 24;
const TREND_POINTS = 150;

const number = (value) => (value === undefined || value === null ? "–" : value.toLocaleString("en"));

export class Panels {
  constructor(city, onPick) {
    this.city = city;
    this.onPick = onPick;
    this.trend = [];
    this.rows = new Map(); // of the orders shown, by id
    this.legend();
  }

  state(state, text) {
    $("connection").dataset.state = state;
    $("connection").textContent = text;
  }

  // [name, value, unit, mood] of each key figure.
  cards(k) {
    return [
      ["open orders", k.orders_open, k.orders_at_risk ? ` ${number(k.orders_at_risk)} at risk` : "", k.orders_at_risk ? "bad" : ""],
      ["delivered", k.delivered],
      this.onTime(k),
      ["couriers busy", k.couriers_busy, ` / ${number(k.couriers_on_shift)}`],
      this.rides(k),
      ["to plan, p99", k.p99_order_to_plan_ms, "ms"],
    ];
  }

  onTime({ on_time_permille: share }) {
    if (share === undefined || share === null) return ["on time", "–", "%"];
    return ["on time", (share / 10).toFixed(1), "%", share >= 900 ? "good" : share < 750 ? "bad" : ""];
  }

  rides({ travel_time_index_permille: index = 1000 }) {
    return ["rides take", (index / 1000).toFixed(2), "×", index >= 1200 ? "bad" : ""];
  }

  kpis() {
    const k = this.city.kpis;
    $("kpis").replaceChildren(...this.cards(k).map(([name, value, unit = "", mood = ""]) => {
      const card = element("div", undefined, mood ? { class: mood } : {});
      const figure = element("dd", typeof value === "string" ? value : number(value));
      figure.append(element("small", unit));
      card.append(element("dt", name), figure);
      return card;
    }));
    if (!$("trend")) return; // looking back, the slider shows the whole of it
    if (k.orders_open !== undefined) this.trend = [...this.trend, k.orders_open].slice(-TREND_POINTS);
    this.drawTrend();
  }

  drawTrend() {
    const canvas = $("trend"), pen = canvas.getContext("2d"), top = Math.max(4, ...this.trend);
    pen.clearRect(0, 0, canvas.width, canvas.height);
    pen.strokeStyle = COLORS.to_pickup;
    pen.lineWidth = 1.5;
    pen.beginPath();
    this.trend.forEach((value, k) => {
      const x = (k / (TREND_POINTS - 1)) * canvas.width, y = canvas.height - 6 - (value / top) * (canvas.height - 20);
      k ? pen.lineTo(x, y) : pen.moveTo(x, y);
    });
    pen.stroke();
    pen.fillStyle = "#93a5b4";
    pen.font = "11px system-ui";
    pen.fillText(`open orders, at most ${top}`, 2, 12);
  }

  orders(now) {
    const orders = [...this.city.orders.values()].sort((a, b) => Date.parse(a.promised_at) - Date.parse(b.promised_at));
    const late = orders.filter((x) => risk(x, now) === "late").length;
    $("risk-count").textContent = `${orders.length} open, ${late} late`;
    const rows = orders.slice(0, ROWS).map((order) => this.row(order, now)), body = $("risk-rows");
    this.rows = new Map(rows.map((row) => [row.order, row]));
    if (rows.length === body.children.length && rows.every((row, k) => row === body.children[k])) return;
    const focused = document.activeElement; // a row that moves keeps it
    body.replaceChildren(...rows);
    if (body.contains(focused)) focused.focus({ preventScroll: true });
  }

  // The row it had before, if any, as it is now.
  row(order, now) {
    const row = this.rows.get(order.id) ?? this.newRow(order.id);
    const minutes = Math.round((Date.parse(order.promised_at) - now) / 60000);
    const status = order.delivery_status === "created" ? order.order_status : order.delivery_status;
    const courier = order.at_risk?.startsWith("courier") ? `${order.courier} (${order.at_risk.slice(8)})` : order.courier ?? (order.fulfillment === "collection" ? "to be collected" : "");
    row.dataset.risk = order.at_risk ? "late" : risk(order, now);
    const together = order.group ? `together: ${order.group}` : "";
    row.title = [(order.at_risk ?? "").replaceAll("_", " "), together].filter(Boolean).join(", ");
    [this.city.stores.get(order.store)?.name ?? order.store, status.replaceAll("_", " "), courier, order.waits_for_customer ? "waits" : String(minutes)].forEach((text, k) => {
      const cell = row.children[k + 1];
      if (cell.textContent !== text) cell.textContent = text;
    });
    return row;
  }

  newRow(id) {
    const row = element("tr"), first = element("td"), button = element("button", id);
    first.append(button);
    row.append(first, ...[1, 2, 3, 4].map(() => element("td")));
    row.order = id;
    row.addEventListener("click", () => this.onPick({ order: id }));
    return row;
  }

  clock(now) {
    $("clock").textContent = `city time ${this.city.clock(now)} ${this.city.zone}`;
  }

  detail(picked) {
    $("detail").hidden = !picked;
    if (!picked) return;
    const [[kind, id]] = Object.entries(picked);
    const thing = { courier: this.city.couriers, order: this.city.orders, store: this.city.stores }[kind].get(id);
    $("detail-title").textContent = `${kind} ${thing?.name ?? id}`;
    const facts = Object.entries({ ...(thing ?? { state: "gone" }), ...thing?.device }).filter(([name, value]) => !["route", "glide", "lat", "lon", "id", "name"].includes(name) && value !== null && typeof value !== "object");
    $("detail-facts").replaceChildren(...facts.flatMap(([name, value]) => [element("dt", name.replaceAll("_", " ")), element("dd", String(value).replaceAll("_", " "))]));
    $("detail-stops").replaceChildren(...(thing?.route ?? []).map((stop) => element("li", `${stop.kind} ${stop.delivery}`)));
  }

  // Who else could take the order, the cheapest first, and what keeps everybody from it.
  explain(body) {
    $("explanation").hidden = !body;
    if (!body) return;
    $("explanation-title").textContent = body.settled ? "settled: on board or ended" : "could be taken by";
    const ways = (body.alternatives ?? []).map((way) => {
      const terms = Object.entries(way.terms).filter(([, cost]) => Math.round(cost)).map(([name, cost]) => `${name.replaceAll("_", " ")} ${cost > 0 ? "+" : ""}${Math.round(cost)}`);
      return element("li", `${way.courier}: ${Math.round(way.cost)} (${terms.join(", ")})`);
    });
    if (body.remedy) ways.push(element("li", `kept from being served by ${body.remedy.binding.join(", ").replaceAll("_", " ")}`));
    if (!ways.length && !body.settled) ways.push(element("li", "nobody else, as things are"));
    $("explanation-ways").replaceChildren(...ways);
  }

  legend() {
    const marks = [["idle", "◯ idle"], ["to_pickup", "● to pickup"], ["delivering", "● delivering"], ["store", "■ store"], ["fine", "◆ on time"], ["soon", "◆ due soon"], ["late", "◆ late"], ["silent", "◌ silent"]];
    $("legend").replaceChildren(...marks.map(([color, text]) => {
      const item = element("span", text.slice(2));
      item.prepend(element("b", text[0]));
      item.firstChild.style.color = COLORS[color];
      return item;
    }));
  }
}
