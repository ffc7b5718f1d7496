// The city feed: hello, subscribe, and resume from the last seq after a cut.

const SILENCE_MS = 12000; // the server's heart beats every five seconds
const CUT = { code: "connection_lost", message: "no connection: try again" }; // what was asked is not answered
const SHUT_OUT = ["unauthenticated", "token_expired"]; // trying again is of no use
const BACKOFF_MS = [250, 500, 1000, 2000, 4000];

export class CityFeed {
  constructor(token, handlers) {
    this.token = token;
    this.handlers = handlers;
    this.seq = null;
    this.attempts = 0;
    this.asked = new Map(); // request id -> who waits for the reply
    this.count = 0;
    this.connect();
  }

  // One question; `answer` is told the reply's body, or nothing and why.
  ask(body, answer) {
    if (this.socket.readyState !== WebSocket.OPEN) return answer(undefined, CUT);
    const id = `console-${Date.now()}-${this.count++}`;
    this.asked.set(id, answer);
    this.send({ type: "request", id, body });
  }

  connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    this.socket = new WebSocket(`${scheme}://${location.host}/ws`, ["o2o.v1.json"]);
    this.socket.onopen = () => {
      this.send({ type: "hello", token: this.token, client: "console" });
      const subscribe = { type: "subscribe", feed: "city" };
      if (this.seq !== null) subscribe.from = this.seq;
      this.send(subscribe);
    };
    this.socket.onmessage = (event) => this.receive(JSON.parse(event.data));
    this.socket.onclose = (event) => this.lost(event);
    this.listen();
  }

  send(message) {
    this.socket.send(JSON.stringify(message));
  }

  listen() {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.socket.close(), SILENCE_MS);
  }

  receive(message) {
    this.listen();
    if (message.type === "heartbeat") this.handlers.heartbeat?.(message);
    else if (message.type === "reply") {
      this.asked.get(message.id)?.(message.body, message.error);
      this.asked.delete(message.id);
    } else if (message.type === "error") this.refused = message.error ?? message;
    else if (message.feed !== "city") return;
    else if (message.type === "snapshot") {
      this.seq = message.seq;
      this.attempts = 0;
      this.handlers.state("live", "live");
      this.handlers.snapshot(message.body);
    } else if (message.type === "delta") {
      if (message.seq !== this.seq + 1) return this.socket.close(); // a gap: resume from what we have
      this.seq = message.seq;
      this.attempts = 0;
      this.handlers.state("live", "live");
      this.handlers.delta(message.body);
    }
  }

  lost(event) {
    clearTimeout(this.silence);
    for (const answer of this.asked.values()) answer(undefined, CUT);
    this.asked.clear();
    if (SHUT_OUT.includes(this.refused?.code)) return this.handlers.shutOut();
    const why = this.refused ? `refused: ${this.refused.code}` : event.reason || "connection lost";
    const wait = BACKOFF_MS[Math.min(this.attempts++, BACKOFF_MS.length - 1)];
    this.handlers.state("lost", `${why}; trying again`);
    this.refused = null;
    setTimeout(() => this.connect(), wait * (0.5 + Math.random()));
  }
}
