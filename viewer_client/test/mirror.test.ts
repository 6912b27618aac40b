import { expect, it } from "vitest";
import { Mirror } from "../src/mirror";
import { coalesced, difference, patched, valueAt } from "../src/patch";
import type { Op, ViewState } from "../src/wire";
import { STATE } from "./browser/scene";

const density = (value: number): Op => ({ op: "put", path: ["shading", "density"], value });
const counter = (): (() => number) => {
  let seq = 0;
  return () => ++seq;
};
function started(): Mirror {
  const mirror = new Mirror();
  mirror.begin(STATE, 1);
  return mirror;
}

it("puts values at paths without changing the tree they came from", () => {
  const before = structuredClone(STATE);
  const next = patched(STATE, [{ op: "put", path: ["layers", 0, "channels", 1, "visible"], value: true }, density(7)]);
  expect(valueAt(next, ["layers", 0, "channels", 1, "visible"])).toBe(true);
  expect(next.shading.density).toBe(7);
  expect(STATE).toEqual(before);
  expect(next.lighting).toBe(STATE.lighting);
});

it("leaves out ops on paths that are not there", () => {
  const ops: Op[] = [
    { op: "put", path: ["layers", 9, "visible"], value: false },
    { op: "put", path: ["__proto__", "polluted"], value: true },
    { op: "put", path: ["constructor"], value: 1 },
  ];
  expect(patched(STATE, ops)).toEqual(STATE);
  expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
});

it("keeps the last op of each path", () => {
  expect(coalesced([density(1), { op: "put", path: ["samples"], value: 8 }, density(2)])).toEqual([
    { op: "put", path: ["samples"], value: 8 },
    density(2),
  ]);
});

it("adds to sets and tables, and takes out of them", () => {
  const listed = ["layers", 1, "listed"];
  const colors = ["layers", 1, "segment_colors"];
  // 2^53 and 2^53 + 1 are one number in JavaScript; as strings they are two.
  const next = patched(STATE, [
    { op: "put", path: listed, value: ["9007199254740992"] },
    { op: "add", path: listed, value: ["9007199254740993", "7", "7"] },
    { op: "add", path: colors, value: { "7": [1, 0, 0], "8": [0, 1, 0] } },
    { op: "remove", path: colors, value: ["8"] },
  ]);
  expect(valueAt(next, listed)).toEqual(["7", "9007199254740992", "9007199254740993"]);
  expect(valueAt(next, colors)).toEqual({ "7": [1, 0, 0] });
  expect(valueAt(patched(next, [{ op: "remove", path: listed, value: ["9007199254740992"] }]), listed)).toEqual([
    "7",
    "9007199254740993",
  ]);
});

it("keeps what is added after a value was put", () => {
  const path = ["layers", 1, "listed"];
  const put: Op = { op: "put", path, value: ["1"] };
  const add: Op = { op: "add", path, value: ["2"] };
  const remove: Op = { op: "remove", path, value: ["1"] };
  expect(coalesced([add, put, add, remove])).toEqual([put, add, remove]);
});

it("tells the difference of two states in ops that make one from the other, but for the camera", () => {
  const wanted: ViewState = {
    ...patched(STATE, [density(9)]),
    camera: { ...STATE.camera, view_angle: 50 },
    samples: 4,
  };
  expect(patched(STATE, difference(STATE, wanted))).toEqual({ ...wanted, camera: STATE.camera });
});

it("shows a change at once and sends it once", () => {
  const mirror = started();
  const next = counter();
  mirror.put([density(1)]);
  mirror.put([density(2)]);
  expect(mirror.state?.shading.density).toBe(2);
  expect(mirror.flush(next, 0)).toEqual({ type: "patch", seq: 1, patch: { ops: [density(2)] } });
  expect(mirror.flush(next, 0)).toBeNull();
  expect(mirror.state?.shading.density).toBe(2);
});

it("takes back what the server refuses, and only that", () => {
  const mirror = started();
  const next = counter();
  mirror.put([density(1)]);
  mirror.flush(next, 0);
  mirror.put([{ op: "put", path: ["samples"], value: 8 }]);
  mirror.flush(next, 0);
  mirror.refuse(1);
  expect(mirror.state?.shading.density).toBe(STATE.shading.density);
  expect(mirror.state?.samples).toBe(8);
});

it("keeps its own unanswered change over an older answer and somebody else's state", () => {
  const mirror = started();
  const next = counter();
  mirror.put([density(1)]);
  mirror.flush(next, 0);
  mirror.put([density(2)]);
  mirror.flush(next, 0);
  mirror.answer({ type: "state", seq: 1, sequence: 2, state: patched(STATE, [density(1)]) });
  expect(mirror.state?.shading.density).toBe(2);
  mirror.answer({
    type: "state",
    seq: null,
    sequence: 3,
    state: patched(STATE, [density(1), { op: "put", path: ["samples"], value: 3 }]),
  });
  expect(mirror.state?.shading.density).toBe(2);
  expect(mirror.state?.samples).toBe(3);
  mirror.answer({ type: "state", seq: 2, sequence: 4, state: patched(STATE, [density(2)]) });
  expect(mirror.settled).toBe(true);
});

it("holds changes back, merged, while two are unanswered, and goes on when an answer was lost", () => {
  const mirror = started();
  const next = counter();
  for (const value of [1, 2, 3, 4]) {
    mirror.put([density(value)]);
    const event = mirror.flush(next, 0);
    expect(event === null).toBe(value > 2);
  }
  expect(mirror.flush(next, 1000)).toBeNull();
  expect(mirror.flush(next, 10_000)?.patch.ops).toEqual([density(4)]);
});

it("sends a change again that was not answered, after those before it and before those after it", () => {
  const mirror = started();
  const seq = counter();
  mirror.put([density(1)]);
  expect(mirror.flush(seq, 0)?.patch.ops).toEqual([density(1)]);
  mirror.put([{ op: "put", path: ["samples"], value: 5 }]);
  expect(mirror.flush(seq, 1000)?.seq).toBe(2);
  mirror.put([density(3)]);
  expect(mirror.flush(seq, 2000)).toBeNull();
  const again = mirror.flush(seq, 3500);
  expect(again?.patch.ops).toEqual([{ op: "put", path: ["samples"], value: 5 }, density(3)]);
  expect(mirror.state?.shading.density).toBe(3);
  // An answer to the lost message, should it come after all, takes nothing back.
  mirror.answer({ type: "state", seq: 2, sequence: 2, state: { ...STATE, samples: 5 } });
  expect(mirror.state?.shading.density).toBe(3);
});

it("sends unanswered changes again after a new connection", () => {
  const mirror = started();
  const next = counter();
  mirror.put([density(1)]);
  mirror.flush(next, 0);
  mirror.begin(STATE, 1);
  expect(mirror.state?.shading.density).toBe(1);
  expect(mirror.flush(next, 0)).toEqual({ type: "patch", seq: 2, patch: { ops: [density(1)] } });
});
