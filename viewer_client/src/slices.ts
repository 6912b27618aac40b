// The slices of a view, all together: on, off, and which there are.
import type { Slices } from "./wire";

export const AXES = ["x", "y", "z"] as const;

/** Whether a slice is shown. */
export function anySlice(slices: Slices): boolean {
  return AXES.some((axis) => slices[axis] !== null) || slices.planes.some((plane) => plane.visible);
}

/** The slices with none shown; the same object when none was. Oblique ones stay in the list. */
export function slicesOff(slices: Slices): Slices {
  if (!anySlice(slices)) return slices;
  const planes = slices.planes.map((plane) => ({ ...plane, visible: false }));
  return { ...slices, x: null, y: null, z: null, planes };
}

/** The slices as they were `before`, where that had any; else the three through the middle. */
export function slicesOn(slices: Slices, before: Slices | null): Slices {
  if (before === null || !anySlice(before)) return { ...slices, x: 0.5, y: 0.5, z: 0.5 };
  const { x, y, z } = before;
  // The oblique ones may have changed since then; those that are still there get their old switch back.
  const planes = slices.planes.map((plane, i) => ({ ...plane, visible: before.planes[i]?.visible ?? plane.visible }));
  const found = { ...slices, x, y, z, planes };
  return anySlice(found) ? found : { ...slices, x: 0.5, y: 0.5, z: 0.5 };
}
