// Any moment of a journal: segments by number, and a city that knows where couriers were going.
import { City } from "./city.js";

const KEPT = 24; // segments
const TOGETHER_MS = 120000; // two fixes farther apart than that say nothing of the way between

export class Moments {
  constructor() {
    this.kept = new Map(); // number -> promise of a segment
  }

  async span() {
    const answer = await fetch("/moments/span");
    if (!answer.ok) throw new Error(await answer.text());
    return answer.json();
  }

  // `by` is {index}, {at_time} or {at_seq}
  async ask(by) {
    const answer = await fetch(`/moments/segment?${new URLSearchParams(by)}`);
    if (!answer.ok) throw new Error(await answer.text());
    return answer.json();
  }

  segment(index, isGrowing) {
    const known = this.kept.get(index);
    if (known && !isGrowing) {
      this.kept.delete(index);
      this.kept.set(index, known); // the latest used is the last to be forgotten
      return known;
    }
    const asked = this.ask({ index });
    asked.catch(() => this.kept.delete(index));
    this.kept.set(index, asked);
    for (const oldest of this.kept.keys()) if (this.kept.size > KEPT) this.kept.delete(oldest);
    return asked;
  }
}

// Couriers are where they were at `now`: between the fix before and the one after.
export class PastCity extends City {
  clear() {
    super.clear();
    this.shown = null; // the segment, and how many of its frames
    this.frames = 0;
  }

  // The city as of `at`; `next` is the segment after, as far as it is known.
  show(segment, next, at) {
    if (this.shown !== segment || this.next !== next) this.tracks = tracks(segment, next);
    if (this.shown !== segment || (this.frames && segment.frames[this.frames - 1].at_ms > at)) {
      this.snapshot(segment.whole);
      [this.shown, this.frames] = [segment, 0];
    }
    this.next = next;
    while (this.frames < segment.frames.length && segment.frames[this.frames].at_ms <= at) this.delta(segment.frames[this.frames++].body);
    this.now = at;
  }

  // The last record that is shown.
  get seq() {
    return this.frames ? this.shown.frames[this.frames - 1].seq : this.shown?.seq ?? 0;
  }

  move() {} // places come from the tracks

  place(courier) {
    const track = this.tracks?.get(courier.id);
    if (!track) return null;
    let low = 0, high = track.length; // of the first fix after now
    while (low < high) {
      const middle = (low + high) >> 1;
      if (track[middle][0] <= this.now) low = middle + 1;
      else high = middle;
    }
    const before = track[low - 1], after = track[low];
    if (!before) return null;
    if (!after || after[0] - before[0] > TOGETHER_MS) return [before[1], before[2]];
    const part = (this.now - before[0]) / (after[0] - before[0]);
    return [1, 2].map((k) => before[k] + (after[k] - before[k]) * part);
  }
}

// courier -> [[ms, lon, lat], ...] over both segments
function tracks(...segments) {
  const found = new Map();
  const add = (id, at, lon, lat, isFix) => {
    const track = found.get(id) ?? [], last = track.at(-1);
    if (!isFix && last && last[1] === lon && last[2] === lat) return;
    track.push([at, lon, lat]);
    found.set(id, track);
  };
  const take = (at, body) => {
    for (const x of body.couriers ?? []) if (x.lat !== undefined && x.lat !== null) add(x.id, at, x.lon, x.lat, false);
    for (const [id, lat, lon] of body.positions ?? []) add(id, at, lon, lat, true);
  };
  for (const segment of segments) {
    if (!segment) continue;
    take(segment.from_ms, segment.whole);
    for (const frame of segment.frames) take(frame.at_ms, frame.body);
  }
  return found;
}
