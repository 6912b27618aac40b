// The camera as pure functions: each takes a Camera (world space, micrometres) and returns another.
//
// Screen points are in CSS pixels from the picture's centre, x to the right, y down; `height` is the picture's height in
// the same pixels. The maths runs on plain number arrays, so in double precision.
import { quat, vec3 } from "gl-matrix";
import type { Camera } from "./wire";

export type Vec3 = [number, number, number];

/** A point on the picture, from its centre, in CSS pixels; y goes down. */
export interface Point {
  x: number;
  y: number;
}

/** The camera's own axes in world space: unit vectors to the right, up, and from the eye into the picture. */
export interface Frame {
  right: Vec3;
  up: Vec3;
  forward: Vec3;
}

/** A drag over the whole height of the picture turns by this much, radians. */
const ORBIT_PER_HEIGHT = Math.PI;
/** An orbit stops this short of looking straight along its axis, radians. */
const POLE_MARGIN = 0.02;

const sub = (a: Vec3, b: Vec3): Vec3 => vec3.sub([0, 0, 0], a, b) as Vec3;
const add = (a: Vec3, b: Vec3, scale = 1): Vec3 => vec3.scaleAndAdd([0, 0, 0], a, b, scale) as Vec3;
const cross = (a: Vec3, b: Vec3): Vec3 => vec3.cross([0, 0, 0], a, b) as Vec3;
const unit = (a: Vec3): Vec3 => vec3.normalize([0, 0, 0], a) as Vec3;

function turned(v: Vec3, axis: Vec3, angle: number): Vec3 {
  const q = quat.setAxisAngle([0, 0, 0, 1], axis, angle);
  return vec3.transformQuat([0, 0, 0], v, q) as Vec3;
}

/** The camera's axes. */
export function frameOf(camera: Camera): Frame {
  const forward = unit(sub(camera.focal_point, camera.position));
  const right = unit(cross(forward, camera.view_up));
  return { right, up: cross(right, forward), forward };
}

/** From the eye to the focal point, micrometres. */
export function distanceOf(camera: Camera): number {
  return vec3.distance(camera.position, camera.focal_point);
}

/** Micrometres that one pixel spans in the plane through the focal point. */
export function pixelSize(camera: Camera, height: number): number {
  const half =
    camera.projection === "orthographic"
      ? camera.parallel_scale
      : distanceOf(camera) * Math.tan((camera.view_angle * Math.PI) / 360);
  return (2 * half) / Math.max(height, 1);
}

/** The world point under a screen point, in the plane through the focal point. */
export function pointInFocalPlane(camera: Camera, at: Point, height: number): Vec3 {
  const { right, up } = frameOf(camera);
  const size = pixelSize(camera, height);
  return add(add(camera.focal_point, right, at.x * size), up, -at.y * size);
}

/** Where a world point is on the picture. */
export function project(camera: Camera, point: Vec3, height: number): Point {
  const { right, up, forward } = frameOf(camera);
  const from = sub(point, camera.position);
  const depth = camera.projection === "orthographic" ? distanceOf(camera) : vec3.dot(from, forward);
  const size = (pixelSize(camera, height) * depth) / distanceOf(camera);
  return { x: vec3.dot(from, right) / size, y: -vec3.dot(from, up) / size };
}

/**
 * Turns the camera about the focal point as if a hand turned the object: what faces the viewer follows the drag.
 *
 * A turntable: one part of the drag turns about `axis` (the direction that is up in the scene), the other tilts towards
 * it and stops short of the poles, so that the picture never flips over. A camera that was rolled keeps its roll, and the
 * drag is seen through it.
 */
export function orbit(camera: Camera, dx: number, dy: number, height: number, axis: Vec3): Camera {
  const pole = unit(axis);
  const { right, up, forward } = frameOf(camera);
  const back: Vec3 = [-forward[0], -forward[1], -forward[2]];
  const level = cross(forward, pole);
  // Looking along the axis there is no level direction; the camera's own is as good.
  const levelRight = vec3.length(level) < 1e-6 ? right : unit(level);
  const levelUp = cross(levelRight, forward);
  const drag = add(add([0, 0, 0], right, dx), up, -dy);
  const scale = ORBIT_PER_HEIGHT / Math.max(height, 1);
  const turn = -vec3.dot(drag, levelRight) * scale;

  const elevation = Math.asin(Math.min(1, Math.max(-1, vec3.dot(back, pole))));
  const limit = Math.PI / 2 - POLE_MARGIN;
  const wanted = elevation - vec3.dot(drag, levelUp) * scale;
  // Never pushed back by the limit itself: a camera set nearer to the pole may stay there.
  const tilt = Math.min(Math.max(limit, elevation), Math.max(Math.min(-limit, elevation), wanted)) - elevation;

  // Tilting about the level right axis by a negative angle lifts the eye towards the pole.
  const move = (v: Vec3): Vec3 => turned(turned(v, levelRight, -tilt), pole, turn);
  const offset = move(sub(camera.position, camera.focal_point));
  return { ...camera, position: add(camera.focal_point, offset), view_up: move(up) };
}

/** Slides the camera so that what lay under `from`, in the plane through the focal point, lies under `to`. */
export function pan(camera: Camera, from: Point, to: Point, height: number): Camera {
  const move = sub(pointInFocalPlane(camera, from, height), pointInFocalPlane(camera, to, height));
  return { ...camera, position: add(camera.position, move), focal_point: add(camera.focal_point, move) };
}

/**
 * Brings the scene nearer (`factor` < 1) or takes it away, keeping what lies under `at` where it is.
 * `reach` bounds the distance (or the parallel scale): micrometres, smallest and largest.
 */
export function zoom(camera: Camera, factor: number, at: Point, height: number, reach: [number, number]): Camera {
  const now = camera.projection === "orthographic" ? camera.parallel_scale : distanceOf(camera);
  const next = Math.min(Math.max(now * factor, Math.min(reach[0], now)), Math.max(reach[1], now));
  const scale = next / now;
  const pivot = pointInFocalPlane(camera, at, height);
  if (camera.projection === "orthographic") {
    const move = vec3.scale([0, 0, 0], sub(pivot, camera.focal_point), 1 - scale) as Vec3;
    return {
      ...camera,
      parallel_scale: next,
      position: add(camera.position, move),
      focal_point: add(camera.focal_point, move),
    };
  }
  const towards = (p: Vec3): Vec3 => add(pivot, sub(p, pivot), scale);
  return { ...camera, position: towards(camera.position), focal_point: towards(camera.focal_point) };
}

/** Turns the picture by `angle` radians clockwise, about its centre. */
export function roll(camera: Camera, angle: number): Camera {
  const { up, forward } = frameOf(camera);
  // The picture turns clockwise when the camera turns counter-clockwise as it looks, which is about `forward` negatively.
  return { ...camera, view_up: turned(up, forward, -angle) };
}

/** Half the height of what a perspective camera sees at a distance of 1. */
const halfAt1 = (viewAngle: number): number => Math.tan((viewAngle * Math.PI) / 360);

/** The camera moved along its view to a distance from the focal point; what was sharp stays sharp. */
function atDistance(camera: Camera, distance: number): Camera {
  const { forward } = frameOf(camera);
  const sharp = camera.focus_distance;
  return {
    ...camera,
    position: add(camera.focal_point, forward, -distance),
    focus_distance: sharp === null ? null : Math.max(sharp + distance - distanceOf(camera), distance * 1e-3),
  };
}

/** The camera with the other or the same projection; what lies at the focal point keeps its size. */
export function withProjection(camera: Camera, projection: Camera["projection"]): Camera {
  if (projection === camera.projection) return camera;
  const half = halfAt1(camera.view_angle);
  if (projection === "orthographic") return { ...camera, projection, parallel_scale: distanceOf(camera) * half };
  return { ...atDistance(camera, camera.parallel_scale / half), projection };
}

/** The camera with another view angle, degrees; it moves so that what lies at the focal point keeps its size. */
export function withViewAngle(camera: Camera, viewAngle: number): Camera {
  if (camera.projection === "orthographic") return { ...camera, view_angle: viewAngle };
  const distance = (distanceOf(camera) * halfAt1(camera.view_angle)) / halfAt1(viewAngle);
  return { ...atDistance(camera, distance), view_angle: viewAngle };
}

/** How near and how far a camera may go in a scene, micrometres. */
export function reachOf(boxLo: Vec3, boxHi: Vec3): [number, number] {
  const size = Math.max(vec3.distance(boxLo, boxHi), 1e-9);
  return [size * 1e-4, size * 20];
}

/** Whether two cameras show the same picture. */
export function sameCamera(a: Camera, b: Camera): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
