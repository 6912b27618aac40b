// The controls of the lights and of the sky.
import { quat } from "gl-matrix";
import { html, nothing, type TemplateResult } from "lit";
import { addIcon, removeIcon } from "../icons";
import type { Path } from "../patch";
import { LIGHTING_PRESETS } from "../presets";
import type { Sky } from "../wire";
import {
  button,
  colorInput,
  foldButton,
  iconButton,
  pressButton,
  row,
  select,
  slide,
  switchRow,
  toggle,
  type Context,
} from "./controls";
import type { LightDirection } from "./light-direction";
import "./light-disc";
import { KIND_WORDS, lightOfKind, nextLight, type Light, type LightKind } from "./lights";
import { readable } from "./numbers";

/** With more lights than this their cards are folded at first. */
const OPEN_CARDS = 1;
const LIGHTS: Path = ["lighting", "lights"];
const SKY: Path = ["lighting", "sky"];
/** Options of where the sky's light comes from; any name may be a map's. */
const COLORS = "colors";
const MAP = "map:";

export function lightControls(context: Context): unknown {
  const { put, state, folds } = context;
  const { lights } = state.lighting;
  const add = (): void => {
    put(LIGHTS, [...lights, nextLight(lights)]);
    folds.set(`light-${lights.length}`, true);
  };
  return [
    presets(context),
    lights.map((light, i) => lightCard(context, light, i)),
    html`<button class="wide add" @click=${add}>${addIcon}<span>Add a light</span></button>`,
    skyCard(context, state.lighting.sky),
  ];
}

const words = (name: string): string => {
  if (name === "agave") return "AGAVE's";
  const text = name.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
};

function presets({ put, state }: Context): TemplateResult | typeof nothing {
  const all = Object.entries(LIGHTING_PRESETS);
  if (all.length === 0) return nothing;
  const now = JSON.stringify(state.lighting);
  return html`<div class="buttons three" role="group" aria-label="Ready-made light">
    ${all.map(([name, lighting]) =>
      pressButton(words(name), JSON.stringify(lighting) === now, () => put(["lighting"], lighting)),
    )}
  </div>`;
}

function lightCard(context: Context, light: Light, i: number): TemplateResult {
  const { put, folds, state } = context;
  const { lights } = state.lighting;
  const name = lights.length > 1 ? `Light ${i + 1}` : "Light";
  const path = [...LIGHTS, i];
  const id = `light-${i}`;
  const standard = lights.length <= OPEN_CARDS;
  const open = light.visible && folds.isOpen(id, standard);
  return html`<fieldset class="card" data-off=${light.visible ? nothing : ""}>
    <legend class="row">
      ${colorInput(`Colour of ${name}`, light.color, (color) => put([...path, "color"], color))}
      ${light.visible ? foldButton(folds, id, name, standard) : html`<span class="name">${name}</span>`}
      <span class="quiet">${KIND_WORDS[light.kind]}</span>
      ${toggle(`Show ${name}`, light.visible, (on) => put([...path, "visible"], on))}
    </legend>
    <div id=${id} class="body" ?hidden=${!open}>${open ? lightBody(context, light, i, name) : nothing}</div>
  </fieldset>`;
}

function lightBody({ put, state }: Context, light: Light, i: number, name: string): unknown {
  const path = [...LIGHTS, i];
  const remove = (): void => put(LIGHTS, state.lighting.lights.toSpliced(i, 1));
  const kind = (chosen: string): void => put(path, lightOfKind(light, chosen as LightKind));
  const follows = (on: boolean): void => put([...path, "follow_camera"], on);
  return [
    place({ put }, light, path, name),
    slide(put, {
      label: "Brightness",
      of: name,
      path: [...path, "intensity"],
      value: light.intensity,
      max: 10,
      step: 0.05,
    }),
    sizes(light).map(([label, key, value]) =>
      slide(put, { label, of: name, path: [...path, key], value, min: 0.01, max: 10, scale: "log" }),
    ),
    light.kind === "directional" || light.position !== null
      ? nothing
      : slide(put, {
          label: "Distance",
          of: name,
          path: [...path, "distance"],
          value: light.distance,
          min: 0.1,
          max: 20,
          scale: "log",
        }),
    light.position === null ? switchRow("Moves with the camera", light.follow_camera, follows, name) : nothing,
    "seen" in light ? switchRow("Can be seen", light.seen, (on) => put([...path, "seen"], on), name) : nothing,
    row(
      "Kind",
      html`${select(`Kind of ${name}`, light.kind, KIND_WORDS, kind)}
      ${iconButton(removeIcon, `Remove ${name}`, remove)}`,
    ),
  ];
}

/** Where a light comes from: its direction, or the place where it stands. */
function place({ put }: Pick<Context, "put">, light: Light, path: Path, name: string): TemplateResult {
  if (light.position !== null) {
    const at = light.position.map((part) => readable(part, 4)).join(", ");
    const release = (): void => put([...path, "position"], null);
    return html`<div class="row">
      <span class="name number">Stands at ${at} µm</span>
      ${button("Release", release, `Place ${name} by its direction`)}
    </div>`;
  }
  const turn = (event: CustomEvent<LightDirection>): void => {
    put([...path, "azimuth"], event.detail.azimuth);
    put([...path, "elevation"], event.detail.elevation);
  };
  return html`<hosta-light-disc
    label=${`Direction of ${name}`}
    .value=${{ azimuth: light.azimuth, elevation: light.elevation }}
    @hosta-input=${turn}
  ></hosta-light-disc>`;
}

function sizes(light: Light): [string, string, number][] {
  switch (light.kind) {
    case "rectangle":
      return [
        ["Width", "width", light.width],
        ["Height", "height", light.height],
      ];
    case "disc":
    case "sphere":
      return [["Radius", "radius", light.radius]];
    default:
      return [];
  }
}

function skyCard(context: Context, sky: Sky): TemplateResult {
  const { put, folds } = context;
  const open = sky.visible && folds.isOpen("sky", true);
  return html`<fieldset class="card" data-off=${sky.visible ? nothing : ""}>
    <legend class="row">
      ${sky.visible ? foldButton(folds, "sky", "Sky", true) : html`<span class="name">Sky</span>`}
      ${toggle("Show the sky", sky.visible, (on) => put([...SKY, "visible"], on))}
    </legend>
    <div id="sky" class="body" ?hidden=${!open}>${open ? skyBody(context, sky) : nothing}</div>
  </fieldset>`;
}

function skyBody(context: Context, sky: Sky): unknown {
  const { put, scene } = context;
  return [
    scene.environments.length === 0 && sky.environment === null ? nothing : source(context, sky),
    slide(put, {
      label: "Brightness",
      of: "the sky",
      path: [...SKY, "intensity"],
      value: sky.intensity,
      max: 5,
      step: 0.05,
    }),
    sky.environment === null ? skyColors(context, sky) : turn(context, sky),
    switchRow("Seen as the background", sky.seen, (on) => put([...SKY, "seen"], on), "sky"),
    switchRow("Moves with the camera", sky.follow_camera, (on) => put([...SKY, "follow_camera"], on), "sky"),
  ];
}

function skyColors({ put }: Context, sky: Sky): TemplateResult {
  const parts = [
    ["top", "Top of the sky"],
    ["middle", "Horizon"],
    ["bottom", "Ground"],
  ] as const;
  return row(
    "Top, horizon, ground",
    parts.map(([key, label]) => colorInput(label, sky[key], (color) => put([...SKY, key], color))),
  );
}

/** The three colours, or one of the scene's environment maps. */
function source({ put, scene }: Context, sky: Sky): TemplateResult {
  const maps = scene.environments.map((name): [string, string] => [`${MAP}${name}`, name]);
  const now = sky.environment === null ? COLORS : `${MAP}${sky.environment}`;
  // A state that was taken from elsewhere may name a map that this scene lacks.
  const options = { [COLORS]: "Three colours", [now]: sky.environment ?? "Three colours", ...Object.fromEntries(maps) };
  return row(
    "Light from",
    select("Light of the sky from", now, options, (chosen) =>
      put([...SKY, "environment"], chosen === COLORS ? null : chosen.slice(MAP.length)),
    ),
  );
}

/** An environment map can be turned about what is up at first. */
function turn({ put, standard }: Context, sky: Sky): TemplateResult {
  const up = standard.camera.view_up;
  return slide(put, {
    label: "Turned by",
    path: [...SKY, "rotation"],
    value: turnAbout(sky.rotation, up),
    min: -180,
    max: 180,
    step: 1,
    words: (angle) => `${Math.round(angle)}°`,
    put: (angle) => [...quat.setAxisAngle([0, 0, 0, 1], unit(up), (angle * Math.PI) / 180)],
  });
}

const unit = (axis: readonly number[]): [number, number, number] => {
  const size = Math.hypot(...axis) || 1;
  return axis.map((part) => part / size) as [number, number, number];
};

/** By how many degrees a quaternion turns about an axis, -180 to 180. */
function turnAbout(rotation: Sky["rotation"], axis: readonly number[]): number {
  const along = unit(axis).reduce((sum, part, i) => sum + part * rotation[i]!, 0);
  const angle = (2 * Math.atan2(along, rotation[3]) * 180) / Math.PI;
  return angle > 180 ? angle - 360 : angle < -180 ? angle + 360 : angle;
}
