// The DOM side of the pointer: captures it, feeds Gestures, and hands the movements on.
import { dragAction } from "./bindings";
import type { Point } from "./camera";
import { Gestures, wheelZoom, type Movement } from "./gestures";

/** With a tool in the hand, a pointer that goes no farther than this clicks. */
const CLICK_PX = 5;

/** What is done with a tool in the hand. */
export interface ToolInput {
  readonly inHand: boolean;
  click(at: Point): void;
  hover(at: Point): void;
  leave(): void;
}

export class PointerInput {
  /** Where a pointer went down that may yet click. */
  private pressed: { id: number; at: Point } | null = null;
  private readonly gestures = new Gestures();
  private readonly stop = new AbortController();

  constructor(
    private readonly stage: HTMLElement,
    private readonly move: (movement: Movement) => void,
    private readonly tool: ToolInput,
  ) {
    const options = { signal: this.stop.signal };
    stage.addEventListener("pointerdown", (event) => this.down(event), options);
    stage.addEventListener("pointermove", (event) => this.moved(event), options);
    for (const name of ["pointerup", "pointercancel", "lostpointercapture"] as const) {
      stage.addEventListener(name, (event) => this.up(event), options);
    }
    stage.addEventListener("pointerleave", () => this.tool.leave(), options);
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
    const clicks = this.tool.inHand && event.isPrimary && event.button === 0 && !this.gestures.active;
    this.pressed = clicks ? { id: event.pointerId, at: this.at(event) } : null;
    this.gestures.down(event.pointerId, this.at(event), action);
  }

  private moved(event: PointerEvent): void {
    const at = this.at(event);
    if (!this.gestures.active && event.pointerType !== "touch") this.tool.hover(at);
    if (this.pressed?.id === event.pointerId) {
      if (Math.hypot(at.x - this.pressed.at.x, at.y - this.pressed.at.y) <= CLICK_PX) return;
      this.pressed = null;
    }
    for (const movement of this.gestures.move(event.pointerId, at)) this.move(movement);
  }

  private up(event: PointerEvent): void {
    this.gestures.up(event.pointerId);
    if (this.pressed?.id !== event.pointerId) return;
    const { at } = this.pressed;
    this.pressed = null;
    if (event.type === "pointerup") this.tool.click(at);
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
