// A transfer function's curve: nodes (position, opacity), both 0 to 1, with straight lines in between.

export type CurveNode = [number, number];

/** What an empty curve means. */
export const RAMP: readonly CurveNode[] = [
  [0, 0],
  [1, 1],
];

/** The curve's nodes; those of the ramp when it has none. */
export function nodesOf(curve: readonly CurveNode[]): readonly CurveNode[] {
  return curve.length > 0 ? curve : RAMP;
}

const rounded = (value: number): number => Math.round(Math.min(1, Math.max(0, value)) * 1000) / 1000;

/** The curve with a node more, and where it is in the list. */
export function withNode(nodes: readonly CurveNode[], x: number, y: number): [CurveNode[], number] {
  const node: CurveNode = [rounded(x), rounded(y)];
  const after = nodes.findIndex(([other]) => other > node[0]);
  const index = after < 0 ? nodes.length : after;
  return [nodes.toSpliced(index, 0, node), index];
}

/** The curve with a node moved, no farther than to its neighbours. */
export function withMoved(nodes: readonly CurveNode[], index: number, x: number, y: number): CurveNode[] {
  const least = nodes[index - 1]?.[0] ?? 0;
  const most = nodes[index + 1]?.[0] ?? 1;
  return nodes.with(index, [rounded(Math.min(Math.max(x, least), most)), rounded(y)]) as CurveNode[];
}

/** The curve without a node; two always stay. */
export function withoutNode(nodes: readonly CurveNode[], index: number): CurveNode[] {
  return nodes.length > 2 ? nodes.toSpliced(index, 1) : [...nodes];
}

/** A place for one more node: in the middle of the way to the next one, or to the one before the last. */
export function between(nodes: readonly CurveNode[], index: number): CurveNode {
  const here = nodes[index]!;
  const other = nodes[index + 1] ?? nodes[index - 1] ?? here;
  return [(here[0] + other[0]) / 2, (here[1] + other[1]) / 2];
}

/**
 * The counts that lie inside a window, as bins over it: what a curve over the window is drawn on. Each bin takes in at
 * least `least` of the values, for whole numbers 1: finer ones would look like a comb.
 */
export function countsInside(
  counts: readonly number[],
  range: readonly [number, number],
  window: readonly [number, number],
  least = 0,
  bins = 64,
): number[] {
  const perCount = (range[1] - range[0]) / Math.max(counts.length, 1) || 1;
  const below = [0];
  for (const count of counts) below.push(below.at(-1)! + count);
  /** How many counts lie below a value, by straight lines within a bin. */
  const until = (value: number): number => {
    const at = Math.min(Math.max((value - range[0]) / perCount, 0), counts.length);
    const i = Math.min(Math.floor(at), counts.length - 1);
    return (below[i] ?? 0) + (at - i) * (counts[i] ?? 0);
  };
  const step = (window[1] - window[0]) / bins;
  const half = Math.max(step, least, perCount) / 2;
  return Array.from({ length: bins }, (_, i) => {
    const value = window[0] + (i + 0.5) * step;
    return (until(value + half) - until(value - half)) * (step / (2 * half));
  });
}
