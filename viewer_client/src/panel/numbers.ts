// Numbers as people read them, and the mapping of sliders.

/** A number with about `digits` significant digits, without a tail of zeros: 0.0123, 45.6, 12300, 1.2e9. */
export function readable(value: number, digits = 4): string {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e7 || size < 1e-4)) return value.toExponential(2).replace(/\.?0+e\+?/, "e");
  const places = size === 0 ? 0 : Math.max(0, digits - 1 - Math.floor(Math.log10(size)));
  return String(Number(value.toFixed(Math.min(places, 12))));
}

/** A logarithmic slider's position, 0 to 1, for a value. Values at or below zero are at its start. */
export function logPosition(value: number, min: number, max: number): number {
  if (value <= min) return 0;
  return Math.min(1, Math.log(value / min) / Math.log(max / min));
}

/** The value at a logarithmic slider's position, to three significant digits. */
export function logValue(position: number, min: number, max: number): number {
  return Number((min * (max / min) ** position).toPrecision(3));
}

/** A colour of 0..1 parts as #rrggbb. */
export function hexOf(color: readonly number[]): string {
  const part = (value: number): string =>
    Math.round(Math.min(1, Math.max(0, value)) * 255)
      .toString(16)
      .padStart(2, "0");
  return `#${color.map(part).join("")}`;
}

/** #rrggbb as a colour of 0..1 parts. */
export function colorOf(hex: string): [number, number, number] {
  const part = (at: number): number => Number.parseInt(hex.slice(at, at + 2), 16) / 255;
  return [part(1), part(3), part(5)];
}

/**
 * The histogram in at most `bins` bins. Whole numbers in finer bins than there are numbers would look like a comb.
 */
export function rebinned(counts: readonly number[], bins: number): number[] {
  if (counts.length <= bins) return [...counts];
  const out = new Array<number>(bins).fill(0);
  for (const [i, count] of counts.entries()) out[Math.floor((i * bins) / counts.length)]! += count;
  return out;
}

/** The outline of a histogram as an SVG path in a box of `width` by `height`, by the logarithm of the counts. */
export function histogramPath(counts: readonly number[], width: number, height: number): string {
  const top = Math.log1p(Math.max(...counts, 1));
  const points = counts.map((count, i) => {
    const x = ((i + 0.5) * width) / counts.length;
    const y = height * (1 - Math.log1p(Math.max(count, 0)) / top);
    return `L${x.toFixed(1)} ${y.toFixed(1)}`;
  });
  return `M0 ${height}${points.join("")}L${width} ${height}Z`;
}

/** A step for a slider over a range: a thousandth, and whole numbers for whole data. */
export function stepFor(range: readonly [number, number], whole: boolean): number {
  const step = (range[1] - range[0]) / 1000;
  if (whole) return Math.max(1, Math.round(step));
  return step > 0 ? 10 ** Math.floor(Math.log10(step)) : 0.001;
}

/** Micrometres in the unit that reads best. */
export function length(um: number, spanUm: number): string {
  const [scale, unit] = spanUm < 1 ? [1000, "nm"] : spanUm < 5000 ? [1, "µm"] : [0.001, "mm"];
  return `${readable(um * scale, 3)} ${unit}`;
}

/** A point in the unit that reads best, to about a thousandth of the span: `11.94, 8.4, 6.49 µm`. */
export function lengths(point: readonly number[], spanUm: number): string {
  const [scale, unit] = spanUm < 1 ? [1000, "nm"] : spanUm < 5000 ? [1, "µm"] : [0.001, "mm"];
  const places = Math.min(12, Math.max(0, 3 - Math.floor(Math.log10(spanUm * scale))));
  return `${point.map((part) => Number((part * scale).toFixed(places))).join(", ")} ${unit}`;
}
