// One zoom and one place for all pictures of a pair: what is looked at in one is looked at in all.

const MOST = 16;
const STEP = 1.5;
const STILL = 4; // px that a pointer may move in a click
const TWICE = { ms: 400, px: 10 }; // that the second click of a double click comes after and beside the first

export class Zoom {
  /** `element`: holds all frames; a frame is an element with the class `frame`. */
  constructor(element, changed = () => {}) {
    this.element = element;
    this.changed = changed;
    this.pointers = new Map();
    this.reset();
    element.addEventListener("pointerdown", (event) => this.down(event));
    element.addEventListener("pointermove", (event) => this.move(event));
    for (const end of ["pointerup", "pointercancel"]) element.addEventListener(end, (event) => this.up(event));
    element.addEventListener("click", (event) => this.moved && event.target.closest(".frame") && stop(event), true);
    element.addEventListener("dragstart", (event) => event.target.closest(".frame") && event.preventDefault());
    element.addEventListener(
      "wheel",
      (event) => {
        if (!event.ctrlKey && !event.metaKey) return;
        this.onFrame(event, (x, y) => {
          event.preventDefault();
          this.by(STEP ** (-event.deltaY / 100), x, y);
        });
      },
      { passive: false },
    );
  }

  reset() {
    Object.assign(this, { z: 1, x: 0, y: 0 });
    this.apply();
  }

  in() {
    this.by(STEP, 0.5, 0.5);
  }

  out() {
    this.by(1 / STEP, 0.5, 0.5);
  }

  /** Zoom by a factor; the point (x, y) of a frame, in [0, 1], stays where it is. */
  by(factor, x, y) {
    const z = Math.max(1, Math.min(MOST, this.z * factor));
    this.x = x - ((x - this.x) * z) / this.z;
    this.y = y - ((y - this.y) * z) / this.z;
    this.z = z;
    this.apply();
  }

  pan(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.apply();
  }

  apply() {
    const least = 1 - this.z;
    this.x = Math.max(least, Math.min(0, this.x));
    this.y = Math.max(least, Math.min(0, this.y));
    const { style } = this.element;
    style.setProperty("--x", `${this.x * 100}%`);
    style.setProperty("--y", `${this.y * 100}%`);
    style.setProperty("--z", this.z);
    this.element.classList.toggle("zoomed", this.z > 1);
    this.element.classList.toggle("close", this.z >= 4);
    this.changed(this.z);
  }

  onFrame(event, act) {
    const frame = event.target.closest(".frame");
    if (!frame) return;
    const box = frame.getBoundingClientRect();
    act((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
  }

  down(event) {
    const frame = event.target.closest(".frame");
    if (!frame || event.target.closest("input")) return;
    this.moved = false;
    this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY, startX: event.clientX, startY: event.clientY });
    this.box = frame.getBoundingClientRect();
  }

  move(event) {
    const held = this.pointers.get(event.pointerId);
    if (!held) return;
    const before = this.fingers();
    held.x = event.clientX;
    held.y = event.clientY;
    const now = this.fingers();
    if (Math.hypot(held.x - held.startX, held.y - held.startY) > STILL) {
      if (!this.moved && this.z > 1) this.element.setPointerCapture?.(event.pointerId);
      this.moved = this.z > 1 || this.pointers.size > 1;
    }
    const { left, top, width, height } = this.box;
    if (before.spread && now.spread) this.by(now.spread / before.spread, (before.x - left) / width, (before.y - top) / height);
    if (this.z > 1) this.pan((now.x - before.x) / width, (now.y - before.y) / height);
  }

  up(event) {
    if (this.pointers.delete(event.pointerId) && event.type === "pointerup" && !this.moved) this.clicked(event);
    setTimeout(() => (this.moved = false)); // after the click that follows
  }

  /** Not by `dblclick`: the first click may put other elements in place of those that it was on. */
  clicked(event) {
    const { time, x, y } = this.last ?? {};
    const again = event.timeStamp - time < TWICE.ms && Math.hypot(event.clientX - x, event.clientY - y) < TWICE.px;
    this.last = again ? undefined : { time: event.timeStamp, x: event.clientX, y: event.clientY };
    if (again) this.onFrame(event, (u, v) => this.by(STEP * STEP, u, v));
  }

  /** The middle of the pointers that are down, and how far the first two are apart: 0 if there is one. */
  fingers() {
    const [a, b = a] = [...this.pointers.values()];
    return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, spread: Math.hypot(a.x - b.x, a.y - b.y) };
  }
}

function stop(event) {
  event.preventDefault();
  event.stopPropagation();
}
