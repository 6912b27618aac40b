// From pointers to movements: which pointers are down, and what their moves mean. No DOM: it is fed plain values.
import type { Point } from "./camera";
import type { DragAction, KeyAction } from "./bindings";

/** A movement of the camera or of the window; points as in camera.ts, angles in radians clockwise. */
export type Movement =
  | { kind: "orbit"; dx: number; dy: number }
  | { kind: "pan"; from: Point; to: Point }
  | { kind: "zoom"; factor: number; at: Point }
  | { kind: "roll"; angle: number }
  | { kind: "window"; dx: number; dy: number };

/** A drag of this many pixels doubles or halves the distance. */
const ZOOM_DRAG_PX = 120;
/** A wheel's travel of this many pixels does the same; one notch is about 100. */
const ZOOM_WHEEL_PX = 400;
/** Browsers report a trackpad's pinch as a wheel with ctrl, in much smaller steps. */
const ZOOM_PINCH_PX = 60;
const WHEEL_LINE_PX = 16;
/** One press of a key moves like a drag of this many pixels. */
const KEY_PX = 24;
const KEY_ZOOM = 1.15;
const KEY_ROLL = Math.PI / 36;

interface Held {
  at: Point;
  start: Point;
}

export class Gestures {
  private held = new Map<number, Held>();
  private action: DragAction = "orbit";

  /** Whether a pointer is down. */
  get active(): boolean {
    return this.held.size > 0;
  }

  /** A pointer went down. `action` is what it does as long as it is alone. */
  down(id: number, at: Point, action: DragAction): void {
    if (this.held.size === 0) this.action = action;
    if (this.held.size < 2) this.held.set(id, { at, start: at });
  }

  /** A pointer moved: what that means, nothing when it is not down. */
  move(id: number, to: Point): Movement[] {
    const pointer = this.held.get(id);
    if (!pointer) return [];
    const from = pointer.at;
    const other = [...this.held].find(([key]) => key !== id)?.[1];
    pointer.at = to;
    return other ? twoPointers(from, to, other.at) : onePointer(this.action, from, to, pointer.start);
  }

  /** A pointer went up or was taken away. A finger that stays goes on alone, and turns. */
  up(id: number): void {
    const hadTwo = this.held.size === 2;
    this.held.delete(id);
    if (hadTwo) this.action = "orbit";
  }
}

function onePointer(action: DragAction, from: Point, to: Point, start: Point): Movement[] {
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  if (dx === 0 && dy === 0) return [];
  switch (action) {
    case "orbit":
      return [{ kind: "orbit", dx, dy }];
    case "pan":
      return [{ kind: "pan", from, to }];
    case "zoom":
      return [{ kind: "zoom", factor: 2 ** (dy / ZOOM_DRAG_PX), at: start }];
    case "window":
      return [{ kind: "window", dx, dy }];
  }
}

/** One of two fingers moved: the middle moves, the spread changes and the line between them turns. */
function twoPointers(from: Point, to: Point, other: Point): Movement[] {
  const middle = (p: Point): Point => ({ x: (p.x + other.x) / 2, y: (p.y + other.y) / 2 });
  const spread = (p: Point): number => Math.max(Math.hypot(p.x - other.x, p.y - other.y), 10);
  const angle = (p: Point): number => Math.atan2(p.y - other.y, p.x - other.x);
  const turn = angle(to) - angle(from);
  return [
    { kind: "pan", from: middle(from), to: middle(to) },
    { kind: "zoom", factor: spread(from) / spread(to), at: middle(to) },
    { kind: "roll", angle: Math.atan2(Math.sin(turn), Math.cos(turn)) },
  ];
}

/** What a wheel event does; `deltaMode` as in WheelEvent (0 pixels, 1 lines, 2 pages of `height`). */
export function wheelZoom(
  event: { deltaY: number; deltaMode: number; ctrlKey: boolean },
  at: Point,
  height: number,
): Movement {
  const travel = event.deltaY * ([1, WHEEL_LINE_PX, height][event.deltaMode] ?? 1);
  const doubling = event.ctrlKey ? ZOOM_PINCH_PX : ZOOM_WHEEL_PX;
  const factor = Math.min(2, Math.max(0.5, 2 ** (travel / doubling)));
  return { kind: "zoom", factor, at };
}

/**
 * A window after a drag: to the right widens it, up brings its middle down, so that the picture gets brighter.
 * A drag over the whole of `size` pixels goes over the whole of `range`.
 */
export function draggedWindow(
  window: [number, number],
  range: [number, number],
  dx: number,
  dy: number,
  size: number,
): [number, number] {
  const span = Math.max(range[1] - range[0], Number.EPSILON);
  const per = span / Math.max(size, 1);
  const width = Math.min(Math.max(window[1] - window[0] + dx * per, span / 1000), 4 * span);
  const middle = (window[0] + window[1]) / 2 + dy * per;
  const clamped = Math.min(Math.max(middle, range[0]), range[1]);
  return [clamped - width / 2, clamped + width / 2];
}

const CENTRE: Point = { x: 0, y: 0 };
const KEY_MOVEMENTS: Partial<Record<KeyAction, Movement>> = {
  "turn-left": { kind: "orbit", dx: -KEY_PX, dy: 0 },
  "turn-right": { kind: "orbit", dx: KEY_PX, dy: 0 },
  "turn-up": { kind: "orbit", dx: 0, dy: -KEY_PX },
  "turn-down": { kind: "orbit", dx: 0, dy: KEY_PX },
  "pan-left": { kind: "pan", from: CENTRE, to: { x: -KEY_PX, y: 0 } },
  "pan-right": { kind: "pan", from: CENTRE, to: { x: KEY_PX, y: 0 } },
  "pan-up": { kind: "pan", from: CENTRE, to: { x: 0, y: -KEY_PX } },
  "pan-down": { kind: "pan", from: CENTRE, to: { x: 0, y: KEY_PX } },
  nearer: { kind: "zoom", factor: 1 / KEY_ZOOM, at: CENTRE },
  farther: { kind: "zoom", factor: KEY_ZOOM, at: CENTRE },
  "roll-left": { kind: "roll", angle: -KEY_ROLL },
  "roll-right": { kind: "roll", angle: KEY_ROLL },
};

/** The movement that a key makes; null for keys that do something else. */
export function keyMovement(action: KeyAction): Movement | null {
  return KEY_MOVEMENTS[action] ?? null;
}
