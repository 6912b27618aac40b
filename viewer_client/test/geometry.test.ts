// Views from the six sides, planes and slices.
import { describe, expect, it } from "vitest";
import { frameOf, project, type Vec3 } from "../src/camera";
import { namedView, VIEW_NAMES } from "../src/named-views";
import { atOffset, facingPlane, flipped, offsetOf, reachOf } from "../src/planes";
import { anySlice, slicesOff, slicesOn } from "../src/slices";
import type { Camera, SceneSummary } from "../src/wire";
import { HELLO, STATE } from "./browser/scene";

const SCENE: SceneSummary = { ...HELLO.scene, box_lo: [-10, 5, 40], box_hi: [90, 65, 60] };
const PATIENT: SceneSummary = { ...SCENE, orientation: "anatomical" };
const CORNERS: Vec3[] = [0, 1, 2, 3, 4, 5, 6, 7].map(
  (i) => [0, 1, 2].map((axis) => ((i >> axis) & 1 ? SCENE.box_hi : SCENE.box_lo)[axis]!) as Vec3,
);
const HEIGHT = 600;

describe.each([
  ["perspective", 1.5],
  ["orthographic", 0.6],
] as const)("a named view, %s, at aspect %d", (projection, aspect) => {
  it.each(VIEW_NAMES)("from the %s shows the whole box, as large as fits", (name) => {
    const camera = namedView({ ...STATE.camera, projection }, name, SCENE, aspect);
    // The parts of half the picture that the box takes: none outside, and one of them nearly all.
    const parts = CORNERS.map((corner) => {
      const { x, y } = project(camera, corner, HEIGHT);
      return Math.max(Math.abs(y) / (HEIGHT / 2), Math.abs(x) / ((aspect * HEIGHT) / 2));
    });
    expect(Math.max(...parts)).toBeCloseTo(1 / 1.12, 6);
  });
});

it.each([
  // [view, scene, world direction to the right, world direction up]
  ["front", SCENE, [1, 0, 0], [0, -1, 0]],
  ["back", SCENE, [-1, 0, 0], [0, -1, 0]],
  ["left", SCENE, [0, 0, -1], [0, -1, 0]],
  ["right", SCENE, [0, 0, 1], [0, -1, 0]],
  ["top", SCENE, [1, 0, 0], [0, 0, 1]],
  ["bottom", SCENE, [1, 0, 0], [0, 0, -1]],
  // LPS: x to the patient's left, y to the back, z to the head.
  ["front", PATIENT, [1, 0, 0], [0, 0, 1]],
  ["back", PATIENT, [-1, 0, 0], [0, 0, 1]],
  ["left", PATIENT, [0, 1, 0], [0, 0, 1]],
  ["right", PATIENT, [0, -1, 0], [0, 0, 1]],
  ["top", PATIENT, [-1, 0, 0], [0, -1, 0]],
  ["bottom", PATIENT, [1, 0, 0], [0, -1, 0]],
] as const)("looks from the %s the right way up", (name, scene, right, up) => {
  const frame = frameOf(namedView(STATE.camera, name, scene, 1));
  expect(frame.right).toEqual(right.map((part) => expect.closeTo(part, 9)));
  expect(frame.up).toEqual(up.map((part) => expect.closeTo(part, 9)));
});

describe("planes", () => {
  const camera: Camera = { ...STATE.camera, position: [40, -80, 10], focal_point: [40, 35, 50] };
  const plane = facingPlane(camera);

  it("cut away what is between the eye and the focal point", () => {
    const side = (point: Vec3): number =>
      plane.normal.reduce((sum, part, i) => sum + part * (point[i]! - plane.point[i]!), 0);
    expect(side(camera.position)).toBeGreaterThan(0);
    expect(side(camera.focal_point)).toBeCloseTo(0, 9);
    expect(flipped(plane).normal).toEqual(plane.normal.map((part) => expect.closeTo(-part, 12)));
  });

  it("move along their normal, and meet the box as far as they reach", () => {
    const tilted = { ...plane, normal: [3, -1, 2] as Vec3 };
    const moved = atOffset(tilted, 7.5, SCENE);
    expect(offsetOf(moved, SCENE)).toBeCloseTo(7.5, 9);
    const across = moved.point.map((part, i) => part - tilted.point[i]!);
    expect(across[0]! / 3).toBeCloseTo(across[2]! / 2, 9);
    expect(across[0]! / 3).toBeCloseTo(-across[1]!, 9);
    const offsets = CORNERS.map((point) => offsetOf({ ...tilted, point }, SCENE));
    expect(Math.max(...offsets)).toBeCloseTo(reachOf(tilted, SCENE), 9);
    expect(Math.min(...offsets)).toBeCloseTo(-reachOf(tilted, SCENE), 9);
  });
});

describe("the slices' key", () => {
  const none = STATE.slices;
  const some = { ...none, x: 0.2, planes: [{ ...facingPlane(STATE.camera), visible: true }] };

  it("shows three through the middle where there were none", () => {
    expect(slicesOn(none, null)).toMatchObject({ x: 0.5, y: 0.5, z: 0.5 });
    expect(slicesOff(none)).toBe(none);
  });

  it("takes all away and brings them back as they were", () => {
    const off = slicesOff(some);
    expect(anySlice(off)).toBe(false);
    expect(off.planes).toHaveLength(1);
    expect(slicesOn(off, some)).toEqual(some);
  });

  it("shows something even when what was there is gone", () => {
    const gone = { ...none, planes: [] };
    expect(anySlice(slicesOn(gone, { ...some, x: null }))).toBe(true);
  });
});
