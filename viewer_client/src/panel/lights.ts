// Lights as values: new ones, and one kind made from another.
import type { Lighting } from "../wire";

export type Light = Lighting["lights"][number];
export type LightKind = Light["kind"];

export const KIND_WORDS: Record<LightKind, string> = {
  rectangle: "Rectangle",
  disc: "Disc",
  sphere: "Sphere",
  point: "Point",
  directional: "Sun",
};

const THREE_DIGITS = (value: number): number => Number(value.toPrecision(3));

/** A light as another kind: where it is, how bright and which colour stay, and about how large it is. */
export function lightOfKind(light: Light, kind: LightKind): Light {
  if (kind === light.kind) return light;
  const { visible, azimuth, elevation, distance, position, target, color, intensity, follow_camera } = light;
  const shared = { visible, azimuth, elevation, distance, position, target, color, intensity, follow_camera };
  const seen = "seen" in light && light.seen;
  const radius = radiusOf(light);
  switch (kind) {
    case "rectangle": {
      // As large a face as the disc had.
      const side = THREE_DIGITS(radius * Math.sqrt(Math.PI));
      return { ...shared, kind, width: side, height: side, up: null, seen };
    }
    case "disc":
    case "sphere":
      return { ...shared, kind, radius: THREE_DIGITS(radius), seen };
    case "point":
    case "directional":
      return { ...shared, kind };
  }
}

/** The radius of a light, or of a disc of its size. */
function radiusOf(light: Light): number {
  if (light.kind === "rectangle") return Math.sqrt((light.width * light.height) / Math.PI);
  return light.kind === "point" || light.kind === "directional" ? 0.4 : light.radius;
}

/** One light more: soft, from the side where the last one is not. */
export function nextLight(lights: readonly Light[]): Light {
  const last = lights.at(-1);
  return {
    kind: "rectangle",
    visible: true,
    azimuth: last && last.azimuth > 0 ? -50 : 50,
    elevation: 15,
    distance: 2,
    position: null,
    target: null,
    color: [1, 1, 1],
    intensity: 0.8,
    follow_camera: last?.follow_camera ?? true,
    width: 0.7,
    height: 0.7,
    up: null,
    seen: false,
  };
}
