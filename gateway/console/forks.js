// The next hours under several policies: asked for here, played beside the server.
import { $, element } from "./dom.js";

const ASK_MS = 1000;

const figure = (value) => value.toLocaleString("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const signed = (value) => (value < 0 ? "−" : "+") + figure(Math.abs(value));

export class Forks {
  // `ask(body, answer)` as of the feed: answer(body, error).
  constructor(city, ask) {
    this.city = city;
    this.ask = ask;
    this.job = null;
    const show = (on) => {
      $("forks").hidden = !on;
      $("forks-toggle").setAttribute("aria-pressed", on);
    };
    $("forks-toggle").addEventListener("click", () => show($("forks").hidden));
    $("forks-close").addEventListener("click", () => show(false));
    $("forks-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.start();
    });
  }

  start() {
    const policies = $("forks-policies").value.split(",").map((x) => x.trim()).filter(Boolean);
    const [hours, draws, demand] = ["hours", "draws", "demand"].map((x) => Number($(`forks-${x}`).value));
    this.say("asking …");
    this.ask({ type: "start_fork", policies, hours, draws, demand }, (job, error) => this.hear(job, error));
  }

  hear(job, error) {
    if (!job) return this.say(error ? `${error.message}${error.detail?.field ? ` (${error.detail.field})` : ""}` : "refused", "bad");
    this.job = job.job;
    if (job.status === "failed") return this.say(job.error.message, "bad");
    if (job.status === "completed") return this.show(job.outlook);
    this.say(job.status === "pending" ? "waits for its turn" : job.done ? `${job.done} of ${job.of} futures played` : "reads the journal");
    $("forks-progress").hidden = false;
    $("forks-progress").value = job.done / job.of;
    setTimeout(() => this.follow(job.job), ASK_MS);
  }

  // Across a cut of the connection, too: the job goes on meanwhile.
  follow(job) {
    this.ask({ type: "get_fork", job }, (next, refused) => {
      if (this.job !== job) return;
      refused?.code === "connection_lost" ? setTimeout(() => this.follow(job), ASK_MS) : this.hear(next, refused);
    });
  }

  say(text, mood = "") {
    $("forks-start").disabled = !mood && text !== "";
    $("forks-said").textContent = text;
    $("forks-said").className = mood;
    $("forks-progress").hidden = true;
  }

  show(outlook) {
    this.say("");
    $("forks-said").textContent = `${outlook.hours} h from ${this.city.clock(outlook.at)} ${this.city.zone} (record ${outlook.seq.toLocaleString("en")}), ${outlook.draws} futures each, ${Math.round(outlook.visits_per_h)} visits an hour`;
    const head = element("tr");
    head.append(element("th", ""), ...outlook.policies.map((x) => element("th", x)));
    $("forks-head").replaceChildren(head);
    $("forks-rows").replaceChildren(...outlook.rows.map((row) => {
      const line = element("tr");
      line.append(element("td", row.title), ...row.figures.map((x, k) => this.cell(x, k, row.better)));
      return line;
    }));
    $("forks-note").hidden = outlook.policies.length < 2;
  }

  // Beside the first policy: colored where the futures leave no doubt, by which way is better.
  cell({ mean, difference = 0, half_width: width, clear = false }, k, better) {
    const cell = element("td", figure(mean));
    if (!k) return cell;
    const isGood = better && difference > 0 === (better === "more");
    cell.append(element("small", `${signed(difference)}${width === undefined || width === null ? "" : ` ± ${figure(width)}`}`, { class: clear && better ? (isGood ? "good" : "bad") : "" }));
    return cell;
  }
}
