// What is cut away, mirrored, or shown as a slice: crop box, planes, slices, flip.
import { html, nothing, type TemplateResult } from "lit";
import { addIcon, flipIcon, removeIcon } from "../icons";
import type { Path } from "../patch";
import { atOffset, facingPlane, flipped, offsetOf, reachOf } from "../planes";
import { AXES } from "../slices";
import type { ClipPlane, SceneSummary } from "../wire";
import { iconButton, pressButton, row, slide, switchRow, toggle, type Context } from "./controls";
import { length } from "./numbers";
import "./window";

export function cutControls(context: Context): unknown {
  return [
    AXES.map((axis, i) => cropAxis(context, axis, i)),
    planeList(context, ["clip_planes"], context.state.clip_planes, "Clip plane", true),
    flip(context),
  ];
}

export function sliceControls(context: Context): unknown {
  const { state, put } = context;
  return [
    AXES.map((axis, i) => axisSlice(context, axis, i)),
    planeList(context, ["slices", "planes"], state.slices.planes, "Oblique slice", false),
    switchRow("Transparent by the curve", state.slices.opacity_by_curve, (on) =>
      put(["slices", "opacity_by_curve"], on),
    ),
  ];
}

const spanOf = (scene: SceneSummary, i: number): number => scene.box_hi[i]! - scene.box_lo[i]!;

function cropAxis({ state: { crop }, scene, put }: Context, axis: string, i: number): TemplateResult {
  const span = spanOf(scene, i);
  const words = (part: number): string => length(part * span, span);
  const value: [number, number] = [crop.lo[i]!, crop.hi[i]!];
  const cut = (event: CustomEvent<[number, number]>): void => {
    put(["crop", "lo", i], event.detail[0]);
    put(["crop", "hi", i], event.detail[1]);
  };
  return html`<div class="crop">
    <span class="name">${axis}</span>
    <output class="number">${words(value[0])} – ${words(value[1])}</output>
    <hosta-window
      .label=${`Crop along ${axis}`}
      .value=${value}
      .step=${0.002}
      .words=${words}
      @hosta-input=${cut}
    ></hosta-window>
  </div>`;
}

function axisSlice({ state: { slices }, scene, put }: Context, axis: (typeof AXES)[number], i: number): unknown {
  const at = slices[axis];
  const span = spanOf(scene, i);
  return [
    row(
      `Across ${axis}`,
      toggle(`Slice across ${axis}`, at !== null, (on) => put(["slices", axis], on ? 0.5 : null)),
    ),
    at === null
      ? nothing
      : slide(put, {
          label: "Place",
          of: `the slice across ${axis}`,
          path: ["slices", axis],
          value: at,
          step: 0.002,
          words: (part) => length(part * span, span),
        }),
  ];
}

/** A list of planes that can be moved along their normals; `turns` where it matters which side the normal is on. */
function planeList(
  context: Context,
  path: Path,
  planes: readonly ClipPlane[],
  title: string,
  turns: boolean,
): TemplateResult {
  const add = (): void => context.put(path, [...planes, facingPlane(context.camera())]);
  return html`${planes.map((_, i) => planeCard(context, [...path, i], planes, i, `${title} ${i + 1}`, turns))}
    <button class="wide add" title="Through the middle of the view, facing the camera" @click=${add}>
      ${addIcon}<span>Add ${/^[AEIOU]/.test(title) ? "an" : "a"} ${title.toLowerCase()}</span>
    </button>`;
}

function planeCard(
  { scene, put }: Context,
  path: Path,
  planes: readonly ClipPlane[],
  i: number,
  name: string,
  turns: boolean,
): TemplateResult {
  const plane = planes[i]!;
  const reach = reachOf(plane, scene);
  const offset = offsetOf(plane, scene);
  const move = (to: number): unknown => atOffset(plane, to, scene).point;
  return html`<div class="card" data-off=${plane.visible ? nothing : ""}>
    <div class="row">
      <span class="name">${name}</span>
      ${turns ? iconButton(flipIcon, `Flip ${name}`, () => put([...path, "normal"], flipped(plane).normal)) : nothing}
      ${iconButton(removeIcon, `Remove ${name}`, () => put(path.slice(0, -1), planes.toSpliced(i, 1)))}
      ${toggle(`Use ${name}`, plane.visible, (on) => put([...path, "visible"], on))}
    </div>
    ${
      plane.visible
        ? slide(put, {
            label: "Place",
            of: name,
            path: [...path, "point"],
            value: offset,
            min: Math.min(-reach, offset),
            max: Math.max(reach, offset),
            step: reach / 250 || 1,
            words: (value) => length(value, 2 * reach),
            put: move,
          })
        : nothing
    }
  </div>`;
}

function flip({ state, put }: Context): TemplateResult {
  return row(
    "Mirror",
    html`<span class="buttons three" role="group" aria-label="Mirror">
      ${AXES.map((axis, i) =>
        pressButton(axis, state.flip[i]!, () => put(["flip", i], !state.flip[i]), `Mirror along ${axis}`),
      )}
    </span>`,
  );
}
