import { describe, expect, it } from "vitest";
import * as camera from "../src/camera";
import type { Camera } from "../src/wire";

const HEIGHT = 400;
/** Looks along -z with +y up; right is +x. */
const FRONT: Camera = {
  position: [0, 0, 10],
  focal_point: [0, 0, 0],
  view_up: [0, 1, 0],
  view_angle: 30,
  projection: "perspective",
  parallel_scale: 3,
  aperture: 0,
  focus_distance: null,
  stereo: "off",
  eye_separation: 1 / 30,
};
/** An image camera: y goes down in the world, the eye is on the side of the first slice; right is still +x. */
const IMAGE: Camera = { ...FRONT, position: [3, 5, -40], focal_point: [3, 5, 7], view_up: [0, -1, 0] };
const ODD: Camera = { ...FRONT, position: [7, -4, 9], focal_point: [1, 2, 3], view_up: [0.3, 0.2, 1] };
const CAMERAS: [string, Camera][] = [
  ["front", FRONT],
  ["image", IMAGE],
  ["odd", ODD],
  ["orthographic", { ...ODD, projection: "orthographic" }],
];
const dist = (a: number[], b: number[]): number => Math.hypot(...a.map((x, i) => x - b[i]!));
const dot = (a: number[], b: number[]): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);

describe.each(CAMERAS)("%s camera", (_, start) => {
  const axis = start.view_up;

  it("orbits at the same distance about the same point", () => {
    const moved = camera.orbit(start, 37, -21, HEIGHT, axis);
    expect(camera.distanceOf(moved)).toBeCloseTo(camera.distanceOf(start), 9);
    expect(moved.focal_point).toEqual(start.focal_point);
    expect(dist(moved.position, start.position)).toBeGreaterThan(0.1);
  });

  it.each([
    ["right", 8, 0],
    ["left", -8, 0],
    ["up", 0, -8],
    ["down", 0, 8],
  ])("moves the front of the object %s with the drag", (_name, dx, dy) => {
    const { forward } = camera.frameOf(start);
    const nearer = -0.2 * camera.distanceOf(start);
    const front = start.focal_point.map((f, i) => f + forward[i]! * nearer) as camera.Vec3;
    const before = camera.project(start, front, HEIGHT);
    const after = camera.project(camera.orbit(start, dx, dy, HEIGHT, axis), front, HEIGHT);
    const move = [after.x - before.x, after.y - before.y];
    expect(Math.hypot(...move)).toBeGreaterThan(2);
    // Seen from above or below, a turntable carries the front along a shallow arc: mostly, not only, with the hand.
    expect(dot(move, [dx, dy]) / Math.hypot(...move) / Math.hypot(dx, dy)).toBeGreaterThan(0.9);
  });

  it("keeps the point under the cursor when panning", () => {
    const from = { x: 50, y: -80 };
    const to = { x: -33, y: 12 };
    const held = camera.pointInFocalPlane(start, from, HEIGHT);
    const seen = camera.project(camera.pan(start, from, to, HEIGHT), held, HEIGHT);
    expect(seen.x).toBeCloseTo(to.x, 6);
    expect(seen.y).toBeCloseTo(to.y, 6);
  });

  it("keeps the point under the cursor when zooming, and sees it larger", () => {
    const at = { x: 70, y: 40 };
    const held = camera.pointInFocalPlane(start, at, HEIGHT);
    const near = camera.zoom(start, 0.5, at, HEIGHT, [0.01, 1e6]);
    const seen = camera.project(near, held, HEIGHT);
    expect(seen.x).toBeCloseTo(at.x, 6);
    expect(seen.y).toBeCloseTo(at.y, 6);
    expect(camera.pixelSize(near, HEIGHT)).toBeCloseTo(camera.pixelSize(start, HEIGHT) / 2, 9);
    expect(camera.frameOf(near).forward).toEqual(camera.frameOf(start).forward.map((x) => expect.closeTo(x, 9)));
  });

  it("keeps the size at the focal point through the other projection and back", () => {
    const at = { x: 90, y: -30 };
    const point = camera.pointInFocalPlane(start, at, HEIGHT);
    const other = start.projection === "perspective" ? "orthographic" : "perspective";
    const there = camera.withProjection(start, other);
    expect(there.projection).toBe(other);
    const back = camera.withProjection(there, start.projection);
    for (const now of [there, back]) {
      const seen = camera.project(now, point, HEIGHT);
      expect(seen.x).toBeCloseTo(at.x, 6);
      expect(seen.y).toBeCloseTo(at.y, 6);
      expect(camera.frameOf(now).forward).toEqual(camera.frameOf(start).forward.map((x) => expect.closeTo(x, 9)));
    }
  });

  it("keeps the size at the focal point when the view angle changes, and what is sharp", () => {
    const at = { x: 90, y: -30 };
    const point = camera.pointInFocalPlane(start, at, HEIGHT);
    const focused = { ...start, focus_distance: 1.25 * camera.distanceOf(start) };
    const wide = camera.withViewAngle(focused, 75);
    expect(wide.view_angle).toBe(75);
    const seen = camera.project(wide, point, HEIGHT);
    expect(seen.x).toBeCloseTo(at.x, 6);
    expect(seen.y).toBeCloseTo(at.y, 6);
    const sharp = (of: Camera): number[] =>
      of.position.map((x, i) => x + camera.frameOf(of).forward[i]! * of.focus_distance!);
    expect(dist(sharp(wide), sharp(focused))).toBeCloseTo(0, 6);
  });

  it("rolls the picture clockwise about its centre", () => {
    const top = camera.pointInFocalPlane(start, { x: 0, y: -100 }, HEIGHT);
    const seen = camera.project(camera.roll(start, Math.PI / 2), top, HEIGHT);
    expect(seen.x).toBeCloseTo(100, 6);
    expect(seen.y).toBeCloseTo(0, 6);
  });

  it("never flips over the poles, however far it is dragged", () => {
    let moved = start;
    for (let i = 0; i < 200; i++) {
      moved = camera.orbit(moved, 3, 11, HEIGHT, axis);
      const { up, forward, right } = camera.frameOf(moved);
      expect(dot(up, axis)).toBeGreaterThan(0);
      expect(Math.abs(dot(forward, axis)) / Math.hypot(...axis)).toBeLessThan(0.9999);
      expect(dot(right, axis)).toBeCloseTo(0, 6);
    }
    expect(camera.distanceOf(moved)).toBeCloseTo(camera.distanceOf(start), 6);
  });

  it("keeps a roll while it orbits", () => {
    const rolled = camera.roll(start, 0.7);
    const moved = camera.orbit(camera.orbit(rolled, 40, 25, HEIGHT, axis), -10, -5, HEIGHT, axis);
    expect(camera.roll(moved, -0.7).view_up).not.toEqual(moved.view_up);
    const level = camera.roll(moved, -0.7);
    expect(dot(camera.frameOf(level).right, axis)).toBeCloseTo(0, 6);
  });
});

it("drags through a roll of a quarter turn along the screen, not along the turntable", () => {
  const rolled = camera.roll(FRONT, Math.PI / 2);
  const front: camera.Vec3 = [0, 0, 2];
  const after = camera.project(camera.orbit(rolled, 10, 0, HEIGHT, [0, 1, 0]), front, HEIGHT);
  expect(after.x).toBeGreaterThan(1);
  expect(after.y).toBeCloseTo(0, 6);
});

it("still turns when the camera looks straight along the axis", () => {
  const moved = camera.orbit(FRONT, 20, 0, HEIGHT, [0, 0, 1]);
  expect(camera.distanceOf(moved)).toBeCloseTo(10, 9);
  expect(moved.view_up.every(Number.isFinite)).toBe(true);
  expect(dist(moved.view_up, FRONT.view_up)).toBeGreaterThan(0.1);
});

it("zooms no nearer and no farther than the reach, and back into it from outside", () => {
  expect(camera.distanceOf(camera.zoom(FRONT, 1e-9, { x: 0, y: 0 }, HEIGHT, [2, 50]))).toBeCloseTo(2, 9);
  expect(camera.distanceOf(camera.zoom(FRONT, 1e9, { x: 0, y: 0 }, HEIGHT, [2, 50]))).toBeCloseTo(50, 9);
  expect(camera.distanceOf(camera.zoom(FRONT, 1.5, { x: 0, y: 0 }, HEIGHT, [2, 5]))).toBeCloseTo(10, 9);
  expect(camera.distanceOf(camera.zoom(FRONT, 0.8, { x: 0, y: 0 }, HEIGHT, [2, 5]))).toBeCloseTo(8, 9);
});

it("projects the focal point to the centre and agrees with a pinhole's formula elsewhere", () => {
  expect(camera.project(FRONT, [0, 0, 0], HEIGHT)).toEqual({ x: 0, y: -0 });
  const focal = HEIGHT / 2 / Math.tan((15 * Math.PI) / 180);
  const seen = camera.project(FRONT, [1, 2, 4], HEIGHT);
  expect(seen.x).toBeCloseTo((focal * 1) / 6, 9);
  expect(seen.y).toBeCloseTo((-focal * 2) / 6, 9);
});
