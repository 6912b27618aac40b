// The controls of the camera: where from, which lens, one eye or two.
import { html, nothing } from "lit";
import { vec3 } from "gl-matrix";
import { distanceOf, withProjection, withViewAngle } from "../camera";
import { namedView, VIEW_NAMES } from "../named-views";
import type { Camera } from "../wire";
import { button, row, select, slide, switchRow, type Context, type Slide } from "./controls";
import { length, readable } from "./numbers";

/** The widest lens, in parts of the scene's diagonal. */
const APERTURE_MAX = 0.05;

const VIEW_WORDS = { front: "Front", back: "Back", left: "Left", right: "Right", top: "Top", bottom: "Bottom" };

/** Of a camera, what these controls show: they are drawn anew when it changes, but not whenever the camera moves. */
export function lensOf(camera: Camera): string {
  const { projection, view_angle, aperture, focus_distance, stereo, eye_separation } = camera;
  return JSON.stringify([projection, view_angle, aperture, focus_distance, stereo, eye_separation]);
}

export function cameraControls(context: Context): unknown {
  const { scene, look } = context;
  const camera = context.camera();
  // Acts on the camera of that moment: it may have moved since this was drawn.
  const change = (fields: (now: Camera) => Partial<Camera>): void => {
    const now = context.camera();
    look({ ...now, ...fields(now) });
  };
  const put = (name: keyof Camera) => (_: unknown, value: unknown) => change(() => ({ [name]: value }));
  const lens = (name: keyof Camera, given: Omit<Slide, "path">) => slide(put(name), { ...given, path: [] });
  const diagonal = vec3.distance(scene.box_lo, scene.box_hi) || 1;
  const um = (value: number): string => length(value, diagonal);
  return [
    html`<div class="buttons three" role="group" aria-label="Look from">
      ${VIEW_NAMES.map((name) =>
        button(VIEW_WORDS[name], () => look(namedView(context.camera(), name, scene, context.aspect()))),
      )}
    </div>`,
    row(
      "Projection",
      select("Projection", camera.projection, { perspective: "Perspective", orthographic: "Orthographic" }, (chosen) =>
        look(withProjection(context.camera(), chosen as Camera["projection"])),
      ),
    ),
    camera.projection === "perspective"
      ? slide((_, value) => look(withViewAngle(context.camera(), value as number)), {
          label: "View angle",
          path: [],
          value: camera.view_angle,
          min: 5,
          max: 120,
          step: 1,
          words: (angle) => `${readable(angle, 3)}°`,
        })
      : nothing,
    lens("aperture", {
      label: "Lens opening",
      // Small openings need the finer steps.
      value: Math.sqrt(camera.aperture / (APERTURE_MAX * diagonal)),
      words: () => (camera.aperture === 0 ? "all sharp" : um(camera.aperture)),
      put: (part) => Number((part ** 2 * APERTURE_MAX * diagonal).toPrecision(3)),
    }),
    camera.aperture > 0 ? focus(context, camera, diagonal, change) : nothing,
    switchRow("Two eyes, side by side", camera.stereo === "side_by_side", (on) =>
      change(() => ({ stereo: on ? "side_by_side" : "off" })),
    ),
    camera.stereo === "side_by_side"
      ? lens("eye_separation", {
          label: "Distance of the eyes",
          value: camera.eye_separation,
          min: 0.005,
          max: 0.2,
          step: 0.005,
          words: (part) => `${readable(100 * part, 2)} % of the view's`,
        })
      : nothing,
  ];
}

/** Where it is sharp: in the middle of the view, or at a distance from the eye. */
function focus(
  context: Context,
  camera: Camera,
  diagonal: number,
  change: (fields: (now: Camera) => Partial<Camera>) => void,
): unknown {
  const distance = distanceOf(camera);
  const sharp = camera.focus_distance;
  const near = Math.max(distance - diagonal / 2, distance * 0.02);
  return [
    switchRow("Sharp in the middle of the view", sharp === null, (on) =>
      change((now) => ({ focus_distance: on ? null : distanceOf(now) })),
    ),
    sharp === null
      ? nothing
      : slide((_, value) => change(() => ({ focus_distance: value as number })), {
          label: "Sharp at",
          path: [],
          value: sharp,
          min: Math.min(near, sharp),
          max: Math.max(distance + diagonal / 2, sharp),
          step: Number((diagonal / 500).toPrecision(1)),
          words: (value) => length(value, context.scene.box_hi[0] - context.scene.box_lo[0] || diagonal),
        }),
  ];
}
