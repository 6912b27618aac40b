// What colours a channel has: one, those of a colour map, or own ones at places of the window.
import { COLOR_MAPS } from "../presets";
import type { Channel } from "../wire";
import { colorOf, hexOf } from "./numbers";

export type ColorNode = Channel["colors"][number];

/** What the choice of colours puts into the state. */
export interface ChosenColors {
  color_map: string | null;
  colors: readonly ColorNode[];
}

/** Colours at equal distances, #rrggbb, to be drawn as a strip; null for a colour map that this client has no picture of. */
export function stripOf({ color_map, colors }: ChosenColors): { at: number; color: string }[] | null {
  if (color_map !== null) {
    const stops = COLOR_MAPS[color_map];
    return stops ? stops.map((color, i) => ({ at: i / (stops.length - 1), color })) : null;
  }
  return colors.map(([at, color]) => ({ at, color: hexOf(color) }));
}

/** Nodes to begin with: three of what is shown now. */
export function firstNodes(shown: ChosenColors, color: readonly number[]): ColorNode[] {
  if (shown.colors.length > 0) return [...shown.colors];
  const stops = shown.color_map === null ? undefined : COLOR_MAPS[shown.color_map];
  if (!stops) return [0, 0.5, 1].map((at) => [at, color.map((part) => part * at) as [number, number, number]]);
  return [0, 0.5, 1].map((at) => [at, colorOf(stops[Math.round(at * (stops.length - 1))]!)]);
}

/** The nodes with one more, in the middle of the widest gap, in the colour that is there already. */
export function withColor(nodes: readonly ColorNode[]): ColorNode[] {
  const gaps = nodes.slice(1).map(([at], i) => at - nodes[i]![0]);
  const widest = gaps.indexOf(Math.max(...gaps));
  const [a, b] = [nodes[widest] ?? nodes[0], nodes[widest + 1] ?? nodes[0]];
  if (!a || !b) return [[0, [1, 1, 1]]];
  const color = a[1].map((part, i) => (part + b[1][i]!) / 2) as [number, number, number];
  return nodes.toSpliced(Math.max(widest, 0) + 1, 0, [(a[0] + b[0]) / 2, color]);
}

/** The nodes with one of them moved, no farther than to its neighbours. */
export function withPlace(nodes: readonly ColorNode[], index: number, at: number): ColorNode[] {
  const least = nodes[index - 1]?.[0] ?? 0;
  const most = nodes[index + 1]?.[0] ?? 1;
  return nodes.with(index, [Math.min(Math.max(at, least), most), nodes[index]![1]]) as ColorNode[];
}
