// Sizes: of the picture to ask for, and of the picture inside the element.

export const VIEWPORT_MAX = { width: 1920, height: 1080 };
const VIEWPORT_MIN = 64;

export interface Size {
  width: number;
  height: number;
}

/**
 * The picture to ask for, in device pixels: as large as the element, at most 1920 by 1080 in the element's own shape,
 * at least 64, even on both sides. Null while the element has no size.
 */
export function viewportFor(css: Size, pixelRatio: number): Size | null {
  const width = css.width * pixelRatio;
  const height = css.height * pixelRatio;
  if (!(width >= 1 && height >= 1)) return null;
  const scale = Math.min(1, VIEWPORT_MAX.width / width, VIEWPORT_MAX.height / height);
  const even = (length: number): number => Math.max(VIEWPORT_MIN, 2 * Math.round((length * scale) / 2));
  return { width: even(width), height: even(height) };
}

/** Where a place of the element is in the picture that is fitted into it, as fractions from the top left; null beside it. */
export function fractionAt(
  at: { x: number; y: number },
  element: Size,
  picture: Size,
): { x: number; y: number } | null {
  if (picture.width < 1 || picture.height < 1 || element.width < 1 || element.height < 1) return null;
  const scale = Math.min(element.width / picture.width, element.height / picture.height);
  const x = at.x / (picture.width * scale) + 0.5;
  const y = at.y / (picture.height * scale) + 0.5;
  return x >= 0 && x < 1 && y >= 0 && y < 1 ? { x, y } : null;
}

/** The height that the picture has on the screen when it is fitted into the element whole, CSS pixels. */
export function shownHeight(element: Size, picture: Size): number {
  if (picture.width < 1 || picture.height < 1) return element.height;
  return Math.min(element.height, (element.width * picture.height) / picture.width);
}
