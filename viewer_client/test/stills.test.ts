// When a still is over the moving picture.
import { expect, it } from "vitest";
import { StillSwap } from "../src/stills";
import type { FrameInfo, StillMessage } from "../src/wire";

const frame = (sequence: number, samples = 256): FrameInfo => ({ sequence, samples }) as FrameInfo;
const still = (sequence: number, n = 0): StillMessage => ({
  type: "still",
  view: "v",
  sequence,
  camera_seq: 0,
  width: 640,
  height: 480,
  samples: 256,
  path: `views/v/still/${sequence}.webp?n=${n}`,
});

it("is seen from when it is decoded until the first frame of another state", () => {
  const swap = new StillSwap();
  const four = still(4);
  swap.presented(frame(4));
  expect(swap.offered(four)).toBe(true);
  expect(swap.visible).toBe(false);
  expect(swap.decoded(four)).toBe(true);
  expect(swap.visible).toBe(true);
  expect(swap.presented(frame(4))).toBe(false); // the same picture, encoded once more
  expect(swap.visible).toBe(true);
  expect(swap.presented(frame(5, 1))).toBe(true);
  expect(swap.visible).toBe(false);
});

it("waits for its frame, which may come later", () => {
  const swap = new StillSwap();
  swap.presented(frame(3));
  const four = still(4);
  swap.offered(four);
  swap.decoded(four);
  expect(swap.visible).toBe(false);
  swap.presented(frame(4, 200));
  expect(swap.visible).toBe(false);
  swap.presented(frame(4, 256));
  expect(swap.visible).toBe(true);
});

it("is not loaded when it is of the past, nor twice", () => {
  const swap = new StillSwap();
  swap.presented(frame(9));
  expect(swap.offered(still(8))).toBe(false);
  expect(swap.offered(still(9))).toBe(true);
  expect(swap.offered(still(9))).toBe(false);
});

it("is not shown when it comes too late", () => {
  const swap = new StillSwap();
  const four = still(4);
  swap.presented(frame(4));
  swap.offered(four);
  expect(swap.presented(frame(5, 1))).toBe(true);
  expect(swap.decoded(four)).toBe(false);
  expect(swap.visible).toBe(false);
});

it("gives way to another of the same state, as after an annotation", () => {
  const swap = new StillSwap();
  const [old, fresh] = [still(4), still(4, 1)];
  swap.presented(frame(4));
  swap.offered(old);
  swap.decoded(old);
  expect(swap.presented(frame(4, 1))).toBe(true); // drawn anew
  expect(swap.visible).toBe(false);
  swap.presented(frame(4, 256));
  expect(swap.visible).toBe(false);
  expect(swap.offered(fresh)).toBe(true);
  expect(swap.decoded(fresh)).toBe(true);
  expect(swap.visible).toBe(true);
});

it("goes at once when annotations change, whatever frames say, until another is offered", () => {
  const swap = new StillSwap();
  const old = still(4);
  swap.presented(frame(4));
  swap.offered(old);
  swap.decoded(old);
  expect(swap.visible).toBe(true);
  swap.redrawn();
  expect(swap.visible).toBe(false);
  swap.presented(frame(4)); // redeveloped: as many samples as before
  expect(swap.visible).toBe(false);
  expect(swap.decoded(old)).toBe(false);
  expect(swap.offered(still(4, 1))).toBe(true);
});

it("may be offered again when it could not be loaded, and is forgotten with its connection", () => {
  const swap = new StillSwap();
  const four = still(4);
  swap.presented(frame(4));
  swap.offered(four);
  swap.failed(four);
  expect(swap.offered(four)).toBe(true);
  swap.decoded(four);
  swap.restart();
  expect(swap.visible).toBe(false);
  expect(swap.offered(still(1))).toBe(true);
});
