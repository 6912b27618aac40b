// Values at paths of the state tree. Trees are never changed in place: a patch makes a new one that shares the rest.
import type { Op, ViewState } from "./wire";

export type Path = readonly (string | number)[];

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

/** The state with each op's value put at its path. Ops on paths that do not exist are left out, as the server refuses them. */
export function patched(state: ViewState, ops: readonly Op[]): ViewState {
  let tree: unknown = state;
  for (const op of ops) {
    if (op.path.length > 0 && valueAt(tree, op.path) !== undefined) tree = withValue(tree, op.path, op.value);
  }
  return tree as ViewState;
}

/** The ops with only the last one for each path, in the order of those last ones. */
export function coalesced(ops: readonly Op[]): Op[] {
  const last = new Map<string, Op>();
  for (const op of ops) {
    const key = JSON.stringify(op.path);
    last.delete(key);
    last.set(key, op);
  }
  return [...last.values()];
}

/** The ops that put `wanted`'s parts of the tree over `current`'s, part by part at the top level; the camera stays. */
export function difference(current: ViewState, wanted: ViewState): Op[] {
  const ops: Op[] = [];
  for (const key of Object.keys(wanted) as (keyof ViewState)[]) {
    if (key === "camera" || key === "version") continue;
    if (JSON.stringify(current[key]) !== JSON.stringify(wanted[key])) ops.push({ path: [key], value: wanted[key] });
  }
  return ops;
}
