import { describe, expect, it } from "vitest";
import { DRAGS, dragAction, help, keyAction, KEYS } from "../src/bindings";
import { draggedWindow, Gestures, keyMovement, wheelZoom } from "../src/gestures";

const NONE = { shiftKey: false, ctrlKey: false, altKey: false, metaKey: false };

describe("bindings", () => {
  it.each([
    [0, {}, "orbit"],
    [0, { shiftKey: true }, "pan"],
    [1, {}, "pan"],
    [2, {}, "pan"],
    [0, { ctrlKey: true }, "zoom"],
    [0, { altKey: true }, "window"],
    [2, { shiftKey: true }, "pan"],
    [4, {}, null],
  ])("button %i with %o does %s", (button, held, action) => {
    expect(dragAction(button, { ...NONE, ...held })).toBe(action);
  });

  it("finds keys, in either case, with shift only where it matters", () => {
    expect(keyAction({ ...NONE, key: "R" })).toEqual({ action: "reset", index: 0 });
    expect(keyAction({ ...NONE, shiftKey: true, key: "?" })?.action).toBe("help");
    expect(keyAction({ ...NONE, key: "3" })).toEqual({ action: "channel", index: 2 });
    expect(keyAction({ ...NONE, key: "ArrowUp" })?.action).toBe("turn-up");
    expect(keyAction({ ...NONE, shiftKey: true, key: "ArrowUp" })?.action).toBe("pan-up");
  });

  it("leaves the browser its own shortcuts", () => {
    expect(keyAction({ ...NONE, ctrlKey: true, key: "r" })).toBeNull();
    expect(keyAction({ ...NONE, metaKey: true, key: "f" })).toBeNull();
    expect(keyAction({ ...NONE, key: "x" })).toBeNull();
  });

  it("has a row of help for every action of the tables", () => {
    const [pointer, , keys] = help();
    expect(pointer!.rows.flatMap((row) => row.ways)).toHaveLength(DRAGS.length + 1);
    const told = keys!.rows.flatMap((row) => row.ways).length;
    const channels = KEYS.find((binding) => binding.action === "channel")!;
    const several = KEYS.filter((b) => ["nearer", "farther"].includes(b.action)).length;
    const every = KEYS.filter((b) => b !== channels && !["nearer", "farther"].includes(b.action)).flatMap(
      (b) => b.keys,
    );
    expect(told).toBe(every.length + several + 1);
  });
});

describe("one pointer", () => {
  it("turns, moves or windows by its own movement", () => {
    for (const action of ["orbit", "window"] as const) {
      const gestures = new Gestures();
      gestures.down(1, { x: 10, y: 10 }, action);
      expect(gestures.move(1, { x: 14, y: 7 })).toEqual([{ kind: action, dx: 4, dy: -3 }]);
      expect(gestures.move(1, { x: 14, y: 7 })).toEqual([]);
    }
  });

  it("zooms about where the drag started, nearer when it goes up", () => {
    const gestures = new Gestures();
    gestures.down(1, { x: 5, y: 50 }, "zoom");
    const [movement] = gestures.move(1, { x: 5, y: 20 });
    expect(movement).toMatchObject({ kind: "zoom", at: { x: 5, y: 50 } });
    expect(movement?.kind === "zoom" && movement.factor).toBeLessThan(1);
  });

  it("does nothing when no button is down, or after it is up", () => {
    const gestures = new Gestures();
    expect(gestures.move(1, { x: 1, y: 1 })).toEqual([]);
    gestures.down(1, { x: 0, y: 0 }, "orbit");
    gestures.up(1);
    expect(gestures.active).toBe(false);
    expect(gestures.move(1, { x: 1, y: 1 })).toEqual([]);
  });
});

describe("two fingers", () => {
  function pair(): Gestures {
    const gestures = new Gestures();
    gestures.down(1, { x: -50, y: 0 }, "orbit");
    gestures.down(2, { x: 50, y: 0 }, "orbit");
    return gestures;
  }

  it("zoom by the change of their distance", () => {
    const movements = pair().move(2, { x: 150, y: 0 });
    expect(movements).toContainEqual({ kind: "zoom", factor: 0.5, at: { x: 50, y: 0 } });
    expect(movements).toContainEqual({ kind: "roll", angle: 0 });
  });

  it("roll clockwise when they turn clockwise (y goes down)", () => {
    const roll = pair()
      .move(2, { x: -50, y: 100 })
      .find((m) => m.kind === "roll");
    expect(roll?.kind === "roll" && roll.angle).toBeCloseTo(Math.PI / 2, 9);
  });

  it("roll across the seam of the angle without a jump", () => {
    const gestures = new Gestures();
    gestures.down(1, { x: 0, y: 0 }, "orbit");
    gestures.down(2, { x: -100, y: 1 }, "orbit");
    const roll = gestures.move(2, { x: -100, y: -1 }).find((m) => m.kind === "roll");
    expect(Math.abs(roll?.kind === "roll" ? roll.angle : 9)).toBeLessThan(0.05);
  });

  it("pan with their middle, and one finger turns again when the other is lifted", () => {
    const gestures = pair();
    expect(gestures.move(1, { x: -30, y: 10 })).toContainEqual({
      kind: "pan",
      from: { x: 0, y: 0 },
      to: { x: 10, y: 5 },
    });
    gestures.up(1);
    expect(gestures.move(2, { x: 55, y: 0 })).toEqual([{ kind: "orbit", dx: 5, dy: 0 }]);
  });
});

it("a wheel up comes nearer, and lines, pages and pinches count", () => {
  const at = { x: 1, y: 2 };
  const factor = (deltaY: number, deltaMode = 0, ctrlKey = false): number => {
    const movement = wheelZoom({ deltaY, deltaMode, ctrlKey }, at, 600);
    return movement.kind === "zoom" ? movement.factor : Number.NaN;
  };
  expect(factor(-100)).toBeLessThan(1);
  expect(factor(100) * factor(-100)).toBeCloseTo(1, 9);
  expect(factor(3, 1)).toBeCloseTo(factor(48), 9);
  expect(factor(10, 0, true)).toBeGreaterThan(factor(10));
  expect(factor(-1e6)).toBe(0.5);
});

it("a drag of the window widens it to the right and lowers its middle upwards, within reason", () => {
  expect(draggedWindow([20, 40], [0, 100], 50, 0, 500)).toEqual([15, 45]);
  expect(draggedWindow([20, 40], [0, 100], 0, -50, 500)).toEqual([10, 30]);
  const [low, high] = draggedWindow([20, 40], [0, 100], -9999, 0, 500);
  expect(high).toBeGreaterThan(low);
  expect(draggedWindow([20, 40], [0, 100], 0, 9999, 500)).toEqual([90, 110]);
});

it("moves by keys the way they point", () => {
  expect(keyMovement("turn-right")).toMatchObject({ kind: "orbit", dy: 0 });
  const up = keyMovement("pan-up");
  expect(up?.kind === "pan" && up.to.y).toBeLessThan(0);
  const nearer = keyMovement("nearer");
  expect(nearer?.kind === "zoom" && nearer.factor).toBeLessThan(1);
  expect(keyMovement("reset")).toBeNull();
});
