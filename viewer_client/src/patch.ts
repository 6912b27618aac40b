// Values at paths of the state tree. Trees are never changed in place: a patch makes a new one that shares the rest.
import type { Op, ViewState } from "./wire";

export type Path = readonly (string | number)[];

/** An op as it is written by hand: without `op` the value is put at the path. */
export interface Change {
  op?: Op["op"];
  path: Path;
  value: unknown;
}

function childOf(holder: unknown, part: string | number): unknown {
  if (Array.isArray(holder)) return typeof part === "number" ? holder[part] : undefined;
  if (holder !== null && typeof holder === "object" && Object.hasOwn(holder, part)) {
    return (holder as Record<string | number, unknown>)[part];
  }
  return undefined;
}

/** The value at a path, or undefined where there is none. */
export function valueAt(tree: unknown, path: Path): unknown {
  return path.reduce(childOf, tree);
}

function withValue(tree: unknown, path: Path, value: unknown): unknown {
  const [part, ...rest] = path;
  if (part === undefined) return value;
  const next = withValue(childOf(tree, part), rest, value);
  if (Array.isArray(tree)) return tree.with(part as number, next);
  return { ...(tree as object), [part]: next };
}

/** A set of ids in the one form that the server gives it: ascending, each once. */
function idSet(ids: readonly string[]): string[] {
  return [...new Set(ids)].sort((a, b) => a.length - b.length || (a < b ? -1 : a > b ? 1 : 0));
}

/** What is at an op's path after it: the value put there, or the set or table there with things added or removed. */
function after({ op, value }: Op, before: unknown): unknown {
  if (op === "put") return value;
  const ids = Array.isArray(value) ? (value as string[]) : Object.keys(value as object);
  if (Array.isArray(before)) {
    return idSet(op === "add" ? [...before, ...ids] : before.filter((one: string) => !ids.includes(one)));
  }
  if (op === "add") return { ...(before as object), ...(value as object) };
  return Object.fromEntries(Object.entries(before as object).filter(([id]) => !ids.includes(id)));
}

/** The state after each op. Ops on paths that do not exist are left out, as the server refuses them. */
export function patched(state: ViewState, ops: readonly Op[]): ViewState {
  let tree: unknown = state;
  for (const op of ops) {
    const before = valueAt(tree, op.path);
    if (op.path.length > 0 && before !== undefined) tree = withValue(tree, op.path, after(op, before));
  }
  return tree as ViewState;
}

/**
 * The ops without those that a later one makes needless, in the order of the last ones: a value that is put at a path
 * replaces all that was done there before; what is added or removed comes on top of it.
 */
export function coalesced(ops: readonly Op[]): Op[] {
  const kept = new Map<string, Op[]>();
  for (const op of ops) {
    const key = JSON.stringify(op.path);
    const before = kept.get(key) ?? [];
    kept.delete(key);
    kept.set(key, op.op === "put" ? [op] : [...before, op]);
  }
  return [...kept.values()].flat();
}

/** The ops that put `wanted`'s parts of the tree over `current`'s, part by part at the top level; the camera stays. */
export function difference(current: ViewState, wanted: ViewState): Op[] {
  const ops: Op[] = [];
  for (const key of Object.keys(wanted) as (keyof ViewState)[]) {
    if (key === "camera" || key === "version") continue;
    if (JSON.stringify(current[key]) !== JSON.stringify(wanted[key])) {
      ops.push({ op: "put", path: [key], value: wanted[key] });
    }
  }
  return ops;
}

/** Which data a state shows; a state fits another view of the same data. */
export function sourcesOf(state: ViewState): string {
  return JSON.stringify(
    state.layers.map((layer) => [layer.kind, layer.source, layer.kind === "image" ? layer.channels.length : 0]),
  );
}
