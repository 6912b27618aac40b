// Views from the six sides, as the server's scene/framing.py has them.
import { vec3 } from "gl-matrix";
import { frameOf, type Vec3 } from "./camera";
import type { Camera, SceneSummary } from "./wire";

export type ViewName = "front" | "back" | "left" | "right" | "top" | "bottom";
export const VIEW_NAMES: readonly ViewName[] = ["front", "back", "left", "right", "top", "bottom"];

interface Direction {
  /** From the eye into the picture. */
  forward: Vec3;
  up: Vec3;
}

// "image": x to the right, y down, z away from the eye. "anatomical" (LPS): from the front, the head up; left and right
// are the patient's; from above and below the patient's front is up, as radiologists show axial slices.
const VIEWS: Record<SceneSummary["orientation"], Record<ViewName, Direction>> = {
  image: {
    front: { forward: [0, 0, 1], up: [0, -1, 0] },
    back: { forward: [0, 0, -1], up: [0, -1, 0] },
    left: { forward: [1, 0, 0], up: [0, -1, 0] },
    right: { forward: [-1, 0, 0], up: [0, -1, 0] },
    top: { forward: [0, 1, 0], up: [0, 0, 1] },
    bottom: { forward: [0, -1, 0], up: [0, 0, -1] },
  },
  anatomical: {
    front: { forward: [0, 1, 0], up: [0, 0, 1] },
    back: { forward: [0, -1, 0], up: [0, 0, 1] },
    left: { forward: [-1, 0, 0], up: [0, 0, 1] },
    right: { forward: [1, 0, 0], up: [0, 0, 1] },
    top: { forward: [0, 0, -1], up: [0, -1, 0] },
    bottom: { forward: [0, 0, 1], up: [0, -1, 0] },
  },
};

/** Room around the box, as in the first view. */
const MARGIN = 1.12;

/** The camera from one side, so far away that the scene's box just fills a picture of this `aspect` (width / height). */
export function namedView(camera: Camera, name: ViewName, scene: SceneSummary, aspect: number): Camera {
  const { forward, up } = VIEWS[scene.orientation][name];
  const { box_lo, box_hi } = scene;
  const middle = vec3.lerp([0, 0, 0], box_lo, box_hi, 0.5) as Vec3;
  const { right } = frameOf({ ...camera, position: [0, 0, 0], focal_point: forward, view_up: up });
  const half = vec3.scale([0, 0, 0], vec3.sub([0, 0, 0], box_hi, box_lo), 0.5) as Vec3;
  // Along the axes the box's extents in the picture are its sides.
  const along = (axis: Vec3): number => axis.reduce((sum, part, i) => sum + Math.abs(part) * half[i]!, 0);
  const needed = Math.max(Math.max(along(up), along(right) / aspect) * MARGIN, 1e-9);
  const distance = needed / Math.tan((camera.view_angle * Math.PI) / 360) + along(forward);
  return {
    ...camera,
    position: vec3.scaleAndAdd([0, 0, 0], middle, forward, -distance) as Vec3,
    focal_point: middle,
    view_up: up,
    parallel_scale: needed,
    focus_distance: null,
  };
}
