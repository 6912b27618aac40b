// Which segments are shown, as pure functions of a layer: what the list of segments shows and what its buttons change.
import type { Change, Path } from "../patch";
import type { LabelLayer, SegmentSummary } from "../wire";

/** The id that a segment is part of after all merges; the server refuses merges without an end. */
export function rootOf(layer: LabelLayer, id: string): string {
  let root = id;
  while (layer.merged[root] !== undefined) root = layer.merged[root]!;
  return root;
}

export function isShown(layer: LabelLayer, id: string): boolean {
  if (layer.shown === "all") return true;
  const root = rootOf(layer, id);
  const listed = layer.listed.some((one) => rootOf(layer, one) === root);
  return listed === (layer.shown === "listed");
}

/** Whether a segment is the only one that is shown. */
export function isAlone(layer: LabelLayer, id: string): boolean {
  return layer.shown === "listed" && layer.listed.length === 1 && isShown(layer, id);
}

/** What shows a segment that is hidden, or hides one that is shown; only the one id is sent. */
export function toggled(layer: LabelLayer, path: Path, id: string): Change[] {
  const listed = [...path, "listed"];
  if (layer.shown === "all") {
    return [
      { path: listed, value: [id] },
      { path: [...path, "shown"], value: "except" },
    ];
  }
  const root = rootOf(layer, id);
  const there = layer.listed.filter((one) => rootOf(layer, one) === root);
  return there.length > 0 ? [{ op: "remove", path: listed, value: there }] : [{ op: "add", path: listed, value: [id] }];
}

export function isolated(path: Path, ids: readonly string[]): Change[] {
  return [
    { path: [...path, "listed"], value: ids },
    { path: [...path, "shown"], value: "listed" },
  ];
}

export function allShown(path: Path): Change[] {
  return [
    { path: [...path, "shown"], value: "all" },
    { path: [...path, "listed"], value: [] },
  ];
}

/** The colour that a segment is drawn in, as #rrggbb, before it is highlighted. */
export function colorOfSegment(layer: LabelLayer, { id, color }: SegmentSummary): readonly number[] | string {
  return layer.segment_colors[rootOf(layer, id)] ?? layer.segment_colors[id] ?? color;
}

/** What a segment is called: its name, or its id where it has none. */
export function titleOf({ id, name }: SegmentSummary): string {
  return name || id;
}
