// The controls that belong to the whole scene: matter, light, picture, crop box.
import { html, type TemplateResult } from "lit";
import type { SceneSummary, ViewState } from "../wire";
import { toggle } from "./layers";
import type { LightDirection } from "./light-direction";
import "./light-disc";
import { colorOf, hexOf, length, readable } from "./numbers";
import type { Put } from "./panel";

interface Slide {
  label: string;
  path: (string | number)[];
  value: number;
  min?: number;
  max?: number;
  step?: number;
  scale?: "linear" | "log";
  words?: (value: number) => string;
}

function slide(
  put: Put,
  { label, path, value, min = 0, max = 1, step = 0.01, scale = "linear", words }: Slide,
): TemplateResult {
  return html`<hosta-slider
    .label=${label}
    .value=${value}
    .min=${min}
    .max=${max}
    .step=${step}
    .scale=${scale}
    .words=${words ?? ((number: number) => readable(number, 3))}
    @hosta-input=${(event: CustomEvent<number>) => put(path, event.detail)}
  ></hosta-slider>`;
}

function choice(
  put: Put,
  label: string,
  path: string[],
  value: string,
  options: Record<string, string>,
): TemplateResult {
  return html`<label class="row">
    <span class="name">${label}</span>
    <select @change=${(event: Event) => put(path, (event.target as HTMLSelectElement).value)}>
      ${Object.entries(options).map(
        ([key, words]) =>
          html`<option value=${key} ?selected=${key === value} .selected=${key === value}>${words}</option>`,
      )}
    </select>
  </label>`;
}

function colorField(put: Put, label: string, path: string[], value: readonly number[]): TemplateResult {
  return html`<label class="row">
    <span class="name">${label}</span>
    <input
      type="color"
      .value=${hexOf(value)}
      @input=${(event: Event) => put(path, colorOf((event.target as HTMLInputElement).value))}
    />
  </label>`;
}

export function shadingControls({ shading }: ViewState, put: Put): unknown {
  return [
    slide(put, {
      label: "Density",
      path: ["shading", "density"],
      value: shading.density,
      min: 1,
      max: 1e5,
      scale: "log",
    }),
    choice(put, "Scattering", ["shading", "mode"], shading.mode, {
      mixed: "Surfaces and mist",
      brdf: "Surfaces",
      phase: "Mist",
    }),
    shading.mode === "mixed"
      ? slide(put, {
          label: "Surfaces from gradients",
          path: ["shading", "gradient_factor"],
          value: shading.gradient_factor,
          min: 0.01,
          max: 1000,
          scale: "log",
        })
      : [],
    shading.mode === "brdf"
      ? []
      : slide(put, {
          label: "Forward scattering",
          path: ["shading", "anisotropy"],
          value: shading.anisotropy,
          min: -0.95,
          max: 0.95,
        }),
    shading.mode === "phase"
      ? []
      : [
          slide(put, { label: "Gloss", path: ["shading", "specular"], value: shading.specular }),
          slide(put, { label: "Roughness", path: ["shading", "roughness"], value: shading.roughness, min: 0.05 }),
        ],
  ];
}

export function lightControls({ lighting }: ViewState, put: Put): unknown {
  const { area, sky } = lighting;
  const turn = (event: CustomEvent<LightDirection>): void => {
    put(["lighting", "area", "azimuth"], event.detail.azimuth);
    put(["lighting", "area", "elevation"], event.detail.elevation);
  };
  return [
    html`<hosta-light-disc
      .value=${{ azimuth: area.azimuth, elevation: area.elevation }}
      @hosta-input=${turn}
    ></hosta-light-disc>`,
    slide(put, { label: "Lamp", path: ["lighting", "area", "intensity"], value: area.intensity, max: 10, step: 0.05 }),
    slide(put, {
      label: "Lamp size",
      path: ["lighting", "area", "size"],
      value: area.size,
      min: 0.01,
      max: 10,
      scale: "log",
    }),
    slide(put, { label: "Sky", path: ["lighting", "sky", "intensity"], value: sky.intensity, max: 5, step: 0.05 }),
    html`<div class="row">
      <span class="name">Lamp moves with the camera</span>
      ${toggle("Lamp moves with the camera", area.follow_camera, (on) => put(["lighting", "area", "follow_camera"], on))}
    </div>`,
    colorField(put, "Lamp colour", ["lighting", "area", "color"], area.color),
  ];
}

export function displayControls({ display, samples }: ViewState, put: Put): unknown {
  const stops = (value: number): string => `${value > 0 ? "+" : ""}${readable(value, 2)} EV`;
  const spp = (power: number): string => `${2 ** power} spp`;
  const quality = html`<hosta-slider
    label="Quality"
    .min=${0}
    .max=${14}
    .step=${1}
    .value=${Math.log2(samples)}
    .words=${(power: number) => (Number.isInteger(power) ? spp(power) : `${samples} spp`)}
    @hosta-input=${(event: CustomEvent<number>) => put(["samples"], 2 ** event.detail)}
  ></hosta-slider>`;
  return [
    slide(put, {
      label: "Exposure",
      path: ["display", "exposure"],
      value: display.exposure,
      min: -6,
      max: 6,
      step: 0.1,
      words: stops,
    }),
    quality,
    choice(put, "Tone map", ["display", "tone_map"], display.tone_map, {
      filmic: "Filmic",
      exponential: "Exponential",
      linear: "Linear",
    }),
    colorField(put, "Background", ["display", "background"], display.background),
  ];
}

export function cropControls({ crop }: ViewState, scene: SceneSummary, put: Put): unknown {
  return ["x", "y", "z"].map((axis, i) => {
    const span = scene.box_hi[i]! - scene.box_lo[i]!;
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
  });
}
