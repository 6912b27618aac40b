// Directions of the light, in degrees from the camera, as points on a disc.
export interface LightDirection {
  azimuth: number;
  elevation: number;
}

/** The point on the unit disc (x to the right, y up) for a direction in degrees; equal angles are equal distances. */
export function discPoint({ azimuth, elevation }: LightDirection): [number, number] {
  const [a, e] = [(azimuth * Math.PI) / 180, (elevation * Math.PI) / 180];
  const x = Math.sin(a) * Math.cos(e);
  const y = Math.sin(e);
  const z = Math.cos(a) * Math.cos(e);
  const across = Math.hypot(x, y);
  const radius = Math.atan2(across, z) / Math.PI;
  // Straight from behind, every direction on the rim is right.
  return across < 1e-9 ? [radius, 0] : [(x / across) * radius, (y / across) * radius];
}

/** The direction in whole degrees for a point on the disc; points outside count as on the rim. */
export function discDirection(x: number, y: number): LightDirection {
  const radius = Math.hypot(x, y);
  const angle = Math.min(radius, 1) * Math.PI;
  const across = radius < 1e-9 ? 0 : Math.sin(angle) / radius;
  const elevation = Math.asin(Math.min(1, Math.max(-1, y * across)));
  const azimuth = Math.atan2(x * across, Math.cos(angle));
  // `+ 0` turns a negative zero into zero.
  return { azimuth: Math.round((azimuth * 180) / Math.PI) + 0, elevation: Math.round((elevation * 180) / Math.PI) + 0 };
}
