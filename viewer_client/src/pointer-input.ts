// The DOM side of the pointer: captures it, feeds Gestures, and hands the movements on.
import { dragAction } from "./bindings";
import type { Point } from "./camera";
import { Gestures, wheelZoom, type Movement } from "./gestures";

export class PointerInput {
  private readonly gestures = new Gestures();
  private readonly stop = new AbortController();

  constructor(
    private readonly stage: HTMLElement,
    private readonly move: (movement: Movement) => void,
  ) {
    const options = { signal: this.stop.signal };
    stage.addEventListener("pointerdown", (event) => this.down(event), options);
    stage.addEventListener("pointermove", (event) => this.moved(event), options);
    for (const name of ["pointerup", "pointercancel", "lostpointercapture"] as const) {
      stage.addEventListener(name, (event) => this.up(event), options);
    }
    stage.addEventListener("contextmenu", (event) => event.preventDefault(), options);
    stage.addEventListener("wheel", (event) => this.wheel(event), { ...options, passive: false });
  }

  /** Whether a drag is under way. */
  get active(): boolean {
    return this.gestures.active;
  }

  close(): void {
    this.stop.abort();
  }

  private at(event: MouseEvent): Point {
    const box = this.stage.getBoundingClientRect();
    return { x: event.clientX - box.left - box.width / 2, y: event.clientY - box.top - box.height / 2 };
  }

  private down(event: PointerEvent): void {
    const action = event.pointerType === "touch" ? "orbit" : dragAction(event.button, event);
    if (action === null) return;
    this.stage.focus({ preventScroll: true });
    this.stage.setPointerCapture(event.pointerId);
    // Keeps the middle button from scrolling and the drag from selecting text.
    event.preventDefault();
    this.gestures.down(event.pointerId, this.at(event), action);
  }

  private moved(event: PointerEvent): void {
    for (const movement of this.gestures.move(event.pointerId, this.at(event))) this.move(movement);
  }

  private up(event: PointerEvent): void {
    this.gestures.up(event.pointerId);
  }

  private wheel(event: WheelEvent): void {
    const page = document.scrollingElement;
    const scrolls = page !== null && page.scrollHeight > page.clientHeight;
    // On a page that scrolls, the wheel belongs to the page until the view was clicked.
    if (scrolls && !event.ctrlKey && !this.stage.matches(":focus")) return;
    event.preventDefault();
    this.move(wheelZoom(event, this.at(event), this.stage.clientHeight));
  }
}
