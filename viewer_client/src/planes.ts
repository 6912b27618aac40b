// Oblique planes, for cutting and for slices: through a point, across a normal. World space, micrometres.
import { vec3 } from "gl-matrix";
import { frameOf, type Vec3 } from "./camera";
import type { Camera, ClipPlane, SceneSummary } from "./wire";

/** A plane through the focal point that faces the camera: its normal points to the eye. */
export function facingPlane(camera: Camera): ClipPlane {
  const { forward } = frameOf(camera);
  // `+ 0` turns a negative zero into zero.
  const normal = forward.map((part) => -part + 0) as Vec3;
  return { visible: true, point: [...camera.focal_point], normal };
}

/** The plane with its normal turned around. */
export function flipped(plane: ClipPlane): ClipPlane {
  return { ...plane, normal: plane.normal.map((part) => -part + 0) as Vec3 };
}

/** Where the plane is along its normal, from the middle of the scene's box, micrometres. */
export function offsetOf(plane: ClipPlane, scene: SceneSummary): number {
  return vec3.dot(vec3.sub([0, 0, 0], plane.point, middleOf(scene)), unitNormal(plane));
}

/** The plane moved along its normal to an offset from the middle of the scene's box. */
export function atOffset(plane: ClipPlane, offset: number, scene: SceneSummary): ClipPlane {
  const move = offset - offsetOf(plane, scene);
  return { ...plane, point: vec3.scaleAndAdd([0, 0, 0], plane.point, unitNormal(plane), move) as Vec3 };
}

/** How far from the middle a plane still meets the scene's box: half the box's extent along the normal. */
export function reachOf(plane: ClipPlane, { box_lo, box_hi }: SceneSummary): number {
  return unitNormal(plane).reduce((sum, part, i) => sum + (Math.abs(part) * (box_hi[i]! - box_lo[i]!)) / 2, 0);
}

function middleOf({ box_lo, box_hi }: SceneSummary): Vec3 {
  return vec3.lerp([0, 0, 0], box_lo, box_hi, 0.5) as Vec3;
}

function unitNormal(plane: ClipPlane): Vec3 {
  return vec3.normalize([0, 0, 0], plane.normal) as Vec3;
}
